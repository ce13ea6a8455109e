//! What should rest on the venue against what rests there. The only place that places, amends or cancels protection: at
//! fills, after answers, after restarts, after a user's own cancel, always this path (TRADING 13.4).

use super::action::Action;
use super::leg::Retry;
use super::{Event, Role, Trader};
use crate::model::{
    Amount, ClientOrderId, OrderKind, OrderSpec, Overflow, PositionSide, Price, Quantity, Span, TimeInForce,
    Timestamp,
};
use crate::position::{EffectiveStop, ExitReason, LevelState, StopKind, TakeProfitOrder};
use crate::strategy::LegState;
use rust_decimal::Decimal;

impl Trader {
    /// Brings a leg's protection in line: stop first, then take profits.
    pub(super) fn reconcile(&mut self, side: PositionSide) -> Result<(), Overflow> {
        let leg = self.leg(side);
        if leg.book.is_flat() || leg.foreign {
            if leg.book.is_flat() {
                self.cancel_orphans(side);
                self.reconcile_rest(side);
            }
            self.sync(side);
            return Ok(());
        }
        let now = self.now;
        self.leg_mut(side).reconciled = now;
        self.note_protection(side);
        self.reconcile_stop(side)?;
        self.continue_part(side)?;
        match self.leg(side).state {
            LegState::Closing => {
                self.cancel_orphans(side);
                self.continue_close(side)?;
            }
            _ => {
                self.reconcile_take_profits(side)?;
                self.reconcile_lots(side)?;
                self.reconcile_next_entry(side);
                self.reconcile_rest(side);
            }
        }
        self.sync(side);
        match self.leg(side) {
            leg if leg.entry_plan.is_some() => self.follow_up(side),
            leg if leg.hedge => self.refresh_hedge(side.opposite()), // an order that was to enlarge it may have failed
            _ => Ok(()),
        }
    }

    /// Own orders that reduce a leg which is flat have nothing left to do, and neither have openings of a leg that is
    /// being closed (TRADING 5.6, 13.4).
    fn cancel_orphans(&mut self, side: PositionSide) {
        let leg = self.leg(side);
        let (flat, entering) = (leg.book.is_flat(), leg.state == LegState::Entering);
        let orphans: Vec<ClientOrderId> = self
            .orders
            .of(side)
            .filter(|o| o.pending.is_none() && if o.spec.reduce_only { flat } else { !entering })
            .filter(|o| !flat || !matches!(o.role, Role::Resting(_)))
            .map(|o| o.spec.client_id)
            .collect();
        for id in orphans {
            self.cancel(id);
        }
    }

    fn reconcile_stop(&mut self, side: PositionSide) -> Result<(), Overflow> {
        let leg = self.leg(side);
        let (wanted, quantity) = (leg.stop(), leg.book.quantity());
        let share = self.stop_share(side)?;
        // A stop that the plan wants and that cannot be is missing protection as well (TRADING 6.2).
        let unplaceable = leg.exits.as_ref().is_some_and(|exits| exits.stop_unplaceable());
        let waits = leg.stop_retry.is_some_and(|(at, _)| at > self.now);
        self.retire_old_stops(side);
        let resting = match self.orders.stop(side) {
            Some(order) => {
                let certain = order.protects() && !order.doubtful;
                Some((order.spec, order.left()?, certain, order.is_busy(), order.doubtful))
            }
            None => None,
        };
        match (wanted, resting) {
            (None, None) if unplaceable => self.mark_unprotected(side),
            (None, None) => self.settle_unprotected(side),
            (None, Some((spec, ..))) => {
                self.cancel(spec.client_id);
                self.settle_unprotected(side);
            }
            (Some(stop), None) => {
                self.mark_unprotected(side);
                if self.leg(side).state == LegState::Closing {
                    return Ok(());
                }
                if self.is_already_through(side, stop.price) {
                    return self.close(side, Decimal::ONE, self.reason_of(side, stop.kind));
                }
                let wants = self.policy.venue.rests_stops() && !waits && share.is_positive();
                if wants && self.has_room(side, share)? {
                    if self.leg(side).amended_price == Some(stop.price) {
                        self.acted(Some(side), Action::Repaired); // it was there before, or was refused
                    }
                    self.place_stop(side, stop, share);
                }
            }
            (Some(stop), Some((spec, left, protects, busy, doubtful))) => {
                if protects && left >= quantity {
                    self.settle_unprotected(side);
                } else {
                    self.mark_unprotected(side);
                }
                let leg = self.leg(side);
                if busy || waits || leg.triggered || self.is_unread() {
                    return Ok(());
                }
                let same_price = spec.kind.price() == Some(stop.price);
                if (same_price && left == share && !doubtful) || leg.state == LegState::Closing {
                    return Ok(());
                }
                if self.is_already_through(side, stop.price) {
                    return self.close(side, Decimal::ONE, self.reason_of(side, stop.kind));
                }
                if left == share && !doubtful && !self.amendment_due(side, stop) {
                    return Ok(());
                }
                if share.is_zero() {
                    self.cancel(spec.client_id);
                } else if share <= left || self.has_room(side, share.minus(left)?)? {
                    self.replace_stop(side, spec, stop, share);
                }
            }
        }
        Ok(())
    }

    fn stop_kind(&self, side: PositionSide, stop: EffectiveStop) -> OrderKind {
        let source = self.leg(side).plan.as_ref().map(|plan| plan.trigger).unwrap_or_default();
        OrderKind::StopMarket { trigger: stop.price, source }
    }

    fn place_stop(&mut self, side: PositionSide, stop: EffectiveStop, quantity: Quantity) {
        let kind = self.stop_kind(side, stop);
        let now = self.now;
        let leg = self.leg_mut(side);
        leg.revision = leg.revision.wrapping_add(1);
        (leg.last_amend, leg.amended_price) = (now, Some(stop.price));
        let role = Role::Stop(leg.revision);
        let reason = self.reason_of(side, stop.kind);
        self.place_reducing(side, role, quantity, kind, Some(reason));
    }

    fn replace_stop(&mut self, side: PositionSide, spec: OrderSpec, stop: EffectiveStop, quantity: Quantity) {
        let kind = self.stop_kind(side, stop);
        if stop.kind == StopKind::Trailing && spec.kind.price() != Some(stop.price) {
            self.acted(Some(side), Action::StopMoved(ExitReason::TrailingStop));
        }
        if self.policy.venue.amend && !self.orders.is_adopted(&spec.client_id) {
            let now = self.now;
            let leg = self.leg_mut(side);
            (leg.last_amend, leg.amended_price) = (now, Some(stop.price));
            let reason = self.reason_of(side, stop.kind);
            self.amend(OrderSpec { kind, quantity, ..spec }, Some(reason));
        } else if self.orders.of(side).filter(|o| matches!(o.role, Role::Stop(_))).count() == 1 {
            // The old stop stays until the new one is confirmed: see `retire_old_stops`. One replacement at a time (I4).
            self.place_stop(side, stop, quantity);
        }
    }

    /// Once a newer stop is confirmed, older ones of the leg go (TRADING 6.6).
    pub(super) fn retire_old_stops(&mut self, side: PositionSide) {
        let mut stops: Vec<(ClientOrderId, bool)> = self
            .orders
            .of(side)
            .filter(|o| matches!(o.role, Role::Stop(_)) && !o.cancelling)
            .map(|o| (o.spec.client_id, o.is_confirmed()))
            .collect();
        if stops.pop().is_some_and(|(_, confirmed)| confirmed) {
            for (id, _) in stops {
                self.cancel(id);
            }
        }
    }

    /// TRADING 9.5: a trailing stop's venue copy moves by interval and step; every other change is due at once.
    fn amendment_due(&self, side: PositionSide, stop: EffectiveStop) -> bool {
        let leg = self.leg(side);
        let Some(trail) = leg.exits.as_ref().and_then(|exits| exits.trail()) else { return true };
        let (StopKind::Trailing, Some(plan), Some(old)) =
            (stop.kind, leg.plan.as_ref().and_then(|plan| plan.trailing), leg.amended_price)
        else {
            return true;
        };
        let better = match side {
            PositionSide::Long => stop.price.get() - old.get(),
            PositionSide::Short => old.get() - stop.price.get(),
        };
        let step = crate::model::Arithmetic::percent(trail.activation.get(), plan.amend_step.get())
            .unwrap_or_default()
            .max(self.view.instrument.tick);
        better >= step && self.now >= leg.last_amend + plan.amend_interval
    }

    /// The venue's copy of a trailing stop follows at once, whatever interval and step say: before a planned end
    /// (TRADING 9.5).
    pub(super) fn bring_copy_up_to_date(&mut self, side: PositionSide) -> Result<(), Overflow> {
        if self.leg(side).stop().is_none_or(|stop| stop.kind != StopKind::Trailing) {
            return Ok(());
        }
        self.leg_mut(side).amended_price = None;
        self.reconcile(side)
    }

    /// When a trailing amendment that is large enough may be sent.
    pub(super) fn amendment_deadline(&self, side: PositionSide) -> Option<Timestamp> {
        let leg = self.leg(side);
        let stop = leg.stop().filter(|stop| stop.kind == StopKind::Trailing)?;
        let (plan, old) = (leg.plan.as_ref()?.trailing?, leg.amended_price?);
        let trail = leg.exits.as_ref()?.trail()?;
        let better = match side {
            PositionSide::Long => stop.price.get() - old.get(),
            PositionSide::Short => old.get() - stop.price.get(),
        };
        let step = crate::model::Arithmetic::percent(trail.activation.get(), plan.amend_step.get())
            .ok()?
            .max(self.view.instrument.tick);
        (better >= step && leg.state == LegState::Open).then_some(leg.last_amend + plan.amend_interval)
    }

    fn reconcile_take_profits(&mut self, side: PositionSide) -> Result<(), Overflow> {
        if self.is_unread() {
            return Ok(());
        }
        let epoch = self.leg(side).epoch;
        let mut older_live = false;
        let older: Vec<ClientOrderId> = self
            .orders
            .of(side)
            .filter(|o| matches!(o.role, Role::TakeProfit(..)) && o.epoch != epoch)
            .map(|o| o.spec.client_id)
            .collect();
        for id in older {
            older_live = true;
            self.cancel(id);
        }
        if older_live {
            return Ok(()); // the new ladder waits until the old one is gone (TRADING 7.9)
        }
        if self.leg(side).take_profit_retry.is_some_and(|(at, _)| at > self.now) {
            return Ok(());
        }
        let planned = self.leg(side).exits.as_ref().map_or(0, |exits| exits.ladder.levels.len());
        let resting = self.orders.of(side).filter_map(|order| match order.role {
            Role::TakeProfit(level, _) => Some(level),
            _ => None,
        });
        let levels = u8::try_from(planned).unwrap_or(u8::MAX).max(resting.max().unwrap_or(0));
        for k in 1..=levels {
            self.reconcile_level(side, k)?;
        }
        Ok(())
    }

    fn reconcile_level(&mut self, side: PositionSide, k: u8) -> Result<(), Overflow> {
        let leg = self.leg(side);
        let order = leg
            .plan
            .as_ref()
            .and_then(|plan| plan.take_profits.get(usize::from(k).saturating_sub(1)))
            .map(|level| level.order)
            .unwrap_or_default();
        let watches = self.watches_levels(side);
        let wanted = leg
            .exits
            .as_ref()
            .filter(|exits| !watches || exits.is_touched(k))
            .and_then(|exits| exits.ladder.level(k))
            .filter(|level| level.state == LevelState::Resting && level.quantity.is_positive())
            .map(|level| (level.price, level.quantity));
        let resting =
            self.orders.of(side).find(|o| matches!(o.role, Role::TakeProfit(level, _) if level == k)).map(
                |o| {
                    let busy = o.is_busy() || o.cancelling || o.awaits_fills();
                    (o.spec, o.left(), o.filled, busy, o.doubtful)
                },
            );
        match (wanted, resting) {
            (Some((_, quantity)), None) if !self.has_room(side, quantity)? => {}
            (Some((price, quantity)), None) => {
                let kind = self.take_profit_kind(side, order, price);
                if self.orders.was_taken_away(side, k, self.leg(side).epoch) {
                    self.acted(Some(side), Action::Repaired);
                }
                let leg = self.leg_mut(side);
                leg.revision = leg.revision.wrapping_add(1);
                let role = Role::TakeProfit(k, leg.revision);
                self.place_reducing(side, role, quantity, kind, None);
            }
            (None, Some((spec, ..))) => self.cancel(spec.client_id),
            (Some((price, quantity)), Some((spec, left, filled, busy, doubtful))) => {
                let left = left?;
                let right = spec.kind.price() == Some(price) && left == quantity && !doubtful;
                if !busy && !right {
                    let fits = quantity <= left || self.has_room(side, quantity.minus(left)?)?;
                    if self.policy.venue.amend && fits && !self.orders.is_adopted(&spec.client_id) {
                        let kind = self.take_profit_kind(side, order, price);
                        self.amend(OrderSpec { kind, quantity: quantity.plus(filled)?, ..spec }, None);
                    } else {
                        self.cancel(spec.client_id); // placed anew once it is gone
                    }
                }
            }
            (None, None) => {}
        }
        Ok(())
    }

    fn take_profit_kind(&self, side: PositionSide, order: TakeProfitOrder, price: Price) -> OrderKind {
        match order {
            TakeProfitOrder::Limit => {
                OrderKind::Limit { price, time_in_force: TimeInForce::GoodTillCancelled }
            }
            TakeProfitOrder::Trigger => {
                let source = self.leg(side).plan.as_ref().map(|plan| plan.trigger).unwrap_or_default();
                OrderKind::TakeProfitMarket { trigger: price, source }
            }
        }
    }

    fn mark_unprotected(&mut self, side: PositionSide) {
        let now = self.now;
        self.leg_mut(side).unprotected_since.get_or_insert(now);
    }

    /// The wanted stop is confirmed, or none is wanted: measures how long it was not.
    pub(super) fn settle_unprotected(&mut self, side: PositionSide) {
        let now = self.now;
        let leg = self.leg_mut(side);
        if let Some(since) = leg.unprotected_since.take() {
            // A restart finds a stop that rested while nobody looked: that time was protected.
            let until = leg.found_stop.take().map_or(now, |rested| rested.max(since).min(now));
            leg.unprotected = leg.unprotected + (until - since);
            if leg.alerted.take().is_some() && self.leg(side.opposite()).alerted.is_none() {
                self.set_gate(crate::risk::Refusal::Unprotected, false);
            }
        }
    }

    /// The venue's quantity differs from what fills explain: adopt it in the same epoch (TRADING 13.4).
    pub(super) fn adopt(
        &mut self,
        side: PositionSide,
        quantity: Quantity,
        average: Price,
    ) -> Result<Amount, Overflow> {
        let adjustment = self.leg_mut(side).book.adopt(quantity, average)?;
        self.divide_anew(side)?;
        self.emit(Event::Adopted { side, quantity, average });
        self.acted(Some(side), Action::Repaired);
        self.sweep_dust(side, ExitReason::Manual)?;
        self.reconcile(side)?;
        Ok(adjustment)
    }

    /// Doubles the wait before the next attempt to place a stop.
    pub(super) fn retry_stop(&mut self, side: PositionSide) {
        let now = self.now;
        let leg = self.leg_mut(side);
        leg.stop_retry = Some(later(now, leg.stop_retry));
        leg.attempt = leg.attempt.wrapping_add(1);
    }
}

/// The next attempt after one that failed: 1, 2, 4, … seconds later, at most 64.
pub(super) fn later(now: Timestamp, last: Option<Retry>) -> Retry {
    let tries = last.map_or(0, |(_, tries)| tries);
    (now + Span::seconds(1_i64.checked_shl(tries.min(6)).unwrap_or(64)), tries + 1)
}
