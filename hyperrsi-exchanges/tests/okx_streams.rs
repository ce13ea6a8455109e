//! OKX's WebSocket protocol: the frames other software sends, and what the adapter makes of silence, gaps, duplicates
//! and lost connections.
#![cfg(feature = "okx")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod oracle;
mod wire;

use futures_util::StreamExt as _;
use hyperrsi_core::exchange::{
    AccountEvent, AccountStream, Channel, ErrorClass, Exchange as _, Feed, MarketData as _, MarketEvent,
    MarketFact, Origin,
};
use hyperrsi_core::model::{
    FillKind, Instrument, InstrumentId, Liquidity, OrderStatus, PositionSide, Quantity, Timeframe, Timestamp,
};
use hyperrsi_exchanges::net::Clock;
use hyperrsi_exchanges::net::socket::Session as _;
use hyperrsi_exchanges::okx::stream::{Line, PING, PrivateSession, PublicSession, Topic, Wing, subscribe};
use hyperrsi_exchanges::okx::{Account, Config, Keys, Market, VENUE};
use oracle::text;
use rust_decimal_macros::dec;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;
use wire::{Answer, Heard, Server, Socket, rows};

const SOON: Duration = Duration::from_secs(20);

fn swap() -> Arc<Instrument> {
    let mut swap = Instrument::linear(InstrumentId::new(VENUE, "BTC-USDT-SWAP"), "BTC", "USDT");
    swap.contract_size = dec!(0.01);
    Arc::new(swap)
}

fn feed(channel: Channel) -> Feed {
    Feed { instrument: swap().id.clone(), channel }
}

fn line(channel: Channel) -> Line {
    Line::new(feed(channel), swap(), Duration::from_secs(60)).unwrap()
}

/// The topics of a recorded subscription, without the keys ccxt leaks and with the account-wide ones widened: the adapter
/// listens to all instruments of an account, ccxt to those it was asked for.
fn topics(frame: &Value) -> BTreeSet<(String, Option<String>, Option<String>)> {
    let field = |arg: &Value, name: &str| arg.get(name).map(text);
    frame["args"]
        .as_array()
        .unwrap()
        .iter()
        .map(|arg| {
            let private =
                matches!(arg["channel"].as_str(), Some("orders" | "orders-algo" | "positions" | "account"));
            let instrument = field(arg, "instId").filter(|_| !private);
            (text(&arg["channel"]), instrument, field(arg, "instType"))
        })
        .collect()
}

/// The topics the adapter subscribes to for a recorded call, and the path of the connection.
fn ours(method: &str, args: &[Value]) -> Result<(Vec<String>, &'static str), String> {
    let of = |symbol: &Value| {
        let markets = oracle::load("markets/okx.json").unwrap();
        let market = symbol.as_str().and_then(|symbol| oracle::market(&markets, symbol));
        let market = market.ok_or_else(|| format!("{symbol} is not among the loaded markets"))?;
        let instrument = Instrument::linear(InstrumentId::new(VENUE, market.id), "BTC", "USDT");
        Ok::<_, String>(Arc::new(instrument))
    };
    let public = |symbol: &Value, channel: Channel| {
        let instrument = of(symbol)?;
        let feed = Feed { instrument: instrument.id.clone(), channel };
        let line = Line::new(feed, instrument, Duration::from_secs(60)).map_err(|error| error.to_string())?;
        let path = if line.business() { "/ws/v5/business" } else { "/ws/v5/public" };
        Ok((subscribe(&[line.topic().clone()]), path))
    };
    let conditional = ["trigger", "stop", "trailing"];
    let trigger =
        args.iter().any(|arg| conditional.iter().any(|name| arg.get(name).is_some_and(|flag| flag == true)));
    match method {
        "watch_ohlcv" => {
            public(&args[0], Channel::Candles(text(&args[1]).parse().map_err(|_| "no such timeframe")?))
        }
        "watch_ticker" => public(&args[0], Channel::Last),
        "watch_trades" => public(&args[0], Channel::Trades),
        "watch_mark_price" => public(&args[0], Channel::Mark),
        "watch_funding_rate" => public(&args[0], Channel::Funding),
        "watch_orders" if trigger => {
            Ok((subscribe(&PrivateSession::topics(Wing::Business)), "/ws/v5/business"))
        }
        "watch_orders" | "watch_my_trades" | "watch_positions" | "watch_balance" => {
            Ok((subscribe(&PrivateSession::topics(Wing::Private)), "/ws/v5/private"))
        }
        "watch_order_book" => Err("the library trades on prices, it reads no order book".into()),
        other => Err(format!("{other} is no stream of the library")),
    }
}

#[test]
fn oracle_stream_frames_are_those_of_other_software() {
    let Some(file) = oracle::load("ws/okx.json") else { return };
    let credentials = &file["credentials"];
    let [key, secret, phrase] = ["apiKey", "secret", "password"].map(|name| text(&credentials[name]));
    let login: Value = serde_json::from_str(
        &Keys::new(key, secret, phrase).login(Timestamp::from_millis(file["clock_ms"].as_i64().unwrap())),
    )
    .unwrap();
    let (mut checked, mut logins) = (0, 0);
    for vector in file["vectors"].as_array().unwrap() {
        let name = text(&vector["name"]);
        let args = vector["ccxt_call"]["args"].as_array().unwrap();
        let (frames, path) = match ours(&text(&vector["ccxt_call"]["method"]), args) {
            Ok(ours) => ours,
            Err(why) => {
                println!("  not applicable {name}: {why}");
                continue;
            }
        };
        let mine: BTreeSet<_> =
            frames.iter().flat_map(|frame| topics(&serde_json::from_str(frame).unwrap())).collect();
        for connection in vector["connections"].as_array().unwrap() {
            assert!(text(&connection["url"]).ends_with(path), "{name}: {}", connection["url"]);
            for message in connection["messages"].as_array().unwrap() {
                if message["op"] == "login" {
                    assert_eq!(*message, login, "{name}");
                    logins += 1;
                    continue;
                }
                for (channel, instrument, kind) in topics(message) {
                    // From six hours on ccxt listens to days of Hong Kong; the adapter to UTC ones.
                    let channel = match channel.as_str() {
                        day @ ("candle6H" | "candle12H" | "candle1D" | "candle1W") => format!("{day}utc"),
                        _ => channel,
                    };
                    let wanted = (channel, instrument, kind);
                    assert!(mine.contains(&wanted), "{name}: {wanted:?} is not among {mine:?}");
                }
                checked += 1;
            }
        }
    }
    assert_eq!(PING, text(&file["ccxt_keepalive"]["app_ping_message"]));
    println!("okx: {checked} subscriptions and {logins} logins checked");
    assert!(checked >= 12 && logins >= 4);
}

/// What the venue pushes for a topic.
fn push(channel: &str, data: Value) -> String {
    json!({"arg": {"channel": channel, "instId": "BTC-USDT-SWAP"}, "data": data}).to_string()
}

fn confirm(channel: &str) -> String {
    json!({"event": "subscribe", "arg": {"channel": channel, "instId": "BTC-USDT-SWAP"}, "connId": "a"})
        .to_string()
}

fn bar(minute: i64, confirm: &str) -> Value {
    json!([(minute * 60_000).to_string(), "100", "103", "97", "101", "1250", "12.5", "1250", confirm])
}

/// A session with one feed, confirmed at second 0.
fn session(channel: Channel, name: &str) -> (PublicSession, mpsc::Receiver<MarketEvent>) {
    let (out, events) = mpsc::channel(64);
    let mut session = PublicSession::new(vec![line(channel)], out, Duration::from_secs(20));
    assert_eq!(session.opened(at(0)).len(), 1);
    session.text(&confirm(name), at(0)).unwrap();
    (session, events)
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000)
}

fn drain(events: &mut mpsc::Receiver<MarketEvent>) -> Vec<MarketEvent> {
    std::iter::from_fn(|| events.try_recv().ok()).collect()
}

fn minutes(events: &[MarketEvent]) -> Vec<i64> {
    events
        .iter()
        .filter_map(|event| match event {
            MarketEvent::Data { fact: MarketFact::CandleClosed { candle, .. }, .. } => {
                Some(candle.open_time.millis() / 60_000)
            }
            _ => None,
        })
        .collect()
}

#[test]
fn f67_wire_candles_are_told_once_closed_once_and_in_order_and_a_hole_is_a_gap() {
    let (mut session, mut events) = session(Channel::Candles(Timeframe::M1), "candle1m");
    for (minute, closed) in [(10, "0"), (10, "1"), (10, "1"), (9, "1"), (11, "0"), (11, "1")] {
        session.text(&push("candle1m", json!([bar(minute, closed)])), at(minute * 60)).unwrap();
    }
    let told = drain(&mut events);
    assert_eq!(minutes(&told), [10, 11]);
    let MarketEvent::Data { fact: MarketFact::CandleClosed { candle, timeframe }, .. } = &told[1] else {
        panic!()
    };
    assert_eq!(
        (candle.volume.to_bits(), *timeframe),
        (12.5_f64.to_bits(), Timeframe::M1),
        "base units, not contracts"
    );
    session.text(&push("candle1m", json!([bar(14, "1")])), at(900)).unwrap();
    let told = drain(&mut events);
    assert!(matches!(&told[0], MarketEvent::Gap { .. }), "12 and 13 are missing: {told:?}");
    assert_eq!(minutes(&told), [14]);
}

#[test]
fn f24_wire_a_mute_feed_is_down_within_its_deadline_and_the_connection_is_opened_again() {
    let (mut session, mut events) = session(Channel::Last, "tickers");
    let tick = json!([{"instId": "BTC-USDT-SWAP", "last": "93000", "ts": "1"}]);
    session.text(&push("tickers", tick.clone()), at(30)).unwrap();
    assert!(session.tick(at(90)).is_ok(), "sixty seconds are allowed");
    // Heartbeats prove that the line lives, not that the feed does.
    session.text("pong", at(90)).unwrap();
    let error = session.tick(at(91)).unwrap_err();
    assert_eq!(error.class(), ErrorClass::Timeout);
    session.closed(error);
    let told = drain(&mut events);
    assert!(matches!(told.last(), Some(MarketEvent::Down { .. })), "{told:?}");
    assert_eq!(told.iter().filter(|event| matches!(event, MarketEvent::Down { .. })).count(), 1);
    assert!(!session.ready());
    session.opened(at(95));
    session.text(&confirm("tickers"), at(96)).unwrap();
    let told = drain(&mut events);
    assert_eq!(told[0], MarketEvent::Up { feed: feed(Channel::Last) });
    assert_eq!(told[1], MarketEvent::Gap { feed: feed(Channel::Last), since: Some(at(30)) });
}

#[test]
fn f38_wire_a_feed_the_venue_no_longer_has_does_not_take_the_others_with_it() {
    let (out, mut events) = mpsc::channel(64);
    let mut gone = Instrument::linear(InstrumentId::new(VENUE, "BTC-USDT"), "BTC", "USDT");
    gone.kind = hyperrsi_core::model::InstrumentKind::Spot;
    let other = Feed { instrument: gone.id.clone(), channel: Channel::Last };
    let lines =
        vec![Line::new(other.clone(), Arc::new(gone), Duration::from_secs(60)).unwrap(), line(Channel::Last)];
    let mut session = PublicSession::new(lines, out, Duration::from_secs(20));
    session.opened(at(0));
    let refusal = |symbol: &str| {
        let words = format!(
            "Wrong URL or channel:tickers,instId:{symbol} doesn't exist. Please use the correct URL."
        );
        json!({"event": "error", "code": "60018", "msg": words, "connId": "a"}).to_string()
    };
    session.text(&refusal("BTC-USDT"), at(0)).unwrap();
    session.text(&confirm("tickers"), at(0)).unwrap();
    let told = drain(&mut events);
    assert!(
        matches!(&told[0], MarketEvent::Down { feed, error } if *feed == other && error.class() == ErrorClass::InstrumentUnknown)
    );
    assert_eq!(told[1], MarketEvent::Up { feed: feed(Channel::Last) });
    assert!(session.ready());
    assert!(session.text(&refusal("BTC-USDT-SWAP"), at(1)).is_err(), "nothing is left to listen to");
}

#[test]
fn f40_wire_prices_of_zero_or_nothing_are_dropped_and_told_as_a_gap() {
    let (mut session, mut events) = session(Channel::Last, "tickers");
    drain(&mut events);
    for last in [json!("0"), json!(""), json!(null), json!("NaN"), json!("-1")] {
        session
            .text(&push("tickers", json!([{"instId": "BTC-USDT-SWAP", "last": last, "ts": "1"}])), at(1))
            .unwrap();
        let told = drain(&mut events);
        assert!(matches!(told.as_slice(), [MarketEvent::Gap { .. }]), "{last}: {told:?}");
    }
    assert_eq!(session.unreadable(), 5);
    session.text("{\"arg\":{\"channel\":\"tick", at(2)).unwrap();
    assert!(matches!(drain(&mut events).as_slice(), [MarketEvent::Gap { .. }]), "a cut-off frame");
}

#[test]
fn f27_wire_trades_are_told_once_and_in_base_units() {
    let (mut session, mut events) = session(Channel::Trades, "trades");
    drain(&mut events);
    let trade = |id: i64| json!({"instId": "BTC-USDT-SWAP", "tradeId": id.to_string(), "px": "93000", "sz": "3", "side": "sell", "ts": "5"});
    for ids in [vec![1, 2], vec![2], vec![1, 3]] {
        session.text(&push("trades", ids.into_iter().map(trade).collect()), at(1)).unwrap();
    }
    let told = drain(&mut events);
    assert_eq!(told.len(), 3);
    let MarketEvent::Data { fact: MarketFact::Trade { quantity, .. }, .. } = &told[0] else { panic!() };
    assert_eq!(*quantity, Quantity::new(dec!(0.03)));
}

#[test]
fn f62_wire_market_data_nobody_takes_is_dropped_and_told_as_a_gap() {
    let (out, mut events) = mpsc::channel(2);
    let mut session = PublicSession::new(vec![line(Channel::Last)], out, Duration::from_secs(20));
    session.opened(at(0));
    session.text(&confirm("tickers"), at(0)).unwrap();
    let tick = |price: i64| {
        push("tickers", json!([{"instId": "BTC-USDT-SWAP", "last": price.to_string(), "ts": "1"}]))
    };
    for price in 1..5 {
        session.text(&tick(price), at(price)).unwrap();
    }
    assert_eq!(drain(&mut events).len(), 2, "up and the first price");
    session.text(&tick(9), at(9)).unwrap();
    let told = drain(&mut events);
    assert!(matches!(told.as_slice(), [MarketEvent::Gap { .. }, MarketEvent::Data { .. }]), "{told:?}");
}

fn usual(heard: &Heard) -> Answer {
    match heard.path() {
        "/api/v5/public/instruments" if heard.target.contains("SWAP") => rows(json!([{
            "instId": "BTC-USDT-SWAP", "instType": "SWAP", "ctType": "linear", "ctVal": "0.01", "ctMult": "1",
            "ctValCcy": "BTC", "settleCcy": "USDT", "tickSz": "0.1", "lotSz": "0.01", "minSz": "0.01", "state": "live",
        }])),
        "/api/v5/public/time" => rows(json!([{"ts": Clock::local().millis().to_string()}])),
        _ => rows(json!([])),
    }
}

async fn next(stream: &mut AccountStream) -> AccountEvent {
    timeout(SOON, stream.next()).await.expect("an event").expect("the stream goes on")
}

/// The two private connections of an account, in either order.
async fn both(server: &mut Server) -> [Socket; 2] {
    let mut pair = Vec::new();
    for _ in 0..2 {
        let mut socket = timeout(SOON, server.sockets.recv()).await.unwrap().unwrap();
        socket.accept().await;
        pair.push(socket);
    }
    pair.sort_by_key(|socket| socket.path.clone());
    let [business, private]: [Socket; 2] = pair.try_into().ok().unwrap();
    assert_eq!((business.path.as_str(), private.path.as_str()), ("/ws/v5/business", "/ws/v5/private"));
    [business, private]
}

fn order(filled: &str, trade: &str, state: &str) -> Value {
    json!({"arg": {"channel": "orders", "instType": "SWAP", "uid": "1"}, "data": [{
        "instId": "BTC-USDT-SWAP", "ordId": "5", "clOrdId": "hr1", "ordType": "limit", "state": state, "side": "sell",
        "posSide": "net", "reduceOnly": "true", "px": "93000", "sz": "2", "accFillSz": filled, "avgPx": "93000",
        "tradeId": trade, "fillPx": "93000", "fillSz": "1", "fillFee": "-0.186", "fillFeeCcy": "USDT", "execType": "M",
        "fillTime": "7", "cTime": "1", "uTime": "7", "category": "normal",
    }]})
}

#[tokio::test]
async fn f27_f30_wire_an_account_stream_survives_its_connection_and_tells_each_fill_once() {
    let mut server = Server::start(usual).await;
    let keys = Keys::new("the-key", "the-secret", "the-phrase");
    let account = Account::new("main".into(), keys, Config::at(&server.url).unwrap()).unwrap();
    let mut events = account.events();
    assert!(matches!(next(&mut events).await, AccountEvent::Down { .. }), "not connected yet");
    let [mut business, mut private] = both(&mut server).await;
    assert_eq!(next(&mut events).await, AccountEvent::Up);

    private.say(order("1", "t1", "partially_filled")).await;
    let AccountEvent::Fill(fill) = next(&mut events).await else { panic!("the fill comes first") };
    assert_eq!(fill.fill.client_id.unwrap().as_str(), "hr1");
    assert_eq!((fill.fill.leg, fill.fill.quantity), (PositionSide::Long, Quantity::new(dec!(0.01))));
    assert_eq!(
        (fill.fill.fee.get(), fill.fill.liquidity, fill.fill.kind),
        (dec!(0.186), Liquidity::Maker, FillKind::Trade)
    );
    let AccountEvent::Order(report) = next(&mut events).await else { panic!() };
    assert_eq!((report.status, report.filled), (OrderStatus::PartiallyFilled, Quantity::new(dec!(0.01))));

    private.say(order("1", "t1", "partially_filled")).await;
    assert!(matches!(next(&mut events).await, AccountEvent::Order(_)), "the fill is known already");

    private.say("{\"arg\":{\"channel\":\"orders\"},\"data\":[{\"instId\":\"BTC-USDT-SWAP\"}]}").await;
    assert!(
        matches!(next(&mut events).await, AccountEvent::Gap { since: Some(_) }),
        "a message that cannot be read"
    );
    assert_eq!(account.unreadable(), 1);

    business
        .say(json!({"arg": {"channel": "orders-algo", "instType": "SWAP"}, "data": [{
            "instId": "BTC-USDT-SWAP", "algoId": "77", "algoClOrdId": "hrsl", "ordType": "conditional", "state": "effective",
            "side": "sell", "posSide": "net", "reduceOnly": "true", "sz": "2", "actualSz": "0", "slTriggerPx": "90000",
            "slOrdPx": "-1", "slTriggerPxType": "mark", "ordId": "78", "triggerTime": "9", "cTime": "1", "uTime": "9",
        }]}))
        .await;
    let AccountEvent::Order(stop) = next(&mut events).await else { panic!() };
    assert_eq!(stop.origin, Origin::Own("hrsl".parse().unwrap()));
    assert_eq!((stop.status, stop.triggered), (OrderStatus::Open, Some(Timestamp::from_millis(9))));
    assert_eq!(stop.spawned.unwrap().as_str(), "78");

    private
        .say(json!({"arg": {"channel": "positions", "instType": "ANY"}, "data": [
            {"instId": "BTC-USDT-SWAP", "posSide": "net", "pos": "-2", "avgPx": "93000", "mgnMode": "cross", "lever": "5", "uTime": "8"}]}))
        .await;
    let AccountEvent::Position(long) = next(&mut events).await else { panic!() };
    let AccountEvent::Position(short) = next(&mut events).await else { panic!() };
    assert!(
        long.position.quantity.is_zero() && long.position.key.side == PositionSide::Long,
        "a net short is a flat long"
    );
    assert_eq!(
        (short.position.key.side, short.position.quantity),
        (PositionSide::Short, Quantity::new(dec!(0.02)))
    );

    // A second stream of the same account begins with what is, on the same connections.
    let mut second = account.events();
    assert_eq!(next(&mut second).await, AccountEvent::Up);

    drop(private);
    assert!(matches!(next(&mut events).await, AccountEvent::Down { .. }));
    let mut again = timeout(SOON, server.sockets.recv()).await.unwrap().unwrap();
    again.accept().await;
    assert_eq!(next(&mut events).await, AccountEvent::Up);
    assert!(matches!(next(&mut events).await, AccountEvent::Gap { since: Some(_) }), "what came meanwhile");
    again.say(order("1", "t1", "partially_filled")).await;
    assert!(matches!(next(&mut events).await, AccountEvent::Order(_)), "known across connections");
}

#[tokio::test]
async fn f72_wire_a_refused_login_is_down_and_not_tried_again() {
    let mut server = Server::start(usual).await;
    let account =
        Account::new("main".into(), Keys::new("k", "s", "p"), Config::at(&server.url).unwrap()).unwrap();
    let mut events = account.events();
    next(&mut events).await;
    for _ in 0..2 {
        let mut socket = timeout(SOON, server.sockets.recv()).await.unwrap().unwrap();
        socket.hear().await;
        socket.say(json!({"event": "error", "code": "60009", "msg": "Login failed."})).await;
    }
    let AccountEvent::Down { error } = next(&mut events).await else { panic!() };
    assert_eq!(error.class(), ErrorClass::Auth);
    // The longest first wait is half a second.
    assert!(timeout(Duration::from_secs(2), server.sockets.recv()).await.is_err(), "connected again");
}

#[tokio::test]
async fn f24_wire_a_silent_server_is_down_within_the_deadline_and_left() {
    let mut server = Server::start(usual).await;
    let mut config = Config::at(&server.url).unwrap();
    config.stale_after = Duration::from_millis(1_500);
    let market = Market::new(config).unwrap();
    let mut events =
        market.subscribe(vec![feed(Channel::Last), feed(Channel::Candles(Timeframe::M1))]).await.unwrap();
    let mut sockets = Vec::new();
    for _ in 0..2 {
        let mut socket = timeout(SOON, server.sockets.recv()).await.unwrap().unwrap();
        socket.accept().await;
        sockets.push(socket);
    }
    let (mut up, mut down, mut gaps) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    while gaps.len() < 2 {
        tokio::select! {
            event = timeout(SOON, events.next()) => match event.unwrap().unwrap() {
                MarketEvent::Up { feed } => { up.insert(feed); }
                MarketEvent::Down { feed, error } => {
                    assert_eq!(error.class(), ErrorClass::Timeout);
                    assert!(up.contains(&feed));
                    down.insert(feed);
                }
                MarketEvent::Gap { feed, .. } => {
                    assert!(down.contains(&feed), "a gap follows a loss");
                    gaps.insert(feed);
                }
                other => panic!("{other:?}"),
            },
            socket = server.sockets.recv() => {
                let mut socket = socket.unwrap();
                socket.accept().await;
                sockets.push(socket);
            }
        }
    }
    assert_eq!(down.len(), 2);
    // Dropping the stream closes its connections.
    drop(events);
    for mut socket in sockets {
        assert_eq!(timeout(SOON, async { while socket.hear().await.is_some() {} }).await, Ok(()));
    }
}

#[test]
fn topics_are_split_over_frames() {
    let many: Vec<_> = (0..120).map(|n| Topic::of("tickers", &format!("I{n}"))).collect();
    let frames = subscribe(&many);
    assert_eq!(frames.len(), 3);
    let count: usize = frames.iter().map(|f| topics(&serde_json::from_str(f).unwrap()).len()).sum();
    assert_eq!(count, 120);
}
