use super::{BacktestError, Config};
use crate::model::Amount;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

impl Config {
    /// Takes the backtest's own keys (TRADING 15.1) out of a settings record: `initial_balance`, `taker_fee`, `maker_fee`,
    /// `slippage_percent`, `intrabar_policy`, `maintenance_margin_rate`, `close_at_end`. Numbers and booleans may be
    /// written as text; null means not set. What is left belongs to the strategy.
    ///
    /// ```
    /// use hyperrsi_core::backtest::{Config, IntrabarPolicy};
    /// use hyperrsi_core::model::{Instrument, InstrumentId};
    /// use rust_decimal_macros::dec;
    /// let mut config = Config::new(Instrument::linear(InstrumentId::new("sim", "BTCUSDT"), "BTC", "USDT"));
    /// let mut record = serde_json::json!({"slippage_percent": "0.02", "intrabar_policy": "ohlc_path", "leverage": 5});
    /// config.take_keys(record.as_object_mut().ok_or("no map")?)?;
    /// assert_eq!((config.slippage_percent, config.policy), (dec!(0.02), IntrabarPolicy::OhlcPath));
    /// assert_eq!(record, serde_json::json!({"leverage": 5}));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`BacktestError::Key`] names the first key whose value cannot be read. Ranges are checked by
    /// [`Config::validate`].
    pub fn take_keys(&mut self, record: &mut Map<String, Value>) -> Result<(), BacktestError> {
        let numbers: [(&'static str, &mut Decimal); 4] = [
            ("taker_fee", &mut self.taker_fee),
            ("maker_fee", &mut self.maker_fee),
            ("slippage_percent", &mut self.slippage_percent),
            ("maintenance_margin_rate", &mut self.maintenance_margin_rate),
        ];
        for (key, slot) in numbers {
            if let Some(text) = take(record, key) {
                *slot = number(key, &text)?;
            }
        }
        if let Some(text) = take(record, "initial_balance") {
            self.initial_balance = Amount::new(number("initial_balance", &text)?);
        }
        if let Some(text) = take(record, "intrabar_policy") {
            self.policy = text.parse().map_err(|message| key_error("intrabar_policy", message))?;
        }
        if let Some(text) = take(record, "close_at_end") {
            self.close_at_end = text
                .parse()
                .map_err(|_| key_error("close_at_end", format!("\"{text}\" is neither true nor false")))?;
        }
        Ok(())
    }
}

fn take(record: &mut Map<String, Value>, key: &str) -> Option<String> {
    match record.remove(key)? {
        Value::Null => None,
        Value::String(text) => Some(text.trim().to_owned()),
        other => Some(other.to_string()),
    }
}

fn number(key: &'static str, text: &str) -> Result<Decimal, BacktestError> {
    text.parse::<Decimal>()
        .or_else(|_| Decimal::from_scientific(text))
        .map_err(|_| key_error(key, format!("\"{text}\" is not a number")))
}

fn key_error(key: &'static str, message: String) -> BacktestError {
    BacktestError::Key { key, message }
}
