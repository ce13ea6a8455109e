//! Limits, bans, outages: what stands between the account and its venue.

use crate::double::{Fault, Venue};
use crate::rig::*;
use hyperrsi_core::exchange::*;
use hyperrsi_core::model::*;
use hyperrsi_core::runtime::layer::{Breaker, Budget, Limited, Retried};
use hyperrsi_core::runtime::{Clock, Options};
use std::sync::Arc;

fn clock(venue: &Venue) -> Arc<dyn Clock> {
    Arc::clone(&venue.clock) as Arc<dyn Clock>
}

#[tokio::test(start_paused = true)]
async fn f33_after_too_many_requests_nothing_is_sent_until_the_stated_time() {
    let venue = Venue::new();
    let limited = Limited::new(venue.clone(), vec![Budget::new(100, Span::seconds(1))], clock(&venue));
    let slow = ExchangeError::RateLimited { retry_after: Some(Span::seconds(3)) };
    venue.fail(named("balances"), Fault::Say(slow));
    assert!(limited.balances().await.is_err());
    let told = venue.now();
    limited.balances().await.unwrap();
    let calls = venue.called("balances");
    assert!(calls[1].0 - told >= Span::seconds(3), "{:?}", calls[1].0 - told);
}

#[tokio::test(start_paused = true)]
async fn f33_reads_leave_room_for_protection_and_are_shed_first() {
    let venue = Venue::new();
    venue.hold(LONG, dec!(1), dec!(100));
    let budget = Budget::new(10, Span::minutes(1));
    let limited = Limited::new(venue.clone(), vec![budget], clock(&venue));
    let mut shed = 0;
    for _ in 0..8 {
        shed += i32::from(limited.balances().await.is_err());
    }
    assert!(shed > 0, "more reads than half the budget");
    let before = venue.now();
    for n in 0..4 {
        let order = OrderSpec {
            client_id: format!("hr{n}").parse().unwrap(),
            leg: LONG,
            side: Side::Sell,
            reduce_only: true,
            quantity: Quantity::new(dec!(1)),
            kind: OrderKind::StopMarket { trigger: Price::new(dec!(90)), source: TriggerSource::Mark },
        };
        let stop = Reducing::new(venue.instrument.id.clone(), order).unwrap();
        assert!(matches!(limited.place(Ticket::Reducing(stop)).await, OrderOutcome::Done(_)));
    }
    assert_eq!(venue.now(), before, "stops do not wait");
}

#[tokio::test(start_paused = true)]
async fn f34_a_ban_stops_every_call_of_all_who_share_the_address() {
    let venue = Venue::new();
    let address = Budget::new(100, Span::seconds(1));
    let one = Limited::new(venue.clone(), vec![Arc::clone(&address)], clock(&venue));
    let two = Limited::new(venue.clone(), vec![address], clock(&venue));
    let until = venue.now() + Span::minutes(2);
    venue.fail(named("balances"), Fault::Say(ExchangeError::Banned { until: Some(until) }));
    assert!(one.balances().await.is_err());
    let calls = venue.state().calls.len();
    for _ in 0..20 {
        assert_eq!(two.balances().await, Err(ExchangeError::Banned { until: Some(until) }));
    }
    assert_eq!(venue.state().calls.len(), calls, "not one call");
    venue.clock.sleep_until(until).await;
    assert!(two.balances().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn f35_a_failed_read_is_repeated_and_a_failed_write_is_not() {
    let venue = Venue::new();
    let retried = Retried::new(venue.clone(), 3, clock(&venue));
    let fault = || Fault::Say(ExchangeError::VenueFault { status: 502, detail: "bad gateway".into() });
    venue.fail_times(named("balances"), fault(), 2);
    assert!(retried.balances().await.is_ok());
    assert_eq!(venue.called("balances").len(), 3);
    venue.fail(named("set_leverage"), fault());
    let id = venue.instrument.id.clone();
    assert!(retried.set_leverage(id, MarginMode::Isolated, 3).await.is_err());
    assert_eq!(venue.called("set_leverage").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn f35_a_5xx_to_an_entry_leaves_it_unknown_until_it_is_found() {
    let rig = Rig::new().await;
    rig.venue
        .fail(is_entry, Fault::DoAndSay(ExchangeError::VenueFault { status: 503, detail: "html".into() }));
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    rig.pass(Span::seconds(3)).await;
    assert_eq!(rig.venue.placed().iter().filter(|spec| !spec.reduce_only).count(), 1);
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f36_in_an_outage_calls_are_few_and_afterwards_all_is_read() {
    let mut rig = Rig::cold().await;
    let breaker = Breaker::new(rig.venue.clone(), 3, Span::seconds(30), clock(&rig.venue));
    let parts = rig.parts_over(Arc::new(breaker));
    rig.start_with(parts, Options::new("test")).await;
    rig.long().await;
    let down = ExchangeError::Maintenance { until: None };
    rig.venue.fail_times(|_| true, Fault::Say(down), u32::MAX);
    rig.pass(Span::seconds(40)).await;
    let before = rig.venue.state().calls.len();
    rig.pass(Span::minutes(5)).await;
    let calls = rig.venue.state().calls.len() - before;
    assert!(calls < 40, "{calls} calls in five minutes of maintenance");
    rig.venue.heal();
    let stop = rig.venue.stops()[0];
    rig.venue.state().quiet = true;
    rig.venue.fill(stop.client_id, dec!(99), dec!(1));
    rig.venue.state().quiet = false;
    rig.pass(Span::seconds(70)).await;
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f37_a_halted_instrument_keeps_its_protection_and_makes_no_loop() {
    let rig = Rig::new().await;
    rig.long().await;
    let halted = OrderOutcome::Refused(Refused::new(ErrorClass::InstrumentHalted, None, "halted"));
    rig.venue.fail_times(|request| request.is_write(), Fault::Answer(Answer::Order(halted)), u32::MAX);
    let before = rig.venue.state().calls.len();
    for _ in 0..5 {
        rig.minute(100.0, None).await;
    }
    let writes = rig.venue.state().calls[before..].iter().filter(|(_, request)| request.is_write()).count();
    assert_eq!(writes, 0, "nothing to change, nothing sent");
    assert_eq!(rig.venue.stops().len(), 1);
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f26_a_link_that_flaps_does_not_make_a_storm() {
    let rig = Rig::new().await;
    for _ in 0..20 {
        rig.venue.drop_account_stream();
        rig.pass(Span::seconds(1)).await;
    }
    rig.pass(Span::seconds(60)).await;
    let status = rig.session.as_ref().unwrap().handle().status().await.unwrap();
    assert!(status.links.iter().all(|link| link.up), "{:?}", status.links);
    let reads = rig.venue.called("positions").len();
    assert!(reads < 20, "{reads} reads in 80 seconds");
}
