//! Settings of the grid: ranges, rules, legacy words (TRADING 16.1).

use crate::support::*;
use hyperrsi_core::model::{Instrument, InstrumentKind, Timeframe};
use hyperrsi_core::strategy::grid::settings::{AdxPause, Environment, KEYS, Settings, Sides};
use serde_json::{Value, json};

fn check(record: &Value, environment: &Environment) -> Result<Settings, Vec<(String, String)>> {
    let checked = Settings::check(record.as_object().unwrap(), environment);
    checked
        .map(|(settings, _)| settings)
        .map_err(|report| report.errors.into_iter().map(|e| (e.code.into(), e.message)).collect())
}

fn errors(record: &Value, environment: &Environment) -> Vec<(String, String)> {
    check(record, environment).unwrap_err()
}

fn one(code: &str, message: &str) -> Vec<(String, String)> {
    vec![(code.into(), message.into())]
}

fn venue() -> Instrument {
    instrument(dec!(0.1), dec!(0.001), dec!(0.001))
}

#[test]
fn s16_1_the_table_of_keys() {
    let defaults: Vec<_> = KEYS.iter().map(|key| (key.name(), key.write(&Settings::default()))).collect();
    let expected = [
        ("enter_strategy", json!("long")),
        ("grid_num", json!(20)),
        ("capital", Value::Null),
        ("leverage", json!(10)),
        ("enter_symbol_amount_list", Value::Null),
        ("exit_levels", json!(2)),
        ("grid_atr_multiple", json!(1)),
        ("grid_timeframe", json!("15m")),
        ("average_fast", json!(2)),
        ("average_slow", json!(30)),
        ("average_er", json!(10)),
        ("recompute_minutes", json!(15)),
        ("max_resting_levels", json!(4)),
        ("adx_pause", json!("against_trend")),
        ("adx_on", json!(25)),
        ("adx_off", json!(20)),
        ("exposure_cap_ratio", json!(0.95)),
        ("stop_loss", json!(0)),
        ("cooldown_time", json!(300)),
        ("custom_stop", json!("none")),
    ];
    assert_eq!(defaults, expected);
}

#[test]
fn s16_1_ranges_end_where_the_table_says() {
    let saving = Environment::default();
    for (key, inside, outside) in [
        ("grid_num", [1.0, 40.0], [0.0, 41.0]),
        ("leverage", [1.0, 125.0], [0.0, 126.0]),
        ("exit_levels", [1.0, 10.0], [0.0, 11.0]),
        ("grid_atr_multiple", [0.1, 10.0], [0.09, 10.1]),
        ("average_fast", [2.0, 29.0], [1.0, 30.0]),
        ("average_slow", [3.0, 200.0], [2.0, 201.0]),
        ("average_er", [2.0, 100.0], [1.0, 101.0]),
        ("recompute_minutes", [5.0, 1440.0], [4.0, 1441.0]),
        ("max_resting_levels", [1.0, 40.0], [0.0, 41.0]),
        ("adx_on", [20.0, 100.0], [-1.0, 101.0]),
        ("adx_off", [0.0, 25.0], [-1.0, 25.1]),
        ("exposure_cap_ratio", [0.05, 1.0], [0.04, 1.01]),
        ("stop_loss", [0.0, 50.0], [0.09, 50.1]),
        ("stop_loss", [0.1, 0.1], [-1.0, 51.0]),
        ("cooldown_time", [0.0, 3000.0], [-1.0, 3001.0]),
    ] {
        for value in inside {
            let found = check(&json!({"capital": 1000, key: value}), &saving);
            assert!(found.is_ok(), "{key} {value}: {found:?}");
        }
        for value in outside {
            let found = errors(&json!({"capital": 1000, key: value}), &saving);
            assert_eq!(found.len(), 1, "{key} {value}: {found:?}");
            assert_eq!(found[0].0, "range", "{key} {value}: {found:?}");
            assert!(found[0].1.starts_with(&format!("{key} must be between ")), "{found:?}");
        }
    }
}

#[test]
fn s16_1_everything_wrong_is_said_at_once() {
    let record = json!({
        "enter_strategy": "sideways", "grid_num": 41, "capital": 0, "grid_timeframe": "3m", "adx_on": 10,
        "stop_loss": "none", "custom_stop": 0,
    });
    let expected: Vec<(String, String)> = [
        ("enum", "enter_strategy must be one of long, short, both, got \"sideways\""),
        ("range", "grid_num must be between 1 and 40, got 41"),
        ("positive", "capital must be greater than 0, got 0"),
        ("enum", "grid_timeframe must be one of 5m, 15m, 30m, 1h, 2h, 4h, got \"3m\""),
        ("range", "adx_off must be between 0 and 10, got 20"),
        ("type", "stop_loss must be a number, got \"none\""),
        ("positive", "custom_stop must be greater than 0, got 0"),
    ]
    .map(|(code, message)| (code.into(), message.into()))
    .into();
    assert_eq!(errors(&record, &Environment::default()), expected);
}

#[test]
fn s16_1_words_of_the_grid() {
    let venue = Environment::of(&venue());
    let record = json!({"capital": 1000, "grid_num": 2, "enter_symbol_amount_list": [50, 50, 50]});
    assert_eq!(
        errors(&record, &venue),
        one("grid.amount_list_length", "enter_symbol_amount_list must have 2 entries, got 3")
    );
    let record = json!({"capital": 1000, "grid_num": 2, "enter_symbol_amount_list": [50, 0]});
    assert_eq!(
        errors(&record, &venue),
        one("positive", "enter_symbol_amount_list.2 must be greater than 0, got 0")
    );
    let both = json!({"capital": 1000, "enter_strategy": "both"});
    let netted = Environment { hedge_mode: false, ..venue.clone() };
    assert_eq!(
        errors(&both, &netted),
        one("grid.hedge_mode_required", "enter_strategy both needs a hedge-mode account")
    );
    assert!(check(&both, &venue).is_ok());
    let shared = venue.clone().taken_by(LONG, "hyperrsi");
    assert_eq!(
        errors(&json!({"capital": 1000}), &shared),
        one("grid.symbol_side_in_use", "BTC-USDT-SWAP long is already traded by hyperrsi")
    );
    let mut spot = self::venue();
    spot.kind = InstrumentKind::Spot;
    for sides in ["short", "both"] {
        assert_eq!(
            errors(&json!({"capital": 1000, "enter_strategy": sides}), &Environment::of(&spot)),
            one("grid.spot_long_only", "a grid on a spot venue must be long")
        );
    }
    let mut coarse = self::venue();
    coarse.tick = dec!(300);
    assert_eq!(
        errors(&json!({"capital": 1000}), &Environment::of(&coarse).at(dec!(50000))),
        one("grid.step_below_tick", "grid step 200 is smaller than the tick 300") // 0.4 % of 50 000
    );
    // 0.95 × 100 / 20 = 4.75 margin, 47.5 notional; 0.001 BTC at 50 000 are 50.
    assert_eq!(
        errors(&json!({"capital": 100}), &venue.clone().at(dec!(50000))),
        one("grid.level_below_min", "level amount 4.75 × leverage is below the smallest order 50")
    );
    assert!(check(&json!({"capital": 100}), &venue.at(dec!(47000))).is_ok());
}

#[test]
fn s16_1_legacy_words_and_texts_are_taken() {
    let record = json!({
        "enter_strategy": "long-short", "capital": "1000", "grid_num": "3",
        "enter_symbol_amount_list": [10, "20.5", 30], "custom_stop": 240, "adx_pause": "both_sides",
        "grid_timeframe": "4h", "stop_loss": null,
    });
    let settings = check(&record, &Environment::default()).unwrap();
    assert_eq!(settings.enter_strategy, Sides::Both);
    assert_eq!(settings.margins(), [dec!(10), dec!(20.5), dec!(30)]);
    assert_eq!(settings.exposure_cap(false), dec!(9500));
    assert_eq!((settings.custom_stop, settings.adx_pause), (Some(240), AdxPause::BothSides));
    assert_eq!(settings.grid_timeframe, Timeframe::H4);
    let text = serde_json::to_string(&settings).unwrap();
    assert_eq!(serde_json::from_str::<Settings>(&text).unwrap(), settings);
    assert_eq!(settings.to_map()["enter_strategy"], "both");
    let (_, warnings) =
        Settings::check(json!({"capital": 1, "gird_num": 3}).as_object().unwrap(), &Environment::default())
            .unwrap();
    assert_eq!(warnings[0].code, "unknown_key");
}
