use super::*;
use crate::position::ExitReason;
use crate::strategy::DecisionRecord;
use rust_decimal_macros::dec;

/// Long from minute `entry` to minute `exit`, one unit in at 100, out at `price`.
fn trade(entry: i64, exit: i64, price: i64) -> serde_json::Value {
    let fill = |minute: i64, kind: &str, reason: Option<&str>, price: i64| {
        serde_json::json!({"time": minute * 60_000, "kind": kind, "reason": reason, "price": price, "quantity": 1,
            "fee": 0.05, "liquidity": "taker"})
    };
    serde_json::json!({
        "entry_time": entry * 60_000, "exit_time": exit * 60_000, "side": "long", "hedge": false, "entries": 1,
        "quantity": 1, "entry_price": 100, "exit_price": price, "net_pnl": price - 100, "reason": "tp1",
        "fills": [fill(entry, "entry", None, 100), fill(exit, "exit", Some("tp1"), price)],
    })
}

fn results(trades: &[serde_json::Value]) -> Results {
    let document = serde_json::json!({
        "strategy": "x", "trades": trades,
        "statistics": {"net_pnl": trades.len(), "sharpe": null, "by_side": {}},
    });
    Results::read(document.to_string().as_bytes()).unwrap()
}

fn record(minute: i64, outcome: &str, reason: &str, trend_ok: bool) -> DecisionRecord {
    serde_json::from_value(serde_json::json!({
        "strategy": "hyperrsi", "symbol": {"venue": "okx", "symbol": "BTC"}, "timeframe": "1m",
        "candle": minute * 60_000, "settings_hash": "", "leg": null, "outcome": outcome, "reason": reason,
        "orders": [], "inputs": {"close": "100", "p": "31", "c": "29", "mode": "break_through"},
        "checks": [
            {"stage": "first_entry.long", "gate": "signal", "ok": true, "left": "29", "op": "<=", "right": "30"},
            {"stage": "first_entry.long", "gate": "trend", "ok": trend_ok, "left": "-2", "op": "!=", "right": "-2"},
        ],
    }))
    .unwrap()
}

#[test]
fn equal_results_have_no_difference() {
    let a = results(&[trade(10, 12, 102), trade(20, 25, 99)]);
    let comparison = compare(&a, &a.clone());
    assert!(comparison.is_same());
    assert_eq!(comparison.same_trades, 2);
    assert!(comparison.text(("x", "y"), 9).contains("No difference in 2 trades"));
}

#[test]
fn numbers_are_read_digit_by_digit() {
    let mut row = trade(10, 12, 102).to_string();
    row = row.replace("\"net_pnl\":2", "\"net_pnl\":0.123456789012345678901234567");
    let text = format!("{{\"trades\":[{row}],\"statistics\":{{}}}}");
    let read = Results::read(text.as_bytes()).unwrap();
    assert_eq!(read.trades[0].net_pnl, dec!(0.123456789012345678901234567));
    assert_eq!(read.trades[0].reason, ExitReason::TakeProfit1);
}

#[test]
fn the_first_field_of_the_first_fill_is_the_cause() {
    let (a, b) = (results(&[trade(10, 12, 102)]), results(&[trade(10, 12, 101)]));
    let comparison = compare(&a, &b);
    let cause = Cause::Fill { number: 2, field: "price", a: "102".into(), b: "101".into() };
    assert_eq!(comparison.trades[0].cause, cause);
    assert!(comparison.text(("x", "y"), 9).contains("price of fill 2: 102 / 101"));

    let later = compare(&a, &results(&[trade(10, 13, 102)]));
    let Cause::Fill { number: 2, field: "time", .. } = later.trades[0].cause else { panic!("{later:?}") };
}

#[test]
fn a_fill_only_one_of_them_has() {
    let a = results(&[trade(10, 12, 102)]);
    let mut b = a.clone();
    b.trades[0].fills.remove(1);
    let cause = &compare(&a, &b).trades[0].cause;
    assert!(matches!(cause, Cause::OnlyOne { number: 2, a: Some(_), b: None }), "{cause:?}");
}

#[test]
fn a_missing_trade_follows_from_a_position_that_was_still_open() {
    // Both enter at 10; the second one leaves later, and so misses the entry at 20.
    let a = results(&[trade(10, 12, 102), trade(20, 25, 99)]);
    let b = results(&[trade(10, 22, 102)]);
    let comparison = compare(&a, &b);
    assert_eq!(comparison.trades.len(), 2);
    let Cause::InPosition { since, until, .. } = comparison.trades[1].cause else { panic!("{comparison:?}") };
    assert_eq!((since.millis(), until.millis()), (10 * 60_000, 22 * 60_000));
    assert!(comparison.trades[1].b.is_none());
}

#[test]
fn a_missing_trade_follows_from_the_gate_that_differs() {
    // The candle of minute 19 closes at 20, where the entry is made.
    let a = results(&[trade(20, 25, 99)])
        .with_records(vec![record(18, "none", "no_signal", true), record(19, "enter", "signal", true)]);
    let b = results(&[]).with_records(vec![
        record(18, "none", "no_signal", true),
        record(19, "none", "trend_blocked", false),
    ]);
    for (one, two, first_ok) in [(&a, &b, true), (&b, &a, false)] {
        let comparison = compare(one, two);
        let Cause::Decision(decision) = &comparison.trades[0].cause else { panic!("{comparison:?}") };
        assert_eq!(decision.candle.millis(), 19 * 60_000);
        let Differs::Check { a: Some(x), b: Some(y) } = &decision.differs else { panic!("{decision:?}") };
        assert_eq!((x.gate.as_str(), x.ok, y.ok), ("trend", first_ok, !first_ok));
        assert_eq!(comparison.first_decision.as_ref(), Some(&**decision));
    }
    let text = compare(&a, &b).text(("x", "y"), 9);
    assert!(text.contains("first_entry.long trend: -2 != -2 holds / -2 != -2 fails"), "{text}");
}

#[test]
fn without_a_differing_gate_the_reasons_are_the_cause() {
    let a = results(&[trade(20, 25, 99)]).with_records(vec![record(19, "enter", "signal", true)]);
    let b = results(&[]).with_records(vec![record(19, "none", "insufficient_margin", true)]);
    let comparison = compare(&a, &b);
    let Cause::Decision(decision) = &comparison.trades[0].cause else { panic!("{comparison:?}") };
    let reasons = Differs::Reason { a: "signal".into(), b: "insufficient_margin".into() };
    assert_eq!(decision.differs, reasons);
}

#[test]
fn without_records_the_cause_is_unknown() {
    let comparison = compare(&results(&[trade(20, 25, 99)]), &results(&[]));
    assert_eq!(comparison.trades[0].cause, Cause::Unknown);
    let net = &comparison.statistics[0];
    assert_eq!((net.name.as_str(), net.a, net.b, net.is_same()), ("net_pnl", Some(1.0), Some(0.0), false));
    assert!(comparison.statistics.iter().all(|pair| pair.name != "by_side"));
}

#[test]
fn something_else_is_refused_with_what_to_give() {
    let error = Results::read(&b"{\"leverage\": 5}"[..]).unwrap_err().to_string();
    assert!(error.contains("no result of a backtest") && error.contains("--json"), "{error}");
}
