use super::{Indicator, LengthError, Wma};
use serde::{Deserialize, Serialize};

/// Hull moving average: `WMA(2 WMA(n / 2) - WMA(n), sqrt n)`, both inner lengths rounded down (Hull, 2005; `ta.hma`);
/// first value at index `n + floor(sqrt n) - 2`.
///
/// ```
/// use hyperrsi_core::indicator::{Hma, Indicator};
/// let mut hma = Hma::new(4)?;
/// let values: Vec<_> = (1..=6).map(|x| hma.update(f64::from(x))).collect();
/// assert_eq!(values.iter().position(Option::is_some), Some(4));
/// assert!((values[4].unwrap() - 5.0).abs() < 1e-12); // follows a straight line without lag
/// # Ok::<(), hyperrsi_core::indicator::LengthError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hma {
    half: Wma,
    full: Wma,
    smooth: Wma,
}

impl Hma {
    /// An average of the given length.
    ///
    /// # Errors
    /// If `length` is below 2 or above 65536.
    pub fn new(length: usize) -> Result<Self, LengthError> {
        let length = super::length("HMA length", length, 2)?;
        Ok(Self { half: Wma::new(length / 2)?, full: Wma::new(length)?, smooth: Wma::new(length.isqrt())? })
    }
}

impl Indicator for Hma {
    type Input = f64;
    type Output = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        let half = self.half.update(x);
        let full = self.full.update(x)?;
        self.smooth.update(2.0 * half? - full)
    }

    fn value(&self) -> Option<f64> {
        self.smooth.value()
    }

    fn reset(&mut self) {
        self.half.reset();
        self.full.reset();
        self.smooth.reset();
    }
}
