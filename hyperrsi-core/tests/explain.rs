//! TRADING 17.4: every record of a real backtest is one readable sentence in both languages.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use hyperrsi_core::backtest::{Backtest, Config};
use hyperrsi_core::model::{Instrument, InstrumentId, Timeframe, Timestamp};
use hyperrsi_core::series::file::Load;
use hyperrsi_core::strategy::explain::{Language, sentence, sentence_about};
use hyperrsi_core::strategy::rsi_trend::settings::{Direction, EntryMode, Settings, Snapshot};
use hyperrsi_core::strategy::rsi_trend::{Hyperrsi, policy};
use hyperrsi_core::strategy::{DecisionOutcome, DecisionRecord, Stage};
use std::collections::BTreeMap;

fn records(change: impl FnOnce(&mut Settings)) -> Vec<DecisionRecord> {
    let candles =
        Load::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../data/btcusdt_1h.csv.gz")).read().unwrap();
    let instrument = Instrument::linear(InstrumentId::new("okx", "BTC-USDT-SWAP"), "BTC", "USDT");
    let mut settings = Settings::default();
    settings.market.timeframe = Timeframe::H1;
    settings.sl.enabled = true;
    change(&mut settings);
    let mut config = Config::new(instrument.clone());
    config.trader = policy(&settings, &instrument);
    config.trader.journal = false;
    config.record = Some((Timestamp::EPOCH, Timestamp::from_millis(i64::MAX)));
    let mut strategy = Hyperrsi::new(Snapshot::new(1, settings), &instrument).unwrap();
    Backtest::new(&candles.candles, config).unwrap().run(&mut strategy).unwrap().records
}

/// Names and codes that stay as they are in Korean.
fn without_names(text: &str) -> String {
    let mut depth = 0;
    let outside = |c: &char| {
        depth += i32::from(*c == '(');
        let keep = depth == 0;
        depth -= i32::from(*c == ')');
        keep
    };
    let text: String = text.chars().filter(outside).collect();
    text.replace("BTC-USDT-SWAP", "").replace("RSI", "")
}

fn assert_readable(text: &str, language: Language) {
    assert!(!text.is_empty() && !text.contains(['\n', '{', '}', '"']) && !text.contains("  "), "{text}");
    assert!(text.contains("BTC-USDT-SWAP 2024-"), "{text}");
    let longest = text.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap();
    assert!(longest <= 8, "a number is not rounded for reading: {text}");
    if language == Language::Korean {
        let rest = without_names(text);
        assert!(!rest.chars().any(|c| c.is_ascii_alphabetic()), "English is left in: {text}");
        assert!(rest.chars().any(|c| ('가'..='힣').contains(&c)), "{text}");
    }
}

#[test]
fn every_record_reads_well_in_every_language() {
    let runs = [
        records(|_| ()),
        records(|settings| {
            settings.entry.mode = EntryMode::Inflection;
            settings.extra.limit = 1; // nothing to wait for with an open leg
        }),
        records(|settings| {
            settings.entry.mode = EntryMode::InflectionBreakThrough;
            settings.entry.direction = Direction::Short;
        }),
        records(|settings| {
            settings.entry.mode = EntryMode::Beyond;
            settings.sizing.btc = hyperrsi_core::dec!(3000); // more margin than there is, after the first loss
        }),
    ];
    let mut outcomes = BTreeMap::new();
    for record in runs.iter().flatten() {
        *outcomes.entry((record.outcome, record.reason.as_str())).or_insert(0) += 1;
        for language in Language::ALL {
            assert_readable(&sentence(record, *language), *language);
            for stage in [Stage::FirstEntryLong, Stage::FirstEntryShort, Stage::TrendExit] {
                let about = sentence_about(record, stage, *language);
                let failed = record.checks.iter().any(|check| check.stage == stage && !check.ok);
                assert_eq!(about.is_some(), failed);
                about.inspect(|text| assert_readable(text, *language));
            }
        }
    }
    for wanted in [
        (DecisionOutcome::Enter, "signal"),
        (DecisionOutcome::Add, "signal"),
        (DecisionOutcome::Close, "trend_reversal"),
        (DecisionOutcome::None, "price_not_reached"),
        (DecisionOutcome::None, "no_signal"),
        (DecisionOutcome::None, "main_leg_open"),
        (DecisionOutcome::None, "trend_blocked"),
        (DecisionOutcome::None, "warming_up"),
    ] {
        assert!(outcomes.contains_key(&wanted), "{wanted:?} never came up in {outcomes:?}");
    }
}

/// What a sentence says of the RSI is true of the record: "did not cross" stands only where the rule says so.
#[test]
fn a_sentence_about_the_signal_agrees_with_the_numbers() {
    let mut seen = 0;
    for record in records(|_| ()) {
        let (Some(p), Some(c)) = (&record.inputs.p, &record.inputs.c) else { continue };
        let (p, c): (f64, f64) = (p.parse().unwrap(), c.parse().unwrap());
        let text = sentence(&record, Language::English);
        let crossed = (p > 30.0 && c <= 30.0, p < 70.0 && c >= 70.0); // TRADING 3, break_through
        if text.contains("did not cross 30") {
            assert!(!crossed.0, "{text}");
            seen += 1;
        }
        if text.contains(" crossed 30 upwards, not downwards") {
            assert!(p < 30.0 && c >= 30.0, "{text}");
            continue;
        }
        if text.contains(" crossed 30") {
            assert!(
                crossed.0 && (text.starts_with("entered long") || text.starts_with("added to the long")),
                "{text}"
            );
            seen += 1;
        }
        if text.contains(" crossed 70 downwards, not upwards") {
            assert!(p > 70.0 && c <= 70.0, "{text}");
            continue;
        }
        if text.contains(" crossed 70") {
            assert!(
                crossed.1 && (text.starts_with("entered short") || text.starts_with("added to the short")),
                "{text}"
            );
            seen += 1;
        }
    }
    assert!(seen > 1000, "{seen}");
}
