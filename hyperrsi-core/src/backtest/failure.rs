//! Strategies that panic: the run goes on without them, and says so.

use super::drive::State;
use crate::model::{Candle, InstrumentId, Overflow, Timestamp};
use crate::strategy::{Context, Decision, Needs, Strategy};
use serde::Serialize;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// A strategy that panicked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StrategyFailure {
    /// The instrument it traded.
    pub instrument: InstrumentId,
    /// When the candle closed that it was asked about, or in which the fill lies.
    pub time: Timestamp,
    /// What the panic said.
    pub message: String,
}

impl std::fmt::Display for StrategyFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { instrument, time, message } = self;
        write!(
            f,
            "the strategy panicked on {instrument} at the close of {time} ({message}): it was not asked again, its open \
             legs kept their exits"
        )
    }
}

/// Stands in for a strategy that failed.
pub(super) struct Silent;

impl Strategy for Silent {
    fn needs(&self) -> Needs {
        Needs { series: Vec::new() }
    }
    fn on_candle(&mut self, _: &Context<'_>, _: &Candle) -> Decision {
        Decision::hold()
    }
}

/// Calls a strategy where a panic can only be told.
pub(super) fn caught<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| message(&*panic))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".into())
}

impl State<'_> {
    /// A panic came out of a candle. If it was the strategy's, the failure is kept, and the index of the candle returned;
    /// any other panic is passed on.
    #[cold]
    pub(super) fn failed(&mut self, panic: Box<dyn Any + Send>) -> Result<usize, Overflow> {
        let Some(now) = self.engine.asked_at() else { resume_unwind(panic) };
        self.engine.strategy_failed(now)?;
        let instrument = self.engine.trader.view().instrument.id.clone();
        let failure = StrategyFailure { instrument, time: now, message: message(&*panic) };
        self.run.failure.get_or_insert(failure);
        Ok(self.feed.candles.index_at(now).saturating_sub(1))
    }
}
