//! Reads the indicator oracles: CSV files of columns made by other software.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

mod oracles;

use hyperrsi_core::model::{Candle, Timeframe, Timestamp};
use std::path::{Path, PathBuf};

/// The folder `indicators` of the oracles, if it is there.
pub fn oracles() -> Option<PathBuf> {
    oracles::folder("indicators")
}

/// A CSV file by column; an empty cell is `None`.
pub struct Table {
    pub name: String,
    pub columns: Vec<(String, Vec<Option<f64>>)>,
}

impl Table {
    pub fn read(path: &Path) -> Self {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text =
            std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut lines = text.lines();
        let mut columns: Vec<(String, Vec<Option<f64>>)> = lines
            .next()
            .expect("a header")
            .split(',')
            .map(|name| (name.trim().to_owned(), Vec::new()))
            .collect();
        for (row, line) in lines.enumerate() {
            let cells: Vec<&str> = line.split(',').collect();
            assert_eq!(cells.len(), columns.len(), "{name} row {row}");
            for (cell, (column, values)) in cells.iter().zip(&mut columns) {
                let cell = cell.trim();
                values.push((!cell.is_empty()).then(|| {
                    cell.parse()
                        .unwrap_or_else(|_| panic!("{name} row {row} {column}: {cell:?} is no number"))
                }));
            }
        }
        Self { name, columns }
    }

    pub fn column(&self, name: &str) -> &[Option<f64>] {
        self.find(name).unwrap_or_else(|| panic!("{} has no column {name}", self.name))
    }

    pub fn find(&self, name: &str) -> Option<&[Option<f64>]> {
        self.columns.iter().find(|(column, _)| column == name).map(|(_, values)| values.as_slice())
    }

    pub fn len(&self) -> usize {
        self.columns.first().map_or(0, |(_, values)| values.len())
    }

    pub fn candles(&self) -> Vec<Candle> {
        let cell = |name: &str, row: usize| self.column(name)[row].expect("candles have no empty cells");
        let times = self.times();
        (0..self.len())
            .map(|row| {
                let [open, high, low, close, volume] =
                    ["open", "high", "low", "close", "volume"].map(|name| cell(name, row));
                Candle::new(times[row], open, high, low, close, volume)
            })
            .collect()
    }

    #[expect(clippy::cast_possible_truncation, reason = "milliseconds are whole and far below 2^53")]
    pub fn times(&self) -> Vec<Timestamp> {
        self.column("ts_ms").iter().map(|ms| Timestamp::from_millis(ms.expect("a time") as i64)).collect()
    }
}

/// The candles of a series, such as `btcperp_1m`.
pub fn candles(folder: &Path, series: &str) -> Vec<Candle> {
    Table::read(&folder.join("candles").join(format!("{series}.csv"))).candles()
}

/// Every CSV file of a folder, in order of name.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .map(|entries| entries.map(|entry| entry.expect("a readable folder").path()).collect())
        .unwrap_or_default();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "csv"));
    files.sort();
    files
}

/// The timeframe at the end of a series' name: `btcperp_15m` is 15m.
pub fn timeframe(series: &str) -> Timeframe {
    let (_, text) = series.rsplit_once('_').unwrap_or_else(|| panic!("{series} names no timeframe"));
    text.parse().unwrap_or_else(|error| panic!("{series}: {error}"))
}

/// How far a value may be off: `absolute + relative * |expected|`.
#[derive(Clone, Copy, Debug)]
pub struct Tolerance {
    pub absolute: f64,
    pub relative: f64,
}

impl Tolerance {
    pub const EXACT: Self = Self { absolute: 0.0, relative: 0.0 };

    pub const fn absolute(absolute: f64) -> Self {
        Self { absolute, relative: 0.0 }
    }

    pub const fn relative(relative: f64) -> Self {
        Self { absolute: 0.0, relative }
    }

    /// Whether both are missing, or both are there and close enough.
    pub fn accepts(self, got: Option<f64>, expected: Option<f64>) -> bool {
        match (got, expected) {
            (None, None) => true,
            (Some(got), Some(expected)) => {
                (got - expected).abs() <= self.absolute + self.relative * expected.abs()
            }
            _ => false,
        }
    }
}

/// Counts what was compared and keeps the first differences for the message.
#[derive(Default)]
pub struct Report {
    pub files: usize,
    pub columns: usize,
    pub values: usize,
    pub excused: usize,
    wrong: usize,
    first: Vec<String>,
}

impl Report {
    pub fn differ(&mut self, what: impl FnOnce() -> String) {
        self.wrong += 1;
        if self.first.len() < 40 {
            self.first.push(what());
        }
    }

    pub fn finish(self, name: &str) {
        println!(
            "{name}: {} files, {} columns, {} values compared, {} excused, {} differ",
            self.files, self.columns, self.values, self.excused, self.wrong
        );
        assert!(self.files > 0, "{name}: no oracle file was found");
        assert!(self.wrong == 0, "{name}: {} values differ\n{}", self.wrong, self.first.join("\n"));
    }
}
