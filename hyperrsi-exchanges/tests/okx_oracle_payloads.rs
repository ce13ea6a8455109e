//! Payloads recorded from OKX and from other software's tests: all of them can be read, and where other software's
//! reading is strong evidence, ours agrees.
#![cfg(feature = "okx")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod oracle;

use hyperrsi_core::exchange::{ExchangeError, Listing, TradingState, VenueOrder};
use hyperrsi_core::model::{Instrument, InstrumentId, InstrumentKind, OrderStatus, PositionSide, Side};
use hyperrsi_exchanges::okx::VENUE;
use hyperrsi_exchanges::okx::parse::{self, Envelope, Known};
use oracle::{decimal, text};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The instruments of the loaded markets, and a stand-in with contract size 1 for every other symbol that appears.
fn known(extra: &str) -> Known {
    let mut all: Vec<Listing> = Vec::new();
    for payload in oracle::load("markets/okx.json").iter().flat_map(oracle::market_payloads) {
        let bytes = payload.to_string();
        if let Ok(rows) = Envelope::read(bytes.as_bytes()).unwrap().rows("instruments") {
            all.extend(parse::listings(&rows));
        }
    }
    if !extra.is_empty() && !all.iter().any(|listing| &*listing.instrument.id.symbol == extra) {
        let mut parts = extra.split('-');
        let (base, quote) = (parts.next().unwrap(), parts.next().unwrap_or("USDT"));
        let mut instrument = Instrument::linear(InstrumentId::new(VENUE, extra), base, quote);
        if extra.matches('-').count() == 1 {
            instrument.kind = InstrumentKind::Spot;
        }
        all.push(Listing { instrument, state: TradingState::Trading, ends: None });
    }
    Known::new(&all)
}

fn row<'a, T: Deserialize<'a>>(text: &'a str) -> T {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Fails unless a number of ours is the number of theirs; theirs may be absent. Their numbers have passed through
/// binary floats, so the last of 15 digits may be off.
fn agree(what: &str, ours: Option<Decimal>, theirs: &Value) {
    let Some(theirs) = decimal(theirs) else { return };
    let ours = ours.unwrap_or_default();
    let scale = theirs.abs().max(Decimal::new(1, 12));
    assert!((ours - theirs).abs() <= scale * Decimal::new(1, 14), "{what}: {ours} instead of {theirs}");
}

fn order(what: &str, order: &VenueOrder, unit: Decimal, theirs: &Value) {
    let status = match order.status {
        _ if order.triggered.is_some() && order.status != OrderStatus::Cancelled => "closed",
        OrderStatus::Open | OrderStatus::PartiallyFilled => "open",
        OrderStatus::Filled => "closed",
        OrderStatus::Cancelled | OrderStatus::Rejected => "canceled",
        OrderStatus::Pending | OrderStatus::Unknown => "unknown",
    };
    if let Some(said) = theirs["status"].as_str() {
        // ccxt passes states on that it does not know; those are derived payloads, not the venue's.
        let words = ["open", "closed", "canceled"];
        assert!(!words.contains(&said) || said == status, "{what}: {status} instead of {said}");
    }
    if let Some(side) = theirs["side"].as_str() {
        assert_eq!(side, if order.side == Side::Buy { "buy" } else { "sell" }, "{what}");
    }
    assert_eq!(order.id.as_str(), text(&theirs["id"]), "{what}");
    if order.quantity.is_some() {
        agree(what, order.quantity.map(|q| q.get() / unit), &theirs["amount"]);
    }
    agree(what, Some(order.filled.get() / unit), &theirs["filled"]);
    agree(what, order.average.map(|p| p.get()), &theirs["average"]);
    if let Some(time) = theirs["timestamp"].as_i64() {
        assert_eq!(order.created.millis(), time, "{what}");
    }
}

/// One row other software read, read by us. `Ok(false)`: the row is of a kind the library does not read.
fn item(file: &str, item: &Value) -> Result<bool, ExchangeError> {
    let (theirs, raw) = (&item["unified"], item["input_row"].to_string());
    let strong = item["market_match"].as_str().is_some_and(|m| m == "exact");
    let symbol = item["input_row"]["instId"].as_str().unwrap_or_default();
    let known = known(symbol);
    let unit = known.instrument(symbol).map_or(Decimal::ONE, |instrument| instrument.contract_size);
    match text(&item["parser"]).as_str() {
        "parse_ohlcv" => {
            let raw: &RawValue = row(&raw);
            // What stands at the sixth place is base units on swaps only; on markets ccxt did not know it guessed.
            let ours = parse::candle(raw, false)?.candle;
            assert_eq!(ours.open_time.millis(), theirs[0].as_i64().unwrap(), "{file}");
            for (own, their) in
                [(ours.open, 1), (ours.high, 2), (ours.low, 3), (ours.close, 4), (ours.volume, 5)]
            {
                assert_eq!(own.to_bits(), theirs[their].as_f64().unwrap().to_bits(), "{file} field {their}");
            }
        }
        "parse_ticker" => {
            let ours = row::<parse::TickerRow<'_>>(&raw).read()?;
            agree(file, Some(ours.last.get()), &theirs["last"]);
            agree(file, ours.bid.map(|p| p.get()), &theirs["bid"]);
            agree(file, ours.ask.map(|p| p.get()), &theirs["ask"]);
            assert_eq!(ours.time.millis(), theirs["timestamp"].as_i64().unwrap(), "{file}");
        }
        "parse_trade" => {
            let ours = row::<parse::TradeRow<'_>>(&raw).read()?;
            assert_eq!(ours.id.as_str(), text(&theirs["id"]), "{file}");
            agree(file, Some(ours.price.get()), &theirs["price"]);
            agree(file, Some(ours.size.get()), &theirs["amount"]);
            assert_eq!(text(&theirs["side"]), ours.taker.to_string(), "{file}");
            assert_eq!(ours.time.millis(), theirs["timestamp"].as_i64().unwrap(), "{file}");
        }
        "parse_order" if item["input_row"].get("state").is_none() => {
            // An answer to a placed or cancelled order; ccxt reads it as an order that has nothing but ids.
            if item["input_row"].get("ordId").is_none() && item["input_row"].get("algoId").is_none() {
                return Ok(false);
            }
            let ours = row::<parse::AckRow<'_>>(&raw);
            if !text(&theirs["id"]).is_empty() && !theirs["id"].is_null() {
                assert_eq!(ours.venue_id(), theirs["id"].as_str(), "{file}");
            }
        }
        "parse_order" if item["input_row"].get("algoId").is_some_and(|id| !text(id).is_empty()) => {
            let ours = row::<parse::AlgoRow<'_>>(&raw).read(&known)?.expect("a tradable market");
            order(file, &ours, unit, theirs);
        }
        "parse_order" => {
            let ours = row::<parse::OrderRow<'_>>(&raw).read(&known)?.expect("a tradable market");
            order(file, &ours, unit, theirs);
        }
        "parse_position" if item["input_row"].get("pos").is_none() => return Ok(false),
        "parse_position" => {
            let legs = row::<parse::PositionRow<'_>>(&raw).read(&known)?;
            let Some(open) = legs.iter().find(|leg| !leg.position.quantity.is_zero()) else {
                return Ok(false);
            };
            agree(file, Some(open.position.quantity.get() / unit), &theirs["contracts"]);
            agree(file, Some(open.position.average.get()), &theirs["entryPrice"]);
            agree(file, open.position.liquidation.map(|p| p.get()), &theirs["liquidationPrice"]);
            agree(file, open.mark.map(|p| p.get()), &theirs["markPrice"]);
            agree(file, open.unrealised.map(|p| p.get()), &theirs["unrealizedPnl"]);
            agree(file, open.leverage.map(Decimal::from), &theirs["leverage"]);
            if strong {
                let side = if open.position.key.side == PositionSide::Long { "long" } else { "short" };
                assert_eq!(theirs["side"].as_str(), Some(side), "{file}");
            }
        }
        "parse_trading_balance" => {
            let ours = row::<parse::BalanceRow<'_>>(&raw).read()?;
            for balance in &ours {
                agree(file, Some(balance.free.get()), &theirs[&balance.asset]["free"]);
            }
        }
        _ => return Ok(false),
    }
    Ok(true)
}

#[test]
fn oracle_payload_rows_agree_with_other_software() {
    let Some(file) = oracle::load("parsed/okx.json") else { return };
    let (mut checked, mut other) = (BTreeMap::<String, usize>::new(), Vec::new());
    for entry in file["files"].as_array().unwrap() {
        let name = text(&entry["file"]);
        for row in entry["items"].as_array().unwrap() {
            let parser = text(&row["parser"]);
            if row.get("input_row").is_none_or(Value::is_null) || row.get("error").is_some() {
                other.push(format!("{name} {parser}: no single row, see the whole files"));
                continue;
            }
            // Order books were fed to the order parser; they have no fields in common with an order.
            if row["input_row"].get("asks").is_some() || row["input_row"].get("adjEqChg").is_some() {
                other.push(format!("{name} {parser}: no {parser} payload"));
                continue;
            }
            match item(&name, row) {
                Ok(true) => *checked.entry(parser).or_default() += 1,
                Ok(false) => other.push(format!("{name} {parser}: a row the library does not read")),
                Err(error) => panic!("{name}: {error}"),
            }
        }
    }
    println!("okx: rows that agree: {checked:?}; not applicable: {}", other.len());
    other.iter().for_each(|why| println!("  not applicable {why}"));
    assert!(checked.values().sum::<usize>() >= 40);
    for parser in ["parse_order", "parse_ticker", "parse_ohlcv", "parse_trade", "parse_position"] {
        assert!(checked.contains_key(parser), "nothing of {parser}");
    }
}

/// How a whole payload is read, by what the manifest says of it.
fn payload(name: &str, value: &Value) -> Result<Option<usize>, ExchangeError> {
    let rows = match value {
        Value::Array(frames) => {
            let mut sum = 0;
            for frame in frames {
                sum += payload(name, &frame["msg"])?.unwrap_or(0);
            }
            return Ok(Some(sum));
        }
        Value::Object(_) if value.get("data").is_some() => value["data"].clone(),
        other => Value::Array(vec![other.clone()]),
    };
    let Some(rows) = rows.as_array() else { return Ok(None) };
    let mut read = 0;
    for data in rows {
        let raw = data.to_string();
        let known = known(data["instId"].as_str().unwrap_or_default());
        let has = |field: &str| data.get(field).is_some();
        if data.is_array() {
            let raw: &RawValue = row(&raw);
            // Candles of the mark price have no volumes, and the library does not ask for them.
            if data.as_array().unwrap().len() >= 9 {
                parse::candle(raw, true)?;
                read += 1;
            }
        } else if has("sCode") {
            let ack: parse::AckRow<'_> = row(&raw);
            assert_eq!(ack.done(), matches!(data["sCode"].as_str(), Some("0" | "")), "{name}");
            read += 1;
        } else if has("algoId") && has("state") && !has("accFillSz") {
            row::<parse::AlgoRow<'_>>(&raw).read(&known)?.expect("an order");
            read += 1;
        } else if has("accFillSz") {
            let order: parse::OrderRow<'_> = row(&raw);
            order.read(&known)?.expect("an order");
            order.fill(&known)?;
            read += 1;
        } else if has("fillPx") && has("billId") && has("ordId") {
            row::<parse::FillRow<'_>>(&raw).read(&known)?.expect("a fill");
            read += 1;
        } else if has("tickSz") {
            parse::listing(&row(&raw))?;
            read += 1;
        } else if has("pos") && has("mgnMode") {
            row::<parse::PositionRow<'_>>(&raw).read(&known)?;
            read += 1;
        } else if has("details") {
            row::<parse::BalanceRow<'_>>(&raw).read()?;
            read += 1;
        } else if has("markPx") && has("ts") {
            row::<parse::MarkRow<'_>>(&raw).read()?;
            read += 1;
        } else if has("fundingRate") {
            row::<parse::FundingRow<'_>>(&raw).read()?;
            read += 1;
        } else if has("last") && has("askPx") {
            row::<parse::TickerRow<'_>>(&raw).read()?;
            read += 1;
        } else if has("tradeId") && has("px") {
            row::<parse::TradeRow<'_>>(&raw).read()?;
            read += 1;
        } else if has("posMode") {
            row::<parse::ModeRow<'_>>(&raw).read()?;
            read += 1;
        } else if has("lever") && has("mgnMode") && data.as_object().unwrap().len() <= 4 {
            row::<parse::LeverageRow<'_>>(&raw);
            read += 1;
        } else if data.as_object().is_some_and(|fields| fields.len() == 1) && has("ts") {
            row::<parse::TimeRow>(&raw);
            read += 1;
        }
    }
    Ok(Some(read))
}

#[test]
fn oracle_every_recorded_payload_can_be_read() {
    let Some(folder) = oracle::folder() else { return };
    let mut names: Vec<_> = std::fs::read_dir(folder.join("responses/okx"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let (mut files, mut rows, mut other) = (0, 0, Vec::new());
    for name in &names {
        let value = oracle::load(&format!("responses/okx/{name}")).unwrap();
        match payload(name, &value) {
            Ok(Some(read)) if read > 0 => {
                files += 1;
                rows += read;
            }
            Ok(_) => other.push(name.clone()),
            Err(error) => panic!("{name}: {error}"),
        }
    }
    println!("okx: {rows} rows of {files} files read; the library asks for nothing like: {other:?}");
    assert!(files * 10 >= names.len() * 8, "{files} of {}", names.len());
}

/// The balance in `parse_balance` items comes from whole files.
#[test]
fn oracle_balances_agree_with_other_software() {
    let Some(file) = oracle::load("parsed/okx.json") else { return };
    let mut checked = 0;
    for entry in file["files"].as_array().unwrap() {
        for item in entry["items"].as_array().unwrap().iter().filter(|item| item["parser"] == "parse_balance")
        {
            let name = text(&entry["file"]);
            let whole = oracle::load(&format!("responses/{name}")).unwrap().to_string();
            let rows =
                Envelope::read(whole.as_bytes()).unwrap().rows::<parse::BalanceRow<'_>>("balances").unwrap();
            for balance in rows.iter().flat_map(|row| row.read().unwrap()) {
                agree(&name, Some(balance.free.get()), &item["unified"][&balance.asset]["free"]);
                checked += 1;
            }
        }
    }
    println!("okx: {checked} balances agree");
    assert!(checked >= 3);
}
