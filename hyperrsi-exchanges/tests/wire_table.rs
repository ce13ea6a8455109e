//! The book's table of faults at the wire against the tests there are.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;
use std::path::Path;

type Table = BTreeMap<u32, Vec<String>>;

/// The rows a test is about: `f27_f30_wire_…` is about two.
fn rows(name: &str) -> Vec<u32> {
    let Some((rows, _)) = name.split_once("_wire_") else { return Vec::new() };
    rows.split('_').filter_map(|row| row.strip_prefix('f')?.parse().ok()).collect()
}

fn collect(folder: &Path, found: &mut Table) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
            continue;
        }
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            let line = line.trim_start().trim_start_matches("async ");
            let Some(name) = line.strip_prefix("fn ").and_then(|rest| rest.split('(').next()) else {
                continue;
            };
            for row in rows(name) {
                found.entry(row).or_default().push(name.to_owned());
            }
        }
    }
}

#[test]
fn the_book_names_exactly_the_tests_there_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut there = Table::new();
    collect(&root.join("src"), &mut there);
    collect(&root.join("tests"), &mut there);
    there.values_mut().for_each(|names| names.sort_unstable());
    let book = std::fs::read_to_string(root.join("../docs/src/reliability.md")).unwrap();
    let mut said = Table::new();
    for line in book.lines() {
        let Some((row, rest)) = line.strip_prefix("| F").and_then(|line| line.split_once(" | ")) else {
            continue;
        };
        let mut names: Vec<String> =
            rest.split('`').filter(|word| word.contains("_wire_")).map(str::to_owned).collect();
        names.sort_unstable();
        said.insert(row.parse().unwrap(), names);
    }
    assert!(there.len() > 20, "{there:?}");
    assert_eq!(said, there);
}
