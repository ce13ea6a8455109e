use super::{ExitReason, StopKind};
use crate::model::{Amount, Liquidity, PositionSide, Price, Quantity, Timestamp};
use serde::{Deserialize, Serialize};

/// What one fill of a trade did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TradeFillKind {
    /// Opened or added to the leg.
    Entry,
    /// Reduced the leg, for this reason.
    Exit(ExitReason),
}

/// One fill of a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradeFill {
    /// Venue time.
    pub time: Timestamp,
    /// Entry, or exit with its reason.
    pub kind: TradeFillKind,
    /// Price in quote units.
    pub price: Price,
    /// Quantity in base units.
    pub quantity: Quantity,
    /// Fee in quote units.
    pub fee: Amount,
    /// Maker or taker.
    pub liquidity: Liquidity,
}

/// What protected a trade from a time on: for charts and for asking why an exit came where it did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtectionPoint {
    /// From when on.
    pub time: Timestamp,
    /// The effective stop and its kind, if there was one.
    pub stop: Option<(Price, StopKind)>,
    /// Prices of the take-profit levels that were not filled yet, nearest first.
    pub take_profits: Vec<Price>,
}

/// A leg from flat to flat (TRADING 14.6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trade {
    /// Long or short.
    pub side: PositionSide,
    /// Whether the leg was a hedge of another.
    pub hedge: bool,
    /// Time of the first entry fill.
    pub entry_time: Timestamp,
    /// Quantity-weighted entry price.
    pub entry_price: Price,
    /// Time of the last exit fill.
    pub exit_time: Timestamp,
    /// Quantity-weighted exit price.
    pub exit_price: Price,
    /// Quantity entered in total, base units.
    pub quantity: Quantity,
    /// Number of entries, the first included.
    pub entries: u32,
    /// Margin of all entries, quote units.
    pub margin: Amount,
    /// Profit before fees and funding.
    pub gross_pnl: Amount,
    /// Fees of all fills; positive is a cost.
    pub fees: Amount,
    /// Funding received (positive) or paid (negative) while open.
    pub funding: Amount,
    /// `gross_pnl - fees + funding`.
    pub net_pnl: Amount,
    /// Planned loss at the first stop, quote units; `None` if the first entry had no stop.
    pub planned_risk: Option<Amount>,
    /// Reason of the last exit fill.
    pub reason: ExitReason,
    /// Every fill, in order.
    pub fills: Vec<TradeFill>,
    /// How stop and levels moved; empty unless the run was asked to keep it.
    pub protection: Vec<ProtectionPoint>,
}

impl Trade {
    /// Price move in favour of the trade, in percent of the entry price.
    pub fn percent(&self) -> f64 {
        let entry = self.entry_price.to_f64();
        self.side.sign_f64() * (self.exit_price.to_f64() - entry) / entry * 100.0
    }
    /// Net profit in percent of the margin of all entries.
    pub fn return_on_margin(&self) -> f64 {
        self.net_pnl.to_f64() / self.margin.to_f64() * 100.0
    }
}
