//! The leg against the main one: opened after main entries, kept in line with the main leg, closed with it (TRADING 11).

use super::Trader;
use super::entry::{EntryKind, PendingEntry};
use super::orders::Tracked;
use crate::model::{
    OrderKind, OrderStatus, Overflow, PositionSide, Price, Quantity, TriggerSource, decimal_from_f64,
};
use crate::position::{ExitPlan, ExitReason, Exits, HedgePlan, HedgeStop, MainLeg, StopKind};
use crate::risk::{Refusal, Refused};
use crate::strategy::LegState;
use rust_decimal::Decimal;
use std::sync::Arc;

impl Trader {
    /// The plan of the hedge against the leg on `main`.
    fn hedge_plan(&self, main: PositionSide) -> Option<HedgePlan> {
        self.leg(main).entry_plan.as_ref().and_then(|plan| plan.hedge)
    }

    /// The reason of an exit by a stop of that kind.
    pub(super) fn reason_of(&self, side: PositionSide, kind: StopKind) -> ExitReason {
        if self.leg(side).hedge { ExitReason::HedgeStopLoss } else { kind.reason() }
    }

    /// What follows once a leg's protection is in line: a hedge that is due, exits of a hedge that follow the main leg.
    pub(super) fn follow_up(&mut self, main: PositionSide) -> Result<(), Overflow> {
        if self.hedge_plan(main).is_none() {
            self.leg_mut(main).hedge_due = false;
            return Ok(());
        }
        let filling =
            |o: &Tracked| !o.spec.reduce_only && (o.spec.kind.price().is_none() || !o.filled.is_zero());
        if self.leg(main).hedge_due && self.starts() {
            return self.refresh_hedge(main);
        }
        if self.leg(main).hedge_due && !self.orders.of(main).any(filling) {
            self.leg_mut(main).hedge_due = false;
            return self.evaluate_hedge(main);
        }
        self.refresh_hedge(main)
    }

    /// After an entry of the main leg, in the order of TRADING 11.2.
    fn evaluate_hedge(&mut self, main: PositionSide) -> Result<(), Overflow> {
        let Some(plan) = self.hedge_plan(main) else { return Ok(()) };
        let (entries, hedged) = (self.leg(main).entries, self.leg(main).hedge_entries);
        if plan.ends_at(entries) {
            return self.close_hedge(main, ExitReason::HedgeLastEntry);
        }
        if entries >= plan.from_entry && hedged < plan.limit {
            self.open_hedge(main, plan)?;
        }
        self.refresh_hedge(main)
    }

    fn open_hedge(&mut self, main: PositionSide, plan: HedgePlan) -> Result<(), Overflow> {
        let side = main.opposite();
        if !self.policy.venue.hedge_mode {
            if !std::mem::replace(&mut self.leg_mut(main).hedge_alerted, true) {
                self.refuse(side, Refusal::HedgeModeRequired.into(), None);
            }
            return Ok(());
        }
        if let Some(gate) = self.gate(side) {
            self.refuse(side, gate.into(), None);
            return Ok(());
        }
        let leg = self.leg(side);
        let under_way = self.orders.has_opening(side) || self.entries.iter().any(|e| e.side() == side);
        if under_way || leg.closing.is_some() || !(leg.hedge || leg.book.is_flat()) {
            return Ok(());
        }
        let open = leg.book.quantity();
        let missing = plan.missing(&self.view.instrument, self.leg(main).book.quantity(), open)?;
        let price = self.price(TriggerSource::Last).and_then(decimal_from_f64).map(Price::new);
        let large_enough = match price {
            Some(price) => self.view.instrument.is_placeable(missing, price)?,
            None => missing.is_positive() && missing.get() >= self.view.instrument.min_size,
        };
        if !large_enough {
            let detail = format!("{missing} is missing of the hedge, less than the venue takes");
            self.refuse(side, Refused::new(Refusal::HedgeBelowMinSize, detail), None);
            return Ok(());
        }
        let trigger = self.leg(main).plan.as_ref().map(|plan| plan.trigger).unwrap_or_default();
        let exits = Arc::new(ExitPlan::new().trigger_by(trigger));
        let leg = self.leg_mut(side);
        leg.hedge = true;
        if leg.book.is_flat() {
            leg.state = LegState::Entering;
        }
        self.sync(side);
        self.entries.push(PendingEntry::hedge(side, missing, exits, self.now));
        self.size_entry(self.entries.len() - 1);
        Ok(())
    }

    /// Re-prices the exits of the hedge after anything they depend on. While an order that enlarges it is on its way they are
    /// left as they are: those of what it will be come after it (TRADING 11.2, steps 5 and 6).
    pub(super) fn refresh_hedge(&mut self, main: PositionSide) -> Result<(), Overflow> {
        if self.is_growing(main.opposite()) { Ok(()) } else { self.price_hedge(main) }
    }

    /// An order whose outcome nobody knows is not waited for.
    fn is_growing(&self, side: PositionSide) -> bool {
        let sent = |order: &Tracked| {
            let opens = !order.spec.reduce_only && order.spec.kind == OrderKind::Market;
            opens && order.status != OrderStatus::Unknown
        };
        self.entries.iter().any(|entry| entry.side() == side && entry.kind() == EntryKind::Hedge)
            || self.leg(side).hedge && self.orders.of(side).any(sent)
    }

    /// Take profit and stop of the hedge by its average and the main leg as they are now (TRADING 11.4 to 11.6).
    pub(super) fn price_hedge(&mut self, main: PositionSide) -> Result<(), Overflow> {
        let side = main.opposite();
        let leg = self.leg(side);
        let Some(plan) = self.hedge_plan(main) else { return Ok(()) };
        let (quantity, Some(average)) = (leg.book.quantity(), leg.book.average()) else { return Ok(()) };
        if !leg.hedge || leg.foreign || leg.closing.is_some() || self.leg(main).book.is_flat() {
            return Ok(());
        }
        let own = self.leg(main);
        let seen = MainLeg {
            entries: own.entries,
            stop: own.stop(),
            ladder: own.exits.as_ref().map(|exits| &exits.ladder),
        };
        let (take_profit, stop) = plan.exits(&self.view.instrument, side, average, seen)?;
        let wanted = (take_profit.map(|price| (price, quantity)), stop, average);
        if self.leg(side).exits.as_ref().map(fixed_parts) == Some(wanted) {
            return Ok(());
        }
        let trigger = self.leg(main).plan.as_ref().map(|plan| plan.trigger).unwrap_or_default();
        let exit_plan = Arc::new(whole(trigger, take_profit.is_some()));
        let leg = self.leg_mut(side);
        let command = leg.exits.as_ref().and_then(Exits::command);
        let mut exits = Exits::fixed(Arc::clone(&exit_plan), side, (quantity, average), take_profit, stop);
        if let Some(price) = command {
            exits.set_stop(price);
        }
        (leg.plan, leg.exits) = (Some(exit_plan), Some(exits));
        leg.note_planned_risk()?;
        self.reconcile(side)
    }

    /// A level of the main leg was reached: a hedge that is stopped there and still open is closed (TRADING 11.6).
    pub(super) fn main_level_reached(&mut self, main: PositionSide, level: u8) -> Result<(), Overflow> {
        match self.hedge_plan(main) {
            Some(plan) if plan.stop == Some(HedgeStop::MainLevel(level)) => {
                self.close_hedge(main, ExitReason::HedgeStopLoss)
            }
            _ => Ok(()),
        }
    }

    /// Closes the hedge of a main leg at market, and withdraws what would open it.
    fn close_hedge(&mut self, main: PositionSide, reason: ExitReason) -> Result<(), Overflow> {
        let side = main.opposite();
        if !self.leg(side).hedge {
            return Ok(());
        }
        self.drop_entries(side, Refusal::LegClosed);
        self.close(side, Decimal::ONE, reason)
    }

    /// The main leg is flat; `plan` was its hedge's (TRADING 11.8).
    pub(super) fn main_flat(
        &mut self,
        main: PositionSide,
        plan: Option<HedgePlan>,
        reason: ExitReason,
    ) -> Result<(), Overflow> {
        let side = main.opposite();
        let leg = self.leg(side);
        if !leg.hedge || leg.state == LegState::Flat {
            return Ok(());
        }
        let has_exits = leg.exits.as_ref().is_some_and(|exits| {
            exits.stop().is_some() || exits.ladder.levels.iter().any(|level| level.quantity.is_positive())
        });
        let survives = has_exits && plan.is_none_or(|plan| plan.survives(reason, has_exits));
        if survives { Ok(()) } else { self.close_hedge(main, ExitReason::HedgeLinked) }
    }

    /// A hedge is flat: having taken profit it may take the main leg with it (TRADING 11.7).
    pub(super) fn hedge_flat(&mut self, side: PositionSide, reason: ExitReason) -> Result<(), Overflow> {
        let main = side.opposite();
        match self.hedge_plan(main) {
            Some(plan) if plan.close_main_on_take_profit && reason == ExitReason::HedgeTakeProfit => {
                self.close(main, Decimal::ONE, ExitReason::HedgeTpLinked)
            }
            _ => Ok(()),
        }
    }

    /// A hedge entry filled; its main leg may have been closed meanwhile.
    pub(super) fn hedge_filled(&mut self, side: PositionSide, entry_is_new: bool) -> Result<(), Overflow> {
        let main = self.leg_mut(side.opposite());
        if entry_is_new {
            main.hedge_entries += 1;
        }
        if main.book.is_flat() && main.state != LegState::Entering {
            return self.close(side, Decimal::ONE, ExitReason::HedgeLinked);
        }
        Ok(())
    }
}

/// A plan of one take profit for everything, or none.
fn whole(trigger: TriggerSource, take_profit: bool) -> ExitPlan {
    let plan = ExitPlan::new().trigger_by(trigger);
    if take_profit {
        // The distance is not used: the level has a price of its own.
        plan.take_profit(crate::position::Distance::PriceOffset(Decimal::ZERO), Decimal::ONE_HUNDRED)
    } else {
        plan
    }
}

/// What exits of a hedge consist of: take profit and its quantity, stop, the average they were made for.
fn fixed_parts(exits: &Exits) -> (Option<(Price, Quantity)>, Option<Price>, Price) {
    let level = exits.ladder.levels.first().map(|level| (level.price, level.quantity));
    (level, exits.fixed_stop(), exits.average())
}
