use super::{Amount, ClientOrderId, PositionSide, Price, Quantity, Side, Timestamp, TradeId};
use serde::{Deserialize, Serialize};

/// Whether a fill added or took liquidity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Liquidity {
    /// Rested first.
    Maker,
    /// Took what rested.
    Taker,
}

/// Why the venue filled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FillKind {
    /// An order.
    #[default]
    Trade,
    /// The venue liquidated the leg.
    Liquidation,
    /// The venue reduced the leg against another account (auto-deleveraging).
    Adl,
}

/// One execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fill {
    /// The venue's id of the execution; each is applied once (I3).
    pub trade_id: TradeId,
    /// Our order, if it was ours.
    pub client_id: Option<ClientOrderId>,
    /// The leg it changed.
    pub leg: PositionSide,
    /// Bought or sold.
    pub side: Side,
    /// Price in quote units.
    pub price: Price,
    /// Quantity in base units, positive.
    pub quantity: Quantity,
    /// Fee in quote units; positive is a cost, a rebate is negative.
    pub fee: Amount,
    /// Whether it added or took liquidity.
    pub liquidity: Liquidity,
    /// Why it happened.
    pub kind: FillKind,
    /// Venue time.
    pub time: Timestamp,
}

impl Fill {
    /// Whether the fill opens or adds to its leg.
    pub fn opens(&self) -> bool {
        self.side == self.leg.opening()
    }
}
