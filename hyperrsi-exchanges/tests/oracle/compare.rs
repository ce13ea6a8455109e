//! Compares what an adapter words with what was recorded.

use super::{Vector, decimal, text};
use hyperrsi_exchanges::net::Call;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A field in which an adapter means to differ from the recorded software, and why.
pub struct Deviation {
    pub why: &'static str,
    /// Changes the recorded fields and the adapter's so that only other differences remain; says whether it applied.
    pub apply: fn(path: &str, recorded: &mut Map<String, Value>, ours: &mut Map<String, Value>) -> bool,
}

/// What a run over all vectors found.
#[derive(Default)]
pub struct Tally {
    pub checked: usize,
    pub skipped: Vec<(String, String)>,
    pub failed: Vec<String>,
    pub deviations: BTreeMap<&'static str, usize>,
}

impl Tally {
    pub fn skip(&mut self, vector: &Vector, why: impl Into<String>) {
        self.skipped.push((vector.name.clone(), why.into()));
    }

    /// Prints what was found, and fails if anything differs or too little was compared.
    pub fn finish(self, venue: &str, at_least: usize) {
        println!("{venue}: {} requests checked, {} not applicable", self.checked, self.skipped.len());
        for (name, why) in &self.skipped {
            println!("  not applicable {name}: {why}");
        }
        for (why, count) in &self.deviations {
            println!("  deviation ({count}): {why}");
        }
        assert!(self.failed.is_empty(), "{} differ:\n{}", self.failed.len(), self.failed.join("\n"));
        assert!(self.checked >= at_least, "only {} compared", self.checked);
    }
}

/// Method, path, query and body of one call against one vector.
pub fn check(vector: &Vector, call: &Call, deviations: &[Deviation], tally: &mut Tally) {
    let mut wrong = Vec::new();
    if call.method.as_str() != vector.method || call.path != vector.path {
        wrong.push(format!(
            "{} {} instead of {} {}",
            call.method.as_str(),
            call.path,
            vector.method,
            vector.path
        ));
    }
    if call.signed != vector.private {
        wrong.push(format!("signed: {} instead of {}", call.signed, vector.private));
    }
    let query: Map<String, Value> =
        call.query.iter().map(|(k, v)| ((*k).to_owned(), Value::String(v.to_string()))).collect();
    wrong.extend(fields(vector, &vector.query, &Value::Object(query), deviations, tally));
    let body = call.body.as_ref().map_or(Value::Null, |body| serde_json::from_str(body).unwrap());
    wrong.extend(rows(vector, &vector.body, &body, deviations, tally));
    tally.checked += 1;
    if !wrong.is_empty() {
        tally.failed.push(format!("{}: {}", vector.name, wrong.join("; ")));
    }
}

fn rows(
    vector: &Vector,
    theirs: &Value,
    ours: &Value,
    deviations: &[Deviation],
    tally: &mut Tally,
) -> Vec<String> {
    match (theirs, ours) {
        (Value::Null, Value::Null) => vec![],
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).flat_map(|(a, b)| fields(vector, a, b, deviations, tally)).collect()
        }
        (Value::Object(_), Value::Object(_)) => fields(vector, theirs, ours, deviations, tally),
        _ => vec![format!("body {ours} instead of {theirs}")],
    }
}

fn fields(
    vector: &Vector,
    theirs: &Value,
    ours: &Value,
    deviations: &[Deviation],
    tally: &mut Tally,
) -> Vec<String> {
    let mut theirs = theirs.as_object().cloned().unwrap_or_default();
    let mut ours = ours.as_object().cloned().unwrap_or_default();
    for field in &vector.ignore {
        theirs.remove(field);
        ours.remove(field);
    }
    theirs.retain(|_, value| !value.is_null()); // nothing is what it says
    for field in &vector.leaked {
        if !ours.contains_key(field) {
            theirs.remove(field);
        }
    }
    for deviation in deviations {
        if (deviation.apply)(&vector.path, &mut theirs, &mut ours) {
            *tally.deviations.entry(deviation.why).or_default() += 1;
        }
    }
    let mut wrong = Vec::new();
    for (name, value) in &theirs {
        match ours.get(name) {
            None => wrong.push(format!("{name} is missing, it is {value}")),
            Some(own) if !same(own, value) => wrong.push(format!("{name} is {own} instead of {value}")),
            Some(_) => {}
        }
    }
    wrong.extend(
        ours.keys().filter(|name| !theirs.contains_key(*name)).map(|name| format!("{name} is too much")),
    );
    wrong
}

/// Equal as texts or as numbers; objects and arrays part by part.
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(k, v)| b.get(k).is_some_and(|other| same(v, other)))
        }
        _ => match (decimal(a), decimal(b)) {
            (Some(a), Some(b)) => a == b,
            _ => text(a) == text(b),
        },
    }
}
