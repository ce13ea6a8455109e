use super::*;
use crate::strategy::DecisionOutcome;

/// A record over 2024-03-04 12:05 with what differs from a quiet candle.
fn record(changes: serde_json::Value) -> DecisionRecord {
    let mut record = serde_json::json!({
        "strategy": "hyperrsi", "symbol": {"venue": "okx", "symbol": "BTC-USDT-SWAP"}, "timeframe": "5m",
        "candle": 1_709_553_900_000_i64, "settings_hash": "", "leg": null, "outcome": "none", "reason": "no_signal",
        "inputs": {"close": "50000", "p": "41.2174", "c": "38.9031", "mode": "break_through"},
        "checks": [], "orders": [],
    });
    for (key, value) in changes.as_object().unwrap() {
        record[key] = value.clone();
    }
    serde_json::from_value(record).unwrap()
}

fn check(stage: &str, gate: &str, ok: bool, left: &str, op: &str, right: &str) -> serde_json::Value {
    serde_json::json!({"stage": stage, "gate": gate, "ok": ok, "left": left, "op": op, "right": right})
}

fn both(record: &DecisionRecord) -> [String; 2] {
    [Language::English, Language::Korean].map(|language| sentence(record, language))
}

#[test]
fn s17_4_signals_that_did_not_come() {
    let cases = [
        (
            "break_through",
            "long",
            "41.2174",
            "38.9031",
            "30",
            "no long on BTC-USDT-SWAP 2024-03-04 12:05: RSI 41.2 → 38.9 did not cross 30 (break_through)",
            "BTC-USDT-SWAP 2024-03-04 12:05 롱 진입 없음: RSI가 41.2 → 38.9로 30을 하향 돌파하지 않았습니다 (break_through)",
        ),
        (
            "break_through",
            "long",
            "27.13",
            "30.39",
            "30",
            "no long on BTC-USDT-SWAP 2024-03-04 12:05: RSI 27.1 → 30.4 crossed 30 upwards, not downwards (break_through)",
            "BTC-USDT-SWAP 2024-03-04 12:05 롱 진입 없음: RSI가 27.1 → 30.4로 30을 하향 돌파하지 않았습니다 (break_through)",
        ),
        (
            "break_through",
            "short",
            "61.26",
            "62.34",
            "70",
            "no short on BTC-USDT-SWAP 2024-03-04 12:05: RSI 61.3 → 62.3 did not cross 70 (break_through)",
            "BTC-USDT-SWAP 2024-03-04 12:05 숏 진입 없음: RSI가 61.3 → 62.3으로 70을 상향 돌파하지 않았습니다 (break_through)",
        ),
        (
            "inflection",
            "long",
            "28.15",
            "26.04",
            "30",
            "no long on BTC-USDT-SWAP 2024-03-04 12:05: RSI 28.2 → 26.0 did not turn up below 30 (inflection)",
            "BTC-USDT-SWAP 2024-03-04 12:05 롱 진입 없음: RSI가 28.2 → 26.0으로 30 아래에서 반등하지 않았습니다 (inflection)",
        ),
        (
            "inflection_break_through",
            "short",
            "72",
            "70.004",
            "70",
            "no short on BTC-USDT-SWAP 2024-03-04 12:05: RSI 72.000 → 70.004 did not come back down through 70 (inflection_break_through)",
            "BTC-USDT-SWAP 2024-03-04 12:05 숏 진입 없음: RSI가 72.000 → 70.004로 70을 다시 하향 돌파하지 않았습니다 (inflection_break_through)",
        ),
        (
            "beyond",
            "long",
            "41.2",
            "35",
            "30.5",
            "no long on BTC-USDT-SWAP 2024-03-04 12:05: RSI 35.0 is not below 30.5 (beyond)",
            "BTC-USDT-SWAP 2024-03-04 12:05 롱 진입 없음: RSI 35.0, 30.5보다 낮지 않습니다 (beyond)",
        ),
    ];
    for (mode, side, p, c, line, english, korean) in cases {
        let stage = format!("first_entry.{side}");
        let record = record(serde_json::json!({
            "inputs": {"close": "50000", "p": p, "c": c, "mode": mode},
            "checks": [check(&stage, "opening", true, "none", "==", "none"), check(&stage, "signal", false, c, "<=", line)],
        }));
        assert_eq!(both(&record), [english, korean]);
    }
}

#[test]
fn s12_2_gates_with_their_numbers() {
    let until = "1709554200000"; // 12:10, five minutes after the candle's open
    let cases = [
        (
            "cooldown",
            check("first_entry.long", "cooldown", false, "1709553900000", ">=", until),
            "no long on BTC-USDT-SWAP 2024-03-04 12:05: the side rests until 2024-03-04 12:10 after its last exit (cooldown)",
            "BTC-USDT-SWAP 2024-03-04 12:05 롱 진입 없음: 마지막 청산 후 2024-03-04 12:10까지 이 방향은 쉽니다 (cooldown)",
        ),
        (
            "trend_blocked",
            check("first_entry.long", "trend", false, "-2", "!=", "-2"),
            "no long on BTC-USDT-SWAP 2024-03-04 12:05: the trend state is -2 (trend_blocked)",
            "BTC-USDT-SWAP 2024-03-04 12:05 롱 진입 없음: 추세 상태가 -2이어서 막혔습니다 (trend_blocked)",
        ),
        (
            "trend_unknown",
            check("first_entry.short", "trend", false, "unknown", "!=", "2"),
            "no short on BTC-USDT-SWAP 2024-03-04 12:05: the trend state is not known yet (trend_unknown)",
            "BTC-USDT-SWAP 2024-03-04 12:05 숏 진입 없음: 추세 상태를 아직 알 수 없습니다 (trend_unknown)",
        ),
        (
            "warming_up",
            check("first_entry.long", "warm_up", false, "120", ">=", "200"),
            "no long on BTC-USDT-SWAP 2024-03-04 12:05: only 120 of 200 warm-up candles seen (warming_up)",
            "BTC-USDT-SWAP 2024-03-04 12:05 롱 진입 없음: 준비에 필요한 캔들 200개 중 120개만 처리했습니다 (warming_up)",
        ),
        (
            "direction",
            check("first_entry.short", "direction", false, "long", "allows", "short"),
            "no short on BTC-USDT-SWAP 2024-03-04 12:05: the direction is set to long (direction)",
            "BTC-USDT-SWAP 2024-03-04 12:05 숏 진입 없음: 진입 방향이 롱으로 설정되어 있습니다 (direction)",
        ),
        (
            "data_gap",
            check("first_entry.long", "opening", false, "data_gap", "==", "none"),
            "no long on BTC-USDT-SWAP 2024-03-04 12:05: candles are missing (data_gap)",
            "BTC-USDT-SWAP 2024-03-04 12:05 롱 진입 없음: 캔들이 누락되어 있습니다 (data_gap)",
        ),
    ];
    for (reason, check, english, korean) in cases {
        let record = record(serde_json::json!({"reason": reason, "checks": [check]}));
        assert_eq!(both(&record), [english, korean]);
    }
}

fn leg(entries: u32) -> serde_json::Value {
    serde_json::json!({
        "side": "long", "entries": entries, "quantity": "0.0101", "average": "49094.059405940594",
        "stop": {"price": "46639.4", "kind": "fixed"}, "filled_levels": [], "next_level": "47621.2",
    })
}

#[test]
fn s10_3_extra_entries() {
    let main = check("first_entry.long", "main_leg", false, "long", "==", "none");
    let cases = [
        (
            "limit_reached",
            check("extra_entry", "limit", false, "4", "<", "4"),
            "no extra long entry on BTC-USDT-SWAP 2024-03-04 12:05: 4 of 4 entries are made (limit_reached)",
            "BTC-USDT-SWAP 2024-03-04 12:05 롱 추가 진입 없음: 최대 4회 중 4회를 모두 진입했습니다 (limit_reached)",
        ),
        (
            "price_not_reached",
            check("extra_entry", "price", false, "47900.5", "<=", "47621.2"),
            "no extra long entry on BTC-USDT-SWAP 2024-03-04 12:05: close 47900.5 has not reached the entry level 47621.2 (price_not_reached)",
            "BTC-USDT-SWAP 2024-03-04 12:05 롱 추가 진입 없음: 종가 47900.5, 진입 가격 47621.2에 도달하지 않았습니다 (price_not_reached)",
        ),
        (
            "candle_used",
            check("extra_entry", "candle", false, "1709553900000", "<", "1709553900000"),
            "no extra long entry on BTC-USDT-SWAP 2024-03-04 12:05: this side already entered on this candle (candle_used)",
            "BTC-USDT-SWAP 2024-03-04 12:05 롱 추가 진입 없음: 이 캔들에서 이미 진입했습니다 (candle_used)",
        ),
        (
            "no_signal",
            check("extra_entry", "signal", false, "38.9031", "<=", "30"),
            "no extra long entry on BTC-USDT-SWAP 2024-03-04 12:05: RSI 41.2 → 38.9 did not cross 30 (break_through)",
            "BTC-USDT-SWAP 2024-03-04 12:05 롱 추가 진입 없음: RSI가 41.2 → 38.9로 30을 하향 돌파하지 않았습니다 (break_through)",
        ),
    ];
    for (reason, check, english, korean) in cases {
        let record = record(serde_json::json!({"reason": reason, "checks": [main, check], "leg": leg(2)}));
        assert_eq!(both(&record), [english, korean]);
    }
}

#[test]
fn an_open_leg_is_told_for_both_sides_at_once() {
    let stages = ["first_entry.long", "first_entry.short"];
    let checks = stages.map(|stage| check(stage, "main_leg", false, "long", "==", "none"));
    let record = record(serde_json::json!({"reason": "main_leg_open", "checks": checks, "leg": leg(2)}));
    assert_eq!(
        both(&record),
        [
            "no entry on BTC-USDT-SWAP 2024-03-04 12:05: a main leg is open, long of 0.0101 at 49094.06, 2 entries, \
             stop loss at 46639.4 (main_leg_open)",
            "BTC-USDT-SWAP 2024-03-04 12:05 진입 없음: 메인 포지션이 열려 있습니다, 롱 0.0101, 평균가 49094.06, 진입 2회, \
             손절가 46639.4 (main_leg_open)",
        ]
    );
}

fn order(side: &str, quantity: &str) -> serde_json::Value {
    serde_json::json!([{"client_id": "h1", "side": side, "kind": {"kind": "market"}, "quantity": quantity}])
}

#[test]
fn what_was_done() {
    let entered = record(serde_json::json!({
        "outcome": "enter", "reason": "signal", "orders": order("buy", "0.0040"),
        "inputs": {"close": "50000", "p": "31.4", "c": "29.2", "mode": "break_through", "reference": "50123.4"},
        "checks": [check("first_entry.long", "signal", true, "29.2", "<=", "30"),
                   check("first_entry.short", "signal", false, "29.2", ">=", "70")],
    }));
    assert_eq!(
        both(&entered),
        [
            "entered long on BTC-USDT-SWAP 2024-03-04 12:05: RSI 31.4 → 29.2 crossed 30 (break_through), \
             market buy of 0.004 sized at 50123.4",
            "BTC-USDT-SWAP 2024-03-04 12:05 롱 진입: RSI가 31.4 → 29.2로 30을 하향 돌파했습니다 (break_through), \
             시장가 매수 0.004, 기준가 50123.4",
        ]
    );
    let closed = record(serde_json::json!({
        "outcome": "close", "reason": "trend_reversal", "leg": leg(1),
        "checks": [check("trend_exit", "trend_exit", true, "-2", "==", "-2")],
    }));
    assert_eq!(
        both(&closed),
        [
            "closed the long on BTC-USDT-SWAP 2024-03-04 12:05: the trend state turned to -2 (trend_reversal)",
            "BTC-USDT-SWAP 2024-03-04 12:05 롱 청산: 추세 상태가 -2로 바뀌었습니다 (trend_reversal)",
        ]
    );
    let hedged = record(serde_json::json!({
        "outcome": "hedge", "reason": "hedge", "leg": leg(3), "orders": order("sell", "0.0058"),
    }));
    assert_eq!(
        both(&hedged),
        [
            "hedged short on BTC-USDT-SWAP 2024-03-04 12:05: the main leg has enough entries for a hedge (hedge), \
             market sell of 0.0058",
            "BTC-USDT-SWAP 2024-03-04 12:05 숏 헤지 진입: 헤지에 필요한 진입 횟수를 채웠습니다 (hedge), 시장가 매도 0.0058",
        ]
    );
    let moved = record(serde_json::json!({"outcome": "adjust", "reason": "stop_loss", "leg": leg(2)}));
    assert_eq!(
        both(&moved),
        [
            "adjusted the long on BTC-USDT-SWAP 2024-03-04 12:05: stop loss at 46639.4 (stop_loss)",
            "BTC-USDT-SWAP 2024-03-04 12:05 롱 주문 조정: 현재 손절가 46639.4 (stop_loss)",
        ]
    );
}

#[test]
fn s4_3_sizing_is_told_of_the_side_that_signalled() {
    let record = record(serde_json::json!({
        "reason": "insufficient_margin",
        "inputs": {"close": "50000", "p": "69", "c": "71", "mode": "break_through", "reference": "50123.4"},
        "checks": [check("first_entry.long", "signal", false, "71", "<=", "30"),
                   check("first_entry.short", "signal", true, "71", ">=", "70")],
    }));
    assert_eq!(
        both(&record),
        [
            "no short on BTC-USDT-SWAP 2024-03-04 12:05: the balance does not cover margin and fee, \
             sized at 50123.4 (insufficient_margin)",
            "BTC-USDT-SWAP 2024-03-04 12:05 숏 진입 없음: 기준가 50123.4, 잔고가 증거금과 수수료에 모자랍니다 \
             (insufficient_margin)",
        ]
    );
}

#[test]
fn the_check_that_decided_is_the_first_of_its_step() {
    // The long side is switched off and has no signal either; the record's reason is the short side's.
    let record = record(serde_json::json!({
        "checks": [check("first_entry.long", "direction", false, "short", "allows", "long"),
                   check("first_entry.long", "signal", false, "38.9031", "<=", "30"),
                   check("first_entry.short", "signal", false, "38.9031", ">=", "70")],
    }));
    assert!(record.sentence().starts_with("no short on "), "{}", record.sentence());
    assert_eq!(record.deciding_check().unwrap().stage, Stage::FirstEntryShort);
    let long = sentence_about(&record, Stage::FirstEntryLong, Language::English).unwrap();
    assert_eq!(long, "no long on BTC-USDT-SWAP 2024-03-04 12:05: the direction is set to short (direction)");
    assert_eq!(sentence_about(&record, Stage::Hedge, Language::English), None);
}

#[test]
fn a_code_has_one_meaning() {
    let mut codes: Vec<&str> = Refusal::ALL.iter().map(|refusal| refusal.code()).collect();
    codes.extend(ExitReason::ALL.iter().map(|reason| reason.code()));
    codes.extend(Rule::ALL.iter().map(|rule| rule.code()));
    for code in &codes {
        assert_eq!(Reason::of(code).code(), *code);
        assert_ne!(Reason::of(code), Reason::Other(code));
    }
    codes.sort_unstable();
    let all = codes.len();
    codes.dedup();
    assert_eq!(codes.len(), all, "a code is used twice");
}

/// Every code the rules name, with every outcome, bare and with a leg, renders; each says something of its own.
#[test]
fn every_code_renders_in_every_language() {
    let outcomes = [
        DecisionOutcome::None,
        DecisionOutcome::Enter,
        DecisionOutcome::Add,
        DecisionOutcome::Hedge,
        DecisionOutcome::Close,
        DecisionOutcome::Adjust,
    ];
    let codes = Refusal::ALL.iter().map(|refusal| refusal.code());
    let codes = codes.chain(ExitReason::ALL.iter().map(|reason| reason.code()));
    let codes: Vec<&str> =
        codes.chain(Rule::ALL.iter().map(|rule| rule.code())).chain(["full_moon"]).collect();
    for language in Language::ALL {
        let mut meanings = std::collections::BTreeSet::new();
        for code in &codes {
            assert!(meanings.insert(Reason::of(code).meaning(*language)), "{code} says what another says");
            for outcome in outcomes {
                for open in [serde_json::Value::Null, leg(2)] {
                    let mut record = record(serde_json::json!({"reason": code, "leg": open}));
                    record.outcome = outcome;
                    let text = sentence(&record, *language);
                    assert!(text.contains(&format!(" ({code})")), "{text}");
                    super::tests_support::assert_readable(&text, *language);
                }
            }
        }
    }
}
