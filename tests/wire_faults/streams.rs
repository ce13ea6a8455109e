//! Streams that are silent, broken, twofold, out of order, or say what cannot be.

use crate::rig::*;
use hyperrsi::exchange::ErrorClass;
use hyperrsi::model::{Span, Timestamp};
use hyperrsi::prelude::*;
use hyperrsi::sim::account::fault::{Fault, Stream};

/// Longer than every deadline of a stream in the rig.
const LONG_MUTE: Span = Span::minutes(4);

#[tokio::test(flavor = "multi_thread")]
async fn f24_wire_a_mute_account_stream_is_made_good_by_reading() {
    let rig = Rig::new().await;
    rig.happen(Fault::MuteStream { stream: Stream::Private, for_ms: LONG_MUTE });
    rig.long(dec!(0.05)).await;
    assert_eq!(rig.openings().len(), 1);
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f24_wire_mute_prices_keep_entries_away_and_the_stop_at_the_venue_works() {
    let rig = Rig::new().await;
    rig.long(dec!(0.05)).await;
    rig.happen(Fault::MuteStream { stream: Stream::All, for_ms: LONG_MUTE });
    let muted = rig.server.act(|world| world.time()).unwrap();
    rig.go_to(dec!(59300));
    rig.until("the stop has closed it", |status| status.legs.is_empty()).await;
    rig.assert_sound().await;
    rig.until_venue("every stream speaks again", |world| world.time() - muted > LONG_MUTE).await;
    rig.ready().await;
    rig.enter(LONG, dec!(0.05));
    rig.until_venue("entries again", |world| !held(world, &rig.instrument.id, LONG).is_zero()).await;
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f25_wire_a_message_that_is_lost_is_read_back() {
    let rig = Rig::new().await;
    // The report of the entry's fill cannot be read: what it said is asked for.
    rig.happen(Fault::MalformedMessage { stream: Stream::Private });
    rig.long(dec!(0.05)).await;
    assert!(rig.account.unreadable() > 0, "the adapter counted it");
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f26_wire_connections_that_are_cut_again_and_again_come_back() {
    let rig = Rig::new().await;
    rig.long(dec!(0.05)).await;
    for times in 1..=3 {
        rig.happen(Fault::CutStream { stream: Stream::All });
        rig.until_events("link_down", times).await;
        rig.until_events("link_up", times).await;
    }
    rig.ready().await;
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f27_wire_a_fill_told_twice_counts_once_also_after_a_restart() {
    let mut rig = Rig::new().await;
    rig.happen(Fault::Duplicate { stream: Stream::Private, messages: 60 });
    rig.long(dec!(0.05)).await;
    rig.assert_sound().await;
    rig.kill().await;
    rig.start().await;
    rig.until_whole(LONG, dec!(0.05)).await;
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f28_wire_news_that_come_late_take_nothing_back() {
    let rig = Rig::new().await;
    rig.happen(Fault::Reorder { stream: Stream::Private, messages: 4 });
    rig.long(dec!(0.05)).await;
    rig.happen(Fault::Reorder { stream: Stream::Private, messages: 5 });
    rig.go_to(dec!(61250));
    rig.until("the first take profit", |status| {
        status.leg(LONG).is_some_and(|leg| leg.quantity.get() == dec!(0.025))
    })
    .await;
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f30_wire_a_login_that_ends_is_renewed_and_the_hole_is_read() {
    let rig = Rig::new().await;
    rig.long(dec!(0.05)).await;
    rig.say(Stream::Private, r#"{"event":"error","code":"60011","msg":"Please log in","connId":"x"}"#);
    // While nobody listens, the first take profit fills.
    rig.go_to(dec!(61250));
    rig.until("the fill is known", |status| {
        status.leg(LONG).is_some_and(|leg| leg.quantity.get() == dec!(0.025))
    })
    .await;
    rig.ready().await;
    rig.end().await;
}

/// What the channel of tickers says of a last price (JSON) at a time.
fn ticker(last: &str, time: Timestamp) -> String {
    format!(
        r#"{{"arg":{{"channel":"tickers","instId":"BTC-USDT-SWAP"}},"data":[{{"instType":"SWAP","instId":"BTC-USDT-SWAP","last":{last},"lastSz":"1","askPx":"","askSz":"","bidPx":"","bidSz":"","open24h":"1","high24h":"1","low24h":"1","sodUtc0":"1","sodUtc8":"1","volCcy24h":"1","vol24h":"1","ts":"{}"}}]}}"#,
        time.millis()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn f40_wire_a_price_of_zero_or_none_is_no_price() {
    let rig = Rig::new().await;
    rig.long(dec!(0.05)).await;
    for last in ["\"0\"", "\"\"", "null", "\"NaN\"", "\"-1\"", "\"Infinity\""] {
        let now = rig.server.act(|world| world.time()).unwrap();
        rig.say(Stream::Public, ticker(last, now));
    }
    rig.go_to(dec!(60100)); // a real price comes through behind them
    rig.until("the real price", |status| status.price.is_some_and(|(price, _)| price.get() == dec!(60100)))
        .await;
    let status = rig.status().await;
    assert_eq!(status.leg(LONG).unwrap().quantity.get(), dec!(0.05), "nothing was closed at zero");
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f63_wire_garbage_on_a_stream_is_counted_and_read_back() {
    let rig = Rig::new().await;
    rig.long(dec!(0.05)).await;
    for garbage in ["", "{", "<html>502</html>", "[1,2", "{\"arg\":", "\u{0}\u{1}", "null", "[]", "7"] {
        rig.say(Stream::All, garbage);
    }
    rig.go_to(dec!(61250));
    rig.until("the next fill is known", |status| {
        status.leg(LONG).is_some_and(|leg| leg.quantity.get() == dec!(0.025))
    })
    .await;
    assert!(rig.account.unreadable() > 0);
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f64_wire_an_unknown_status_is_no_fill_and_a_new_field_no_error() {
    let rig = Rig::new().await;
    rig.long(dec!(0.05)).await;
    let entry = rig.openings().remove(0);
    rig.say(Stream::Private, rig.pushed(&entry, "half_baked", "\"0\""));
    rig.go_to(dec!(61250));
    rig.until("life goes on", |status| status.leg(LONG).is_some_and(|leg| leg.quantity.get() == dec!(0.025)))
        .await;
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f65_wire_numbers_in_any_dress_are_read_and_what_is_none_is_refused() {
    let rig = Rig::new().await;
    rig.long(dec!(0.05)).await;
    let entry = rig.openings().remove(0);
    // Contracts: 5 is what was filled. As a number, with an exponent, empty; then what is no number.
    for filled in ["5", "\"5e0\"", "\"0.5E1\"", "\"5.000\"", "\"\""] {
        rig.say(Stream::Private, rig.pushed(&entry, "filled", filled));
    }
    let before = rig.account.unreadable();
    for filled in ["\"NaN\"", "\"five\"", "\"Infinity\""] {
        rig.say(Stream::Private, rig.pushed(&entry, "filled", filled));
    }
    rig.until_venue("the adapter refuses what is no number", |_| rig.account.unreadable() >= before + 3)
        .await;
    assert_eq!(rig.status().await.leg(LONG).unwrap().quantity.get(), dec!(0.05));
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f66_wire_numbers_too_long_for_a_decimal_are_errors() {
    let rig = Rig::new().await;
    rig.long(dec!(0.05)).await;
    let entry = rig.openings().remove(0);
    let before = rig.account.unreadable();
    for filled in ["\"1e40\"", "\"99999999999999999999999999999999\"", "\"79228162514264337593543950335\""] {
        rig.say(Stream::Private, rig.pushed(&entry, "filled", filled));
    }
    rig.until_venue("the adapter refuses them", |_| rig.account.unreadable() >= before + 2).await;
    assert_eq!(rig.status().await.leg(LONG).unwrap().quantity.get(), dec!(0.05));
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f85_wire_a_retired_endpoint_ends_entries_and_is_named() {
    let rig = Rig::new().await;
    rig.fault("place", 1, Fault::Reject { class: ErrorClass::Retired, code: Some("64000".into()) });
    rig.enter(LONG, dec!(0.05));
    rig.until_events("endpoint_retired", 1).await;
    rig.enter(LONG, dec!(0.05));
    rig.until("entries are off", |status| !status.gates.is_empty()).await;
    assert_eq!(rig.openings().len(), 0);
    rig.end().await;
}

/// The order that a stop sends when it fires has no id of ours; the connection that would have told whose it is, is cut.
#[tokio::test(flavor = "multi_thread")]
async fn f24_wire_a_stop_that_fires_while_nobody_listens_keeps_its_reason() {
    let rig = Rig::new().await;
    rig.long(dec!(0.05)).await;
    rig.happen(Fault::CutStream { stream: Stream::All });
    rig.go_to(dec!(59300));
    rig.until("the stop has closed it", |status| status.legs.is_empty()).await;
    rig.until_events("trade_closed", 1).await;
    assert_eq!(rig.reasons().await, [ExitReason::StopLoss]);
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f84_wire_a_decision_that_found_only_old_prices_is_dropped() {
    let mut rig = Rig::cold(true, "BTC-USDT-SWAP", |_| {}).await;
    rig.max_signal_age = Span::minutes(2);
    rig.patience.price_silence = Span::hours(1); // the connection is not mute
    rig.start().await;
    // Prices come, but late: each is older than the minute a price may be. Candles come on another connection.
    rig.happen(Fault::MuteStream { stream: Stream::Public, for_ms: Span::minutes(6) });
    let muted = rig.server.act(|world| world.time()).unwrap();
    let late = || {
        let now = rig.server.act(|world| world.time()).unwrap();
        let then = now - Span::minutes(3);
        rig.say(Stream::Public, ticker("\"60000\"", then));
        let mark = r#"{"arg":{"channel":"mark-price","instId":"BTC-USDT-SWAP"},"data":[{"instType":"SWAP","instId":"BTC-USDT-SWAP","markPx":"60000","ts":"THEN"}]}"#;
        rig.say(Stream::Public, mark.replace("THEN", &then.millis().to_string()));
        now - muted
    };
    let begun = std::time::Instant::now();
    let (mut entered, mut dropped) = (false, None);
    while dropped.is_none() {
        if late() > Span::seconds(100) && !entered {
            rig.enter(LONG, dec!(0.05));
            entered = true;
        }
        dropped = rig.skipped().await.pop();
        assert!(begun.elapsed() < PATIENCE, "{}", rig.story().await);
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let dropped = dropped.unwrap();
    assert!(["price_stale", "signal_stale"].contains(&dropped.as_str()), "{dropped}");
    assert_eq!(rig.openings().len(), 0);
    rig.until("prices again", |status| status.price.is_some_and(|(_, at)| at - muted > Span::minutes(6)))
        .await;
    rig.ready().await;
    rig.long(dec!(0.05)).await;
    rig.end().await;
}
