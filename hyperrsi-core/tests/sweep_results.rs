//! The file of a sweep: what it says, and what happens to it when a sweep dies, is repeated, or is repeated wrongly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use hyperrsi_core::backtest::sweep::subject::Threshold;
use hyperrsi_core::backtest::sweep::{
    self, Fingerprint, Found, Metric, Results, ResultsError, Row, Search, Space,
};
use hyperrsi_core::backtest::{Config, Resampled};
use hyperrsi_core::model::{Candle, Instrument, InstrumentId, Timeframe, Timestamp};
use hyperrsi_core::series::Candles;
use std::collections::BTreeSet;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

fn candles(last: f64) -> Candles {
    let mut candles = Candles::new(Timeframe::M15);
    for index in 0..1_200_i64 {
        let close = 100.0 + 8.0 * (index as f64 / 13.0).sin() + (index as f64 / 3.0).cos();
        let close = if index == 1_199 { last } else { close };
        let (high, low) = (close.max(100.0) + 20.0, close.min(100.0) - 20.0);
        let time = Timestamp::from_millis(index * 900_000);
        let flat = index < 1_199;
        let (high, low) = if flat { (close + 0.6, close - 0.6) } else { (high, low) };
        candles.push(Candle::new(time, close, high, low, close, 1.0)).unwrap();
    }
    candles
}

fn config() -> Config {
    Config::new(Instrument::linear(InstrumentId::new("sim", "BTCUSDT"), "BTC", "USDT"))
}

fn space(level: &str) -> Space {
    let mut space = Space::new(serde_json::Map::new());
    for axis in ["rsi_length=5,14", level] {
        space.add(axis.parse().unwrap()).unwrap();
    }
    space
}

const LEVELS: &str = "level=25,30,400"; // the last one is refused

fn fingerprint(candles: &Candles, space: &Space) -> Fingerprint {
    Fingerprint::new(&Threshold::new(config(), Timeframe::M15), &config(), space, candles)
}

/// Runs what is not done; gives the rows that were run.
fn sweep(results: &mut Results, candles: &Candles, space: &Space, done: &BTreeSet<u64>) -> Vec<Row> {
    let subject = Threshold::new(config(), Timeframe::M15);
    let mut rows = Vec::new();
    let shared = Resampled::new(candles);
    let stopped: ControlFlow<()> = sweep::run(&subject, space, Search::Grid, &shared, 2, done, &mut |row| {
        results.append(space, &row).unwrap();
        rows.push(row);
        ControlFlow::Continue(())
    });
    assert!(stopped.is_continue());
    rows.sort_by_key(|row| row.combo);
    rows
}

fn resume(path: &Path, candles: &Candles, space: &Space) -> Result<(Results, Found, Vec<Row>), ResultsError> {
    let mut rows = Vec::new();
    let (results, found) =
        Results::resume(path, space, fingerprint(candles, space), &mut |row| rows.push(row))?;
    rows.sort_by_key(|row| row.combo);
    Ok((results, found, rows))
}

#[test]
fn what_is_read_back_is_what_was_run() {
    let (folder, candles, space) = (tempfile::tempdir().unwrap(), candles(100.0), space(LEVELS));
    for name in ["a.csv", "a.jsonl"] {
        let path = folder.path().join(name);
        let mut results = Results::create(&path, &space, fingerprint(&candles, &space)).unwrap();
        let made = sweep(&mut results, &candles, &space, &BTreeSet::new());
        drop(results);
        let (_, found, read) = resume(&path, &candles, &space).unwrap();
        assert_eq!((found.rows, found.torn), (6, 0));
        assert_eq!(read, made, "{name}");
        assert_eq!(made.iter().filter(|row| row.outcome.is_err()).count(), 2);
        assert!(made[0].outcome.as_ref().unwrap().get(Metric::Trades).unwrap() > 0.0);
    }
}

#[test]
fn a_sweep_that_died_anywhere_is_finished_by_resuming() {
    let (folder, candles, space) = (tempfile::tempdir().unwrap(), candles(100.0), space(LEVELS));
    for name in ["whole.csv", "whole.jsonl"] {
        let path = folder.path().join(name);
        let mut results = Results::create(&path, &space, fingerprint(&candles, &space)).unwrap();
        let all = sweep(&mut results, &candles, &space, &BTreeSet::new());
        drop(results);
        let whole = fs::read(&path).unwrap();
        // Every length in the last two lines, and some before: inside a number, after it, inside the header.
        let cuts = (whole.len() - 300..whole.len()).step_by(7).chain([0, 3, whole.len() / 2]);
        for cut in cuts {
            let torn = folder.path().join(format!("torn-{cut}-{name}"));
            fs::write(&torn, &whole[..cut]).unwrap();
            let (mut results, found, kept) = resume(&torn, &candles, &space).unwrap();
            let complete = whole[..cut].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            assert_eq!(found.torn, (cut - complete) as u64);
            let done: BTreeSet<u64> = kept.iter().map(|row| row.combo).collect();
            let run = sweep(&mut results, &candles, &space, &done);
            assert_eq!(kept.len() + run.len(), 6, "no combination is run twice");
            drop(results);
            assert_eq!(resume(&torn, &candles, &space).unwrap().2, all);
        }
    }
}

#[test]
fn other_candles_or_another_plan_are_refused_by_name() {
    let (folder, ours, space_) = (tempfile::tempdir().unwrap(), candles(100.0), space(LEVELS));
    for name in ["b.csv", "b.jsonl"] {
        let path = folder.path().join(name);
        let mut results = Results::create(&path, &space_, fingerprint(&ours, &space_)).unwrap();
        sweep(&mut results, &ours, &space_, &BTreeSet::new());
        drop(results);
        let before = fs::read(&path).unwrap();
        let error = resume(&path, &candles(101.0), &space_).unwrap_err();
        assert!(matches!(error, ResultsError::OtherCandles { .. }), "{error}");
        let error = resume(&path, &ours, &space("level=25,30,40")).unwrap_err();
        assert!(matches!(error, ResultsError::OtherPlan { .. }), "{error}");
        let error = resume(&path, &ours, &space("stop_percent=1,2,3")).unwrap_err();
        assert!(matches!(error, ResultsError::OtherPlan { .. }), "{error}");
        let error = Results::create(&path, &space_, fingerprint(&ours, &space_)).unwrap_err();
        assert!(error.to_string().ends_with("holds results already; resume, or name another file"));
        assert_eq!(fs::read(&path).unwrap(), before, "a refused file is left as it was");
    }
    let error = Results::create(Path::new("c.txt"), &space_, fingerprint(&ours, &space_)).unwrap_err();
    assert_eq!(error.to_string(), "c.txt: results are written as .csv or .jsonl");
}

#[test]
fn two_sweeps_do_not_write_one_file() {
    let (folder, candles, space) = (tempfile::tempdir().unwrap(), candles(100.0), space(LEVELS));
    let path = folder.path().join("d.csv");
    let first = Results::create(&path, &space, fingerprint(&candles, &space)).unwrap();
    let error = resume(&path, &candles, &space).unwrap_err();
    assert!(matches!(error, ResultsError::Busy { .. }), "{error}");
    drop(first);
    assert!(resume(&path, &candles, &space).is_ok());
}

#[test]
fn a_line_that_no_sweep_wrote_is_named() {
    let (folder, candles, space) = (tempfile::tempdir().unwrap(), candles(100.0), space(LEVELS));
    let path = folder.path().join("e.csv");
    let mut results = Results::create(&path, &space, fingerprint(&candles, &space)).unwrap();
    sweep(&mut results, &candles, &space, &BTreeSet::new());
    drop(results);
    let mut text = fs::read_to_string(&path).unwrap();
    text.push_str("hello\n");
    fs::write(&path, text).unwrap();
    let error = resume(&path, &candles, &space).unwrap_err().to_string();
    assert!(error.contains("e.csv, line 8: 1 cells instead of"), "{error}");
}
