//! The process dies, and another one takes over from the file.

use crate::rig::*;
use hyperrsi::model::Span;
use hyperrsi::prelude::*;
use hyperrsi::sim::account::fault::{Fault, Rule, Stream};

#[tokio::test(flavor = "multi_thread")]
async fn f01_wire_an_entry_that_never_arrived_is_looked_up_and_not_sent_again() {
    let mut rig = Rig::new().await;
    rig.fault("place", 1, Fault::DropCall);
    rig.enter(LONG, dec!(0.05));
    rig.until_events("entry_sent", 1).await;
    rig.kill().await;
    rig.start().await;
    rig.until_events("order_settled", 1).await;
    assert_eq!(rig.openings().len(), 0);
    rig.assert_sound().await;
    rig.long(dec!(0.05)).await;
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f02_wire_an_entry_whose_answer_died_with_the_process_is_adopted_and_protected() {
    let mut rig = Rig::new().await;
    rig.fault("place", 1, Fault::DropAck);
    rig.happen(Fault::MuteStream { stream: Stream::Private, for_ms: Span::minutes(3) });
    rig.enter(LONG, dec!(0.05));
    rig.until_venue("the fill", |world| held(world, &rig.instrument.id, LONG) == dec!(0.05)).await;
    rig.kill().await;
    rig.begin().await.unwrap();
    rig.until_whole(LONG, dec!(0.05)).await;
    assert_eq!(rig.openings().len(), 1);
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f03_wire_a_fill_without_a_stop_gets_one_after_the_restart() {
    let mut rig = Rig::new().await;
    // The entry fills; nothing that should protect it arrives before the process dies.
    rig.schedule(Rule { call: Some("place".into()), nth: 2, times: 20, at_ms: None, fault: Fault::DropCall });
    rig.enter(LONG, dec!(0.05));
    rig.until("the fill is known", |status| {
        status.leg(LONG).is_some_and(|leg| !leg.quantity.get().is_zero())
    })
    .await;
    rig.kill().await;
    let stops = rig.server.act(|world| resting(world, &rig.instrument.id).stops(LONG).count()).unwrap();
    assert_eq!(stops, 0, "it was naked when the process died");
    rig.heal();
    rig.begin().await.unwrap();
    rig.until_whole(LONG, dec!(0.05)).await;
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f04_wire_a_stop_that_was_being_resized_is_right_after_the_restart() {
    let mut rig = Rig::new().await;
    rig.long(dec!(0.05)).await;
    for call in ["amend", "cancel", "place"] {
        rig.fault(call, 20, Fault::DropCall);
    }
    rig.go_to(dec!(61250));
    rig.until("the first take profit", |status| {
        status.leg(LONG).is_some_and(|leg| leg.quantity.get() == dec!(0.025))
    })
    .await;
    rig.kill().await;
    rig.heal();
    rig.begin().await.unwrap();
    rig.ready().await;
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f19_wire_a_position_that_closed_while_nobody_ran_is_booked_at_the_start() {
    let mut rig = Rig::new().await;
    rig.long(dec!(0.05)).await;
    rig.kill().await;
    rig.go_to(dec!(59300)); // the venue's stop fires
    rig.until_venue("flat", |world| held(world, &rig.instrument.id, LONG).is_zero()).await;
    rig.begin().await.unwrap();
    rig.until_events("trade_closed", 1).await;
    rig.until("flat", |status| status.legs.is_empty()).await;
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f78_wire_an_orderly_end_verifies_the_stop() {
    let mut rig = Rig::new().await;
    rig.long(dec!(0.05)).await;
    assert_eq!(rig.shut_down().await.code(), 0);
    let stop =
        rig.server.act(|world| resting(world, &rig.instrument.id).stops(LONG).map(left).sum::<Decimal>());
    assert_eq!(stop.unwrap(), dec!(0.05));
}
