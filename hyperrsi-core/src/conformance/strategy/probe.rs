use super::{Call, Violation};
use crate::model::{Candle, Fill, StrategyId, Timeframe, Timestamp};
use crate::risk::Refusal;
use crate::series::History;
use crate::strategy::{Context, Decision, Needs, RestoreError, Strategy, View};

/// A candle the strategy was given, and how long each history was then.
struct Given {
    timeframe: Timeframe,
    candle: Candle,
    now: Timestamp,
    lengths: Box<[usize]>,
}

/// A strategy that takes over after a candle, and another new one to try its saved state on.
pub(super) struct Handover<S> {
    after: usize,
    successor: S,
    twin: S,
}

impl<S> Handover<S> {
    /// After candle number `after` of the signal timeframe.
    pub(super) const fn new(after: usize, successor: S, twin: S) -> Self {
        Self { after, successor, twin }
    }
}

/// Asks the strategy and writes down what it answers.
pub(super) struct Probe<S> {
    inner: S,
    needs: Needs,
    /// Candles of the signal timeframe that were decided about.
    bar: usize,
    calls: Vec<Call>,
    handover: Option<Handover<S>>,
    given: Vec<Given>,
    violation: Option<Violation>,
}

impl<S: Strategy> Probe<S> {
    pub(super) fn new(inner: S) -> Self {
        let needs = inner.needs();
        Self { inner, needs, bar: 0, calls: Vec::new(), handover: None, given: Vec::new(), violation: None }
    }

    pub(super) fn handing_over(mut self, handover: Handover<S>) -> Self {
        self.handover = Some(handover);
        self
    }

    pub(super) fn into_calls(self) -> Result<Vec<Call>, Violation> {
        self.violation.map_or(Ok(self.calls), Err)
    }

    fn note(&mut self, candle: Timestamp, timeframe: Option<Timeframe>, decision: &Decision) {
        self.calls.push(Call { bar: self.bar, candle, timeframe, decision: Some(decision.clone()) });
    }

    fn histories<'a>(&self, ctx: &Context<'a>) -> Vec<History<'a>> {
        let mut histories: Vec<History<'a>> = Vec::new();
        for need in &self.needs.series {
            if histories.iter().all(|history| history.timeframe() != need.timeframe) {
                histories.extend(ctx.history(need.timeframe));
            }
        }
        histories
    }

    /// What a restart does: the candles again, with flat legs and nothing carried out, and then the saved state.
    fn hand_over(&mut self, ctx: &Context<'_>, candle: &Candle) {
        let Some(Handover { mut successor, mut twin, .. }) = self.handover.take() else { return };
        let mut view = View::new(ctx.instrument().clone());
        view.opening_gate = Some(Refusal::WarmingUp);
        let whole = self.histories(ctx);
        for given in std::mem::take(&mut self.given) {
            let histories: Vec<History<'_>> = whole
                .iter()
                .zip(given.lengths.iter())
                .filter(|(_, length)| **length > 0)
                .map(|(history, length)| history.oldest(*length))
                .collect();
            let context = Context::new(given.now, given.timeframe, &histories, &view, false);
            let _ = successor.on_candle(&context, &given.candle);
        }
        if let Some(saved) = self.inner.save() {
            let after = candle.open_time;
            let text = saved.to_string();
            let read = serde_json::from_str(&text).unwrap_or(saved);
            let restored = twin.restore(&read).and_then(|()| successor.restore(&read));
            if let Err(error) = restored {
                self.violation = Some(Violation::NotRestored { after, error });
                return;
            }
            let again = twin.save().map(|state| state.to_string()).unwrap_or_default();
            if again != text {
                self.violation = Some(Violation::NotKept { after, saved: text, restored: again });
                return;
            }
        }
        self.inner = successor;
    }
}

impl<S: Strategy> Strategy for Probe<S> {
    fn id(&self) -> StrategyId {
        self.inner.id()
    }
    fn needs(&self) -> Needs {
        self.needs.clone()
    }
    fn on_candle(&mut self, ctx: &Context<'_>, candle: &Candle) -> Decision {
        let decision = self.inner.on_candle(ctx, candle);
        self.note(candle.open_time, Some(ctx.timeframe()), &decision);
        if self.handover.is_some() {
            let now = self.histories(ctx);
            let lengths = now.iter().map(History::len).collect();
            self.given.push(Given { timeframe: ctx.timeframe(), candle: *candle, now: ctx.now(), lengths });
        }
        if self.needs.series.first().is_none_or(|need| need.timeframe == ctx.timeframe()) {
            if self.handover.as_ref().is_some_and(|handover| handover.after == self.bar) {
                self.hand_over(ctx, candle);
            }
            self.bar += 1;
        }
        decision
    }
    fn on_fill(&mut self, ctx: &Context<'_>, fill: &Fill) -> Decision {
        let decision = self.inner.on_fill(ctx, fill);
        self.note(ctx.now(), None, &decision);
        decision
    }
    fn is_prompt(&self) -> bool {
        self.inner.is_prompt()
    }
    fn save(&self) -> Option<serde_json::Value> {
        self.inner.save()
    }
    fn restore(&mut self, state: &serde_json::Value) -> Result<(), RestoreError> {
        self.inner.restore(state)
    }
}
