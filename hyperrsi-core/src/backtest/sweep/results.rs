//! The file a sweep leaves: one line per finished combination, appended as it finishes, so that nothing is lost when the
//! sweep ends early and the rest can be run later.

use super::{Fingerprint, Invalid, Metric, Row, Score, Space};
use serde_json::{Map, Value};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Why a results file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResultsError {
    /// The system refused.
    #[error("{path}: {cause}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// A fresh sweep would write over earlier results.
    #[error("{path} holds results already; resume, or name another file")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The ending says nothing about the format.
    #[error("{path}: results are written as .csv or .jsonl")]
    Ending {
        /// The file.
        path: PathBuf,
    },
    /// Another sweep has it open.
    #[error("{path} is being written by another sweep; wait for it, or name another file")]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The results were made from other candles.
    #[error("{path} was made from other candles ({found}, these are {wanted}); name another file")]
    OtherCandles {
        /// The file.
        path: PathBuf,
        /// The mark of its candles.
        found: String,
        /// The mark of the candles at hand.
        wanted: String,
    },
    /// The results were made with other settings.
    #[error(
        "{path} was made with another strategy, other keys and values, other assumptions or another version ({found}, \
         this is {wanted}); repeat that command, or name another file"
    )]
    OtherPlan {
        /// The file.
        path: PathBuf,
        /// The mark of its plan.
        found: String,
        /// The mark of the plan at hand.
        wanted: String,
    },
    /// A line that no sweep wrote.
    #[error("{path}, line {line}: {cause}; mend or remove the line, or name another file")]
    Line {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: u64,
        /// What is wrong with it.
        cause: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Csv,
    JsonLines,
}

/// What a file held when a sweep was resumed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Finished combinations.
    pub rows: u64,
    /// Bytes of a torn last line that were removed.
    pub torn: u64,
}

/// An open results file, CSV or JSON Lines by its ending.
///
/// Columns: `combo`, the keys that are varied, every [`Metric`], `invalid` (empty, or `code: message`), and the marks of
/// the [`Fingerprint`], `candles` and `plan`. A line is written at once and whole; one that was torn by a crash is removed
/// on resuming, and its combination run again.
#[derive(Debug)]
pub struct Results {
    path: PathBuf,
    file: File,
    format: Format,
    keys: Vec<String>,
    fingerprint: Fingerprint,
}

impl Results {
    /// A new file.
    ///
    /// # Errors
    /// [`ResultsError::Exists`] if there is something in it already.
    pub fn create(path: &Path, space: &Space, fingerprint: Fingerprint) -> Result<Self, ResultsError> {
        let mut results = Self::open(path, space, fingerprint)?;
        if results.length()? > 0 {
            return Err(ResultsError::Exists { path: results.path });
        }
        results.header()?;
        Ok(results)
    }

    /// An earlier file, or a new one. `each` is given every finished row.
    ///
    /// # Errors
    /// [`ResultsError`] if the file belongs to other candles or another plan, or cannot be understood.
    pub fn resume(
        path: &Path,
        space: &Space,
        fingerprint: Fingerprint,
        each: &mut dyn FnMut(Row),
    ) -> Result<(Self, Found), ResultsError> {
        let mut results = Self::open(path, space, fingerprint)?;
        let whole = results.whole_lines()?;
        let torn = results.length()? - whole;
        let rows = results.read(whole, each)?;
        // Only a file that is known to be ours is changed.
        results.file.set_len(whole).map_err(|cause| results.io(cause))?;
        results.file.seek(SeekFrom::Start(whole)).map_err(|cause| results.io(cause))?;
        if whole == 0 {
            results.header()?;
        }
        Ok((results, Found { rows, torn }))
    }

    /// Adds a row.
    ///
    /// # Errors
    /// [`ResultsError::Io`].
    pub fn append(&mut self, space: &Space, row: &Row) -> Result<(), ResultsError> {
        let cells = self.cells(space, row);
        let mut line = match self.format {
            Format::Csv => {
                csv_line(cells.iter().map(|(_, value)| text(value))).map_err(|cause| self.io(cause))?
            }
            Format::JsonLines => Value::Object(cells.into_iter().collect()).to_string().into_bytes(),
        };
        if self.format == Format::JsonLines {
            line.push(b'\n');
        }
        self.file.write_all(&line).map_err(|cause| self.io(cause))
    }

    fn open(path: &Path, space: &Space, fingerprint: Fingerprint) -> Result<Self, ResultsError> {
        let path = path.to_owned();
        let format = match path.extension().and_then(|ending| ending.to_str()) {
            Some("csv") => Format::Csv,
            Some("jsonl") => Format::JsonLines,
            _ => return Err(ResultsError::Ending { path }),
        };
        let open = || {
            if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                std::fs::create_dir_all(folder)?;
            }
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)
        };
        let file = match open() {
            Ok(file) => file,
            Err(cause) => return Err(ResultsError::Io { path, cause }),
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ResultsError::Busy { path }),
            Err(TryLockError::Error(cause)) if cause.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(cause)) => return Err(ResultsError::Io { path, cause }),
        }
        let keys = space.axes().iter().map(|axis| axis.key().to_owned()).collect();
        Ok(Self { path, file, format, keys, fingerprint })
    }

    fn io(&self, cause: io::Error) -> ResultsError {
        ResultsError::Io { path: self.path.clone(), cause }
    }

    fn length(&self) -> Result<u64, ResultsError> {
        self.file.metadata().map(|facts| facts.len()).map_err(|cause| self.io(cause))
    }

    fn header(&mut self) -> Result<(), ResultsError> {
        if self.format == Format::JsonLines {
            return Ok(());
        }
        let names = self.names();
        let line = csv_line(names).map_err(|cause| self.io(cause))?;
        self.file.write_all(&line).map_err(|cause| self.io(cause))
    }

    fn names(&self) -> Vec<String> {
        let metrics = Metric::ALL.iter().map(|metric| metric.as_str().to_owned());
        let last = ["invalid", "candles", "plan"].map(str::to_owned);
        std::iter::once("combo".to_owned())
            .chain(self.keys.iter().cloned())
            .chain(metrics)
            .chain(last)
            .collect()
    }

    fn cells(&self, space: &Space, row: &Row) -> Vec<(String, Value)> {
        let (score, invalid) = match &row.outcome {
            Ok(score) => (Some(score), Value::Null),
            Err(Invalid { code, message }) => (None, Value::from(format!("{code}: {message}"))),
        };
        let mut values = vec![Value::from(row.combo)];
        values.extend(space.values(row.combo).into_iter().map(native));
        values.extend(Metric::ALL.iter().map(|metric| match score.and_then(|score| score.get(*metric)) {
            Some(whole) if matches!(metric, Metric::Trades | Metric::AmbiguousCandles) => {
                Value::from(whole as u64)
            }
            Some(number) => Value::from(number),
            None => Value::Null,
        }));
        let Fingerprint { candles, plan } = self.fingerprint;
        values.extend([invalid, Value::from(candles.to_string()), Value::from(plan.to_string())]);
        self.names().into_iter().zip(values).collect()
    }

    /// Length up to and with the last line end.
    fn whole_lines(&mut self) -> Result<u64, ResultsError> {
        let mut at = self.length()?;
        let mut block = [0_u8; 4096];
        while at > 0 {
            let from = at.saturating_sub(block.len() as u64);
            let part = block.get_mut(..usize::try_from(at - from).unwrap_or_default()).unwrap_or_default();
            self.file.seek(SeekFrom::Start(from)).map_err(|cause| self.io(cause))?;
            self.file.read_exact(part).map_err(|cause| self.io(cause))?;
            if let Some(end) = part.iter().rposition(|byte| *byte == b'\n') {
                return Ok(from + end as u64 + 1);
            }
            at = from;
        }
        Ok(0)
    }

    fn read(&mut self, length: u64, each: &mut dyn FnMut(Row)) -> Result<u64, ResultsError> {
        self.file.seek(SeekFrom::Start(0)).map_err(|cause| self.io(cause))?;
        let names = self.names();
        let mut rows = 0;
        for (number, line) in BufReader::new((&self.file).take(length)).lines().enumerate() {
            let line = line.map_err(|cause| self.io(cause))?;
            let wrong = |cause: String| ResultsError::Line {
                path: self.path.clone(),
                line: number as u64 + 1,
                cause,
            };
            let record = match self.format {
                Format::Csv => {
                    let cells = csv_cells(&line).map_err(wrong)?;
                    if number == 0 {
                        if cells != names {
                            let found = format!("columns {}", cells.join(","));
                            return Err(self.other_plan(found));
                        }
                        continue;
                    }
                    if cells.len() != names.len() {
                        return Err(wrong(format!("{} cells instead of {}", cells.len(), names.len())));
                    }
                    names.iter().cloned().zip(cells.into_iter().map(Value::from)).collect()
                }
                Format::JsonLines => serde_json::from_str::<Map<String, Value>>(&line)
                    .map_err(|error| wrong(error.to_string()))?,
            };
            self.belongs(&record)?;
            each(row(&record).map_err(wrong)?);
            rows += 1;
        }
        Ok(rows)
    }

    fn belongs(&self, record: &Map<String, Value>) -> Result<(), ResultsError> {
        let mark = |key: &str| record.get(key).and_then(Value::as_str).unwrap_or("none").to_owned();
        let Fingerprint { candles, plan } = self.fingerprint;
        let (found, wanted) = (mark("candles"), candles.to_string());
        if found != wanted {
            return Err(ResultsError::OtherCandles { path: self.path.clone(), found, wanted });
        }
        let found = mark("plan");
        if found != plan.to_string() {
            return Err(self.other_plan(found));
        }
        Ok(())
    }

    fn other_plan(&self, found: String) -> ResultsError {
        ResultsError::OtherPlan { path: self.path.clone(), found, wanted: self.fingerprint.plan.to_string() }
    }
}

/// A settings value as a program wants to read it.
fn native(text: &str) -> Value {
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => text
            .parse::<rust_decimal::Decimal>()
            .ok()
            .and_then(|_| text.parse::<serde_json::Number>().ok())
            .map_or_else(|| Value::from(text), Value::Number),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn csv_line(cells: impl IntoIterator<Item = String>) -> io::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    writer.write_record(cells)?;
    writer.into_inner().map_err(|error| io::Error::other(error.to_string()))
}

fn csv_cells(line: &str) -> Result<Vec<String>, String> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_bytes());
    let record = reader.records().next().ok_or("an empty line")?.map_err(|error| error.to_string())?;
    Ok(record.iter().map(str::to_owned).collect())
}

fn row(record: &Map<String, Value>) -> Result<Row, String> {
    let cell = |key: &str| record.get(key).map(text).unwrap_or_default();
    let combo = cell("combo").parse().map_err(|_| format!("\"{}\" is no combination", cell("combo")))?;
    let invalid = cell("invalid");
    if !invalid.is_empty() {
        let (code, message) = invalid.split_once(": ").unwrap_or(("unknown", invalid.as_str()));
        return Ok(Row { combo, outcome: Err(Invalid::new(code, message)) });
    }
    let mut wrong = None;
    let values = Metric::ALL.map(|metric| {
        let text = cell(metric.as_str());
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        if number.is_none() && !text.is_empty() {
            wrong = Some(format!("{metric} is \"{text}\", which is no number"));
        }
        number
    });
    match wrong {
        Some(wrong) => Err(wrong),
        None => Ok(Row {
            combo,
            outcome: Ok(Score::collect(|metric| values.get(metric as usize).copied().flatten())),
        }),
    }
}
