//! Keys, modes and what somebody does by hand.

use crate::rig::*;
use hyperrsi::exchange::{ErrorClass, ExchangeExt};
use hyperrsi::model::{PositionMode, TimeInForce};
use hyperrsi::prelude::*;
use hyperrsi::runtime::StartError;
use hyperrsi::sim::account::fault::Fault;
use hyperrsi::sim::account::{NewOrder, Terms};

#[tokio::test(flavor = "multi_thread")]
async fn f12_wire_orders_of_a_position_closed_by_hand_are_swept() {
    let rig = Rig::new().await;
    rig.long(dec!(0.05)).await;
    rig.happen(Fault::CloseByHand);
    rig.until("the leg is flat", |status| status.legs.is_empty()).await;
    rig.until_events("trade_closed", 1).await;
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f50_wire_the_position_mode_is_read_and_never_changed() {
    for (hedged, mode) in [(true, PositionMode::Hedge), (false, PositionMode::OneWay)] {
        let mut rig = Rig::cold(hedged, "BTC-USDT-SWAP", |_| {}).await;
        rig.start().await;
        rig.long(dec!(0.05)).await;
        assert_eq!(rig.account.account_config().await.unwrap().position_mode, mode);
        rig.assert_sound().await;
        rig.go_to(dec!(59300));
        rig.until("the stop", |status| status.legs.is_empty()).await;
        rig.enter(SHORT, dec!(0.04));
        rig.until_venue("a short", |world| held(world, &rig.instrument.id, SHORT) == dec!(0.04)).await;
        assert_eq!(rig.account.account_config().await.unwrap().position_mode, mode);
        rig.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f51_wire_a_mode_changed_meanwhile_is_told_and_followed() {
    let rig = Rig::new().await;
    rig.happen(Fault::FlipPositionMode);
    rig.until_events("mode_mismatch", 1).await; // at the next refusal or the next read, whichever comes first
    let mode = rig.account.account_config().await.unwrap().position_mode;
    assert_eq!(mode, PositionMode::OneWay, "it is left as somebody set it");
    rig.ready().await;
    rig.long(dec!(0.05)).await; // in the words of the mode that is now
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f48_wire_leverage_that_cannot_be_set_keeps_entries_away() {
    let mut rig = Rig::cold(true, "BTC-USDT-SWAP", |practice| practice.setup.leverage = 10).await;
    rig.fault("set_leverage", 1_000, Fault::Reject { class: ErrorClass::PositionLimit, code: None });
    rig.begin().await.unwrap();
    rig.until("all else is known", |status| {
        let gates: Vec<&str> = status.gates.iter().map(|gate| gate.code.as_str()).collect();
        gates == ["leverage_mismatch"] && status.warm_up.0 >= status.warm_up.1
    })
    .await;
    rig.enter(LONG, dec!(0.05));
    rig.until_skipped("leverage_mismatch").await;
    assert_eq!(rig.openings().len(), 0);
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f72_wire_a_key_that_does_not_work_any_more_ends_the_calls_and_leaves_the_stop() {
    let rig = Rig::new().await;
    rig.long(dec!(0.05)).await;
    rig.assert_sound().await;
    rig.fault("*", u32::MAX, Fault::Reject { class: ErrorClass::Auth, code: None });
    rig.until_events("key_rejected", 1).await;
    let stop =
        rig.server.act(|world| resting(world, &rig.instrument.id).stops(LONG).map(left).sum::<Decimal>());
    assert_eq!(stop.unwrap(), dec!(0.05), "what rests at the venue protects on");
    let told = rig.codes().await.iter().filter(|code| **code == "key_rejected").count();
    assert_eq!(told, 1, "told once");
}

#[tokio::test(flavor = "multi_thread")]
async fn f72_wire_a_key_that_does_not_work_at_the_start_is_named() {
    let mut rig = Rig::cold(true, "BTC-USDT-SWAP", |_| {}).await;
    rig.fault("*", u32::MAX, Fault::Reject { class: ErrorClass::Auth, code: None });
    let Err(StartError::Venue(error)) = rig.begin().await else { panic!("it must not start") };
    assert_eq!(error.class(), ErrorClass::Auth, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f22_wire_a_position_nobody_here_opened_is_reported_and_left_alone() {
    let rig = Rig::new().await;
    rig.by_hand(|world, now, id| {
        let terms = Terms::Market;
        let order =
            NewOrder { leg: Some(SHORT), ..NewOrder::new(id.clone(), Side::Sell, dec!(0.03).into(), terms) };
        world.account_mut().place(now, order).unwrap();
    });
    rig.until_events("foreign_position", 1).await;
    rig.enter(SHORT, dec!(0.05));
    rig.until_skipped("foreign_position").await;
    let (held, orders) = rig
        .server
        .act(|world| (held(world, &rig.instrument.id, SHORT), world.account().orders().count()))
        .unwrap();
    assert_eq!((held, orders), (dec!(0.03), 1), "never traded against, never protected unasked");
}

#[tokio::test(flavor = "multi_thread")]
async fn f23_wire_a_liquidation_closes_the_trade_with_its_reason() {
    let rig = Rig::new().await;
    rig.long(dec!(0.05)).await;
    // Its stop is gone, and nothing that is sent arrives any more.
    for call in ["place", "amend", "cancel"] {
        rig.fault(call, 100_000, Fault::DropCall);
    }
    rig.happen(Fault::CancelByHand { client_id: None, conditional: true });
    rig.until_venue("no stop", |world| resting(world, &rig.instrument.id).stops(LONG).count() == 0).await;
    rig.go_to(dec!(30000)); // a third down, at three times leverage
    rig.until_events("liquidated", 1).await;
    rig.heal();
    rig.until("flat, and everything settled", |status| status.legs.is_empty() && status.orders.is_empty())
        .await;
    assert_eq!(rig.reasons().await, [ExitReason::Liquidation]);
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f60_wire_an_order_with_our_mark_that_we_do_not_know_stops_entries() {
    let rig = Rig::new().await;
    rig.long(dec!(0.05)).await;
    // The same trader on another machine: same mark, same trader, another cycle.
    let own = rig.openings().remove(0);
    let other = format!("{}zzzzzzz{}", &own[..9], &own[16..]);
    rig.by_hand(|world, now, id| {
        let terms =
            Terms::Limit { price: Price::new(dec!(50000)), time_in_force: TimeInForce::GoodTillCancelled };
        let order = NewOrder {
            leg: Some(LONG),
            client_id: Some(other.clone()),
            ..NewOrder::new(id.clone(), Side::Buy, dec!(0.01).into(), terms)
        };
        world.account_mut().place(now, order).unwrap();
    });
    rig.until_events("second_writer", 1).await;
    rig.until("the gate", |status| !status.gates.is_empty()).await;
    let gate = rig.status().await.gates[0].code.clone();
    rig.enter(SHORT, dec!(0.05));
    rig.until_skipped(gate.as_str()).await;
    assert_eq!(rig.openings(), [own, other], "nothing more is opened");
}
