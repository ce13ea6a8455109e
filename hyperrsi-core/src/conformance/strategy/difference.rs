use super::brief;
use crate::backtest::BacktestError;
use crate::model::{Timeframe, Timestamp};
use crate::strategy::{Decision, RestoreError};
use std::fmt;

/// How later prices were changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Perturbation {
    /// Every rise becomes a fall of the same factor, and the other way round.
    Mirrored,
    /// 30 % higher.
    Higher,
    /// 30 % lower.
    Lower,
}

impl Perturbation {
    /// Every perturbation.
    pub const ALL: &'static [Self] = &[Self::Mirrored, Self::Higher, Self::Lower];
}

/// What was different in a run. Times are open times of the last candle that was as before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trial {
    /// Nothing: a new strategy over the same candles.
    Again,
    /// There were no candles after this one.
    Truncated {
        /// The last candle.
        after: Timestamp,
    },
    /// Candles after this one had other prices.
    Perturbed {
        /// The last unchanged candle.
        after: Timestamp,
        /// How prices were changed.
        how: Perturbation,
    },
    /// After this candle a new strategy took over.
    Resumed {
        /// The last candle of the old one.
        after: Timestamp,
    },
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Again => f.write_str("a second run over the same candles decides differently"),
            Self::Truncated { after } => {
                write!(f, "it looks ahead: without the candles after {after} it decides differently")
            }
            Self::Perturbed { after, how } => {
                let how = match how {
                    Perturbation::Mirrored => "mirrored",
                    Perturbation::Higher => "30 % higher",
                    Perturbation::Lower => "30 % lower",
                };
                write!(f, "it looks ahead: with prices {how} after {after} it decides differently")
            }
            Self::Resumed { after } => {
                write!(f, "it hides state: a restart after the candle of {after} decides differently")
            }
        }
    }
}

/// One call of a strategy and what it answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Number of the candle of the signal timeframe, from 0.
    pub bar: usize,
    /// Open time of the candle, or of the candle in which the fill lay.
    pub candle: Timestamp,
    /// The timeframe that closed; `None` for a fill.
    pub timeframe: Option<Timeframe>,
    /// The answer; `None` if there was no such call.
    pub decision: Option<Decision>,
}

impl Call {
    fn same(&self, other: &Self) -> bool {
        self == other || format!("{self:?}") == format!("{other:?}") // NaN is like NaN here
    }
}

/// The first call in which a run differs from the first one.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// What was different in the run.
    pub trial: Trial,
    /// Number of the candle of the signal timeframe, from 0.
    pub bar: usize,
    /// What the first run did there.
    pub expected: Call,
    /// What this run did there.
    pub found: Call,
}

impl Difference {
    /// Compares calls up to and including candle `last`.
    pub(super) fn between(trial: Trial, last: usize, base: &[Call], found: &[Call]) -> Option<Self> {
        let mut base = base.iter().take_while(|call| call.bar <= last);
        let mut found = found.iter().take_while(|call| call.bar <= last);
        loop {
            let (expected, found) = match (base.next(), found.next()) {
                (None, None) => return None,
                (Some(a), Some(b)) if a.same(b) => continue,
                (Some(a), Some(b)) => (a.clone(), b.clone()),
                (Some(a), None) => (a.clone(), Call { decision: None, ..a.clone() }),
                (None, Some(b)) => (Call { decision: None, ..b.clone() }, b.clone()),
            };
            return Some(Self { trial, bar: expected.bar.min(found.bar), expected, found });
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = |call: &Call| match (&call.decision, call.timeframe) {
            (None, _) => "not asked".to_owned(),
            (Some(decision), Some(_)) => brief(decision),
            (Some(decision), None) => format!("{} on a fill", brief(decision)),
        };
        let (mut first, mut now) = (what(&self.expected), what(&self.found));
        if first == now {
            // The difference lies in what the few words leave out: exits, ATR, the record.
            (first, now) = (format!("{:?}", self.expected.decision), format!("{:?}", self.found.decision));
        }
        let (trial, bar, candle) = (self.trial, self.bar, self.expected.candle);
        write!(f, "{trial}; first at bar {bar} ({candle}): {first} became {now}")
    }
}

/// What is wrong with a strategy.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// Runs that must decide alike do not.
    #[error("{0}")]
    Differs(Box<Difference>),
    /// A new strategy does not take the saved state.
    #[error("after the candle of {after}: {error}")]
    NotRestored {
        /// The candle after which it was saved.
        after: Timestamp,
        /// What it said.
        error: RestoreError,
    },
    /// A new strategy that was given the saved state saves another one.
    #[error(
        "the state saved after the candle of {after} is lost on the way: restored and saved again it is {restored}, \
         not {saved}; make restore take everything that save gives"
    )]
    NotKept {
        /// The candle after which it was saved.
        after: Timestamp,
        /// What was saved.
        saved: String,
        /// What was saved after restoring.
        restored: String,
    },
    /// The backtest itself failed.
    #[error(transparent)]
    Backtest(#[from] BacktestError),
}

impl From<Difference> for Violation {
    fn from(difference: Difference) -> Self {
        Self::Differs(Box::new(difference))
    }
}
