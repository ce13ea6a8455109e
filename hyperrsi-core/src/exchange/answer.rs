//! What an account answers.

use super::{
    AccountConfig, CashFlow, ErrorClass, ExchangeError, LeverageSetting, Refused, VenueFill, VenueOrder,
    VenueOrderId, VenuePosition,
};
use crate::model::{Balance, ClientOrderId, OrderStatus, PositionMode, Span, Timestamp};
use serde::{Deserialize, Serialize};

/// The answer to one [`Request`](super::Request).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Answer {
    /// What became of one order request.
    Order(OrderOutcome),
    /// What became of each of several, in the order asked.
    Orders(Vec<OrderOutcome>),
    /// Where an order is.
    Lookup(Lookup),
    /// Live orders.
    OpenOrders(Vec<VenueOrder>),
    /// Fills, oldest first.
    Fills(Page<VenueFill>),
    /// Funding, transfers, conversions; oldest first.
    CashFlows(Page<CashFlow>),
    /// Open positions; a leg that is not listed is flat.
    Positions(Vec<VenuePosition>),
    /// What the account holds.
    Balances(Vec<Balance>),
    /// Modes, permissions, fees.
    AccountConfig(AccountConfig),
    /// Leverage and margin mode as read back.
    Leverage(LeverageSetting),
    /// The position mode as read back.
    PositionMode(PositionMode),
    /// The venue's clock.
    ServerTime(Timestamp),
}

impl Answer {
    /// The name, for logs and errors.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Order(_) => "order",
            Self::Orders(_) => "orders",
            Self::Lookup(_) => "lookup",
            Self::OpenOrders(_) => "open_orders",
            Self::Fills(_) => "fills",
            Self::CashFlows(_) => "cash_flows",
            Self::Positions(_) => "positions",
            Self::Balances(_) => "balances",
            Self::AccountConfig(_) => "account_config",
            Self::Leverage(_) => "leverage",
            Self::PositionMode(_) => "position_mode",
            Self::ServerTime(_) => "server_time",
        }
    }
}

/// Part of a longer list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The items, oldest first.
    pub items: Vec<T>,
    /// Whether there is more: ask again from the last item's time on, and drop what was seen by its id.
    pub more: bool,
}

/// What became of an order request. There is no fourth case and none may be guessed.
///
/// ```
/// use hyperrsi_core::exchange::{ErrorClass, ExchangeError, OrderOutcome};
/// let gone = OrderOutcome::from(ExchangeError::Timeout { after: None });
/// assert!(matches!(gone, OrderOutcome::Unknown { class: ErrorClass::Timeout, .. }));
/// let no = OrderOutcome::from(ExchangeError::RateLimited { retry_after: None });
/// assert!(matches!(no, OrderOutcome::Refused(_)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderOutcome {
    /// The venue did it.
    Done(Accepted),
    /// The venue did not do it, for certain.
    Refused(Refused),
    /// Nobody knows. The order is queried until somebody does; meanwhile no new risk on the leg.
    Unknown {
        /// What was in the way.
        class: ErrorClass,
        /// In words, for the log.
        message: String,
    },
}

impl From<ExchangeError> for OrderOutcome {
    fn from(error: ExchangeError) -> Self {
        if error.outcome_known() {
            let class = error.class();
            let message = error.to_string();
            error.into_refused().map_or(Self::Unknown { class, message }, Self::Refused)
        } else {
            Self::Unknown { class: error.class(), message: error.to_string() }
        }
    }
}

/// The venue's word for an order it took, changed or cancelled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// Our id; `None` for a foreign order.
    pub client_id: Option<ClientOrderId>,
    /// The venue's id, if the answer names it.
    pub venue_id: Option<VenueOrderId>,
    /// Where the order is, as far as the answer tells. A cancel that was only taken note of leaves it live; the
    /// report that follows ends it.
    pub status: OrderStatus,
    /// Venue time of the answer.
    pub time: Timestamp,
}

/// Where an order is. Time-outs and transport errors are `Unknown`, never `Absent` (TRADING 13.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lookup {
    /// Here, in this state.
    Found(Box<VenueOrder>),
    /// Nowhere: **every** endpoint where it could be says so, and the grace since its sending is over.
    Absent,
    /// Cannot be told yet.
    Unknown {
        /// What was in the way; `None` inside the grace.
        class: Option<ErrorClass>,
    },
}

impl Lookup {
    /// The lookup of an order that no endpoint knows: absent, or still unknown inside the grace.
    ///
    /// ```
    /// use hyperrsi_core::exchange::Lookup;
    /// use hyperrsi_core::model::{Span, Timestamp};
    /// let sent = Timestamp::from_millis(1_000);
    /// let grace = Span::seconds(10);
    /// assert_eq!(Lookup::nowhere(sent, sent + Span::seconds(9), grace), Lookup::Unknown { class: None });
    /// assert_eq!(Lookup::nowhere(sent, sent + Span::seconds(10), grace), Lookup::Absent);
    /// ```
    pub fn nowhere(submitted: Timestamp, now: Timestamp, grace: Span) -> Self {
        if now - submitted >= grace { Self::Absent } else { Self::Unknown { class: None } }
    }
}

impl From<ExchangeError> for Lookup {
    /// A failed query tells nothing.
    fn from(error: ExchangeError) -> Self {
        Self::Unknown { class: Some(error.class()) }
    }
}
