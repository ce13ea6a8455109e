//! The allowed import directions inside the crate (docs: architecture, section 3), read from the source files.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, helpers outside #[test] included"
)]

use std::path::{Path, PathBuf};

/// Every Rust file below `folder`, in order of path.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The code of a file: comments are left out, and so is everything from the first `#[cfg(test)] mod` on.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = Vec::new();
    let mut test_only = false;
    for line in text.lines() {
        let line = line.split("//").next().unwrap_or_default();
        let trimmed = line.trim();
        if test_only && trimmed.starts_with("mod ") && trimmed.ends_with('{') {
            break;
        }
        test_only = trimmed == "#[cfg(test)]";
        lines.push(line);
    }
    lines.join("\n")
}

/// The module a file belongs to: its first path segment below `src`.
fn module(path: &Path) -> String {
    let inner = path.strip_prefix(source()).unwrap();
    let first = inner.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// Every module named after `crate::`, braces included: `crate::{model, risk}` names two.
fn names(code: &str) -> Vec<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        // `hyperrsi_core::` and the like end in the same letters.
        if code[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = code[at + "crate::".len()..].trim_start();
        let Some(list) = rest.strip_prefix('{') else {
            found.push(word(rest));
            continue;
        };
        let mut depth = 0_i32;
        let mut item = true;
        for (i, c) in list.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => item = true,
                c if item && !c.is_whitespace() => {
                    item = false;
                    found.push(word(&list[i..]));
                }
                _ => {}
            }
        }
    }
    found.retain(|name| !name.is_empty() && name != "coded");
    found
}

/// What each module may use besides itself. Left may use right: runtime, backtest, conformance -> trader, account, sim ->
/// strategy, risk -> position -> indicator, series -> model.
fn allowed(module: &str) -> Option<&'static [&'static str]> {
    const LOW: &[&str] = &["model"];
    const FIGURES: &[&str] = &["indicator", "series", "model"];
    const POSITION: &[&str] = &["indicator", "series", "model"];
    const DECIDING: &[&str] = &["strategy", "risk", "position", "indicator", "series", "model"];
    const MACHINES: &[&str] =
        &["trader", "account", "sim", "strategy", "risk", "position", "indicator", "series", "model"];
    const DRIVERS: &[&str] = &[
        "runtime",
        "backtest",
        "conformance",
        "trader",
        "account",
        "sim",
        "strategy",
        "risk",
        "position",
        "indicator",
        "series",
        "model",
        "exchange",
        "store",
        "desk",
    ];
    // Position's value types (a trade, a stop) and the strategy's decision record are record types.
    const RECORDS: &[&str] = &["strategy", "position", "model"];
    const DESK: &[&str] = &["store", "position", "model"];
    Some(match module {
        "model" => &[],
        "indicator" | "series" => FIGURES,
        "position" => POSITION,
        "strategy" | "risk" => DECIDING,
        "trader" | "account" | "sim" => MACHINES,
        "runtime" | "backtest" | "conformance" => DRIVERS,
        "exchange" => LOW,
        "store" => RECORDS,
        "desk" => DESK,
        _ => return None,
    })
}

#[test]
fn modules_use_only_what_lies_below_them() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for path in files(&source()) {
        let own = module(&path);
        if own == "lib" || own == "coded" {
            continue;
        }
        let Some(may) = allowed(&own) else {
            wrong.push(format!("{own} is not in the list: say in tests/imports.rs what it may use"));
            continue;
        };
        seen += 1;
        for name in names(&code(&path)) {
            if name != own && !may.contains(&name.as_str()) {
                wrong.push(format!("{} uses {name}", path.display()));
            }
        }
    }
    assert!(seen > 50, "only {seen} files were read");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_account_approves_openings() {
    let minting: Vec<_> = files(&source())
        .into_iter()
        .filter(|path| code(path).contains("Approved::mint") || code(path).contains("::mint("))
        .map(|path| module(&path))
        .collect();
    assert!(!minting.is_empty());
    assert!(minting.iter().all(|module| module == "account"), "{minting:?}");
}

#[test]
fn only_the_runtime_knows_tokio_clocks_and_chance() {
    let forbidden = [
        "tokio",
        "std::time",
        "SystemTime",
        "Instant::now",
        "Timestamp::now",
        "Zoned::now",
        "rand::",
        "HashMap",
        "HashSet",
    ];
    let mut wrong = Vec::new();
    for path in files(&source()) {
        if module(&path) == "runtime" {
            continue;
        }
        let code = code(&path);
        wrong.extend(
            forbidden
                .iter()
                .filter(|word| code.contains(**word))
                .map(|word| format!("{} names {word}", path.display())),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn names_are_found_in_every_form_of_import() {
    let text = "use crate::model::Price;\nuse crate::{risk::{Size, Refusal}, series, position::Book};\nlet x = crate::sim::Venue;\nhyperrsi_core_crate::nothing();";
    assert_eq!(names(text), ["model", "risk", "series", "position", "sim"]);
}
