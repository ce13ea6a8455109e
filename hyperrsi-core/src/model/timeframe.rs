use super::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! timeframes {
    ($($variant:ident $text:literal $minutes:literal),+ $(,)?) => {
        /// The duration of a candle.
        ///
        /// ```
        /// use hyperrsi_core::model::{Timeframe, Timestamp};
        /// let tf: Timeframe = "15m".parse()?;
        /// assert_eq!(tf.minutes(), 15);
        /// let t = Timestamp::from_millis(1_577_837_700_001);
        /// assert_eq!(tf.bucket(t).millis(), 1_577_837_700_000);
        /// # Ok::<(), hyperrsi_core::model::ParseTimeframeError>(())
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Timeframe {
            $(#[doc = concat!("Candles of ", $text, ".")] $variant),+
        }

        impl Timeframe {
            /// Every timeframe, shortest first.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The usual short form, such as `15m` or `4h`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
            /// The duration in minutes.
            pub const fn minutes(self) -> i64 {
                match self { $(Self::$variant => $minutes),+ }
            }
        }
    };
}

timeframes! {
    M1 "1m" 1, M3 "3m" 3, M5 "5m" 5, M15 "15m" 15, M30 "30m" 30,
    H1 "1h" 60, H2 "2h" 120, H4 "4h" 240, H6 "6h" 360, H8 "8h" 480, H12 "12h" 720,
    D1 "1d" 1440, D2 "2d" 2880, D3 "3d" 4320, W1 "1w" 10080,
}

/// Weekly candles open on Monday; the epoch was a Thursday.
const FIRST_MONDAY: i64 = 4 * 86_400_000;

impl Timeframe {
    /// The duration in milliseconds.
    pub const fn millis(self) -> i64 {
        self.minutes() * 60_000
    }
    /// The duration.
    pub const fn span(self) -> Span {
        Span::millis_of(self.millis())
    }
    /// The open time of the candle that `t` lies in: UTC buckets counted from the epoch, weeks from Monday.
    pub const fn bucket(self, t: Timestamp) -> Timestamp {
        let shift = if matches!(self, Self::W1) { FIRST_MONDAY } else { 0 };
        let width = self.millis();
        Timestamp::from_millis((t.millis() - shift).div_euclid(width) * width + shift)
    }
    /// The timeframe of exactly that many minutes.
    pub fn from_minutes(minutes: i64) -> Option<Self> {
        Self::ALL.iter().copied().find(|tf| tf.minutes() == minutes)
    }
    /// Whether candles of `self` can be built from whole candles of `finer`.
    pub const fn is_multiple_of(self, finer: Self) -> bool {
        self.millis() % finer.millis() == 0
    }
}

impl fmt::Display for Timeframe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text names no timeframe the library knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a timeframe; use one of 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 2d 3d 1w")]
pub struct ParseTimeframeError(String);

impl std::str::FromStr for Timeframe {
    type Err = ParseTimeframeError;
    fn from_str(text: &str) -> Result<Self, ParseTimeframeError> {
        Self::ALL
            .iter()
            .copied()
            .find(|tf| tf.as_str() == text)
            .ok_or_else(|| ParseTimeframeError(text.into()))
    }
}

impl Serialize for Timeframe {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Timeframe {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_utc_and_weeks_open_on_monday() {
        let wednesday: Timestamp = "2024-01-31T13:47:11Z".parse().unwrap();
        for (tf, open) in [
            (Timeframe::M1, "2024-01-31T13:47:00Z"),
            (Timeframe::H4, "2024-01-31T12:00:00Z"),
            (Timeframe::H8, "2024-01-31T08:00:00Z"),
            (Timeframe::D1, "2024-01-31T00:00:00Z"),
            (Timeframe::W1, "2024-01-29T00:00:00Z"),
        ] {
            assert_eq!(tf.bucket(wednesday).to_string(), open, "{tf}");
        }
    }

    #[test]
    fn every_timeframe_survives_text_and_json() {
        for tf in Timeframe::ALL {
            assert_eq!(tf.as_str().parse(), Ok(*tf));
            assert_eq!(serde_json::from_str::<Timeframe>(&serde_json::to_string(tf).unwrap()).unwrap(), *tf);
        }
        assert!("7m".parse::<Timeframe>().is_err());
    }
}
