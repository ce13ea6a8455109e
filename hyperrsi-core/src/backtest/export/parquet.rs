//! Parquet: times as UTC timestamps of milliseconds, numbers as 64-bit floats, everything else by its own type.

use super::table::{Cells, Table};
use parquet::basic::{Compression, ZstdLevel};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use rust_decimal::prelude::ToPrimitive;
use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;

/// Rows of one row group.
const GROUP: usize = 1024 * 1024;

pub(super) fn parquet(table: &Table, out: &mut (dyn Write + Send)) -> io::Result<()> {
    write(table, out).map_err(io::Error::other)
}

fn schema(table: &Table) -> String {
    let field = |name: &str, cells: &Cells| match cells {
        Cells::Time(_) => format!("required int64 {name} (TIMESTAMP(MILLIS,true));"),
        Cells::Float(_) | Cells::Exact(_) => format!("optional double {name};"),
        Cells::Whole(_) => format!("required int64 {name};"),
        Cells::Flag(_) => format!("required boolean {name};"),
        Cells::Text(_) => format!("required binary {name} (STRING);"),
    };
    let fields: String = table.columns.iter().map(|column| field(column.name, &column.cells)).collect();
    format!("message export {{ {fields} }}")
}

fn write(table: &Table, out: &mut (dyn Write + Send)) -> Result<(), ParquetError> {
    let properties =
        WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
    let schema = Arc::new(parse_message_type(&schema(table))?);
    let mut file = SerializedFileWriter::new(out, schema, Arc::new(properties))?;
    for start in (0..table.rows).step_by(GROUP) {
        let rows = start..table.rows.min(start + GROUP);
        let mut group = file.next_row_group()?;
        for column in &table.columns {
            let Some(mut writer) = group.next_column()? else { break };
            fill(writer.untyped(), &column.cells, rows.clone())?;
            writer.close()?;
        }
        group.close()?;
    }
    file.close()?;
    Ok(())
}

fn fill(writer: &mut ColumnWriter<'_>, cells: &Cells, rows: Range<usize>) -> Result<(), ParquetError> {
    match (writer, cells) {
        (ColumnWriter::Int64ColumnWriter(writer), Cells::Time(values) | Cells::Whole(values)) => {
            writer.write_batch(values.get(rows).unwrap_or_default(), None, None)?;
        }
        (ColumnWriter::DoubleColumnWriter(writer), Cells::Float(values)) => {
            let values = values.get(rows).unwrap_or_default();
            let present: Vec<f64> = values.iter().copied().flatten().collect();
            writer.write_batch(&present, Some(&levels(values)), None)?;
        }
        (ColumnWriter::DoubleColumnWriter(writer), Cells::Exact(values)) => {
            let values = values.get(rows).unwrap_or_default();
            let present: Vec<f64> =
                values.iter().flatten().map(|value| value.to_f64().unwrap_or(f64::NAN)).collect();
            writer.write_batch(&present, Some(&levels(values)), None)?;
        }
        (ColumnWriter::BoolColumnWriter(writer), Cells::Flag(values)) => {
            writer.write_batch(values.get(rows).unwrap_or_default(), None, None)?;
        }
        (ColumnWriter::ByteArrayColumnWriter(writer), Cells::Text(values)) => {
            let values: Vec<ByteArray> = values
                .get(rows)
                .unwrap_or_default()
                .iter()
                .map(|text| ByteArray::from(text.as_str()))
                .collect();
            writer.write_batch(&values, None, None)?;
        }
        _ => return Err(ParquetError::General("a column has another type than its schema".into())),
    }
    Ok(())
}

/// 1 where there is a value, 0 where there is none.
fn levels<T>(values: &[Option<T>]) -> Vec<i16> {
    values.iter().map(|value| i16::from(value.is_some())).collect()
}
