use crate::model::{
    ClientOrderId, InstrumentId, OrderKind, OrderReport, OrderSpec, OrderStatus, PositionSide, Price,
    Quantity, Side, Timestamp, VenueOrderId,
};
use serde::{Deserialize, Serialize};

/// What every client order id of this library begins with. An order with it that our journal does not know means a
/// second writer on the account (FAULTS 60).
pub const OWN_PREFIX: &str = "hr";

/// Which of a venue's two worlds an order lives in; they have their own endpoints almost everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderClass {
    /// Market and limit orders.
    Plain,
    /// Orders that wait for a trigger, attached and linked ones included.
    Conditional,
}

impl From<&OrderKind> for OrderClass {
    fn from(kind: &OrderKind) -> Self {
        match kind {
            OrderKind::Market | OrderKind::Limit { .. } => Self::Plain,
            OrderKind::StopMarket { .. } | OrderKind::TakeProfitMarket { .. } => Self::Conditional,
        }
    }
}

/// By which id an order is named.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderName {
    /// Ours. The rule for everything the engine sent.
    Client(ClientOrderId),
    /// The venue's: only for foreign orders that an operator named in a claim (TRADING 13.4).
    Venue(VenueOrderId),
}

/// An order to cancel or query.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OrderRef {
    /// The instrument.
    pub instrument: InstrumentId,
    /// The id.
    pub name: OrderName,
    /// Where it lives.
    pub class: OrderClass,
}

impl OrderRef {
    /// One of our own orders.
    pub fn own(instrument: InstrumentId, order: &OrderSpec) -> Self {
        Self { instrument, name: OrderName::Client(order.client_id), class: OrderClass::from(&order.kind) }
    }
    /// Somebody else's order.
    pub const fn foreign(instrument: InstrumentId, id: VenueOrderId, class: OrderClass) -> Self {
        Self { instrument, name: OrderName::Venue(id), class }
    }
}

/// Whose order it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// It carries our prefix.
    Own(ClientOrderId),
    /// Placed by hand or by another program; never touched unless claimed. With its client id, if it has one.
    Foreign(Option<String>),
}

impl Origin {
    /// By the client id as the venue reports it, without what the adapter itself put in front.
    ///
    /// ```
    /// use hyperrsi_core::exchange::Origin;
    /// assert!(matches!(Origin::of(Some("hr1e4bTP1")), Origin::Own(_)));
    /// assert_eq!(Origin::of(Some("web_123")), Origin::Foreign(Some("web_123".into())));
    /// assert_eq!(Origin::of(Some("")), Origin::Foreign(None));
    /// ```
    pub fn of(client_id: Option<&str>) -> Self {
        match client_id.filter(|text| !text.is_empty()) {
            None => Self::Foreign(None),
            Some(text) => match text.parse() {
                Ok(id) if text.starts_with(OWN_PREFIX) => Self::Own(id),
                _ => Self::Foreign(Some(text.into())),
            },
        }
    }
}

/// What an order at the venue does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VenueOrderKind {
    /// One of the kinds we send.
    Known(OrderKind),
    /// Another kind, in the venue's words; only foreign orders have it.
    Other(String),
}

/// The whole state of an order as the venue reports it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VenueOrder {
    /// The instrument.
    pub instrument: InstrumentId,
    /// The venue's id.
    pub id: VenueOrderId,
    /// Ours or not.
    pub origin: Origin,
    /// Where it lives.
    pub class: OrderClass,
    /// The leg it opens or reduces; `None` if the venue does not tell (foreign orders of one-way accounts).
    pub leg: Option<PositionSide>,
    /// Buy or sell.
    pub side: Side,
    /// Only reduces.
    pub reduce_only: bool,
    /// Ordered quantity in base units; `None` for "whatever is open" (close-position orders).
    pub quantity: Option<Quantity>,
    /// What it does.
    pub kind: VenueOrderKind,
    /// Where it is; a status the adapter does not know is [`OrderStatus::Unknown`], never a guess.
    pub status: OrderStatus,
    /// Filled so far, base units.
    pub filled: Quantity,
    /// Average price of what filled; `None` while nothing has.
    pub average: Option<Price>,
    /// When the venue took it.
    pub created: Timestamp,
    /// When the venue last changed it.
    pub updated: Timestamp,
    /// When its trigger fired, for conditional orders.
    pub triggered: Option<Timestamp>,
    /// The plain order its trigger created, whose id its fills carry.
    pub spawned: Option<VenueOrderId>,
}

impl VenueOrder {
    /// Our id, if it is ours.
    pub const fn client_id(&self) -> Option<ClientOrderId> {
        match self.origin {
            Origin::Own(id) => Some(id),
            Origin::Foreign(_) => None,
        }
    }

    /// The short report of an order of ours.
    pub fn report(&self) -> Option<OrderReport> {
        Some(OrderReport {
            client_id: self.client_id()?,
            status: self.status,
            filled: self.filled,
            time: self.updated,
        })
    }

    /// The order as it would be sent; `None` if it is not ours or lacks a part we always send.
    pub fn spec(&self) -> Option<OrderSpec> {
        let VenueOrderKind::Known(kind) = self.kind else { return None };
        Some(OrderSpec {
            client_id: self.client_id()?,
            leg: self.leg?,
            side: self.side,
            reduce_only: self.reduce_only,
            quantity: self.quantity?,
            kind,
        })
    }

    /// How to name it in a cancel or query.
    pub fn reference(&self) -> OrderRef {
        let name = self.client_id().map_or_else(|| OrderName::Venue(self.id.clone()), OrderName::Client);
        OrderRef { instrument: self.instrument.clone(), name, class: self.class }
    }

    /// Filled and triggered state never go back: whether `self` may replace `known` (TRADING 13.7).
    pub fn supersedes(&self, known: &Self) -> bool {
        self.id == known.id
            && self.filled >= known.filled
            && (self.updated, self.filled) >= (known.updated, known.filled)
            && (self.status == known.status || known.status.transition(self.status).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_decimal_macros::dec;

    fn order(status: OrderStatus, filled: i64, updated: i64) -> VenueOrder {
        VenueOrder {
            instrument: InstrumentId::new("sim", "BTCUSDT"),
            id: VenueOrderId::new("1"),
            origin: Origin::of(Some("hr1")),
            class: OrderClass::Plain,
            leg: Some(PositionSide::Long),
            side: Side::Buy,
            reduce_only: false,
            quantity: Some(Quantity::new(dec!(2))),
            kind: VenueOrderKind::Known(OrderKind::Market),
            status,
            filled: Quantity::new(filled.into()),
            average: None,
            created: Timestamp::EPOCH,
            updated: Timestamp::from_millis(updated),
            triggered: None,
            spawned: None,
        }
    }

    #[test]
    fn late_news_never_takes_back_a_fill_or_a_terminal_state() {
        use OrderStatus::{Cancelled, Filled, Open, PartiallyFilled};
        let known = order(PartiallyFilled, 1, 5);
        assert!(order(Filled, 2, 6).supersedes(&known));
        assert!(order(Cancelled, 1, 6).supersedes(&known));
        assert!(!order(Open, 0, 6).supersedes(&known), "fewer fills");
        assert!(!order(PartiallyFilled, 1, 4).supersedes(&known), "older");
        assert!(!order(Open, 2, 9).supersedes(&order(Filled, 2, 5)), "terminal");
    }

    #[test]
    fn foreign_orders_are_named_by_the_venues_id_and_have_no_spec() {
        let mut foreign = order(OrderStatus::Open, 0, 0);
        assert!(foreign.spec().is_some() && foreign.report().is_some());
        foreign.origin = Origin::of(Some("7up"));
        assert_eq!(foreign.reference().name, OrderName::Venue(VenueOrderId::new("1")));
        assert!(foreign.spec().is_none() && foreign.report().is_none());
    }
}
