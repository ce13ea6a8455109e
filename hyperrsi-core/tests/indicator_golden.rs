//! The indicators against TA-Lib on bundled candles: what a clone can check without the oracles. `scripts/golden.py`
//! makes the files.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise"
)]

#[path = "support/study.rs"]
mod study;
mod support;

use hyperrsi_core::model::Candle;
use std::path::Path;
use support::{Report, Table, Tolerance, files};

/// From here on TA-Lib's other seeds no longer matter.
fn settled(column: &str) -> usize {
    match column.split('_').next() {
        Some("atr" | "plus" | "minus" | "macd") => 300,
        Some("adx") => 400,
        Some("kama") => 700,
        _ => 0,
    }
}

fn tolerance(column: &str, close: f64) -> Tolerance {
    match column.split('_').next() {
        Some("rsi" | "plus" | "minus" | "adx") => Tolerance::absolute(1e-8),
        Some("stdev" | "bb" | "macd" | "atr" | "kama") => Tolerance::absolute(1e-9 * close),
        _ => Tolerance::relative(1e-10),
    }
}

#[test]
fn indicators_match_the_golden_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/golden");
    if !folder.is_dir() {
        println!("skipped: no golden files outside the repository");
        return;
    }
    let mut report = Report::default();
    for path in files(&folder) {
        let table = Table::read(&path);
        let price = |name: &str| table.column(name).iter().map(|x| x.expect("a price")).collect::<Vec<f64>>();
        let (high, low, close) = (price("high"), price("low"), price("close"));
        let times = table.times();
        let candles: Vec<Candle> = (0..table.len())
            .map(|row| Candle::new(times[row], close[row], high[row], low[row], close[row], 1.0))
            .collect();
        report.files += 1;
        for (column, expected) in &table.columns {
            if ["ts_ms", "high", "low", "close"].contains(&column.as_str()) {
                continue;
            }
            let mut study = study::study(column, 0.0).unwrap_or_else(|| panic!("unknown column {column}"));
            report.columns += 1;
            for (row, (candle, &wanted)) in candles.iter().zip(expected).enumerate() {
                let got = study(candle);
                if row < settled(column) {
                    report.excused += 1;
                } else {
                    report.values += 1;
                    if !tolerance(column, candle.close).accepts(got, wanted) {
                        report.differ(|| format!("row {row} {column}: got {got:?}, expected {wanted:?}"));
                    }
                }
            }
        }
    }
    report.finish("golden");
}
