//! Layers, each by itself, over the scripted venue.

use crate::double::{Fault, Venue};
use crate::rig::*;
use hyperrsi_core::exchange::*;
use hyperrsi_core::model::*;
use hyperrsi_core::runtime::Clock;
use hyperrsi_core::runtime::layer::{Breaker, Chaos, DryRun, Mishap, Recorded, Replayed, Retried};
use std::sync::{Arc, Mutex};

fn clock(venue: &Venue) -> Arc<dyn Clock> {
    Arc::clone(&venue.clock) as Arc<dyn Clock>
}

fn stop(venue: &Venue, id: &str) -> Ticket {
    let order = OrderSpec {
        client_id: id.parse().unwrap(),
        leg: LONG,
        side: Side::Sell,
        reduce_only: true,
        quantity: Quantity::new(dec!(1)),
        kind: OrderKind::StopMarket { trigger: Price::new(dec!(90)), source: TriggerSource::Mark },
    };
    Ticket::Reducing(Reducing::new(venue.instrument.id.clone(), order).unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_retry_waits_as_it_is_told_and_gives_up_in_the_end() {
    let venue = Venue::new();
    let retried = Retried::new(venue.clone(), 3, clock(&venue));
    let lost = || Fault::Say(ExchangeError::Timeout { after: None });
    venue.fail_times(named("positions"), lost(), 5);
    assert!(retried.positions(None).await.is_err());
    let times: Vec<_> = venue.called("positions").iter().map(|(at, _)| *at).collect();
    assert_eq!(times.len(), 3);
    assert_eq!((times[1] - times[0], times[2] - times[1]), (Span::seconds(1), Span::seconds(2)));
    venue.heal();
    venue.fail(named("balances"), Fault::Say(ExchangeError::from_venue(ErrorClass::Auth, "1", "no")));
    assert!(retried.balances().await.is_err());
    assert_eq!(venue.called("balances").len(), 1, "what would fail again is not repeated");
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_lets_protection_pass() {
    let venue = Venue::new();
    venue.hold(LONG, dec!(1), dec!(100));
    let breaker = Breaker::new(venue.clone(), 3, Span::seconds(30), clock(&venue));
    let lost = || Fault::Say(ExchangeError::Timeout { after: None });
    venue.fail_times(named("balances"), lost(), 3);
    for _ in 0..3 {
        assert!(breaker.balances().await.is_err());
    }
    assert!(breaker.is_open());
    let calls = venue.state().calls.len();
    let error = breaker.balances().await.unwrap_err();
    assert!(error.outcome_known(), "nothing was sent");
    assert_eq!(venue.state().calls.len(), calls);
    assert!(matches!(breaker.place(stop(&venue, "hr1")).await, OrderOutcome::Done(_)));
    assert!(!breaker.is_open(), "the venue answers again");
    assert!(breaker.balances().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_yields_the_exact_order_and_sends_nothing() {
    let venue = Venue::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    let dry = DryRun::new(venue.clone(), move |request: &Request| kept.lock().unwrap().push(request.clone()));
    let ticket = stop(&venue, "hr1");
    let outcome = dry.place(ticket.clone()).await;
    assert!(matches!(outcome, OrderOutcome::Refused(_)), "never said to be done: {outcome:?}");
    assert_eq!(*seen.lock().unwrap(), [Request::Place(ticket)]);
    assert!(dry.balances().await.is_ok(), "reads pass");
    assert!(venue.called("place").is_empty());
}

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_recording_answers_as_the_venue_did() {
    let venue = Venue::new();
    venue.hold(LONG, dec!(1), dec!(100));
    let sink = Sink::default();
    let recorded = Recorded::new(venue.clone(), sink.clone(), clock(&venue));
    venue.fail(named("balances"), Fault::Say(ExchangeError::Timeout { after: None }));
    let first =
        (recorded.balances().await, recorded.place(stop(&venue, "hr1")).await, recorded.balances().await);
    let bytes = sink.0.lock().unwrap().clone();
    assert_eq!(String::from_utf8(bytes.clone()).unwrap().lines().count(), 3);
    let replayed = Replayed::read("main".into(), venue.can.clone(), bytes.as_slice()).unwrap();
    let again =
        (replayed.balances().await, replayed.place(stop(&venue, "hr1")).await, replayed.balances().await);
    assert_eq!(first, again);
    assert_eq!(replayed.left(), 0);
    assert!(replayed.balances().await.is_err(), "nothing is made up");
    let broken = Replayed::read("main".into(), venue.can.clone(), &b"{}\n"[..]).unwrap_err();
    assert!(broken.to_string().starts_with("line 1"));
}

#[tokio::test(start_paused = true)]
async fn chaos_happens_where_the_script_says() {
    let venue = Venue::new();
    venue.hold(LONG, dec!(1), dec!(100));
    let chaos = Chaos::new(venue.clone(), clock(&venue))
        .at("place", 2, Mishap::LoseAnswer)
        .at("place", 3, Mishap::LoseRequest)
        .at("balances", 1, Mishap::Delay(Span::seconds(4)));
    assert!(matches!(chaos.place(stop(&venue, "hr1")).await, OrderOutcome::Done(_)));
    assert!(matches!(chaos.place(stop(&venue, "hr2")).await, OrderOutcome::Unknown { .. }));
    assert!(matches!(chaos.place(stop(&venue, "hr3")).await, OrderOutcome::Unknown { .. }));
    let ids: Vec<_> = venue.stops().iter().map(|order| order.client_id.to_string()).collect();
    assert_eq!(ids, ["hr1", "hr2"], "the second arrived, the third did not");
    let before = venue.now();
    chaos.balances().await.unwrap();
    assert_eq!(venue.now() - before, Span::seconds(4));
}
