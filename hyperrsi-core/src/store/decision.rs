//! Why something was done, or was not: one record per evaluated candle and one per other action (TRADING 17).

use super::Code;
use crate::model::{
    AccountId, ClientOrderId, InstrumentId, OrderKind, PositionSide, Price, Quantity, Side, StrategyId,
    Timeframe, Timestamp, TraderId,
};
use crate::position::EffectiveStop;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a decision led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// Nothing.
    None,
    /// A first entry.
    Enter,
    /// An extra entry.
    Add,
    /// A hedge.
    Hedge,
    /// A close.
    Close,
    /// Orders were moved.
    Adjust,
}

impl Outcome {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Enter => "enter",
            Self::Add => "add",
            Self::Hedge => "hedge",
            Self::Close => "close",
            Self::Adjust => "adjust",
        }
    }
}

/// One gate and how it came out. Every pure gate is there, also those after the first that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// The step, such as `first_entry.long`.
    pub stage: Code,
    /// The gate, such as `cooldown`.
    pub gate: Code,
    /// Whether it let the decision pass.
    pub ok: bool,
    /// Left side of the comparison, a decimal as text.
    pub left: String,
    /// The comparison, such as `>=`.
    pub op: Code,
    /// Right side of the comparison, a decimal as text.
    pub right: String,
}

/// The leg as the decision saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionLeg {
    /// Long or short.
    pub side: PositionSide,
    /// Entries so far, the first included.
    pub n: u32,
    /// Open quantity, base units.
    pub quantity: Quantity,
    /// Average entry price.
    pub average: Price,
    /// The effective stop and its kind.
    pub stop: Option<EffectiveStop>,
    /// Take-profit levels that have filled, counted from 1.
    pub filled_levels: Vec<u8>,
    /// Price of the next extra entry.
    pub next_level: Option<Price>,
}

/// An order a decision led to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionOrder {
    /// Our id.
    pub client_id: ClientOrderId,
    /// Buy or sell.
    pub side: Side,
    /// What it does, with its price.
    pub kind: OrderKind,
    /// Quantity, base units.
    pub quantity: Quantity,
    /// The venue's id, once known.
    pub venue_id: Option<String>,
}

/// One decision. Written as the JSON of TRADING 17.4.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionRecord {
    /// Unique in the account.
    pub id: String,
    /// The account.
    pub account: AccountId,
    /// The trader.
    pub trader: TraderId,
    /// Venue and symbol.
    #[serde(flatten)]
    pub instrument: InstrumentId,
    /// Timeframe of the candle.
    pub timeframe: Timeframe,
    /// Open time of the evaluated candle; `None` for an action between candles.
    pub candle: Option<Timestamp>,
    /// Venue time of the decision.
    pub at: Timestamp,
    /// Number of the settings used.
    pub settings_version: u64,
    /// Hash of the settings used.
    pub settings_hash: String,
    /// The strategy.
    pub strategy: StrategyId,
    /// Version of the library.
    pub engine_version: String,
    /// What it looked at, decimals as text: `close`, `p`, `c`, `atr`, `trend`, `reference_price`, ...
    pub inputs: BTreeMap<Code, String>,
    /// The leg, if one is open.
    pub leg: Option<DecisionLeg>,
    /// The gates.
    pub checks: Vec<Check>,
    /// What it led to.
    pub outcome: Outcome,
    /// Why: the first gate that failed, or the rule that acted.
    pub reason: Code,
    /// Orders it led to.
    pub orders: Vec<DecisionOrder>,
}

impl DecisionRecord {
    /// Whether two records decide alike: the part that backtest, paper and live must share for the same closed candles
    /// and fills (I7). Ids, versions of the library, inputs that age and venue ids are left out.
    pub fn decides_like(&self, other: &Self) -> bool {
        let orders = |record: &Self| -> Vec<_> {
            record.orders.iter().map(|o| (o.client_id, o.side, o.kind, o.quantity)).collect()
        };
        self.instrument == other.instrument
            && self.timeframe == other.timeframe
            && self.candle == other.candle
            && self.settings_hash == other.settings_hash
            && self.leg == other.leg
            && self.checks == other.checks
            && self.outcome == other.outcome
            && self.reason == other.reason
            && orders(self) == orders(other)
    }
}
