//! The table of keys: name, field and range of every setting.

use super::Settings;
use crate::strategy::rsi_trend::settings::{Bounds, Fault, Field, Kind};
use rust_decimal::Decimal;
use rust_decimal_macros::dec;
use serde_json::Value;

/// One key of the flat record.
///
/// ```
/// use hyperrsi_core::strategy::grid::settings::{KEYS, Settings};
/// let key = KEYS.iter().find(|key| key.name() == "grid_num").ok_or("missing")?;
/// assert_eq!(key.write(&Settings::default()), 20);
/// # Ok::<(), &str>(())
/// ```
pub struct Key {
    name: &'static str,
    get: fn(&Settings) -> &dyn Field,
    get_mut: fn(&mut Settings) -> &mut dyn Field,
    bounds: Bounds,
}

impl Key {
    /// The name in the record.
    pub const fn name(&self) -> &'static str {
        self.name
    }
    /// What it holds.
    pub fn kind(&self) -> Kind {
        self.field(&Settings::default()).kind()
    }
    /// The numbers it may have whatever the other keys say.
    pub const fn bounds(&self) -> Bounds {
        self.bounds
    }
    /// Its native value in `settings`; null means not set.
    pub fn write(&self, settings: &Settings) -> Value {
        self.field(settings).write()
    }

    pub(super) fn field<'a>(&self, settings: &'a Settings) -> &'a dyn Field {
        (self.get)(settings)
    }
    pub(super) fn read(&self, settings: &mut Settings, value: &Value) -> Result<(), Fault> {
        (self.get_mut)(settings).read(value)
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("name", &self.name).field("kind", &self.kind()).finish_non_exhaustive()
    }
}

/// The range of the key of a name.
pub(super) fn bounds(name: &str) -> Option<Bounds> {
    KEYS.iter().find(|key| key.name == name).map(|key| key.bounds)
}

macro_rules! key {
    ($name:ident, $bounds:expr) => {
        Key { name: stringify!($name), get: |s| &s.$name, get_mut: |s| &mut s.$name, bounds: $bounds }
    };
}

const fn between(min: Decimal, max: Decimal) -> Bounds {
    Bounds::Between(min, max)
}

/// Every key, in the order of TRADING 16.1.
pub const KEYS: &[Key] = &[
    key!(enter_strategy, Bounds::Free),
    key!(grid_num, between(dec!(1), dec!(40))),
    key!(capital, Bounds::Positive),
    key!(leverage, between(dec!(1), dec!(125))),
    key!(enter_symbol_amount_list, Bounds::Free),
    key!(exit_levels, between(dec!(1), dec!(10))),
    key!(grid_atr_multiple, between(dec!(0.1), dec!(10))),
    key!(grid_timeframe, Bounds::Free),
    key!(average_fast, between(dec!(2), dec!(199))),
    key!(average_slow, between(dec!(3), dec!(200))),
    key!(average_er, between(dec!(2), dec!(100))),
    key!(recompute_minutes, between(dec!(5), dec!(1440))),
    key!(max_resting_levels, between(dec!(1), dec!(40))),
    key!(adx_pause, Bounds::Free),
    key!(adx_on, between(dec!(0), dec!(100))),
    key!(adx_off, between(dec!(0), dec!(100))),
    key!(exposure_cap_ratio, between(dec!(0.05), dec!(1))),
    key!(stop_loss, Bounds::Free),
    key!(cooldown_time, between(dec!(0), dec!(3000))),
    key!(custom_stop, Bounds::Positive),
];
