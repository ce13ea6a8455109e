use crate::exchange::{OrderClass, Origin, VenueOrder, VenueOrderId, VenueOrderKind};
use crate::model::{
    Amount, InstrumentId, MarginMode, OrderKind, OrderStatus, PositionSide, Price, Quantity, Side,
    TimeInForce, Timestamp, TriggerSource,
};
use rust_decimal::Decimal;

/// How much an order is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// Base units.
    Base(Quantity),
    /// As much base as this many quote units buy at the market: spot market buys.
    Quote(Amount),
    /// Whatever is open when it fires: conditional orders that close a position.
    Position,
}

/// A price that sets an order off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// The trigger price.
    pub price: Price,
    /// Which price is watched.
    pub source: TriggerSource,
    /// The limit price of the order it sends; `None` sends a market order.
    pub limit: Option<Price>,
}

/// How far a trailing order stays behind the best price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callback {
    /// A fraction of the best price: `0.01` is one percent.
    Ratio(Decimal),
    /// Quote units.
    Offset(Decimal),
}

/// A stop that follows the price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trailing {
    /// The distance.
    pub callback: Callback,
    /// Where it begins to follow; `None`: at once.
    pub activation: Option<Price>,
    /// Which price is watched.
    pub source: TriggerSource,
    /// The best price since it began to follow; `None` before.
    pub best: Option<Price>,
}

/// What an order does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Terms {
    /// Fills now.
    Market,
    /// Fills at its price or better.
    Limit {
        /// The limit.
        price: Price,
        /// How long it waits.
        time_in_force: TimeInForce,
    },
    /// Waits for one of up to two prices; with two, the first reached ends the wait for the other.
    Trigger {
        /// Reached when the price falls to it for a sell, rises to it for a buy.
        stop: Option<Trigger>,
        /// Reached when the price rises to it for a sell, falls to it for a buy.
        take_profit: Option<Trigger>,
    },
    /// Follows the price.
    Trailing(Trailing),
}

impl Terms {
    /// Where such an order lives.
    pub const fn class(&self) -> OrderClass {
        match self {
            Self::Market | Self::Limit { .. } => OrderClass::Plain,
            Self::Trigger { .. } | Self::Trailing(_) => OrderClass::Conditional,
        }
    }

    /// The price of a limit order.
    pub(super) const fn known_limit(&self) -> Option<Price> {
        match self {
            Self::Limit { price, .. } => Some(*price),
            _ => None,
        }
    }

    pub(super) fn known(&self) -> VenueOrderKind {
        match *self {
            Self::Market => VenueOrderKind::Known(OrderKind::Market),
            Self::Limit { price, time_in_force } => {
                VenueOrderKind::Known(OrderKind::Limit { price, time_in_force })
            }
            Self::Trigger { stop: Some(stop), take_profit: None } if stop.limit.is_none() => {
                VenueOrderKind::Known(OrderKind::StopMarket { trigger: stop.price, source: stop.source })
            }
            Self::Trigger { stop: None, take_profit: Some(goal) } if goal.limit.is_none() => {
                VenueOrderKind::Known(OrderKind::TakeProfitMarket {
                    trigger: goal.price,
                    source: goal.source,
                })
            }
            Self::Trigger { stop: Some(_), take_profit: Some(_) } => VenueOrderKind::Other("oco".into()),
            Self::Trigger { .. } => VenueOrderKind::Other("trigger_limit".into()),
            Self::Trailing(_) => VenueOrderKind::Other("trailing".into()),
        }
    }
}

impl From<OrderKind> for Terms {
    fn from(kind: OrderKind) -> Self {
        let trigger = |price, source| Some(Trigger { price, source, limit: None });
        match kind {
            OrderKind::Market => Self::Market,
            OrderKind::Limit { price, time_in_force } => Self::Limit { price, time_in_force },
            OrderKind::StopMarket { trigger: price, source } => {
                Self::Trigger { stop: trigger(price, source), take_profit: None }
            }
            OrderKind::TakeProfitMarket { trigger: price, source } => {
                Self::Trigger { stop: None, take_profit: trigger(price, source) }
            }
        }
    }
}

/// Protection an entry brings along; placed for the filled quantity when the entry has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Its client id, if it has one.
    pub client_id: Option<String>,
    /// What it does; conditional, or a limit order.
    pub terms: Terms,
}

/// An order as it is sent to the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrder {
    /// The instrument.
    pub instrument: InstrumentId,
    /// The sender's id; any text, used once per class of order.
    pub client_id: Option<String>,
    /// Buy or sell.
    pub side: Side,
    /// The leg: needed in hedge mode, refused in one-way mode, not looked at on spot.
    pub leg: Option<PositionSide>,
    /// Never opens.
    pub reduce_only: bool,
    /// How much.
    pub size: Size,
    /// What it does.
    pub terms: Terms,
    /// The margin mode it assumes; `None` takes what is set.
    pub margin_mode: Option<MarginMode>,
    /// Protection it brings.
    pub attached: Vec<Attachment>,
    /// A mark the sender wants back, such as a broker tag. Not looked at.
    pub tag: String,
}

impl NewOrder {
    /// A plain order without leg, client id or protection.
    pub const fn new(instrument: InstrumentId, side: Side, quantity: Quantity, terms: Terms) -> Self {
        Self {
            instrument,
            client_id: None,
            side,
            leg: None,
            reduce_only: false,
            size: Size::Base(quantity),
            terms,
            margin_mode: None,
            attached: Vec::new(),
            tag: String::new(),
        }
    }
}

/// Why an order ended unfilled, in whole or part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ended {
    /// Its sender cancelled it.
    Asked,
    /// Immediate-or-cancel, or fill-or-kill: nothing more to take.
    TimeInForce,
    /// Post-only, and it would have taken.
    WouldTake,
    /// Nothing left to reduce.
    NothingToReduce,
    /// The order it is linked with was done.
    Linked,
    /// Its trigger fired and the order it sends was refused.
    Failed(super::Rejection),
    /// The venue liquidated the leg.
    Liquidated,
}

/// An order and all that became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The account's number of it; its text is the venue's id.
    pub number: u64,
    /// As it was sent, with later amendments.
    pub sent: NewOrder,
    /// The leg it opens or reduces. In one-way mode by its side: an order that is not for reducing only opens.
    pub leg: PositionSide,
    /// The quantity in base units; `None` for [`Size::Position`] before it fires.
    pub quantity: Option<Quantity>,
    /// Leverage when it was taken.
    pub leverage: u32,
    /// Margin mode when it was taken.
    pub margin_mode: MarginMode,
    /// Where it is.
    pub status: OrderStatus,
    /// Filled, base units.
    pub filled: Quantity,
    /// Σ price × quantity of its fills.
    pub value: Amount,
    /// Σ fees of its fills, in the asset they were paid in; positive is a cost.
    pub fees: Amount,
    /// The asset of its fees.
    pub fee_asset: String,
    /// Σ profit its fills realised, quote units, before fees.
    pub realised: Amount,
    /// When it was taken.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
    /// When its trigger fired.
    pub triggered: Option<Timestamp>,
    /// Whether it was the stop that fired; `false` for a take profit.
    pub stopped: bool,
    /// The plain order its trigger sent.
    pub spawned: Option<u64>,
    /// The conditional order that sent it.
    pub parent: Option<u64>,
    /// The order that brought it along.
    pub brought_by: Option<u64>,
    /// The group of linked orders it belongs to.
    pub group: Option<u64>,
    /// Its last fill, by index into [`Account::executions`](super::Account::executions).
    pub last_fill: Option<usize>,
    /// Why it ended, if not by filling.
    pub ended: Option<Ended>,
}

impl Order {
    /// Where it lives.
    pub const fn class(&self) -> OrderClass {
        self.sent.terms.class()
    }
    /// Whether it can still fill or fire.
    pub const fn is_live(&self) -> bool {
        self.status.is_live()
    }
    /// What is still to fill; zero if its size is the position's.
    pub fn remaining(&self) -> Quantity {
        let left = self.quantity.unwrap_or_default().minus(self.filled);
        left.ok().filter(|left| left.is_positive()).unwrap_or_default()
    }
    /// The average price of what filled.
    pub fn average(&self) -> Option<Price> {
        if self.filled.is_zero() {
            return None;
        }
        self.value.get().checked_div(self.filled.get()).map(|price| Price::new(price.normalize()))
    }
    /// The venue's id.
    pub fn id(&self) -> VenueOrderId {
        VenueOrderId::new(self.number.to_string())
    }
    /// As the exchange contract shows it.
    pub fn view(&self) -> VenueOrder {
        VenueOrder {
            instrument: self.sent.instrument.clone(),
            id: self.id(),
            origin: Origin::of(self.sent.client_id.as_deref()),
            class: self.class(),
            leg: Some(self.leg),
            side: self.sent.side,
            reduce_only: self.sent.reduce_only,
            quantity: self.quantity,
            kind: self.sent.terms.known(),
            status: self.status,
            filled: self.filled,
            average: self.average(),
            created: self.created,
            updated: self.updated,
            triggered: self.triggered,
            spawned: self.spawned.map(|number| VenueOrderId::new(number.to_string())),
        }
    }
}
