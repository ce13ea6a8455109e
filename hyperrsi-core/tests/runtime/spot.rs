//! A spot account through the whole runtime: coins that are for sale are spoken for (TRADING 7.10).

use crate::double::Venue;
use crate::rig::*;
use hyperrsi_core::exchange::Request;
use hyperrsi_core::model::*;
use hyperrsi_core::store::*;
use std::sync::Arc;

#[tokio::test(start_paused = true)]
async fn on_spot_the_stop_rests_and_a_touched_take_profit_takes_its_place() {
    let mut venue = Venue::new();
    venue.instrument.kind = InstrumentKind::Spot;
    venue.instrument.max_leverage = 1;
    let mut rig = Rig::with(venue, Arc::new(MemoryStore::new()));
    rig.start().await;
    rig.long().await;
    assert_eq!((rig.venue.stops().len(), rig.venue.limits().len()), (1, 0));
    rig.assert_sound().await;

    // The only level sells everything: the stop goes, then the limit comes.
    rig.price(102.0).await;
    rig.settle().await;
    assert_eq!((rig.venue.stops().len(), rig.venue.limits().len()), (0, 1));
    let names: Vec<&str> = rig
        .venue
        .state()
        .calls
        .iter()
        .map(|(_, call)| call)
        .filter(|call| call.is_write())
        .map(Request::name)
        .collect();
    assert_eq!(names, ["place", "place", "cancel", "place"], "entry, stop, and one after the other");
    rig.price(102.1).await;
    assert_eq!(rig.venue.held(LONG), dec!(0));
    rig.assert_sound().await;
    let trades = rig.store.trades(&RecordQuery::of("main".into(), [])).await.unwrap();
    assert_eq!(trades[0].trade.reason.code(), "tp1");
}

#[tokio::test(start_paused = true)]
async fn an_action_between_candles_is_in_the_journal_beside_the_decisions() {
    let rig = Rig::new().await;
    rig.long().await;
    let stop = rig.venue.stops()[0];
    rig.venue.cancel_by_hand(stop.client_id);
    rig.settle().await;
    rig.assert_sound().await;
    let decisions = rig.store.decisions(&RecordQuery::of("main".into(), [])).await.unwrap();
    let actions: Vec<_> = decisions.iter().filter(|decision| decision.record.at.is_some()).collect();
    assert_eq!(actions.len(), 1);
    assert_eq!(actions[0].record.reason, "repair");
    assert_eq!(actions[0].side(), Some(LONG));
}
