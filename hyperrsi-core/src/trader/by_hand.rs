//! What operators do to a leg by hand: enter, set its ladder, take orders of others over, apply new plans.

use super::entry::{EntryKind, PendingEntry};
use super::{Role, Trader};
use crate::model::{ClientOrderId, OrderSpec, Overflow, Percent, PositionSide, Price, Quantity};
use crate::position::{Distance, EntryPlan, ExitPlan, Exits, TakeProfit};
use crate::risk::{Refusal, Refused, Size};
use crate::strategy::LegState;
use rust_decimal::Decimal;
use std::sync::Arc;

/// An entry by hand: the plan a leg gets, how large it is, and what is asked for at most.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ManualEntry {
    /// The leg.
    pub side: PositionSide,
    /// How large the settings make it.
    pub size: Size,
    /// Base units asked for; never more than `size` allows.
    pub at_most: Option<Quantity>,
    /// How it is left.
    pub exits: Arc<ExitPlan>,
    /// What may follow it.
    pub entries: Option<Arc<EntryPlan>>,
}

impl Trader {
    /// Why a leg cannot be entered by hand now, if something forbids it: the opening gates (TRADING 12.1), a leg that is
    /// not free, a plan that makes no sense.
    ///
    /// # Errors
    /// The first reason.
    pub fn may_enter(&self, entry: &ManualEntry) -> Result<(), Refused> {
        let side = entry.side;
        if let Some(gate) = self.gate(side) {
            return Err(gate.into());
        }
        for side in PositionSide::BOTH {
            let leg = self.leg(side);
            if leg.state != LegState::Flat || !leg.book.is_flat() {
                return Err(if leg.hedge { Refusal::HedgeLegOpen } else { Refusal::MainLegOpen }.into());
            }
        }
        if self.orders.has_opening(side) {
            return Err(Refusal::NotFlat.into());
        }
        self.check_opening(side, entry.size, (Some(&entry.exits), entry.entries.as_deref()))
    }

    /// An operator enters: sized and reviewed as any other entry, at the next price.
    pub(super) fn enter_by_hand(&mut self, entry: ManualEntry) {
        if let Err(refused) = self.may_enter(&entry) {
            return self.refuse(entry.side, refused, None);
        }
        let ManualEntry { side, size, at_most, exits, entries } = entry;
        self.leg_mut(side).state = LegState::Entering;
        self.leg_mut(side).hedge = false;
        self.sync(side);
        let plans = (Some(exits), entries);
        let pending = PendingEntry::market(EntryKind::First, side, size, plans, self.now, None);
        self.entries.push(pending.asked_by_hand(at_most));
        self.size_entries();
    }

    /// The plan's stop again, where an operator had set another.
    pub(super) fn reset_stop(&mut self, side: PositionSide) -> Result<(), Overflow> {
        let leg = self.leg_mut(side);
        if let Some(exits) = &mut leg.exits {
            exits.forget_command();
            leg.amended_price = None;
            self.reconcile(side)?;
        }
        Ok(())
    }

    /// Take-profit levels by hand until the next entry; none goes back to the plan's. Stops stay as they are.
    pub(super) fn set_ladder(
        &mut self,
        side: PositionSide,
        levels: &[(Price, Percent)],
    ) -> Result<(), Overflow> {
        let leg = self.leg_mut(side);
        let (Some(plan), Some(average)) = (leg.plan.clone(), leg.book.average()) else { return Ok(()) };
        if leg.closing.is_some() {
            return Ok(());
        }
        let plan = if levels.is_empty() {
            leg.planned.take().unwrap_or(plan)
        } else {
            let mut by_hand = (*plan).clone();
            by_hand.take_profits.clear();
            for (index, (price, share)) in levels.iter().enumerate() {
                let away = crate::model::Arithmetic::minus(price.get(), average.get())?;
                by_hand.take_profits.push(TakeProfit {
                    distance: Distance::PriceOffset(crate::model::Arithmetic::times(side.sign(), away)?),
                    share: *share,
                    enabled: true,
                    break_even: plan.take_profits.get(index).is_some_and(|level| level.break_even),
                    order: plan.take_profits.first().map(|level| level.order).unwrap_or_default(),
                });
            }
            let count = u8::try_from(levels.len()).unwrap_or(u8::MAX);
            by_hand.trailing = by_hand.trailing.filter(|trail| trail.start_level <= count);
            leg.planned.get_or_insert(plan);
            Arc::new(by_hand)
        };
        let start = self.epoch_start(side, &plan, average);
        let instrument = self.view.instrument.clone();
        let leg = self.leg_mut(side);
        let built = Exits::build(Arc::clone(&plan), &instrument, side, start)?;
        let built = match &leg.exits {
            Some(old) => built.with_stops_of(old),
            None => built,
        };
        (leg.plan, leg.exits) = (Some(plan), Some(built));
        leg.epoch += 1; // the old ladder goes before the new one comes (TRADING 7.9)
        self.reconcile(side)
    }

    /// Cancels one of this trader's orders; what the plan wants of it is placed again.
    pub(super) fn cancel_by_hand(&mut self, client_id: ClientOrderId) {
        self.cancel(client_id);
    }

    /// An order that somebody placed by hand counts as this leg's own from now on (TRADING 13.4).
    pub(super) fn adopt_order(&mut self, order: OrderSpec, role: Role) {
        if self.orders.get(&order.client_id).is_none() {
            let epoch = self.leg(order.leg).epoch + 1; // the one that the claim begins
            self.orders.claim(order, role, epoch);
        }
    }

    /// Plans of new settings: of an open leg from its next entry on, or at once (TRADING 1.3).
    pub(super) fn replan(
        &mut self,
        exits: &Arc<ExitPlan>,
        entries: Option<&Arc<EntryPlan>>,
        now: bool,
    ) -> Result<(), Overflow> {
        for side in PositionSide::BOTH {
            let leg = self.leg_mut(side);
            if leg.book.is_flat() || leg.hedge || leg.foreign || !leg.lots.is_empty() {
                continue;
            }
            let plans = (Arc::clone(exits), entries.cloned());
            if now {
                leg.entry_plan = plans.1;
                (leg.replan, leg.planned) = (None, None);
                self.retune(side, plans.0)?;
                self.plan_next_entry(side)?;
                self.reconcile(side)?;
            } else {
                leg.replan = Some(plans);
            }
        }
        Ok(())
    }
}

/// Whether levels set by hand can be meant: prices above zero, shares above 0 and together at most 100.
pub(super) fn check_levels(levels: &[(Price, Percent)]) -> Result<(), Refused> {
    let wrong = |text: String| Err(Refused::new(Refusal::InvalidIntent, text));
    let mut sum = Decimal::ZERO;
    for (price, share) in levels {
        if !price.is_positive() || !share.is_positive() {
            return wrong(format!("a level of {} % at {price} is not above zero", share.get()));
        }
        sum = sum.checked_add(share.get()).unwrap_or(Decimal::MAX);
    }
    if sum > Decimal::ONE_HUNDRED {
        return wrong(format!("the shares add up to {} %", sum.normalize()));
    }
    Ok(())
}
