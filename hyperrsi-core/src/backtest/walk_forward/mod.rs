//! Walk-forward analysis: choose settings on one stretch of time, judge them on the next, move on, and look only at what
//! was judged.
//!
//! ```text
//! train ──────────────▶│test ──▶│
//!          train ──────────────▶│test ──▶│          rolling; anchored trainings begin at the start and grow
//!                   train ──────────────▶│test ──▶│
//! ```
//!
//! The tests' equity is joined into one curve ([`WalkForward::equity`]): each test starts with the money the one before
//! ended with, after a warm-up on the candles before it, and closes its legs at its end. Beside it, all combinations are
//! run over the whole time, for what [`overfitting`](super::statistics::overfitting) says about choosing among them.

mod page;
mod run;
mod text;
mod trials;
mod turn;
mod windows;

pub use page::page;
pub use run::{Plan, WalkForwardError, run, run_sharing};
pub use text::text;
pub use trials::{Best, Trials};
pub use windows::{Window, windows};

use super::statistics::resampling::Draws;
use super::sweep::Score;
use super::{EquityCurve, Statistics};
use crate::model::Span;
use crate::position::Trade;

/// One window and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The stretches of time.
    pub window: Window,
    /// The combination that was best in training; `None` if none could be ranked, and then nothing was traded.
    pub chosen: Option<u64>,
    /// Its numbers in training.
    pub train: Option<Score>,
    /// Its numbers in the test.
    pub test: Option<Score>,
}

/// A finished walk-forward analysis.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WalkForward {
    /// The windows, in order of time.
    pub steps: Vec<Step>,
    /// How long each test was meant to be; the last one ends with the candles.
    pub test: Span,
    /// Equity of all tests, joined.
    pub equity: EquityCurve,
    /// Trades of all tests.
    pub trades: Vec<Trade>,
    /// Statistics of all tests.
    pub statistics: Statistics,
    /// Money at the start of the first test.
    pub initial_balance: f64,
    /// Money at the end of the last.
    pub final_equity: f64,
    /// Probability that the true Sharpe ratio of the tests is above 0.
    pub probabilistic_sharpe: Option<f64>,
    /// Growth per day in the tests over growth per day of the chosen ones in training, 1 if nothing was lost on the way;
    /// `None` where training did not gain.
    pub efficiency: Option<f64>,
    /// All combinations over the whole time.
    pub trials: Trials,
    /// The tests' trades in other orders.
    pub shuffled: Draws,
    /// The tests' trades, drawn again.
    pub bootstrapped: Draws,
    /// Runs of the engine that it took.
    pub runs: u64,
}
