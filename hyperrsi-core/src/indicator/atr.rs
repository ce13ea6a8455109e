use super::{Indicator, LengthError, Rma, TrueRange};
use crate::model::Candle;
use serde::{Deserialize, Serialize};

/// Average true range in quote units: Wilder's average of [`TrueRange`], seeded at index `n - 1` with the mean of the
/// first `n` ranges, the first of them `high - low` (as Pine does; TA-Lib leaves the first candle out and starts at
/// index `n`; the two agree to 1e-10 of the price after some 250 candles).
///
/// ```
/// use hyperrsi_core::indicator::{Atr, Indicator};
/// use hyperrsi_core::model::{Candle, Timestamp};
/// let mut atr = Atr::new(2)?;
/// let candle = |minute: i64, high, low, close| Candle::new(Timestamp::from_millis(minute * 60_000), close, high, low, close, 1.0);
/// assert_eq!(atr.update(candle(0, 12.0, 9.0, 10.0)), None);
/// assert_eq!(atr.update(candle(1, 15.0, 14.0, 15.0)), Some(4.0)); // (3 + 5) / 2
/// assert_eq!(atr.update(candle(2, 15.0, 13.0, 14.0)), Some(3.0)); // (4 + 2) / 2
/// # Ok::<(), hyperrsi_core::indicator::LengthError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Atr {
    range: TrueRange,
    average: Rma,
}

impl Atr {
    /// An average over `length` candles.
    ///
    /// # Errors
    /// If `length` is 0 or above 65536.
    pub fn new(length: usize) -> Result<Self, LengthError> {
        let length = super::length("ATR length", length, 1)?;
        Ok(Self { range: TrueRange::new(), average: Rma::new(length)? })
    }
}

impl Indicator for Atr {
    type Input = Candle;
    type Output = f64;

    #[inline]
    fn update(&mut self, candle: Candle) -> Option<f64> {
        let range = self.range.update(candle)?;
        self.average.update(range)
    }

    #[inline]
    fn value(&self) -> Option<f64> {
        self.average.value()
    }

    fn reset(&mut self) {
        self.range.reset();
        self.average.reset();
    }
}
