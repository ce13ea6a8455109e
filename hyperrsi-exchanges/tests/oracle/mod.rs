//! Requests, payloads and frames made by other software, turned into intents that any adapter can word.
//!
//! Nothing here knows a venue: a venue's test gives the function that words an intent, and the list of fields in which
//! it deviates with the reason of each.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::type_complexity,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests; each test file uses its part"
)]

pub mod compare;
pub mod intent;
#[path = "../../../hyperrsi-core/tests/support/oracles.rs"]
mod oracles;

use rust_decimal::Decimal;
use serde_json::Value;
use std::path::PathBuf;

/// The folder of the venue oracles, if it is there.
pub fn folder() -> Option<PathBuf> {
    oracles::folder("venues")
}

/// One JSON file of the oracles.
pub fn load(name: &str) -> Option<Value> {
    let path = folder()?.join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// One recorded request.
pub struct Vector {
    pub name: String,
    pub method: String,
    pub host: String,
    pub path: String,
    pub call: Value,
    pub index: usize,
    pub private: bool,
    pub ignore: Vec<String>,
    /// Unified names that went out by mistake; they are never required.
    pub leaked: Vec<String>,
    pub query: Value,
    pub body: Value,
}

/// The requests of a file.
pub fn vectors(file: &Value) -> Vec<Vector> {
    file["vectors"].as_array().unwrap().iter().map(vector).collect()
}

fn vector(v: &Value) -> Vector {
    Vector {
        name: text(&v["name"]),
        method: text(&v["method"]),
        host: text(&v["host"]),
        path: text(&v["path"]),
        call: v["ccxt_call"].clone(),
        index: v["request_index"].as_u64().unwrap_or(0) as usize,
        private: v["private"].as_bool().unwrap_or(false),
        ignore: v["ignore_fields"].as_array().map_or(vec![], |all| all.iter().map(text).collect()),
        leaked: v["ccxt_leaked_params"].as_array().map_or(vec![], |all| all.iter().map(text).collect()),
        query: v["match_query"].clone(),
        body: v["match_body"].clone(),
    }
}

/// A market as ccxt sees it.
#[derive(Clone, Debug)]
pub struct Market {
    pub id: String,
    pub spot: bool,
    pub contract_size: Decimal,
}

/// A market ccxt had loaded, by its symbol; `markets` is a file of the folder of that name.
pub fn market(markets: &Value, symbol: &str) -> Option<Market> {
    let market = markets["ccxt_markets"].get(symbol)?;
    Some(Market {
        id: text(&market["id"]),
        spot: market["spot"].as_bool().unwrap_or(false),
        contract_size: decimal(&market["contractSize"]).unwrap_or(Decimal::ONE),
    })
}

/// The raw instrument payloads ccxt was given, as they stand in the file.
pub fn market_payloads(markets: &Value) -> Vec<Value> {
    markets["inputs"].as_array().unwrap().iter().map(|input| input["payload"].clone()).collect()
}

pub fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A JSON number or a text that is one, exactly.
pub fn decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::Number(number) => {
            let text = number.to_string();
            text.parse().ok().or_else(|| Decimal::from_scientific(&text).ok())
        }
        Value::String(text) => text.parse().ok().or_else(|| Decimal::from_scientific(text).ok()),
        _ => None,
    }
}
