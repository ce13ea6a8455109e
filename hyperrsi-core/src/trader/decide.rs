//! From a closed candle to what was decided: the strategy is asked, its answer is carried out, an opening has to pass the
//! gates. What passed waits for its price in [`entry`](super::entry).

use super::entry::{EntryKind, PendingEntry};
use super::{Evaluation, Event, Record, Trader};
use crate::model::{Candle, Overflow, PositionSide, RequestId, Timeframe, decimal_from_f64};
use crate::position::{EntryPlan, ExitPlan};
use crate::risk::{Refusal, Refused, Size};
use crate::strategy::{Decision, DecisionOutcome, DecisionRecord, Intent, LegState, Rest};
use rust_decimal::Decimal;
use std::sync::Arc;

impl Trader {
    #[inline]
    pub(super) fn on_candle(&mut self, timeframe: Timeframe, candle: &Candle) {
        self.lift_margin_block();
        if self.base.is_none_or(|base| timeframe < base) {
            self.base = Some(timeframe);
        }
        let request = self.request();
        self.evaluation = Some(Evaluation {
            request,
            candle: candle.open_time,
            close: candle.close_time(timeframe.span()),
        });
        self.asked = Some((request, timeframe));
    }

    pub(super) fn on_strategy_failed(&mut self, request: RequestId) {
        if self.evaluation.is_some_and(|e| e.request == request) {
            self.evaluation = None;
            self.set_gate(Refusal::StrategyFailed, true);
        } else if let Some(index) = self.fill_evaluations.iter().position(|e| e.request == request) {
            self.fill_evaluations.swap_remove(index);
            self.set_gate(Refusal::StrategyFailed, true);
        }
    }

    #[inline]
    pub(super) fn on_decision(&mut self, request: RequestId, decision: Decision) -> Result<(), Overflow> {
        if self.evaluation.as_ref().is_none_or(|evaluation| evaluation.request != request) {
            return self.decided_on_fill(request, decision);
        }
        if decision.atr.is_some() {
            self.atr = decision.atr;
        }
        if decision.is_hold() && !self.rest_waits {
            self.evaluation = None;
            if decision.intents.capacity() == 0 {
                std::mem::forget(decision); // it owns nothing: skip the drop, once per candle
            }
            return Ok(());
        }
        if let Some(evaluation) = self.evaluation.take() {
            self.act_on(evaluation, decision)?;
        }
        if self.rest_waits {
            self.rest_now();
        }
        Ok(())
    }

    #[inline(never)]
    fn decided_on_fill(&mut self, request: RequestId, decision: Decision) -> Result<(), Overflow> {
        let Some(index) = self.fill_evaluations.iter().position(|e| e.request == request) else {
            return Ok(());
        };
        let evaluation = self.fill_evaluations.swap_remove(index);
        if decision.is_hold() { Ok(()) } else { self.act_on(evaluation, decision) }
    }

    #[inline(never)]
    fn act_on(&mut self, evaluation: Evaluation, decision: Decision) -> Result<(), Overflow> {
        let mut record = decision.record;
        if let Some((side, refusal)) = decision.refused {
            self.emit(Event::Refused { side, refused: refusal.into() });
        }
        if let Some(record) = &record {
            self.note_author(record);
        }
        self.deciding = true;
        for intent in decision.intents {
            if let Err(overflow) = self.carry_out(evaluation, intent, &mut record) {
                self.deciding = false;
                return Err(overflow);
            }
        }
        self.deciding = false;
        if let Rest::Set(entries) = decision.rest {
            self.set_rest(entries)?;
        }
        if let Some(record) = record {
            self.finish_record(record);
        }
        Ok(())
    }

    fn carry_out(
        &mut self,
        evaluation: Evaluation,
        intent: Intent,
        record: &mut Option<Box<DecisionRecord>>,
    ) -> Result<(), Overflow> {
        match intent {
            Intent::Enter { side, size, exits, entries } => {
                let plans = (Some(exits), entries);
                self.decide(evaluation, EntryKind::First, side, size, plans, record.take());
            }
            Intent::Add { side, size } => {
                self.decide(evaluation, EntryKind::Add, side, size, (None, None), record.take());
            }
            Intent::Hedge { side, size, exits } => {
                let plans = (Some(exits), None);
                self.decide(evaluation, EntryKind::Hedge, side, size, plans, record.take());
            }
            Intent::Withhold { side, withheld } => {
                self.leg_mut(side).withheld = withheld;
                self.reconcile_next_entry(side);
                self.sync(side);
            }
            Intent::Replan { side, exits, entries } => {
                let leg = self.leg_mut(side);
                if !leg.book.is_flat() {
                    leg.replan = Some((exits, entries));
                }
            }
            Intent::Exit { side, fraction, reason } => {
                if fraction > Decimal::ZERO && fraction <= Decimal::ONE {
                    self.close(side, fraction, reason)?;
                } else {
                    let detail = format!("a leg cannot be closed by a fraction of {fraction}");
                    self.refuse(side, Refused::new(Refusal::InvalidIntent, detail), None);
                }
            }
            Intent::Retune { side, exits } => match crate::risk::check_plan(&exits, side) {
                Ok(()) => self.retune(side, exits)?,
                Err(refused) => self.refuse(side, refused, None),
            },
        }
        Ok(())
    }

    fn decide(
        &mut self,
        evaluation: Evaluation,
        kind: EntryKind,
        side: PositionSide,
        size: Size,
        (exits, entries): (Option<Arc<ExitPlan>>, Option<Arc<EntryPlan>>),
        record: Option<Box<DecisionRecord>>,
    ) {
        let plans = (exits.as_deref(), entries.as_deref());
        if let Err(refused) = self.may_open(evaluation, kind, side, size, plans) {
            return self.refuse(side, refused, record);
        }
        if kind != EntryKind::Add {
            let leg = self.leg_mut(side);
            if leg.book.is_flat() {
                leg.state = LegState::Entering;
            }
            leg.hedge = kind == EntryKind::Hedge;
            self.sync(side);
        }
        if kind != EntryKind::Hedge {
            self.view.leg_mut(side).candle_used = Some(evaluation.candle);
        }
        let plans = (exits, entries);
        self.entries.push(PendingEntry::market(kind, side, size, plans, evaluation.close, record));
        self.reconcile_next_entry(side);
    }

    fn may_open(
        &self,
        evaluation: Evaluation,
        kind: EntryKind,
        side: PositionSide,
        size: Size,
        (exits, entries): (Option<&ExitPlan>, Option<&EntryPlan>),
    ) -> Result<(), Refused> {
        if let Some(gate) = self.gate(side) {
            return Err(gate.into());
        }
        let (leg, other) = (self.leg(side), self.leg(side.opposite()));
        match kind {
            EntryKind::First => {
                for leg in [leg, other] {
                    if leg.state != LegState::Flat || !leg.book.is_flat() {
                        return Err(
                            if leg.hedge { Refusal::HedgeLegOpen } else { Refusal::MainLegOpen }.into()
                        );
                    }
                }
                if self.orders.has_opening(side) {
                    return Err(Refusal::NotFlat.into());
                }
                if let (Some(exit), Some(rest)) = (self.view.leg(side).last_exit, self.policy.cooldown)
                    && evaluation.close < exit + rest
                {
                    return Err(Refused::new(Refusal::Cooldown, format!("until {}", exit + rest)));
                }
            }
            EntryKind::Add if leg.state != LegState::Open || leg.hedge => {
                return Err(Refusal::LegClosed.into());
            }
            EntryKind::Add | EntryKind::Limit | EntryKind::Resting(_) => {
                let limit = leg.entry_plan.as_ref().and_then(|plan| plan.extra).map(|extra| extra.limit);
                if limit.is_some_and(|limit| leg.entries >= limit) {
                    return Err(Refusal::LimitReached.into());
                }
            }
            EntryKind::Hedge => {
                if !self.policy.venue.hedge_mode {
                    return Err(Refusal::HedgeModeRequired.into());
                }
                if other.state != LegState::Open {
                    return Err(Refusal::LegClosed.into());
                }
            }
        }
        if kind != EntryKind::Hedge && self.view.leg(side).candle_used.is_some_and(|t| t >= evaluation.candle)
        {
            return Err(Refusal::CandleUsed.into());
        }
        self.check_opening(side, size, (exits, entries))
    }

    /// Whether an opening makes sense, whatever the leg is.
    pub(super) fn check_opening(
        &self,
        side: PositionSide,
        size: Size,
        (exits, entries): (Option<&ExitPlan>, Option<&EntryPlan>),
    ) -> Result<(), Refused> {
        if !size.is_positive() {
            return Err(Refused::new(
                Refusal::InvalidIntent,
                format!("a size of {size:?} is not above zero"),
            ));
        }
        if self.view.instrument.is_spot() && side == PositionSide::Short {
            return Err(Refused::new(Refusal::Unsupported, "a spot market cannot be sold short"));
        }
        if let Some(exits) = exits {
            crate::risk::check_plan(exits, side)?;
        }
        let needs_atr = exits.is_some_and(ExitPlan::needs_atr) || entries.is_some_and(EntryPlan::needs_atr);
        if needs_atr && self.atr.and_then(decimal_from_f64).is_none() {
            return Err(Refused::new(Refusal::WarmingUp, "the plan needs an ATR that is not known yet"));
        }
        Ok(())
    }

    /// Tells that an opening was not made, and completes its record.
    pub(super) fn refuse(
        &mut self,
        side: PositionSide,
        refused: Refused,
        record: Option<Box<DecisionRecord>>,
    ) {
        if let Some(mut record) = record {
            record.outcome = DecisionOutcome::None;
            record.reason = refused.code.code().into();
            self.finish_record(record);
        }
        self.emit(Event::Refused { side, refused });
    }

    pub(super) fn finish_record(&mut self, record: Box<DecisionRecord>) {
        if self.policy.journal {
            self.spool(|| Record::Decision(record.clone()));
        }
        self.emit(Event::Decided(record));
    }
}
