//! Import of records of the old system: TRADING, Appendix B.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test may panic

use hyperrsi_core::strategy::rsi_trend::settings::import::{Imported, Origin, State, legacy};
use hyperrsi_core::strategy::rsi_trend::settings::{Environment, Settings};
use serde_json::{Value, json};

fn import(record: Value) -> Imported {
    legacy(record.as_object().unwrap(), Origin::Live).unwrap()
}

fn native(record: Value) -> Value {
    Value::Object(import(record).settings)
}

#[test]
fn t26_old_words_become_native() {
    let imported = native(
        json!({"entry_option": "돌파", "direction": "롱숏", "tp_option": "금액 기준", "use_sl": "true",
        "sl_value": "5", "entry_criterion": "최근 진입가", "trend_timeframe": "1시간"}),
    );
    assert_eq!(
        imported,
        json!({"entry_option": "break_through", "direction": "both", "tp_option": "price_offset", "use_sl": true,
            "sl_value": 5, "entry_criterion": "last_entry", "trend_timeframe": "1h"})
    );
}

#[test]
fn t26_an_unknown_word_is_an_error() {
    let record = json!({"entry_option": "unknown"});
    let report = legacy(record.as_object().unwrap(), Origin::Live).unwrap_err();
    assert_eq!(report.errors.len(), 1);
    assert_eq!(report.errors[0].code, "enum");
    assert_eq!(
        report.errors[0].message,
        "entry_option must be one of break_through, inflection, inflection_break_through, beyond, got \"unknown\""
    );
}

#[test]
fn every_old_word_has_a_native_one() {
    for (key, old, new) in [
        ("entry_option", "돌파", "break_through"),
        ("entry_option", "변곡", "inflection"),
        ("entry_option", "변곡돌파", "inflection_break_through"),
        ("entry_option", "초과", "beyond"),
        ("direction", "롱", "long"),
        ("direction", "숏", "short"),
        ("direction", " Long-Short ", "both"),
        ("direction", "LONG", "long"),
        ("tp_option", "퍼센트 기준", "percent"),
        ("tp_option", "percentage", "percent"),
        ("sl_option", "가격 기준", "price_offset"),
        ("sl_option", "Price", "price_offset"),
        ("pyramiding_entry_type", "ATR 기준", "atr"),
        ("entry_criterion", "평균 단가", "average_price"),
        ("entry_criterion", "마지막 진입", "last_entry"),
        ("trend_timeframe", "자동", "auto"),
        ("trend_timeframe", "15분", "15m"),
        ("trend_timeframe", "4시간", "4h"),
        ("trend_timeframe", "3일", "3d"),
        ("trailing_stop_type", "트레일링 스탑 고정값", "percent"),
        ("trailing_stop_type", "FIXED", "percent"),
        ("trailing_stop_type", "TP2-TP3 차이 기준", "tp_diff"),
    ] {
        assert_eq!(native(json!({ key: old }))[key], new, "{key} {old}");
    }
    let odd = json!({"trend_timeframe": "7분", "direction": "위"});
    let report = legacy(odd.as_object().unwrap(), Origin::Live).unwrap_err();
    let messages: Vec<_> = report.errors.iter().map(|issue| issue.message.as_str()).collect();
    assert_eq!(messages[0], "direction must be one of long, short, both, got \"위\"");
    assert!(messages[1].ends_with("1d, 2d, 3d, got \"7분\""), "{}", messages[1]);
}

#[test]
fn the_difference_switch_decides_the_trailing_kind() {
    let switch = "use_trailing_stop_value_with_tp2_tp3_difference";
    for (on, kind, expected) in [
        (json!(true), json!("fixed"), json!("tp_diff")),
        (json!("True"), json!(null), json!("tp_diff")),
        (json!(false), json!("TP2-TP3 차이 기준"), json!("percent")),
        (json!(false), json!("atr"), json!("atr")),
        (json!(null), json!("TP2-TP3 차이 기준"), json!("tp_diff")),
    ] {
        let imported = native(json!({ switch: on, "trailing_stop_type": kind }));
        assert_eq!(imported["trailing_stop_type"], expected, "{on} {kind}");
        assert!(Settings::check(imported.as_object().unwrap(), &Environment::saving()).is_ok());
    }
}

#[test]
fn values_are_converted() {
    for (old, new) in [
        (json!({"pyramiding_type": "x"}), json!({})),
        (json!({"dual_side_entry_ratio_value": 0.3}), json!({"dual_side_entry_ratio_value": 30})),
        (json!({"dual_side_entry_ratio_value": "1"}), json!({"dual_side_entry_ratio_value": 100})),
        (json!({"dual_side_entry_ratio_value": 1.5}), json!({"dual_side_entry_ratio_value": 1.5})),
        (
            json!({"dual_side_entry_ratio_value": 0.5, "dual_side_entry_ratio_type": "fixed_amount"}),
            json!({"dual_side_entry_ratio_value": 0.5, "dual_side_entry_ratio_type": "fixed_amount"}),
        ),
        (json!({"trailing_start_point": null}), json!({"trailing_start_point": "none"})),
        (json!({"trailing_stop_offset_value": 0.05}), json!({"trailing_stop_offset_value": 0.1})),
        (json!({"rsi_period": 9}), json!({"rsi_length": 9})),
        (json!({"rsi_period": 9, "rsi_length": 7}), json!({"rsi_length": 7})),
        (json!({"rsi_entry_option": "초과"}), json!({"entry_option": "beyond"})),
        (json!({"pyramiding_limit": 3, "leverage": null}), json!({"pyramiding_limit": 3})),
        (json!({"okx_uid": "1"}), json!({"okx_uid": "1"})),
    ] {
        assert_eq!(native(old.clone()), new, "{old}");
    }
    let old = json!({"pyramiding_limit": 3});
    let backtest = legacy(old.as_object().unwrap(), Origin::Backtest).unwrap();
    assert_eq!(backtest.settings["pyramiding_limit"], 4);
    assert_eq!(backtest.notes[0].key, "pyramiding_limit");
}

#[test]
fn wrong_types_are_reported_together() {
    let record = json!({"use_sl": "maybe", "leverage": "ten", "tp1_value": {}});
    let report = legacy(record.as_object().unwrap(), Origin::Live).unwrap_err();
    let codes: Vec<_> = report.errors.iter().map(|issue| (issue.code, issue.key.as_str())).collect();
    assert_eq!(codes, [("type", "leverage"), ("type", "tp1_value"), ("type", "use_sl")]);
}

#[test]
fn what_acts_now_is_listed_and_holds_the_record_back() {
    let keys =
        |record: Value| -> Vec<String> { import(record).acts_now.into_iter().map(|note| note.key).collect() };
    // Default trailing starts at the last level.
    assert_eq!(keys(json!({})), ["timeframe", "min_entry_notional", "cooldown_time", "trailing_start_point"]);
    let quiet = json!({"use_cooldown": false, "trailing_start_point": "tp1"});
    assert_eq!(keys(quiet.clone()), ["timeframe", "min_entry_notional"]);
    for (record, expected) in [
        (json!({"rsi_length": 9}), vec!["rsi_length"]),
        (json!({"entry_amount_option": "percent"}), vec!["entry_amount_option"]),
        (json!({"symbol_investments": {"A": 5}}), vec!["symbol_investments"]),
        (json!({"use_sl_on_last": true}), vec!["use_sl_on_last", "sl_value"]),
        (json!({"use_sl": true, "sl_option": "금액 기준"}), vec!["sl_value", "sl_option"]),
        (json!({"tp_option": "금액 기준"}), vec!["tp_option"]),
        (json!({"tp_option": "ATR 기준"}), vec!["tp_option"]),
        (json!({"use_tp2": false}), vec!["use_tp2"]),
        (json!({"entry_criterion": "마지막 진입"}), vec!["entry_criterion"]),
        (json!({"trend_timeframe": "2시간"}), vec!["trend_timeframe"]),
        (json!({"trend_timeframe": "4시간"}), vec![]),
        (
            json!({"use_dual_side_entry": true, "use_dual_sl": true, "activate_tp_sl_after_all_dca": true}),
            vec!["activate_tp_sl_after_all_dca", "dual_side_entry_tp_value", "dual_side_entry_sl_value"],
        ),
    ] {
        let mut merged = quiet.clone();
        merged.as_object_mut().unwrap().extend(record.as_object().unwrap().clone());
        assert_eq!(keys(merged)[2..], expected, "{record}");
    }

    let mut imported = import(json!({}));
    assert_eq!(imported.state, State::Stopped);
    assert!(!imported.may_start());
    imported.acknowledge();
    assert!(imported.may_start());
}
