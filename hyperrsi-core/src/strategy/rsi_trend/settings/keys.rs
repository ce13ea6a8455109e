//! The table of keys: name, field and range of every setting. Reading, writing and range checks walk it.

use super::bounds::Bounds;
use super::choices::{AmountUnit, HedgeSizeUnit, HedgeSlKind, HedgeTpKind, Unit};
use super::environment::Environment;
use super::field::{Field, Kind};
use super::{Settings, bounds};
use rust_decimal::Decimal;
use rust_decimal_macros::dec;
use serde_json::Value;

/// One key of the flat record.
///
/// ```
/// use hyperrsi_core::strategy::rsi_trend::settings::{Bounds, Environment, KEYS, Kind, Settings};
/// let key = KEYS.iter().find(|key| key.name() == "rsi_length").ok_or("missing")?;
/// assert_eq!(key.kind(), Kind::Int);
/// assert_eq!(key.default_value(), 14);
/// let bounds = key.bounds(&Settings::default(), &Environment::saving());
/// assert!(matches!(bounds, Bounds::Between(min, max) if min == 1.into() && max == 100.into()));
/// # Ok::<(), &str>(())
/// ```
pub struct Key {
    name: &'static str,
    get: fn(&Settings) -> &dyn Field,
    get_mut: fn(&mut Settings) -> &mut dyn Field,
    bounds: fn(&Settings, &Environment) -> Bounds,
}

impl Key {
    /// The name in the record.
    pub fn name(&self) -> &'static str {
        self.name
    }
    /// What it holds.
    pub fn kind(&self) -> Kind {
        self.field(&Settings::default()).kind()
    }
    /// The numbers it may have, given the units and the instrument.
    pub fn bounds(&self, settings: &Settings, environment: &Environment) -> Bounds {
        (self.bounds)(settings, environment)
    }
    /// Its value in a record that says nothing. `min_entry_notional` and `trailing_stop_type` answer what being unset
    /// means with a USD stablecoin and no other key.
    pub fn default_value(&self) -> Value {
        match self.name {
            "min_entry_notional" => Value::from(200),
            "trailing_stop_type" => Value::from("percent"),
            _ => self.write(&Settings::default()),
        }
    }
    /// Its native value in `settings`; null means not set.
    pub fn write(&self, settings: &Settings) -> Value {
        let value = self.field(settings).write();
        if value.is_null() && self.name == "investment" { Value::from("none") } else { value }
    }

    pub(super) fn field<'a>(&self, settings: &'a Settings) -> &'a dyn Field {
        (self.get)(settings)
    }
    pub(super) fn read(&self, settings: &mut Settings, value: &Value) -> Result<(), super::field::Fault> {
        // "none" lets an override take a common amount away (TRADING A38); null would not override.
        if self.name == "investment" && value.as_str() == Some("none") {
            settings.sizing.default = None;
            return Ok(());
        }
        (self.get_mut)(settings).read(value)
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("name", &self.name).field("kind", &self.kind()).finish_non_exhaustive()
    }
}

fn between(min: impl Into<Decimal>, max: impl Into<Decimal>) -> Bounds {
    Bounds::Between(min.into(), max.into())
}

fn leverage(_: &Settings, environment: &Environment) -> Bounds {
    // Spot trades with leverage 1 whatever is set, so what the instrument allows does not matter there.
    let highest = environment.max_leverage.filter(|_| !environment.spot).unwrap_or(125);
    between(1, highest.clamp(1, 125))
}

fn amount(settings: &Settings, _: &Environment) -> Bounds {
    match settings.sizing.unit {
        AmountUnit::Usdt => between(1, 1_000_000),
        AmountUnit::Percent => Bounds::UpTo(dec!(100)),
        AmountUnit::Count => Bounds::Positive,
    }
}

fn stop(settings: &Settings, _: &Environment) -> Bounds {
    match settings.sl.unit {
        Unit::Percent | Unit::Atr => between(dec!(0.1), 100),
        Unit::PriceOffset => Bounds::Positive,
    }
}

fn spacing(settings: &Settings, _: &Environment) -> Bounds {
    match settings.extra.spacing_unit {
        Unit::Percent => Bounds::Below(dec!(100)),
        Unit::PriceOffset | Unit::Atr => Bounds::Positive,
    }
}

fn hedge_size(settings: &Settings, _: &Environment) -> Bounds {
    match settings.dual.size.unit {
        HedgeSizeUnit::PercentOfPosition => Bounds::UpTo(dec!(100)),
        HedgeSizeUnit::FixedAmount => Bounds::Positive,
    }
}

fn hedge_tp(settings: &Settings, _: &Environment) -> Bounds {
    if settings.dual.tp.kind == HedgeTpKind::Percent { Bounds::Positive } else { Bounds::Free }
}

fn hedge_sl(settings: &Settings, _: &Environment) -> Bounds {
    // A level number has the rules dual.sl_level and dual.sl_level_disabled.
    if settings.dual.sl.kind == HedgeSlKind::Percent { between(dec!(0.1), 100) } else { Bounds::Free }
}

macro_rules! keys {
    ($($name:literal => $($field:ident).+ $([$level:literal] . $part:ident)?, $bounds:expr;)+) => {
        /// Every key, in the order of TRADING 1.4.
        pub static KEYS: &[Key] = &[$(Key {
            name: $name,
            get: |s| &s.$($field).+$([$level].$part)?,
            get_mut: |s| &mut s.$($field).+$([$level].$part)?,
            bounds: $bounds,
        }),+];
    };
}

const FREE: fn(&Settings, &Environment) -> Bounds = |_, _| bounds::Bounds::Free;

keys! {
    "symbol" => market.symbol, FREE;
    "timeframe" => market.timeframe, FREE;
    "leverage" => market.leverage, leverage;
    "margin_mode" => market.margin_mode, FREE;
    "direction" => entry.direction, FREE;
    "execution_mode" => execution.mode, FREE;
    "symbol_execution_modes" => execution.by_symbol, FREE;
    "signal_bot_token" => execution.signal_bot.token, FREE;
    "signal_bot_webhook_url" => execution.signal_bot.webhook_url, FREE;
    "btc_investment" => sizing.btc, amount;
    "eth_investment" => sizing.eth, amount;
    "sol_investment" => sizing.sol, amount;
    "investment" => sizing.default, amount;
    "symbol_investments" => sizing.by_symbol, amount;
    "entry_amount_option" => sizing.unit, FREE;
    "count_unit" => sizing.count_unit, FREE;
    "min_entry_notional" => sizing.min_notional, |_, _| Bounds::AtLeast(Decimal::ZERO);
    "entry_multiplier" => extra.multiplier, |_, _| between(dec!(0.1), 5);
    "use_cooldown" => cooldown.enabled, FREE;
    "cooldown_time" => cooldown.seconds, |_, _| between(0, 3000);
    "rsi_length" => entry.rsi.length, |_, _| between(1, 100);
    "rsi_oversold" => entry.rsi.oversold, |_, _| between(0, 100);
    "rsi_overbought" => entry.rsi.overbought, |_, _| between(0, 100);
    "entry_option" => entry.mode, FREE;
    "use_trend_logic" => trend.filter, FREE;
    "trend_timeframe" => trend.timeframe, FREE;
    "use_longer_trend" => trend.longer, FREE;
    "use_trend_close" => trend.close, FREE;
    "atr_length" => indicators.atr_length, |_, _| between(2, 100);
    "tp_option" => tp.unit, FREE;
    "tp1_value" => tp.levels[0].value, FREE;
    "tp2_value" => tp.levels[1].value, FREE;
    "tp3_value" => tp.levels[2].value, FREE;
    "tp1_ratio" => tp.levels[0].ratio, |_, _| between(0, 100);
    "tp2_ratio" => tp.levels[1].ratio, |_, _| between(0, 100);
    "tp3_ratio" => tp.levels[2].ratio, |_, _| between(0, 100);
    "use_tp1" => tp.levels[0].enabled, FREE;
    "use_tp2" => tp.levels[1].enabled, FREE;
    "use_tp3" => tp.levels[2].enabled, FREE;
    "use_sl" => sl.enabled, FREE;
    "use_sl_on_last" => sl.on_last, FREE;
    "sl_option" => sl.unit, FREE;
    "sl_value" => sl.value, stop;
    "accept_no_stop" => sl.waived, FREE;
    "sl_trigger_price" => sl.trigger, FREE;
    "use_break_even" => break_even.tp1, FREE;
    "use_break_even_tp2" => break_even.tp2, FREE;
    "use_break_even_tp3" => break_even.tp3, FREE;
    "break_even_offset_percent" => break_even.offset, |_, _| between(0, 5);
    "pyramiding_limit" => extra.limit, |_, _| between(1, 10);
    "pyramiding_entry_type" => extra.spacing_unit, FREE;
    "pyramiding_value" => extra.spacing, spacing;
    "entry_criterion" => extra.reference, FREE;
    "use_check_DCA_with_price" => extra.require_price, FREE;
    "use_rsi_with_pyramiding" => extra.require_rsi, FREE;
    "trailing_stop_active" => trailing.enabled, FREE;
    "trailing_start_point" => trailing.start, FREE;
    "trailing_stop_type" => trailing.kind, FREE;
    "trailing_stop_offset_value" => trailing.offset_percent, |_, _| between(dec!(0.1), 50);
    "use_trailing_stop_value_with_tp2_tp3_difference" => trailing.tp_diff, FREE;
    "trailing_atr_multiple" => trailing.atr_multiple, |_, _| between(dec!(0.1), 20);
    "trailing_amend_interval" => trailing.amend_interval, |_, _| between(1, 3600);
    "trailing_amend_step_percent" => trailing.amend_step, |_, _| between(0, 5);
    "use_dual_side_entry" => dual.enabled, FREE;
    "dual_side_entry_trigger" => dual.trigger, |_, _| between(1, 10);
    "dual_side_entry_ratio_type" => dual.size.unit, FREE;
    "dual_side_entry_ratio_value" => dual.size.value, hedge_size;
    "dual_side_entry_tp_trigger_type" => dual.tp.kind, FREE;
    "dual_side_entry_tp_value" => dual.tp.value, hedge_tp;
    "close_main_on_hedge_tp" => dual.close_main, FREE;
    "use_dual_sl" => dual.sl.enabled, FREE;
    "dual_side_entry_sl_trigger_type" => dual.sl.kind, FREE;
    "dual_side_entry_sl_value" => dual.sl.value, hedge_sl;
    "dual_side_pyramiding_limit" => dual.limit, |_, _| between(1, 10);
    "activate_tp_sl_after_all_dca" => dual.after_all_dca, FREE;
    "dual_side_trend_close" => dual.trend_close, FREE;
    "dual_side_close_on_main_sl" => dual.close_on_main_sl, FREE;
    "max_signal_age" => risk.max_signal_age, |_, _| between(1, 600);
    "max_price_age" => risk.max_price_age, |_, _| between(1, 60);
    "unprotected_deadline" => risk.unprotected_deadline, |_, _| between(5, 300);
    "on_unprotected" => risk.on_unprotected, FREE;
    "allow_engine_stops" => risk.allow_engine_stops, FREE;
    "entry_failure_limit" => risk.entry_failure_limit, |_, _| between(1, 20);
    "margin_block_after" => risk.margin_block.after, |_, _| between(1, 20);
    "margin_block_seconds" => risk.margin_block.seconds, |_, _| between(60, 86_400);
}

/// The key whose word decides the range of `name`, if one does.
pub(super) fn unit_key(name: &str) -> Option<&'static str> {
    Some(match name {
        "btc_investment" | "eth_investment" | "sol_investment" | "investment" | "symbol_investments" => {
            "entry_amount_option"
        }
        "sl_value" => "sl_option",
        "pyramiding_value" => "pyramiding_entry_type",
        "dual_side_entry_ratio_value" => "dual_side_entry_ratio_type",
        "dual_side_entry_tp_value" => "dual_side_entry_tp_trigger_type",
        "dual_side_entry_sl_value" => "dual_side_entry_sl_trigger_type",
        _ => return None,
    })
}

/// The key of a name.
pub(super) fn key(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}
