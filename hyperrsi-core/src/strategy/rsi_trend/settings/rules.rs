//! The rules between keys (TRADING 1.6), one entry each: what it is called, which keys it reads, what it finds.

use super::bounds::plain;
use super::choices::{Choice, Direction, ExecutionMode, HedgeSlKind, TrailKind, Unit};
use super::environment::{Environment, Run};
use super::symbol::base_of;
use super::{Level, Settings};
use rust_decimal::Decimal;
use rust_decimal_macros::dec;

/// The key to change and what is wrong.
pub(super) type Found = Vec<(String, String)>;

pub(super) struct Rule {
    pub(super) code: &'static str,
    /// The keys it reads. A rule is left out while one of them holds a stand-in.
    pub(super) reads: &'static [&'static str],
    pub(super) check: fn(&Settings, &Environment) -> Found,
}

/// One finding if `broken`.
pub(super) fn found(broken: bool, key: &str, message: impl FnOnce() -> String) -> Found {
    if broken { vec![(key.to_owned(), message())] } else { Vec::new() }
}

const LEVELS: &[&str] = &["use_tp1", "use_tp2", "use_tp3", "tp1_value", "tp2_value", "tp3_value"];

pub(super) const RULES: &[Rule] = &[
    Rule { code: "entry.rsi_levels", reads: &["rsi_oversold", "rsi_overbought"], check: rsi_levels },
    Rule {
        code: "trend.timeframe_too_short",
        reads: &["trend_timeframe", "timeframe"],
        check: trend_timeframe_too_short,
    },
    Rule { code: "tp.value", reads: LEVELS, check: tp_value },
    Rule {
        code: "tp.percent_short",
        reads: &[
            "tp_option",
            "direction",
            "use_tp1",
            "use_tp2",
            "use_tp3",
            "tp1_value",
            "tp2_value",
            "tp3_value",
        ],
        check: tp_percent_short,
    },
    Rule {
        code: "tp.ratio",
        reads: &["use_tp1", "use_tp2", "use_tp3", "tp1_ratio", "tp2_ratio", "tp3_ratio"],
        check: tp_ratio,
    },
    Rule { code: "tp.ratio_sum", reads: &["tp1_ratio", "tp2_ratio", "tp3_ratio"], check: tp_ratio_sum },
    Rule { code: "tp.not_monotonic", reads: LEVELS, check: tp_not_monotonic },
    Rule {
        code: "sl.percent_long",
        reads: &["use_sl", "use_sl_on_last", "sl_option", "sl_value", "direction"],
        check: sl_percent_long,
    },
    Rule {
        code: "break_even.offset_beyond_tp",
        reads: &[
            "break_even_offset_percent",
            "tp_option",
            "use_tp1",
            "use_tp2",
            "use_tp3",
            "tp1_value",
            "tp2_value",
            "tp3_value",
        ],
        check: offset_beyond_tp,
    },
    Rule {
        code: "trailing.start_level_disabled",
        reads: &["trailing_stop_active", "trailing_start_point", "use_tp1", "use_tp2", "use_tp3"],
        check: start_level_disabled,
    },
    Rule {
        code: "trailing.tp_diff_needs_levels",
        reads: &[
            "trailing_stop_active",
            "trailing_start_point",
            "trailing_stop_type",
            "use_trailing_stop_value_with_tp2_tp3_difference",
            "use_tp2",
            "use_tp3",
        ],
        check: tp_diff_needs_levels,
    },
    Rule {
        code: "trailing.conflict",
        reads: &[
            "trailing_stop_active",
            "trailing_start_point",
            "trailing_stop_type",
            "use_trailing_stop_value_with_tp2_tp3_difference",
        ],
        check: trailing_conflict,
    },
    Rule {
        code: "extra.unconditional",
        reads: &["use_check_DCA_with_price", "use_rsi_with_pyramiding", "pyramiding_limit"],
        check: extra_unconditional,
    },
    Rule {
        code: "dual.sl_level",
        reads: &[
            "use_dual_side_entry",
            "use_dual_sl",
            "dual_side_entry_sl_trigger_type",
            "dual_side_entry_sl_value",
        ],
        check: dual_sl_level,
    },
    Rule {
        code: "dual.sl_level_disabled",
        reads: &[
            "use_dual_side_entry",
            "use_dual_sl",
            "dual_side_entry_sl_trigger_type",
            "dual_side_entry_sl_value",
            "use_tp1",
            "use_tp2",
            "use_tp3",
        ],
        check: dual_sl_level_disabled,
    },
    Rule {
        code: "signal_bot.incomplete",
        reads: &["execution_mode", "symbol_execution_modes", "signal_bot_token", "signal_bot_webhook_url"],
        check: signal_bot_incomplete,
    },
    Rule {
        code: "sl.venue_has_no_stop_orders",
        reads: &[
            "allow_engine_stops",
            "use_sl",
            "use_sl_on_last",
            "use_break_even",
            "use_break_even_tp2",
            "use_break_even_tp3",
            "use_tp1",
            "use_tp2",
            "use_tp3",
            "trailing_stop_active",
            "trailing_start_point",
            "execution_mode",
            "symbol_execution_modes",
        ],
        check: no_stop_orders,
    },
    Rule {
        code: "sl.none_live",
        reads: &["use_sl", "use_sl_on_last", "pyramiding_limit", "accept_no_stop"],
        check: none_live,
    },
    Rule { code: "spot.short", reads: &["direction"], check: spot_short },
    Rule {
        code: "sizing.missing",
        reads: &["symbol", "investment", "symbol_investments"],
        check: sizing_missing,
    },
];

fn rsi_levels(s: &Settings, _: &Environment) -> Found {
    let (os, ob) = (s.entry.rsi.oversold, s.entry.rsi.overbought);
    found(os >= ob, "rsi_oversold", || {
        format!("rsi_oversold ({}) must be below rsi_overbought ({})", plain(os), plain(ob))
    })
}

fn trend_timeframe_too_short(s: &Settings, _: &Environment) -> Found {
    let base = s.market.timeframe;
    let short = s.trend.timeframe.fixed().filter(|tf| tf.minutes() < base.minutes());
    short.map_or_else(Vec::new, |tf| {
        found(true, "trend_timeframe", || {
            format!(
                "trend_timeframe {tf} is shorter than timeframe {base}; choose auto or a timeframe of at least {base}"
            )
        })
    })
}

/// One finding per enabled level that is `broken`, on `tpN_{part}`.
fn levels(s: &Settings, part: &str, broken: fn(&Level) -> bool, message: fn(u8, &Level) -> String) -> Found {
    let enabled = s.tp.enabled().filter(|(_, level)| broken(level));
    enabled.map(|(k, level)| (format!("tp{k}_{part}"), message(k, level))).collect()
}

fn tp_value(s: &Settings, _: &Environment) -> Found {
    levels(
        s,
        "value",
        |level| level.value <= Decimal::ZERO,
        |k, level| {
            format!("tp{k}_value must be greater than 0 when use_tp{k} is true, got {}", plain(level.value))
        },
    )
}

fn tp_percent_short(s: &Settings, _: &Environment) -> Found {
    if s.tp.unit != Unit::Percent || s.entry.direction == Direction::Long {
        return Vec::new();
    }
    levels(
        s,
        "value",
        |level| level.value >= dec!(100),
        |k, level| {
            format!(
                "tp{k}_value {} % would put a short take profit at or below zero; it must be below 100",
                plain(level.value)
            )
        },
    )
}

fn tp_ratio(s: &Settings, _: &Environment) -> Found {
    levels(
        s,
        "ratio",
        |level| level.ratio <= Decimal::ZERO,
        |k, _| format!("tp{k}_ratio must be greater than 0 when use_tp{k} is true"),
    )
}

fn tp_ratio_sum(s: &Settings, _: &Environment) -> Found {
    let sum = s.tp.ratio_sum();
    found(sum > dec!(100), "tp1_ratio", || {
        format!("tp1_ratio + tp2_ratio + tp3_ratio must not exceed 100, got {}", plain(sum))
    })
}

fn tp_not_monotonic(s: &Settings, _: &Environment) -> Found {
    let pairs = s.tp.enabled().zip(s.tp.enabled().skip(1));
    let falling = pairs.filter(|((_, near), (_, far))| near.value >= far.value);
    falling
        .map(|((j, near), (k, far))| {
            let (a, b) = (plain(near.value), plain(far.value));
            let message = format!(
                "take-profit values must increase from level to level: tp{j}_value {a} is not below tp{k}_value {b}"
            );
            (format!("tp{k}_value"), message)
        })
        .collect()
}

fn sl_percent_long(s: &Settings, _: &Environment) -> Found {
    let reaches_zero = s.sl.is_used() && s.sl.unit == Unit::Percent && s.sl.value >= dec!(100);
    found(reaches_zero && s.entry.direction != Direction::Short, "sl_value", || {
        format!(
            "sl_value {} % would put a long stop at or below zero; it must be below 100",
            plain(s.sl.value)
        )
    })
}

fn offset_beyond_tp(s: &Settings, _: &Environment) -> Found {
    let offset = s.break_even.offset;
    let first = s.tp.enabled().next().filter(|_| s.tp.unit == Unit::Percent);
    // A first level at or below zero is tp.value; an offset of 0 needs no room.
    let reached = first.filter(|(_, level)| offset > Decimal::ZERO && offset >= level.value);
    reached.map_or_else(Vec::new, |(_, level)| {
        found(true, "break_even_offset_percent", || {
            format!(
                "break_even_offset_percent {} must be below the first enabled take profit {} %",
                plain(offset),
                plain(level.value)
            )
        })
    })
}

fn start_level_disabled(s: &Settings, _: &Environment) -> Found {
    let level = s.trailing.start_level().filter(|k| !s.tp.is_enabled(*k));
    level.map_or_else(Vec::new, |k| {
        found(true, "trailing_start_point", || {
            format!(
                "trailing_start_point is tp{k} but use_tp{k} is false; enable tp{k} or choose another start point"
            )
        })
    })
}

fn tp_diff_needs_levels(s: &Settings, _: &Environment) -> Found {
    let by_difference = s.trailing.start_level().is_some() && s.trailing.rule() == TrailKind::TpDiff;
    let key = if s.trailing.tp_diff {
        "use_trailing_stop_value_with_tp2_tp3_difference"
    } else {
        "trailing_stop_type"
    };
    found(by_difference && !(s.tp.is_enabled(2) && s.tp.is_enabled(3)), key, || {
        "a TP2/TP3 difference offset needs use_tp2 and use_tp3 to be true".into()
    })
}

fn trailing_conflict(s: &Settings, _: &Environment) -> Found {
    let applies = s.trailing.start_level().is_some() && s.trailing.tp_diff;
    let other = s.trailing.kind.filter(|kind| applies && *kind != TrailKind::TpDiff);
    other.map_or_else(Vec::new, |kind| {
        found(true, "use_trailing_stop_value_with_tp2_tp3_difference", || {
            format!(
                "use_trailing_stop_value_with_tp2_tp3_difference is true but trailing_stop_type is {kind}"
            )
        })
    })
}

fn extra_unconditional(s: &Settings, _: &Environment) -> Found {
    let unconditional = s.extra.limit > 1 && !s.extra.require_price && !s.extra.require_rsi;
    found(unconditional, "use_check_DCA_with_price", || {
        "at least one of use_check_DCA_with_price and use_rsi_with_pyramiding must be true when pyramiding_limit is above 1"
            .into()
    })
}

fn hedge_stops_at_level(s: &Settings) -> bool {
    s.dual.enabled && s.dual.sl.enabled && s.dual.sl.kind == HedgeSlKind::ExistingPosition
}

fn dual_sl_level(s: &Settings, _: &Environment) -> Found {
    found(hedge_stops_at_level(s) && s.dual.sl.level().is_none(), "dual_side_entry_sl_value", || {
        format!(
            "dual_side_entry_sl_value must be 1, 2 or 3 when dual_side_entry_sl_trigger_type is existing_position, got {}",
            plain(s.dual.sl.value)
        )
    })
}

fn dual_sl_level_disabled(s: &Settings, _: &Environment) -> Found {
    let level = s.dual.sl.level().filter(|k| hedge_stops_at_level(s) && !s.tp.is_enabled(*k));
    level.map_or_else(Vec::new, |k| {
        found(true, "dual_side_entry_sl_value", || {
            format!("dual_side_entry_sl_value selects TP{k} but use_tp{k} is false")
        })
    })
}

/// Whether signal-bot mode is used: by the symbol that starts, or by any when the record is only stored.
pub(super) fn uses_signal_bot(s: &Settings, env: &Environment) -> bool {
    let starts = s.execution.mode_for(&s.market.symbol) == ExecutionMode::SignalBot;
    let any = s.execution.mode == ExecutionMode::SignalBot
        || s.execution.by_symbol.values().any(|mode| *mode == ExecutionMode::SignalBot);
    if env.run == Run::Save { any } else { starts }
}

fn signal_bot_incomplete(s: &Settings, env: &Environment) -> Found {
    let bot = &s.execution.signal_bot;
    let has_token = bot.token.as_ref().is_some_and(|token| !token.expose().is_empty());
    let key = if has_token { "signal_bot_webhook_url" } else { "signal_bot_token" };
    found(uses_signal_bot(s, env) && !bot.is_complete(), key, || {
        "signal_bot mode needs signal_bot_token and signal_bot_webhook_url".into()
    })
}

/// Whether any stop may come to exist: fixed, break-even or trailing. All need someone who watches them (TRADING 8.3).
fn makes_stops(s: &Settings) -> bool {
    let flags = [(1, s.break_even.tp1), (2, s.break_even.tp2), (3, s.break_even.tp3)];
    s.sl.is_used()
        || flags.into_iter().any(|(k, flag)| flag && s.tp.is_enabled(k))
        || s.trailing.start_level().is_some()
}

fn no_stop_orders(s: &Settings, env: &Environment) -> Found {
    let bot = uses_signal_bot(s, env);
    // In signal-bot mode nothing rests on the venue, take profits neither (TRADING 18.3).
    let needs_watching = makes_stops(s) || (bot && s.tp.enabled().next().is_some());
    let broken = needs_watching && (bot || !env.stop_orders) && !s.risk.allow_engine_stops;
    let venue = if bot { ExecutionMode::SignalBot.as_str() } else { env.venue.as_str() };
    found(broken, "allow_engine_stops", || {
        format!(
            "{venue} has no stop orders; set allow_engine_stops to true to let the engine watch the stop itself"
        )
    })
}

fn none_live(s: &Settings, env: &Environment) -> Found {
    let naked = env.run == Run::Live && !s.stop_wanted_at(1) && !s.sl.waived;
    found(naked, "use_sl", || {
        format!(
            "no stop loss is configured for {}; set use_sl, or accept_no_stop to trade without one",
            s.market.symbol
        )
    })
}

fn spot_short(s: &Settings, env: &Environment) -> Found {
    found(env.spot && s.entry.direction != Direction::Long, "direction", || {
        "direction must be long on a spot venue".into()
    })
}

fn sizing_missing(s: &Settings, env: &Environment) -> Found {
    let base = env.base.clone().unwrap_or_else(|| base_of(&s.market.symbol));
    found(s.amount(&base).is_none(), "investment", || {
        format!("no investment amount is configured for {}", s.market.symbol)
    })
}
