use super::super::EquityCurve;
use super::lines;
use super::table::Table;
use crate::position::Trade;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Why an export was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The ending names no format.
    #[error("{path}: the ending says how to write; use .csv, .json or .parquet")]
    Ending {
        /// The file.
        path: PathBuf,
    },
    /// Parquet was left out of the build.
    #[error("{path}: this build writes no Parquet; build with the feature parquet, or use .csv or .json")]
    NoParquet {
        /// The file.
        path: PathBuf,
    },
    /// The system refused.
    #[error("{path}: {cause}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
}

enum Format {
    Csv,
    Json,
    #[cfg(feature = "parquet")]
    Parquet,
}

/// Writes one row for each trade: `entry_time`, `exit_time`, `side`, prices, quantity, fees, `net_pnl`, `reason` and so
/// on. The ending of `path` says how:
///
/// | ending | times | money |
/// |---|---|---|
/// | `.csv` | ISO 8601 in UTC with milliseconds | every digit |
/// | `.json` | UTC milliseconds; one array of objects | every digit |
/// | `.parquet` (feature `parquet`) | timestamps of milliseconds, UTC | 64-bit floats |
///
/// The file is there whole or not at all.
///
/// # Errors
/// [`ExportError`] for another ending, or what the system says.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("trades.csv");
/// hyperrsi_core::backtest::save_trades(&[], &path)?;
/// assert!(std::fs::read_to_string(&path)?.starts_with("entry_time,exit_time,side,"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn save_trades(trades: &[Trade], path: &Path) -> Result<(), ExportError> {
    save(path, || Table::of_trades(trades))
}

/// Writes one row for each candle: `close_time`, `equity` and `drawdown_percent`, in the format that the ending of `path`
/// names as in [`save_trades`]. `initial_balance` is the first peak.
///
/// # Errors
/// As [`save_trades`].
pub fn save_equity(curve: &EquityCurve, initial_balance: f64, path: &Path) -> Result<(), ExportError> {
    save(path, || Table::of_equity(curve, initial_balance))
}

fn save(path: &Path, table: impl FnOnce() -> Table) -> Result<(), ExportError> {
    let format = match path.extension().and_then(|ending| ending.to_str()) {
        Some("csv") => Format::Csv,
        Some("json") => Format::Json,
        #[cfg(feature = "parquet")]
        Some("parquet") => Format::Parquet,
        #[cfg(not(feature = "parquet"))]
        Some("parquet") => return Err(ExportError::NoParquet { path: path.to_owned() }),
        _ => return Err(ExportError::Ending { path: path.to_owned() }),
    };
    let table = table();
    write_whole(path, &mut |out| match format {
        Format::Csv => lines::csv(&table, out),
        Format::Json => lines::json(&table, out),
        #[cfg(feature = "parquet")]
        Format::Parquet => super::parquet::parquet(&table, out),
    })
    .map_err(|cause| ExportError::Io { path: path.to_owned(), cause })
}

/// Writes beside the file and renames: readers see the old file or the new one, never half of it.
fn write_whole(path: &Path, write: &mut dyn FnMut(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = PathBuf::from(name);
    let written = File::create(&part).and_then(|file| {
        let mut out = BufWriter::new(file);
        write(&mut out)?;
        out.flush()?;
        out.get_ref().sync_all()
    });
    let done = written.and_then(|()| fs::rename(&part, path));
    if done.is_err() {
        let _ = fs::remove_file(&part); // nothing is left behind; the first error is the one to tell
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_there_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/equity.csv");
        let curve = EquityCurve { times: vec![60_000, 120_000], equity: vec![128.0, 96.0] };
        save_equity(&curve, 100.0, &path).unwrap();
        let text = "close_time,equity,drawdown_percent\n\
                    1970-01-01T00:01:00.000Z,128.0,0.0\n1970-01-01T00:02:00.000Z,96.0,25.0\n";
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        let failed = write_whole(&path, &mut |out| {
            out.write_all(b"half")?;
            Err(io::Error::other("the disk is full"))
        });
        assert_eq!(failed.unwrap_err().to_string(), "the disk is full");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn an_ending_that_names_no_format_is_refused() {
        let error = save_trades(&[], Path::new("trades.xls")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "trades.xls: the ending says how to write; use .csv, .json or .parquet"
        );
        assert!(!Path::new("trades.xls").exists());
    }
}
