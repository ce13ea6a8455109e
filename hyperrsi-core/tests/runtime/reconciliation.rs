//! A read of the account says in words what it led to.

use crate::rig::*;
use hyperrsi_core::desk::{EventKind, Reconciliation};
use hyperrsi_core::exchange::{AccountEvent, Request};
use hyperrsi_core::model::*;
use hyperrsi_core::runtime::Options;
use hyperrsi_core::runtime::layer::DryRun;
use std::sync::{Arc, Mutex};

async fn told(rig: &Rig) -> Vec<(Reconciliation, bool)> {
    let events = rig.events().await.into_iter();
    let told = events.filter_map(|event| match event.kind {
        EventKind::Reconciled { repairs, found, dry_run } => {
            assert_eq!(repairs, found.repairs());
            Some((found, dry_run))
        }
        _ => None,
    });
    told.collect()
}

#[tokio::test(start_paused = true)]
async fn a_start_that_finds_everything_right_says_so_once() {
    let rig = Rig::new().await;
    let told = told(&rig).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].0.to_string(), "nothing to repair");
    rig.pass(Span::minutes(5)).await;
    assert_eq!(self::told(&rig).await.len(), 1, "reads that lead to nothing are not told");
}

#[tokio::test(start_paused = true)]
async fn what_happened_meanwhile_is_repaired_and_told_in_words() {
    let mut rig = Rig::new().await;
    rig.long().await;
    rig.kill().await;
    // While nobody runs: somebody adds to the position, takes the stop away, and leaves two orders of theirs.
    let stop = rig.venue.stops()[0].client_id;
    rig.venue.cancel_by_hand(stop);
    rig.venue.hold(LONG, dec!(3), dec!(100));
    let kind = OrderKind::Limit { price: dec!(150).into(), time_in_force: TimeInForce::GoodTillCancelled };
    rig.venue.order_by_hand("theirs1", LONG, kind, dec!(1));
    rig.venue.order_by_hand("theirs2", LONG, kind, dec!(1));
    rig.start().await;
    rig.pass(Span::seconds(5)).await;
    let told = told(&rig).await;
    let sum = |of: fn(&Reconciliation) -> u32| told.iter().skip(1).map(|(found, _)| of(found)).sum::<u32>();
    let texts: Vec<String> = told.iter().map(|(found, _)| found.to_string()).collect();
    assert_eq!(sum(|found| found.adopted), 1, "{texts:?}");
    assert_eq!(sum(|found| found.stops), 1, "{texts:?}");
    assert!(texts.iter().any(|text| text.contains("adopted 1 position")), "{texts:?}");
    assert!(texts.iter().any(|text| text.contains("re-placed 1 stop")), "{texts:?}");
    let after = texts.iter().skip(1).find(|text| text.contains("foreign")).expect("foreign orders are told");
    assert!(after.ends_with("2 foreign orders ignored"), "{texts:?}");
    assert_eq!(rig.venue.foreign().len(), 2, "they are never touched");
    assert_eq!(rig.venue.stops()[0].quantity.get(), dec!(3), "the stop is for what is held");
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_went_unheard_is_found_by_the_next_read() {
    let rig = Rig::new().await;
    rig.long().await;
    rig.venue.state().quiet = true; // the stream says nothing of it
    let stop = rig.venue.stops()[0].client_id;
    rig.venue.cancel_by_hand(stop);
    rig.venue.state().quiet = false;
    let before = told(&rig).await.len();
    rig.pass(Span::seconds(35)).await;
    let told = told(&rig).await;
    assert!(told[before..].iter().any(|(found, _)| found.stops == 1 && found.adopted == 0), "{told:?}");
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn a_link_that_is_back_tells_even_that_nothing_was_missed() {
    let rig = Rig::new().await;
    let before = told(&rig).await.len();
    rig.venue.push(AccountEvent::Gap { since: None });
    rig.pass(Span::seconds(5)).await;
    let told = told(&rig).await;
    assert_eq!(told.len(), before + 1, "{told:?}");
    assert_eq!(told[before].0.repairs(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_says_what_it_would_repair_and_sends_nothing() {
    let mut rig = Rig::new().await;
    rig.long().await;
    rig.kill().await;
    let stop = rig.venue.stops()[0].client_id;
    rig.venue.cancel_by_hand(stop);
    let placed = rig.venue.called("place").len();
    let held_back = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&held_back);
    let dry =
        DryRun::new(rig.venue.clone(), move |request: &Request| seen.lock().unwrap().push(request.clone()));
    let mut options = Options::new("test");
    options.dry_run = true;
    rig.start_with(rig.parts_over(Arc::new(dry)), options).await;
    rig.pass(Span::seconds(40)).await;
    let told = told(&rig).await;
    let (found, dry_run) = told.iter().skip(1).find(|(found, _)| found.stops > 0).expect("a report");
    assert!(dry_run);
    assert!(found.to_string().contains("re-placed 1 stop"), "{found}");
    assert!(held_back.lock().unwrap().iter().any(is_stop), "the exact order is shown");
    assert_eq!(rig.venue.called("place").len(), placed, "nothing was sent");
    assert!(rig.trader().await.dry_run);
}
