//! Why openings are refused right now (TRADING 12).

use super::{Configure, Event, Link, Output, Policy, Trader};
use crate::model::{MarginMode, PositionMode, PositionSide, Timestamp};
use crate::risk::Refusal;
use std::collections::BTreeSet;

/// The gates of one trader. An open gate set means openings may pass.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Gates {
    closed: BTreeSet<Refusal>,
    pub(crate) margin_failures: u32,
    pub(crate) margin_blocked_until: Option<Timestamp>,
    pub(crate) entry_failures: [u32; 2],
    pub(crate) failure_paused: [bool; 2],
}

impl Default for Gates {
    fn default() -> Self {
        Self {
            closed: BTreeSet::from([
                Refusal::NotRunning,
                Refusal::NotReconciled,
                Refusal::LeverageMismatch,
                Refusal::WarmingUp,
            ]),
            margin_failures: 0,
            margin_blocked_until: None,
            entry_failures: [0; 2],
            failure_paused: [false; 2],
        }
    }
}

impl Gates {
    const fn slot(side: PositionSide) -> usize {
        match side {
            PositionSide::Long => 0,
            PositionSide::Short => 1,
        }
    }
    pub(crate) fn is_failure_paused(&self, side: PositionSide) -> bool {
        self.failure_paused.get(Self::slot(side)).copied().unwrap_or(true)
    }
    /// Counts a rejected entry; true if that pauses the side.
    pub(crate) fn count_entry_failure(&mut self, side: PositionSide, limit: u32) -> bool {
        let slot = Self::slot(side);
        let Some(count) = self.entry_failures.get_mut(slot) else { return false };
        *count += 1;
        let pauses = *count >= limit;
        if pauses && let Some(paused) = self.failure_paused.get_mut(slot) {
            *paused = true;
        }
        pauses
    }
    pub(crate) fn entry_succeeded(&mut self, side: PositionSide) {
        self.margin_failures = 0;
        if let Some(count) = self.entry_failures.get_mut(Self::slot(side)) {
            *count = 0;
        }
    }
    /// Every closed gate, in reporting order.
    pub(crate) fn closed(&self) -> impl Iterator<Item = Refusal> {
        self.closed.iter().copied()
    }
    /// After a restart: what a start has to open again is closed, of the rest only `kept` stays as it was.
    pub(crate) fn restart(&mut self, kept: &[Refusal]) {
        let mut closed = Self::default().closed;
        closed.extend(self.closed.iter().copied().filter(|gate| kept.contains(gate)));
        self.closed = closed;
    }
    pub(crate) fn lift_failures(&mut self) {
        self.entry_failures = [0; 2];
        self.failure_paused = [false; 2];
        self.closed.remove(&Refusal::StrategyFailed);
    }
}

impl Trader {
    /// Closes or opens a gate and tells when that changes anything.
    pub(super) fn set_gate(&mut self, gate: Refusal, closed: bool) {
        let changed = if closed { self.gates.closed.insert(gate) } else { self.gates.closed.remove(&gate) };
        if changed {
            self.emit(Event::Gate(gate, closed));
            self.refresh_gates();
            if closed {
                for side in PositionSide::BOTH {
                    self.reconcile_next_entry(side);
                    self.reconcile_rest(side);
                }
            }
        }
    }

    pub(super) fn refresh_gates(&mut self) {
        let closed = &self.gates.closed;
        let opening = closed.iter().find(|gate| **gate != Refusal::WarmingUp);
        self.view.opening_gate = opening.or_else(|| closed.first()).copied();
    }

    /// The first closed gate for an opening on `side`, in reporting order.
    pub(super) fn gate(&self, side: PositionSide) -> Option<Refusal> {
        let closed = |gate: &Refusal| *gate != Refusal::WarmingUp;
        self.gates
            .closed
            .iter()
            .copied()
            .find(closed)
            .or_else(|| self.gates.is_failure_paused(side).then_some(Refusal::FailurePaused))
            .or_else(|| self.leg(side).foreign.then_some(Refusal::ForeignPosition))
            .or_else(|| self.orders.has_unknown(side).then_some(Refusal::UnknownOrder))
            .or_else(|| self.gates.closed.contains(&Refusal::WarmingUp).then_some(Refusal::WarmingUp))
    }

    pub(super) fn count_margin_failure(&mut self) {
        let (limit, span) = self.policy.margin_block;
        self.gates.margin_failures += 1;
        if self.gates.margin_failures >= limit {
            self.gates.margin_failures = 0;
            self.gates.margin_blocked_until = Some(self.now + span);
            self.set_gate(Refusal::MarginBlocked, true);
        }
    }

    /// Opens the margin gate once its time has passed.
    #[inline]
    pub(super) fn lift_margin_block(&mut self) {
        if self.gates.margin_blocked_until.is_some_and(|until| self.now >= until) {
            self.gates.margin_blocked_until = None;
            self.set_gate(Refusal::MarginBlocked, false);
        }
    }

    /// Somebody outside closes or opens a gate.
    pub(super) fn on_gate(&mut self, gate: Refusal, closed: bool) {
        if gate == Refusal::MarginBlocked && !closed {
            self.gates.margin_blocked_until = None;
        }
        self.set_gate(gate, closed);
    }

    pub(super) fn on_configured(&mut self, outcome: Result<(), Refusal>) {
        match outcome {
            Ok(()) => self.set_gate(Refusal::LeverageMismatch, false),
            Err(gate) => self.set_gate(gate, true),
        }
    }

    pub(super) fn on_leverage(&mut self, leverage: u32, mode: MarginMode) {
        let differs = leverage != self.policy.leverage || mode != self.policy.margin_mode;
        self.set_gate(Refusal::LeverageMismatch, differs);
    }

    pub(super) fn on_position_mode(&mut self, mode: PositionMode) {
        self.policy.venue.hedge_mode = mode == PositionMode::Hedge;
    }

    pub(super) fn on_policy(&mut self, policy: Policy) {
        let leverage_changed =
            policy.leverage != self.policy.leverage || policy.margin_mode != self.policy.margin_mode;
        self.view.cooldown = policy.cooldown;
        self.policy = policy;
        if leverage_changed {
            self.set_gate(Refusal::LeverageMismatch, true);
            self.configure();
        }
    }

    pub(super) fn on_link(&mut self, link: Link) {
        match link {
            Link::Down => self.set_gate(Refusal::DataGap, true),
            Link::Up | Link::Gap => {
                self.set_gate(Refusal::DataGap, false);
                self.set_gate(Refusal::NotReconciled, true);
                self.read_account();
            }
        }
    }

    /// Asks for leverage and margin mode to be set and verified.
    pub(super) fn configure(&mut self) {
        let request = self.request();
        let setting = Configure::Leverage(self.policy.leverage, self.policy.margin_mode);
        self.outputs.push_back(Output::Configure { request, setting });
    }

    pub(super) fn read_account(&mut self) {
        let request = self.request();
        self.outputs.push_back(Output::ReadAccount { request });
    }
}
