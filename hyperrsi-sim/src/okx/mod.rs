//! The protocol of OKX v5: REST below `/api/v5`, streams at `/ws/v5/public`, `/ws/v5/private` and `/ws/v5/business`.
//!
//! Sizes of swaps are contracts, as at the venue. What it does not do: margin of two modes on one instrument at once (an
//! order's `tdMode` sets the instrument's mode while nothing is open, and is refused afterwards), borrowing, options,
//! block trades, orders sent over the stream. Post-only orders that would take are accepted and cancelled.

mod account;
mod algo;
mod auth;
mod codes;
mod holdings;
mod market;
mod rows;
mod stream;
mod text;
mod trade;

use crate::{Call, Keys, News, Practice, Rate, Reply, Session, Source, Turned, Wire, World};
use codes::Code;
use hyperrsi_core::dec;
use hyperrsi_core::model::{Instrument, InstrumentId, InstrumentKind, MarginMode, PositionMode, Span};
use hyperrsi_core::series::Candles;
use hyperrsi_core::sim::account::fault::Script;
use hyperrsi_core::sim::account::{ExcessRule, PostOnlyRule, Setup};
use serde_json::{Value, json};

/// The venue's name in instrument ids.
pub(crate) const VENUE: &str = "okx";

/// The protocol.
#[derive(Clone, Copy, Debug)]
pub struct Okx {
    checks_age: bool,
}

impl Default for Okx {
    fn default() -> Self {
        Self { checks_age: true }
    }
}

impl Okx {
    /// Accepts signed requests of any age: for a venue whose time runs faster than its clients'.
    #[must_use]
    pub const fn of_any_age() -> Self {
        Self { checks_age: false }
    }
}

/// The default practice account: 100 000 USDT, 1 BTC, 10 ETH, 100 SOL; all three as swap and spot; cross margin. `candles`
/// replay on both BTC markets, everything else walks at random from `seed`.
pub fn practice(hedged: bool, candles: Option<Candles>, seed: u64, faults: Script) -> Practice {
    let mut setup = Setup::new(VENUE)
        .deposit("USDT", dec!(100_000))
        .deposit("BTC", dec!(1))
        .deposit("ETH", dec!(10))
        .deposit("SOL", dec!(100));
    setup.position_mode = if hedged { PositionMode::Hedge } else { PositionMode::OneWay };
    setup.margin_mode = MarginMode::Cross;
    setup.leverage = 3;
    setup.post_only = PostOnlyRule::Cancel;
    setup.excess = ExcessRule::Refuse;
    setup.first_id = 2_497_956_918_703_120_384;
    let btc = candles.map_or(Source::Walk { seed, price: 60_000.0 }, Source::Recorded);
    let eth = Source::Walk { seed: seed.wrapping_add(1), price: 3_000.0 };
    let sol = Source::Walk { seed: seed.wrapping_add(2), price: 150.0 };
    let markets = vec![
        (swap("BTC", dec!(0.01), dec!(0.1)), btc.clone()),
        (swap("ETH", dec!(0.1), dec!(0.01)), eth.clone()),
        (swap("SOL", dec!(1), dec!(0.01)), sol.clone()),
        (spot("BTC", dec!(0.00000001), dec!(0.00001), dec!(0.1)), btc),
        (spot("ETH", dec!(0.000001), dec!(0.001), dec!(0.01)), eth),
        (spot("SOL", dec!(0.000001), dec!(0.01), dec!(0.01)), sol),
    ];
    Practice { setup, markets, faults, keys: Keys::default(), rate_limits: true }
}

type Decimal = hyperrsi_core::Decimal;

fn swap(base: &str, contract: Decimal, tick: Decimal) -> Instrument {
    let id = InstrumentId::new(VENUE, format!("{base}-USDT-SWAP"));
    let mut one = Instrument::linear(id, base, "USDT");
    let lot = contract * dec!(0.01);
    (one.contract_size, one.tick, one.lot, one.min_size, one.max_leverage) = (contract, tick, lot, lot, 100);
    one.max_size = Some(contract * dec!(100_000_000));
    one
}

fn spot(base: &str, lot: Decimal, smallest: Decimal, tick: Decimal) -> Instrument {
    let mut one = Instrument::linear(InstrumentId::new(VENUE, format!("{base}-USDT")), base, "USDT");
    one.kind = InstrumentKind::Spot;
    (one.tick, one.lot, one.min_size, one.max_leverage) = (tick, lot, smallest, 1);
    one.max_size = Some(dec!(9_999_999_999));
    one
}

/// Code 0 and these rows.
fn rows(data: impl Into<Value>) -> Reply {
    Reply::json(200, json!({ "code": "0", "data": data.into(), "msg": "" }).to_string())
}

/// A code and no rows.
fn failed((code, message): Code) -> Reply {
    Reply::json(200, json!({ "code": code, "data": [], "msg": message }).to_string())
}

/// What became of one order of a request: its row, and why nothing did.
type Outcome = (Value, Result<(), Code>);

/// The answer to orders: each row has its own code, the whole one too.
fn outcomes(world: &World, each: Vec<Outcome>) -> Reply {
    let all = each.len();
    let bad = each.iter().filter(|(_, outcome)| outcome.is_err()).count();
    let data: Vec<Value> = each
        .into_iter()
        .map(|(mut row, outcome)| {
            let (code, message) = outcome.err().unwrap_or(("0", ""));
            if let Value::Object(row) = &mut row {
                row.insert("sCode".into(), code.into());
                row.insert("sMsg".into(), message.into());
            }
            row
        })
        .collect();
    let (code, message) = match bad {
        0 => ("0", ""),
        bad if bad == all => ("1", "All operations failed"),
        _ => ("2", "Bulk operation partially succeeded"),
    };
    let micros = (world.time().millis() * 1_000).to_string();
    let body = json!({ "code": code, "data": data, "inTime": micros, "msg": message, "outTime": micros });
    Reply::json(200, body.to_string())
}

fn id(symbol: &str) -> InstrumentId {
    InstrumentId::new(VENUE, symbol)
}

/// The body of a request: an object, or a list of them.
fn requests(call: &Call) -> Vec<Value> {
    match serde_json::from_str(&call.body) {
        Ok(Value::Array(all)) => all,
        Ok(one @ Value::Object(_)) => vec![one],
        _ => Vec::new(),
    }
}

/// Path, the request it stands for, how often it may be called in two seconds, and whether it is public.
const PATHS: &[(&str, &str, &str, u32, bool)] = &[
    ("GET", "public/time", "server_time", 10, true),
    ("GET", "public/instruments", "instruments", 20, true),
    ("GET", "public/mark-price", "mark_price", 10, true),
    ("GET", "public/funding-rate", "next_funding", 10, true),
    ("GET", "public/funding-rate-history", "funding_history", 10, true),
    ("GET", "market/candles", "candles", 40, true),
    ("GET", "market/history-candles", "candles", 20, true),
    ("GET", "market/ticker", "ticker", 20, true),
    ("GET", "market/tickers", "ticker", 20, true),
    ("GET", "market/trades", "trades", 100, true),
    ("GET", "market/books", "books", 40, true),
    ("GET", "system/status", "status", 10, true),
    ("GET", "account/balance", "balances", 10, false),
    ("GET", "account/positions", "positions", 10, false),
    ("GET", "account/config", "account_config", 5, false),
    ("GET", "account/leverage-info", "leverage", 20, false),
    ("POST", "account/set-leverage", "set_leverage", 40, false),
    ("POST", "account/set-position-mode", "set_position_mode", 5, false),
    ("GET", "account/trade-fee", "account_config", 5, false),
    ("GET", "account/bills", "cash_flows", 10, false),
    ("POST", "trade/order", "place", 60, false),
    ("POST", "trade/batch-orders", "place_batch", 300, false),
    ("POST", "trade/cancel-order", "cancel", 60, false),
    ("POST", "trade/cancel-batch-orders", "cancel_batch", 300, false),
    ("POST", "trade/amend-order", "amend", 60, false),
    ("POST", "trade/amend-batch-orders", "amend", 300, false),
    ("POST", "trade/close-position", "close_position", 20, false),
    ("GET", "trade/order", "query_order", 60, false),
    ("GET", "trade/orders-pending", "open_orders", 60, false),
    ("GET", "trade/orders-history", "order_history", 40, false),
    ("GET", "trade/orders-history-archive", "order_history", 20, false),
    ("GET", "trade/fills", "fills", 60, false),
    ("GET", "trade/fills-history", "fills", 10, false),
    ("POST", "trade/order-algo", "place", 20, false),
    ("POST", "trade/cancel-algos", "cancel", 20, false),
    ("POST", "trade/amend-algos", "amend", 20, false),
    ("GET", "trade/order-algo", "query_order", 20, false),
    ("GET", "trade/orders-algo-pending", "open_orders", 20, false),
    ("GET", "trade/orders-algo-history", "order_history", 20, false),
];

fn entry(call: &Call) -> Option<&'static (&'static str, &'static str, &'static str, u32, bool)> {
    let path = call.path.strip_prefix("/api/v5/")?;
    PATHS.iter().find(|(method, name, ..)| *method == call.method && *name == path)
}

impl Wire for Okx {
    fn headers(&self) -> &'static [&'static str] {
        &["ok-access-key", "ok-access-sign", "ok-access-timestamp", "ok-access-passphrase"]
    }

    fn kind(&self, call: &Call) -> Option<&'static str> {
        entry(call).map(|(_, _, kind, ..)| *kind)
    }

    fn is_too_soon(&self, world: &mut World, call: &Call) -> bool {
        let Some((method, path, kind, calls, _)) = entry(call) else { return false };
        // Orders are counted by instrument.
        let by = match *kind {
            "place" | "cancel" | "amend" => requests(call).first().map(|one| text::field(one, "instId")),
            _ => None,
        };
        let key = format!("{method} {path} {}", by.unwrap_or_default());
        !world.admit(call.wall, &key, Rate { calls: *calls, window: Span::seconds(2) })
    }

    fn answer(&self, world: &mut World, call: &Call) -> Reply {
        let Some((_, path, _, _, public)) = entry(call) else {
            let body = json!({ "code": "404", "data": {}, "detailMsg": "", "error_code": "404",
                "error_message": "Not Found", "msg": "Not Found" });
            return Reply::json(404, body.to_string());
        };
        if !public {
            let now = self.checks_age.then(|| world.time());
            if let Err(refusal) = auth::check(call, world.keys(), now) {
                return auth::refused(refusal);
            }
        }
        let part = path.split('/').next().unwrap_or_default();
        match (part, *path) {
            ("account", path) => account::answer(world, call, path),
            ("trade", path) if path.contains("algo") => algo::answer(world, call, path),
            ("trade", path) => trade::answer(world, call, path),
            (_, path) => market::answer(world, call, path),
        }
    }

    fn turn_away(&self, call: &Call, kind: &str, why: &Turned) -> Reply {
        let (status, code, message) = codes::turned(why);
        let in_row =
            status == 200 && matches!(kind, "place" | "place_batch" | "cancel" | "cancel_batch" | "amend");
        let body = if in_row {
            let data: Vec<Value> = requests(call)
                .iter()
                .map(|one| {
                    let client_id = text::field(one, "clOrdId");
                    let algo_id = text::field(one, "algoClOrdId");
                    json!({ "algoClOrdId": algo_id, "algoId": "", "clOrdId": client_id, "ordId": "", "sCode": code,
                        "sMsg": message, "tag": "" })
                })
                .collect();
            json!({ "code": "1", "data": data, "msg": "All operations failed" })
        } else {
            json!({ "code": code, "data": [], "msg": message })
        };
        let mut reply = Reply::json(status, body.to_string());
        if why.retry_after_ms > 0 {
            reply.headers.push(("retry-after", (why.retry_after_ms as u64).div_ceil(1_000).to_string()));
        }
        reply
    }

    fn stream(&self, path: &str) -> Option<bool> {
        match path {
            "/ws/v5/public" => Some(false),
            "/ws/v5/private" | "/ws/v5/business" => Some(true),
            _ => None,
        }
    }

    fn heard(&self, world: &mut World, session: &mut Session, text: &str) {
        stream::heard(world, session, text, self.checks_age);
    }

    fn told(&self, world: &World, session: &Session, news: &News) -> Vec<String> {
        stream::told(world, session, news)
    }
}
