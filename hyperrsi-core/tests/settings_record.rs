//! The flat record: its keys and defaults, the way there and back, layers, hashes, and what must not be seen.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test may panic

use hyperrsi_core::strategy::rsi_trend::settings::{
    Bounds, Environment, KEYS, Key, Kind, Layers, LoadError, Settings, SettingsHash, Snapshot,
};
use proptest::prelude::*;
use rust_decimal::Decimal;
use rust_decimal_macros::dec;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

fn map(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

/// Typed from TRADING 1.4.
fn documented() -> Map<String, Value> {
    let text = r#"{
        "symbol": "BTC-USDT-SWAP", "timeframe": "1m", "leverage": 10, "margin_mode": "isolated",
        "direction": "both", "execution_mode": "api_direct", "symbol_execution_modes": {},
        "signal_bot_token": null, "signal_bot_webhook_url": null,
        "btc_investment": 20, "eth_investment": 20, "sol_investment": 20, "investment": "none",
        "symbol_investments": {}, "entry_amount_option": "usdt", "count_unit": "contracts",
        "min_entry_notional": 200, "entry_multiplier": 1, "use_cooldown": true, "cooldown_time": 300,
        "rsi_length": 14, "rsi_oversold": 30, "rsi_overbought": 70, "entry_option": "break_through",
        "use_trend_logic": true, "trend_timeframe": "auto", "use_longer_trend": false,
        "use_trend_close": true, "atr_length": 14, "tp_option": "percent",
        "tp1_value": 2, "tp2_value": 3, "tp3_value": 4, "tp1_ratio": 30, "tp2_ratio": 30, "tp3_ratio": 40,
        "use_tp1": true, "use_tp2": true, "use_tp3": true,
        "use_sl": false, "use_sl_on_last": false, "sl_option": "percent", "sl_value": 5,
        "accept_no_stop": false, "sl_trigger_price": "mark",
        "use_break_even": true, "use_break_even_tp2": true, "use_break_even_tp3": true,
        "break_even_offset_percent": 0, "pyramiding_limit": 4, "pyramiding_entry_type": "percent",
        "pyramiding_value": 3, "entry_criterion": "average_price", "use_check_DCA_with_price": true,
        "use_rsi_with_pyramiding": true, "trailing_stop_active": true, "trailing_start_point": "tp3",
        "trailing_stop_type": "percent", "trailing_stop_offset_value": 0.5,
        "use_trailing_stop_value_with_tp2_tp3_difference": false, "trailing_atr_multiple": 2,
        "trailing_amend_interval": 5, "trailing_amend_step_percent": 0.05,
        "use_dual_side_entry": false, "dual_side_entry_trigger": 3,
        "dual_side_entry_ratio_type": "percent_of_position", "dual_side_entry_ratio_value": 30,
        "dual_side_entry_tp_trigger_type": "last_dca_on_position", "dual_side_entry_tp_value": 0.3,
        "close_main_on_hedge_tp": false, "use_dual_sl": false,
        "dual_side_entry_sl_trigger_type": "percent", "dual_side_entry_sl_value": 5,
        "dual_side_pyramiding_limit": 1, "activate_tp_sl_after_all_dca": false,
        "dual_side_trend_close": false, "dual_side_close_on_main_sl": false,
        "max_signal_age": "auto", "max_price_age": 5, "unprotected_deadline": 30,
        "on_unprotected": "engine_stop", "allow_engine_stops": false, "entry_failure_limit": 3,
        "margin_block_after": 3, "margin_block_seconds": 600
    }"#;
    serde_json::from_str(text).unwrap()
}

/// Keys whose being unset differs from every value they can have.
const UNSET: [&str; 2] = ["min_entry_notional", "trailing_stop_type"];

#[test]
fn all_documented_keys_exist_with_their_defaults() {
    let table: Map<_, _> = KEYS.iter().map(|key| (key.name().to_owned(), key.default_value())).collect();
    assert_eq!(Value::Object(table), Value::Object(documented()));
    assert_eq!(KEYS.len(), documented().len(), "a key is listed twice");

    let mut written = documented();
    for key in UNSET {
        written[key] = Value::Null;
    }
    assert_eq!(Settings::default().to_map(), written);
    assert_eq!(Settings::from_map(&written).unwrap(), Settings::default());
}

/// Splits a cell such as "`tp1_value` `tp2_value`, …" into its quoted words.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn the_specification_lists_the_same_keys_and_defaults() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/spec/TRADING.md");
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("skipped: no spec");
        return;
    };
    let section = text.split("### 1.4").nth(1).unwrap().split("### 1.6").next().unwrap();
    let mut listed = BTreeMap::new();
    for row in section.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = row.split(" | ").collect();
        let names = quoted(cells[0]);
        let defaults: Vec<_> = cells[3].split(['/', ',']).map(|part| part.trim().trim_matches('`')).collect();
        for (i, name) in names.iter().enumerate() {
            listed.insert((*name).to_owned(), defaults[i.min(defaults.len() - 1)].to_owned());
        }
    }
    let ours: BTreeMap<_, _> = KEYS.iter().map(|key| (key.name().to_owned(), key.default_value())).collect();
    assert_eq!(listed.keys().collect::<Vec<_>>(), ours.keys().collect::<Vec<_>>());
    for (name, default) in listed {
        let same = match &ours[&name] {
            Value::String(text) => *text == default,
            Value::Number(number) => {
                number.to_string().parse::<Decimal>().unwrap() == default.parse::<Decimal>().unwrap()
            }
            other => serde_json::from_str::<Value>(&default).is_ok_and(|given| given == *other),
        };
        assert!(same, "{name}: the specification says {default}, the table {}", ours[&name]);
    }
}

#[test]
fn the_guide_explains_every_key() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/src/settings.md");
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("skipped: no guide");
        return;
    };
    let explained: Vec<_> = text.lines().filter(|line| line.starts_with("| `")).collect();
    for key in KEYS {
        let name = format!("`{}`", key.name());
        let row =
            explained.iter().any(|line| line.split(" | ").next().is_some_and(|cell| cell.contains(&name)));
        assert!(row, "{name} has no row");
    }
}

fn number(bounds: Bounds, seed: u64) -> Decimal {
    let (min, max) = match bounds {
        Bounds::Between(min, max) => (min, max),
        Bounds::UpTo(max) | Bounds::Below(max) => (dec!(0.01), max - dec!(0.01)),
        _ => (dec!(0.0000001), dec!(100000)),
    };
    (min + (max - min) * Decimal::from(seed % 1_000_003) / dec!(1000003))
        .round_dp((seed % 9) as u32)
        .clamp(min, max)
}

fn value(key: &Key, seed: u64) -> Value {
    let bounds = key.bounds(&Settings::default(), &Environment::saving());
    let as_text = |value: Value| if seed.is_multiple_of(7) { Value::from(value.to_string()) } else { value };
    let whole = || Value::from(u64::try_from(number(bounds, seed).round().mantissa()).unwrap());
    let decimal = |seed| Value::from(number(bounds, seed).normalize().to_string());
    match key.kind() {
        Kind::Bool => as_text(Value::from(seed.is_multiple_of(2))),
        Kind::Int => as_text(whole()),
        Kind::IntOrAuto => {
            if seed.is_multiple_of(3) {
                Value::from("auto")
            } else {
                whole()
            }
        }
        Kind::Decimal => decimal(seed),
        Kind::Choice(words) => Value::from(words[seed as usize % words.len()]),
        Kind::Text | Kind::Secret => Value::from(format!("text {seed}")),
        Kind::AmountBySymbol => json!({"A": decimal(seed), "B": decimal(seed / 2)}),
        Kind::ModeBySymbol => json!({"A": "signal_bot", "B": "api_direct"}),
        _ => Value::Null,
    }
}

proptest! {
    #[test]
    fn a_record_survives_the_way_there_and_back(
        seeds in prop::collection::vec(prop::option::of(any::<u64>()), KEYS.len()),
    ) {
        let mut record = map(json!({"a key of tomorrow": {"kept": [1, null]}}));
        for (key, seed) in KEYS.iter().zip(&seeds) {
            if let Some(seed) = seed {
                record.insert(key.name().into(), value(key, *seed));
            }
        }
        let settings = Settings::from_map(&record).unwrap();
        let written = settings.to_map();
        prop_assert_eq!(&Settings::from_map(&written).unwrap(), &settings);
        let text = serde_json::to_string(&settings).unwrap();
        let again: Settings = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(again.to_map(), written);
        prop_assert_eq!(SettingsHash::of(&again), SettingsHash::of(&settings));
    }

    #[test]
    fn a_decimal_keeps_all_its_digits(mantissa in 1i64.., scale in 0u32..20) {
        let given = Decimal::new(mantissa, scale);
        let record = map(json!({ "tp1_value": given.to_string() }));
        let settings = Settings::from_map(&record).unwrap();
        prop_assert_eq!(settings.tp.levels[0].value, given);
        prop_assert_eq!(Settings::from_map(&settings.to_map()).unwrap().tp.levels[0].value, given);
    }
}

#[test]
fn numbers_and_switches_may_be_texts_and_null_is_not_set() {
    let record = json!({"use_sl": "true", "rsi_length": "30", "tp1_value": 0.1, "tp2_value": "1e-1",
        "leverage": null, "cooldown_time": 60.0, "trailing_stop_type": null});
    let settings = Settings::from_map(&map(record)).unwrap();
    assert!(settings.sl.enabled);
    assert_eq!(settings.entry.rsi.length, 30);
    assert_eq!(settings.tp.levels[0].value, dec!(0.1));
    assert_eq!(settings.tp.levels[1].value, dec!(0.1));
    assert_eq!(settings.market.leverage, 10);
    assert_eq!(settings.cooldown.seconds, 60);
    assert_eq!(settings.trailing.kind, None);
}

#[test]
fn toml_and_json_texts_name_the_line_but_not_the_text() {
    let settings = Settings::from_toml_str(
        "sl_value = 0.1\nuse_sl = true\n[symbol_execution_modes]\nBTC-USDT-SWAP = \"signal_bot\"\n",
    )
    .unwrap();
    assert_eq!(settings.sl.value, dec!(0.1));
    assert_eq!(settings.execution.mode_for("BTC-USDT-SWAP").to_string(), "signal_bot");

    let error = Settings::from_toml_str("leverage = 3\nsignal_bot_token = \"s3cr3t\n").unwrap_err();
    assert!(matches!(error, LoadError::Syntax { line: 2, .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("s3cr3t"));
    let error = Settings::from_json_str("{\n\"signal_bot_token\": \"s3cr3t\" 5}").unwrap_err();
    assert!(matches!(error, LoadError::Syntax { line: 2, .. }), "{error:?}");
    let Err(LoadError::Invalid(report)) = Settings::from_toml_str("sl_value = nan\n") else { panic!() };
    assert_eq!(report.errors[0].message, "sl_value must be a number, got \"NaN\"");
}

#[test]
fn secrets_are_stored_but_never_shown() {
    let record = map(json!({"signal_bot_token": "s3cr3t", "signal_bot_webhook_url": "https://x/s3cr3t",
        "old_token": "s3cr3t", "leverage": 500, "execution_mode": "signal_bot"}));
    let settings = Settings::from_map(&record).unwrap();
    assert_eq!(settings.to_map()["signal_bot_token"], "s3cr3t");
    assert_eq!(settings.to_public_map()["signal_bot_token"], "***");
    let mut layers = Layers::default();
    layers.account = record.clone();
    let report = settings.validate(&Environment::live());
    let odd = Settings::from_map(&map(json!({"signal_bot_token": ["s3cr3t"]}))).unwrap_err();
    let shown = format!(
        "{settings:?} {:?} {layers:?} {report:?} {report} {odd} {:?}",
        Snapshot::new(1, settings.clone()),
        settings.execution
    );
    assert!(!shown.contains("s3cr3t"), "{shown}");

    let mut other = record;
    other.insert("signal_bot_token".into(), "another".into());
    assert_eq!(SettingsHash::of(&Settings::from_map(&other).unwrap()), SettingsHash::of(&settings));
}

#[test]
fn later_layers_win_key_by_key_and_null_does_not_count() {
    let mut layers = Layers::default();
    layers.account = map(json!({"leverage": 5, "investment": 50, "use_dual_side_entry": true, "x": 1}));
    layers.presets.insert("calm".into(), map(json!({"leverage": 3, "investment": null})));
    assert!(layers.assign("ETH-USDT-SWAP", "wild").is_err());
    layers.assign("ETH-USDT-SWAP", "calm").unwrap();
    layers.overrides.insert(
        "ETH-USDT-SWAP".into(),
        map(json!({"investment": "none", "use_dual_side_entry": false, "leverage": null})),
    );
    assert_eq!(
        Value::Object(layers.effective("ETH-USDT-SWAP").unwrap()),
        json!({"symbol": "ETH-USDT-SWAP", "leverage": 3, "investment": "none", "use_dual_side_entry": false, "x": 1})
    );
    assert_eq!(layers.effective("XRP-USDT-SWAP").unwrap()["leverage"], 5);
    assert_eq!(layers.followers("calm").collect::<Vec<_>>(), ["ETH-USDT-SWAP"]);
    layers.presets.clear();
    assert!(layers.effective("ETH-USDT-SWAP").is_err());
    let again: Layers = serde_json::from_str(&serde_json::to_string(&layers).unwrap()).unwrap();
    assert_eq!(again, layers);
}

#[test]
fn the_hash_is_stable() {
    let hash = SettingsHash::of(&Settings::default());
    let text = serde_json::to_string(&hash).unwrap();
    assert_eq!(text.len(), 18);
    assert_eq!(serde_json::from_str::<SettingsHash>(&text).unwrap(), hash);
    // Records made yesterday name today's defaults by this. It may only change with the key table.
    assert_eq!(hash.to_string(), "70b9e5cc8acc4e5a");
    let spelled = Settings::from_map(&map(json!({"leverage": "10", "tp1_value": "2.00"}))).unwrap();
    assert_eq!(SettingsHash::of(&spelled), hash);
}
