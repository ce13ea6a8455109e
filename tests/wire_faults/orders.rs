//! Orders whose fate is not known, or is not what was thought.

use crate::rig::*;
use hyperrsi::exchange::ErrorClass;
use hyperrsi::model::Span;
use hyperrsi::practice::World;
use hyperrsi::prelude::*;
use hyperrsi::sim::account::fault::{Fault, Rule, Stream};
use hyperrsi::sim::account::{NewOrder, Terms};

#[tokio::test(flavor = "multi_thread")]
async fn f05_wire_a_lost_answer_is_looked_up_and_nothing_is_sent_again() {
    let rig = Rig::new().await;
    rig.fault("place", 1, Fault::DropAck);
    // Nor does the stream tell: what is left is to look it up.
    rig.happen(Fault::MuteStream { stream: Stream::Private, for_ms: Span::hours(1) });
    rig.long(dec!(0.05)).await;
    assert_eq!(rig.openings().len(), 1, "sent once");
    rig.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_wire_lost_answers_to_protection_do_not_double_it() {
    let rig = Rig::new().await;
    // The entry passes; the answers to stop and take profits are lost, the orders rest.
    rig.schedule(Rule { call: Some("place".into()), nth: 2, times: 3, at_ms: None, fault: Fault::DropAck });
    rig.long(dec!(0.05)).await;
    rig.until_events("order_settled", 1).await;
    rig.assert_sound().await;
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
    rig.assert_sound().await;
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
    rig.assert_sound().await;
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
    rig.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f13_wire_a_refused_stop_is_told_and_tried_again() {
    let rig = Rig::new().await;
    let refused = Fault::Reject { class: ErrorClass::TooManyOrders, code: None };
    rig.schedule(Rule { call: Some("place".into()), nth: 2, times: 1, at_ms: None, fault: refused });
    rig.long(dec!(0.05)).await;
    rig.until_events("order_refused", 1).await;
    rig.assert_sound().await;
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
    rig.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f35_wire_a_page_instead_of_an_answer_leaves_an_entry_unknown_until_it_is_found() {
    let rig = Rig::new().await;
    rig.fault("place", 1, Fault::ErrorPage { status: 502, after_effect: true });
    rig.long(dec!(0.05)).await;
    assert_eq!(rig.openings().len(), 1);
    assert!(rig.codes().await.contains(&"order_unknown"));
    rig.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f63_wire_an_answer_cut_off_in_the_middle_proves_nothing() {
    let rig = Rig::new().await;
    rig.fault("place", 1, Fault::Malformed);
    rig.long(dec!(0.05)).await;
    assert_eq!(rig.openings().len(), 1);
    assert!(rig.codes().await.contains(&"order_unknown"));
    rig.assert_sound().await;
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
        rig.assert_sound().await;
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
    rig.assert_sound().await;
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
    rig.assert_sound().await;
}
