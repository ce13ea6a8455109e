//! TRADING 17: decision records over real candles.

use crate::support::*;
use hyperrsi_core::backtest::{Backtest, Config, Run};
use hyperrsi_core::model::*;
use hyperrsi_core::series::Candles;
use hyperrsi_core::series::file::Load;
use hyperrsi_core::strategy::rsi_trend::settings::{Settings, Snapshot};
use hyperrsi_core::strategy::rsi_trend::{Hyperrsi, policy};
use hyperrsi_core::strategy::{DecisionOutcome, DecisionRecord, Stage};

fn candles() -> Candles {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/btcusdt_1h.csv.gz");
    Load::new(file).read().unwrap().candles
}

fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.market.timeframe = Timeframe::H1;
    settings.sl.enabled = true;
    settings
}

fn btc() -> Instrument {
    let mut i = instrument(dec!(0.1), dec!(0.0001), dec!(0.0001));
    i.contract_size = dec!(0.01);
    i
}

fn run(candles: &Candles, settings: &Settings, recording: bool) -> Run {
    let mut config = Config::new(btc());
    let journal = config.trader.journal;
    config.trader = policy(settings, &btc());
    config.trader.journal = journal;
    if recording {
        config.record = Some((Timestamp::EPOCH, Timestamp::from_millis(i64::MAX)));
    }
    let mut strategy = Hyperrsi::new(Snapshot::new(1, settings.clone()), &btc()).unwrap();
    Backtest::new(candles, config).unwrap().run(&mut strategy).unwrap()
}

#[test]
fn recording_changes_no_trade() {
    let candles = candles();
    let (with, without) = (run(&candles, &settings(), true), run(&candles, &settings(), false));
    assert!(!without.trades.is_empty());
    assert_eq!(with.trades, without.trades);
    assert_eq!(with.equity, without.equity);
    assert_eq!(with.skipped, without.skipped);
    assert!(without.records.is_empty());
}

/// The gate a reason names, as checks call it.
fn first_failing(record: &DecisionRecord, stage: Stage) -> Option<&str> {
    record.checks.iter().find(|check| check.stage == stage && !check.ok).map(|check| check.gate.as_str())
}

#[test]
fn s17_1_one_record_per_evaluated_candle() {
    let candles = candles();
    let run = run(&candles, &settings(), true);
    let mut expected: Vec<Timestamp> = candles.iter().map(|candle| candle.open_time).collect();
    let recorded: Vec<Timestamp> = run.records.iter().map(|record| record.candle).collect();
    // An entry decided at the last close has no price any more, and so no end to record.
    if recorded.len() + 1 == expected.len() {
        expected.pop();
    }
    assert_eq!(recorded, expected);
}

#[test]
fn s17_2_the_reason_is_the_first_failing_gate() {
    let run = run(&candles(), &settings(), true);
    let mut reasons = std::collections::BTreeMap::new();
    for record in &run.records {
        *reasons.entry(record.reason.clone()).or_insert(0) += 1;
        if record.outcome != DecisionOutcome::None {
            continue;
        }
        // An open leg waits for its next entry (10.3): the reason is the first condition of it that fails.
        if record.leg.is_some() {
            let gate = match record.reason.as_str() {
                "price_not_reached" => "price",
                "limit_reached" => "limit",
                "no_signal" => "signal",
                "candle_used" => "candle",
                "trend_blocked" | "trend_unknown" => "trend",
                other => panic!("{other} is no reason of an open leg"),
            };
            assert_eq!(first_failing(record, Stage::ExtraEntry), Some(gate), "{record:?}");
            continue;
        }
        let gate = match record.reason.as_str() {
            "warming_up" | "not_running" | "not_reconciled" | "leverage_mismatch" => "opening",
            "main_leg_open" => "main_leg",
            "cooldown" => "cooldown",
            "candle_used" => "candle",
            "no_signal" => "signal",
            "trend_blocked" | "trend_unknown" => "trend",
            other => {
                // Failed after the decision: sizing.
                assert!(other.starts_with("below") || other.starts_with("insufficient"), "{other}");
                continue;
            }
        };
        let firsts =
            [Stage::FirstEntryLong, Stage::FirstEntryShort].map(|stage| first_failing(record, stage));
        assert!(firsts.contains(&Some(gate)), "{} {firsts:?} {record:?}", record.reason);
        // "What else" is visible: gates after the failing one are there, too.
        assert!(record.checks.iter().any(|check| check.gate == "trend"));
    }
    for wanted in ["warming_up", "no_signal", "price_not_reached", "signal"] {
        assert!(reasons.contains_key(wanted), "{wanted} never came up in {reasons:?}");
    }
}

#[test]
fn s17_3_outcomes_agree_with_the_trades() {
    let run = run(&candles(), &settings(), true);
    let entered: Vec<_> =
        run.records.iter().filter(|record| record.outcome == DecisionOutcome::Enter).collect();
    assert_eq!(entered.len(), run.trades.len());
    let added = run.records.iter().filter(|record| record.outcome == DecisionOutcome::Add).count();
    let further: u32 = run.trades.iter().map(|trade| trade.entries - 1).sum();
    assert!(further > 0, "no leg of the sample has a further entry");
    assert_eq!(added, further as usize);
    for (record, trade) in entered.iter().zip(&run.trades) {
        assert_eq!(record.candle + Timeframe::H1.span(), trade.entry_time, "decided at the close before");
        assert_eq!(record.orders.len(), 1);
        assert_eq!(record.orders[0].quantity, trade.fills[0].quantity);
        assert_eq!(record.inputs.reference_age, Some(0));
    }
}

#[test]
fn s17_4_a_record_says_one_sentence() {
    let run = run(&candles(), &settings(), true);
    let record = run.records.iter().find(|r| r.reason == "no_signal" && r.inputs.p.is_some()).unwrap();
    let sentence = record.sentence();
    let one = |text: &Option<String>| format!("{:.1}", text.as_ref().unwrap().parse::<f64>().unwrap());
    let (p, c) = (one(&record.inputs.p), one(&record.inputs.c));
    assert!(sentence.starts_with("no long on BTC-USDT-SWAP "), "{sentence}");
    assert!(sentence.ends_with(&format!(": RSI {p} → {c} did not cross 30 (break_through)")), "{sentence}");
    for record in &run.records {
        let sentence = record.sentence();
        assert!(!sentence.contains('\n') && sentence.contains("BTC-USDT-SWAP"), "{sentence}");
        if record.outcome == DecisionOutcome::None && record.reason != "no_signal" {
            let told = sentence.contains(&record.reason) || record.reason.starts_with("below");
            assert!(told, "{sentence} does not tell {}", record.reason);
        }
    }
}

#[test]
fn v9_later_candles_change_no_record() {
    let all = candles();
    let half = all.len() / 2;
    let mut part = Candles::new(all.timeframe());
    all.iter().take(half).for_each(|candle| part.push(candle).unwrap());
    let (whole, part) = (run(&all, &settings(), true), run(&part, &settings(), true));
    let settled = part.records.len() - 1;
    assert_eq!(whole.records[..settled], part.records[..settled]);
    // The last trade of the part may have been closed by its end.
    let done = part.trades.iter().filter(|trade| trade.reason.code() != "backtest_end").count();
    assert_eq!(whole.trades[..done], part.trades[..done]);
}
