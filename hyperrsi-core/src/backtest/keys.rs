use super::{BacktestError, Config};
use crate::model::{Amount, Timeframe};
use crate::sim::{MaintenanceTiers, Tier};
use rust_decimal::Decimal;
use serde_json::{Map, Value};

impl Config {
    /// Takes the backtest's own keys (TRADING 15.1) out of a settings record: `initial_balance`, `taker_fee`, `maker_fee`,
    /// `slippage_percent`, `intrabar_policy`, `detail_timeframe`, `maintenance_margin_rate`, `maintenance_tiers`,
    /// `close_at_end`. Numbers and booleans may be written as text; null means not set. `maintenance_tiers` is a list of
    /// `{"up_to": value, "rate": fraction, "deduction": amount}`, smallest first; the last has no `up_to`, and `deduction`
    /// may be left out. What is left belongs to the strategy.
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
        if let Some(text) = take(record, "detail_timeframe") {
            let parsed = text.parse::<Timeframe>();
            self.detail_timeframe =
                Some(parsed.map_err(|error| key_error("detail_timeframe", error.to_string()))?);
        }
        if let Some(text) = take(record, "maintenance_tiers") {
            self.maintenance_tiers = Some(tiers(&text)?);
        }
        if let Some(text) = take(record, "close_at_end") {
            self.close_at_end = text
                .parse()
                .map_err(|_| key_error("close_at_end", format!("\"{text}\" is neither true nor false")))?;
        }
        Ok(())
    }
}

/// Rows of a maintenance table; numbers may be written as text.
fn tiers(text: &str) -> Result<MaintenanceTiers, BacktestError> {
    const KEY: &str = "maintenance_tiers";
    let bad = |message: String| {
        let example = r#"[{"up_to": 50000, "rate": 0.004}, {"rate": 0.005}]"#;
        key_error(KEY, format!("{message}; expected a list such as {example}"))
    };
    let rows: Vec<Map<String, Value>> = serde_json::from_str(text).map_err(|error| bad(error.to_string()))?;
    let mut tiers = Vec::with_capacity(rows.len());
    for mut row in rows {
        let mut cell = |key: &str| take(&mut row, key).map(|text| number(KEY, &text)).transpose();
        let (up_to, rate, deduction) = (cell("up_to")?, cell("rate")?, cell("deduction")?);
        if let Some((unknown, _)) = row.iter().next() {
            return Err(bad(format!("a tier has no \"{unknown}\"")));
        }
        let rate = rate.ok_or_else(|| bad("a tier has no rate".into()))?;
        tiers.push(Tier { up_to: up_to.map(Amount::new), rate, deduction: deduction.map(Amount::new) });
    }
    MaintenanceTiers::new(tiers).map_err(|error| key_error(KEY, error.to_string()))
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
