use super::{Indicator, LengthError, factor, seeded::Seeded};
use serde::{Deserialize, Serialize};

/// Wilder's moving average: `v += (x - v) / n`, seeded with the mean of the first `n` values at index `n - 1`
/// (Wilder, "New Concepts in Technical Trading Systems", 1978; `ta.rma` in Pine).
///
/// ```
/// use hyperrsi_core::indicator::{Indicator, Rma};
/// let mut rma = Rma::new(2)?;
/// assert_eq!([1.0, 3.0, 6.0].map(|x| rma.update(x)), [None, Some(2.0), Some(4.0)]);
/// # Ok::<(), hyperrsi_core::indicator::LengthError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rma(Seeded);

impl Rma {
    /// An average of the given length.
    ///
    /// # Errors
    /// If `length` is 0 or above 65536.
    pub fn new(length: usize) -> Result<Self, LengthError> {
        let length = super::length("RMA length", length, 1)?;
        Ok(Self(Seeded::new(length, 1.0 / factor(length))))
    }
}

impl Indicator for Rma {
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
