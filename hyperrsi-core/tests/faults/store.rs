//! A store that is down, slow or full.

use crate::double::Venue;
use crate::rig::*;
use crate::stores::{Mood, Moody};
use hyperrsi_core::model::*;
use hyperrsi_core::store::*;
use std::sync::Arc;

async fn rig() -> (Rig, Arc<Moody>) {
    let store = Arc::new(Moody::default());
    let mut rig = Rig::with(Venue::new(), Arc::clone(&store) as Arc<dyn Store>);
    rig.start().await;
    (rig, store)
}

#[tokio::test(start_paused = true)]
async fn f54_without_a_store_nothing_is_opened_and_what_is_open_is_managed() {
    let (rig, store) = rig().await;
    rig.long().await;
    store.be(Mood::Down);
    rig.price(102.0).await;
    rig.pass(Span::seconds(3)).await;
    assert_eq!(rig.venue.held(LONG), dec!(0), "the exit went on");
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    assert_eq!(rig.venue.held(LONG), dec!(0), "nothing new");
    store.be(Mood::Fine);
    rig.pass(Span::seconds(60)).await;
    let trades = rig.store.trades(&RecordQuery::of("main".into(), [])).await.unwrap();
    assert_eq!(trades.len(), 1, "what happened meanwhile was kept and written");
    rig.minute(100.0, None).await;
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    assert_eq!(rig.venue.held(LONG), dec!(1), "entries again");
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f54_protection_is_placed_while_the_store_is_down() {
    let (rig, store) = rig().await;
    rig.venue.fail(is_entry, crate::double::Fault::Delay(Span::seconds(2)));
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    store.be(Mood::Down);
    rig.pass(Span::seconds(3)).await;
    assert_eq!(rig.venue.held(LONG), dec!(1));
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f55_a_store_that_is_down_at_the_start_keeps_entries_away() {
    let store = Arc::new(Moody::default());
    store.be(Mood::Down);
    let mut rig = Rig::with(Venue::new(), Arc::clone(&store) as Arc<dyn Store>);
    rig.start().await;
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    assert!(rig.venue.placed().is_empty());
    let handle = rig.session.as_ref().unwrap().handle();
    assert!(handle.status().await.unwrap().reconciled.is_some(), "the account is read all the same");
}

#[tokio::test(start_paused = true)]
async fn f55_a_position_without_a_stop_gets_one_and_life_goes_on_when_the_store_is_back() {
    let (mut rig, store) = rig().await;
    rig.long().await;
    rig.kill().await;
    rig.venue.cancel_by_hand(rig.venue.stops()[0].client_id);
    store.be(Mood::Down);
    rig.start().await;
    let stops = rig.venue.stops();
    assert_eq!(stops.len(), 1, "{stops:?}");
    assert_eq!(
        stops[0].kind.price(),
        Some(Price::new(dec!(95))),
        "5 % of 100, from the start-up configuration"
    );
    assert_eq!((stops[0].quantity.get(), stops[0].reduce_only), (dec!(1), true));
    rig.minute(100.0, Some(enter(SHORT, dec!(1)))).await;
    assert_eq!(rig.venue.held(SHORT), dec!(0), "nothing is opened");
    assert_eq!(rig.venue.stops().len(), 1, "and no second stop is placed");

    store.be(Mood::Fine);
    rig.pass(Span::seconds(10)).await;
    rig.assert_sound().await;
    let stops = rig.venue.stops();
    assert_eq!(stops[0].kind.price(), Some(Price::new(dec!(99))), "the plan's own again");
    assert!(!rig.codes().await.contains(&"second_writer"), "the emergency stop is known");
    rig.script.decisions.lock().unwrap().clear();
    rig.price(102.0).await;
    rig.pass(Span::seconds(3)).await;
    let trades = rig.store.trades(&RecordQuery::of("main".into(), [])).await.unwrap();
    assert_eq!(trades.len(), 1, "the trade of before ends in the books");
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    assert_eq!(rig.venue.held(LONG), dec!(1), "entries again: {:?}", rig.skipped().await);
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f55_stops_that_rest_stay_as_they_are() {
    let (mut rig, store) = rig().await;
    rig.long().await;
    rig.kill().await;
    let before = rig.venue.stops();
    store.be(Mood::Down);
    rig.start().await;
    rig.pass(Span::minutes(1)).await;
    assert_eq!(rig.venue.stops(), before);
    let handle = rig.session.as_ref().unwrap().handle();
    let close = hyperrsi_core::trader::Command::Close { side: LONG, fraction: dec!(1) };
    assert!(!handle.command(&"main:BTC".into(), close).await, "commands wait for the journal");
    assert_eq!(rig.stop_session().await, hyperrsi_core::runtime::Exit::Clean);
}

#[tokio::test(start_paused = true)]
async fn f56_a_record_written_twice_is_there_once() {
    let (rig, _) = rig().await;
    rig.long().await;
    let query = RecordQuery::of("main".into(), [RecordKind::Fill]);
    let fills = rig.store.read(&query).await.unwrap();
    assert_eq!(fills.len(), 1);
    let fence = Fence { account: "main".into(), epoch: fills[0].epoch };
    let again = rig.store.append(&fence, vec![fills[0].entry.clone()], Persist::Before).await.unwrap();
    assert_eq!(again.written, 0);
}

#[tokio::test(start_paused = true)]
async fn f58_a_slow_store_makes_an_entry_late_and_a_late_entry_is_dropped() {
    let (rig, store) = rig().await;
    store.be(Mood::Slow(Span::seconds(8)));
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    rig.pass(Span::seconds(20)).await;
    assert!(rig.venue.placed().is_empty(), "not stored in time: not sent");
    assert!(rig.skipped().await.contains(&"journal".to_owned()) || rig.skipped().await.is_empty());
    store.be(Mood::Fine);
    rig.pass(Span::seconds(40)).await;
    assert!(rig.venue.placed().is_empty(), "and not sent later either");
}

#[tokio::test(start_paused = true)]
async fn f59_who_lost_the_lease_stops() {
    let (mut rig, store) = rig().await;
    rig.long().await;
    let now = rig.venue.now();
    store.memory.acquire(&"main".into(), "other", Span::seconds(30), now + Span::minutes(5)).await.unwrap();
    rig.pass(Span::seconds(15)).await;
    let exit = rig.session.as_mut().unwrap().ended().await;
    assert_eq!(exit, hyperrsi_core::runtime::Exit::TakenOver);
    let sent = rig.venue.placed().len();
    rig.pass(Span::minutes(2)).await;
    assert_eq!(rig.venue.placed().len(), sent, "not one more order");
}

#[tokio::test(start_paused = true)]
async fn f59_an_account_that_is_run_elsewhere_is_not_started() {
    let (rig, _) = rig().await;
    let options = hyperrsi_core::runtime::Options::new("another process");
    let error = hyperrsi_core::runtime::Session::open(rig.parts(), options, vec![rig.plan()]).await;
    assert!(error.unwrap_err().to_string().contains("is run by test"));
}

#[tokio::test(start_paused = true)]
async fn f61_a_full_disk_means_no_new_risk() {
    let (rig, store) = rig().await;
    store.be(Mood::Full);
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    assert!(rig.venue.placed().is_empty());
    store.be(Mood::Fine);
    rig.pass(Span::seconds(70)).await;
    assert!(rig.codes().await.contains(&"store_down"));
}
