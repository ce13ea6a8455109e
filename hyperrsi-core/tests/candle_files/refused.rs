//! What is refused, where, and with which advice.

use super::{PLAIN, PLAIN_ZST, gzip, read};
use hyperrsi_core::series::file::{Column, Place, Problem, load};

pub(crate) type Is = fn(&Problem) -> bool;

/// A name, what is in the file, where it is refused, for what, and words of the advice.
type Case<'a, T> = (&'a str, T, Place, Is, &'a str);

pub(crate) fn assert_refused(name: &str, bytes: &[u8], place: Place, is: Is, advice: &str) {
    let error = read(bytes).expect_err(name);
    assert!(is(error.problem()), "{name}: {error:?}");
    assert_eq!(error.place(), place, "{name}: {error}");
    let text = error.to_string();
    assert!(text.starts_with("btc.csv"), "{name}: {text}");
    assert!(text.contains(advice), "{name}: {text}");
}

#[test]
fn a_bad_row_is_refused_with_its_line_and_advice() {
    let cases: &[(&str, &str, Is, &str)] = &[
        (
            "text in a number",
            "1640995320000,10,12,9,eleven,5",
            |p| matches!(p, Problem::NotANumber { column: Column::Close, .. }),
            "close is \"eleven\", which is not a number; correct it",
        ),
        (
            "decimal comma",
            "1640995320000,\"10,5\",12,9,11,5",
            |p| matches!(p, Problem::NotANumber { column: Column::Open, .. }),
            "correct it",
        ),
        (
            "NaN",
            "1640995320000,10,NaN,9,11,5",
            |p| matches!(p, Problem::NotFinite { column: Column::High, .. }),
            "not a finite number; correct it",
        ),
        (
            "infinite",
            "1640995320000,10,12,9,11,inf",
            |p| matches!(p, Problem::NotFinite { column: Column::Volume, .. }),
            "bad_rows(Drop)",
        ),
        (
            "beyond the range of numbers",
            "1640995320000,10,1e999,9,11,5",
            |p| matches!(p, Problem::NotFinite { column: Column::High, .. }),
            "bad_rows(Drop)",
        ),
        (
            "empty field",
            "1640995320000,10,12,,11,5",
            |p| matches!(p, Problem::EmptyField { column: Column::Low }),
            "low is empty; fill it in",
        ),
        (
            "empty last field",
            "1640995320000,10,12,9,11,",
            |p| matches!(p, Problem::EmptyField { column: Column::Volume }),
            "fill it in",
        ),
        (
            "too few fields",
            "1640995320000,10,12,9",
            |p| matches!(p, Problem::TooFewFields { found: 4, expected: 6 }),
            "has 4 fields and needs 6; complete",
        ),
        (
            "negative price",
            "1640995320000,10,12,-9,11,5",
            |p| matches!(p, Problem::Fault { fault: "a price is zero or negative", .. }),
            "2022-01-01T00:02:00Z is unusable",
        ),
        (
            "price of zero",
            "1640995320000,0,12,0,11,5",
            |p| matches!(p, Problem::Fault { .. }),
            "correct it or",
        ),
        (
            "high below low",
            "1640995320000,10,8,9,10,5",
            |p| matches!(p, Problem::Fault { fault: "high is below low", .. }),
            "correct it",
        ),
        (
            "high below close",
            "1640995320000,10,12,9,13,5",
            |p| matches!(p, Problem::Fault { fault: "high is below open or close", .. }),
            "correct it",
        ),
        (
            "low above open",
            "1640995320000,8,12,9,11,5",
            |p| matches!(p, Problem::Fault { fault: "low is above open or close", .. }),
            "correct it",
        ),
        (
            "negative volume",
            "1640995320000,10,12,9,11,-5",
            |p| matches!(p, Problem::Fault { .. }),
            "volume is negative",
        ),
        (
            "no time",
            "soon,10,12,9,11,5",
            |p| matches!(p, Problem::NotATime { .. }),
            "the time \"soon\" is neither a count since 1970 nor a date such as",
        ),
        (
            "seconds after milliseconds",
            "1640995320,10,12,9,11,5",
            |p| matches!(p, Problem::MixedTimes { found: "seconds", expected: "milliseconds", .. }),
            "write all times in one form",
        ),
        (
            "a date after milliseconds",
            "2022-01-01,10,12,9,11,5",
            |p| matches!(p, Problem::MixedTimes { found: "a date", .. }),
            "write all times in one form",
        ),
        ("unsorted", "1640995140000,10,12,9,11,5", |p| matches!(p, Problem::Unsorted { .. }), "order(Sort)"),
        (
            "duplicate",
            "1640995260000,10,12,9,11,6",
            |p| matches!(p, Problem::Duplicate { .. }),
            "duplicates(KeepFirst) or duplicates(KeepLast)",
        ),
        (
            "gap",
            "1640995680000,10,12,9,11,6",
            |p| matches!(p, Problem::Gap { missing: 6, .. }),
            "6 candles of 1m missing from 2022-01-01T00:02:00Z; download them, or load with gaps(Keep)",
        ),
        (
            "misaligned",
            "1640995320500,10,12,9,11,6",
            |p| matches!(p, Problem::Misaligned { .. }),
            "does not open on a 1m boundary",
        ),
    ];
    for (name, row, is, advice) in cases {
        let good = |minutes: i64| format!("{},10,12,9,11,5\n", 1_640_995_200_000 + minutes * 60_000);
        let rows: String = (14..40).map(good).collect();
        let text = format!("ts,open,high,low,close,volume\n{}{}{row}\n{rows}", good(0), good(1));
        assert_refused(name, text.as_bytes(), Place::Line(4), *is, advice);
    }
}

#[test]
fn a_bad_table_is_refused_with_advice() {
    let cases: &[Case<'_, &str>] = &[
        ("nothing", "", Place::File, |p| matches!(p, Problem::Empty), "expected a header such as ts_ms,open"),
        ("only blank lines", "\n\n \n", Place::File, |p| matches!(p, Problem::Empty), "expected a header"),
        (
            "header only",
            "ts_ms,open,high,low,close,volume\n",
            Place::File,
            |p| matches!(p, Problem::HeaderOnly),
            "download the candles again",
        ),
        (
            "no volume column",
            "ts,open,high,low,close\n1640995200,1,1,1,1\n",
            Place::Line(1),
            |p| matches!(p, Problem::MissingColumns { missing, .. } if missing == &[Column::Volume]),
            "no column for volume; found ts, open, high, low, close; expected time",
        ),
        (
            "prose",
            "hello world\nthis is no table\n",
            Place::File,
            |p| matches!(p, Problem::MissingColumns { .. }),
            "rename the columns",
        ),
        (
            "two volumes, neither a known quote currency",
            "unix,open,high,low,close,volume eth,volume btc\n1640995200,1,1,1,1,1,1\n",
            Place::Line(1),
            |p| matches!(p, Problem::AmbiguousColumn { column: Column::Volume, .. }),
            "Load::column",
        ),
        (
            "eight fields without header",
            "1640995200,1,1,1,1,1,1,1\n",
            Place::Line(1),
            |p| matches!(p, Problem::UnknownLayout { fields: 8 }),
            "add a header",
        ),
        (
            "candle not closed",
            "ts,o,h,l,c,vol,volCcy,volCcyQuote,confirm\n1640995200000,1,1,1,1,1,1,1,1\n\
             1640995260000,1,1,1,1,1,1,1,0\n",
            Place::Line(3),
            |p| matches!(p, Problem::Unfinished { .. }),
            "not confirmed as closed; remove the row",
        ),
        (
            "off the grid from the start",
            "ts,open,high,low,close,volume\n1640995201,1,1,1,1,1\n1640995261,1,1,1,1,1\n",
            Place::Line(2),
            |p| matches!(p, Problem::Misaligned { .. }),
            "correct the time or the timeframe",
        ),
        (
            "one candle",
            "ts,open,high,low,close,volume\n1640995200,1,1,1,1,1\n",
            Place::File,
            |p| matches!(p, Problem::NoTimeframe),
            "Load::timeframe",
        ),
        (
            "ten minutes",
            "ts,open,high,low,close,volume\n1640995200,1,1,1,1,1\n1640995800,1,1,1,1,1\n",
            Place::File,
            |p| matches!(p, Problem::UnknownTimeframe { .. }),
            "the rows are 10 min apart, which is no known timeframe; use one of 1m",
        ),
        (
            "steps that disagree",
            "ts,open,high,low,close,volume\n1640995200,1,1,1,1,1\n1640995260,1,1,1,1,1\n1640995560,1,1,1,1,1\n\
             1640995860,1,1,1,1,1\n",
            Place::File,
            |p| matches!(p, Problem::AmbiguousTimeframe { .. }),
            "smallest step between rows is 1 min, the most common 5 min; give it with Load::timeframe",
        ),
    ];
    for (name, text, place, is, advice) in cases {
        assert_refused(name, text.as_bytes(), *place, *is, advice);
    }
}

#[test]
fn a_file_that_is_no_text_is_refused_with_advice() {
    let flip = |bytes: &[u8], at: usize| {
        let mut bytes = bytes.to_vec();
        bytes[at] ^= 0x01;
        bytes
    };
    let gz = gzip(PLAIN.as_bytes());
    let cases: &[Case<'_, Vec<u8>>] = &[
        (
            "binary",
            vec![0, 159, 146, 150, 7, 200],
            Place::File,
            |p| matches!(p, Problem::NotText),
            "export the candles as UTF-8 CSV",
        ),
        ("UTF-16", b"\xff\xfet\0s\0".to_vec(), Place::File, |p| matches!(p, Problem::NotText), "UTF-8"),
        ("zip", b"PK\x03\x04\x14\0".to_vec(), Place::File, |p| matches!(p, Problem::Archive), "unpack it"),
        (
            "endless line",
            vec![b'a'; 3 << 20],
            Place::File,
            |p| matches!(p, Problem::LineTooLong { .. }),
            "one candle per line",
        ),
        (
            "gzip cut short",
            gz[..60].to_vec(),
            Place::File,
            |p| matches!(p, Problem::Truncated { format: "gzip" }),
            "download or copy the file again",
        ),
        (
            "gzip with a wrong checksum",
            flip(&gz, gz.len() - 8),
            Place::File,
            |p| matches!(p, Problem::Damaged { format: "gzip", .. }),
            "download or copy the file again",
        ),
        (
            "zstd cut short",
            PLAIN_ZST[..60].to_vec(),
            Place::File,
            |p| matches!(p, Problem::Truncated { format: "zstd" }),
            "download or copy the file again",
        ),
        (
            "zstd with a wrong checksum",
            flip(PLAIN_ZST, PLAIN_ZST.len() - 1),
            Place::File,
            |p| matches!(p, Problem::Damaged { format: "zstd", .. }),
            "checksum",
        ),
    ];
    for (name, bytes, place, is, advice) in cases {
        assert_refused(name, bytes, *place, *is, advice);
    }
}

#[test]
fn a_missing_file_is_named() {
    let error = load("no/such/file.csv").unwrap_err();
    assert!(matches!(error.problem(), Problem::Io(_)));
    assert!(error.to_string().contains("no/such/file.csv: ") && error.to_string().contains("check the path"));
}

#[cfg(not(feature = "parquet"))]
#[test]
fn parquet_without_the_feature_names_the_feature() {
    let is = |p: &Problem| matches!(p, Problem::ParquetDisabled);
    assert_refused("parquet", b"PAR1....PAR1", Place::File, is, "enable the feature \"parquet\"");
}
