//! HYPERRSI over a candle file or a bundled series, with settings from a file.

use super::Failure;
use hyperrsi::prelude::*;
use hyperrsi::sample;
use hyperrsi::strategy::rsi_trend::settings::{Environment, Settings, Snapshot};
use hyperrsi::strategy::rsi_trend::{self, Hyperrsi};
use serde_json::{Map, Value};
use std::path::Path;

/// Candles and what they are traded as.
pub(crate) struct Market {
    pub(crate) candles: Candles,
    pub(crate) instrument: Instrument,
}

impl Market {
    /// A file's candles, traded in fine steps; without a file the bundled hours of 2024.
    pub(crate) fn open(file: Option<&Path>, symbol: Option<&str>) -> Result<Self, Failure> {
        let Some(file) = file else {
            return Ok(Self { candles: sample::btcusdt_1h()?, instrument: sample::btcusdt() });
        };
        let (candles, _) = super::candles(file)?;
        let (step, id) = (dec!(0.00000001), InstrumentId::new("backtest", symbol.unwrap_or("BTC-USDT-SWAP")));
        let (base, quote) = currencies(&id.symbol);
        let instrument =
            Instrument { tick: step, lot: step, min_size: step, ..Instrument::linear(id, base, quote) };
        Ok(Self { candles, instrument })
    }

    /// The strategy and the assumptions of a settings record; its errors are told all at once.
    pub(crate) fn hyperrsi(&self, mut record: Map<String, Value>) -> Result<(Config, Hyperrsi), Failure> {
        let mut config = Config::new(self.instrument.clone());
        config.take_keys(&mut record)?;
        record.entry("timeframe").or_insert_with(|| self.candles.timeframe().as_str().into());
        let environment = Environment::backtest().with_instrument(&self.instrument);
        let (settings, _) = Settings::check(&record, &environment)?;
        config.trader = rsi_trend::policy(&settings, &self.instrument);
        config.trader.journal = false; // nothing of a backtest has to survive
        Ok((config, Hyperrsi::new(Snapshot::new(1, settings), &self.instrument)?))
    }
}

/// A TOML or JSON file as one flat record; empty without a file.
pub(crate) fn record(path: Option<&Path>) -> Result<Map<String, Value>, Failure> {
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

/// The symbol a record names, if it does.
pub(crate) fn symbol(record: &Map<String, Value>) -> Option<&str> {
    record.get("symbol").and_then(Value::as_str)
}

/// Base and quote of a symbol such as BTC-USDT-SWAP or BTCUSDT.
fn currencies(symbol: &str) -> (String, String) {
    let mut parts = symbol.split(['-', '/', '_', ':']);
    if let (Some(base), Some(quote)) = (parts.next(), parts.next()) {
        return (base.to_uppercase(), quote.to_uppercase());
    }
    let upper = symbol.to_uppercase();
    let known = ["USDT", "USDC", "BUSD", "USD", "KRW", "BTC", "ETH"].into_iter();
    let split = known.filter_map(|quote| Some((upper.strip_suffix(quote)?, quote)));
    split
        .into_iter()
        .find(|(base, _)| !base.is_empty())
        .map_or_else(|| (upper.clone(), "USDT".into()), |(base, quote)| (base.to_owned(), quote.to_owned()))
}
