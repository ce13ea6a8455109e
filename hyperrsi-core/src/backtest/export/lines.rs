//! CSV and JSON.

use super::table::{Cells, Table};
use crate::model::Timestamp;
use std::io::{self, Write};

/// A cell as CSV text; empty where there is none.
fn plain(cells: &Cells, row: usize) -> String {
    match cells {
        Cells::Time(times) => times.get(row).map(|time| iso(*time)).unwrap_or_default(),
        Cells::Float(values) => {
            values.get(row).copied().flatten().map(|v| pointed(v.to_string())).unwrap_or_default()
        }
        Cells::Exact(values) => {
            values.get(row).copied().flatten().map(|v| pointed(v.normalize().to_string())).unwrap_or_default()
        }
        Cells::Whole(values) => values.get(row).map(ToString::to_string).unwrap_or_default(),
        Cells::Flag(values) => values.get(row).map(ToString::to_string).unwrap_or_default(),
        Cells::Text(values) => values.get(row).cloned().unwrap_or_default(),
    }
}

/// `128` as `128.0`: readers guess the type of a column from its first cells, and a long start without trades is whole.
fn pointed(mut number: String) -> String {
    if !number.contains('.') {
        number.push_str(".0");
    }
    number
}

/// `2024-01-31T13:45:00.000Z`: always three decimals, as readers guess one format for a column from its first cell.
fn iso(millis: i64) -> String {
    let text = Timestamp::from_millis(millis).to_string();
    match text.strip_suffix('Z') {
        Some(seconds) => {
            let whole = seconds.split_once('.').map_or(seconds, |(whole, _)| whole);
            format!("{whole}.{:03}Z", millis.rem_euclid(1_000))
        }
        None => text,
    }
}

pub(super) fn csv(table: &Table, out: &mut dyn Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(table.columns.iter().map(|column| column.name))?;
    for row in 0..table.rows {
        writer.write_record(table.columns.iter().map(|column| plain(&column.cells, row)))?;
    }
    writer.flush()
}

/// One array of objects. Times are UTC milliseconds, decimals keep every digit.
pub(super) fn json(table: &Table, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"[")?;
    for row in 0..table.rows {
        out.write_all(if row == 0 { b"\n{" } else { b",\n{" })?;
        for (index, column) in table.columns.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(out, "{comma}\"{}\":", column.name)?;
            match &column.cells {
                Cells::Time(times) => write!(out, "{}", times.get(row).copied().unwrap_or_default())?,
                Cells::Text(values) => {
                    serde_json::to_writer(&mut *out, values.get(row).map_or("", String::as_str))?;
                }
                cells => {
                    let text = plain(cells, row);
                    out.write_all(if text.is_empty() { b"null" } else { text.as_bytes() })?;
                }
            }
        }
        out.write_all(b"}")?;
    }
    out.write_all(b"\n]\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_may_have_a_fraction_always_have_a_point() {
        let numbers = |values: &[f64]| Cells::Float(values.iter().copied().map(Some).collect());
        let exact = |text: &str| Cells::Exact(vec![Some(text.parse().unwrap())]);
        assert_eq!(plain(&numbers(&[10_000.0, 0.5]), 0), "10000.0");
        assert_eq!(plain(&numbers(&[10_000.0, 0.5]), 1), "0.5");
        assert_eq!([plain(&exact("0.00"), 0), plain(&exact("-3.10"), 0)], ["0.0", "-3.1"]);
        assert_eq!(plain(&Cells::Exact(vec![None]), 0), "");
    }

    #[test]
    fn times_have_one_form() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_706_708_700_000, "2024-01-31T13:45:00.000Z"),
            (1_706_708_699_999, "2024-01-31T13:44:59.999Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(iso(millis), text);
        }
    }
}
