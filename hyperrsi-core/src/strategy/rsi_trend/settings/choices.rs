//! Settings that are one word out of a list. The words are stable: they are what is stored and sent.

use crate::model::{MarginMode, PositionSide, Timeframe, TriggerSource};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A setting that is one of a fixed list of words.
///
/// ```
/// use hyperrsi_core::strategy::rsi_trend::settings::{Choice, EntryMode};
/// assert_eq!(EntryMode::parse("beyond"), Some(EntryMode::Beyond));
/// assert_eq!(EntryMode::ALL.len(), 4);
/// ```
pub trait Choice: Copy + PartialEq + 'static {
    /// Every value a setting may have, in the order it is shown.
    const ALL: &'static [Self];

    /// The word that is stored.
    fn as_str(self) -> &'static str;

    /// The value of a word, exactly as written.
    fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|choice| choice.as_str() == text)
    }
}

/// The words of a choice, separated by commas.
pub(super) fn listed<C: Choice>() -> String {
    C::ALL.iter().map(|choice| choice.as_str()).collect::<Vec<_>>().join(", ")
}

/// The text is none of the words of a setting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is not one of {choices}")]
pub struct UnknownChoice {
    /// The text.
    pub text: String,
    /// What is allowed, separated by commas.
    pub choices: String,
}

macro_rules! by_word {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(Choice::as_str(*self))
            }
        }
        impl std::str::FromStr for $name {
            type Err = UnknownChoice;
            fn from_str(text: &str) -> Result<Self, UnknownChoice> {
                Self::parse(text)
                    .ok_or_else(|| UnknownChoice { text: text.into(), choices: listed::<Self>() })
            }
        }
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(Choice::as_str(*self))
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

macro_rules! choices {
    ($($(#[$doc:meta])* $name:ident { $($(#[$note:meta])* $variant:ident $text:literal),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $name { $($(#[$note])* $variant),+ }

        impl Choice for $name {
            const ALL: &'static [Self] = &[$(Self::$variant),+];
            fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
        by_word!($name);
    )+};
}

choices! {
    /// Which RSI movement is an entry signal (TRADING 3). `p` and `c` are the RSI of the candle before and of the
    /// newest closed candle; stated for a long, a short is the mirror image.
    EntryMode {
        /// The RSI falls to or below the oversold line: `p > OS` and `c <= OS`.
        BreakThrough "break_through",
        /// The RSI turns up while below the line: (`p < OS` or `c < OS`) and `c > p`.
        Inflection "inflection",
        /// The RSI comes back up through the line: `p < OS` and `c >= OS`.
        InflectionBreakThrough "inflection_break_through",
        /// The RSI is below the line: `c < OS`.
        Beyond "beyond",
    }
    /// Which sides a first entry may take.
    Direction {
        /// Long only.
        Long "long",
        /// Short only.
        Short "short",
        /// Either side.
        Both "both",
    }
    /// Where orders go.
    ExecutionMode {
        /// Private orders on the venue.
        ApiDirect "api_direct",
        /// Posts to a signal bot (TRADING 18).
        SignalBot "signal_bot",
    }
    /// The unit of every entry amount (TRADING 4.1).
    AmountUnit {
        /// Margin in quote currency.
        Usdt "usdt",
        /// Margin in percent of the available equity.
        Percent "percent",
        /// A quantity: see [`CountUnit`].
        Count "count",
    }
    /// What a `count` amount counts. Spot always counts base units.
    CountUnit {
        /// Venue contracts.
        Contracts "contracts",
        /// Base units.
        Base "base",
    }
    /// The unit of a distance from a price.
    Unit {
        /// Percent of the price.
        Percent "percent",
        /// Quote units.
        PriceOffset "price_offset",
        /// Multiples of the average true range.
        Atr "atr",
    }
    /// What the next extra entry is spaced from.
    SpacingReference {
        /// The average entry fill price of the leg.
        AveragePrice "average_price",
        /// The average fill price of the last entry.
        LastEntry "last_entry",
    }
    /// How far the trailing stop stays behind the best price.
    TrailKind {
        /// A percentage of the activation price.
        Percent "percent",
        /// The distance between the second and third take profit.
        TpDiff "tp_diff",
        /// A multiple of the average true range.
        Atr "atr",
    }
    /// The take-profit level whose fill starts the trailing stop.
    StartLevel {
        /// The first.
        Tp1 "tp1",
        /// The second.
        Tp2 "tp2",
        /// The third.
        Tp3 "tp3",
        /// Trailing is off.
        None "none",
    }
    /// What the size of a hedge is measured by.
    HedgeSizeUnit {
        /// Percent of the main leg's open quantity.
        PercentOfPosition "percent_of_position",
        /// Contracts.
        FixedAmount "fixed_amount",
    }
    /// How a hedge takes profit (TRADING 11.5).
    HedgeTpKind {
        /// No order; closed when the main leg makes its last entry.
        LastDcaOnPosition "last_dca_on_position",
        /// At the main leg's effective stop.
        ExistingPosition "existing_position",
        /// A percentage from the hedge's own average.
        Percent "percent",
        /// Never.
        DoNotClose "do_not_close",
    }
    /// Where a hedge is stopped out (TRADING 11.6).
    HedgeSlKind {
        /// A percentage from the hedge's own average.
        Percent "percent",
        /// At a take-profit level of the main leg.
        ExistingPosition "existing_position",
    }
    /// What happens to a leg whose stop the venue does not confirm in time (TRADING 6.7).
    OnUnprotected {
        /// The engine keeps watching the stop.
        EngineStop "engine_stop",
        /// The leg is closed at market.
        Close "close",
    }
}

impl Direction {
    /// Whether a first entry on `side` is allowed.
    pub const fn allows(self, side: PositionSide) -> bool {
        match self {
            Self::Both => true,
            Self::Long => matches!(side, PositionSide::Long),
            Self::Short => matches!(side, PositionSide::Short),
        }
    }
}

impl StartLevel {
    /// The level's number, 1 to 3; nothing when trailing is off.
    pub const fn number(self) -> Option<u8> {
        match self {
            Self::Tp1 => Some(1),
            Self::Tp2 => Some(2),
            Self::Tp3 => Some(3),
            Self::None => None,
        }
    }
}

impl Choice for MarginMode {
    const ALL: &'static [Self] = &[Self::Isolated, Self::Cross];
    fn as_str(self) -> &'static str {
        match self {
            Self::Isolated => "isolated",
            Self::Cross => "cross",
        }
    }
}

impl Choice for TriggerSource {
    const ALL: &'static [Self] = &[Self::Mark, Self::Last];
    fn as_str(self) -> &'static str {
        match self {
            Self::Mark => "mark",
            Self::Last => "last",
        }
    }
}

/// As a signal timeframe: 1m to 1d. The model knows longer ones, which only the trend may use.
impl Choice for Timeframe {
    const ALL: &'static [Self] = &[
        Self::M1,
        Self::M3,
        Self::M5,
        Self::M15,
        Self::M30,
        Self::H1,
        Self::H2,
        Self::H4,
        Self::H6,
        Self::H8,
        Self::H12,
        Self::D1,
    ];
    fn as_str(self) -> &'static str {
        Self::as_str(self)
    }
}

/// The cycle timeframe of the trend state (TRADING 2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TrendTimeframe {
    /// Follows from the signal timeframe.
    Auto,
    /// This one; not shorter than the signal timeframe.
    Fixed(Timeframe),
}

impl TrendTimeframe {
    /// The stated timeframe, nothing when it follows from the signal timeframe.
    pub const fn fixed(self) -> Option<Timeframe> {
        match self {
            Self::Auto => None,
            Self::Fixed(timeframe) => Some(timeframe),
        }
    }
}

impl Choice for TrendTimeframe {
    const ALL: &'static [Self] = &[
        Self::Auto,
        Self::Fixed(Timeframe::M1),
        Self::Fixed(Timeframe::M3),
        Self::Fixed(Timeframe::M5),
        Self::Fixed(Timeframe::M15),
        Self::Fixed(Timeframe::M30),
        Self::Fixed(Timeframe::H1),
        Self::Fixed(Timeframe::H2),
        Self::Fixed(Timeframe::H4),
        Self::Fixed(Timeframe::H6),
        Self::Fixed(Timeframe::H8),
        Self::Fixed(Timeframe::H12),
        Self::Fixed(Timeframe::D1),
        Self::Fixed(Timeframe::D2),
        Self::Fixed(Timeframe::D3),
    ];
    fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Fixed(timeframe) => timeframe.as_str(),
        }
    }
}
by_word!(TrendTimeframe);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_the_same_in_text_and_json() {
        for mode in EntryMode::ALL {
            assert_eq!(mode.to_string().parse(), Ok(*mode));
            let json = serde_json::to_string(mode).unwrap();
            assert_eq!(json, format!("\"{mode}\""));
            assert_eq!(serde_json::from_str::<EntryMode>(&json).unwrap(), *mode);
        }
        let error = "sideways".parse::<Direction>().unwrap_err();
        assert_eq!(error.to_string(), "\"sideways\" is not one of long, short, both");
    }

    #[test]
    fn only_the_trend_may_use_timeframes_beyond_a_day() {
        assert_eq!(<Timeframe as Choice>::parse("2d"), None);
        assert_eq!(TrendTimeframe::parse("2d"), Some(TrendTimeframe::Fixed(Timeframe::D2)));
        assert_eq!(TrendTimeframe::parse("1w"), None);
    }
}
