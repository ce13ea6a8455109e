use serde::{Deserialize, Serialize};
use std::fmt;

/// In which order things happen inside a candle whose path is not known (TRADING 15.4). Conventions, not proofs of a
/// bound; every report shows `pessimistic` and `optimistic` beside the chosen one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum IntrabarPolicy {
    /// The adverse extreme first, after every event again.
    #[default]
    Pessimistic,
    /// The favourable extreme first.
    Optimistic,
    /// Open, then low and high (rising candle) or high and low (falling candle), then close.
    OhlcPath,
}

impl IntrabarPolicy {
    /// Every policy.
    pub const ALL: [Self; 3] = [Self::Pessimistic, Self::Optimistic, Self::OhlcPath];

    /// The name used in settings and exports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pessimistic => "pessimistic",
            Self::Optimistic => "optimistic",
            Self::OhlcPath => "ohlc_path",
        }
    }
}

impl fmt::Display for IntrabarPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for IntrabarPolicy {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == text).ok_or_else(|| {
            format!("\"{text}\" is not an intrabar policy; use pessimistic, optimistic or ohlc_path")
        })
    }
}
