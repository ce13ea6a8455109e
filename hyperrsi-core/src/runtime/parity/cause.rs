use crate::model::{Span, Timestamp};
use crate::position::ExitReason;
use std::fmt;

/// Why a journal and a backtest differ in one trade, or in a part of its profit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// Both saw the candle and decided differently.
    Signal {
        /// Open time of the candle.
        candle: Timestamp,
        /// The first thing that differs: the backtest's, then the journal's.
        detail: String,
    },
    /// Only one of them has the candle: it never came, nobody ran, or the file lacks it.
    MissingCandle {
        /// Its open time.
        candle: Timestamp,
    },
    /// Both wanted the entry and one was not made: a filter of the venue, a limit, a gate.
    Filter {
        /// Why, as in the journal: `min_notional`, `exposure_cap`, `cooldown`, ...
        code: String,
    },
    /// The one without this trade was still in another.
    InPosition {
        /// Until then.
        until: Timestamp,
    },
    /// It was filled earlier or later.
    Timing {
        /// How much later than in the backtest; negative is earlier.
        by: Span,
    },
    /// It was left for another reason.
    Left {
        /// The backtest's.
        backtest: ExitReason,
        /// The journal's.
        journal: ExitReason,
    },
    /// The market's price was another, or a level that follows from the entry lay elsewhere.
    Price,
    /// The fill was worse or better than the price it was sized or triggered at.
    Slippage,
    /// Another quantity.
    Size,
    /// Other fees.
    Fee,
    /// Other funding.
    Funding,
    /// Nothing in the journal tells.
    Unknown,
}

impl Cause {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Signal { .. } => "signal",
            Self::MissingCandle { .. } => "missing_candle",
            Self::Filter { .. } => "filter",
            Self::InPosition { .. } => "in_position",
            Self::Timing { .. } => "timing",
            Self::Left { .. } => "left",
            Self::Price => "price",
            Self::Slippage => "slippage",
            Self::Size => "size",
            Self::Fee => "fee",
            Self::Funding => "funding",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signal { candle, detail } => write!(f, "signal at {candle}: {detail}"),
            Self::MissingCandle { candle } => write!(f, "missing candle {candle}"),
            Self::Filter { code } => write!(f, "filter: {code}"),
            Self::InPosition { until } => write!(f, "still in another trade until {until}"),
            Self::Timing { by } => write!(f, "timing: {} s later", by.millis() / 1_000),
            Self::Left { backtest, journal } => {
                write!(f, "left by {} instead of {}", journal.code(), backtest.code())
            }
            other => f.write_str(other.code()),
        }
    }
}
