//! Why something was done, or was not, with where it belongs (TRADING 17).

use super::Code;
use crate::model::{AccountId, ClientOrderId, PositionSide, Side, Timestamp, TraderId};
use crate::strategy::{DecisionOutcome, DecisionRecord, Stage};
use serde::{Deserialize, Serialize};

/// The venue's id of an order that came of a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VenueOrder {
    /// Our id, as in the record's orders.
    pub client_id: ClientOrderId,
    /// The venue's id.
    pub venue_id: String,
}

/// A decision as the journal keeps it: the record the strategy and the trader made, and what only the driver knows. As
/// JSON it is one flat object.
///
/// ```
/// use hyperrsi_core::{model::*, store::*, strategy::*};
/// let record = DecisionRecord {
///     strategy: "hyperrsi".into(),
///     symbol: InstrumentId::new("sim", "BTCUSDT"),
///     timeframe: Timeframe::M5,
///     candle: Timestamp::EPOCH,
///     at: None,
///     settings_hash: "9a1f".into(),
///     inputs: Inputs::default(),
///     leg: None,
///     checks: vec![],
///     outcome: DecisionOutcome::None,
///     reason: "trend_blocked".into(),
///     orders: vec![],
/// };
/// let decision = JournaledDecision {
///     id: "t1:0".into(),
///     account: "main".into(),
///     trader: "t1".into(),
///     at: Timestamp::EPOCH + Span::minutes(5),
///     settings_version: 3,
///     engine_version: "0.1.0".into(),
///     record,
///     venue_orders: vec![],
/// };
/// let entry = Entry::decision(&decision)?;
/// assert_eq!(entry.tags.reason, Some("trend_blocked".into()));
/// assert_eq!(entry.body.parse::<JournaledDecision>()?, decision);
/// # Ok::<(), StoreError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournaledDecision {
    /// Unique in the account.
    pub id: String,
    /// The account.
    pub account: AccountId,
    /// The trader.
    pub trader: TraderId,
    /// Venue time of the decision.
    pub at: Timestamp,
    /// Number of the settings used.
    pub settings_version: u64,
    /// Version of the library.
    pub engine_version: String,
    /// What was seen, checked and done.
    #[serde(flatten)]
    pub record: DecisionRecord,
    /// Venue ids of its orders, as far as they were known when it was written; later ones are in the order reports.
    #[serde(default)]
    pub venue_orders: Vec<VenueOrder>,
}

impl JournaledDecision {
    /// The stable code of what it came to.
    pub const fn outcome(&self) -> Code {
        Code::of(match self.record.outcome {
            DecisionOutcome::None => "none",
            DecisionOutcome::Enter => "enter",
            DecisionOutcome::Add => "add",
            DecisionOutcome::Hedge => "hedge",
            DecisionOutcome::Close => "close",
            DecisionOutcome::Adjust => "adjust",
        })
    }

    /// The side it is about: of the open leg, else of the order it led to, else of the check that decided.
    pub fn side(&self) -> Option<PositionSide> {
        let record = &self.record;
        if let Some(leg) = &record.leg {
            return Some(leg.side);
        }
        if let Some(order) = record.orders.first() {
            return Some(match order.side {
                Side::Buy => PositionSide::Long,
                Side::Sell => PositionSide::Short,
            });
        }
        match record.deciding_check()?.stage {
            Stage::FirstEntryLong => Some(PositionSide::Long),
            Stage::FirstEntryShort => Some(PositionSide::Short),
            _ => None,
        }
    }

    /// Whether two decisions are alike in the part that backtest, paper and live must share for the same closed candles
    /// and fills (I7). Ids, versions, inputs and venue ids are left out.
    pub fn decides_like(&self, other: &Self) -> bool {
        let (one, two) = (&self.record, &other.record);
        one.strategy == two.strategy
            && one.symbol == two.symbol
            && one.timeframe == two.timeframe
            && one.candle == two.candle
            && one.settings_hash == two.settings_hash
            && one.leg == two.leg
            && one.checks == two.checks
            && one.outcome == two.outcome
            && one.reason == two.reason
            && one.orders == two.orders
    }
}
