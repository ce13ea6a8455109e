//! Orders whose fate is not known, or is not what was thought.

use crate::rig::*;
use hyperrsi::exchange::ErrorClass;
use hyperrsi::model::Span;
use hyperrsi::practice::{self, World};
use hyperrsi::prelude::*;
use hyperrsi::sim::account::fault::{Fault, Rule, Stream};
use hyperrsi::sim::account::{NewOrder, Order, Terms};
use hyperrsi::strategy::{Rest, RestingEntry};

#[tokio::test(flavor = "multi_thread")]
async fn f05_wire_a_lost_answer_is_looked_up_and_nothing_is_sent_again() {
    let rig = Rig::new().await;
    rig.fault("place", 1, Fault::DropAck);
    // Nor does the stream tell: what is left is to look it up.
    rig.happen(Fault::MuteStream { stream: Stream::Private, for_ms: Span::hours(1) });
    rig.long(dec!(0.05)).await;
    assert_eq!(rig.openings().len(), 1, "sent once");
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_wire_lost_answers_to_protection_do_not_double_it() {
    let rig = Rig::new().await;
    // The entry passes; the answers to stop and take profits are lost, the orders rest.
    rig.schedule(Rule { call: Some("place".into()), nth: 2, times: 3, at_ms: None, fault: Fault::DropAck });
    rig.long(dec!(0.05)).await;
    rig.until_events("order_settled", 1).await;
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f06_wire_an_outage_while_looking_is_not_absence_and_entries_wait() {
    let rig = Rig::new().await;
    rig.fault("place", 1, Fault::DropCall);
    for read in ["query_order", "open_orders", "order_history"] {
        rig.fault(read, 1_000, Fault::ErrorPage { status: 502, after_effect: false });
    }
    rig.enter(LONG, dec!(0.05));
    rig.until_events("order_unknown", 1).await;
    rig.enter(LONG, dec!(0.05));
    rig.until_skipped("unknown_order").await;
    assert_eq!(rig.openings().len(), 0, "nothing arrived, nothing new was sent");
    assert!(!rig.codes().await.contains(&"order_settled"), "an outage proves nothing");
    rig.heal();
    rig.until_events("order_settled", 1).await;
    rig.ready().await;
    rig.long(dec!(0.05)).await;
    assert_eq!(rig.openings().len(), 1);
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_wire_not_found_right_after_sending_is_not_believed() {
    let rig = Rig::new().await;
    rig.fault("place", 1, Fault::DropCall);
    rig.enter(LONG, dec!(0.05));
    rig.until_events("order_settled", 1).await;
    let events = rig.events().await;
    let at = |code: &str| events.iter().find(|event| event.kind.code() == code).unwrap().at;
    let sent = at("entry_sent");
    assert!(at("order_settled") - sent >= Span::seconds(10), "{} to {}", sent, at("order_settled"));
    assert_eq!(rig.openings().len(), 0, "and it was not sent again");
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f10_wire_a_cancel_whose_answer_is_lost_leaves_the_fill_in_the_books() {
    let rig = Rig::new().await;
    rig.long(dec!(0.05)).await;
    // The first take profit fills; the stop is made smaller, and of that the answer is lost.
    for change in ["amend", "cancel"] {
        rig.fault(change, 2, Fault::DropAck);
    }
    rig.go_to(dec!(61250));
    rig.until_venue("half of it", |world| held(world, &rig.instrument.id, LONG) == dec!(0.025)).await;
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f13_wire_a_refused_stop_is_told_and_tried_again() {
    let rig = Rig::new().await;
    let refused = Fault::Reject { class: ErrorClass::TooManyOrders, code: None };
    rig.schedule(Rule { call: Some("place".into()), nth: 2, times: 1, at_ms: None, fault: refused });
    rig.long(dec!(0.05)).await;
    rig.until_events("order_refused", 1).await;
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f29_wire_a_fill_before_the_answer_is_booked_and_protected_at_once() {
    let rig = Rig::new().await;
    rig.fault("place", 1, Fault::Delay { by_ms: Span::millis_of(1_200) });
    rig.enter(LONG, dec!(0.05));
    rig.until("the fill", |status| status.leg(LONG).is_some_and(|leg| leg.quantity.get() == dec!(0.05)))
        .await;
    rig.until_whole(LONG, dec!(0.05)).await;
    assert_eq!(rig.openings().len(), 1);
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f35_wire_a_page_instead_of_an_answer_leaves_an_entry_unknown_until_it_is_found() {
    let rig = Rig::new().await;
    rig.fault("place", 1, Fault::ErrorPage { status: 502, after_effect: true });
    rig.long(dec!(0.05)).await;
    assert_eq!(rig.openings().len(), 1);
    assert!(rig.codes().await.contains(&"order_unknown"));
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f63_wire_an_answer_cut_off_in_the_middle_proves_nothing() {
    let rig = Rig::new().await;
    rig.fault("place", 1, Fault::Malformed);
    rig.long(dec!(0.05)).await;
    assert_eq!(rig.openings().len(), 1);
    assert!(rig.codes().await.contains(&"order_unknown"));
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f46_wire_a_quantity_of_base_units_is_the_same_at_the_venue() {
    // BTC contracts are a hundredth, ETH contracts a tenth of a coin.
    for (symbol, quantity, contract) in
        [("BTC-USDT-SWAP", dec!(0.07), dec!(0.01)), ("ETH-USDT-SWAP", dec!(2.5), dec!(0.1))]
    {
        let mut rig = Rig::cold(true, symbol, |_| {}).await;
        rig.start().await;
        assert_eq!(rig.instrument.contract_size, contract);
        let before = rig.free();
        rig.long(quantity).await;
        let price = if symbol.starts_with("BTC") { dec!(60000) } else { dec!(3000) };
        // Isolated or cross, a third of the value is margin; fees of 0.05 % come off besides.
        let spent = before - rig.free();
        let value = quantity * price;
        assert!(spent >= value / dec!(3) && spent <= value * dec!(0.34), "{spent} of {value}");
        rig.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f20_wire_a_position_made_smaller_by_hand_gets_smaller_orders() {
    let rig = Rig::new().await;
    rig.long(dec!(0.06)).await;
    rig.by_hand(|world, now, id| {
        let order = NewOrder {
            leg: Some(LONG),
            reduce_only: true,
            ..NewOrder::new(id.clone(), Side::Sell, dec!(0.02).into(), Terms::Market)
        };
        world.account_mut().place(now, order).unwrap();
    });
    rig.until("the smaller leg", |status| {
        status.leg(LONG).is_some_and(|leg| leg.quantity.get() == dec!(0.04))
    })
    .await;
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f21_wire_protection_cancelled_by_hand_is_placed_again() {
    let rig = Rig::new().await;
    rig.long(dec!(0.05)).await;
    let stop = |world: &mut World| {
        let orders = resting(world, &rig.instrument.id);
        orders.stops(LONG).next().map(|order| order.number)
    };
    let first = rig.server.act(stop).unwrap().unwrap();
    rig.happen(Fault::CancelByHand { client_id: None, conditional: true });
    rig.until_venue("another stop", |world| stop(world).is_some_and(|number| number != first)).await;
    rig.until_events("protection_removed", 1).await;
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f08_wire_cancelled_without_fills_is_checked_against_the_fills() {
    let rig = Rig::new().await;
    // What the stream would say of the fill is lost; what it does say is that the entry ended with nothing filled.
    rig.happen(Fault::MuteStream { stream: Stream::Private, for_ms: Span::seconds(20) });
    rig.enter(LONG, dec!(0.05));
    rig.until_venue("the fill", |world| held(world, &rig.instrument.id, LONG) == dec!(0.05)).await;
    let entry = rig.openings().remove(0);
    rig.say(Stream::Private, rig.pushed(&entry, "canceled", "\"0\""));
    rig.until_whole(LONG, dec!(0.05)).await;
    assert_eq!(rig.openings(), [entry], "what was said to be cancelled is not sent again");
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f09_wire_a_part_that_filled_before_a_cancel_is_protected() {
    let depth = |practice: &mut practice::Practice| practice.setup.depth = Some(dec!(0.002).into());
    let mut rig = Rig::cold(true, "BTC-USDT-SWAP", depth).await;
    rig.start().await;
    let size = Size::Base(dec!(0.05).into());
    let entry = RestingEntry {
        key: 1,
        side: LONG,
        price: Price::new(dec!(59900)),
        size,
        exits: exits().into(),
        lot: None,
    };
    rig.decide(Decision { rest: Rest::Set(vec![entry]), ..Decision::hold() });
    let opens = |order: &&Order| !order.sent.reduce_only && order.sent.side == Side::Buy;
    rig.until_venue("it rests", |world| world.account().live_orders().any(|order| opens(&order))).await;
    // The market trades at its price once or twice, and each time only a part.
    rig.go_to(dec!(59900));
    rig.go_to(dec!(60000));
    rig.until_venue("a part", |world| !held(world, &rig.instrument.id, LONG).is_zero()).await;
    rig.decide(Decision { rest: Rest::Set(Vec::new()), ..Decision::hold() });
    rig.until_venue("the rest is withdrawn", |world| {
        !world.account().live_orders().any(|order| opens(&order))
    })
    .await;
    let part = rig.server.act(|world| held(world, &rig.instrument.id, LONG)).unwrap();
    assert!(part > Decimal::ZERO && part < dec!(0.05), "{part}");
    rig.until_whole(LONG, part).await; // stop and ladder are for what is there
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f11_wire_a_take_profit_and_a_stop_at_once_never_turn_the_position() {
    for hedged in [true, false] {
        let mut rig = Rig::cold(hedged, "BTC-USDT-SWAP", |_| {}).await;
        rig.start().await;
        rig.long(dec!(0.05)).await;
        // Both happen before the trader hears of either.
        rig.go_to(dec!(61250));
        rig.go_to(dec!(59300));
        rig.until("flat", |status| status.legs.is_empty()).await;
        let turned = rig.server.act(|world| held(world, &rig.instrument.id, SHORT)).unwrap();
        assert_eq!(turned, Decimal::ZERO);
        rig.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f14_wire_without_a_stop_for_too_long_nothing_more_is_opened() {
    let rig = Rig::new().await;
    let refused = Fault::Reject { class: ErrorClass::TooManyOrders, code: None };
    rig.schedule(Rule { call: Some("place".into()), nth: 2, times: 100_000, at_ms: None, fault: refused });
    rig.enter(LONG, dec!(0.05));
    rig.until("the gate", |status| status.gates.iter().any(|gate| gate.code.as_str() == "unprotected")).await;
    rig.enter(SHORT, dec!(0.05));
    rig.until_skipped("unprotected").await;
    assert_eq!(rig.openings().len(), 1);
    rig.heal();
    rig.until_whole(LONG, dec!(0.05)).await;
    rig.until_events("protection_restored", 1).await;
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f18_wire_a_stop_that_cannot_be_moved_stays_where_it_is() {
    let rig = Rig::new().await;
    let exits = ExitPlan::new()
        .stop_loss(Distance::percent(dec!(1)))
        .take_profit(Distance::percent(dec!(2)), dec!(50))
        .break_even_after(1)
        .take_profit(Distance::percent(dec!(4)), dec!(50));
    rig.enter_with(LONG, dec!(0.05), exits);
    rig.until_whole(LONG, dec!(0.05)).await;
    let trigger = |world: &World| {
        let orders = resting(world, &rig.instrument.id);
        let triggers = orders.stops(LONG).map(|order| match order.sent.terms {
            Terms::Trigger { stop: Some(stop), .. } => stop.price.get(),
            _ => Decimal::ZERO,
        });
        triggers.max()
    };
    let refused =
        |call: &str| rig.fault(call, 6, Fault::Reject { class: ErrorClass::TooManyOrders, code: None });
    // On the way, so that the price is known to be above break-even when the level fills.
    rig.go_to(dec!(60900));
    rig.until("the price", |status| status.price.is_some_and(|(price, _)| price.get() == dec!(60900))).await;
    ["amend", "place"].into_iter().for_each(refused);
    rig.go_to(dec!(61250)); // the first take profit: to break-even
    rig.until_venue("half of it", |world| held(world, &rig.instrument.id, LONG) == dec!(0.025)).await;
    // The old one stands until the new one does.
    let mut least = dec!(59400);
    let looks = std::sync::Mutex::new(Vec::new());
    rig.until_venue("break-even", |world| {
        let stop = trigger(world);
        looks.lock().unwrap().push(stop);
        stop.is_none_or(|stop| stop >= dec!(60000))
    })
    .await;
    for stop in looks.into_inner().unwrap() {
        assert!(stop.is_some_and(|stop| stop >= least), "{stop:?} after {least}:\n{}", rig.story().await);
        least = stop.unwrap();
    }
    rig.end().await;
}
