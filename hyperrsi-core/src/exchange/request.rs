//! What can be asked of an account. There is no way to withdraw or to transfer.

use super::{OrderClass, OrderRef};
use crate::model::{
    Approved, ClientOrderId, InstrumentId, MarginMode, Opening, OrderKind, OrderSpec, PositionMode,
    PositionSide, Price, Quantity, Reducing, Ticket, Timestamp,
};
use rust_decimal::Decimal;
use serde::Serialize;

/// One request to an account. `match` it with a last arm that answers [`Unsupported::request`](super::Unsupported).
///
/// | request | answer |
/// |---|---|
/// | `Place` `PlaceAttached` `PlaceTrailing` `Amend` `Cancel` | [`Answer::Order`](super::Answer::Order) |
/// | `PlaceLinked` `PlaceBatch` `CancelBatch` | [`Answer::Orders`](super::Answer::Orders), in the order asked |
/// | `QueryOrder` | [`Answer::Lookup`](super::Answer::Lookup) |
/// | the others | the variant that carries what they ask for |
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Request {
    /// Place one order, plain or conditional.
    Place(Ticket),
    /// Place an entry that brings its own stop and take profit.
    PlaceAttached(Attached),
    /// Place two reducing orders of which one cancels the other. Two outcomes: stop, take profit.
    PlaceLinked(Linked),
    /// Place a reducing order whose trigger follows the price.
    PlaceTrailing(Trailing),
    /// Place several plain orders, at most `place_batch`.
    PlaceBatch(Vec<Ticket>),
    /// Change a live order in place.
    Amend(Amendment),
    /// Cancel an order.
    Cancel(OrderRef),
    /// Cancel several orders of one class, at most `cancel_batch`.
    CancelBatch(Vec<OrderRef>),
    /// Find one order wherever it could be: live, history, conditional.
    QueryOrder {
        /// The order.
        order: OrderRef,
        /// When it was sent; inside the venue's grace "no such order" is `Unknown`.
        submitted: Timestamp,
    },
    /// Every live order, plain and conditional, own and foreign.
    OpenOrders {
        /// Of this instrument; `None` for all.
        instrument: Option<InstrumentId>,
    },
    /// Fills, oldest first.
    Fills {
        /// Of this instrument; `None` for all.
        instrument: Option<InstrumentId>,
        /// From this venue time on, inclusive.
        since: Timestamp,
        /// At most so many.
        limit: u16,
    },
    /// Money that moved without a fill: funding, transfers, conversions. Oldest first.
    CashFlows {
        /// From this venue time on, inclusive.
        since: Timestamp,
        /// At most so many.
        limit: u16,
    },
    /// Open positions.
    Positions {
        /// Of this instrument; `None` for all.
        instrument: Option<InstrumentId>,
    },
    /// What the account holds.
    Balances,
    /// Modes, permissions, fees.
    AccountConfig,
    /// Leverage and margin mode of one instrument.
    Leverage {
        /// The instrument.
        instrument: InstrumentId,
    },
    /// Set leverage on both sides, then read it back.
    SetLeverage {
        /// The instrument.
        instrument: InstrumentId,
        /// The margin mode the leverage is for.
        margin_mode: MarginMode,
        /// Leverage, 1 and up.
        leverage: u32,
    },
    /// Set the margin mode, then read it back.
    SetMarginMode {
        /// The instrument.
        instrument: InstrumentId,
        /// The mode.
        margin_mode: MarginMode,
    },
    /// Set the position mode of the account, then read it back. Never sent with positions or orders open.
    SetPositionMode {
        /// The mode.
        mode: PositionMode,
    },
    /// The venue's clock.
    ServerTime,
}

/// How much a request matters: what a rate limiter keeps budget for, and in which order it sheds load (FAULTS 33).
/// Later is more urgent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// Asks for something.
    Read,
    /// Adds risk, or changes modes for it.
    Opening,
    /// Looks for an order whose outcome is not known.
    Settling,
    /// Takes risk away.
    Reduction,
    /// Places or moves a stop.
    Protection,
}

impl Request {
    /// The name, for logs, metrics and errors.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Place(_) => "place",
            Self::PlaceAttached(_) => "place_attached",
            Self::PlaceLinked(_) => "place_linked",
            Self::PlaceTrailing(_) => "place_trailing",
            Self::PlaceBatch(_) => "place_batch",
            Self::Amend(_) => "amend",
            Self::Cancel(_) => "cancel",
            Self::CancelBatch(_) => "cancel_batch",
            Self::QueryOrder { .. } => "query_order",
            Self::OpenOrders { .. } => "open_orders",
            Self::Fills { .. } => "fills",
            Self::CashFlows { .. } => "cash_flows",
            Self::Positions { .. } => "positions",
            Self::Balances => "balances",
            Self::AccountConfig => "account_config",
            Self::Leverage { .. } => "leverage",
            Self::SetLeverage { .. } => "set_leverage",
            Self::SetMarginMode { .. } => "set_margin_mode",
            Self::SetPositionMode { .. } => "set_position_mode",
            Self::ServerTime => "server_time",
        }
    }

    /// How much it matters.
    pub fn urgency(&self) -> Urgency {
        match self {
            Self::Place(ticket) => urgency(ticket),
            Self::PlaceAttached(_) => Urgency::Opening,
            Self::PlaceLinked(_) | Self::PlaceTrailing(_) => Urgency::Protection,
            Self::PlaceBatch(tickets) => tickets.iter().map(urgency).max().unwrap_or(Urgency::Read),
            Self::Amend(amendment) => urgency(amendment.ticket()),
            Self::Cancel(_) | Self::CancelBatch(_) => Urgency::Reduction,
            Self::QueryOrder { .. } => Urgency::Settling,
            Self::SetLeverage { .. } | Self::SetMarginMode { .. } | Self::SetPositionMode { .. } => {
                Urgency::Opening
            }
            Self::OpenOrders { .. }
            | Self::Fills { .. }
            | Self::CashFlows { .. }
            | Self::Positions { .. }
            | Self::Balances
            | Self::AccountConfig
            | Self::Leverage { .. }
            | Self::ServerTime => Urgency::Read,
        }
    }

    /// Whether it changes something at the venue, so that a lost answer leaves its outcome open.
    pub fn is_write(&self) -> bool {
        !matches!(self.urgency(), Urgency::Read | Urgency::Settling)
    }
}

fn urgency(ticket: &Ticket) -> Urgency {
    match ticket {
        Ticket::Opening(_) => Urgency::Opening,
        Ticket::Reducing(reducing) => match reducing.order().kind {
            OrderKind::StopMarket { .. } => Urgency::Protection,
            _ => Urgency::Reduction,
        },
    }
}

/// Orders that do not fit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Mismatch {
    /// They are about different instruments or legs.
    #[error("the orders are of different instruments or legs; send them one by one")]
    Leg,
    /// One is not of the kind its place asks for.
    #[error("a stop must be a stop-market order and a take profit a limit or take-profit order")]
    Kind,
    /// Nothing is attached.
    #[error("neither stop nor take profit is attached; place the entry alone")]
    Nothing,
    /// The changed order has another id, leg, side, kind, time in force or trigger source.
    #[error("an amendment changes price, trigger and quantity only; cancel the order and place another")]
    NotAnAmendment,
    /// Nothing would change.
    #[error("the amendment changes nothing; leave the order as it is")]
    NoChange,
}

const fn is_stop(order: &OrderSpec) -> bool {
    matches!(order.kind, OrderKind::StopMarket { .. })
}

const fn is_take_profit(order: &OrderSpec) -> bool {
    matches!(order.kind, OrderKind::Limit { .. } | OrderKind::TakeProfitMarket { .. })
}

/// A stop and a take profit of one leg; the venue cancels one when the other is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Linked {
    stop: Reducing,
    take_profit: Reducing,
}

impl Linked {
    /// Links the two.
    ///
    /// # Errors
    /// [`Mismatch`] if they are of different legs or not a stop and a take profit.
    pub fn new(stop: Reducing, take_profit: Reducing) -> Result<Self, Mismatch> {
        if stop.instrument() != take_profit.instrument() || stop.order().leg != take_profit.order().leg {
            return Err(Mismatch::Leg);
        }
        if !is_stop(stop.order()) || !is_take_profit(take_profit.order()) {
            return Err(Mismatch::Kind);
        }
        Ok(Self { stop, take_profit })
    }
    /// The stop.
    pub const fn stop(&self) -> &Reducing {
        &self.stop
    }
    /// The take profit.
    pub const fn take_profit(&self) -> &Reducing {
        &self.take_profit
    }
}

/// An entry with the protection it brings along; the venue arms it when the entry fills.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attached {
    entry: Approved<Opening>,
    stop: Option<Reducing>,
    take_profit: Option<Reducing>,
}

impl Attached {
    /// Attaches protection to an approved entry.
    ///
    /// # Errors
    /// [`Mismatch`] if nothing is attached, or something of another leg or kind.
    pub fn new(
        entry: Approved<Opening>,
        stop: Option<Reducing>,
        take_profit: Option<Reducing>,
    ) -> Result<Self, Mismatch> {
        if stop.is_none() && take_profit.is_none() {
            return Err(Mismatch::Nothing);
        }
        let opening = entry.get();
        let of_leg = |order: &Reducing| {
            *order.instrument() == opening.instrument && order.order().leg == opening.order.leg
        };
        if ![&stop, &take_profit].into_iter().flatten().all(of_leg) {
            return Err(Mismatch::Leg);
        }
        let kinds_fit = stop.as_ref().is_none_or(|order| is_stop(order.order()))
            && take_profit.as_ref().is_none_or(|order| is_take_profit(order.order()));
        if !kinds_fit {
            return Err(Mismatch::Kind);
        }
        Ok(Self { entry, stop, take_profit })
    }
    /// The entry.
    pub const fn entry(&self) -> &Opening {
        self.entry.get()
    }
    /// The stop, if one is attached.
    pub const fn stop(&self) -> Option<&Reducing> {
        self.stop.as_ref()
    }
    /// The take profit, if one is attached.
    pub const fn take_profit(&self) -> Option<&Reducing> {
        self.take_profit.as_ref()
    }
}

/// A stop that the venue moves along with the price; it only reduces. The order it fires is a market order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trailing {
    /// The instrument.
    pub instrument: InstrumentId,
    /// Our id.
    pub client_id: ClientOrderId,
    /// The leg it reduces.
    pub leg: PositionSide,
    /// Quantity in base units.
    pub quantity: Quantity,
    /// How far behind the best price it triggers, as a fraction of that price: `0.01` is one percent.
    pub callback: Decimal,
    /// The price from which on it follows; `None`: at once.
    pub activation: Option<Price>,
}

impl Trailing {
    /// The order it fires.
    pub const fn spec(&self) -> OrderSpec {
        OrderSpec {
            client_id: self.client_id,
            leg: self.leg,
            side: self.leg.closing(),
            reduce_only: true,
            quantity: self.quantity,
            kind: OrderKind::Market,
        }
    }
}

/// A change of a live order to what a ticket says. It takes a whole ticket, because a larger or dearer entry needs
/// an approval just as a new one does.
///
/// ```
/// use hyperrsi_core::exchange::Amendment;
/// use hyperrsi_core::model::*;
/// use rust_decimal_macros::dec;
/// let stop = |trigger| OrderSpec {
///     client_id: "hr1".parse().unwrap(), leg: PositionSide::Long, side: Side::Sell, reduce_only: true,
///     quantity: Quantity::new(dec!(1)),
///     kind: OrderKind::StopMarket { trigger: Price::new(trigger), source: TriggerSource::Mark },
/// };
/// let to = Reducing::new(InstrumentId::new("sim", "BTCUSDT"), stop(dec!(96))).unwrap();
/// let tighter = Amendment::new(stop(dec!(95)), Ticket::Reducing(to))?;
/// assert_eq!(tighter.price(), Some(Price::new(dec!(96))));
/// assert_eq!(tighter.quantity(), None); // stays
/// # Ok::<(), hyperrsi_core::exchange::Mismatch>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Amendment {
    was: OrderSpec,
    ticket: Ticket,
}

impl Amendment {
    /// Changes the live order `was` to what `to` says: limit or trigger price, quantity, or both.
    ///
    /// # Errors
    /// [`Mismatch`] if nothing changes, or something that cannot be amended.
    pub fn new(was: OrderSpec, to: Ticket) -> Result<Self, Mismatch> {
        let new = *to.order();
        let kind = match (was.kind, new.kind) {
            (OrderKind::Limit { time_in_force: a, .. }, OrderKind::Limit { time_in_force: b, .. }) => a == b,
            (OrderKind::StopMarket { source: a, .. }, OrderKind::StopMarket { source: b, .. })
            | (
                OrderKind::TakeProfitMarket { source: a, .. },
                OrderKind::TakeProfitMarket { source: b, .. },
            ) => a == b,
            _ => false,
        };
        let same = (was.client_id, was.leg, was.side, was.reduce_only)
            == (new.client_id, new.leg, new.side, new.reduce_only);
        if !(kind && same) {
            return Err(Mismatch::NotAnAmendment);
        }
        if was == new {
            return Err(Mismatch::NoChange);
        }
        Ok(Self { was, ticket: to })
    }
    /// The order as it is to become.
    pub const fn ticket(&self) -> &Ticket {
        &self.ticket
    }
    /// The order as it was.
    pub const fn was(&self) -> &OrderSpec {
        &self.was
    }
    /// Our id of it.
    pub const fn client_id(&self) -> ClientOrderId {
        self.was.client_id
    }
    /// Where it lives.
    pub fn class(&self) -> OrderClass {
        OrderClass::from(&self.was.kind)
    }
    /// The new limit or trigger price, if it changes.
    pub fn price(&self) -> Option<Price> {
        let new = self.ticket.order().kind.price();
        if new == self.was.kind.price() { None } else { new }
    }
    /// The new whole quantity, what has filled included, if it changes.
    pub fn quantity(&self) -> Option<Quantity> {
        let new = self.ticket.order().quantity;
        (new != self.was.quantity).then_some(new)
    }
}
