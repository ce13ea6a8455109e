//! Funding files: CSV, plain or packed with gzip or zstd, with a header that names time and rate.

use super::clock::{Clock, Unit};
use super::layout::{delimiter, fields, is_preamble, plain};
use super::source::{self, Content};
use crate::model::{Price, Timestamp};
use crate::series::{FundingError, FundingRates};
use rust_decimal::Decimal;
use std::io::Read;
use std::path::Path;

/// What is wrong with a funding file, where, and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FundingFileError {
    /// The operating system refused, or the compressed data is damaged.
    #[error("{file}: {error}; check the path, the permissions and the download")]
    Io {
        /// The file.
        file: String,
        /// What happened.
        error: std::io::Error,
    },
    /// Not a text file.
    #[error("{file}: this is no text; export the funding rates as UTF-8 CSV (plain, gzip or zstd)")]
    NotText {
        /// The file.
        file: String,
    },
    /// The header lacks a column.
    #[error(
        "{file}: no column for the {column} in \"{header}\"; expected ts_ms (fundingTime, calc_time, ...), rate \
         (fundingRate, last_funding_rate, ...) and, if known, mark (markPrice)"
    )]
    Column {
        /// The file.
        file: String,
        /// What is missing.
        column: &'static str,
        /// The first line.
        header: String,
    },
    /// There is no funding in it.
    #[error("{file}: there is no funding rate in it; download the rates again")]
    Empty {
        /// The file.
        file: String,
    },
    /// A line that is no funding.
    #[error("{file}, line {line}: {cause}")]
    Line {
        /// The file.
        file: String,
        /// The line, the first being 1.
        line: usize,
        /// What is wrong.
        cause: String,
    },
    /// A funding that contradicts another or makes no sense.
    #[error("{file}, line {line}: {cause}")]
    Rate {
        /// The file.
        file: String,
        /// The line, the first being 1.
        line: usize,
        /// What is wrong.
        cause: FundingError,
    },
}

/// Loads funding rates: CSV with a header such as `ts_ms,rate` or `ts_ms,rate,mark`, or a venue's own
/// (`fundingTime,fundingRate,markPrice`, `calc_time,funding_interval_hours,last_funding_rate`, ...), in any order of rows.
/// Rates are fractions: `0.0001` is 0.01 %.
///
/// # Errors
/// [`FundingFileError`] names the line and what to do.
///
/// ```no_run
/// let rates = hyperrsi_core::series::file::load_funding("data/btcusdt-funding.csv")?;
/// println!("{} rates", rates.len());
/// # Ok::<(), hyperrsi_core::series::file::FundingFileError>(())
/// ```
pub fn load_funding(path: impl AsRef<Path>) -> Result<FundingRates, FundingFileError> {
    let file = path.as_ref().to_string_lossy().into_owned();
    match std::fs::File::open(path) {
        Ok(open) => read_funding(&file, open),
        Err(error) => Err(FundingFileError::Io { file, error }),
    }
}

/// [`load_funding`] from a reader; `file` names it in messages.
///
/// # Errors
/// As [`load_funding`].
///
/// ```
/// use hyperrsi_core::series::file::read_funding;
/// let text = "fundingTime,fundingRate\n1704067200004,0.0001\n1704096000000,-0.00005\n";
/// let rates = read_funding("funding.csv", text.as_bytes())?;
/// assert_eq!(rates.rows()[1].rate.to_string(), "-0.00005");
/// # Ok::<(), hyperrsi_core::series::file::FundingFileError>(())
/// ```
pub fn read_funding(file: &str, reader: impl Read) -> Result<FundingRates, FundingFileError> {
    let name = || file.to_owned();
    let io = |error| FundingFileError::Io { file: name(), error };
    let mut bytes = Vec::new();
    let (content, mut reader) = source::sniff(reader).map_err(io)?;
    match content {
        Content::Text => reader.read_to_end(&mut bytes),
        Content::Gzip => source::gzip(reader).read_to_end(&mut bytes),
        Content::Zstd => source::zstd(reader).read_to_end(&mut bytes),
        Content::Parquet | Content::Zip => return Err(FundingFileError::NotText { file: name() }),
    }
    .map_err(io)?;
    let text = String::from_utf8(bytes).map_err(|_| FundingFileError::NotText { file: name() })?;
    let text = text.trim_start_matches('\u{feff}');
    let mut lines = (1..).zip(text.lines()).filter(|(_, line)| !is_preamble(line));
    let Some((_, header)) = lines.next() else { return Err(FundingFileError::Empty { file: name() }) };
    let columns = Columns::detect(file, header)?;
    let (mut rates, mut clock) = (FundingRates::default(), None);
    for (line, row) in lines {
        let bad = |cause: String| FundingFileError::Line { file: name(), line, cause };
        let (time, rate, mark) = columns.row(row, &mut clock).map_err(bad)?;
        rates.push(time, rate, mark).map_err(|cause| FundingFileError::Rate { file: name(), line, cause })?;
    }
    if rates.is_empty() {
        return Err(FundingFileError::Empty { file: name() });
    }
    Ok(rates)
}

/// Which field is what.
struct Columns {
    delimiter: u8,
    time: usize,
    unit: Option<Unit>,
    rate: usize,
    mark: Option<usize>,
}

impl Columns {
    fn detect(file: &str, header: &str) -> Result<Self, FundingFileError> {
        const TIMES: [&str; 11] = [
            "tsms",
            "fundingtime",
            "fundingratetimestamp",
            "fundingtimestamp",
            "calctime",
            "timestampms",
            "timems",
            "ts",
            "timestamp",
            "time",
            "date",
        ];
        // What was charged comes before what was announced.
        const RATES: [&str; 5] = ["realizedrate", "lastfundingrate", "fundingrate", "rate", "funding"];
        const MARKS: [&str; 3] = ["mark", "markprice", "price"];
        let delimiter = delimiter(header);
        let names: Vec<String> = fields(header, delimiter).into_iter().map(plain).collect();
        let find =
            |wanted: &[&str]| wanted.iter().find_map(|known| names.iter().position(|name| name == known));
        let missing = |column| FundingFileError::Column {
            file: file.to_owned(),
            column,
            header: super::error::excerpt(header),
        };
        let time = find(&TIMES).ok_or_else(|| missing("time"))?;
        let rate = find(&RATES).ok_or_else(|| missing("rate"))?;
        let unit = names.get(time).filter(|name| name.ends_with("ms")).map(|_| Unit::Millis);
        Ok(Self { delimiter, time, unit, rate, mark: find(&MARKS) })
    }

    fn row(
        &self,
        line: &str,
        clock: &mut Option<Clock>,
    ) -> Result<(Timestamp, Decimal, Option<Price>), String> {
        let cells = fields(line, self.delimiter);
        let cell = |at: usize, what: &str| match cells.get(at) {
            Some(cell) if !cell.is_empty() => Ok(*cell),
            _ => Err(format!("the {what} is missing; complete or remove the row")),
        };
        let time = cell(self.time, "time")?;
        let clock = match *clock {
            Some(clock) => clock,
            None => *clock.insert(match self.unit {
                Some(unit) => Clock::Declared(unit),
                None => Clock::of(time).ok_or_else(|| format!("{time:?} is no time"))?,
            }),
        };
        let time = clock.read(time).map_err(|problem| problem.to_string())?;
        let rate = number(cell(self.rate, "rate")?)?;
        let mark = match self.mark.and_then(|at| cells.get(at)).filter(|cell| !cell.is_empty()) {
            Some(mark) => Some(Price::new(number(mark)?)),
            None => None,
        };
        Ok((Timestamp::from_millis(time), rate, mark))
    }
}

fn number(cell: &str) -> Result<Decimal, String> {
    cell.parse().or_else(|_| Decimal::from_scientific(cell)).map_err(|_| {
        format!("{:?} is not a number; correct it or remove the row", super::error::excerpt(cell))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_decimal_macros::dec;

    fn read(text: &str) -> Result<FundingRates, String> {
        read_funding("f.csv", text.as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn columns_are_found_by_the_names_venues_use() {
        let plain = read("ts_ms,rate,mark\n1704067200000,0.0001,42000.5\n").unwrap();
        assert_eq!(
            (plain.rows()[0].rate, plain.rows()[0].mark),
            (dec!(0.0001), Some(Price::new(dec!(42000.5))))
        );
        for text in [
            "calc_time,funding_interval_hours,last_funding_rate\n1704067200003,8,0.0001\n",
            "symbol,fundingRate,fundingRateTimestamp\nBTCUSDT,0.0001,1704067200000\n",
            "\u{feff}instrument_name;funding_rate;realized_rate;funding_time\r\nBTC-USDT-SWAP;0.0009;0.0001;1704067200000\r\n",
            "date,funding\n2024-01-01T00:00:00Z,1e-4\n",
        ] {
            let rates = read(text).unwrap();
            assert_eq!(rates.rows()[0].time.to_string(), "2024-01-01T00:00:00Z", "{text}");
            assert_eq!(rates.rows()[0].rate, dec!(0.0001), "{text}");
        }
    }

    #[test]
    fn rows_may_come_newest_first_and_twice() {
        let rates =
            read("ts_ms,rate\n1704096000000,0.0002\n1704067200000,0.0001\n1704067200000,0.0001\n").unwrap();
        assert_eq!(rates.rows().iter().map(|r| r.rate).collect::<Vec<_>>(), [dec!(0.0001), dec!(0.0002)]);
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_its_line() {
        for (text, message) in [
            ("", "f.csv: there is no funding rate in it; download the rates again"),
            ("ts_ms,rate\n", "f.csv: there is no funding rate in it; download the rates again"),
            ("ts_ms,close\n1,2\n", "f.csv: no column for the rate in \"ts_ms,close\""),
            ("ts_ms,rate\n1704067200000,x\n", "f.csv, line 2: \"x\" is not a number"),
            ("ts_ms,rate\n1704067200000,\n", "f.csv, line 2: the rate is missing"),
            (
                "ts_ms,rate\n1704067200000,1.5\n",
                "f.csv, line 2: the funding rate 1.5 at 2024-01-01T00:00:00Z is 150.0 %",
            ),
            (
                "ts_ms,rate\n1704067200000,0.1\n1704067200000,0.2\n",
                "f.csv, line 3: two funding rates at 2024-01-01T00:00:00Z",
            ),
            ("ts_ms,rate,mark\n1704067200000,0.1,0\n", "f.csv, line 2: the mark price 0 at"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(message), "{error}");
        }
    }
}
