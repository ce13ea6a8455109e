use super::{InstrumentId, PositionSide, Price, Quantity, Timestamp};
use serde::{Deserialize, Serialize};

/// What a position is known by: the instrument and the side. One-way and hedge accounts alike.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PositionKey {
    /// The instrument.
    pub instrument: InstrumentId,
    /// Long or short.
    pub side: PositionSide,
}

/// Whether the account can hold a long and a short position of one instrument at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PositionMode {
    /// One net position per instrument.
    OneWay,
    /// A long and a short leg per instrument.
    Hedge,
}

/// How margin is assigned to positions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MarginMode {
    /// Each leg has its own margin and can lose no more than that.
    #[default]
    Isolated,
    /// All legs share the account's margin.
    Cross,
}

/// A position as the venue reports it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionSnapshot {
    /// Instrument and side.
    pub key: PositionKey,
    /// Open quantity in base units, never negative.
    pub quantity: Quantity,
    /// Average entry price of what is open.
    pub average: Price,
    /// The venue's liquidation price, if it states one.
    pub liquidation: Option<Price>,
    /// When the venue last changed it.
    pub updated: Timestamp,
}
