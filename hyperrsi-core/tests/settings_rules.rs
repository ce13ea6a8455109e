//! Validation of the HYPERRSI settings: TRADING 1.6, every code with its message.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test may panic

use hyperrsi_core::model::{Instrument, InstrumentId, InstrumentKind, Timeframe};
use hyperrsi_core::strategy::rsi_trend::settings::{Environment, Issue, Report, Settings};
use serde_json::{Value, json};

fn check(record: Value, environment: &Environment) -> Report {
    match Settings::check(record.as_object().unwrap(), environment) {
        Ok((_, warnings)) => Report { warnings, ..Report::default() },
        Err(report) => report,
    }
}

fn saved(record: Value) -> Report {
    check(record, &Environment::saving())
}

fn codes(issues: &[Issue]) -> Vec<&str> {
    issues.iter().map(|issue| issue.code).collect()
}

#[track_caller]
fn only_error(report: &Report, code: &str, message: &str) {
    assert_eq!(codes(&report.errors), [code], "{report}");
    assert_eq!(report.errors[0].message, message);
}

#[test]
fn t01_oversold_above_overbought() {
    let report = saved(json!({"rsi_oversold": 70, "rsi_overbought": 30}));
    only_error(&report, "entry.rsi_levels", "rsi_oversold (70) must be below rsi_overbought (30)");
}

#[test]
fn t01_equal_take_profits() {
    let report = saved(json!({"tp1_value": 2, "tp2_value": 2, "tp3_value": 4}));
    only_error(
        &report,
        "tp.not_monotonic",
        "take-profit values must increase from level to level: tp1_value 2 is not below tp2_value 2",
    );
}

#[test]
fn t01_a_disabled_level_does_not_count_for_the_order() {
    let report = saved(json!({"tp2_value": 1.5, "use_tp2": false}));
    assert!(report.is_valid(), "{report}");
}

#[test]
fn t01_ratios_above_a_hundred() {
    let report = saved(json!({"tp1_ratio": 50, "tp2_ratio": 30, "tp3_ratio": 30}));
    only_error(&report, "tp.ratio_sum", "tp1_ratio + tp2_ratio + tp3_ratio must not exceed 100, got 110");
}

#[test]
fn t01_ratios_below_a_hundred_leave_a_runner() {
    let report = saved(json!({"tp1_ratio": 30, "tp2_ratio": 30, "tp3_ratio": 30}));
    assert!(report.is_valid());
    assert_eq!(codes(&report.warnings), ["sl.none"]);
}

#[test]
fn t01_the_defaults_are_valid_but_do_not_start_live() {
    for environment in [Environment::saving(), Environment::backtest(), Environment::paper()] {
        let report = check(json!({}), &environment);
        assert!(report.is_valid(), "{report}");
        assert_eq!(codes(&report.warnings), ["sl.none"]);
    }
    let live = Environment::live();
    only_error(
        &check(json!({}), &live),
        "sl.none_live",
        "no stop loss is configured for BTC-USDT-SWAP; set use_sl, or accept_no_stop to trade without one",
    );
    let accepted = check(json!({"accept_no_stop": true}), &live);
    assert!(accepted.is_valid());
    assert_eq!(codes(&accepted.warnings), ["sl.none"]);
}

#[test]
fn t01_trailing_needs_its_start_level() {
    let report = saved(json!({"use_tp3": false, "trailing_start_point": "tp3"}));
    only_error(
        &report,
        "trailing.start_level_disabled",
        "trailing_start_point is tp3 but use_tp3 is false; enable tp3 or choose another start point",
    );
    assert!(saved(json!({"use_tp3": false, "trailing_start_point": "none"})).is_valid());
}

#[test]
fn t01_cooldown_out_of_range() {
    let report = saved(json!({"cooldown_time": 3001}));
    only_error(&report, "range", "cooldown_time must be between 0 and 3000, got 3001");
}

#[test]
fn t01_extra_entries_need_a_condition() {
    let record = |limit: u32| json!({"use_check_DCA_with_price": false, "use_rsi_with_pyramiding": false, "pyramiding_limit": limit});
    assert!(saved(record(1)).is_valid());
    only_error(
        &saved(record(2)),
        "extra.unconditional",
        "at least one of use_check_DCA_with_price and use_rsi_with_pyramiding must be true when pyramiding_limit is above 1",
    );
}

#[test]
fn t01_a_stop_behind_liquidation() {
    let report = saved(json!({"leverage": 25, "use_sl": true, "sl_value": 5}));
    assert!(report.is_valid());
    assert_eq!(codes(&report.warnings), ["sl.beyond_liquidation"]);
    assert!(report.warnings[0].message.contains("4 %"), "{report}");
}

/// (record, code, key, message), saved for a contract of a USD stablecoin.
#[test]
fn every_error_has_its_message() {
    let cases = [
        (json!({"leverage": 126}), "range", "leverage", "leverage must be between 1 and 125, got 126"),
        (json!({"leverage": -1}), "range", "leverage", "leverage must be between 1 and 125, got -1"),
        (
            json!({"leverage": 99_999_999_999u64}),
            "range",
            "leverage",
            "leverage must be between 1 and 125, got 99999999999",
        ),
        (json!({"sl_value": "0.05"}), "range", "sl_value", "sl_value must be between 0.1 and 100, got 0.05"),
        (
            json!({"min_entry_notional": -1}),
            "range",
            "min_entry_notional",
            "min_entry_notional must be at least 0, got -1",
        ),
        (
            json!({"symbol_investments": {"XRP-USDT-SWAP": 2_000_000}}),
            "range",
            "symbol_investments.XRP-USDT-SWAP",
            "symbol_investments.XRP-USDT-SWAP must be between 1 and 1000000, got 2000000",
        ),
        (
            json!({"entry_amount_option": "percent", "btc_investment": 101}),
            "range",
            "btc_investment",
            "btc_investment must be between 0 and 100, got 101",
        ),
        (
            json!({"pyramiding_value": 100}),
            "range",
            "pyramiding_value",
            "pyramiding_value must be between 0 and 100, got 100",
        ),
        (
            json!({"max_signal_age": 601}),
            "range",
            "max_signal_age",
            "max_signal_age must be between 1 and 600, got 601",
        ),
        (
            json!({"pyramiding_value": 0, "pyramiding_entry_type": "atr"}),
            "positive",
            "pyramiding_value",
            "pyramiding_value must be greater than 0, got 0",
        ),
        (
            json!({"sl_option": "price_offset", "sl_value": 0}),
            "positive",
            "sl_value",
            "sl_value must be greater than 0, got 0",
        ),
        (
            json!({"dual_side_entry_tp_trigger_type": "percent", "dual_side_entry_tp_value": 0}),
            "positive",
            "dual_side_entry_tp_value",
            "dual_side_entry_tp_value must be greater than 0, got 0",
        ),
        (
            json!({"direction": "up"}),
            "enum",
            "direction",
            "direction must be one of long, short, both, got \"up\"",
        ),
        (
            json!({"timeframe": "2d"}),
            "enum",
            "timeframe",
            "timeframe must be one of 1m, 3m, 5m, 15m, 30m, 1h, 2h, 4h, 6h, 8h, 12h, 1d, got \"2d\"",
        ),
        (
            json!({"symbol_execution_modes": {"A": "manual"}}),
            "enum",
            "symbol_execution_modes.A",
            "symbol_execution_modes.A must be one of api_direct, signal_bot, got \"manual\"",
        ),
        (json!({"use_sl": 1}), "type", "use_sl", "use_sl must be a boolean, got 1"),
        (json!({"use_sl": "yes"}), "type", "use_sl", "use_sl must be a boolean, got \"yes\""),
        (json!({"rsi_length": 14.5}), "type", "rsi_length", "rsi_length must be a whole number, got 14.5"),
        (json!({"tp1_value": "1_000"}), "type", "tp1_value", "tp1_value must be a number, got \"1_000\""),
        (json!({"direction": true}), "type", "direction", "direction must be a string, got true"),
        (
            json!({"symbol_investments": [1]}),
            "type",
            "symbol_investments",
            "symbol_investments must be a map, got [1]",
        ),
        (
            json!({"max_signal_age": "soon"}),
            "type",
            "max_signal_age",
            "max_signal_age must be a whole number or \"auto\", got \"soon\"",
        ),
        (
            json!({"rsi_oversold": 70}),
            "entry.rsi_levels",
            "rsi_oversold",
            "rsi_oversold (70) must be below rsi_overbought (70)",
        ),
        (
            json!({"timeframe": "1h", "trend_timeframe": "30m"}),
            "trend.timeframe_too_short",
            "trend_timeframe",
            "trend_timeframe 30m is shorter than timeframe 1h; choose auto or a timeframe of at least 1h",
        ),
        (
            json!({"tp1_value": 0}),
            "tp.value",
            "tp1_value",
            "tp1_value must be greater than 0 when use_tp1 is true, got 0",
        ),
        (
            json!({"tp3_value": "120.50"}),
            "tp.percent_short",
            "tp3_value",
            "tp3_value 120.5 % would put a short take profit at or below zero; it must be below 100",
        ),
        (
            json!({"tp2_ratio": 0}),
            "tp.ratio",
            "tp2_ratio",
            "tp2_ratio must be greater than 0 when use_tp2 is true",
        ),
        (
            json!({"tp3_ratio": 40.5}),
            "tp.ratio_sum",
            "tp1_ratio",
            "tp1_ratio + tp2_ratio + tp3_ratio must not exceed 100, got 100.5",
        ),
        (
            json!({"use_tp2": false, "tp3_value": 1}),
            "tp.not_monotonic",
            "tp3_value",
            "take-profit values must increase from level to level: tp1_value 2 is not below tp3_value 1",
        ),
        (
            json!({"use_sl": true, "sl_value": 100}),
            "sl.percent_long",
            "sl_value",
            "sl_value 100 % would put a long stop at or below zero; it must be below 100",
        ),
        (
            json!({"break_even_offset_percent": 3, "use_tp1": false}),
            "break_even.offset_beyond_tp",
            "break_even_offset_percent",
            "break_even_offset_percent 3 must be below the first enabled take profit 3 %",
        ),
        (
            json!({"use_tp1": false, "trailing_start_point": "tp1"}),
            "trailing.start_level_disabled",
            "trailing_start_point",
            "trailing_start_point is tp1 but use_tp1 is false; enable tp1 or choose another start point",
        ),
        (
            json!({"use_tp2": false, "trailing_stop_type": "tp_diff"}),
            "trailing.tp_diff_needs_levels",
            "trailing_stop_type",
            "a TP2/TP3 difference offset needs use_tp2 and use_tp3 to be true",
        ),
        (
            json!({"use_trailing_stop_value_with_tp2_tp3_difference": true, "trailing_stop_type": "atr"}),
            "trailing.conflict",
            "use_trailing_stop_value_with_tp2_tp3_difference",
            "use_trailing_stop_value_with_tp2_tp3_difference is true but trailing_stop_type is atr",
        ),
        (
            json!({"use_dual_side_entry": true, "use_dual_sl": true,
                   "dual_side_entry_sl_trigger_type": "existing_position", "dual_side_entry_sl_value": 1.5}),
            "dual.sl_level",
            "dual_side_entry_sl_value",
            "dual_side_entry_sl_value must be 1, 2 or 3 when dual_side_entry_sl_trigger_type is existing_position, got 1.5",
        ),
        (
            json!({"use_dual_side_entry": true, "use_dual_sl": true, "use_tp2": false,
                   "dual_side_entry_sl_trigger_type": "existing_position", "dual_side_entry_sl_value": 2}),
            "dual.sl_level_disabled",
            "dual_side_entry_sl_value",
            "dual_side_entry_sl_value selects TP2 but use_tp2 is false",
        ),
        (
            json!({"execution_mode": "signal_bot", "signal_bot_token": "t", "allow_engine_stops": true}),
            "signal_bot.incomplete",
            "signal_bot_webhook_url",
            "signal_bot mode needs signal_bot_token and signal_bot_webhook_url",
        ),
        (
            json!({"execution_mode": "signal_bot", "signal_bot_token": "t", "signal_bot_webhook_url": "u"}),
            "sl.venue_has_no_stop_orders",
            "allow_engine_stops",
            "signal_bot has no stop orders; set allow_engine_stops to true to let the engine watch the stop itself",
        ),
        (
            json!({"symbol": "XRP-USDT-SWAP"}),
            "sizing.missing",
            "investment",
            "no investment amount is configured for XRP-USDT-SWAP",
        ),
    ];
    for (record, code, key, message) in cases {
        let report = saved(record.clone());
        assert_eq!(codes(&report.errors), [code], "{record}: {report}");
        assert_eq!(report.errors[0].key, key, "{record}");
        assert_eq!(report.errors[0].message, message, "{record}");
    }
}

#[test]
fn every_warning_has_its_case() {
    let stopped = |extra: Value| {
        let mut record = json!({"use_sl": true});
        record.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        record
    };
    let cases = [
        (json!({}), "sl.none", "use_sl"),
        (
            json!({"use_sl_on_last": true, "tp3_ratio": 30, "use_break_even_tp3": false, "trailing_stop_active": false}),
            "tp.runner_unmanaged",
            "tp1_ratio",
        ),
        (
            stopped(
                json!({"use_tp1": false, "use_tp2": false, "use_tp3": false, "trailing_start_point": "none"}),
            ),
            "tp.none",
            "use_tp1",
        ),
        (stopped(json!({"leverage": 20})), "sl.beyond_liquidation", "sl_value"),
        (stopped(json!({"pyramiding_value": 5})), "extra.level_beyond_stop", "pyramiding_value"),
        (
            stopped(json!({"use_dual_side_entry": true, "dual_side_entry_trigger": 5,
                           "dual_side_entry_tp_trigger_type": "percent"})),
            "dual.trigger_unreachable",
            "dual_side_entry_trigger",
        ),
        (
            stopped(json!({"use_dual_side_entry": true, "dual_side_entry_trigger": 4})),
            "dual.opens_never",
            "dual_side_entry_trigger",
        ),
        (
            stopped(json!({"use_dual_side_entry": true, "close_main_on_hedge_tp": true})),
            "dual.close_main_unused",
            "close_main_on_hedge_tp",
        ),
        (
            stopped(
                json!({"use_dual_side_entry": true, "execution_mode": "signal_bot", "signal_bot_token": "t",
                           "signal_bot_webhook_url": "u", "allow_engine_stops": true}),
            ),
            "mode_unsupported",
            "use_dual_side_entry",
        ),
        (stopped(json!({"rsi_period": 9})), "unknown_key", "rsi_period"),
    ];
    for (record, code, key) in cases {
        let report = saved(record.clone());
        assert!(report.is_valid(), "{record}: {report}");
        let expected =
            if record.get("use_sl_on_last").is_some() { vec![code, "sl.none"] } else { vec![code] };
        assert_eq!(codes(&report.warnings), expected, "{record}");
        assert_eq!(report.warning(code).unwrap().key, key, "{record}");
    }
}

#[test]
fn rules_of_features_that_are_off_do_not_apply() {
    for record in [
        json!({"trailing_stop_active": false, "use_tp3": false, "trailing_stop_type": "tp_diff"}),
        json!({"trailing_start_point": "none", "use_trailing_stop_value_with_tp2_tp3_difference": true,
               "trailing_stop_type": "percent"}),
        json!({"use_dual_side_entry": true, "dual_side_entry_sl_trigger_type": "existing_position"}),
        json!({"use_dual_sl": true, "dual_side_entry_sl_trigger_type": "existing_position"}),
        json!({"sl_value": 100}),
        json!({"use_sl": true, "sl_value": 100, "direction": "short"}),
        json!({"tp3_value": 150, "direction": "long"}),
        json!({"tp3_value": 150, "tp_option": "price_offset"}),
        json!({"tp3_value": 150, "use_tp3": false, "trailing_start_point": "tp2"}),
        json!({"use_tp1": false, "tp1_value": -1, "tp1_ratio": 0}),
        json!({"break_even_offset_percent": 3, "tp_option": "atr"}),
        json!({"use_trailing_stop_value_with_tp2_tp3_difference": true}),
        json!({"use_trailing_stop_value_with_tp2_tp3_difference": true, "trailing_stop_type": "tp_diff"}),
    ] {
        let report = saved(record.clone());
        assert!(report.is_valid(), "{record}: {report}");
    }
    let warnings = saved(json!({"dual_side_entry_trigger": 9, "close_main_on_hedge_tp": true})).warnings;
    assert_eq!(codes(&warnings), ["sl.none"]);
}

fn instrument(venue: &str, symbol: &str, base: &str, quote: &str) -> Instrument {
    Instrument::linear(InstrumentId::new(venue, symbol), base, quote)
}

#[test]
fn the_venue_decides_some_rules() {
    let mut small = instrument("okx", "BTC-USDT-SWAP", "BTC", "USDT");
    small.max_leverage = 20;
    let environment = Environment::backtest().with_instrument(&small);
    only_error(
        &check(json!({"leverage": 25}), &environment),
        "range",
        "leverage must be between 1 and 20, got 25",
    );

    let mut spot = instrument("upbit", "KRW-BTC", "BTC", "KRW");
    spot.kind = InstrumentKind::Spot;
    spot.max_leverage = 1;
    let mut environment = Environment::backtest().with_instrument(&spot);
    only_error(
        &check(json!({"symbol": "KRW-BTC"}), &environment),
        "spot.short",
        "direction must be long on a spot venue",
    );
    environment.stop_orders = false;
    let record = json!({"symbol": "KRW-BTC", "direction": "long", "use_sl": true});
    only_error(
        &check(record, &environment),
        "sl.venue_has_no_stop_orders",
        "upbit has no stop orders; set allow_engine_stops to true to let the engine watch the stop itself",
    );
    let allowed =
        json!({"symbol": "KRW-BTC", "direction": "long", "use_sl": true, "allow_engine_stops": true});
    assert!(check(allowed, &environment).is_valid());
    let no_stop_ever = json!({"symbol": "KRW-BTC", "direction": "long", "use_break_even": false,
        "use_break_even_tp2": false, "use_break_even_tp3": false, "trailing_stop_active": false});
    assert!(check(no_stop_ever, &environment).is_valid());
}

#[test]
fn an_unset_notional_floor_follows_the_quote_currency() {
    let sizing = Settings::default().sizing;
    assert_eq!(sizing.min_notional_in(true), 200.into());
    assert_eq!(sizing.min_notional_in(false), 0.into());
    let set = Settings::from_map(json!({"min_entry_notional": 200}).as_object().unwrap()).unwrap();
    assert_eq!(set.sizing.min_notional_in(false), 200.into());
}

#[test]
fn everything_wrong_is_reported_at_once_and_nothing_twice() {
    let report = check(
        json!({"leverage": "ten", "tp2_value": [], "tp1_value": 9, "sl_option": "pips", "sl_value": 750, "use_sl": "maybe",
               "cooldown_time": 4000, "rsi_oversold": 80}),
        &Environment::live(),
    );
    // tp1 9 is above the default of tp3 4, but the ladder is not judged while one of its values is unreadable; nor is
    // the stop's distance while its unit is unknown.
    assert_eq!(
        codes(&report.errors),
        ["type", "type", "type", "enum", "range", "entry.rsi_levels"],
        "{report}"
    );
}

#[test]
fn values_set_in_code_are_checked_too() {
    let mut settings = Settings::default();
    settings.market.timeframe = Timeframe::W1;
    settings.market.leverage = 0;
    let report = settings.validate(&Environment::saving());
    assert_eq!(codes(&report.errors), ["enum", "range"]);
    assert_eq!(settings.validate(&Environment::saving()), report);
}
