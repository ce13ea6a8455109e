//! Parquet files.

use super::refused::assert_refused;
use super::{plain, read};
use ::parquet::column::writer::ColumnWriter;
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::parser::parse_message_type;
use ::proptest::prelude::*;
use hyperrsi_core::model::{Candle, Timeframe, Timestamp};
use hyperrsi_core::series::Candles;
use hyperrsi_core::series::file::write_parquet;
use hyperrsi_core::series::file::{Column, Place, Problem, load};
use std::sync::Arc;

fn written(candles: &Candles) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_parquet(candles, &mut bytes).unwrap();
    bytes
}

/// A file of `schema` (time, five doubles, all nullable) with `times` and every number 1 but for `nulls`.
fn made(schema: &str, times: &[i64], null_row: Option<usize>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut file = SerializedFileWriter::new(&mut bytes, schema, Default::default()).unwrap();
    let mut group = file.next_row_group().unwrap();
    while let Some(mut column) = group.next_column().unwrap() {
        match column.untyped() {
            ColumnWriter::Int64ColumnWriter(w) => {
                w.write_batch(times, Some(&vec![1; times.len()]), None).unwrap();
            }
            ColumnWriter::DoubleColumnWriter(w) => {
                let levels: Vec<i16> = (0..times.len()).map(|i| i16::from(Some(i) != null_row)).collect();
                let values = vec![1.0; levels.iter().filter(|level| **level == 1).count()];
                w.write_batch(&values, Some(&levels), None).unwrap();
            }
            _ => panic!("time and doubles only"),
        }
        column.close().unwrap();
    }
    group.close().unwrap();
    file.close().unwrap();
    bytes
}

#[test]
fn what_is_written_is_read_back() {
    assert_eq!(read(written(&plain())).unwrap().candles, plain());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("candles.bin");
    std::fs::write(&path, written(&plain())).unwrap();
    assert_eq!(load(&path).unwrap().candles, plain());
    let mut many = Candles::new(Timeframe::M1);
    for i in 0..20_000 {
        let price = 1.0 + i as f64 / 3.0;
        many.push(Candle::new(Timestamp::from_millis(i * 60_000), price, price, price, price, 0.1)).unwrap();
    }
    assert_eq!(read(written(&many)).unwrap().candles, many);
}

#[test]
fn columns_of_pandas_and_exchanges_are_found_by_name() {
    let numbers = "optional double Open; optional double High; optional double Low; optional double Close; \
                   optional double Volume;";
    for (time, scale) in [
        ("optional int64 date (TIMESTAMP(NANOS,true));", 1_000_000_000),
        ("optional int64 open_time (TIMESTAMP(MICROS,false));", 1_000_000),
        ("optional int64 __index_level_0__ (TIMESTAMP(MILLIS,true));", 1_000),
        ("optional int64 unix;", 1),
        ("optional int64 timestamp;", 1_000_000),
    ] {
        let times = [1_640_995_200 * scale, 1_640_995_260 * scale];
        let loaded = read(made(&format!("message m {{ {numbers} {time} }}"), &times, None)).unwrap();
        assert_eq!(loaded.candles.open_times(), [1_640_995_200_000, 1_640_995_260_000], "{time}");
    }
}

#[test]
fn bad_files_are_refused_with_row_and_advice() {
    let schema = "message m { optional int64 ts_ms; optional double open; optional double high; \
                  optional double low; optional double close; optional double volume; }";
    let times = [60_000, 120_000, 180_000];
    assert_refused(
        "a null",
        &made(schema, &times, Some(1)),
        Place::Row(2),
        |p| matches!(p, Problem::EmptyField { column: Column::Open }),
        "btc.csv, row 2: open is empty",
    );
    assert_refused(
        "a gap",
        &made(schema, &[60_000, 120_000, 240_000], None),
        Place::Row(3),
        |p| matches!(p, Problem::Gap { missing: 1, .. }),
        "gaps(Keep)",
    );
    assert_refused(
        "a missing column",
        &made(&schema.replace("volume", "amount"), &times, None),
        Place::File,
        |p| matches!(p, Problem::MissingColumns { .. }),
        "no column for volume",
    );
    assert_refused(
        "times as doubles",
        &made(&schema.replace("int64 ts_ms", "double ts_ms"), &times, None),
        Place::File,
        |p| matches!(p, Problem::ColumnType { column: Column::Time }),
        "write times as integers",
    );
    let good = written(&plain());
    for end in [4, 8, good.len() / 2, good.len() - 1] {
        let damaged = |p: &Problem| matches!(p, Problem::Damaged { format: "Parquet", .. });
        assert_refused("cut short", &good[..end], Place::File, damaged, "copy the file again");
    }
    assert_refused(
        "no rows",
        &made(schema, &[], None),
        Place::File,
        |p| matches!(p, Problem::HeaderOnly),
        "",
    );
}

proptest! {
    #[test]
    fn a_damaged_file_never_panics(at in 4_usize..700, byte in any::<u8>()) {
        let mut bytes = written(&plain());
        if let Some(slot) = bytes.get_mut(at) {
            *slot = byte;
        }
        let _ = read(bytes);
    }
}
