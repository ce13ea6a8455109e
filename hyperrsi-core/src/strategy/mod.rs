//! Strategies: they see closed history and answer with data.
//!
//! A [`Strategy`] is asked once per closed candle of each timeframe it declared in its [`Needs`]. It answers with a
//! [`Decision`]: intents (enter, add, exit, hedge, retune) and which entries should rest. Everything else, from sizing to
//! protection and repair, is the trader's. The same object runs in a backtest, on paper and live.

mod context;
mod decision;
pub mod explain;
pub mod grid;
mod record;
pub mod rsi_trend;
mod threshold;

pub use context::{Context, LegState, LegView, LotView, NextEntry, View};
pub use decision::{Decision, Intent, Rest, RestingEntry};
pub use record::{Check, DecisionOutcome, DecisionRecord, Inputs, LegSummary, RecordedOrder, Stage};
pub use threshold::Threshold;

use crate::model::{Candle, Fill, StrategyId, Timeframe};

/// A series a strategy reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeriesNeed {
    /// The timeframe; candles coarser than the signal timeframe are aggregated from it.
    pub timeframe: Timeframe,
    /// Closed candles that must exist before the first entry.
    pub depth: usize,
    /// Whether the strategy can do without it.
    pub optional: bool,
}

/// What a strategy needs before it may enter. The first series is the signal timeframe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needs {
    /// The series, the signal timeframe first.
    pub series: Vec<SeriesNeed>,
}

impl Needs {
    /// One timeframe, `depth` closed candles.
    pub fn candles(timeframe: Timeframe, depth: usize) -> Self {
        Self { series: vec![SeriesNeed { timeframe, depth, optional: false }] }
    }
    /// A further timeframe.
    #[must_use]
    pub fn and(mut self, timeframe: Timeframe, depth: usize) -> Self {
        self.series.push(SeriesNeed { timeframe, depth, optional: false });
        self
    }
    /// A further timeframe that is read if it can be had.
    #[must_use]
    pub fn and_if_available(mut self, timeframe: Timeframe) -> Self {
        self.series.push(SeriesNeed { timeframe, depth: 0, optional: true });
        self
    }
}

/// A saved state that does not belong to this strategy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the saved state does not fit this strategy ({0}); start it fresh, it warms up from candles")]
pub struct RestoreError(pub String);

/// A trading idea. Only [`on_candle`](Strategy::on_candle) and [`needs`](Strategy::needs) are required.
pub trait Strategy: Send {
    /// A short stable name.
    fn id(&self) -> StrategyId {
        StrategyId::new("custom")
    }
    /// The series it reads; entries wait until all are deep enough.
    fn needs(&self) -> Needs;
    /// A candle of a needed timeframe has closed; `ctx` says which.
    fn on_candle(&mut self, ctx: &Context<'_>, candle: &Candle) -> Decision;
    /// A fill of one of its legs: asked at once live, in a backtest at the close of the candle the fill lies in.
    fn on_fill(&mut self, ctx: &Context<'_>, fill: &Fill) -> Decision {
        let _ = (ctx, fill);
        Decision::hold()
    }
    /// Whether it always answers within microseconds: it computes, and never waits, for a file, a lock or a network. Live
    /// it is then asked where its account is served, which saves the way to a thread of its own and back; one that does
    /// not keep the promise is given up at the same deadline, but holds up other accounts until then.
    fn is_prompt(&self) -> bool {
        false
    }
    /// What its saved state depends on: a state is given back to the same only. Settings that change what indicators see
    /// belong in here.
    fn fingerprint(&self) -> String {
        format!("{} {:?}", self.id(), self.needs())
    }
    /// State beyond what candles and context can tell, as JSON; `None` if there is none.
    fn save(&self) -> Option<serde_json::Value> {
        None
    }
    /// Takes a saved state back.
    ///
    /// # Errors
    /// [`RestoreError`] if the state is not one of this strategy's.
    fn restore(&mut self, state: &serde_json::Value) -> Result<(), RestoreError> {
        Err(RestoreError(format!("it keeps none, got {state}")))
    }
}
