//! What a sweep can vary: something that turns a settings record into a run.

use super::SpaceError;
use crate::backtest::{BacktestError, Config};
use crate::indicator::LengthError;
use crate::model::{Quantity, Timeframe};
use crate::risk::Size;
use crate::strategy::rsi_trend::settings::{Environment, KEYS, Report, Settings, Snapshot};
use crate::strategy::rsi_trend::{self, StartError};
use crate::strategy::{self, Strategy};
use rust_decimal::Decimal;
use serde_json::{Map, Value};

/// Keys of the backtest itself (TRADING 15.1), which every subject knows.
const BACKTEST_KEYS: [&str; 7] = [
    "initial_balance",
    "taker_fee",
    "maker_fee",
    "slippage_percent",
    "intrabar_policy",
    "maintenance_margin_rate",
    "close_at_end",
];

/// Why a combination cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} [{code}]")]
pub struct Invalid {
    /// The kind of problem, for counting.
    pub code: String,
    /// The first problem in words, on one line.
    pub message: String,
}

impl Invalid {
    /// A problem of a kind.
    pub fn new(code: impl Into<String>, message: impl std::fmt::Display) -> Self {
        let message = message.to_string();
        let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
        Self { code: code.into(), message }
    }
}

impl From<BacktestError> for Invalid {
    fn from(error: BacktestError) -> Self {
        let code = match &error {
            BacktestError::Range { key, .. } | BacktestError::Key { key, .. } => key,
            BacktestError::Timeframe { .. } => "timeframe",
            BacktestError::Account(_) => "account",
            BacktestError::Overflow(_) => "overflow",
            _ => "backtest",
        };
        Self::new(code, &error)
    }
}

impl From<LengthError> for Invalid {
    fn from(error: LengthError) -> Self {
        Self::new("length", error)
    }
}

impl From<Report> for Invalid {
    fn from(report: Report) -> Self {
        match report.errors.first() {
            Some(first) => Self::new(first.code, format_args!("{}: {}", first.key, first.message)),
            None => Self::new("settings", "the settings are not valid"),
        }
    }
}

impl From<StartError> for Invalid {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Settings(report) => report.into(),
            StartError::Length(error) => error.into(),
        }
    }
}

/// Something whose settings can be varied: a strategy, and the assumptions it is run under.
///
/// ```
/// use hyperrsi_core::backtest::Config;
/// use hyperrsi_core::backtest::sweep::{Invalid, Subject};
/// use hyperrsi_core::model::Timeframe;
/// use hyperrsi_core::strategy::Threshold;
/// use serde_json::{Map, Value};
///
/// struct Mine(Config);
///
/// impl Subject for Mine {
///     type Strategy = Threshold;
///     fn name(&self) -> &str {
///         "mine"
///     }
///     fn keys(&self) -> Vec<&str> {
///         vec!["rsi_length"]
///     }
///     fn build(&self, record: Map<String, Value>) -> Result<(Config, Threshold), Invalid> {
///         let text = record.get("rsi_length").and_then(Value::as_str).unwrap_or("14");
///         let length = text.parse().map_err(|_| Invalid::new("rsi_length", format!("{text} is no length")))?;
///         Ok((self.0.clone(), Threshold::new(Timeframe::M15, length)?))
///     }
/// }
/// ```
pub trait Subject: Sync {
    /// The strategy it builds.
    type Strategy: Strategy;
    /// Its name in messages and reports.
    fn name(&self) -> &str;
    /// The settings keys it reads.
    fn keys(&self) -> Vec<&str>;
    /// One run's assumptions and strategy. Values of a sweep come as text.
    ///
    /// # Errors
    /// Why this combination cannot be run; it is counted and the sweep goes on.
    fn build(&self, record: Map<String, Value>) -> Result<(Config, Self::Strategy), Invalid>;

    /// Checks that a key is one of [`Subject::keys`].
    ///
    /// # Errors
    /// [`SpaceError::UnknownKey`], with the most similar key.
    fn check_key(&self, key: &str) -> Result<(), SpaceError> {
        let keys = self.keys();
        if keys.contains(&key) {
            return Ok(());
        }
        let near = keys.iter().map(|known| (distance(key, known), *known)).min();
        let hint = match near {
            Some((steps, known)) if steps <= key.len() / 2 => format!("; did you mean {known}?"),
            _ => format!("; it has {}", keys.join(", ")),
        };
        Err(SpaceError::UnknownKey { key: key.to_owned(), strategy: self.name().to_owned(), hint })
    }
}

/// HYPERRSI: every key of TRADING 1.4, and those of the backtest.
#[derive(Clone, Debug)]
pub struct Hyperrsi {
    config: Config,
    timeframe: Timeframe,
}

impl Hyperrsi {
    /// Over candles of that timeframe; `config` is what combinations start from.
    pub const fn new(config: Config, timeframe: Timeframe) -> Self {
        Self { config, timeframe }
    }
}

impl Subject for Hyperrsi {
    type Strategy = rsi_trend::Hyperrsi;

    fn name(&self) -> &str {
        "hyperrsi"
    }

    fn keys(&self) -> Vec<&str> {
        KEYS.iter().map(|key| key.name()).chain(BACKTEST_KEYS).collect()
    }

    fn build(&self, mut record: Map<String, Value>) -> Result<(Config, Self::Strategy), Invalid> {
        let mut config = self.config.clone();
        config.take_keys(&mut record)?;
        record.entry("timeframe").or_insert_with(|| self.timeframe.as_str().into());
        let environment = Environment::backtest().with_instrument(&config.instrument);
        let (settings, _) = Settings::check(&record, &environment)?;
        config.trader = rsi_trend::policy(&settings, &config.instrument);
        config.trader.journal = false; // nothing of a backtest has to survive
        let strategy = rsi_trend::Hyperrsi::new(Snapshot::new(1, settings), &config.instrument)?;
        Ok((config, strategy))
    }
}

/// The plain rule: `rsi_length` (14), `level` (30), `take_profit_percent` (2), `stop_percent` (1), `size` (1 base unit),
/// `leverage` (1), and the keys of the backtest.
#[derive(Clone, Debug)]
pub struct Threshold {
    config: Config,
    timeframe: Timeframe,
}

impl Threshold {
    /// Over candles of that timeframe; `config` is what combinations start from.
    pub const fn new(config: Config, timeframe: Timeframe) -> Self {
        Self { config, timeframe }
    }
}

impl Subject for Threshold {
    type Strategy = strategy::Threshold;

    fn name(&self) -> &str {
        "threshold"
    }

    fn keys(&self) -> Vec<&str> {
        let own = ["rsi_length", "level", "take_profit_percent", "stop_percent", "size", "leverage"];
        own.into_iter().chain(BACKTEST_KEYS).collect()
    }

    fn build(&self, mut record: Map<String, Value>) -> Result<(Config, Self::Strategy), Invalid> {
        let mut config = self.config.clone();
        config.take_keys(&mut record)?;
        let mut number = |key: &str, default: Decimal, least: Decimal, most: Decimal| {
            let Some(value) = record.remove(key) else { return Ok(default) };
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let number = text
                .parse::<Decimal>()
                .map_err(|_| Invalid::new(key, format_args!("{key}: \"{text}\" is not a number")))?;
            if number < least || number > most {
                let why = format_args!("{key} must be between {least} and {most}, got {number}");
                return Err(Invalid::new(key, why));
            }
            Ok(number)
        };
        let (one, hundred) = (Decimal::ONE, Decimal::ONE_HUNDRED);
        let small = Decimal::new(1, 8);
        let length = number("rsi_length", Decimal::from(14), one, Decimal::ONE_THOUSAND)?;
        let level = number("level", Decimal::from(30), Decimal::ZERO, hundred)?;
        let take_profit = number("take_profit_percent", Decimal::TWO, small, Decimal::ONE_THOUSAND)?;
        let stop = number("stop_percent", one, small, hundred - small)?;
        let size = number("size", one, small, Decimal::from(1_000_000_000))?;
        let leverage = number("leverage", Decimal::from(config.trader.leverage), one, Decimal::from(125))?;
        let whole = |key: &str, value: Decimal| {
            u32::try_from(value)
                .ok()
                .filter(|whole| Decimal::from(*whole) == value)
                .ok_or_else(|| Invalid::new(key, format_args!("{key} must be a whole number, got {value}")))
        };
        config.trader.leverage = whole("leverage", leverage)?;
        let length = whole("rsi_length", length)? as usize;
        if let Some(key) = record.keys().find(|key| !self.keys().contains(&key.as_str())) {
            return Err(Invalid::new("unknown_key", format_args!("threshold has no setting {key}")));
        }
        let level = crate::model::Price::new(level).to_f64();
        let rule = strategy::Threshold::new(self.timeframe, length)?
            .level(level)
            .exits(take_profit, stop)
            .size(Size::Base(Quantity::new(size)));
        Ok((config, rule))
    }
}

/// Letters to insert, delete or replace to get from one word to the other (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, letter) in from.chars().enumerate() {
        let mut corner = line;
        let mut left = line + 1;
        let mut next = vec![left];
        for (above, other) in row.iter().skip(1).zip(&to) {
            let step = (corner + usize::from(letter != *other)).min(above + 1).min(left + 1);
            (corner, left) = (*above, step);
            next.push(step);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Instrument, InstrumentId};
    use serde_json::json;

    fn config() -> Config {
        Config::new(Instrument::linear(InstrumentId::new("sim", "BTC-USDT-SWAP"), "BTC", "USDT"))
    }

    fn record(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn values_reach_the_strategy_and_the_assumptions() {
        let hyperrsi = Hyperrsi::new(config(), Timeframe::M15);
        let set =
            record(json!({"rsi_length": "9", "leverage": "3", "taker_fee": "0.0001", "use_sl": "true"}));
        let (config, strategy) = hyperrsi.build(set).unwrap();
        let settings = &strategy.snapshot().settings;
        assert_eq!((settings.entry.rsi.length, config.trader.leverage), (9, 3));
        assert_eq!(config.taker_fee, Decimal::new(1, 4));
        assert!(settings.sl.enabled);
    }

    #[test]
    fn what_cannot_be_run_says_why() {
        let hyperrsi = Hyperrsi::new(config(), Timeframe::M15);
        for (set, code) in [
            (json!({"rsi_oversold": "70", "rsi_overbought": "30"}), "entry.rsi_levels"),
            (json!({"rsi_length": "0"}), "range"),
            (json!({"taker_fee": "much"}), "taker_fee"),
        ] {
            assert_eq!(hyperrsi.build(record(set)).unwrap_err().code, code);
        }
        let threshold = Threshold::new(config(), Timeframe::M15);
        for (set, message) in [
            (json!({"level": "101"}), "level must be between 0 and 100, got 101 [level]"),
            (json!({"rsi_length": "2.5"}), "rsi_length must be a whole number, got 2.5 [rsi_length]"),
            (json!({"rsi_lenght": "2"}), "threshold has no setting rsi_lenght [unknown_key]"),
        ] {
            assert_eq!(threshold.build(record(set)).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn a_mistyped_key_is_refused_with_the_nearest_one() {
        let hyperrsi = Hyperrsi::new(config(), Timeframe::M15);
        assert_eq!(hyperrsi.check_key("slippage_percent"), Ok(()));
        let error = hyperrsi.check_key("rsi_lenght").unwrap_err();
        assert_eq!(error.to_string(), "hyperrsi has no setting rsi_lenght; did you mean rsi_length?");
        assert_eq!((distance("kitten", "sitting"), distance("", "abc"), distance("same", "same")), (3, 3, 0));
    }
}
