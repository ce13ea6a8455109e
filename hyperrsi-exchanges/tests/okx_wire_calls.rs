//! What the OKX adapter makes of a misbehaving wire, call by call.
#![cfg(feature = "okx")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod wire;

use hyperrsi_core::exchange::{
    ErrorClass, Exchange as _, ExchangeError, ExchangeExt as _, Lookup, MarketDataExt as _, OrderClass,
    OrderName, OrderOutcome, OrderRef, Request, Retry,
};
use hyperrsi_core::model::{
    InstrumentId, MarginMode, OrderKind, OrderSpec, OrderStatus, PositionSide, Price, Quantity, Reducing,
    Side, Span, Ticket, TimeInForce, Timeframe, Timestamp,
};
use hyperrsi_exchanges::net::Clock;
use hyperrsi_exchanges::okx::{Config, Keys, Market, VENUE};
use rust_decimal_macros::dec;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use wire::okx::{account, close, nowhere, spec, swap, usual};
use wire::{Answer, Heard, Server, refuses, rows};

const ORDER: &str = "/api/v5/trade/order";

/// A server that answers order calls as told and everything else as usual.
async fn server(on: &'static str, answer: impl Fn(&Heard) -> Answer + Send + Sync + 'static) -> Server {
    Server::start(move |heard| if heard.path() == on { answer(heard) } else { usual(heard) }).await
}

fn unknown(outcome: OrderOutcome) -> ErrorClass {
    match outcome {
        OrderOutcome::Unknown { class, message } => {
            assert!(!message.contains("the-"), "a secret is shown: {message}");
            class
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn f46_wire_an_order_goes_out_in_contracts_with_everything_named() {
    let server = server(ORDER, |_| {
        rows(json!([{"ordId": "9", "clOrdId": "hr1", "sCode": "0", "sMsg": "", "ts": "1746000000123"}]))
    })
    .await;
    let outcome = account(&server).place(close()).await;
    let OrderOutcome::Done(done) = outcome else { panic!("{outcome:?}") };
    assert_eq!(done.venue_id.unwrap().as_str(), "9");
    assert_eq!(done.time, Timestamp::from_millis(1_746_000_000_123));
    let sent = &server.on(ORDER)[0];
    assert_eq!(
        sent.json(),
        json!({"instId": "BTC-USDT-SWAP", "tdMode": "isolated", "side": "sell", "sz": "2", "reduceOnly": true,
            "clOrdId": "hr1", "ordType": "market"})
    );
    let keys = Keys::new("the-key", "the-secret", "the-phrase");
    let time: jiff::Timestamp = sent.header("OK-ACCESS-TIMESTAMP").unwrap().parse().unwrap();
    let signed = keys.sign(
        Timestamp::from_millis(time.as_millisecond()),
        hyperrsi_exchanges::net::Method::Post,
        ORDER,
        &sent.body,
    );
    assert_eq!(sent.header("OK-ACCESS-SIGN"), Some(signed.signature.as_str()));
    assert_eq!(sent.header("OK-ACCESS-KEY"), Some("the-key"));
    assert_eq!(sent.header("OK-ACCESS-PASSPHRASE"), Some("the-phrase"));
}

#[tokio::test]
async fn f05_wire_an_answer_lost_after_the_effect_is_unknown_and_nothing_is_sent_twice() {
    let server = server(ORDER, |_| Answer::Drop).await;
    assert_eq!(unknown(account(&server).place(close()).await), ErrorClass::Connectivity);
    assert_eq!(server.on(ORDER).len(), 1);
}

#[tokio::test]
async fn f35_wire_an_error_page_is_unknown_for_writes_and_a_fault_for_reads() {
    let page = || {
        Answer::Raw(502, vec![("content-type", "text/html".into())], "<html>{\"code\":\"0\"}</html>".into())
    };
    let server = Server::start(move |heard| match heard.path() {
        ORDER | "/api/v5/account/balance" => page(),
        _ => usual(heard),
    })
    .await;
    let account = account(&server);
    assert_eq!(unknown(account.place(close()).await), ErrorClass::VenueFault);
    let error = account.balances().await.unwrap_err();
    assert!(matches!(error, ExchangeError::VenueFault { status: 502, .. }), "{error:?}");
    assert!(!error.to_string().contains("html"), "{error}");
}

#[tokio::test]
async fn f63_wire_a_truncated_answer_is_unknown() {
    let whole = r#"{"code":"0","msg":"","data":[{"ordId":"9","clOrdId":"hr1","sCode":"0"#;
    let cut = server(ORDER, |_| Answer::CutOff(whole.into())).await;
    assert_eq!(unknown(account(&cut).place(close()).await), ErrorClass::Connectivity);
    let short = server(ORDER, |_| Answer::Raw(200, vec![], whole.into())).await;
    assert_eq!(unknown(account(&short).place(close()).await), ErrorClass::Malformed);
    let empty = server(ORDER, |_| rows(json!([]))).await;
    assert_eq!(unknown(account(&empty).place(close()).await), ErrorClass::Malformed);
}

#[tokio::test]
async fn f33_wire_too_many_requests_close_the_endpoint_for_the_stated_time() {
    let server = server(ORDER, |_| {
        Answer::Raw(
            429,
            vec![("retry-after", "7".into())],
            r#"{"code":"50011","msg":"Too Many Requests"}"#.into(),
        )
    })
    .await;
    let account = account(&server);
    let OrderOutcome::Refused(refused) = account.place(close()).await else { panic!() };
    assert_eq!((refused.class, refused.retry), (ErrorClass::RateLimited, Retry::After(Span::seconds(7))));
    // Seven seconds are more than an order waits: it is refused here, and the venue hears nothing.
    let OrderOutcome::Refused(refused) = account.place(close()).await else { panic!() };
    assert_eq!(refused.class, ErrorClass::RateLimited);
    assert_eq!(server.on(ORDER).len(), 1);
}

#[tokio::test]
async fn f34_wire_a_ban_stops_all_calls() {
    let server = server("/api/v5/account/balance", |_| {
        Answer::Raw(418, vec![("retry-after", "60".into())], "".into())
    })
    .await;
    let account = account(&server);
    assert!(matches!(account.balances().await, Err(ExchangeError::Banned { until: Some(_) })));
    let before = server.heard.lock().unwrap().len();
    let OrderOutcome::Refused(refused) = account.place(close()).await else { panic!() };
    assert_eq!(refused.class, ErrorClass::Banned);
    assert_eq!(server.heard.lock().unwrap().len(), before, "nothing may be sent during a ban");
}

#[tokio::test]
async fn f31_wire_a_skewed_clock_is_measured_again_and_reads_succeed() {
    let ahead = Arc::new(AtomicI64::new(0));
    let tries = Arc::new(AtomicUsize::new(0));
    let (clock, count) = (Arc::clone(&ahead), Arc::clone(&tries));
    let server = Server::start(move |heard| match heard.path() {
        "/api/v5/public/time" => {
            rows(json!([{"ts": (Clock::local().millis() + clock.load(Ordering::SeqCst)).to_string()}]))
        }
        "/api/v5/account/balance" if count.fetch_add(1, Ordering::SeqCst) == 1 => refuses("50102"),
        "/api/v5/account/balance" => rows(json!([{"details": []}])),
        ORDER => refuses("50102"),
        _ => usual(heard),
    })
    .await;
    let account = account(&server);
    account.balances().await.unwrap();
    ahead.store(3_600_000, Ordering::SeqCst);
    account.balances().await.unwrap();
    let stamp = |heard: &Heard| {
        let time: jiff::Timestamp = heard.header("OK-ACCESS-TIMESTAMP").unwrap().parse().unwrap();
        time.as_millisecond()
    };
    let sent = server.on("/api/v5/account/balance");
    assert_eq!(sent.len(), 3);
    let jump = stamp(&sent[2]) - stamp(&sent[1]);
    assert!((3_590_000..3_700_000).contains(&jump), "signed {jump} ms later");
    // A write is not repeated; the refusal says that the clock was off.
    let OrderOutcome::Refused(refused) = account.place(close()).await else { panic!() };
    assert_eq!(refused.class, ErrorClass::ClockSkew);
    assert_eq!(server.on(ORDER).len(), 1);
}

#[tokio::test]
async fn f72_wire_a_revoked_key_is_refused_without_a_retry() {
    let server = server(ORDER, |_| {
        Answer::Raw(401, vec![], r#"{"code":"50111","msg":"Invalid OK-ACCESS-KEY"}"#.into())
    })
    .await;
    let OrderOutcome::Refused(refused) = account(&server).place(close()).await else { panic!() };
    assert_eq!((refused.class, refused.retry), (ErrorClass::Auth, Retry::Never));
    assert_eq!(server.on(ORDER).len(), 1);
}

#[tokio::test]
async fn f50_wire_hedge_accounts_name_the_leg_and_a_mode_that_changed_is_read_again() {
    let modes = Arc::new(AtomicUsize::new(0));
    let reads = Arc::clone(&modes);
    let server = Server::start(move |heard| match heard.path() {
        "/api/v5/account/config" => {
            let mode = if reads.fetch_add(1, Ordering::SeqCst) == 0 { "long_short_mode" } else { "net_mode" };
            rows(json!([{"posMode": mode, "acctLv": "2", "perm": "trade"}]))
        }
        ORDER => rows(json!([{"ordId": "", "clOrdId": "hr1", "sCode": "51010", "sMsg": "mode"}])),
        _ => usual(heard),
    })
    .await;
    let account = account(&server);
    let OrderOutcome::Refused(refused) = account.place(close()).await else { panic!() };
    assert_eq!(refused.class, ErrorClass::ModeMismatch);
    account.place(close()).await;
    let sent = server.on(ORDER);
    assert_eq!(sent[0].json()["posSide"], "long");
    assert_eq!(sent[1].json().get("posSide"), None, "the mode was read again");
}

#[tokio::test]
async fn f48_wire_leverage_is_what_the_venue_has_after_it_was_set() {
    let server = Server::start(|heard| match heard.path() {
        "/api/v5/account/set-leverage" => rows(json!([{"lever": "7", "mgnMode": "cross", "posSide": ""}])),
        "/api/v5/account/leverage-info" => {
            rows(json!([{"instId": "BTC-USDT-SWAP", "lever": "3", "mgnMode": "cross", "posSide": "net"}]))
        }
        _ => usual(heard),
    })
    .await;
    let set = account(&server).set_leverage(swap(), MarginMode::Cross, 7).await.unwrap();
    assert_eq!((set.long, set.short, set.margin_mode), (3, 3, MarginMode::Cross));
}

#[tokio::test]
async fn f49_wire_a_position_keeps_its_margin_mode_and_reducing_orders_follow_it() {
    let position = json!([{"instId": "BTC-USDT-SWAP", "mgnMode": "cross", "posSide": "net", "pos": "2", "avgPx": "93000",
        "lever": "5", "uTime": "1"}]);
    let server = Server::start(move |heard| match heard.path() {
        "/api/v5/account/positions" => rows(position.clone()),
        "/api/v5/account/leverage-info" => rows(json!([{"lever": "5", "posSide": "net"}])),
        ORDER => rows(json!([{"ordId": "9", "clOrdId": "hr1", "sCode": "0"}])),
        _ => usual(heard),
    })
    .await;
    let account = account(&server);
    let read = account.set_margin_mode(swap(), MarginMode::Isolated).await.unwrap();
    assert_eq!(read.margin_mode, MarginMode::Cross, "what the venue has, not what was asked");
    account.place(close()).await;
    assert_eq!(server.on(ORDER)[0].json()["tdMode"], "cross");
}

fn reference(class: OrderClass) -> OrderRef {
    OrderRef { instrument: swap(), name: OrderName::Client("hr1".parse().unwrap()), class }
}

#[tokio::test]
async fn f07_wire_no_such_order_is_believed_after_the_grace_and_only_from_every_endpoint() {
    let server = Server::start(nowhere).await;
    let account = account(&server);
    for class in [OrderClass::Plain, OrderClass::Conditional] {
        let just_now = account.order(reference(class), Clock::local()).await;
        assert_eq!(just_now, Lookup::Unknown { class: None }, "inside the grace");
        let long_ago = account.order(reference(class), Clock::local() - Span::minutes(5)).await;
        assert_eq!(long_ago, Lookup::Absent);
    }
    assert_eq!(server.on("/api/v5/trade/orders-history").len(), 2);
    // Each kind, live and in each ended state, at each of the two questions.
    assert_eq!(server.on("/api/v5/trade/orders-algo-pending").len(), 6);
    assert_eq!(server.on("/api/v5/trade/orders-algo-history").len(), 18);
}

#[tokio::test]
async fn f06_wire_an_endpoint_that_fails_leaves_an_order_unknown() {
    for broken in ["/api/v5/trade/orders-pending", "/api/v5/trade/orders-history"] {
        let server = Server::start(move |heard| {
            if heard.path() == broken { Answer::Raw(503, vec![], "<html>".into()) } else { nowhere(heard) }
        })
        .await;
        let found =
            account(&server).order(reference(OrderClass::Plain), Clock::local() - Span::minutes(5)).await;
        assert_eq!(found, Lookup::Unknown { class: Some(ErrorClass::VenueFault) }, "{broken}");
    }
}

#[tokio::test]
async fn f64_wire_an_unknown_order_status_is_unknown_and_new_fields_are_tolerated() {
    let row = json!({"instId": "BTC-USDT-SWAP", "ordId": "5", "clOrdId": "hr1", "ordType": "limit", "state": "pondering",
        "side": "buy", "posSide": "net", "px": "90000", "sz": "2", "accFillSz": "1", "cTime": "1", "uTime": "2",
        "somethingNew": {"a": [1]}, "reduceOnly": "false"});
    let server = Server::start(move |heard| match heard.path() {
        "/api/v5/trade/orders-pending" => rows(json!([row.clone()])),
        _ => nowhere(heard),
    })
    .await;
    let orders = account(&server).open_orders(Some(swap())).await.unwrap();
    assert_eq!((orders.len(), orders[0].status), (1, OrderStatus::Unknown));
    assert_eq!(orders[0].quantity, Some(Quantity::new(dec!(0.02))));
    assert_eq!(orders[0].filled, Quantity::new(dec!(0.01)));
}

#[tokio::test]
async fn f53_wire_fills_are_paged_from_the_oldest_on_and_fees_in_base_are_converted() {
    let fill = |n: i64| {
        json!({"instId": "BTC-USDT", "billId": n.to_string(), "tradeId": format!("t{n}"), "ordId": "1", "clOrdId": "hr1",
            "side": "buy", "posSide": "net", "execType": "T", "fillPx": "90000", "fillSz": "0.5", "fee": "-0.0005",
            "feeCcy": "BTC", "fillTime": (1_000 + n).to_string(), "ts": (1_000 + n).to_string()})
    };
    let server = Server::start(move |heard| match heard.path() {
        "/api/v5/trade/fills-history" => {
            let before = heard.target.split("after=").nth(1).map_or(151, |id| id.parse::<i64>().unwrap());
            rows((1..before).rev().take(100).map(fill).collect())
        }
        _ => usual(heard),
    })
    .await;
    let spot = InstrumentId::new(VENUE, "BTC-USDT");
    let page = account(&server).fills(Some(spot), Timestamp::from_millis(1_000), 120).await.unwrap();
    assert_eq!(page.items.len(), 120);
    assert!(page.more);
    assert_eq!(page.items[0].fill.trade_id.as_str(), "t1");
    let first = &page.items[0];
    // 0.0005 BTC at 90,000 is 45 USDT.
    assert_eq!(first.fill.fee.get(), dec!(45));
    assert_eq!((first.fee_paid.get(), first.fee_asset.as_str()), (dec!(0.0005), "BTC"));
}

#[tokio::test]
async fn candles_come_from_the_oldest_on_without_forming_ones_and_over_empty_time() {
    // Candles exist from minute 5000 on; the last one is forming.
    let (first, last) = (5_000_i64, 5_450_i64);
    let server = Server::start(move |heard| match heard.path() {
        "/api/v5/market/history-candles" => {
            let number = |name: &str| {
                let text = heard.target.split(&format!("{name}=")).nth(1).unwrap();
                text.split('&').next().unwrap().parse::<i64>().unwrap()
            };
            let (before, after) = (number("before"), number("after"));
            let inside = (first..=last).rev().filter(|n| n * 60_000 > before && n * 60_000 < after);
            let row = |n: i64| {
                json!([
                    (n * 60_000).to_string(),
                    "1",
                    "2",
                    "0.5",
                    "1.5",
                    "300",
                    "3",
                    "4.5",
                    if n == last { "0" } else { "1" }
                ])
            };
            rows(inside.take(100).map(row).collect())
        }
        _ => usual(heard),
    })
    .await;
    let market = Market::new(Config::at(&server.url).unwrap()).unwrap();
    let (mut from, until) = (Timestamp::EPOCH, Timestamp::from_millis(10_000 * 60_000));
    let mut opens = Vec::new();
    loop {
        let page = market.candles(swap(), Timeframe::M1, from, until).await.unwrap();
        opens.extend(page.items.iter().map(|candle| candle.open_time.millis() / 60_000));
        assert!(
            page.items.iter().all(|candle| candle.volume.to_bits() == 3.0_f64.to_bits()),
            "base units, not contracts"
        );
        if !page.more {
            break;
        }
        from = page.items.last().unwrap().open_time + Span::minutes(1);
    }
    assert_eq!(opens, (first..last).collect::<Vec<_>>());
    assert!(server.on("/api/v5/market/history-candles").len() < 60);
}

#[tokio::test]
async fn what_the_venue_lacks_is_refused_by_name() {
    let server = Server::start(usual).await;
    let account = account(&server);
    let elsewhere = InstrumentId::new("binance", "BTCUSDT");
    let error = account.call(Request::Leverage { instrument: elsewhere }).await.unwrap_err();
    assert!(error.to_string().contains("binance:BTCUSDT"), "{error}");
    let resting = OrderKind::Limit { price: Price::new(dec!(1)), time_in_force: TimeInForce::PostOnly };
    let short = OrderSpec { leg: PositionSide::Short, side: Side::Buy, ..spec("hr2", resting) };
    let spot = Reducing::new(InstrumentId::new(VENUE, "BTC-USDT"), short).unwrap();
    let outcome = account.place(Ticket::Reducing(spot)).await;
    let OrderOutcome::Refused(refused) = outcome else { panic!("{outcome:?}") };
    assert_eq!(refused.class, ErrorClass::Unsupported);
    assert!(server.on(ORDER).is_empty());
}
