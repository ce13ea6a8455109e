//! A settings file and the currencies of a symbol.

use super::Failure;
use serde_json::{Map, Value};
use std::path::Path;

/// The settings file as one flat record; empty without one.
pub(crate) fn read(path: Option<&Path>) -> Result<Map<String, Value>, Failure> {
    let Some(path) = path else { return Ok(Map::new()) };
    let name = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
    let value: Value = if path.extension().is_some_and(|extension| extension == "json") {
        serde_json::from_str(&text).map_err(|error| format!("{name}: {error}"))?
    } else {
        toml::from_str(&text).map_err(|error| format!("{name}: {error}"))?
    };
    match value {
        Value::Object(record) => Ok(record),
        _ => Err(format!("{name}: settings are one record of keys and values").into()),
    }
}

/// A list of what is wrong with settings, as one failure.
pub(crate) fn refused(report: impl std::fmt::Display) -> Failure {
    format!("these settings cannot be used\n{report}").into()
}

/// Base and quote of a symbol such as BTC-USDT-SWAP or BTCUSDT.
pub(crate) fn currencies(symbol: &str) -> (String, String) {
    let mut parts = symbol.split(['-', '/', '_', ':']);
    if let (Some(base), Some(quote)) = (parts.next(), parts.next()) {
        return (base.to_uppercase(), quote.to_uppercase());
    }
    for quote in ["USDT", "USDC", "BUSD", "USD", "KRW", "BTC", "ETH"] {
        if let Some(base) = symbol.to_uppercase().strip_suffix(quote).filter(|base| !base.is_empty()) {
            return (base.to_owned(), quote.to_owned());
        }
    }
    (symbol.to_uppercase(), "USDT".into())
}
