//! Streams that are silent, broken, twofold, out of order, or say what cannot be.

use crate::rig::*;
use hyperrsi::exchange::ErrorClass;
use hyperrsi::model::Span;
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
    rig.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f24_wire_mute_prices_keep_entries_away_and_the_stop_at_the_venue_works() {
    let rig = Rig::new().await;
    rig.long(dec!(0.05)).await;
    rig.happen(Fault::MuteStream { stream: Stream::All, for_ms: LONG_MUTE });
    rig.go_to(dec!(59300));
    rig.until("the stop has closed it", |status| status.legs.is_empty()).await;
    rig.assert_sound().await;
    rig.ready().await;
    rig.enter(LONG, dec!(0.05));
    rig.until_venue("entries again", |world| !held(world, &rig.instrument.id, LONG).is_zero()).await;
    rig.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f25_wire_a_message_that_is_lost_is_read_back() {
    let rig = Rig::new().await;
    // The report of the entry's fill cannot be read: what it said is asked for.
    rig.happen(Fault::MalformedMessage { stream: Stream::Private });
    rig.long(dec!(0.05)).await;
    assert!(rig.account.unreadable() > 0, "the adapter counted it");
    rig.assert_sound().await;
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
    rig.assert_sound().await;
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
    rig.assert_sound().await;
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
    rig.assert_sound().await;
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
    rig.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f40_wire_a_price_of_zero_or_none_is_no_price() {
    let rig = Rig::new().await;
    rig.long(dec!(0.05)).await;
    for last in ["\"0\"", "\"\"", "null", "\"NaN\"", "\"-1\"", "\"Infinity\""] {
        let time = rig.server.act(|world| world.time().millis()).unwrap();
        rig.say(
            Stream::Public,
            format!(
                r#"{{"arg":{{"channel":"tickers","instId":"BTC-USDT-SWAP"}},"data":[{{"instType":"SWAP","instId":"BTC-USDT-SWAP","last":{last},"lastSz":"1","askPx":"","askSz":"","bidPx":"","bidSz":"","open24h":"1","high24h":"1","low24h":"1","sodUtc0":"1","sodUtc8":"1","volCcy24h":"1","vol24h":"1","ts":"{time}"}}]}}"#
            ),
        );
    }
    rig.go_to(dec!(60100)); // a real price comes through behind them
    rig.until("the real price", |status| status.price.is_some_and(|(price, _)| price.get() == dec!(60100)))
        .await;
    let status = rig.status().await;
    assert_eq!(status.leg(LONG).unwrap().quantity.get(), dec!(0.05), "nothing was closed at zero");
    rig.assert_sound().await;
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
    rig.assert_sound().await;
}

/// A row of the orders channel, about the stop or the entry of the rig, with one field replaced.
fn pushed(rig: &Rig, client_id: &str, state: &str, filled: &str) -> String {
    let time = rig.server.act(|world| world.time().millis()).unwrap();
    format!(
        r#"{{"arg":{{"channel":"orders","instType":"SWAP","uid":"1"}},"data":[{{"instType":"SWAP","instId":"BTC-USDT-SWAP","ccy":"","ordId":"99","clOrdId":"{client_id}","tag":"","px":"","sz":"5","notionalUsd":"","ordType":"market","side":"buy","posSide":"long","tdMode":"isolated","tgtCcy":"","fillSz":"0","fillPx":"","tradeId":"","accFillSz":{filled},"fillNotionalUsd":"","fillTime":"","fillFee":"0","fillFeeCcy":"USDT","execType":"","state":"{state}","avgPx":"","lever":"3","tpTriggerPx":"","tpOrdPx":"","slTriggerPx":"","slOrdPx":"","feeCcy":"USDT","fee":"0","rebateCcy":"USDT","rebate":"0","pnl":"0","source":"","cancelSource":"","amendSource":"","category":"normal","reduceOnly":"false","uTime":"{time}","cTime":"{time}","reqId":"","amendResult":"","code":"0","msg":"","a_new_field":{{"deep":[1,2]}}}}]}}"#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn f64_wire_an_unknown_status_is_no_fill_and_a_new_field_no_error() {
    let rig = Rig::new().await;
    rig.long(dec!(0.05)).await;
    let entry = rig.openings().remove(0);
    rig.say(Stream::Private, pushed(&rig, &entry, "half_baked", "\"0\""));
    rig.go_to(dec!(61250));
    rig.until("life goes on", |status| status.leg(LONG).is_some_and(|leg| leg.quantity.get() == dec!(0.025)))
        .await;
    rig.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f65_wire_numbers_in_any_dress_are_read_and_what_is_none_is_refused() {
    let rig = Rig::new().await;
    rig.long(dec!(0.05)).await;
    let entry = rig.openings().remove(0);
    // Contracts: 5 is what was filled. As a number, with an exponent, empty; then what is no number.
    for filled in ["5", "\"5e0\"", "\"0.5E1\"", "\"5.000\"", "\"\""] {
        rig.say(Stream::Private, pushed(&rig, &entry, "filled", filled));
    }
    let before = rig.account.unreadable();
    for filled in ["\"NaN\"", "\"five\"", "\"Infinity\""] {
        rig.say(Stream::Private, pushed(&rig, &entry, "filled", filled));
    }
    rig.until_venue("the adapter refuses what is no number", |_| rig.account.unreadable() >= before + 3)
        .await;
    rig.assert_sound().await;
    assert_eq!(rig.status().await.leg(LONG).unwrap().quantity.get(), dec!(0.05));
}

#[tokio::test(flavor = "multi_thread")]
async fn f66_wire_numbers_too_long_for_a_decimal_are_errors() {
    let rig = Rig::new().await;
    rig.long(dec!(0.05)).await;
    let entry = rig.openings().remove(0);
    let before = rig.account.unreadable();
    for filled in ["\"1e40\"", "\"99999999999999999999999999999999\"", "\"79228162514264337593543950335\""] {
        rig.say(Stream::Private, pushed(&rig, &entry, "filled", filled));
    }
    rig.until_venue("the adapter refuses them", |_| rig.account.unreadable() >= before + 2).await;
    rig.assert_sound().await;
    assert_eq!(rig.status().await.leg(LONG).unwrap().quantity.get(), dec!(0.05));
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
    rig.assert_sound().await;
}
