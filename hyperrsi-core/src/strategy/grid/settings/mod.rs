//! The settings of the grid (TRADING 16.1).
//!
//! As with the RSI strategy they are stored and sent as one flat record. Reading it reports everything that is wrong at
//! once.
//!
//! ```
//! use hyperrsi_core::strategy::grid::settings::{Environment, Settings};
//! use serde_json::json;
//! let record = json!({"grid_num": 41, "recompute_minutes": 1});
//! let report = Settings::check(record.as_object().ok_or("no map")?, &Environment::default()).unwrap_err();
//! let found: Vec<_> = report.errors.iter().map(|issue| (issue.code, issue.key.as_str())).collect();
//! assert_eq!(found, [("range", "grid_num"), ("positive", "capital"), ("range", "recompute_minutes")]);
//! # Ok::<(), &str>(())
//! ```

mod field;
mod keys;
mod rules;

pub use keys::{KEYS, Key};
pub use rules::Environment;

use crate::model::{PositionSide, Timeframe};
use crate::strategy::rsi_trend::settings::{Choice, Issue, Report, SettingsHash};
use rust_decimal::Decimal;
use rust_decimal_macros::dec;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use std::fmt;

/// The sides a grid trades.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sides {
    /// Buys below the market.
    Long,
    /// Sells above the market.
    Short,
    /// Both at once, on an account with a leg for each side.
    Both,
}

impl Sides {
    /// Whether entries of a side are made.
    pub const fn has(self, side: PositionSide) -> bool {
        match self {
            Self::Both => true,
            Self::Long => matches!(side, PositionSide::Long),
            Self::Short => matches!(side, PositionSide::Short),
        }
    }
}

impl Choice for Sides {
    const ALL: &'static [Self] = &[Self::Long, Self::Short, Self::Both];

    fn as_str(self) -> &'static str {
        match self {
            Self::Long => "long",
            Self::Short => "short",
            Self::Both => "both",
        }
    }
    /// Takes the legacy word `long-short` for `both`.
    fn parse(text: &str) -> Option<Self> {
        let text = if text == "long-short" { "both" } else { text };
        Self::ALL.iter().copied().find(|sides| sides.as_str() == text)
    }
}

impl fmt::Display for Sides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a strong trend pauses (TRADING 16.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdxPause {
    /// Nothing.
    Off,
    /// Entries against it.
    AgainstTrend,
    /// All entries.
    BothSides,
}

impl Choice for AdxPause {
    const ALL: &'static [Self] = &[Self::Off, Self::AgainstTrend, Self::BothSides];

    fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::AgainstTrend => "against_trend",
            Self::BothSides => "both_sides",
        }
    }
}

impl fmt::Display for AdxPause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// All settings of one grid.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Settings {
    /// Which sides are traded.
    pub enter_strategy: Sides,
    /// Number of levels, 1 to 40.
    pub grid_num: u32,
    /// Margin of the whole grid, quote units.
    pub capital: Option<Decimal>,
    /// Leverage, 1 to 125; a spot market has 1.
    pub leverage: u32,
    /// Margin of each level from the lowest to the highest, quote units; without it the capital is divided evenly.
    pub enter_symbol_amount_list: Option<Vec<Decimal>>,
    /// How many levels away a lot is left, 1 to 10.
    pub exit_levels: u32,
    /// Spacing of the levels in ATR, 0.1 to 10.
    pub grid_atr_multiple: Decimal,
    /// Candles of the average and the ATR, 5m to 4h.
    pub grid_timeframe: Timeframe,
    /// Length that a straight price gives the average.
    pub average_fast: u32,
    /// Length that a wandering price gives the average.
    pub average_slow: u32,
    /// Changes that decide how straight the price is.
    pub average_er: u32,
    /// How often flat levels are placed anew, minutes.
    pub recompute_minutes: u32,
    /// Most entries that rest on one side.
    pub max_resting_levels: u32,
    /// What a strong trend pauses.
    pub adx_pause: AdxPause,
    /// ADX from which a trend is strong.
    pub adx_on: Decimal,
    /// ADX below which it no longer is.
    pub adx_off: Decimal,
    /// Share of `capital × leverage` that lots and resting entries may take, 0.05 to 1.
    pub exposure_cap_ratio: Decimal,
    /// Stop of a side, percent from its average entry price; 0 for none.
    pub stop_loss: Decimal,
    /// How long a side rests after its stop at least, seconds.
    pub cooldown_time: u32,
    /// The grid stops when no entry filled for so many minutes.
    pub custom_stop: Option<u32>,
    unknown: Map<String, Value>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            enter_strategy: Sides::Long,
            grid_num: 20,
            capital: None,
            leverage: 10,
            enter_symbol_amount_list: None,
            exit_levels: 2,
            grid_atr_multiple: Decimal::ONE,
            grid_timeframe: Timeframe::M15,
            average_fast: 2,
            average_slow: 30,
            average_er: 10,
            recompute_minutes: 15,
            max_resting_levels: 4,
            adx_pause: AdxPause::AgainstTrend,
            adx_on: dec!(25),
            adx_off: dec!(20),
            exposure_cap_ratio: dec!(0.95),
            stop_loss: Decimal::ZERO,
            cooldown_time: 300,
            custom_stop: None,
            unknown: Map::new(),
        }
    }
}

impl Settings {
    /// The defaults with this margin for the whole grid, quote units.
    pub fn with_capital(capital: Decimal) -> Self {
        Self { capital: Some(capital), ..Self::default() }
    }

    /// Reads a flat record and validates it. Unknown keys are kept and warned about.
    ///
    /// # Errors
    /// A [`Report`] of everything that is wrong.
    pub fn check(
        record: &Map<String, Value>,
        environment: &Environment,
    ) -> Result<(Self, Vec<Issue>), Report> {
        let (settings, mut errors) = Self::read(record);
        let faulty: Vec<String> = errors.iter().map(|issue| issue.root().to_owned()).collect();
        let mut report = rules::report(&settings, environment, &faulty);
        errors.append(&mut report.errors);
        errors.sort_by_key(|issue| KEYS.iter().position(|key| key.name() == issue.root()));
        report.errors = errors;
        if report.is_valid() { Ok((settings, report.warnings)) } else { Err(report) }
    }

    /// Everything that is wrong or doubtful.
    pub fn validate(&self, environment: &Environment) -> Report {
        rules::report(self, environment, &[])
    }

    /// The flat record with every key in its native value, unknown keys included; null means not set.
    pub fn to_map(&self) -> Map<String, Value> {
        self.unknown.clone().into_iter().chain(self.known()).collect()
    }

    /// Names the content in decision records.
    pub fn hash(&self) -> SettingsHash {
        SettingsHash::of_record(self.known().collect())
    }

    /// The leverage orders are sized with: 1 on spot.
    pub const fn leverage(&self, spot: bool) -> u32 {
        if spot { 1 } else { self.leverage }
    }

    /// Margin of each level from the lowest to the highest, quote units.
    ///
    /// ```
    /// use hyperrsi_core::strategy::grid::settings::Settings;
    /// use rust_decimal_macros::dec;
    /// assert_eq!(Settings::with_capital(dec!(1000)).margins(), vec![dec!(47.5); 20]); // 0.95 × 1000 / 20
    /// ```
    pub fn margins(&self) -> Vec<Decimal> {
        let even = || {
            let whole = self.exposure_cap_ratio.checked_mul(self.capital.unwrap_or_default())?;
            whole.checked_div(Decimal::from(self.grid_num))
        };
        match &self.enter_symbol_amount_list {
            Some(amounts) => amounts.clone(),
            None => vec![even().unwrap_or_default(); self.grid_num as usize],
        }
    }

    /// Most that lots and resting entries may come to, quote units (TRADING 16.7).
    pub fn exposure_cap(&self, spot: bool) -> Decimal {
        let cap = self.exposure_cap_ratio.checked_mul(self.capital.unwrap_or_default());
        cap.and_then(|cap| cap.checked_mul(Decimal::from(self.leverage(spot)))).unwrap_or_default()
    }

    fn known(&self) -> impl Iterator<Item = (String, Value)> {
        KEYS.iter().map(|key| (key.name().to_owned(), key.write(self)))
    }

    fn read(record: &Map<String, Value>) -> (Self, Vec<Issue>) {
        let mut settings = Self::default();
        let mut errors = Vec::new();
        for key in KEYS {
            let Some(value) = record.get(key.name()).filter(|value| !value.is_null()) else { continue };
            if let Err(fault) = key.read(&mut settings, value) {
                field::issues_of(key.name(), value, fault, &mut errors);
            }
        }
        let is_known = |name: &str| KEYS.iter().any(|key| key.name() == name);
        settings.unknown = record
            .iter()
            .filter(|(name, _)| !is_known(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        (settings, errors)
    }
}

impl Serialize for Settings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_map().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (settings, errors) = Self::read(&Map::<String, Value>::deserialize(deserializer)?);
        let report = Report { errors, warnings: Vec::new() };
        if report.is_valid() { Ok(settings) } else { Err(serde::de::Error::custom(report)) }
    }
}
