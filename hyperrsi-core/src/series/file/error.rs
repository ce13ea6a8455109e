use crate::model::{Span, Timeframe, Timestamp};
use std::fmt;

/// A column that a candle file must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    /// When the candle opened.
    Time,
    /// First price.
    Open,
    /// Highest price.
    High,
    /// Lowest price.
    Low,
    /// Last price.
    Close,
    /// Volume in base units.
    Volume,
}

impl Column {
    /// All of them, in the order `write_csv` uses.
    pub const ALL: [Self; 6] = [Self::Time, Self::Open, Self::High, Self::Low, Self::Close, Self::Volume];
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Time => "time",
            Self::Open => "open",
            Self::High => "high",
            Self::Low => "low",
            Self::Close => "close",
            Self::Volume => "volume",
        })
    }
}

/// Where in a file something is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// No one place.
    File,
    /// A line of text, the first being 1.
    Line(u64),
    /// A row of a Parquet file, the first being 1.
    Row(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => Ok(()),
            Self::Line(line) => write!(f, ", line {line}"),
            Self::Row(row) => write!(f, ", row {row}"),
        }
    }
}

/// A candle file that could not be loaded: which file, where in it, what is wrong and what to do.
///
/// ```
/// use hyperrsi_core::series::file::{Load, Place, Problem};
/// let text = "ts,open,high,low,close,volume\n1633046400,10,12,9,eleven,5\n";
/// let error = Load::new("btc.csv").read_from(text.as_bytes()).unwrap_err();
/// assert_eq!(error.place(), Place::Line(2));
/// assert!(matches!(error.problem(), Problem::NotANumber { .. }));
/// assert!(error.to_string().starts_with("btc.csv, line 2: close is \"eleven\", which is not a number"));
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{file}{place}: {problem}")]
pub struct CandleFileError {
    file: Box<str>,
    place: Place,
    problem: Problem,
}

impl CandleFileError {
    pub(super) fn new(file: &str, fail: Fail) -> Self {
        Self { file: file.into(), place: fail.place, problem: fail.problem }
    }
    /// The name of the file.
    pub fn file(&self) -> &str {
        &self.file
    }
    /// Where in the file.
    pub const fn place(&self) -> Place {
        self.place
    }
    /// What is wrong.
    pub const fn problem(&self) -> &Problem {
        &self.problem
    }
}

/// A problem and its place, before the name of the file is added.
#[derive(Debug)]
pub(super) struct Fail {
    pub(super) place: Place,
    pub(super) problem: Problem,
}

impl From<Problem> for Fail {
    fn from(problem: Problem) -> Self {
        Self { place: Place::File, problem }
    }
}

/// What is wrong with a candle file. Every message ends with what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The operating system refused.
    #[error("{0}; check the path and the permissions")]
    Io(std::io::Error),
    /// There is nothing in it.
    #[error(
        "the file is empty; expected a header such as ts_ms,open,high,low,close,volume and candles below it"
    )]
    Empty,
    /// There is a header and nothing below it.
    #[error("there is a header but no candle below it; download the candles again")]
    HeaderOnly,
    /// A compressed file ends before its data does.
    #[error("the {format} data ends too early; download or copy the file again")]
    Truncated {
        /// The compression.
        format: &'static str,
    },
    /// A compressed or Parquet file is damaged.
    #[error("the {format} data is damaged ({cause}); download or copy the file again")]
    Damaged {
        /// The compression or file format.
        format: &'static str,
        /// What the decoder said.
        cause: String,
    },
    /// An archive of files.
    #[error("this is a zip archive; unpack it and load the candle file inside")]
    Archive,
    /// Not a format known here.
    #[error("this is neither text nor gzip, zstd or Parquet; export the candles as UTF-8 CSV")]
    NotText,
    /// A Parquet file, and the library was built without it.
    #[error("this is a Parquet file; enable the feature \"parquet\" of hyperrsi, or convert the file to CSV")]
    ParquetDisabled,
    /// A Parquet file with a compression that the library is not built with.
    #[error(
        "the compression of the Parquet file is not supported ({cause}); write it with zstd, snappy or none"
    )]
    ParquetCodec {
        /// What the decoder said.
        cause: String,
    },
    /// A line that cannot be a candle.
    #[error("a line is longer than {limit} bytes; export the candles as CSV with one candle per line")]
    LineTooLong {
        /// The longest line accepted.
        limit: usize,
    },
    /// The header lacks columns.
    #[error(
        "no column for {}; found {}; expected time (ts_ms, timestamp, open_time, date, ...), open, high, low, close \
         and volume: rename the columns or name them with Load::column",
        list(missing),
        list(found)
    )]
    MissingColumns {
        /// What is missing.
        missing: Vec<Column>,
        /// The names in the header.
        found: Vec<String>,
    },
    /// A Parquet column of a type that cannot be read.
    #[error(
        "the column for {column} has a type that cannot be read; write times as integers or timestamps and numbers as \
         doubles"
    )]
    ColumnType {
        /// The column.
        column: Column,
    },
    /// Several columns could be meant.
    #[error("{} could each be {column}; say which is meant with Load::column", list(candidates))]
    AmbiguousColumn {
        /// What is looked for.
        column: Column,
        /// The names that fit.
        candidates: Vec<String>,
    },
    /// Rows without a header, in no known layout.
    #[error(
        "there is no header and {fields} fields per row is no known layout (6: time,open,high,low,close,volume; 7: \
         Kraken, Bybit; 9: OKX; 11 or 12: Binance); add a header line with the column names"
    )]
    UnknownLayout {
        /// Fields in the first row.
        fields: usize,
    },
    /// A row is too short.
    #[error(
        "the row has {found} fields and needs {expected}; complete or remove it, or load with bad_rows(Drop)"
    )]
    TooFewFields {
        /// Fields in the row.
        found: usize,
        /// Fields up to the last one needed.
        expected: usize,
    },
    /// A field is empty.
    #[error("{column} is empty; fill it in or remove the row, or load with bad_rows(Drop)")]
    EmptyField {
        /// The column.
        column: Column,
    },
    /// Text where a number belongs.
    #[error(
        "{column} is {text:?}, which is not a number; correct it or remove the row, or load with bad_rows(Drop)"
    )]
    NotANumber {
        /// The column.
        column: Column,
        /// What stands there, shortened.
        text: String,
    },
    /// NaN or infinite.
    #[error(
        "{column} is {text:?}, not a finite number; correct it or remove the row, or load with bad_rows(Drop)"
    )]
    NotFinite {
        /// The column.
        column: Column,
        /// What stands there, shortened.
        text: String,
    },
    /// Not a time.
    #[error(
        "the time {text:?} is neither a count since 1970 nor a date such as 2024-01-31T12:00:00Z; correct it or \
         remove the row, or load with bad_rows(Drop)"
    )]
    NotATime {
        /// What stands there, shortened.
        text: String,
    },
    /// The form of the times changes within the file.
    #[error(
        "the time {text:?} is {found} while the rows before have {expected}; write all times in one form"
    )]
    MixedTimes {
        /// What stands there, shortened.
        text: String,
        /// Its form.
        found: &'static str,
        /// The form of the first row.
        expected: &'static str,
    },
    /// The numbers make no candle.
    #[error(
        "the candle at {time} is unusable: {fault}; correct it or remove the row, or load with bad_rows(Drop)"
    )]
    Fault {
        /// When it opened.
        time: Timestamp,
        /// What is wrong.
        fault: &'static str,
    },
    /// The candle had not closed when it was recorded.
    #[error("the candle at {time} is not confirmed as closed; remove the row, or load with bad_rows(Drop)")]
    Unfinished {
        /// When it opened.
        time: Timestamp,
    },
    /// Newest first.
    #[error(
        "the file is sorted descending, newest candle first; load with order(Sort), or sort the file by time"
    )]
    Descending,
    /// Out of order.
    #[error(
        "the candle at {time} comes after the one at {last}; load with order(Sort), or sort the file by time"
    )]
    Unsorted {
        /// When it opened.
        time: Timestamp,
        /// When the one before it opened.
        last: Timestamp,
    },
    /// A candle twice.
    #[error(
        "a second candle at {time}; remove one, or load with duplicates(KeepFirst) or duplicates(KeepLast)"
    )]
    Duplicate {
        /// When it opened.
        time: Timestamp,
    },
    /// Candles are missing.
    #[error(
        "{} of {timeframe} missing from {time}; download them, or load with gaps(Keep) to accept and report holes",
        candles(*missing)
    )]
    Gap {
        /// The first missing open time.
        time: Timestamp,
        /// How many are missing in a row.
        missing: usize,
        /// The timeframe of the file.
        timeframe: Timeframe,
    },
    /// Off the grid of the timeframe.
    #[error(
        "the candle at {time} does not open on a {timeframe} boundary (UTC); correct the time or the timeframe, or \
         load with bad_rows(Drop)"
    )]
    Misaligned {
        /// When it opened.
        time: Timestamp,
        /// The timeframe of the file.
        timeframe: Timeframe,
    },
    /// Too few rows to tell.
    #[error("one candle does not show its timeframe; give it with Load::timeframe")]
    NoTimeframe,
    /// The steps between rows do not agree.
    #[error(
        "the timeframe is unclear: the smallest step between rows is {}, the most common {}; give it with \
         Load::timeframe", length(*smallest), length(*common)
    )]
    AmbiguousTimeframe {
        /// The smallest step.
        smallest: Span,
        /// The most common step.
        common: Span,
    },
    /// A timeframe the library does not have.
    #[error(
        "the rows are {} apart, which is no known timeframe; use one of 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 2d \
         3d 1w", length(*step)
    )]
    UnknownTimeframe {
        /// The step between rows.
        step: Span,
    },
    /// Not the timeframe that was asked for.
    #[error(
        "the candles are {found} candles, not {asked}; load with timeframe {found} and use series::aggregate::resample if a \
         longer one is needed"
    )]
    WrongTimeframe {
        /// What was asked for.
        asked: Timeframe,
        /// What the rows show.
        found: Timeframe,
    },
    /// Every row was dropped.
    #[error(
        "none of the {dropped} rows is usable, the first because: {first}; check that this is a candle file"
    )]
    NothingUsable {
        /// How many rows were dropped.
        dropped: usize,
        /// Why the first was.
        first: String,
    },
}

fn list<T: fmt::Display>(items: &[T]) -> String {
    if items.is_empty() {
        "nothing".into()
    } else {
        items.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
    }
}

fn candles(count: usize) -> String {
    if count == 1 { "1 candle".into() } else { format!("{count} candles") }
}

fn length(span: Span) -> String {
    let millis = span.millis();
    if millis % 60_000 == 0 {
        format!("{} min", millis / 60_000)
    } else if millis % 1_000 == 0 {
        format!("{} s", millis / 1_000)
    } else {
        format!("{millis} ms")
    }
}

/// Enough of a cell to recognise it in a message.
pub(super) fn excerpt(cell: &str) -> String {
    match cell.char_indices().nth(40) {
        Some((end, _)) => format!("{}...", cell.get(..end).unwrap_or_default()),
        None => cell.into(),
    }
}
