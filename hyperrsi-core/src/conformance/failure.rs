use std::fmt::Debug;

/// What was not as the contract says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{check}: {what}\n  expected {expected}\n       got {got}")]
pub struct Failure {
    /// The check.
    pub check: &'static str,
    /// What was asked.
    pub what: String,
    /// What had to come.
    pub expected: String,
    /// What came.
    pub got: String,
}

/// Large values would bury what matters.
pub(super) fn shown(value: &impl Debug) -> String {
    let text = format!("{value:?}");
    match text.char_indices().nth(600) {
        Some((cut, _)) => format!("{}… ({} bytes)", text.get(..cut).unwrap_or_default(), text.len()),
        None => text,
    }
}
