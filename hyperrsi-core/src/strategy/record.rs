//! Decision records: what was seen, which gates were checked, what came of it (TRADING 17).

use crate::model::{ClientOrderId, InstrumentId, PositionSide, Price, Quantity, Timeframe, Timestamp};
use crate::position::{EffectiveStop, LevelState};
use serde::{Deserialize, Serialize};

/// Which step of the evaluation a check belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// Close because the trend turned.
    #[serde(rename = "trend_exit")]
    TrendExit,
    /// Add to the leg.
    #[serde(rename = "extra_entry")]
    ExtraEntry,
    /// Open or refresh the hedge.
    #[serde(rename = "hedge")]
    Hedge,
    /// First long entry.
    #[serde(rename = "first_entry.long")]
    FirstEntryLong,
    /// First short entry.
    #[serde(rename = "first_entry.short")]
    FirstEntryShort,
}

impl Stage {
    /// The first-entry stage of a side.
    pub const fn first_entry(side: PositionSide) -> Self {
        match side {
            PositionSide::Long => Self::FirstEntryLong,
            PositionSide::Short => Self::FirstEntryShort,
        }
    }
}

/// One gate: `left op right` held or did not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// The step.
    pub stage: Stage,
    /// Code of the gate.
    pub gate: String,
    /// Whether it passed.
    pub ok: bool,
    /// Left operand, as text.
    pub left: String,
    /// The comparison.
    pub op: String,
    /// Right operand, as text.
    pub right: String,
}

/// What a decision came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionOutcome {
    /// Nothing.
    #[default]
    None,
    /// A first entry.
    Enter,
    /// A further entry.
    Add,
    /// A hedge.
    Hedge,
    /// A close.
    Close,
    /// A stop or a level moved.
    Adjust,
}

/// The leg as it stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegSummary {
    /// Long or short.
    pub side: PositionSide,
    /// Entries so far.
    pub entries: u32,
    /// Open quantity, base units.
    pub quantity: Quantity,
    /// Average entry price.
    pub average: Option<Price>,
    /// Effective stop and kind.
    pub stop: Option<EffectiveStop>,
    /// Filled take-profit levels, from 1.
    pub filled_levels: Vec<u8>,
    /// Price of the next extra entry, if one is possible.
    pub next_level: Option<Price>,
}

impl LegSummary {
    /// The leg as a strategy sees it.
    pub(crate) fn of(leg: &super::LegView) -> Self {
        let filled = (1_u8..).zip(&leg.levels).filter(|(_, state)| **state == LevelState::Filled);
        Self {
            side: leg.side,
            entries: leg.entries,
            quantity: leg.quantity,
            average: leg.average,
            stop: leg.stop,
            filled_levels: filled.map(|(level, _)| level).collect(),
            next_level: leg.next_entry.map(|next| next.price),
        }
    }
}

/// What the strategy saw, numbers as text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    /// Close of the candle.
    pub close: String,
    /// RSI of the candle before.
    pub p: Option<String>,
    /// RSI of the candle.
    pub c: Option<String>,
    /// ATR of the candle.
    pub atr: Option<String>,
    /// Which RSI movement is a signal.
    pub mode: Option<String>,
    /// Trend state, `-2`, `0` or `2`.
    pub trend: Option<String>,
    /// Whether the trend state may be used.
    pub trend_ready: Option<bool>,
    /// Price an order was sized at.
    pub reference: Option<String>,
    /// Age of that price, milliseconds.
    pub reference_age: Option<i64>,
    /// Free balance.
    pub available: Option<String>,
}

/// An order that came of a decision, without venue ids: part of what must be the same in every driver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedOrder {
    /// Our id.
    pub client_id: ClientOrderId,
    /// Buy or sell.
    pub side: crate::model::Side,
    /// What it does.
    pub kind: crate::model::OrderKind,
    /// Quantity, base units.
    pub quantity: Quantity,
}

/// Why and why not, for one evaluated candle or one action between candles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionRecord {
    /// The strategy.
    pub strategy: String,
    /// The instrument.
    pub symbol: InstrumentId,
    /// Timeframe of the candle.
    pub timeframe: Timeframe,
    /// Open time of the candle.
    pub candle: Timestamp,
    /// When it happened, for an action between candles: a stop that moved, a repair, a close, an operator's word. Such a
    /// record has no checks, and `candle` is the one that was forming.
    #[serde(rename = "acted_at", default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// Hash of the settings in force.
    pub settings_hash: String,
    /// What was seen.
    pub inputs: Inputs,
    /// The main leg, if open.
    pub leg: Option<LegSummary>,
    /// Every gate that was checked.
    pub checks: Vec<Check>,
    /// What it came to.
    pub outcome: DecisionOutcome,
    /// Code of the first failing gate, or of what was done.
    pub reason: String,
    /// Orders that followed.
    pub orders: Vec<RecordedOrder>,
}

impl DecisionRecord {
    /// One sentence in English; [`explain`](super::explain) has other languages and other steps.
    pub fn sentence(&self) -> String {
        super::explain::sentence(self, super::explain::Language::English)
    }

    /// The failed check that gave the record its reason.
    pub fn deciding_check(&self) -> Option<&Check> {
        super::explain::deciding_check(self)
    }
}
