//! The streams: login, subscriptions, pushes.

use super::text::{field, kind};
use super::{auth, holdings, market, rows};
use crate::{News, Session, World};
use hyperrsi_core::exchange::OrderClass;
use hyperrsi_core::model::{Instrument, InstrumentId};
use hyperrsi_core::sim::account::Event;
use serde_json::{Value, json};

/// Channels of an account.
const PRIVATE: [&str; 5] = ["account", "orders", "orders-algo", "positions", "fills"];
/// Channels of a market, beside candles.
const PUBLIC: [&str; 5] = ["tickers", "trades", "mark-price", "funding-rate", "instruments"];

fn error(session: &Session, code: &str, message: &str) {
    let said = json!({ "code": code, "connId": connection(session), "event": "error", "msg": message });
    session.answer(said.to_string());
}

fn connection(session: &Session) -> String {
    format!("{:08x}", session.id)
}

pub(super) fn heard(world: &mut World, session: &mut Session, text: &str, checks_age: bool) {
    if text == "ping" {
        session.answer("pong".to_owned());
        return;
    }
    let request: Value = serde_json::from_str(text).unwrap_or_default();
    let arguments = request.get("args").and_then(Value::as_array).cloned().unwrap_or_default();
    match field(&request, "op").as_str() {
        "login" => {
            let now = checks_age.then(|| world.time());
            let right = arguments.iter().any(|one| auth::check_login(one, world.keys(), now));
            if right && session.private {
                session.logged_in = true;
                let said = json!({ "code": "0", "connId": connection(session), "event": "login", "msg": "" });
                session.answer(said.to_string());
            } else {
                error(session, "60009", "Login failed.");
            }
        }
        "subscribe" => arguments.iter().for_each(|one| subscribe(world, session, one)),
        "unsubscribe" => {
            for one in &arguments {
                session.topics.remove(&topic(one));
                let said = json!({ "arg": one, "connId": connection(session), "event": "unsubscribe" });
                session.answer(said.to_string());
            }
        }
        _ => error(session, "60012", &format!("Invalid request: {text}")),
    }
}

/// A subscription's key.
fn topic(argument: &Value) -> String {
    ["channel", "instType", "instId", "instFamily", "ccy"].map(|name| field(argument, name)).join(" ")
}

fn subscribe(world: &World, session: &mut Session, argument: &Value) {
    let channel = field(argument, "channel");
    let symbol = field(argument, "instId");
    let known = symbol.is_empty() || world.feed(&super::id(&symbol)).is_some();
    let private = PRIVATE.contains(&channel.as_str());
    let bar = channel.strip_prefix("candle").map(super::text::bar);
    let business = session.path.ends_with("business");
    let here = match channel.as_str() {
        "orders-algo" => business,
        _ if bar.is_some() => business,
        _ if private => session.private && !business,
        _ => PUBLIC.contains(&channel.as_str()) && !session.private,
    };
    if !here || !known || bar == Some(None) {
        let said = format!(
            "Wrong URL or channel:{channel},instId:{symbol} doesn't exist. Please use the correct URL, channel and parameters referring to API document."
        );
        error(session, super::codes::NO_CHANNEL, &said);
        return;
    }
    if private && !session.logged_in {
        error(session, "60011", "Please log in");
        return;
    }
    session.topics.insert(topic(argument), argument.clone());
    let said = json!({ "arg": argument, "connId": connection(session), "event": "subscribe" });
    session.answer(said.to_string());
    if let Some(data) = first(world, argument) {
        session.answer(json!({ "arg": argument, "data": data }).to_string());
    }
}

/// What a subscription begins with.
fn first(world: &World, argument: &Value) -> Option<Value> {
    let channel = field(argument, "channel");
    let feed = || world.feed(&super::id(&field(argument, "instId")));
    match channel.as_str() {
        "account" => Some(json!([holdings::balance(world, &[])])),
        "positions" => {
            let open = world.account().positions().unwrap_or_default();
            let open = open.iter().filter(|one| is_for(world, argument, &one.instrument));
            Some(open.map(|one| holdings::position(world, one)).collect())
        }
        "tickers" => feed().map(|feed| json!([market::ticker(world, feed)])),
        "mark-price" => feed().map(|feed| json!([market::mark(world, feed.instrument())])),
        "funding-rate" => feed().map(|feed| json!([market::funding(world, feed)])),
        candle => {
            let (_, bars) = market::bars(feed()?, candle.strip_prefix("candle")?, 1)?;
            let (last, closed) = bars.last()?;
            Some(json!([market::candle(feed()?.instrument(), last, *closed)]))
        }
    }
}

/// Whether a subscription is about an instrument.
fn is_for(world: &World, argument: &Value, id: &InstrumentId) -> bool {
    let Some(instrument) = world.account().instrument(id) else { return false };
    let (symbol, wanted) = (field(argument, "instId"), field(argument, "instType"));
    (symbol.is_empty() || *symbol == *id.symbol)
        && (wanted.is_empty() || wanted == "ANY" || wanted == kind(instrument))
}

pub(super) fn told(world: &World, session: &Session, news: &News) -> Vec<String> {
    let mut said = Vec::new();
    for argument in session.topics.values() {
        if let Some(data) = about(world, argument, news) {
            said.push(json!({ "arg": argument, "data": [data] }).to_string());
        }
    }
    said
}

/// What one subscription says about some news.
fn about(world: &World, argument: &Value, news: &News) -> Option<Value> {
    let channel = field(argument, "channel");
    match news {
        News::Account(event) => account(world, argument, &channel, event),
        News::Price { instrument, price, at } => {
            let feed = world.feed(instrument).filter(|_| is_for(world, argument, instrument))?;
            let one: &Instrument = feed.instrument();
            match channel.as_str() {
                "tickers" => Some(market::ticker(world, feed)),
                "mark-price" => Some(market::mark(world, one)),
                "trades" => Some(market::trade(one, &super::text::decimal(price.get()), "buy", *at)),
                candle => {
                    let (_, bars) = market::bars(feed, candle.strip_prefix("candle")?, 1)?;
                    let (last, closed) = bars.last().filter(|(last, _)| *at >= last.open_time)?;
                    Some(market::candle(one, last, *closed))
                }
            }
        }
        News::Closed { instrument, candle } => {
            let feed = world.feed(instrument).filter(|_| is_for(world, argument, instrument))?;
            let (timeframe, bars) = market::bars(feed, channel.strip_prefix("candle")?, 3)?;
            let end = candle.open_time + feed.timeframe().span();
            let (bar, _) =
                bars.iter().rev().find(|(bar, closed)| *closed && bar.open_time + timeframe.span() == end)?;
            Some(market::candle(feed.instrument(), bar, true))
        }
    }
}

fn account(world: &World, argument: &Value, channel: &str, event: &Event) -> Option<Value> {
    match (channel, event) {
        ("orders", Event::Order(order)) if order.class() == OrderClass::Plain => {
            is_for(world, argument, &order.sent.instrument).then(|| rows::pushed_order(world, order))
        }
        ("orders-algo", Event::Order(order)) if order.class() == OrderClass::Conditional => {
            is_for(world, argument, &order.sent.instrument).then(|| rows::algo(world, order))
        }
        ("positions", Event::Position(position)) => {
            is_for(world, argument, &position.instrument).then(|| holdings::position(world, position))
        }
        ("account", Event::Balance(balance)) => Some(holdings::balance(world, &[balance.asset.as_str()])),
        ("fills", Event::Fill(execution)) => is_for(world, argument, &execution.fill.instrument).then(|| {
            let mut row = rows::fill(world, execution);
            if let Value::Object(row) = &mut row {
                row.insert("count".into(), "1".into());
            }
            row
        }),
        _ => None,
    }
}
