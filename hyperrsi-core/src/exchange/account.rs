//! Facts about an account, as its venue states them.

use super::VenueOrderId;
use crate::model::{
    Amount, Fill, InstrumentId, InstrumentKind, MarginMode, PositionMode, PositionSnapshot, Price, Timestamp,
};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// What the key may do. Withdrawal is only looked at to warn about it (FAULTS 73).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permissions {
    /// Read balances, orders, positions.
    pub read: bool,
    /// Place and cancel orders.
    pub trade: bool,
    /// Withdraw. A key for this library should not have it; `None` if the venue does not tell.
    pub withdraw: Option<bool>,
}

/// Fees of a kind of market, as fractions: `0.0005` is 0.05 %. A rebate is negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeeRates {
    /// Which markets.
    pub kind: InstrumentKind,
    /// For orders that rested.
    #[serde(with = "rust_decimal::serde::str")]
    pub maker: Decimal,
    /// For orders that took.
    #[serde(with = "rust_decimal::serde::str")]
    pub taker: Decimal,
}

/// How the account and its key are set up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountConfig {
    /// One-way or hedge.
    pub position_mode: PositionMode,
    /// What the key may do.
    pub permissions: Permissions,
    /// Fees, one row per kind of market the account trades.
    pub fees: Vec<FeeRates>,
    /// The venue's id of the account, if it tells.
    pub uid: Option<String>,
    /// Whether the key belongs to the venue's test network or demo trading, where nothing costs money (FAULTS 86).
    pub demo: bool,
    /// Whether only listed addresses may use the key; `None` if the venue does not tell.
    pub address_bound: Option<bool>,
    /// When the key ends, if it does.
    pub key_expires: Option<Timestamp>,
}

/// Leverage and margin mode of one instrument as the venue has them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeverageSetting {
    /// The instrument.
    pub instrument: InstrumentId,
    /// The margin mode.
    pub margin_mode: MarginMode,
    /// Leverage of long legs.
    pub long: u32,
    /// Leverage of short legs; the same where the venue has one for both.
    pub short: u32,
}

/// A position with what the venue says beside quantity and average.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VenuePosition {
    /// Instrument, side, quantity, average, liquidation.
    pub position: PositionSnapshot,
    /// Leverage it was opened with, if told.
    pub leverage: Option<u32>,
    /// Margin mode, if told.
    pub margin_mode: Option<MarginMode>,
    /// Margin it holds, quote units, if told.
    pub margin: Option<Amount>,
    /// The venue's mark price, if told.
    pub mark: Option<Price>,
    /// The venue's unrealised profit, quote units, if told.
    pub unrealised: Option<Amount>,
}

/// A fill with what core's [`Fill`] has no place for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VenueFill {
    /// The instrument.
    pub instrument: InstrumentId,
    /// The fill, its fee converted to quote units at the fill's time.
    pub fill: Fill,
    /// The venue's id of the order.
    pub order: VenueOrderId,
    /// The asset the fee was taken in.
    pub fee_asset: String,
    /// The fee in that asset; positive is a cost. On spot a fee in base makes the position smaller (FAULTS 53).
    pub fee_paid: Amount,
}

/// What moved money without a fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CashFlowKind {
    /// Funding of a position.
    Funding,
    /// Deposit, withdrawal or transfer by the user.
    Transfer,
    /// One asset turned into another.
    Conversion,
    /// A fee or rebate outside of fills.
    Fee,
    /// Interest on what was borrowed or held.
    Interest,
    /// Anything else.
    Other,
}

/// Money that moved without a fill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CashFlow {
    /// The venue's id; each is booked once.
    pub id: String,
    /// What it was.
    pub kind: CashFlowKind,
    /// The instrument, for funding.
    pub instrument: Option<InstrumentId>,
    /// The asset.
    pub asset: String,
    /// How much, in that asset; positive came in.
    pub amount: Amount,
    /// Venue time.
    pub time: Timestamp,
}
