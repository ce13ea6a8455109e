//! The table in the book against the rows and the tests.

use crate::oracles;
use std::collections::BTreeMap;
use std::path::Path;

fn book() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src/reliability.md")).unwrap()
}

/// Every test of this folder and of its counterpart on the wire, with the number of its row.
fn tests() -> BTreeMap<u32, Vec<String>> {
    let mut found: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["tests/faults", "../tests/wire_faults"].map(|folder| std::fs::read_dir(root.join(folder)));
    for entry in folders.into_iter().flat_map(Result::unwrap) {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for line in text.lines() {
            let Some(name) = line.strip_prefix("async fn f").or_else(|| line.strip_prefix("fn f")) else {
                continue;
            };
            let name = name.split('(').next().unwrap();
            if let Some(number) = name.get(..2).and_then(|digits| digits.parse().ok())
                && name.as_bytes().get(2) == Some(&b'_')
            {
                found.entry(number).or_default().push(format!("f{name}"));
            }
        }
    }
    found
}

/// Rows of the book's tables: number, and what stands in the last column; a row of both tables as one.
fn rows() -> BTreeMap<u32, String> {
    let rows = book();
    let cells = |line: &str| -> Option<(u32, String)> {
        let mut cells =
            line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect::<Vec<_>>().into_iter();
        let number = cells.next()?.trim().parse().ok()?;
        Some((number, cells.next_back()?.to_owned()))
    };
    let mut found: BTreeMap<u32, String> = BTreeMap::new();
    for (number, cell) in rows.lines().filter_map(cells) {
        let all = found.entry(number).or_default();
        *all = if all.is_empty() { cell } else { format!("{all}, {cell}") };
    }
    found
}

#[test]
fn the_book_names_every_row_and_exactly_the_tests_there_are() {
    let (rows, tests) = (rows(), tests());
    assert_eq!(rows.keys().copied().collect::<Vec<_>>(), (1..=86).collect::<Vec<_>>(), "one line per row");
    let mut wrong = Vec::new();
    for (number, cell) in &rows {
        let named: Vec<&str> =
            cell.split('`').filter(|word| word.starts_with('f') && word.contains('_')).collect();
        let mut there: Vec<&str> = tests.get(number).into_iter().flatten().map(String::as_str).collect();
        there.sort_unstable();
        let mut said = named.clone();
        said.sort_unstable();
        if said != there {
            wrong.push(format!("row {number}: the book says {said:?}, there are {there:?}"));
        }
        if there.is_empty() && !cell.starts_with("not covered") && !cell.starts_with("elsewhere") {
            wrong.push(format!("row {number} has no test here and does not say so: {cell}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The list of faults itself, where it is at hand.
#[test]
fn the_rows_are_those_of_the_list_of_faults() {
    let Some(folder) = oracles::folder("../spec") else { return };
    let list = std::fs::read_to_string(folder.join("FAULTS.md")).unwrap();
    let numbers: Vec<u32> =
        list.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next()?.parse().ok()).collect();
    assert_eq!(numbers, rows().keys().copied().collect::<Vec<_>>());
}
