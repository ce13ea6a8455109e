//! What is allowed but probably not meant (TRADING 1.6). None of these blocks anything.

use super::Settings;
use super::bounds::plain;
use super::choices::{HedgeTpKind, SpacingReference, Unit};
use super::environment::Environment;
use super::rules::{Found, Rule, found, uses_signal_bot};
use crate::model::Arithmetic;
use rust_decimal::Decimal;
use rust_decimal_macros::dec;

pub(super) const WARNINGS: &[Rule] = &[
    Rule {
        code: "tp.runner_unmanaged",
        reads: &[
            "tp1_ratio",
            "tp2_ratio",
            "tp3_ratio",
            "use_tp1",
            "use_tp2",
            "use_tp3",
            "use_sl",
            "use_sl_on_last",
            "pyramiding_limit",
            "use_break_even_tp3",
            "trailing_stop_active",
            "trailing_start_point",
        ],
        check: runner_unmanaged,
    },
    Rule { code: "tp.none", reads: &["use_tp1", "use_tp2", "use_tp3"], check: tp_none },
    Rule { code: "sl.none", reads: &["use_sl", "use_sl_on_last", "pyramiding_limit"], check: sl_none },
    Rule {
        code: "sl.beyond_liquidation",
        reads: &["use_sl", "use_sl_on_last", "sl_option", "sl_value", "leverage"],
        check: beyond_liquidation,
    },
    Rule {
        code: "extra.level_beyond_stop",
        reads: &[
            "pyramiding_limit",
            "pyramiding_entry_type",
            "pyramiding_value",
            "entry_criterion",
            "use_check_DCA_with_price",
            "use_sl",
            "use_sl_on_last",
            "sl_option",
            "sl_value",
        ],
        check: level_beyond_stop,
    },
    Rule {
        code: "dual.trigger_unreachable",
        reads: &["use_dual_side_entry", "dual_side_entry_trigger", "pyramiding_limit"],
        check: trigger_unreachable,
    },
    Rule {
        code: "dual.opens_never",
        reads: &[
            "use_dual_side_entry",
            "dual_side_entry_trigger",
            "pyramiding_limit",
            "dual_side_entry_tp_trigger_type",
        ],
        check: opens_never,
    },
    Rule {
        code: "dual.close_main_unused",
        reads: &["use_dual_side_entry", "close_main_on_hedge_tp", "dual_side_entry_tp_trigger_type"],
        check: close_main_unused,
    },
    Rule {
        code: "mode_unsupported",
        reads: &["use_dual_side_entry", "execution_mode", "symbol_execution_modes"],
        check: hedge_without_orders,
    },
];

fn runner_unmanaged(s: &Settings, _: &Environment) -> Found {
    let sum = s.tp.ratio_sum();
    let managed = s.stop_wanted_at(1)
        || (s.break_even.tp3 && s.tp.is_enabled(3))
        || s.trailing.start_level().is_some_and(|k| s.tp.is_enabled(k));
    let runs = sum < dec!(100) && s.tp.enabled().next().is_some();
    found(runs && !managed, "tp1_ratio", || {
        format!(
            "the take profits cover {} % of the position and nothing would manage the rest; add a stop, use_break_even_tp3 or trailing",
            plain(sum)
        )
    })
}

fn tp_none(s: &Settings, _: &Environment) -> Found {
    found(s.tp.enabled().next().is_none(), "use_tp1", || {
        "no take-profit level is enabled; only a stop, a trend exit or you will close the position".into()
    })
}

fn sl_none(s: &Settings, _: &Environment) -> Found {
    found(!s.stop_wanted_at(1), "use_sl", || {
        format!("{} is traded without a stop loss after the first entry", s.market.symbol)
    })
}

fn beyond_liquidation(s: &Settings, env: &Environment) -> Found {
    let leverage = s.leverage(env.spot);
    let room = dec!(100).over(Decimal::from(leverage)).unwrap_or(Decimal::MAX);
    let beyond = s.sl.is_used() && s.sl.unit == Unit::Percent && s.sl.value >= room;
    found(beyond, "sl_value", || {
        format!(
            "sl_value {} % is not closer than liquidation: leverage {leverage} leaves about {} %",
            plain(s.sl.value),
            plain(room.round_dp(2))
        )
    })
}

fn level_beyond_stop(s: &Settings, _: &Environment) -> Found {
    let spaced = s.extra.limit > 1
        && s.extra.require_price
        && s.extra.spacing_unit == Unit::Percent
        && s.extra.reference == SpacingReference::AveragePrice;
    let stopped = s.stop_wanted_at(1) && s.sl.unit == Unit::Percent && s.extra.spacing >= s.sl.value;
    found(spaced && stopped, "pyramiding_value", || {
        format!(
            "an extra entry {} % away is never reached: the stop is {} % away",
            plain(s.extra.spacing),
            plain(s.sl.value)
        )
    })
}

fn trigger_unreachable(s: &Settings, _: &Environment) -> Found {
    let (trigger, limit) = (s.dual.trigger, s.extra.limit);
    found(s.dual.enabled && trigger > limit, "dual_side_entry_trigger", || {
        format!("the hedge opens at entry {trigger} but pyramiding_limit allows only {limit}")
    })
}

fn opens_never(s: &Settings, _: &Environment) -> Found {
    let at_last = s.dual.tp.kind == HedgeTpKind::LastDcaOnPosition && s.dual.trigger >= s.extra.limit;
    found(s.dual.enabled && at_last, "dual_side_entry_trigger", || {
        format!(
            "last_dca_on_position closes the hedge at entry {}, so one that opens at entry {} never opens",
            s.extra.limit, s.dual.trigger
        )
    })
}

fn close_main_unused(s: &Settings, _: &Environment) -> Found {
    let kind = s.dual.tp.kind;
    let no_order = matches!(kind, HedgeTpKind::LastDcaOnPosition | HedgeTpKind::DoNotClose);
    found(s.dual.enabled && s.dual.close_main && no_order, "close_main_on_hedge_tp", || {
        format!("close_main_on_hedge_tp has no effect: {kind} places no hedge take profit")
    })
}

fn hedge_without_orders(s: &Settings, env: &Environment) -> Found {
    found(s.dual.enabled && uses_signal_bot(s, env), "use_dual_side_entry", || {
        "no hedge is opened in signal_bot mode".into()
    })
}
