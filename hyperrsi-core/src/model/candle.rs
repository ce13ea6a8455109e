use super::{Span, Timestamp};
use serde::{Deserialize, Serialize};

/// One closed candle, identified by its open time. Prices in quote units, volume in base units.
///
/// ```
/// use hyperrsi_core::model::{Candle, Timestamp};
/// let candle = Candle::new(Timestamp::EPOCH, 100.0, 103.0, 97.0, 101.0, 12.5);
/// assert!(candle.fault().is_none());
/// assert!(Candle { low: 102.0, ..candle }.fault().is_some());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candle {
    /// When the candle opened, UTC.
    pub open_time: Timestamp,
    /// First price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
    /// Traded volume in base units.
    pub volume: f64,
}

impl Candle {
    /// A candle from its parts; see [`Candle::fault`] for what makes one usable.
    pub const fn new(open_time: Timestamp, open: f64, high: f64, low: f64, close: f64, volume: f64) -> Self {
        Self { open_time, open, high, low, close, volume }
    }

    /// When a candle of duration `span` closed.
    pub fn close_time(&self, span: Span) -> Timestamp {
        self.open_time + span
    }

    /// What is wrong with the candle, if anything: a price that is not a positive number, a high below or a low
    /// above another price, a volume that is negative or not a number.
    pub fn fault(&self) -> Option<&'static str> {
        let prices = [self.open, self.high, self.low, self.close];
        if prices.iter().any(|p| !p.is_finite()) {
            Some("a price is not a number")
        } else if prices.iter().any(|p| *p <= 0.0) {
            Some("a price is zero or negative")
        } else if self.high < self.low {
            Some("high is below low")
        } else if self.high < self.open || self.high < self.close {
            Some("high is below open or close")
        } else if self.low > self.open || self.low > self.close {
            Some("low is above open or close")
        } else if !self.volume.is_finite() || self.volume < 0.0 {
            Some("volume is negative or not a number")
        } else {
            None
        }
    }
}
