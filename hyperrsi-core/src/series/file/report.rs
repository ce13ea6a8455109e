use super::error::Place;
use crate::model::{Timeframe, Timestamp};
use std::fmt;

/// A row that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BadRow {
    /// Where it stands.
    pub place: Place,
    /// Why it makes no candle.
    pub reason: String,
}

/// What was loaded and what was mended on the way. Its `Display` has one line per kind.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadReport {
    /// The name of the file.
    pub file: String,
    /// The timeframe given or found.
    pub timeframe: Timeframe,
    /// Candles loaded.
    pub rows: usize,
    /// When the first candle opened.
    pub first: Timestamp,
    /// When the last candle opened.
    pub last: Timestamp,
    /// Holes: the first missing open time, and how many candles are missing in a row.
    pub gaps: Vec<(Timestamp, usize)>,
    /// Rows left out because another candle had the same time.
    pub duplicates_dropped: usize,
    /// Whether rows had to be brought into order.
    pub sorted: bool,
    /// Rows left out because they make no candle.
    pub bad_rows_dropped: usize,
    /// The first few of them.
    pub bad_rows: Vec<BadRow>,
}

impl LoadReport {
    /// How many bad rows are remembered one by one.
    pub(super) const REMEMBERED: usize = 5;

    pub(super) fn new(file: &str) -> Self {
        Self {
            file: file.into(),
            timeframe: Timeframe::M1,
            rows: 0,
            first: Timestamp::EPOCH,
            last: Timestamp::EPOCH,
            gaps: Vec::new(),
            duplicates_dropped: 0,
            sorted: false,
            bad_rows_dropped: 0,
            bad_rows: Vec::new(),
        }
    }

    /// How many candles are missing in all holes together.
    pub fn missing(&self) -> usize {
        self.gaps.iter().map(|(_, missing)| missing).sum()
    }
}

impl fmt::Display for LoadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, timeframe, rows, first, last, .. } = self;
        write!(f, "{file}: {rows} candles of {timeframe}, {first} to {last}")?;
        if let Some((time, longest)) = self.gaps.iter().max_by_key(|(time, n)| (*n, -time.millis())) {
            let (missing, holes) = (self.missing(), self.gaps.len());
            let gaps = if holes == 1 { "gap" } else { "gaps" };
            write!(f, "\ncandles missing: {missing} in {holes} {gaps}, the longest {longest} from {time}")?;
        }
        if self.duplicates_dropped > 0 {
            write!(f, "\nduplicates dropped: {}", self.duplicates_dropped)?;
        }
        if self.sorted {
            f.write_str("\nrows out of order: sorted by time")?;
        }
        if self.bad_rows_dropped > 0 {
            write!(f, "\nbad rows dropped: {}", self.bad_rows_dropped)?;
            for (i, BadRow { place, reason }) in self.bad_rows.iter().enumerate() {
                write!(f, "{}{reason}", if i == 0 { ": " } else { "; " })?;
                match place {
                    Place::Line(n) => write!(f, " (line {n})")?,
                    Place::Row(n) => write!(f, " (row {n})")?,
                    Place::File => {}
                }
            }
            if self.bad_rows_dropped > self.bad_rows.len() {
                f.write_str("; ...")?;
            }
        }
        Ok(())
    }
}
