//! Candle files: CSV in the layouts exchanges use, plain or compressed, and Parquet.
//!
//! [`Load`] names a file and what may be mended; it gives [`Loaded`]: the [`Candles`] and a [`LoadReport`] of every gap
//! and repair. The way of a row: bytes are unpacked (by content, not by file name), cut into blocks of lines, parsed
//! by the layout of the header, checked one by one, put in order, and checked against the timeframe. Nothing is
//! skipped silently: what is not repaired on request is a [`CandleFileError`] with the line and what to do.
//!
//! | accepted | |
//! |---|---|
//! | format | CSV, plain or packed with gzip or zstd; with the feature `parquet`, Parquet (integer or timestamp times, float or integer numbers) |
//! | delimiters | `,` `;` tab and a vertical bar; quoted fields, CRLF, a byte order mark, remarks above the header |
//! | time | seconds, milliseconds, microseconds, nanoseconds since 1970 (told by magnitude, or `.._ms` by name), ISO 8601; without offset in UTC |
//! | columns | by name and in any order, further ones ignored: `ts_ms`, `open_time`, `startTime`, `timestamp`, `unix`, `date`, ...; `open`, `high`, `low`, `close`; `volume`, `vol`, `Volume BTC` |
//! | without header | 6 columns; 7 of Kraken and Bybit; 9 of OKX; 11 or 12 of Binance |
//!
//! ```
//! use hyperrsi_core::model::Timeframe;
//! use hyperrsi_core::series::file::{Load, Repair};
//! let text = "ts_ms,open,high,low,close,volume\n\
//!     1640995200000,46197,46390,46195,46336,36\n\
//!     1640995500000,46336,46542,46287,46402,20\n\
//!     1640996100000,46402,46500,46300,46350,18\n";
//! let strict = Load::new("btc.csv").read_from(text.as_bytes()).unwrap_err();
//! assert!(strict.to_string().contains("line 4: 1 candle of 5m missing from 2022-01-01T00:10:00Z"));
//!
//! let loaded = Load::new("btc.csv").repair(Repair::keep_gaps()).read_from(text.as_bytes())?;
//! assert_eq!(loaded.candles.timeframe(), Timeframe::M5);
//! assert_eq!(loaded.candles.closes(), [46336.0, 46402.0, 46350.0]);
//! assert_eq!(loaded.report.missing(), 1);
//! # Ok::<(), hyperrsi_core::series::file::CandleFileError>(())
//! ```

mod clock;
mod error;
mod funding;
mod intake;
mod layout;
mod number;
#[cfg(feature = "parquet")]
mod parquet;
mod repair;
mod report;
mod source;
mod text;
mod write;

pub use error::{CandleFileError, Column, Place, Problem};
pub use funding::{FundingFileError, load_funding, read_funding};
#[cfg(feature = "parquet")]
pub use parquet::write_parquet;
pub use repair::{BadRowPolicy, DuplicatePolicy, GapPolicy, OrderPolicy, Repair};
pub use report::{BadRow, LoadReport};
pub use write::write_csv;

use super::Candles;
use crate::model::Timeframe;
use error::Fail;
use source::Content;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

/// The candles of a file and what happened while loading them.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Loaded {
    /// The candles, at least one.
    pub candles: Candles,
    /// Gaps, and everything that was mended.
    pub report: LoadReport,
}

/// Loads a candle file, accepting gaps and nothing else that is odd; print the report to see them.
///
/// # Errors
/// Says which line is wrong and what to do; see [`Problem`].
///
/// ```no_run
/// let loaded = hyperrsi_core::series::file::load("data/btcusdt-15m.csv.gz")?;
/// println!("{}", loaded.report);
/// # Ok::<(), hyperrsi_core::series::file::CandleFileError>(())
/// ```
pub fn load(path: impl AsRef<Path>) -> Result<Loaded, CandleFileError> {
    Load::new(path).repair(Repair::keep_gaps()).read()
}

/// A file to load and how. Strict unless told otherwise.
///
/// ```no_run
/// use hyperrsi_core::model::Timeframe;
/// use hyperrsi_core::series::file::{Column, Load, OrderPolicy, Repair};
/// let loaded = Load::new("data/Binance_BTCUSDT_1h.csv")
///     .timeframe(Timeframe::H1)
///     .column(Column::Volume, "Volume BTC")
///     .repair(Repair::keep_gaps().order(OrderPolicy::Sort))
///     .read()?;
/// println!("{}", loaded.report);
/// # Ok::<(), hyperrsi_core::series::file::CandleFileError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Load {
    path: PathBuf,
    timeframe: Option<Timeframe>,
    repair: Repair,
    columns: Vec<(Column, String)>,
}

/// [`Load`] as the readers see it.
struct Options<'a> {
    file: &'a str,
    timeframe: Option<Timeframe>,
    repair: Repair,
    columns: &'a [(Column, String)],
}

impl Load {
    /// The file at `path`. Compression and format are told by its content.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self { path: path.as_ref().into(), timeframe: None, repair: Repair::none(), columns: Vec::new() }
    }
    /// The timeframe of the candles; without it, the most common step between the first 1,024 rows.
    #[must_use]
    pub fn timeframe(mut self, timeframe: impl Into<Option<Timeframe>>) -> Self {
        self.timeframe = timeframe.into();
        self
    }
    /// What may be mended.
    #[must_use]
    pub fn repair(mut self, repair: Repair) -> Self {
        self.repair = repair;
        self
    }
    /// The name of a column in the header, where the library cannot know or would choose another.
    #[must_use]
    pub fn column(mut self, column: Column, name: impl Into<String>) -> Self {
        self.columns.push((column, name.into()));
        self
    }

    /// Reads the file.
    ///
    /// # Errors
    /// Says which line is wrong and what to do; see [`Problem`].
    pub fn read(&self) -> Result<Loaded, CandleFileError> {
        self.named(|options| {
            let mut file = File::open(&self.path).map_err(Problem::Io)?;
            let size = file.metadata().map_err(Problem::Io)?.len();
            let (content, _) = source::sniff(&mut file).map_err(Problem::Io)?;
            file.rewind().map_err(Problem::Io)?;
            match content {
                #[cfg(feature = "parquet")]
                Content::Parquet => parquet::read(file, options),
                _ => read(file, Some(size), options),
            }
        })
    }

    /// Reads from `reader` instead of the file; the path is only a name for messages then.
    ///
    /// # Errors
    /// Says which line is wrong and what to do; see [`Problem`].
    pub fn read_from(&self, reader: impl Read) -> Result<Loaded, CandleFileError> {
        self.named(|options| read(reader, None, options))
    }

    /// Runs `read` and adds the name of the file to its error.
    fn named(
        &self,
        read: impl FnOnce(&Options<'_>) -> Result<Loaded, Fail>,
    ) -> Result<Loaded, CandleFileError> {
        let file = self.path.to_string_lossy();
        let options =
            Options { file: &file, timeframe: self.timeframe, repair: self.repair, columns: &self.columns };
        read(&options).map_err(|fail| CandleFileError::new(&file, fail))
    }
}

/// Reads from the first byte; `size` is the length where known.
fn read(reader: impl Read, size: Option<u64>, options: &Options<'_>) -> Result<Loaded, Fail> {
    let (content, reader) = source::sniff(reader).map_err(Problem::Io)?;
    match content {
        Content::Text => text::read(reader, size, options),
        Content::Gzip => text::read(source::gzip(reader), None, options),
        Content::Zstd => text::read(source::zstd(reader), None, options),
        #[cfg(feature = "parquet")]
        Content::Parquet => {
            // The index of a Parquet file is at its end.
            let (mut reader, mut bytes) = (reader, Vec::new());
            reader.read_to_end(&mut bytes).map_err(Problem::Io)?;
            parquet::read(bytes::Bytes::from(bytes), options)
        }
        #[cfg(not(feature = "parquet"))]
        Content::Parquet => Err(Problem::ParquetDisabled.into()),
        Content::Zip => Err(Problem::Archive.into()),
    }
}
