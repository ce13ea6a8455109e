//! What becomes of an instrument: delisted, renamed, redenominated, coin-margined, traded at absurd prices, left over in
//! crumbs.

use crate::double::Venue;
use crate::rig::*;
use hyperrsi_core::exchange::*;
use hyperrsi_core::model::*;
use hyperrsi_core::runtime::{Options, Session};
use hyperrsi_core::store::MemoryStore;
use std::sync::Arc;

#[tokio::test(start_paused = true)]
async fn f38_before_an_instrument_is_delisted_entries_end_and_what_is_open_is_managed() {
    let rig = Rig::new().await;
    rig.long().await;
    rig.venue.state().ends = Some(rig.venue.now() + Span::days(7));
    // A week before the end, by the list that is read once a day.
    rig.pass(Span::days(1) + Span::minutes(1)).await;
    rig.minute(100.0, None).await;
    assert!(rig.codes().await.contains(&"instrument_restricted"));
    rig.price(102.0).await;
    assert_eq!(rig.venue.held(LONG), dec!(0), "the take profit fills all the same");
    let placed = rig.venue.placed().len();
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    assert_eq!(rig.venue.placed().len(), placed);
    assert!(rig.skipped().await.contains(&"delisting".to_owned()), "{:?}", rig.skipped().await);
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f38_an_instrument_that_ends_later_is_traded() {
    let mut rig = Rig::cold().await;
    rig.venue.state().ends = Some(rig.venue.now() + Span::days(8));
    rig.start().await;
    rig.long().await;
    assert_eq!(rig.venue.held(LONG), dec!(1));
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f38_an_instrument_the_venue_does_not_know_any_more_is_told_and_not_entered() {
    let mut rig = Rig::cold().await;
    rig.venue.state().unlisted = true;
    rig.start().await;
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    assert!(rig.venue.placed().is_empty());
    assert!(rig.codes().await.contains(&"instrument_restricted"));
    rig.assert_sound().await;
}

/// A trader at 100 whose strategy needs three candles.
async fn of_three_candles() -> Rig {
    let mut rig = Rig::cold().await;
    rig.script.depth = 3;
    rig.start().await;
    rig.minute(100.0, None).await;
    rig
}

#[tokio::test(start_paused = true)]
async fn f39_a_price_of_another_unit_is_no_signal_until_the_history_is_of_it() {
    let mut rig = of_three_candles().await;
    // A thousand of the old coin are one of the new: the first two candles of it are not enough, nor are they after a kill.
    rig.minute(100_000.0, Some(enter(LONG, dec!(0.1)))).await;
    assert_eq!(rig.codes().await.iter().filter(|code| **code == "price_rejected").count(), 1);
    rig.kill().await;
    rig.start().await;
    rig.minute(100_000.0, Some(enter(LONG, dec!(0.1)))).await;
    assert!(rig.venue.placed().is_empty());
    assert_eq!(rig.skipped().await, ["warming_up", "warming_up"]);
    rig.minute(100_000.0, Some(enter(LONG, dec!(0.1)))).await;
    assert_eq!(rig.venue.held(LONG), dec!(0.1));
    assert_eq!(rig.codes().await.iter().filter(|code| **code == "price_rejected").count(), 1, "told once");
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f39_a_signal_is_not_carried_out_at_a_price_of_another_unit() {
    let rig = of_three_candles().await;
    rig.script.decisions.lock().unwrap().push_back(enter(LONG, dec!(1)));
    let close = Timeframe::M1.bucket(rig.venue.now()) + Span::minutes(1);
    rig.pass(close - rig.venue.now()).await;
    rig.venue.candle(Timeframe::M1, flat(close - Span::minutes(1), 100.0));
    rig.settle().await;
    rig.price(0.1).await;
    assert!(rig.venue.placed().is_empty(), "decided at 100, traded at a thousandth");
    assert_eq!(rig.skipped().await, ["warming_up"]);
    // A price that was merely wrong is over with the next candle.
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    assert_eq!(rig.venue.held(LONG), dec!(1));
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f39_exits_go_on_whatever_the_price_is_called() {
    let rig = of_three_candles().await;
    rig.long().await;
    rig.price(100_000.0).await;
    assert!(rig.codes().await.contains(&"price_rejected"));
    assert_eq!(rig.venue.held(LONG), dec!(0), "its take profit was reached");
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f39_an_instrument_under_another_name_is_another_instrument() {
    let rig = of_three_candles().await;
    rig.long().await;
    // The venue turns what is held into a thousand of a new instrument, and takes the old one with its orders away.
    let sent = {
        let mut state = rig.venue.state();
        state.unlisted = true;
        state.orders.clear();
        let held = state.positions.pop_first().unwrap();
        let renamed = InstrumentId::new("double", "1000BTCUSDT");
        let key = PositionKey { instrument: renamed, side: LONG };
        let (quantity, average) = (dec!(1000).into(), dec!(0.1).into());
        let position = PositionSnapshot { key: key.clone(), quantity, average, ..held.1 };
        state.positions.insert(key, position);
        state.calls.len()
    };
    rig.pass(Span::minutes(1)).await;
    let codes = rig.codes().await;
    assert!(codes.contains(&"foreign_position"), "it is told: {codes:?}");
    assert!(codes.contains(&"trade_closed") && !codes.contains(&"adopted"), "the old leg is gone: {codes:?}");
    let later = rig.venue.state().calls.split_off(sent);
    assert!(later.iter().all(|(_, request)| !matches!(request, Request::Place(_))), "{later:?}");
    rig.assert_sound().await;
    // From the next reading of the list on nothing is opened under the old name either.
    rig.pass(Span::days(1)).await;
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    assert!(rig.codes().await.contains(&"instrument_restricted"));
    assert_eq!(rig.venue.placed().len(), 3, "entry, stop and take profit of the first leg");
}

#[tokio::test(start_paused = true)]
async fn f41_absurdly_different_prices_are_told_once_and_no_exit_is_refused() {
    let rig = Rig::new().await;
    rig.long().await;
    // A wick on the last price alone: the stop goes by the mark price and stays.
    for last in [70, 69, 68] {
        let point = |price: i64| PricePoint { price: Price::new(price.into()), time: rig.venue.now() };
        let data = |fact| MarketEvent::Data { instrument: rig.venue.instrument.id.clone(), fact };
        rig.venue.tell(Channel::Mark, data(MarketFact::Mark(point(100))));
        rig.settle().await;
        rig.venue.tell(Channel::Last, data(MarketFact::Last(point(last))));
        rig.settle().await;
    }
    let told = rig.codes().await.iter().filter(|code| **code == "prices_apart").count();
    assert_eq!(told, 1);
    assert_eq!(rig.venue.held(LONG), dec!(1));
    assert_eq!(rig.venue.stops().len(), 1);
    rig.price(102.0).await;
    assert_eq!(rig.venue.held(LONG), dec!(0), "it leaves as planned");
    rig.assert_sound().await;
}

/// A venue that takes no order below 0.1, not even to close.
fn coarse() -> Venue {
    let mut venue = Venue::new();
    venue.instrument.min_size = dec!(0.1);
    venue.can.features.remove(&Feature::ReduceBelowMinimum);
    venue
}

#[tokio::test(start_paused = true)]
async fn f43_what_is_left_below_the_smallest_order_is_booked_as_dust_and_the_trade_ends() {
    let mut rig = Rig::with(coarse(), Arc::new(MemoryStore::new()));
    rig.start().await;
    rig.long().await;
    rig.venue.hold(LONG, dec!(0.05), dec!(100));
    rig.pass(Span::seconds(10)).await;
    let codes = rig.codes().await;
    assert!(codes.contains(&"dust") && codes.contains(&"trade_closed"), "{codes:?}");
    assert!(rig.venue.stops().is_empty() && rig.venue.limits().is_empty());
    let (placed, told) = (rig.venue.placed().len(), codes.len());
    rig.pass(Span::minutes(3)).await;
    assert_eq!(rig.venue.placed().len(), placed, "no order is sent for it");
    let later: Vec<_> = rig.codes().await.split_off(told);
    assert!(!later.contains(&"foreign_position") && !later.contains(&"adopted"), "{later:?}");
}

#[tokio::test(start_paused = true)]
async fn f47_a_coin_margined_contract_is_refused_by_name_and_nothing_is_sent() {
    let rig = Rig::cold().await;
    let mut plan = rig.plan();
    plan.instrument.kind = InstrumentKind::Inverse;
    let refused = Session::open(rig.parts(), Options::new("test"), vec![plan]).await.err().unwrap();
    assert!(refused.to_string().starts_with("instrument.inverse_unsupported"), "{refused}");
    assert!(rig.venue.state().calls.iter().all(|(_, request)| !request.is_write()));
}
