use super::{Deviation, Indicator, LengthError};
use serde::{Deserialize, Serialize};

/// One value of [`Bollinger`], in the units of the input.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bands {
    /// The mean.
    pub middle: f64,
    /// The mean plus `k` deviations.
    pub upper: f64,
    /// The mean minus `k` deviations.
    pub lower: f64,
}

impl Bands {
    /// The distance of the bands as a fraction of the middle: 0.02 is 2 %.
    pub fn width(&self) -> f64 {
        (self.upper - self.lower) / self.middle
    }

    /// Where `x` lies: 0 on the lower band, 1 on the upper; `None` when the bands coincide.
    pub fn position(&self, x: f64) -> Option<f64> {
        let spread = self.upper - self.lower;
        (spread > 0.0).then(|| (x - self.lower) / spread)
    }
}

/// Bollinger bands: a simple average of `n` values and `k` population deviations around it (Bollinger, 2001); first
/// value at index `n - 1`.
///
/// ```
/// use hyperrsi_core::indicator::{Bollinger, Indicator};
/// let mut bollinger = Bollinger::new(2, 2.0)?;
/// bollinger.update(10.0);
/// let bands = bollinger.update(12.0).unwrap();
/// assert_eq!((bands.middle, bands.upper, bands.lower), (11.0, 13.0, 9.0));
/// assert_eq!(bands.position(12.0), Some(0.75));
/// # Ok::<(), hyperrsi_core::indicator::LengthError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bollinger {
    deviation: Deviation,
    factor: f64,
}

impl Bollinger {
    /// Bands `factor` deviations around the mean of `length` values; 20 and 2 are usual.
    ///
    /// # Errors
    /// If `length` is 0 or above 65536.
    pub fn new(length: usize, factor: f64) -> Result<Self, LengthError> {
        let length = super::length("Bollinger length", length, 1)?;
        Ok(Self { deviation: Deviation::new(length)?, factor })
    }
}

impl Indicator for Bollinger {
    type Input = f64;
    type Output = Bands;

    fn update(&mut self, x: f64) -> Option<Bands> {
        self.deviation.push(x);
        self.value()
    }

    fn value(&self) -> Option<Bands> {
        let (middle, deviation) = self.deviation.moments()?;
        let reach = self.factor * deviation;
        Some(Bands { middle, upper: middle + reach, lower: middle - reach })
    }

    fn reset(&mut self) {
        self.deviation.reset();
    }
}
