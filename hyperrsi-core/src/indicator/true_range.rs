use super::Indicator;
use crate::model::Candle;
use serde::{Deserialize, Serialize};

/// True range in quote units: `max(high, previous close) - min(low, previous close)`; `high - low` on the first candle
/// (Wilder, 1978).
///
/// ```
/// use hyperrsi_core::indicator::{Indicator, TrueRange};
/// use hyperrsi_core::model::{Candle, Timestamp};
/// let mut tr = TrueRange::new();
/// assert_eq!(tr.update(Candle::new(Timestamp::EPOCH, 10.0, 12.0, 9.0, 10.0, 1.0)), Some(3.0));
/// assert_eq!(tr.update(Candle::new(Timestamp::from_millis(60_000), 14.0, 15.0, 14.0, 15.0, 1.0)), Some(5.0));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrueRange {
    previous_close: Option<f64>,
    value: Option<f64>,
}

impl TrueRange {
    /// Before the first candle.
    pub const fn new() -> Self {
        Self { previous_close: None, value: None }
    }
}

impl Indicator for TrueRange {
    type Input = Candle;
    type Output = f64;

    #[inline]
    fn update(&mut self, candle: Candle) -> Option<f64> {
        let range = match self.previous_close.replace(candle.close) {
            Some(close) => {
                (candle.high - candle.low).max((candle.high - close).abs()).max((candle.low - close).abs())
            }
            None => candle.high - candle.low,
        };
        self.value = Some(range);
        self.value
    }

    fn value(&self) -> Option<f64> {
        self.value
    }

    fn reset(&mut self) {
        *self = Self::new();
    }
}
