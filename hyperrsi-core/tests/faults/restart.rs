//! The process dies, at every step, and another one goes on.

use crate::double::Fault;
use crate::rig::*;
use hyperrsi_core::exchange::*;
use hyperrsi_core::model::*;
use hyperrsi_core::store::*;

/// Killed now, started again, given time to look.
async fn restart(rig: &mut Rig) {
    rig.kill().await;
    rig.venue.heal();
    rig.start().await;
    rig.pass(Span::seconds(15)).await;
}

#[tokio::test(start_paused = true)]
async fn f01_an_entry_that_never_left_is_looked_up_and_not_sent_again() {
    let mut rig = Rig::new().await;
    rig.venue.fail(is_entry, Fault::LoseRequest);
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    restart(&mut rig).await;
    assert!(!rig.venue.called("query_order").is_empty(), "by its id");
    assert_eq!(rig.venue.placed().len(), 1, "nothing is sent blindly");
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    assert_eq!(rig.venue.held(LONG), dec!(1), "and the leg is free again: {:?}", rig.skipped().await);
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f02_an_entry_whose_answer_was_lost_with_the_process_is_adopted_and_protected_first() {
    let mut rig = Rig::new().await;
    rig.venue.state().quiet = true;
    rig.venue.fail(is_entry, Fault::LoseAnswer);
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    assert_eq!(rig.venue.held(LONG), dec!(1));
    rig.venue.state().quiet = false;
    restart(&mut rig).await;
    assert!(!rig.codes().await.contains(&"second_writer"), "it knows its own order");
    rig.assert_sound().await;
    rig.price(102.0).await;
    rig.pass(Span::seconds(3)).await;
    let trades = rig.store.trades(&RecordQuery::of("main".into(), [])).await.unwrap();
    assert_eq!(trades.len(), 1);
    assert_eq!(trades[0].trade.net_pnl.get(), dec!(2), "from 100 to 102");
}

#[tokio::test(start_paused = true)]
async fn f03_a_fill_without_a_stop_gets_one_before_anything_else() {
    let mut rig = Rig::new().await;
    rig.venue.fail(is_stop, Fault::LoseRequest);
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    assert!(rig.venue.stops().is_empty());
    restart(&mut rig).await;
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f04_a_stop_that_was_being_moved_stands_where_it_should() {
    let mut rig = Rig::new().await;
    rig.long().await;
    rig.venue.fail(named("amend"), Fault::LoseRequest);
    let handle = rig.session.as_ref().unwrap().handle();
    let tighter = hyperrsi_core::trader::Command::SetStop { side: LONG, price: Price::new(dec!(99.5)) };
    handle.command(&"main:BTC".into(), tighter).await;
    rig.settle().await;
    assert_eq!(rig.venue.stops().len(), 1, "never without one");
    restart(&mut rig).await;
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f68_a_candle_that_closes_at_a_restart_is_not_entered_twice() {
    let mut rig = Rig::new().await;
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    rig.price(102.0).await;
    rig.settle().await;
    // The same candle again to the process that follows: its history, not a signal.
    rig.script.decisions.lock().unwrap().push_back(enter(LONG, dec!(1)));
    restart(&mut rig).await;
    rig.price(100.0).await;
    assert_eq!(rig.venue.held(LONG), dec!(0));
    assert_eq!(rig.venue.placed().iter().filter(|spec| !spec.reduce_only).count(), 1);
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f03_a_leg_that_was_held_long_is_not_called_unprotected_by_the_next_process() {
    let mut rig = Rig::new().await;
    rig.venue.fail(is_stop, Fault::AnswerLate(Span::seconds(3)));
    rig.venue.state().quiet = true;
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    rig.pass(Span::seconds(5)).await;
    rig.venue.state().quiet = false;
    rig.pass(Span::hours(32)).await;
    restart(&mut rig).await;
    let status = rig.trader().await;
    let leg = status.leg(LONG).unwrap();
    assert_eq!(leg.unprotected, Span::ZERO);
    assert!(leg.unprotected_total <= Span::seconds(5), "{:?}", leg.unprotected_total);
    assert!(!rig.codes().await.contains(&"unprotected"));
    rig.assert_sound().await;
}

/// What the scenario of the matrix does; cut short wherever the process dies.
async fn scenario(rig: &Rig) {
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    rig.price(100.5).await;
    let handle = rig.session.as_ref().unwrap().handle();
    let tighter = hyperrsi_core::trader::Command::SetStop { side: LONG, price: Price::new(dec!(99.5)) };
    handle.command(&"main:BTC".into(), tighter).await;
    rig.settle().await;
    let half = hyperrsi_core::trader::Command::Close { side: LONG, fraction: dec!(0.5) };
    handle.command(&"main:BTC".into(), half).await;
    rig.pass(Span::seconds(3)).await;
}

/// The process dies at the n-th write, before or after the venue took it, and is started again: for every n there is.
#[tokio::test(start_paused = true)]
async fn f04_a_kill_at_every_write_leaves_a_sound_account() {
    let writes = {
        let rig = Rig::new().await;
        scenario(&rig).await;
        rig.assert_sound().await;
        rig.venue.state().calls.iter().filter(|(_, request)| request.is_write()).count()
    };
    assert!(writes >= 5, "only {writes} writes");
    for arrives in [false, true] {
        for nth in 0..writes {
            let mut rig = Rig::new().await;
            let seen = std::sync::atomic::AtomicUsize::new(0);
            let at = move |request: &Request| {
                request.is_write() && seen.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == nth
            };
            rig.venue.fail(at, if arrives { Fault::LoseAnswer } else { Fault::LoseRequest });
            scenario(&rig).await;
            restart(&mut rig).await;
            rig.minute(100.4, None).await;
            rig.pass(Span::seconds(5)).await;
            println!(
                "killed at write {nth}, {}",
                if arrives { "after it arrived" } else { "before it arrived" }
            );
            rig.assert_sound().await;
            let entries = rig.venue.placed().iter().filter(|spec| !spec.reduce_only).count();
            assert_eq!(entries, 1, "one entry was decided, one was sent");
        }
    }
}
