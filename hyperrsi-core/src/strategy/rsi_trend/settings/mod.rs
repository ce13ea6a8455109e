//! The settings of the HYPERRSI strategy.
//!
//! ```text
//! JSON / TOML ─┐                                        ┌─> validate(environment) -> errors, warnings
//! old record ──┤ import ─> flat record ─> Settings ─────┤
//! layers ──────┘ (account, preset, symbol)              └─> Snapshot: version, hash, Arc<Settings>
//! ```
//!
//! In code settings are groups of typed fields ([`Settings`]); stored and sent they are one flat record under the
//! names of [`KEYS`], a table of names, fields and ranges that reading, writing and checking walk. Records are
//! merged as records ([`Layers`]), because only there *not set* can be told from *set to the default*. Whatever is
//! wrong in a record is reported at once ([`Report`]).
//!
//! ```
//! use hyperrsi_core::strategy::rsi_trend::settings::{Environment, Settings};
//! use serde_json::json;
//! let record = json!({"rsi_oversold": 70, "rsi_overbought": 30, "cooldown_time": 3001});
//! let report = Settings::check(record.as_object().ok_or("no map")?, &Environment::saving()).unwrap_err();
//! let codes: Vec<_> = report.errors.iter().map(|issue| issue.code).collect();
//! assert_eq!(codes, ["range", "entry.rsi_levels"]);
//! # Ok::<(), &str>(())
//! ```

mod bounds;
mod choices;
mod environment;
mod exits;
mod field;
mod groups;
pub mod import;
mod issue;
mod keys;
mod layers;
mod record;
mod rules;
mod secret;
mod snapshot;
mod symbol;
mod validate;
mod warnings;

pub use bounds::Bounds;
pub(in crate::strategy) use bounds::{plain, shown};
pub use choices::{
    AmountUnit, Choice, CountUnit, Direction, EntryMode, ExecutionMode, HedgeSizeUnit, HedgeSlKind,
    HedgeTpKind, OnUnprotected, SpacingReference, StartLevel, TrailKind, TrendTimeframe, Unit, UnknownChoice,
};
pub use environment::{Environment, Run};
pub use exits::{BreakEven, Dual, HedgeSize, HedgeSl, HedgeTp, Level, Tp, Trailing};
pub use field::Kind;
pub(in crate::strategy) use field::{Fault, Field, decimal, decimal_value};
pub use groups::{
    Cooldown, Entry, Execution, Extra, Indicators, MarginBlock, Market, Risk, Rsi, SignalAge, SignalBot,
    Sizing, Sl, Trend,
};
pub use issue::{Issue, Report};
pub use keys::{KEYS, Key};
pub use layers::{Layers, UnknownPreset};
pub use record::LoadError;
pub use secret::Secret;
pub use snapshot::{SettingsHash, Snapshot};

use rust_decimal::Decimal;
use serde_json::{Map, Value};
use std::fmt;

/// All settings of one symbol. `Debug` hides the signal bot's address and the values of unknown keys.
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Settings {
    /// What is traded.
    pub market: Market,
    /// When a first entry is made.
    pub entry: Entry,
    /// Where orders go.
    pub execution: Execution,
    /// How large a first entry is.
    pub sizing: Sizing,
    /// Extra entries into an open leg.
    pub extra: Extra,
    /// The pause after a leg was closed.
    pub cooldown: Cooldown,
    /// The use of the trend state.
    pub trend: Trend,
    /// Indicators shared by several features.
    pub indicators: Indicators,
    /// The take-profit ladder.
    pub tp: Tp,
    /// The fixed stop loss.
    pub sl: Sl,
    /// Which fills move the stop to break-even.
    pub break_even: BreakEven,
    /// The trailing stop.
    pub trailing: Trailing,
    /// The hedge.
    pub dual: Dual,
    /// Operational limits.
    pub risk: Risk,
    unknown: Map<String, Value>,
}

impl Settings {
    /// Everything that is wrong or doubtful (TRADING 1.6).
    ///
    /// ```
    /// use hyperrsi_core::strategy::rsi_trend::settings::{Environment, Settings};
    /// let mut settings = Settings::default();
    /// settings.sl.enabled = true;
    /// settings.market.leverage = 25;
    /// let report = settings.validate(&Environment::live());
    /// assert!(report.is_valid());
    /// assert_eq!(report.warnings[0].code, "sl.beyond_liquidation"); // 5 % is further away than 100 / 25
    /// ```
    pub fn validate(&self, environment: &Environment) -> Report {
        validate::report(self, environment, &[])
    }

    /// The entry amount of the symbol (TRADING 1.5). `base` is its base currency.
    pub fn amount(&self, base: &str) -> Option<Decimal> {
        self.sizing.amount_for(&self.market.symbol, base)
    }

    /// The leverage orders are sized with: 1 on spot.
    pub fn leverage(&self, spot: bool) -> u32 {
        if spot { 1 } else { self.market.leverage }
    }

    /// Whether a fixed stop is wanted once the leg has that many entries (TRADING 6.1).
    pub fn stop_wanted_at(&self, entries: u32) -> bool {
        self.sl.wanted_at(entries, self.extra.limit)
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unknown: Vec<_> = self.unknown.keys().collect();
        f.debug_struct("Settings")
            .field("record", &Value::Object(self.to_public_map()).to_string())
            .field("unknown", &unknown)
            .finish_non_exhaustive()
    }
}
