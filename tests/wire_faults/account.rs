//! Keys, modes and what somebody does by hand.

use crate::rig::*;
use hyperrsi::exchange::{ErrorClass, ExchangeExt};
use hyperrsi::model::PositionMode;
use hyperrsi::prelude::*;
use hyperrsi::runtime::StartError;
use hyperrsi::sim::account::fault::Fault;

#[tokio::test(flavor = "multi_thread")]
async fn f12_wire_orders_of_a_position_closed_by_hand_are_swept() {
    let rig = Rig::new().await;
    rig.long(dec!(0.05)).await;
    rig.happen(Fault::CloseByHand);
    rig.until("the leg is flat", |status| status.legs.is_empty()).await;
    rig.until_events("trade_closed", 1).await;
    rig.assert_sound().await;
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
        rig.assert_sound().await;
        assert_eq!(rig.account.account_config().await.unwrap().position_mode, mode);
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
    rig.assert_sound().await;
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
    rig.assert_sound().await;
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
