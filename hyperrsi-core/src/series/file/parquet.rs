//! Parquet: the columns by name, as in text files, without Arrow in between.

use super::clock::Unit;
use super::error::{Column, Fail, Place, Problem};
use super::intake::{Intake, Row};
use super::layout::{Layout, Role};
use super::{Loaded, Options};
use crate::model::{Candle, Timestamp};
use crate::series::Candles;
use parquet::basic::{Compression, ConvertedType, Encoding, LogicalType, TimeUnit, ZstdLevel};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{ChunkReader, FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::{ColumnDescriptor, ColumnPath};
use std::io::{self, Write};
use std::sync::Arc;

/// Rows decoded at a time.
const BATCH: usize = 8 * 1024;

/// Rows written into one row group.
const GROUP: usize = 1024 * 1024;

/// Rows reserved on the word of the file; a damaged one may claim any number.
const MOST_RESERVED: usize = 1024 * 1024;

const SCHEMA: &str = "message candles {
    required int64 ts_ms (TIMESTAMP(MILLIS,true));
    required double open; required double high; required double low; required double close;
    required double volume;
}";

fn damaged(error: ParquetError) -> Problem {
    let cause = error.to_string();
    // The crate has no variant for a compression that was left out of the build.
    if cause.contains("Disabled feature") {
        return Problem::ParquetCodec { cause };
    }
    Problem::Damaged { format: "Parquet", cause }
}

/// Reads all candles.
pub(super) fn read<R: ChunkReader + 'static>(source: R, options: &Options<'_>) -> Result<Loaded, Fail> {
    let reader = SerializedFileReader::new(source).map_err(damaged)?;
    let metadata = reader.metadata().file_metadata();
    let schema = metadata.schema_descr();
    let names: Vec<&str> = schema.columns().iter().map(|column| column.name()).collect();
    let layout = Layout::of_names(&names, options.columns)?;
    let time = layout.roles.iter().position(|role| *role == Role::Time);
    let unit = time.and_then(|at| schema.columns().get(at)).and_then(|column| unit(column)).or(layout.unit);
    let rows = usize::try_from(metadata.num_rows()).unwrap_or(0).min(MOST_RESERVED);
    let intake = Intake::new(options.file, options.repair, options.timeframe, rows);
    let mut table = Table { unit, row: 0, intake };
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group).map_err(damaged)?;
        let mut columns = Vec::new();
        for (at, role) in layout.roles.iter().enumerate() {
            if matches!(role, Role::Time | Role::Number(_)) {
                let reader = group.get_column_reader(at).map_err(damaged)?;
                let nullable = schema.columns().get(at).map_or(0, |column| column.max_def_level());
                columns.push(Cells {
                    role: *role,
                    reader,
                    nullable,
                    numbers: Vec::new(),
                    counts: Vec::new(),
                });
            }
        }
        table.take(&mut columns)?;
    }
    if table.row == 0 {
        return Err(Problem::HeaderOnly.into());
    }
    table.intake.finish()
}

/// The unit of a timestamp column.
fn unit(column: &ColumnDescriptor) -> Option<Unit> {
    match (column.logical_type_ref(), column.converted_type()) {
        (Some(LogicalType::Timestamp(timestamp)), _) => Some(match timestamp.unit {
            TimeUnit::MILLIS => Unit::Millis,
            TimeUnit::MICROS => Unit::Micros,
            TimeUnit::NANOS => Unit::Nanos,
        }),
        (_, ConvertedType::TIMESTAMP_MILLIS) => Some(Unit::Millis),
        (_, ConvertedType::TIMESTAMP_MICROS) => Some(Unit::Micros),
        _ => None,
    }
}

/// A column of one row group and the batch decoded last; `None` is a null.
struct Cells {
    role: Role,
    reader: ColumnReader,
    /// The definition level of a value that is not null; 0 if none can be.
    nullable: i16,
    numbers: Vec<Option<f64>>,
    counts: Vec<Option<i64>>,
}

impl Cells {
    /// Decodes the next batch; the number of rows, 0 at the end.
    fn advance(&mut self) -> Result<usize, Problem> {
        let (numbers, counts, full) = (&mut self.numbers, &mut self.counts, self.nullable);
        match (self.role, &mut self.reader) {
            (Role::Time, ColumnReader::Int64ColumnReader(reader)) => batch(reader, full, counts, |n| n),
            (Role::Time, ColumnReader::Int32ColumnReader(reader)) => batch(reader, full, counts, i64::from),
            (Role::Number(_), ColumnReader::DoubleColumnReader(reader)) => {
                batch(reader, full, numbers, |n| n)
            }
            (Role::Number(_), ColumnReader::FloatColumnReader(reader)) => {
                batch(reader, full, numbers, f64::from)
            }
            (Role::Number(_), ColumnReader::Int64ColumnReader(reader)) => {
                batch(reader, full, numbers, |n| n as f64)
            }
            (Role::Number(_), ColumnReader::Int32ColumnReader(reader)) => {
                batch(reader, full, numbers, f64::from)
            }
            (role, _) => Err(Problem::ColumnType { column: role.column().unwrap_or(Column::Time) }),
        }
    }
}

fn batch<T: DataType, V>(
    reader: &mut ColumnReaderImpl<T>,
    full: i16,
    into: &mut Vec<Option<V>>,
    convert: impl Fn(T::T) -> V,
) -> Result<usize, Problem> {
    let (mut values, mut levels) = (Vec::with_capacity(BATCH), Vec::new());
    let defined = (full > 0).then_some(&mut levels);
    let (rows, ..) = reader.read_records(BATCH, defined, None, &mut values).map_err(damaged)?;
    into.clear();
    let mut values = values.into_iter().map(convert);
    if full == 0 {
        into.extend(values.map(Some));
    } else {
        into.extend(levels.into_iter().map(|level| if level == full { values.next() } else { None }));
    }
    Ok(rows)
}

struct Table {
    unit: Option<Unit>,
    /// The number of the row read last.
    row: u64,
    intake: Intake,
}

impl Table {
    /// Takes all rows of a row group.
    fn take(&mut self, columns: &mut [Cells]) -> Result<(), Fail> {
        loop {
            let mut rows = None;
            for column in columns.iter_mut() {
                let count = column.advance().map_err(|problem| self.fail(problem))?;
                if rows.is_some_and(|rows| rows != count) {
                    let cause = "the columns have different lengths".into();
                    return Err(self.fail(Problem::Damaged { format: "Parquet", cause }));
                }
                rows = Some(count);
            }
            let Some(rows) = rows.filter(|rows| *rows > 0) else {
                return Ok(());
            };
            for at in 0..rows {
                self.row += 1;
                let place = Place::Row(self.row);
                match self.candle(columns, at) {
                    Ok(candle) => self.intake.push(Row { candle, place })?,
                    Err(problem) => self.intake.bad_row(place, problem)?,
                }
            }
        }
    }

    fn fail(&self, problem: Problem) -> Fail {
        Fail { place: if self.row == 0 { Place::File } else { Place::Row(self.row) }, problem }
    }

    fn candle(&mut self, columns: &[Cells], at: usize) -> Result<Candle, Problem> {
        let mut millis = 0;
        let mut numbers = [0.0; 5];
        for cells in columns {
            let column = cells.role.column().unwrap_or(Column::Time);
            let empty = Problem::EmptyField { column };
            if let Role::Number(slot) = cells.role {
                let value = cells.numbers.get(at).copied().flatten().ok_or(empty)?;
                if !value.is_finite() {
                    return Err(Problem::NotFinite { column, text: value.to_string() });
                }
                if let Some(number) = numbers.get_mut(slot) {
                    *number = value;
                }
            } else {
                let count = cells.counts.get(at).copied().flatten().ok_or(empty)?;
                let unit = *self.unit.get_or_insert(Unit::by_magnitude(count.unsigned_abs()));
                millis =
                    unit.to_millis(count).ok_or_else(|| Problem::NotATime { text: count.to_string() })?;
            }
        }
        let [open, high, low, close, volume] = numbers;
        let time = Timestamp::from_millis(millis);
        let candle = Candle::new(time, open, high, low, close, volume);
        candle.fault().map_or(Ok(candle), |fault| Err(Problem::Fault { time, fault }))
    }
}

/// Writes `candles` as Parquet with zstd: `ts_ms` as a timestamp in UTC milliseconds, then `open`, `high`, `low`,
/// `close` and `volume` as doubles. Readable by pandas, polars and everything else that reads Parquet.
///
/// # Errors
/// Passes on what `writer` refuses.
///
/// ```
/// use hyperrsi_core::model::{Candle, Timeframe, Timestamp};
/// use hyperrsi_core::series::{Candles, file};
/// let mut candles = Candles::new(Timeframe::M1);
/// candles.push(Candle::new(Timestamp::from_millis(60_000), 100.0, 103.5, 97.0, 101.0, 12.5))?;
/// let mut bytes = Vec::new();
/// file::write_parquet(&candles, &mut bytes)?;
/// let read = file::Load::new("btc.parquet").timeframe(Timeframe::M1).read_from(bytes.as_slice())?;
/// assert_eq!(read.candles, candles);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_parquet(candles: &Candles, writer: impl Write + Send) -> io::Result<()> {
    write(candles, writer).map_err(io::Error::other)
}

fn write(candles: &Candles, writer: impl Write + Send) -> Result<(), ParquetError> {
    let time = ColumnPath::from("ts_ms");
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_column_dictionary_enabled(time.clone(), false)
        .set_column_encoding(time, Encoding::DELTA_BINARY_PACKED)
        .build();
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    let mut file = SerializedFileWriter::new(writer, schema, Arc::new(properties))?;
    let numbers = [candles.opens(), candles.highs(), candles.lows(), candles.closes(), candles.volumes()];
    for start in (0..candles.len()).step_by(GROUP) {
        let range = start..candles.len().min(start + GROUP);
        let mut group = file.next_row_group()?;
        let mut numbers = numbers.iter();
        while let Some(mut column) = group.next_column()? {
            match column.untyped() {
                ColumnWriter::Int64ColumnWriter(writer) => {
                    let times = candles.open_times().get(range.clone()).unwrap_or_default();
                    writer.write_batch(times, None, None)?;
                }
                ColumnWriter::DoubleColumnWriter(writer) => {
                    let values =
                        numbers.next().and_then(|values| values.get(range.clone())).unwrap_or_default();
                    writer.write_batch(values, None, None)?;
                }
                _ => return Err(ParquetError::General("the schema has two types of columns".into())),
            }
            column.close()?;
        }
        group.close()?;
    }
    file.close()?;
    Ok(())
}
