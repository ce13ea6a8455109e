use super::*;
use crate::exchange::{Accepted, Page, Refused, VenueOrder, VenueOrderId, VenueOrderKind};
use crate::model::{
    OrderKind, PositionMode, PositionSide, Price, Quantity, Side, TimeInForce, TriggerSource,
};

fn btc() -> InstrumentId {
    InstrumentId::new("sim", "BTCUSDT")
}

fn id() -> ClientOrderId {
    "hr1".parse().unwrap()
}

fn spec(kind: OrderKind) -> OrderSpec {
    OrderSpec {
        client_id: id(),
        leg: PositionSide::Long,
        side: Side::Sell,
        reduce_only: true,
        quantity: Quantity::new(2.into()),
        kind,
    }
}

fn stop(trigger: i64) -> OrderKind {
    OrderKind::StopMarket { trigger: Price::new(trigger.into()), source: TriggerSource::Mark }
}

fn accepted(status: OrderStatus) -> Accepted {
    Accepted { client_id: Some(id()), venue_id: None, status, time: Timestamp::EPOCH }
}

/// Every answer that is not about one order.
fn others() -> Vec<exchange::Answer> {
    use exchange::Answer;
    vec![
        Answer::Orders(vec![]),
        Answer::OpenOrders(vec![]),
        Answer::Fills(Page { items: vec![], more: false }),
        Answer::CashFlows(Page { items: vec![], more: false }),
        Answer::Positions(vec![]),
        Answer::Balances(vec![]),
        Answer::PositionMode(PositionMode::Hedge),
        Answer::ServerTime(Timestamp::EPOCH),
    ]
}

#[test]
fn every_class_of_error_becomes_what_a_trader_decides_by() {
    for class in ErrorClass::ALL {
        let told = answer(Asked::Place, &outcome(Err(ExchangeError::from_venue(*class, "7", "no"))));
        // The venue's own table of classes says which of them prove that nothing happened.
        match (class.outcome_known(), told.as_ref().unwrap()) {
            (false, Answer::Unknown) => {}
            (true, Answer::Refused(rejected, message)) => {
                assert_eq!(*rejected, reject_class(*class));
                assert!(!message.is_empty());
            }
            other => panic!("{class}: {other:?}"),
        }
    }
}

#[test]
fn the_classes_a_trader_reacts_to_keep_their_meaning() {
    for (class, expected) in [
        (ErrorClass::InsufficientMargin, RejectClass::InsufficientMargin),
        (ErrorClass::AlreadyThrough, RejectClass::AlreadyThrough),
        (ErrorClass::ReduceOnlyRejected, RejectClass::ReduceOnly),
        (ErrorClass::DuplicateClientId, RejectClass::DuplicateId),
        (ErrorClass::FilterChanged, RejectClass::FilterChanged),
        (ErrorClass::ModeMismatch, RejectClass::ModeMismatch),
        (ErrorClass::OrderNotLive, RejectClass::NotFound),
        (ErrorClass::RateLimited, RejectClass::Other),
    ] {
        let refused = OrderOutcome::Refused(Refused::new(class, None, "m"));
        assert!(
            matches!(answer(Asked::Amend, &refused), Some(Answer::Refused(told, _)) if told == expected),
            "{class}"
        );
    }
}

#[test]
fn an_order_is_done_only_by_an_answer_about_an_order() {
    let done = outcome(Ok(exchange::Answer::Order(OrderOutcome::Done(accepted(OrderStatus::Open)))));
    assert_eq!(answer(Asked::Place, &done), Some(Answer::Done));
    for other in others() {
        assert_eq!(answer(Asked::Place, &outcome(Ok(other))), Some(Answer::Unknown));
    }
}

#[test]
fn an_order_is_absent_only_if_the_venue_says_so() {
    let venue_order = |status| VenueOrder {
        instrument: btc(),
        id: VenueOrderId::new("1"),
        origin: exchange::Origin::Own(id()),
        class: exchange::OrderClass::Plain,
        leg: Some(PositionSide::Long),
        side: Side::Sell,
        reduce_only: true,
        quantity: Some(Quantity::new(2.into())),
        kind: VenueOrderKind::Known(OrderKind::Market),
        status,
        filled: Quantity::ZERO,
        average: None,
        created: Timestamp::EPOCH,
        updated: Timestamp::EPOCH,
        triggered: None,
        spawned: None,
    };
    let found = |order| Ok(exchange::Answer::Lookup(exchange::Lookup::Found(Box::new(order))));
    assert!(matches!(lookup(id(), found(venue_order(OrderStatus::Open))), Lookup::Found(_)));
    let other = "hr2".parse().unwrap();
    assert_eq!(lookup(other, found(venue_order(OrderStatus::Open))), Lookup::Unknown, "another order");
    assert_eq!(lookup(id(), found(venue_order(OrderStatus::Unknown))), Lookup::Unknown);
    assert_eq!(lookup(id(), Ok(exchange::Answer::Lookup(exchange::Lookup::Absent))), Lookup::Absent);
    let unknown = exchange::Lookup::Unknown { class: None };
    assert_eq!(lookup(id(), Ok(exchange::Answer::Lookup(unknown))), Lookup::Unknown);
    for class in ErrorClass::ALL {
        let failed = Err(ExchangeError::from_venue(*class, "7", "no such order"));
        assert_eq!(lookup(id(), failed), Lookup::Unknown, "{class}");
    }
    for answer in others() {
        assert_eq!(lookup(id(), Ok(answer)), Lookup::Unknown);
    }
}

#[test]
fn only_what_can_be_amended_is() {
    let change = |to| amend(&btc(), spec(stop(95)), to, None);
    assert!(matches!(change(spec(stop(96))), Ok(Request::Amend(_))));
    assert_eq!(change(spec(stop(95))), Err(NotAmended::Nothing));
    assert_eq!(change(spec(OrderKind::Market)), Err(NotAmended::Impossible));
    let opening = OrderSpec { reduce_only: false, side: Side::Buy, ..spec(stop(96)) };
    assert_eq!(change(opening), Err(NotAmended::Impossible), "an opening needs an approval");
}

#[test]
fn own_orders_are_named_by_our_id_in_the_world_they_live_in() {
    let limit =
        OrderKind::Limit { price: Price::new(110.into()), time_in_force: TimeInForce::GoodTillCancelled };
    for (kind, class) in [
        (stop(95), exchange::OrderClass::Conditional),
        (limit, exchange::OrderClass::Plain),
        (OrderKind::Market, exchange::OrderClass::Plain),
    ] {
        let expected = OrderRef { instrument: btc(), name: OrderName::Client(id()), class };
        assert_eq!(cancel(&btc(), &spec(kind)), Request::Cancel(expected.clone()));
        let submitted = Timestamp::from_millis(7);
        let query_request = Request::QueryOrder { order: expected, submitted };
        assert_eq!(query(&btc(), &spec(kind), submitted), query_request);
        assert_eq!(query_by_id(&btc(), id(), class, submitted), query_request);
    }
}

#[test]
fn what_an_accepted_order_is_said_to_be_decides_the_answer() {
    let done = Some(Answer::Done);
    let unknown = Some(Answer::Unknown);
    for (status, placed, cancelled) in [
        (OrderStatus::Pending, &done, &None),
        (OrderStatus::Open, &done, &None),
        (OrderStatus::PartiallyFilled, &done, &None),
        (OrderStatus::Filled, &done, &unknown),
        (OrderStatus::Cancelled, &unknown, &done),
        (OrderStatus::Rejected, &unknown, &unknown),
        (OrderStatus::Unknown, &unknown, &unknown),
    ] {
        let outcome = OrderOutcome::Done(accepted(status));
        assert_eq!(&answer(Asked::Place, &outcome), placed, "place {status:?}");
        assert_eq!(&answer(Asked::Amend, &outcome), placed, "amend {status:?}");
        assert_eq!(&answer(Asked::Cancel, &outcome), cancelled, "cancel {status:?}");
    }
}
