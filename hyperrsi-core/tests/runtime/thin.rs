//! The whole path, once: warm-up, a decision, an entry, its protection, an exit, a record of it all.

use crate::rig::*;
use hyperrsi_core::model::*;
use hyperrsi_core::runtime::Exit;
use hyperrsi_core::store::*;

#[tokio::test(start_paused = true)]
async fn an_entry_is_protected_and_left_again() {
    let mut rig = Rig::new().await;
    assert_eq!(rig.script.heard.lock().unwrap().len(), 3, "the depth it needs, and two more");
    rig.long().await;

    let (stops, limits) = (rig.venue.stops(), rig.venue.limits());
    assert_eq!((stops.len(), limits.len()), (1, 1));
    assert_eq!(stops[0].kind.price().unwrap().get(), dec!(99), "1 % below 100");
    assert_eq!(limits[0].kind.price().unwrap().get(), dec!(102), "2 % above 100");
    rig.assert_sound().await;

    rig.price(102.0).await;
    assert_eq!(rig.venue.held(LONG), dec!(0));
    rig.assert_sound().await;

    let trades = rig.store.trades(&RecordQuery::of("main".into(), [])).await.unwrap();
    assert_eq!(trades.len(), 1);
    assert_eq!(trades[0].trade.net_pnl.get(), dec!(2), "one unit from 100 to 102 without fees");
    let codes = rig.codes().await;
    for expected in ["started", "entry_sent", "entered", "exited", "trade_closed"] {
        assert!(codes.contains(&expected), "{expected} is missing in {codes:?}");
    }
    assert_eq!(rig.stop_session().await, Exit::Clean);
}

#[tokio::test(start_paused = true)]
async fn what_adds_risk_is_in_the_journal_before_it_is_sent() {
    let rig = Rig::new().await;
    rig.long().await;
    let query = RecordQuery::of("main".into(), [RecordKind::Intent]);
    let intents = rig.store.read(&query).await.unwrap();
    assert!(intents[0].entry.body.as_json().contains(rig.venue.placed()[0].client_id.as_str()));
}

#[tokio::test(start_paused = true)]
async fn the_account_is_read_at_the_start_after_fills_and_every_half_minute() {
    let rig = Rig::new().await;
    let reads = || rig.venue.called("positions").len();
    let start = reads();
    assert!(start >= 1);
    rig.pass(Span::seconds(31)).await;
    let idle = reads();
    assert_eq!(idle, start + 1, "once per half-minute");
    rig.long().await;
    let filled = reads();
    rig.pass(Span::seconds(3)).await;
    assert!(reads() > filled, "soon after a fill");
}

#[tokio::test(start_paused = true)]
async fn a_candle_is_told_once_also_when_it_comes_twice() {
    let rig = Rig::new().await;
    rig.minute(100.0, None).await;
    let before = rig.script.heard.lock().unwrap().len();
    let last = *rig.venue.state().candles[&Timeframe::M1].last().unwrap();
    rig.venue.candle(Timeframe::M1, last);
    rig.settle().await;
    assert_eq!(rig.script.heard.lock().unwrap().len(), before);
}
