use serde::Serialize;
use std::fmt;

/// One thing that is wrong, or worth a second look, in a settings record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Issue {
    /// What kind of problem: stable, for programs and translations.
    pub code: &'static str,
    /// The key to change; an entry of a map key is written `symbol_investments.BTC-USDT-SWAP`.
    pub key: String,
    /// What is wrong and what would be right, in English.
    pub message: String,
}

impl Issue {
    pub(in crate::strategy) fn new(
        code: &'static str,
        key: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self { code, key: key.into(), message: message.into() }
    }

    /// The key of the record the issue is about, without the entry of a map.
    pub fn root(&self) -> &str {
        self.key.split_once('.').map_or(self.key.as_str(), |(root, _)| root)
    }
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.message, self.code)
    }
}

/// Everything found in one record at once. Errors block saving and starting, warnings do not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// What must be changed.
    pub errors: Vec<Issue>,
    /// What is allowed but probably not meant.
    pub warnings: Vec<Issue>,
}

impl Report {
    /// Whether the record may be saved and started.
    pub fn is_valid(&self) -> bool {
        self.errors.is_empty()
    }
    /// The error of a code, if it was found.
    pub fn error(&self, code: &str) -> Option<&Issue> {
        self.errors.iter().find(|issue| issue.code == code)
    }
    /// The warning of a code, if it was found.
    pub fn warning(&self, code: &str) -> Option<&Issue> {
        self.warnings.iter().find(|issue| issue.code == code)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.errors.iter().map(|issue| ("error", issue));
        let lines = lines.chain(self.warnings.iter().map(|issue| ("warning", issue)));
        for (number, (kind, issue)) in lines.enumerate() {
            let gap = if number == 0 { "" } else { "\n" };
            write!(f, "{gap}{kind}: {issue}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Report {}
