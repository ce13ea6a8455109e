//! The indicators against TA-Lib, a Pine runtime and two-pass references: every bar, every column.
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

use hyperrsi_core::indicator::{Indicator, Rsi};
use hyperrsi_core::model::Candle;
use study::{pairs, study};
use support::{Report, Table, Tolerance, candles, files, oracles};

#[derive(Clone, Copy, PartialEq)]
enum Source {
    TaLib,
    Pine,
    Reference,
}

/// From here on TA-Lib's other seeds no longer matter.
const SETTLED: usize = 250;

#[test]
fn indicators_match_on_every_bar() {
    let Some(folder) = oracles() else { return };
    let mut report = Report::default();
    for path in files(&folder.join("indicators")) {
        let table = Table::read(&path);
        let stem = table.name.trim_end_matches(".csv");
        let (series, source) = stem.split_once('.').unwrap_or_else(|| panic!("{stem}: made by what?"));
        let source = match source {
            "talib" => Source::TaLib,
            "pine" => Source::Pine,
            "ref" => Source::Reference,
            other => panic!("{stem}: unknown source {other}"),
        };
        let candles = candles(&folder, series);
        assert_eq!(table.times(), candles.iter().map(|c| c.open_time).collect::<Vec<_>>(), "{stem}");
        report.files += 1;
        for (column, expected) in &table.columns {
            if column != "ts_ms" {
                report.columns += 1;
                compare(stem, source, column, expected, &candles, &mut report);
            }
        }
    }
    report.finish("indicators");
}

fn compare(
    stem: &str,
    source: Source,
    column: &str,
    expected: &[Option<f64>],
    candles: &[Candle],
    report: &mut Report,
) {
    let tie = if source == Source::TaLib { 0.0 } else { 1e-12 };
    let mut study = study(column, tie).unwrap_or_else(|| panic!("{stem}: unknown column {column}"));
    let mut excuse = excuse(source, column);
    for (row, (candle, &wanted)) in candles.iter().zip(expected).enumerate() {
        let got = study(candle);
        let excused = excuse(candle, wanted);
        report.values += 1;
        if excused {
            report.excused += 1;
        } else if !accepts(source, column, row, candle, got, wanted) {
            report.differ(|| format!("{stem} row {row} {column}: got {got:?}, expected {wanted:?}"));
        }
    }
}

fn accepts(
    source: Source,
    column: &str,
    row: usize,
    candle: &Candle,
    got: Option<f64>,
    wanted: Option<f64>,
) -> bool {
    let words: Vec<&str> = column.split('_').collect();
    let price = Tolerance::relative(1e-10);
    let points = Tolerance::absolute(1e-8);
    let of_price = |share: f64| Tolerance::absolute(share * candle.close);
    let settled = row >= SETTLED;
    let tolerance = match (words[0], source) {
        // TA-Lib has no range on the first bar and starts its average one bar later.
        ("tr", Source::TaLib) if row == 0 => return wanted.is_none() && got.is_some(),
        ("atr", Source::TaLib) if wanted.is_none() => return !settled,
        ("atr", Source::TaLib) => of_price(if settled { 1e-10 } else { 2e-3 }),
        // TA-Lib seeds the sums of movements differently.
        ("plus" | "minus" | "adx", Source::TaLib) => Tolerance::absolute(1e-8 + forgotten(row)),
        // TA-Lib gives line and signal together, and seeds the fast average later.
        ("macd", Source::TaLib) if wanted.is_none() => return row < 33,
        ("macd", Source::TaLib) if !settled => of_price(3e-3),
        ("macd", _) => of_price(1e-12),
        ("rsi" | "plus" | "minus" | "adx", _) => points,
        ("stdev", Source::Pine | Source::TaLib) => of_price(1e-9),
        ("stdev", Source::Reference) => Tolerance::relative(1e-9),
        ("bb", _) if words[1] != "mid" => of_price(1e-9),
        ("pivothigh" | "pivotlow" | "crossover" | "crossunder" | "rising" | "falling" | "close", _) => {
            Tolerance::EXACT
        }
        _ => price,
    };
    tolerance.accepts(got, wanted)
}

/// What is left of another seed after `row` bars of two of Wilder's averages of 14, one over the other, in points.
fn forgotten(row: usize) -> f64 {
    let bars = f64::from(u32::try_from(row).expect("few rows"));
    (13.0_f64 / 14.0).powf(bars) * (3.0 + bars)
}

/// Whether an expected value is a known, deliberate difference.
type Excuse = Box<dyn FnMut(&Candle, Option<f64>) -> bool>;

/// The deliberate differences, as narrow as they are: `true` where the other software answers differently by its rules.
fn excuse(source: Source, column: &str) -> Excuse {
    if let Some(length) = column.strip_prefix("rsi_") {
        let mut rsi = Rsi::new(length.parse().expect("a length")).expect("a length");
        return Box::new(move |candle, wanted| {
            rsi.update(candle.close);
            let Some((gain, loss)) = rsi.averages() else { return false };
            wanted
                == match source {
                    // Averages up to 1e-10 count as nothing, the losses first: all but flat is 100.
                    Source::Pine if loss <= 1e-10 => Some(100.0),
                    Source::Pine if gain <= 1e-10 => Some(0.0),
                    // No movement at all is 0; we say 50.
                    Source::TaLib if gain + loss < 1e-14 => Some(0.0),
                    _ => return false,
                }
        });
    }
    if let Some(mut pairs) = pairs(column).filter(|_| source == Source::Pine) {
        // Pine takes prices up to 1e-10 apart for equal.
        let close = |(a, b): (f64, f64)| (a - b).abs() <= 1e-10;
        return Box::new(move |candle, _| {
            pairs(candle).is_some_and(|pair| close(pair.now) || close(pair.before))
        });
    }
    Box::new(|_, _| false)
}
