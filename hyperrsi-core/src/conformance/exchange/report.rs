use super::Failure;
use crate::model::PositionMode;
use std::fmt;

/// A check that could not be run, and what it lacked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The check.
    pub check: &'static str,
    /// The position mode.
    pub mode: PositionMode,
    /// What the stand or the venue cannot do.
    pub why: String,
}

/// What came of a suite.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The checks that were run and held.
    pub passed: Vec<(&'static str, PositionMode)>,
    /// The checks that could not be run.
    pub skipped: Vec<Skipped>,
    /// The checks that did not hold.
    pub failures: Vec<(PositionMode, Failure)>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Skipped { check, mode, why } in &self.skipped {
            writeln!(f, "skipped {check} ({}): {why}", name(*mode))?;
        }
        for (mode, failure) in &self.failures {
            writeln!(f, "FAILED ({}) {failure}", name(*mode))?;
        }
        let (passed, skipped, failed) = (self.passed.len(), self.skipped.len(), self.failures.len());
        write!(f, "{passed} passed, {skipped} skipped, {failed} failed")
    }
}

const fn name(mode: PositionMode) -> &'static str {
    match mode {
        PositionMode::OneWay => "one-way",
        PositionMode::Hedge => "hedge",
    }
}
