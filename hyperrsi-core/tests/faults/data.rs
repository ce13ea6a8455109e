//! Market data that is late, missing, wrong or silent.

use crate::rig::*;
use hyperrsi_core::exchange::*;
use hyperrsi_core::model::*;
use hyperrsi_core::strategy::Decision;

#[tokio::test(start_paused = true)]
async fn f24_a_silent_price_feed_is_subscribed_anew() {
    let rig = Rig::new().await;
    let feeds = |rig: &Rig| {
        let state = rig.venue.state();
        state.subscriptions.iter().filter(|feeds| feeds.iter().any(|f| f.channel == Channel::Last)).count()
    };
    assert_eq!(feeds(&rig), 1);
    rig.pass(Span::seconds(40)).await;
    assert!(feeds(&rig) >= 2, "connected but mute for half a minute");
}

#[tokio::test(start_paused = true)]
async fn f24_a_candle_that_nobody_has_keeps_entries_away_and_exits_go_on() {
    let rig = Rig::new().await;
    rig.long().await;
    rig.pass(Span::seconds(80)).await;
    let status = rig.session.as_ref().unwrap().handle().trader(&"main:BTC".into()).await.unwrap();
    assert!(status.gates.iter().any(|gate| gate.code.as_str() == "data_gap"), "{:?}", status.gates);
    rig.price(102.0).await;
    assert_eq!(rig.venue.held(LONG), dec!(0), "the take profit fills all the same");
}

#[tokio::test(start_paused = true)]
async fn f25_a_gap_in_the_accounts_stream_is_filled_by_a_read() {
    let rig = Rig::new().await;
    rig.long().await;
    let stop = rig.venue.stops()[0];
    rig.venue.state().quiet = true;
    rig.venue.fill(stop.client_id, dec!(99), dec!(1));
    rig.venue.state().quiet = false;
    rig.venue.push(AccountEvent::Gap { since: None });
    rig.pass(Span::seconds(5)).await;
    assert_eq!(rig.venue.held(LONG), dec!(0));
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f30_a_stream_that_ends_is_begun_anew_and_the_hole_is_read() {
    let rig = Rig::new().await;
    rig.long().await;
    let stop = rig.venue.stops()[0];
    rig.venue.drop_account_stream();
    rig.venue.fill(stop.client_id, dec!(99), dec!(1));
    rig.pass(Span::seconds(10)).await;
    rig.assert_sound().await;
    let codes = rig.codes().await;
    assert!(codes.contains(&"link_down") && codes.contains(&"link_up"), "{codes:?}");
}

#[tokio::test(start_paused = true)]
async fn f40_a_price_of_zero_is_no_price() {
    let rig = Rig::new().await;
    rig.long().await;
    rig.venue.fail_times(is_stop, crate::double::Fault::LoseRequest, 1);
    let zero = PricePoint { price: Price::new(dec!(0)), time: rig.venue.now() };
    let instrument = rig.venue.instrument.id.clone();
    for fact in [MarketFact::Mark(zero), MarketFact::Last(zero)] {
        let channel = if matches!(fact, MarketFact::Mark(_)) { Channel::Mark } else { Channel::Last };
        rig.venue.tell(channel, MarketEvent::Data { instrument: instrument.clone(), fact });
    }
    rig.pass(Span::seconds(3)).await;
    assert_eq!(rig.venue.held(LONG), dec!(1), "never left at zero");
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f67_a_missing_candle_is_fetched_and_told_in_order() {
    let rig = Rig::new().await;
    let now = rig.venue.now();
    let next = Timeframe::M1.bucket(now);
    rig.pass(next + Span::minutes(2) - now).await;
    // The venue has both, the stream tells the second alone.
    rig.venue.state().candles.get_mut(&Timeframe::M1).unwrap().push(flat(next, 100.0));
    rig.venue.candle(Timeframe::M1, flat(next + Span::minutes(1), 101.0));
    rig.pass(Span::seconds(3)).await;
    let heard = rig.script.heard.lock().unwrap().clone();
    assert_eq!(heard[heard.len() - 2..], [next, next + Span::minutes(1)]);
}

#[tokio::test(start_paused = true)]
async fn f67_what_is_whole_again_is_decided_as_ever() {
    let rig = Rig::new().await;
    let now = rig.venue.now();
    let next = Timeframe::M1.bucket(now);
    rig.pass(next + Span::minutes(2) - now).await;
    rig.venue.state().candles.get_mut(&Timeframe::M1).unwrap().push(flat(next, 100.0));
    rig.script.decisions.lock().unwrap().extend([Decision::hold(), enter(LONG, dec!(1))]);
    rig.venue.candle(Timeframe::M1, flat(next + Span::minutes(1), 101.0));
    rig.settle().await;
    rig.price(101.0).await;
    assert_eq!(rig.venue.held(LONG), dec!(1), "{:?}", rig.skipped().await);
}

#[tokio::test(start_paused = true)]
async fn f67_a_late_candle_is_asked_for() {
    let rig = Rig::new().await;
    let now = rig.venue.now();
    let next = Timeframe::M1.bucket(now);
    rig.venue.state().candles.get_mut(&Timeframe::M1).unwrap().push(flat(next, 100.0));
    rig.pass(next + Span::minutes(1) + Span::seconds(3) - now).await;
    assert_eq!(rig.script.heard.lock().unwrap().last(), Some(&next), "the stream never told it");
}

#[tokio::test(start_paused = true)]
async fn f67_a_revised_candle_is_not_decided_again() {
    let rig = Rig::new().await;
    rig.minute(100.0, None).await;
    let heard = rig.script.heard.lock().unwrap().len();
    let last = *rig.venue.state().candles[&Timeframe::M1].last().unwrap();
    rig.venue.candle(Timeframe::M1, Candle { close: 99.0, low: 99.0, ..last });
    rig.settle().await;
    assert_eq!(rig.script.heard.lock().unwrap().len(), heard);
}

#[tokio::test(start_paused = true)]
async fn f69_nothing_is_opened_before_the_strategy_has_its_history() {
    let mut rig = Rig::cold().await;
    rig.script.depth = 8;
    rig.start().await;
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    assert!(rig.venue.placed().is_empty());
    assert!(rig.skipped().await.contains(&"warming_up".to_owned()));
    rig.minute(100.0, None).await;
    rig.minute(100.0, None).await;
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    assert_eq!(rig.venue.held(LONG), dec!(1), "eight candles have closed");
}

#[tokio::test(start_paused = true)]
async fn f84_an_old_price_sizes_nothing() {
    let rig = Rig::new().await;
    rig.script.decisions.lock().unwrap().push_back(enter(LONG, dec!(1)));
    let now = rig.venue.now();
    let close = Timeframe::M1.bucket(now) + Span::minutes(1);
    rig.pass(close - now).await;
    rig.venue.candle(Timeframe::M1, flat(close - Span::minutes(1), 100.0));
    rig.settle().await;
    let point = PricePoint { price: Price::new(dec!(100)), time: close - Span::seconds(20) };
    let instrument = rig.venue.instrument.id.clone();
    rig.venue.tell(Channel::Last, MarketEvent::Data { instrument, fact: MarketFact::Last(point) });
    rig.settle().await;
    assert!(rig.venue.placed().is_empty(), "twenty seconds old");
    rig.price(100.0).await;
    assert_eq!(rig.venue.held(LONG), dec!(1));
}

#[tokio::test(start_paused = true)]
async fn f84_a_decision_that_found_no_price_in_time_is_dropped() {
    let rig = Rig::new().await;
    rig.script.decisions.lock().unwrap().push_back(enter(LONG, dec!(1)));
    let now = rig.venue.now();
    let close = Timeframe::M1.bucket(now) + Span::minutes(1);
    rig.pass(close - now).await;
    rig.venue.candle(Timeframe::M1, flat(close - Span::minutes(1), 100.0));
    rig.pass(Span::seconds(61)).await;
    rig.price(100.0).await;
    assert!(rig.venue.placed().is_empty());
    let skipped = rig.skipped().await;
    assert!(skipped.iter().any(|why| why == "signal_stale" || why == "data_gap"), "{skipped:?}");
}
