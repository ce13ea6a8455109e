//! What the adapter would send to OKX, against what other software sent for the same intent, and against its
//! signatures.
#![cfg(feature = "okx")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod oracle;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use hyperrsi_core::exchange::{OrderClass, Trailing, Urgency};
use hyperrsi_core::model::{
    Instrument, InstrumentId, InstrumentKind, OrderSpec, PositionSide, Side, Timestamp,
};
use hyperrsi_exchanges::net::{Call, Method};
use hyperrsi_exchanges::okx::parse::{Envelope, listings};
use hyperrsi_exchanges::okx::request::{self, CandleSource, Setup};
use hyperrsi_exchanges::okx::{Keys, REST_HOST, VENUE};
use oracle::compare::{Deviation, Tally, check};
use oracle::intent::{Intent, Order};
use oracle::{Market, text};
use serde_json::Value;
use sha2::Sha256;
use std::collections::BTreeMap;

/// The instruments, from the payloads the recorded software was given.
struct Book(BTreeMap<String, Instrument>);

impl Book {
    fn read(markets: &Value) -> Self {
        let mut book = BTreeMap::new();
        for payload in oracle::market_payloads(markets) {
            let bytes = payload.to_string();
            let envelope = Envelope::read(bytes.as_bytes()).unwrap();
            let Ok(rows) = envelope.rows("instruments") else { continue };
            for listing in listings(&rows) {
                book.insert(listing.instrument.id.symbol.to_string(), listing.instrument);
            }
        }
        Self(book)
    }

    fn get(&self, market: &Market) -> Result<&Instrument, String> {
        self.0.get(&market.id).ok_or_else(|| format!("{} is not a market the library trades", market.id))
    }
}

fn setup(order: &Order) -> Setup {
    Setup { position_mode: order.mode, spot_on_margin: false }
}

fn place(book: &Book, order: &Order) -> Result<Call, String> {
    let instrument = book.get(&order.market)?;
    let (spec, margin, setup) = (&order.spec, order.margin, setup(order));
    let urgency = Urgency::Opening;
    let other = |kind| OrderSpec { kind, side: spec.leg.closing(), reduce_only: true, ..*spec };
    if let Some((callback, activation)) = order.trailing {
        let trailing = Trailing {
            instrument: instrument.id.clone(),
            client_id: spec.client_id,
            leg: spec.leg,
            quantity: spec.quantity,
            callback,
            activation,
        };
        return request::trailing(instrument, &trailing, margin, setup).map_err(|e| e.to_string());
    }
    if let Some(take_profit) = order.linked {
        return request::linked(instrument, spec, &other(take_profit), margin, setup)
            .map_err(|e| e.to_string());
    }
    if order.stop.is_some() || order.take_profit.is_some() {
        let [stop, take_profit] = [order.stop.map(other), order.take_profit.map(other)];
        return request::attached(instrument, spec, stop.as_ref(), take_profit.as_ref(), margin, setup)
            .map_err(|e| e.to_string());
    }
    match OrderClass::from(&spec.kind) {
        OrderClass::Plain => request::place_order(instrument, spec, margin, setup, urgency),
        OrderClass::Conditional => request::place_algo(instrument, spec, margin, setup, urgency),
    }
    .map_err(|error| error.to_string())
}

/// The calls an intent takes.
fn word(book: &Book, intent: &Intent) -> Result<Vec<Call>, String> {
    let fail = |error: hyperrsi_core::exchange::ExchangeError| error.to_string();
    let call = match intent {
        Intent::Instruments => {
            return Ok(vec![
                request::instruments(InstrumentKind::Spot),
                request::instruments(InstrumentKind::Linear),
            ]);
        }
        Intent::Candles { market, timeframe, from, until, limit, history } => {
            let source = if *history { CandleSource::History } else { CandleSource::Recent };
            request::candles(source, book.get(market)?, *timeframe, *from, *until, *limit).map_err(fail)?
        }
        Intent::Ticker(market) => request::ticker(book.get(market)?),
        Intent::MarkPrice(market) => request::mark_price(book.get(market)?),
        Intent::FundingRate(market) => request::funding_rate(book.get(market)?),
        Intent::FundingHistory { market, from, limit } => {
            request::funding_history(book.get(market)?, *from, None, *limit)
        }
        Intent::ServerTime => request::server_time(),
        Intent::Status => request::status(),
        Intent::Balance => request::balances(),
        Intent::AccountConfig => request::account_config(),
        Intent::Positions(market) => {
            request::positions(market.as_ref().map(|market| book.get(market)).transpose()?)
        }
        Intent::TradingFee(market) => request::trade_fee(book.get(market)?),
        Intent::Leverage { market, margin } => request::leverage_info(book.get(market)?, *margin),
        Intent::SetLeverage { market, margin, leverage, leg } => {
            request::set_leverage(book.get(market)?, *margin, *leverage, *leg).map_err(fail)?
        }
        Intent::SetMarginMode { .. } => {
            return Err("okx has no margin mode of an instrument: every order carries its own".into());
        }
        Intent::SetPositionMode(mode) => request::set_position_mode(*mode).map_err(fail)?,
        Intent::Place(order) => place(book, order)?,
        Intent::PlaceBatch(orders) => {
            let rows = orders
                .iter()
                .map(|order| Ok((book.get(&order.market)?, &order.spec, order.margin)))
                .collect::<Result<Vec<_>, String>>()?;
            request::place_batch(rows, setup(&orders[0]), Urgency::Opening).map_err(fail)?
        }
        Intent::Amend { market, name, class, side, price, quantity, stop } => {
            let instrument = book.get(market)?;
            match class {
                OrderClass::Plain => {
                    request::amend_order(instrument, name, *price, *quantity, Urgency::Opening)
                        .map_err(fail)?
                }
                OrderClass::Conditional => {
                    let kind = stop.ok_or("an amended algo order without a new stop")?;
                    let leg = if *side == Side::Sell { PositionSide::Long } else { PositionSide::Short };
                    let order = OrderSpec {
                        client_id: "hrtest1".parse().unwrap(),
                        leg,
                        side: *side,
                        reduce_only: true,
                        quantity: quantity.unwrap_or_default(),
                        kind,
                    };
                    request::amend_algo(
                        instrument,
                        name,
                        &order,
                        kind.price(),
                        *quantity,
                        Urgency::Protection,
                    )
                    .map_err(fail)?
                }
            }
        }
        Intent::Cancel { market, names, class, .. } => {
            let instrument = book.get(market)?;
            let orders: Vec<_> = names.iter().map(|name| (instrument, name)).collect();
            match class {
                OrderClass::Plain => request::cancel_orders(&orders),
                OrderClass::Conditional => request::cancel_algos(&orders),
            }
            .map_err(fail)?
        }
        Intent::Query { market, name, class } => match class {
            OrderClass::Plain => request::query_order(book.get(market)?, name),
            OrderClass::Conditional => request::query_algo(name),
        },
        Intent::OpenOrders { market, class, kind, limit } => {
            let instrument = market.as_ref().map(|market| book.get(market)).transpose()?;
            match class {
                OrderClass::Plain => request::open_orders(instrument, limit.unwrap_or(100), None),
                OrderClass::Conditional => {
                    request::open_algos(instrument, algo_kind(kind.as_deref()), limit.unwrap_or(100), None)
                }
            }
        }
        Intent::History { kind, market, class, cancelled, from, limit } => {
            let instrument = book.get(market)?;
            match class {
                OrderClass::Plain => {
                    let state = if *cancelled { "canceled" } else { "filled" };
                    request::order_history(instrument, Some(state), *from, limit.unwrap_or(100), None)
                }
                OrderClass::Conditional => {
                    let state = if *cancelled { "canceled" } else { "effective" };
                    request::algo_history(instrument, algo_kind(kind.as_deref()), state, None)
                }
            }
        }
        Intent::Fills { market, order, from, until, limit } => {
            let instrument =
                book.get(market.as_ref().ok_or("fills of all markets take one call per kind")?)?;
            request::fills(instrument, true, order.as_deref(), *from, *until, *limit, None)
        }
    };
    Ok(vec![call])
}

/// The venue's name of a kind of conditional orders; ccxt lists triggers if none is named.
fn algo_kind(named: Option<&str>) -> &'static str {
    match named {
        Some("trailing" | "move_order_stop") => "move_order_stop",
        Some("oco") => "oco",
        Some("conditional") => "conditional",
        _ => "trigger",
    }
}

/// Where the adapter means to differ from ccxt.
const DEVIATIONS: &[Deviation] = &[
    Deviation {
        why: "an algo order's client id is algoClOrdId; ccxt sends clOrdId, which the venue does not keep",
        apply: |path, theirs, _| {
            let id = if path == "/api/v5/trade/order-algo" { theirs.remove("clOrdId") } else { None };
            id.map(|id| theirs.insert("algoClOrdId".into(), id)).is_some()
        },
    },
    Deviation {
        why: "ccxt made the client id up, so ours is not compared",
        apply: |_, theirs, ours| {
            let made_up = !theirs.contains_key("algoClOrdId")
                && ours.get("algoClOrdId").is_some_and(|id| id == "hrtest1");
            made_up && ours.remove("algoClOrdId").is_some()
        },
    },
    Deviation {
        why: "reduceOnly is stated even where it is false, the venue's default (TRADING V12)",
        apply: |_, theirs, ours| {
            let stated = ours.get("reduceOnly").is_some_and(|value| value == false)
                && !theirs.contains_key("reduceOnly");
            stated && ours.remove("reduceOnly").is_some()
        },
    },
    Deviation {
        why: "what only reduces says so, also where ccxt left it out",
        apply: |path, theirs, ours| {
            let said = path == "/api/v5/trade/order-algo"
                && ours.get("reduceOnly").is_some_and(|value| value == true)
                && !theirs.contains_key("reduceOnly");
            said && ours.remove("reduceOnly").is_some()
        },
    },
    Deviation {
        why: "in hedge mode side and leg say that an order reduces; the venue ignores reduceOnly there",
        apply: |_, theirs, ours| {
            let named = theirs.get("posSide").is_some_and(|leg| leg == "long" || leg == "short");
            named && !ours.contains_key("reduceOnly") && theirs.remove("reduceOnly").is_some()
        },
    },
    Deviation {
        why: "the net leg is the venue's default",
        apply: |_, theirs, ours| {
            let net = theirs.get("posSide").is_some_and(|leg| leg == "net") && !ours.contains_key("posSide");
            net && theirs.remove("posSide").is_some()
        },
    },
    Deviation {
        why: "the size of a spot sale is in base units by default",
        apply: |_, theirs, ours| {
            let sale = ours.get("side").is_some_and(|side| side == "sell") && !ours.contains_key("tgtCcy");
            sale && theirs.get("tgtCcy").is_some_and(|unit| unit == "base_ccy")
                && theirs.remove("tgtCcy").is_some()
        },
    },
    Deviation {
        why: "how long a page is to be is said; ccxt leaves it to the venue",
        apply: |path, theirs, ours| {
            let list = path.contains("/orders-") || path.ends_with("funding-rate-history");
            list && !theirs.contains_key("limit") && ours.remove("limit").is_some()
        },
    },
    Deviation {
        why: "pages of ended conditional orders have the venue's own length",
        apply: |path, theirs, ours| {
            let list = path.ends_with("/orders-algo-history") && !ours.contains_key("limit");
            list && theirs.remove("limit").is_some()
        },
    },
    Deviation {
        why: "an instrument's id names its kind; ccxt adds it",
        apply: |path, theirs, ours| {
            let named = path.ends_with("/account/positions") && ours.contains_key("instId");
            named && !ours.contains_key("instType") && theirs.remove("instType").is_some()
        },
    },
    Deviation {
        why: "an attached stop carries our id; ccxt sends none",
        apply: |_, theirs, ours| {
            let none =
                theirs.get("attachAlgoOrds").is_some_and(|all| all[0].get("attachAlgoClOrdId").is_none());
            let extra = ours.get_mut("attachAlgoOrds").and_then(|all| all[0].as_object_mut());
            none && extra.is_some_and(|extra| extra.remove("attachAlgoClOrdId").is_some())
        },
    },
    Deviation {
        why: "triggerPxType is stated even where it is last, the venue's default",
        apply: |_, theirs, ours| {
            let stated = ours.get("triggerPxType").is_some_and(|v| v == "last")
                && !theirs.contains_key("triggerPxType");
            stated && ours.remove("triggerPxType").is_some()
        },
    },
    Deviation {
        why: "a conditional spot order is not on margin; ccxt sends tdMode cross",
        apply: |path, theirs, ours| {
            let spot =
                path == "/api/v5/trade/order-algo" && ours.get("tdMode").is_some_and(|mode| mode == "cash");
            spot && theirs.insert("tdMode".into(), "cash".into()).is_some()
        },
    },
    Deviation {
        why: "the venue's documentation demands instType of a mark price; ccxt leaves it out",
        apply: |path, theirs, ours| {
            path == "/api/v5/public/mark-price"
                && !theirs.contains_key("instType")
                && ours.remove("instType").is_some()
        },
    },
    Deviation {
        why: "a limit of fills is told to the venue; ccxt cuts the list itself",
        apply: |path, theirs, ours| {
            path == "/api/v5/trade/fills-history"
                && !theirs.contains_key("limit")
                && ours.remove("limit").is_some()
        },
    },
    Deviation {
        why: "an algo order's id names it alone; ccxt adds the instrument",
        apply: |path, theirs, ours| {
            path == "/api/v5/trade/order-algo"
                && theirs.len() == 2
                && !ours.contains_key("instId")
                && theirs.remove("instId").is_some()
        },
    },
];

/// Compares every request of a file.
fn compare(file: &Value, markets: &Value) -> (usize, Tally) {
    let credentials = &file["credentials"];
    let vectors = oracle::vectors(file);
    let book = Book::read(markets);
    let [key, secret, phrase] = ["apiKey", "secret", "password"].map(|name| text(&credentials[name]));
    let keys = Keys::new(key, secret.clone(), phrase);
    let mut tally = Tally::default();
    for vector in &vectors {
        let intent = match oracle::intent::read(markets, &vector.call) {
            Ok(intent) => intent,
            Err(why) => {
                tally.skip(vector, why);
                continue;
            }
        };
        match word(&book, &intent) {
            Err(why) => tally.skip(vector, why),
            Ok(calls) => {
                let Some(call) = calls.get(vector.index).or_else(|| calls.first()) else { continue };
                assert_eq!(vector.host, REST_HOST, "{}", vector.name);
                check(vector, call, DEVIATIONS, &mut tally);
                if call.signed {
                    verify(&keys, &secret, call);
                }
            }
        }
    }
    (vectors.len(), tally)
}

#[test]
fn oracle_requests_are_those_of_other_software_and_their_signatures_verify() {
    let Some(file) = oracle::load("requests/okx.json") else { return };
    let (count, tally) = compare(&file, &oracle::load("markets/okx.json").unwrap());
    tally.finish(VENUE, count * 4 / 5);
}

/// What `golden/make.py` makes with ccxt, for clones without the oracles.
#[test]
fn golden_requests_and_signatures_are_those_of_other_software() {
    let file: Value = serde_json::from_str(include_str!("golden/okx.json")).unwrap();
    let (count, tally) = compare(&file, &file["markets"]);
    tally.finish(VENUE, count);
    let [key, secret, phrase] = ["apiKey", "secret", "password"].map(|name| text(&file["credentials"][name]));
    let keys = Keys::new(key, secret, phrase);
    let now = Timestamp::from_millis(file["clock_ms"].as_i64().unwrap());
    for vector in file["vectors"].as_array().unwrap().iter().filter(|vector| vector["private"] == true) {
        let method = if vector["method"] == "GET" { Method::Get } else { Method::Post };
        let body = vector["body"].as_str().unwrap_or("");
        let signed = keys.sign(now, method, vector["target"].as_str().unwrap(), body);
        assert_eq!(signed.signature, text(&vector["headers"]["OK-ACCESS-SIGN"]), "{}", vector["name"]);
    }
}

/// The signature over the adapter's own bytes, computed here by itself.
fn verify(keys: &Keys, secret: &str, call: &Call) {
    let now = Timestamp::from_millis(1_746_000_000_123);
    let body = call.body.as_deref().unwrap_or("");
    let signed = keys.sign(now, call.method, &call.target(), body);
    let prehash = format!("{}{}{}{body}", signed.timestamp, call.method.as_str(), call.target());
    assert_eq!(signed.timestamp, "2025-04-30T08:00:00.123Z");
    assert_eq!(signed.signature, hmac_sha256(secret, &prehash));
}

fn hmac_sha256(secret: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

#[test]
fn oracle_signatures_are_those_of_other_software() {
    let Some(file) = oracle::load("signatures.json") else { return };
    let mut checked = 0;
    for vector in file["vectors"].as_array().unwrap().iter().filter(|v| v["venue"] == VENUE) {
        let credentials = &vector["credentials"];
        let [key, secret, phrase] = ["apiKey", "secret", "password"].map(|name| text(&credentials[name]));
        let keys = Keys::new(key, secret, phrase);
        let now = Timestamp::from_millis(vector["timestamp_ms"].as_i64().unwrap());
        let method = if vector["method"] == "GET" { Method::Get } else { Method::Post };
        let url = text(&vector["url"]);
        let target = url.strip_prefix(&format!("https://{REST_HOST}")).unwrap();
        let signed = keys.sign(now, method, target, vector["body"].as_str().unwrap_or(""));
        assert_eq!(signed.signature, text(&vector["signature"]), "{}", vector["id"]);
        assert_eq!(signed.timestamp, text(&vector["headers"]["OK-ACCESS-TIMESTAMP"]), "{}", vector["id"]);
        checked += 1;
    }
    println!("okx: {checked} signatures checked");
    assert!(checked >= 16);
}

#[test]
fn oracle_markets_have_the_steps_and_sizes_other_software_reads() {
    let Some(file) = oracle::load("markets/okx.json") else { return };
    let book = Book::read(&file);
    let mut checked = 0;
    for (symbol, market) in file["ccxt_markets"].as_object().unwrap() {
        let id = InstrumentId::new(VENUE, text(&market["id"]));
        let Some(ours) = book.0.get(&*id.symbol) else {
            assert_eq!(market["linear"], false, "{symbol} is missing");
            continue;
        };
        let number = |value: &serde_json::Value| oracle::decimal(value).unwrap();
        let unit = oracle::decimal(&market["contractSize"]).unwrap_or(rust_decimal::Decimal::ONE);
        assert_eq!(ours.contract_size, unit, "{symbol}");
        assert_eq!(ours.tick, number(&market["precision"]["price"]), "{symbol}");
        assert_eq!(ours.lot, number(&market["precision"]["amount"]) * unit, "{symbol}");
        assert_eq!(ours.min_size, number(&market["limits"]["amount"]["min"]) * unit, "{symbol}");
        assert!(ours.max_size.unwrap() <= number(&market["limits"]["amount"]["max"]) * unit, "{symbol}");
        assert_eq!(
            (ours.base.as_str(), ours.quote.as_str()),
            (market["base"].as_str().unwrap(), market["quote"].as_str().unwrap())
        );
        if ours.kind == InstrumentKind::Linear {
            assert_eq!(ours.max_leverage, 100, "{symbol}");
        }
        checked += 1;
    }
    println!("okx: {checked} markets checked");
    assert!(checked >= 4);
}
