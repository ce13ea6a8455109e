use super::{ClientOrderId, PositionSide, Price, Quantity, Side, Timestamp};
use serde::{Deserialize, Serialize};

/// Which price a trigger watches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerSource {
    /// The venue's mark price.
    #[default]
    Mark,
    /// The last traded price.
    Last,
}

/// How long an order waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeInForce {
    /// Until filled or cancelled.
    #[default]
    GoodTillCancelled,
    /// Fills what it can at once, the rest is cancelled.
    ImmediateOrCancel,
    /// Fills whole at once or not at all.
    FillOrKill,
    /// Refused if it would take liquidity.
    PostOnly,
}

/// What an order does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum OrderKind {
    /// Fills now at what the market gives.
    Market,
    /// Fills at its price or better.
    Limit {
        /// The limit.
        price: Price,
        /// How long it waits.
        time_in_force: TimeInForce,
    },
    /// Becomes a market order when the price moves against the leg to the trigger.
    StopMarket {
        /// The trigger price.
        trigger: Price,
        /// Which price triggers.
        source: TriggerSource,
    },
    /// Becomes a market order when the price moves in favour of the leg to the trigger.
    TakeProfitMarket {
        /// The trigger price.
        trigger: Price,
        /// Which price triggers.
        source: TriggerSource,
    },
}

impl OrderKind {
    /// The limit or trigger price; `None` for a market order.
    pub const fn price(&self) -> Option<Price> {
        match *self {
            Self::Market => None,
            Self::Limit { price, .. } => Some(price),
            Self::StopMarket { trigger, .. } | Self::TakeProfitMarket { trigger, .. } => Some(trigger),
        }
    }
}

/// An order as it is sent: everything explicit, nothing left to a venue's defaults (TRADING V12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderSpec {
    /// Our id.
    pub client_id: ClientOrderId,
    /// The leg it opens, adds to or reduces.
    pub leg: PositionSide,
    /// Buy or sell.
    pub side: Side,
    /// Only reduces the leg.
    pub reduce_only: bool,
    /// Quantity in base units.
    pub quantity: Quantity,
    /// What it does.
    pub kind: OrderKind,
}

/// Where an order is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Sent, no answer yet.
    Pending,
    /// Accepted; resting or waiting for its trigger.
    Open,
    /// Accepted and filled in part.
    PartiallyFilled,
    /// Filled whole.
    Filled,
    /// Cancelled; what was filled stays filled.
    Cancelled,
    /// Refused by the venue.
    Rejected,
    /// The outcome is not known; nothing may be assumed.
    Unknown,
}

/// A step in an order's life that cannot happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an order cannot go from {from:?} to {to:?}; the update is older than what is known, or names another order"
)]
pub struct IllegalTransition {
    /// The status known.
    pub from: OrderStatus,
    /// The status reported.
    pub to: OrderStatus,
}

impl OrderStatus {
    /// Whether the order can still fill.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Pending | Self::Open | Self::PartiallyFilled | Self::Unknown)
    }

    /// The legal moves, a line each. A terminal order never moves again (TRADING 13.7).
    pub const fn transition(self, to: Self) -> Result<Self, IllegalTransition> {
        use OrderStatus::{Cancelled, Filled, Open, PartiallyFilled, Pending, Rejected, Unknown};
        match (self, to) {
            (Pending, Open | PartiallyFilled | Filled | Cancelled | Rejected | Unknown)
            | (Open, Open | PartiallyFilled | Filled | Cancelled | Unknown)
            | (Open, Rejected) // a trigger order may be rejected when it fires
            | (PartiallyFilled, PartiallyFilled | Filled | Cancelled | Unknown)
            | (Unknown, Open | PartiallyFilled | Filled | Cancelled | Rejected | Unknown) => Ok(to),
            (from, to) => Err(IllegalTransition { from, to }),
        }
    }
}

/// What the venue says of one order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderReport {
    /// Our id.
    pub client_id: ClientOrderId,
    /// Where it is.
    pub status: OrderStatus,
    /// Filled so far, base units.
    pub filled: Quantity,
    /// Venue time of the report.
    pub time: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_orders_never_move_again() {
        use OrderStatus::*;
        let all = [Pending, Open, PartiallyFilled, Filled, Cancelled, Rejected, Unknown];
        for from in all {
            for to in all {
                assert!(from.is_live() || from.transition(to).is_err(), "{from:?} -> {to:?}");
            }
            assert!(from == Pending || from.transition(Pending).is_err());
        }
    }
}
