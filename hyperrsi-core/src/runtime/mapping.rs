//! Between what a trader says and what a venue understands. Nothing is decided here; every case is listed.

use crate::exchange::{
    self, Amendment, ErrorClass, ExchangeError, Mismatch, OrderName, OrderOutcome, OrderRef, Request,
};
use crate::model::{
    Approved, ClientOrderId, InstrumentId, Opening, OrderSpec, OrderStatus, Reducing, Ticket, Timestamp,
};
use crate::trader::{Answer, Lookup, RejectClass};

/// What a trader decides by, of all that a venue may refuse for.
pub(crate) const fn reject_class(class: ErrorClass) -> RejectClass {
    match class {
        ErrorClass::InsufficientMargin => RejectClass::InsufficientMargin,
        ErrorClass::AlreadyThrough => RejectClass::AlreadyThrough,
        ErrorClass::ReduceOnlyRejected => RejectClass::ReduceOnly,
        ErrorClass::DuplicateClientId => RejectClass::DuplicateId,
        ErrorClass::FilterChanged => RejectClass::FilterChanged,
        ErrorClass::ModeMismatch => RejectClass::ModeMismatch,
        ErrorClass::OrderNotLive => RejectClass::NotFound,
        ErrorClass::Connectivity
        | ErrorClass::Timeout
        | ErrorClass::VenueFault
        | ErrorClass::RateLimited
        | ErrorClass::Banned
        | ErrorClass::Auth
        | ErrorClass::Permission
        | ErrorClass::ClockSkew
        | ErrorClass::Maintenance
        | ErrorClass::InvalidRequest
        | ErrorClass::InstrumentUnknown
        | ErrorClass::InstrumentHalted
        | ErrorClass::PositionLimit
        | ErrorClass::PriceBand
        | ErrorClass::MinNotional
        | ErrorClass::TooManyOrders
        | ErrorClass::WouldTake
        | ErrorClass::Unsupported
        | ErrorClass::Retired
        | ErrorClass::Malformed
        | ErrorClass::WrongAnswer
        | ErrorClass::Other => RejectClass::Other,
    }
}

/// The outcome of place, amend or cancel. A transport error is a refusal only where it proves that nothing happened; an
/// answer of another kind proves nothing.
pub(crate) fn outcome(result: Result<exchange::Answer, ExchangeError>) -> OrderOutcome {
    match result {
        Ok(exchange::Answer::Order(outcome)) => outcome,
        Ok(other) => {
            OrderOutcome::from(ExchangeError::WrongAnswer { asked: "order".into(), got: other.name().into() })
        }
        Err(error) => OrderOutcome::from(error),
    }
}

/// What was asked of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Place,
    Amend,
    Cancel,
}

/// The same for a trader. `None`: a cancel was only taken note of, and the report that ends the order is the answer.
///
/// An accepted order that is said to have ended already may have filled in part; how much is not in an answer, so that
/// it counts as unknown and is looked up (FAULTS 8).
pub(crate) fn answer(asked: Asked, outcome: &OrderOutcome) -> Option<Answer> {
    use OrderStatus::{Cancelled, Filled, Open, PartiallyFilled, Pending, Rejected, Unknown};
    Some(match outcome {
        OrderOutcome::Done(accepted) => match (asked, accepted.status) {
            (Asked::Cancel, Cancelled) => Answer::Done,
            (Asked::Cancel, Pending | Open | PartiallyFilled) => return None,
            (Asked::Cancel, Filled | Rejected | Unknown) => Answer::Unknown,
            (Asked::Place | Asked::Amend, Pending | Open | PartiallyFilled | Filled) => Answer::Done,
            (Asked::Place | Asked::Amend, Cancelled | Rejected | Unknown) => Answer::Unknown,
        },
        OrderOutcome::Refused(refused) => Answer::Refused(reject_class(refused.class), refused.to_string()),
        OrderOutcome::Unknown { .. } => Answer::Unknown,
    })
}

/// The class of what went wrong, if something did.
pub(crate) const fn failure(outcome: &OrderOutcome) -> Option<ErrorClass> {
    match outcome {
        OrderOutcome::Done(_) => None,
        OrderOutcome::Refused(refused) => Some(refused.class),
        OrderOutcome::Unknown { class, .. } => Some(*class),
    }
}

/// Where an order is. A failed query and a found order that is not the one asked for tell nothing.
pub(crate) fn lookup(id: ClientOrderId, result: Result<exchange::Answer, ExchangeError>) -> Lookup {
    match result {
        Ok(exchange::Answer::Lookup(exchange::Lookup::Found(order))) => match order.report() {
            Some(report) if report.client_id == id && report.status != OrderStatus::Unknown => {
                Lookup::Found(report)
            }
            _ => Lookup::Unknown,
        },
        Ok(exchange::Answer::Lookup(exchange::Lookup::Absent)) => Lookup::Absent,
        Ok(exchange::Answer::Lookup(exchange::Lookup::Unknown { .. }) | _) | Err(_) => Lookup::Unknown,
    }
}

/// A cancel of one of our own orders.
pub(crate) fn cancel(instrument: &InstrumentId, order: &OrderSpec) -> Request {
    Request::Cancel(OrderRef::own(instrument.clone(), order))
}

/// A query for one of our own orders, sent at `submitted`.
pub(crate) fn query(instrument: &InstrumentId, order: &OrderSpec, submitted: Timestamp) -> Request {
    Request::QueryOrder { order: OrderRef::own(instrument.clone(), order), submitted }
}

/// A query for an order of ours of which only the id is left.
pub(crate) fn query_by_id(
    instrument: &InstrumentId,
    id: ClientOrderId,
    class: exchange::OrderClass,
    submitted: Timestamp,
) -> Request {
    let order = OrderRef { instrument: instrument.clone(), name: OrderName::Client(id), class };
    Request::QueryOrder { order, submitted }
}

/// Why a change cannot be sent as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotAmended {
    /// The order is as it should be already.
    Nothing,
    /// It has to be cancelled and placed again.
    Impossible,
}

/// The change of a live order from `was` to `to`. An order that opens needs a new approval of the account.
pub(crate) fn amend(
    instrument: &InstrumentId,
    was: OrderSpec,
    to: OrderSpec,
    approval: Option<Approved<Opening>>,
) -> Result<Request, NotAmended> {
    let ticket = match approval {
        Some(approved) => Ticket::Opening(approved),
        None => Reducing::new(instrument.clone(), to).map(Ticket::Reducing).ok_or(NotAmended::Impossible)?,
    };
    Amendment::new(was, ticket).map(Request::Amend).map_err(|mismatch| match mismatch {
        Mismatch::NoChange => NotAmended::Nothing,
        _ => NotAmended::Impossible,
    })
}

#[cfg(test)]
mod tests;
