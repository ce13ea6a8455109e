//! HYPERRSI over a candle file or a bundled series, with settings from a file.

use super::{Failure, settings};
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
        let (base, quote) = settings::currencies(&id.symbol);
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
        let (settings, _) = Settings::check(&record, &environment).map_err(settings::refused)?;
        config.trader = rsi_trend::policy(&settings, &self.instrument);
        config.trader.journal = false; // nothing of a backtest has to survive
        Ok((config, Hyperrsi::new(Snapshot::new(1, settings), &self.instrument)?))
    }
}

/// The symbol a record names, if it does.
pub(crate) fn symbol(record: &Map<String, Value>) -> Option<&str> {
    record.get("symbol").and_then(Value::as_str)
}
