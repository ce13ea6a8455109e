use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The direction of an order. Not the direction of a position: see [`PositionSide`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Buy base, pay quote.
    Buy,
    /// Sell base, receive quote.
    Sell,
}

/// The direction of a leg.
///
/// ```
/// use hyperrsi_core::model::{PositionSide, Side};
/// assert_eq!(PositionSide::Short.opening(), Side::Sell);
/// assert_eq!(PositionSide::Short.closing(), Side::Buy);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PositionSide {
    /// Gains when the price rises.
    Long,
    /// Gains when the price falls.
    Short,
}

impl PositionSide {
    /// Both sides, long first.
    pub const BOTH: [Self; 2] = [Self::Long, Self::Short];

    /// `+1` for long, `-1` for short.
    pub const fn sign(self) -> Decimal {
        match self {
            Self::Long => Decimal::ONE,
            Self::Short => Decimal::NEGATIVE_ONE,
        }
    }
    /// `+1.0` for long, `-1.0` for short.
    pub const fn sign_f64(self) -> f64 {
        match self {
            Self::Long => 1.0,
            Self::Short => -1.0,
        }
    }
    /// The other side.
    pub const fn opposite(self) -> Self {
        match self {
            Self::Long => Self::Short,
            Self::Short => Self::Long,
        }
    }
    /// Whether `price` lies at `level` or beyond it, on the side where the leg gains.
    pub(crate) const fn reaches(self, price: f64, level: f64) -> bool {
        match self {
            Self::Long => price >= level,
            Self::Short => price <= level,
        }
    }
    /// The order side that opens or adds to a leg of this side.
    pub const fn opening(self) -> Side {
        match self {
            Self::Long => Side::Buy,
            Self::Short => Side::Sell,
        }
    }
    /// The order side that reduces a leg of this side.
    pub const fn closing(self) -> Side {
        match self {
            Self::Long => Side::Sell,
            Self::Short => Side::Buy,
        }
    }
}

impl fmt::Display for PositionSide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Long => "long",
            Self::Short => "short",
        })
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Buy => "buy",
            Self::Sell => "sell",
        })
    }
}
