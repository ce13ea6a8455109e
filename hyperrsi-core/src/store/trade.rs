use crate::model::{AccountId, InstrumentId, StrategyId, TraderId};
use crate::position::Trade;
use serde::{Deserialize, Serialize};

/// How much of a trade is known for certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TradeCertainty {
    /// Every fill is known.
    Complete,
    /// Exit fills are still missing; a later revision completes it (TRADING 13.5).
    Pending,
    /// Nobody reports fills (signal-bot mode): prices are those of the decisions (TRADING 18.2).
    Assumed,
}

/// A closed trade with where it belongs. A revision with a higher number replaces the ones before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradeRecord {
    /// Unique in the account.
    pub id: String,
    /// 0 when first written.
    pub revision: u32,
    /// The account.
    pub account: AccountId,
    /// The trader.
    pub trader: TraderId,
    /// Venue and symbol.
    #[serde(flatten)]
    pub instrument: InstrumentId,
    /// The strategy.
    pub strategy: StrategyId,
    /// Number of the settings of its first entry.
    pub settings_version: u64,
    /// Leverage of its first entry.
    pub leverage: u32,
    /// The main trade, if this is its hedge.
    pub linked_to: Option<String>,
    /// How much is known for certain.
    pub certainty: TradeCertainty,
    /// Prices, quantities, profit, reason, fills.
    pub trade: Trade,
}

impl TradeRecord {
    /// `win`, `loss` or `even`, on net profit (TRADING 14.6); `pending` while it is not known.
    pub fn result(&self) -> &'static str {
        let net = self.trade.net_pnl;
        match self.certainty {
            TradeCertainty::Pending => "pending",
            _ if net.is_positive() => "win",
            _ if net.is_zero() => "even",
            _ => "loss",
        }
    }
}
