//! A venue that limits, bans, rests or does not answer.

use crate::rig::*;
use hyperrsi::desk::EventKind;
use hyperrsi::exchange::ErrorClass;
use hyperrsi::model::Span;
use hyperrsi::prelude::*;
use hyperrsi::sim::account::fault::{Fault, Rule, Stream};

#[tokio::test(flavor = "multi_thread")]
async fn f33_wire_too_many_requests_delay_protection_and_lose_nothing() {
    let rig = Rig::new().await;
    let limited = Fault::RateLimit { retry_after_ms: Span::seconds(1) };
    rig.schedule(Rule { call: Some("place".into()), nth: 2, times: 2, at_ms: None, fault: limited });
    rig.long(dec!(0.05)).await;
    assert_eq!(rig.openings().len(), 1);
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f36_wire_maintenance_makes_no_storm_and_is_made_good_afterwards() {
    let rig = Rig::new().await;
    rig.long(dec!(0.05)).await;
    rig.happen(Fault::Maintenance { for_ms: Span::minutes(2) });
    rig.happen(Fault::CutStream { stream: Stream::All });
    rig.go_to(dec!(61250)); // a take profit fills meanwhile
    rig.until("it is back and knows", |status| {
        status.leg(LONG).is_some_and(|leg| leg.quantity.get() == dec!(0.025)) && status.gates.is_empty()
    })
    .await;
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f35_wire_reads_that_fail_are_read_again() {
    let rig = Rig::new().await;
    for read in ["positions", "open_orders", "fills", "balances", "account_config"] {
        rig.fault(read, 2, Fault::ErrorPage { status: 503, after_effect: false });
    }
    rig.long(dec!(0.05)).await;
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f80_wire_refusals_for_want_of_money_end_in_a_block() {
    let rig = Rig::new().await;
    let poor = Fault::Reject { class: ErrorClass::InsufficientMargin, code: None };
    rig.fault("place", 100, poor);
    for _ in 0..20 {
        rig.enter(LONG, dec!(0.05));
    }
    rig.until_events("margin_blocked", 1).await;
    let asked = |events: &[hyperrsi::desk::Event]| {
        events.iter().filter(|event| matches!(event.kind, EventKind::OrderRefused { .. })).count()
    };
    let refused = asked(&rig.events().await);
    rig.until_skipped("margin_blocked").await;
    assert_eq!(asked(&rig.events().await), refused, "blocked: nothing is sent any more");
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f34_wire_a_ban_stops_every_call_until_the_stated_time() {
    let rig = Rig::new().await;
    rig.long(dec!(0.05)).await;
    let ban = Span::minutes(3);
    rig.happen(Fault::Ban { for_ms: ban });
    let (begun, asked) = rig.server.act(|world| (world.time(), world.asked())).unwrap();
    rig.enter(SHORT, dec!(0.05)); // or the next read: whatever calls first is told
    rig.until_events("banned", 1).await;
    let events = rig.events().await;
    let until = events.iter().find_map(|event| match event.kind {
        EventKind::Banned { until } => Some(until),
        _ => None,
    });
    assert!(until.flatten().is_some(), "it is told with the time it ends");
    rig.until_venue("the ban is over", |world| {
        let more = world.asked() - asked;
        assert!(world.time() - begun >= ban || more <= 8, "{more} calls: more than were on their way");
        world.time() - begun >= ban
    })
    .await;
    let stop =
        rig.server.act(|world| resting(world, &rig.instrument.id).stops(LONG).map(left).sum::<Decimal>());
    assert_eq!(stop.unwrap(), dec!(0.05), "what rests at the venue protects on");
    rig.go_to(dec!(61250));
    rig.until("it is back and knows", |status| {
        status.leg(LONG).is_some_and(|leg| leg.quantity.get() == dec!(0.025)) && status.gates.is_empty()
    })
    .await;
    rig.end().await;
}
