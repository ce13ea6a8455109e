use super::{Indicator, LengthError, exact::quick_sum, factor, window::Window};
use serde::{Deserialize, Serialize};

/// Simple moving average: the mean of the newest `n` values; first value at index `n - 1`.
///
/// One addition and one subtraction per update. The running sum is made afresh once per `n` updates, so rounding
/// cannot pile up.
///
/// ```
/// use hyperrsi_core::indicator::{Indicator, Sma};
/// let mut sma = Sma::new(3)?;
/// assert_eq!([1.0, 2.0, 6.0, 7.0].map(|x| sma.update(x)), [None, None, Some(3.0), Some(5.0)]);
/// # Ok::<(), hyperrsi_core::indicator::LengthError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sma {
    window: Window,
    sum: f64,
}

impl Sma {
    /// An average over `length` values.
    ///
    /// # Errors
    /// If `length` is 0 or above 65536.
    pub fn new(length: usize) -> Result<Self, LengthError> {
        Ok(Self { window: Window::new(super::length("SMA length", length, 1)?), sum: 0.0 })
    }
}

impl Indicator for Sma {
    type Input = f64;
    type Output = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        let gone = self.window.push(x);
        if self.window.came_round() {
            self.sum = quick_sum(self.window.values());
        } else {
            self.sum += x - gone.unwrap_or(0.0);
        }
        self.value()
    }

    #[inline]
    fn value(&self) -> Option<f64> {
        self.window.is_full().then(|| self.sum / factor(self.window.length()))
    }

    fn reset(&mut self) {
        self.window.clear();
        self.sum = 0.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_does_not_pile_up() {
        let mut sma = Sma::new(7).unwrap();
        for i in 0..100_000 {
            sma.update(if i % 1_000 == 0 { 1e15 } else { 0.1 });
        }
        for _ in 0..7 {
            sma.update(0.1);
        }
        for _ in 0..7 {
            sma.update(0.1);
        }
        assert!((sma.value().unwrap() - 0.1).abs() < 1e-15);
        assert!(Sma::new(0).is_err());
    }
}
