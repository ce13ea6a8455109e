use super::{Indicator, LengthError, exact, window::Window};
use serde::{Deserialize, Serialize};

/// Population standard deviation (divided by `n`) of the newest `n` values; first value at index `n - 1`.
///
/// Two passes over the window on every update: a rolling `sum of squares - square of sum` loses all digits on quiet
/// markets. Exactly zero when all values are equal.
///
/// ```
/// use hyperrsi_core::indicator::{Deviation, Indicator};
/// let mut deviation = Deviation::new(4)?;
/// let values = [2.0, 4.0, 4.0, 6.0].map(|x| deviation.update(x));
/// assert_eq!(values, [None, None, None, Some(2.0_f64.sqrt())]);
/// # Ok::<(), hyperrsi_core::indicator::LengthError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deviation {
    window: Window,
}

impl Deviation {
    /// The deviation of `length` values.
    ///
    /// # Errors
    /// If `length` is 0 or above 65536.
    pub fn new(length: usize) -> Result<Self, LengthError> {
        Ok(Self { window: Window::new(super::length("deviation length", length, 1)?) })
    }

    /// Takes a value without working anything out.
    #[inline]
    pub(super) fn push(&mut self, x: f64) {
        self.window.push(x);
    }

    /// Mean and deviation of the newest values.
    #[inline]
    pub(super) fn moments(&self) -> Option<(f64, f64)> {
        if !self.window.is_full() {
            return None;
        }
        let values = self.window.values();
        let mean = exact::mean(values)?;
        Some((mean, exact::deviation(values, mean)))
    }
}

impl Indicator for Deviation {
    type Input = f64;
    type Output = f64;

    fn update(&mut self, x: f64) -> Option<f64> {
        self.window.push(x);
        self.value()
    }

    fn value(&self) -> Option<f64> {
        self.moments().map(|(_, deviation)| deviation)
    }

    fn reset(&mut self) {
        self.window.clear();
    }
}
