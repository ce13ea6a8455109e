use super::*;
use crate::account::Account as Books;
use crate::exchange::{
    AccountEvent, Amendment, Answer, Attached, ErrorClass, ExchangeError, Linked, Lookup, OrderOutcome,
    OrderRef, Request,
};
use crate::model::{
    Approved, MarginMode, Opening, OrderKind, OrderSpec, PositionMode, Reducing, RequestId, Span, Ticket,
};
use crate::risk::Size as Amounts;
use crate::trader::Reserve;

fn spec(id: &str, side: Side, reduce_only: bool, kind: OrderKind) -> OrderSpec {
    OrderSpec {
        client_id: id.parse().unwrap(),
        leg: PositionSide::Long,
        side,
        reduce_only,
        quantity: quantity(dec!(1)),
        kind,
    }
}

/// An opening the accounting half has approved.
fn approved(order: OrderSpec) -> Approved<Opening> {
    let mut books = Books::new("a".into(), amount(dec!(1000000)), Decimal::ZERO);
    let [contract, _] = instruments();
    let slot = books.register(contract, 10, MarginMode::Isolated).unwrap();
    let ask = Reserve {
        request: RequestId(1),
        size: Amounts::Base(order.quantity),
        order,
        price: price(dec!(100)),
        min_entry_notional: None,
        at_most: None,
        by_hand: false,
    };
    *books.review(NOW, slot, &ask).unwrap()
}

fn entry(id: &str, kind: OrderKind) -> Approved<Opening> {
    approved(spec(id, Side::Buy, false, kind))
}

fn exit(id: &str, kind: OrderKind) -> Reducing {
    Reducing::new(swap(), spec(id, Side::Sell, true, kind)).unwrap()
}

fn at_market(id: &str) -> Request {
    Request::Place(Ticket::Opening(entry(id, OrderKind::Market)))
}

fn stop_at(trigger: Decimal) -> OrderKind {
    OrderKind::StopMarket { trigger: price(trigger), source: TriggerSource::Last }
}

fn limit_at(at: Decimal) -> OrderKind {
    OrderKind::Limit { price: price(at), time_in_force: TimeInForce::GoodTillCancelled }
}

fn outcome(account: &mut Account, request: &Request) -> OrderOutcome {
    match account.call(at(1), request).unwrap() {
        Answer::Order(outcome) => outcome,
        other => panic!("{other:?}"),
    }
}

fn done(account: &mut Account, request: &Request) -> OrderStatus {
    match outcome(account, request) {
        OrderOutcome::Done(accepted) => accepted.status,
        other => panic!("{other:?}"),
    }
}

fn refusal(account: &mut Account, request: &Request) -> ErrorClass {
    match outcome(account, request) {
        OrderOutcome::Refused(refused) => refused.class,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_order_and_its_fill_come_back_under_our_id() {
    for mode in [PositionMode::OneWay, PositionMode::Hedge] {
        let mut setup = setup();
        setup.position_mode = mode;
        let mut account = account(setup);
        assert_eq!(done(&mut account, &at_market("hr1")), OrderStatus::Filled);
        assert_eq!(
            done(&mut account, &Request::Place(Ticket::Reducing(exit("hr2", stop_at(dec!(95)))))),
            OrderStatus::Open
        );
        account.glide(at(2), &swap(), price(dec!(94))).unwrap();
        let events: Vec<AccountEvent> =
            std::iter::from_fn(|| account.poll()).filter_map(Event::view).collect();
        let fills: Vec<_> = events
            .iter()
            .filter_map(|event| match event {
                AccountEvent::Fill(fill) => Some((fill.fill.client_id.unwrap().to_string(), fill.fill.leg)),
                _ => None,
            })
            .collect();
        // The stop's fill carries the stop's id, though the venue's own order filled.
        assert_eq!(fills, [("hr1".into(), PositionSide::Long), ("hr2".into(), PositionSide::Long)]);
        let mut orders = events.iter().filter_map(|event| match event {
            AccountEvent::Order(order) => Some(order),
            _ => None,
        });
        assert!(
            orders.clone().all(|order| order.client_id().is_some() && order.leg == Some(PositionSide::Long))
        );
        assert_eq!(orders.next_back().unwrap().status, OrderStatus::Filled);
        let Answer::Positions(open) = account.call(at(3), &Request::Positions { instrument: None }).unwrap()
        else {
            panic!("positions")
        };
        assert_eq!(open, []);
    }
}

#[test]
fn a_repeated_id_leaves_the_order_unknown_and_a_query_finds_the_first() {
    let mut account = account(setup());
    done(&mut account, &at_market("hr1"));
    let again = outcome(&mut account, &at_market("hr1"));
    assert!(matches!(again, OrderOutcome::Unknown { class: ErrorClass::DuplicateClientId, .. }), "{again:?}");
    let find = |account: &mut Account, id: &str, now| {
        let order = OrderRef::own(swap(), &spec(id, Side::Buy, false, OrderKind::Market));
        match account.call(now, &Request::QueryOrder { order, submitted: at(1) }).unwrap() {
            Answer::Lookup(found) => found,
            other => panic!("{other:?}"),
        }
    };
    assert!(
        matches!(find(&mut account, "hr1", at(1)), Lookup::Found(order) if order.status == OrderStatus::Filled)
    );
    assert_eq!(find(&mut account, "hr2", at(10)), Lookup::Unknown { class: None });
    assert_eq!(find(&mut account, "hr2", at(11)), Lookup::Absent);
    assert_eq!(account.executions().len(), 1);
}

#[test]
fn protection_is_attached_linked_amended_and_cancelled() {
    let mut account = account(setup());
    let attached = Attached::new(
        entry("hr1", OrderKind::Market),
        Some(exit("hr2", stop_at(dec!(90)))),
        Some(exit("hr3", limit_at(dec!(120)))),
    )
    .unwrap();
    done(&mut account, &Request::PlaceAttached(attached));
    let open =
        |account: &mut Account| match account.call(at(1), &Request::OpenOrders { instrument: None }).unwrap()
        {
            Answer::OpenOrders(orders) => orders
                .into_iter()
                .map(|one| (one.client_id().unwrap().to_string(), one.spec().unwrap()))
                .collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
    let names: Vec<_> = open(&mut account).into_iter().map(|(id, _)| id).collect();
    assert_eq!(names, ["hr2", "hr3"]);
    let was = open(&mut account)[0].1;
    let tighter = Amendment::new(was, Ticket::Reducing(exit("hr2", stop_at(dec!(96))))).unwrap();
    done(&mut account, &Request::Amend(tighter));
    assert_eq!(open(&mut account)[0].1.kind, stop_at(dec!(96)));
    let stop = Request::Cancel(OrderRef::own(swap(), &was));
    assert_eq!(done(&mut account, &stop), OrderStatus::Cancelled);
    assert_eq!(refusal(&mut account, &stop), ErrorClass::OrderNotLive);
    let pair = Linked::new(exit("hr4", stop_at(dec!(95))), exit("hr5", limit_at(dec!(110)))).unwrap();
    let Answer::Orders(outcomes) = account.call(at(1), &Request::PlaceLinked(pair)).unwrap() else {
        panic!("two")
    };
    assert!(outcomes.iter().all(|one| matches!(one, OrderOutcome::Done(_))), "{outcomes:?}");
    account.glide(at(2), &swap(), price(dec!(111))).unwrap();
    // hr5 closed the leg at 110; hr3 at 120 is what an attached pair leaves behind (FAULTS 12).
    let names: Vec<_> = open(&mut account).into_iter().map(|(id, _)| id).collect();
    assert_eq!((names, net(&account)), (vec!["hr3".to_owned()], dec!(0)));
}

#[test]
fn a_mode_flipped_by_hand_is_a_mismatch_until_it_is_read() {
    let mut account = account(setup());
    account.flip_position_mode().unwrap();
    assert_eq!(refusal(&mut account, &at_market("hr1")), ErrorClass::ModeMismatch);
    let Answer::AccountConfig(config) = account.call(at(1), &Request::AccountConfig).unwrap() else {
        panic!("config")
    };
    assert_eq!(config.position_mode, PositionMode::Hedge);
    assert_eq!(done(&mut account, &at_market("hr2")), OrderStatus::Filled);
}

#[test]
fn settings_are_read_back_or_refused_with_a_class() {
    let mut account = account(setup());
    let set = Request::SetLeverage { instrument: swap(), margin_mode: MarginMode::Isolated, leverage: 7 };
    let Answer::Leverage(setting) = account.call(NOW, &set).unwrap() else { panic!("leverage") };
    assert_eq!((setting.long, setting.short), (7, 7));
    done(&mut account, &at_market("hr1"));
    let error = account.call(NOW, &Request::SetPositionMode { mode: PositionMode::Hedge }).unwrap_err();
    assert_eq!(error.class(), ErrorClass::ModeMismatch);
    assert!(matches!(error, ExchangeError::Refused(_)));
}

#[test]
fn fills_come_in_pages_from_a_time_on() {
    let mut account = account(setup());
    for (second, id) in [(1, "hr1"), (2, "hr2"), (3, "hr3")] {
        account.call(at(second), &at_market(id)).unwrap();
    }
    let mut page = |since, limit| match account
        .call(at(9), &Request::Fills { instrument: Some(swap()), since, limit })
    {
        Ok(Answer::Fills(page)) => {
            (page.items.iter().map(|fill| fill.fill.time.seconds()).collect::<Vec<_>>(), page.more)
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(page(at(1), 2), (vec![1, 2], true));
    assert_eq!(page(at(2), 2), (vec![2, 3], false));
    assert_eq!(page(at(3) + Span::millis_of(1), 5), (vec![], false));
}
