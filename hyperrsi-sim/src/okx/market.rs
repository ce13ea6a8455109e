//! Public market data.

use super::text::{bar, decimal, kind, millis};
use super::{failed, id, rows};
use crate::{Call, Feed, Reply, World};
use hyperrsi_core::Decimal;
use hyperrsi_core::exchange::TradingState;
use hyperrsi_core::model::{Candle, Instrument, Span, Timeframe, Timestamp, decimal_from_f64};
use serde_json::{Value, json};

pub(super) fn answer(world: &World, call: &Call, path: &str) -> Reply {
    let symbol = call.param("instId");
    let wanted_kind = call.param("instType");
    let fits = |one: &Instrument| {
        (symbol.is_empty() || *one.id.symbol == *symbol)
            && (wanted_kind.is_empty() || kind(one) == wanted_kind)
    };
    let feeds = || world.feeds().filter(|feed| fits(feed.instrument()));
    if !symbol.is_empty() && world.feed(&id(&symbol)).is_none() {
        return failed(super::codes::NO_INSTRUMENT);
    }
    match path {
        "public/time" => rows(json!([{ "ts": millis(world.time()) }])),
        "public/instruments" => {
            rows(feeds().map(|feed| instrument(world, feed.instrument())).collect::<Vec<_>>())
        }
        "public/mark-price" => rows(feeds().map(|feed| mark(world, feed.instrument())).collect::<Vec<_>>()),
        "public/funding-rate" => rows(
            feeds()
                .filter(|feed| !feed.instrument().is_spot())
                .map(|feed| funding(world, feed))
                .collect::<Vec<_>>(),
        ),
        "public/funding-rate-history" => {
            rows(feeds().flat_map(|feed| past_funding(world, feed, call)).collect::<Vec<_>>())
        }
        "market/ticker" | "market/tickers" => {
            rows(feeds().map(|feed| ticker(world, feed)).collect::<Vec<_>>())
        }
        "market/candles" | "market/history-candles" => match feeds().next() {
            Some(feed) if !symbol.is_empty() => candles(feed, call, path == "market/candles"),
            _ => failed(super::codes::NO_INSTRUMENT),
        },
        "market/trades" => rows(feeds().flat_map(|feed| trades(world, feed, call)).collect::<Vec<_>>()),
        "market/books" => rows(feeds().map(|feed| book(world, feed)).collect::<Vec<_>>()),
        "system/status" => rows(json!([])),
        _ => failed(super::codes::NO_INSTRUMENT),
    }
}

fn instrument(world: &World, one: &Instrument) -> Value {
    let spot = one.is_spot();
    let count = |base: Decimal| decimal(base.checked_div(one.contract_size).unwrap_or_default());
    let family = format!("{}-{}", one.base, one.quote);
    let state = match world.account().state(&one.id) {
        Some(TradingState::Trading) => "live",
        Some(TradingState::Upcoming) => "preopen",
        _ => "suspend",
    };
    let text = |when: bool, text: &str| if when { text.to_owned() } else { String::new() };
    json!({
        "alias": "", "auctionEndTime": "", "baseCcy": text(spot, &one.base), "category": "1", "contTdSwTime": "",
        "ctMult": text(!spot, "1"), "ctType": text(!spot, "linear"), "ctVal": text(!spot, &decimal(one.contract_size)),
        "ctValCcy": text(!spot, &one.base), "expTime": "", "futureSettlement": false,
        "instFamily": text(!spot, &family), "instId": &*one.id.symbol, "instIdCode": 10459, "instType": kind(one),
        "lever": if spot { String::new() } else { one.max_leverage.to_string() },
        "listTime": "1573557408000", "lotSz": count(one.lot), "maxIcebergSz": "100000000.0000000000000000",
        "maxLmtAmt": "20000000", "maxLmtSz": one.max_size.map(count).unwrap_or_default(),
        "maxMktAmt": text(spot, "1000000"), "maxMktSz": if spot { "1000000" } else { "12000" }, "maxPlatOILmt": "",
        "maxStopSz": if spot { "1000000" } else { "12000" }, "maxTriggerSz": "100000000.0000000000000000",
        "maxTwapSz": "100000000.0000000000000000", "minSz": count(one.min_size), "openType": "", "optType": "",
        "posLmtAmt": "", "posLmtPct": "", "preMktSwTime": "", "quoteCcy": text(spot, &one.quote), "ruleType": "normal",
        "settleCcy": text(!spot, &one.quote), "state": state, "stk": "", "tickSz": decimal(one.tick),
        "tradeQuoteCcyList": [], "uly": text(!spot, &family),
    })
}

pub(super) fn mark(world: &World, one: &Instrument) -> Value {
    let price = world.account().mark_price(&one.id).unwrap_or_default();
    json!({ "instId": &*one.id.symbol, "instType": kind(one), "markPx": decimal(price.get()), "ts": millis(world.time()) })
}

pub(super) fn funding(world: &World, feed: &Feed) -> Value {
    let one = feed.instrument();
    let next = world.next_funding();
    json!({
        "formulaType": "noRate", "fundingRate": decimal(world.funding_rate()), "fundingTime": millis(next),
        "impactValue": "", "instId": &*one.id.symbol, "instType": kind(one), "interestRate": "",
        "maxFundingRate": "0.00375", "method": "current_period", "minFundingRate": "-0.00375", "nextFundingRate": "",
        "nextFundingTime": millis(next + Span::hours(8)), "premium": "", "prevFundingTime": millis(next - Span::hours(8)),
        "settFundingRate": decimal(world.funding_rate()), "settState": "settled", "ts": millis(world.time()),
    })
}

fn past_funding(world: &World, feed: &Feed, call: &Call) -> Vec<Value> {
    let one = feed.instrument();
    if one.is_spot() {
        return Vec::new();
    }
    let bound = |name: &str| call.param(name).parse::<i64>().ok();
    let rate = decimal(world.funding_rate());
    (1..=10)
        .map(|back| world.next_funding() - Span::hours(8 * back))
        .filter(|time| bound("before").is_none_or(|from| time.millis() > from))
        .filter(|time| bound("after").is_none_or(|to| time.millis() < to))
        .map(|time| {
            json!({ "formulaType": "noRate", "fundingRate": rate, "fundingTime": millis(time),
                "instId": &*one.id.symbol, "instType": kind(one), "method": "current_period", "realizedRate": rate })
        })
        .collect()
}

pub(super) fn ticker(world: &World, feed: &Feed) -> Value {
    let one = feed.instrument();
    let last = world.account().last_price(&one.id).unwrap_or_default().get();
    let day = world.time() - Span::days(1);
    let candles: Vec<Candle> =
        feed.candles().map(|(candle, _)| candle).filter(|one| one.open_time >= day).collect();
    let float = |value: f64| decimal_from_f64(value).map(decimal).unwrap_or_default();
    let first = candles.first().map_or(0.0, |candle| candle.open);
    let high = candles.iter().map(|candle| candle.high).fold(first, f64::max);
    let low = candles.iter().map(|candle| candle.low).fold(first, f64::min);
    let volume = candles.iter().map(|candle| candle.volume).sum::<f64>().round();
    // One tick between the best prices; a taker fills at the last price all the same.
    json!({
        "askPx": decimal(last + one.tick), "askSz": "100", "bidPx": decimal(last), "bidSz": "100",
        "high24h": float(high), "instId": &*one.id.symbol, "instType": kind(one), "last": decimal(last), "lastSz": "1",
        "low24h": float(low), "open24h": float(first), "sodUtc0": float(first), "sodUtc8": float(first),
        "ts": millis(world.time()), "vol24h": float(volume), "volCcy24h": float(volume),
    })
}

/// One candle: time, prices, volume in contracts, base and quote, whether it is closed.
pub(super) fn candle(instrument: &Instrument, candle: &Candle, closed: bool) -> Value {
    let float = |value: f64| decimal_from_f64(value).map(decimal).unwrap_or_default();
    let rounded = |value: f64| float((value * 1e8).round() / 1e8);
    let contracts = candle.volume / hyperrsi_core::model::Price::new(instrument.contract_size).to_f64();
    json!([
        millis(candle.open_time),
        float(candle.open),
        float(candle.high),
        float(candle.low),
        float(candle.close),
        rounded(contracts),
        rounded(candle.volume),
        rounded(candle.volume * candle.close),
        if closed { "1" } else { "0" },
    ])
}

/// The last so many candles of a bar, oldest first; `None` for a bar there is none of.
pub(super) fn bars(feed: &Feed, name: &str, most: usize) -> Option<(Timeframe, Vec<(Candle, bool)>)> {
    let (timeframe, hours) = bar(name)?;
    Some((timeframe, feed.resampled(timeframe, Span::hours(hours), most)?))
}

fn candles(feed: &Feed, call: &Call, with_forming: bool) -> Reply {
    let name = call.param("bar");
    let Some((_, all)) = bars(feed, if name.is_empty() { "1m" } else { &name }, usize::MAX) else {
        return failed((super::codes::PARAMETER, "Parameter bar error"));
    };
    let bound = |name: &str| call.param(name).parse::<i64>().ok().map(Timestamp::from_millis);
    let (before, after) = (bound("before"), bound("after"));
    let limit = call.param("limit").parse::<usize>().unwrap_or(100).min(300);
    let data: Vec<Value> = all
        .into_iter()
        .rev()
        .filter(|(_, closed)| with_forming || *closed)
        .filter(|(one, _)| before.is_none_or(|from| one.open_time > from))
        .filter(|(one, _)| after.is_none_or(|to| one.open_time < to))
        .take(limit)
        .map(|(one, closed)| candle(feed.instrument(), &one, closed))
        .collect();
    rows(data)
}

/// The venue's own trades: one per closed candle and one for what forms.
fn trades(world: &World, feed: &Feed, call: &Call) -> Vec<Value> {
    let one = feed.instrument();
    let limit = call.param("limit").parse::<usize>().unwrap_or(100).min(500);
    feed.candles()
        .rev()
        .take(limit)
        .map(|(candle, closed)| {
            let at = if closed {
                candle.open_time + feed.timeframe().span() - Span::millis_of(1)
            } else {
                world.time()
            };
            let side = if candle.close >= candle.open { "buy" } else { "sell" };
            let price = decimal_from_f64(candle.close).map(decimal).unwrap_or_default();
            trade(one, &price, side, at)
        })
        .collect()
}

pub(super) fn trade(one: &Instrument, price: &str, side: &str, at: Timestamp) -> Value {
    json!({ "count": "1", "instId": &*one.id.symbol, "px": price, "side": side, "source": "0", "sz": "1",
        "tradeId": at.millis().to_string(), "ts": millis(at) })
}

fn book(world: &World, feed: &Feed) -> Value {
    let one = feed.instrument();
    let last = world.account().last_price(&one.id).unwrap_or_default().get();
    let side = |step: i64| -> Vec<Value> {
        let level = |n: i64| last + one.tick * Decimal::from(if step > 0 { n + 1 } else { -n });
        (0..5).map(|n| json!([decimal(level(n)), "100", "0", "1"])).collect()
    };
    json!({ "asks": side(1), "bids": side(-1), "ts": millis(world.time()) })
}
