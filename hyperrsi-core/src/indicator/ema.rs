use super::{Indicator, LengthError, factor, seeded::Seeded};
use serde::{Deserialize, Serialize};

/// Exponential moving average: `v += 2 / (n + 1) * (x - v)`, seeded with the mean of the first `n` values at index
/// `n - 1` (as Pine and TA-Lib do).
///
/// ```
/// use hyperrsi_core::indicator::{Ema, Indicator};
/// let mut ema = Ema::new(3)?;
/// assert_eq!([1.0, 2.0, 3.0, 5.0].map(|x| ema.update(x)), [None, None, Some(2.0), Some(3.5)]);
/// # Ok::<(), hyperrsi_core::indicator::LengthError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ema(Seeded);

impl Ema {
    /// An average of the given length.
    ///
    /// # Errors
    /// If `length` is 0 or above 65536.
    pub fn new(length: usize) -> Result<Self, LengthError> {
        let length = super::length("EMA length", length, 1)?;
        Ok(Self(Seeded::new(length, 2.0 / (factor(length) + 1.0))))
    }
}

impl Indicator for Ema {
    type Input = f64;
    type Output = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        self.0.update(x)
    }

    #[inline]
    fn value(&self) -> Option<f64> {
        self.0.value()
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}
