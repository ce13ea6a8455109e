//! Further entries of a leg: level and size of the next one, and the limit order that waits for it (TRADING 10).

use super::entry::{EntryKind, PendingEntry};
use super::orders::Tracked;
use super::{Event, Role, Trader};
use crate::model::{Fill, OrderKind, Overflow, PositionSide, Span, Timestamp};
use crate::risk::Refusal;
use crate::strategy::{LegState, NextEntry};

/// A limit entry that has filled in part and not grown for so long is taken as it is (TRADING 10.4).
const GROWTH: Span = Span::seconds(5);

/// Whether an order is a limit entry that the plan of its leg foresaw.
fn is_limit_entry(order: &Tracked) -> bool {
    matches!(order.role, Role::Entry(_)) && matches!(order.spec.kind, OrderKind::Limit { .. })
}

impl Trader {
    /// Fixes level and size of the next entry for the epoch that an entry fill has started (TRADING 10.2, 10.5).
    pub(super) fn plan_next_entry(&mut self, side: PositionSide) -> Result<(), Overflow> {
        let atr = self.atr.and_then(crate::model::decimal_from_f64);
        let leg = self.leg(side);
        let extra = leg.entry_plan.as_ref().and_then(|plan| plan.extra);
        let extra = extra.filter(|extra| leg.entries < extra.limit);
        let (Some(extra), Some(base), Some(average)) = (extra, leg.base, leg.book.average()) else {
            self.leg_mut(side).next = None;
            return Ok(());
        };
        let last = self.view.leg(side).last_entry.unwrap_or(average);
        let level = extra.level(&self.view.instrument, side, average, last, atr)?;
        let next = match level {
            Some(price) if price.is_positive() => Some(NextEntry {
                price,
                level: price.to_f64(),
                size: base.scaled(extra.factor(self.leg(side).entries)?)?,
            }),
            _ => None,
        };
        self.leg_mut(side).next = next;
        if next.is_none() && level.is_some() {
            self.emit(Event::Refused { side, refused: Refusal::LevelNotPositive.into() });
        }
        Ok(())
    }

    /// What a fill of a limit entry means beside its quantity: it uses its candle, orders that follow belong to its time,
    /// and the next limit waits for a candle to close (TRADING 3.5, 10.4).
    pub(super) fn limit_entry_filled(&mut self, fill: &Fill, complete: bool) {
        let (side, now) = (fill.leg, self.now);
        let candle = self.base.map_or(fill.time, |timeframe| timeframe.bucket(fill.time));
        let view = self.view.leg_mut(side);
        view.candle_used = view.candle_used.max(Some(candle));
        let growing = !complete || self.orders.of(side).any(|o| !o.spec.reduce_only && !o.filled.is_zero());
        let leg = self.leg_mut(side);
        leg.begin_cycle(fill.time);
        leg.grown = growing.then_some(now);
        self.rest_later(side);
    }

    /// The limit entry of a leg rests again once a candle has closed.
    pub(super) fn rest_later(&mut self, side: PositionSide) {
        self.leg_mut(side).rest_waits = true;
        self.rest_waits = true;
    }

    /// A candle closed: limit entries that waited for one may rest.
    #[inline(never)]
    pub(super) fn rest_now(&mut self) {
        self.rest_waits = false;
        for side in PositionSide::BOTH {
            self.leg_mut(side).rest_waits = false;
            self.reconcile_next_entry(side);
            self.reconcile_rest(side);
        }
    }

    /// Brings the limit entry that a leg's plan foresees in line: placed after the protection of the entry before it,
    /// withdrawn at once when openings are gated, when the strategy says so, or when the leg closes.
    pub(super) fn reconcile_next_entry(&mut self, side: PositionSide) {
        let leg = self.leg(side);
        if !leg.entry_plan.as_ref().and_then(|plan| plan.extra).is_some_and(|extra| extra.resting) {
            return;
        }
        let allowed = !leg.withheld && leg.state == LegState::Open && self.gate(side).is_none();
        let (next, entries) = (leg.next, leg.entries);
        let waits = leg.rest_waits
            || (leg.unprotected_since.is_some() && self.policy.venue.rests_stops())
            || self.orders.of(side).any(|o| matches!(o.role, Role::TakeProfit(..)) && o.epoch != leg.epoch);
        let resting = self.orders.of(side).find(|order| is_limit_entry(order));
        let resting = resting.map(|order| {
            let number = match order.role {
                Role::Entry(number) => u32::from(number),
                _ => 0,
            };
            (order.spec.client_id, order.filled.is_zero() && number != entries + 1)
        });
        let decided = self.entries.iter().find(|entry| entry.side() == side).map(PendingEntry::kind);
        match (resting, decided) {
            // One entry at a time: a market entry that was decided takes the place of the limit.
            (Some((id, outdated)), decided) if !allowed || outdated || decided.is_some() => self.cancel(id),
            (None, Some(EntryKind::Limit)) if !allowed => self.drop_entries(side, Refusal::LegClosed),
            (None, None) if !self.orders.has_opening(side) => {
                if let Some(next) = next.filter(|_| allowed && !waits) {
                    self.rest_next(side, next);
                }
            }
            _ => {}
        }
    }

    fn rest_next(&mut self, side: PositionSide, next: NextEntry) {
        let index = self.entries.len();
        self.entries.push(PendingEntry::limit(side, next.size, next.price, self.now));
        self.reserve(index, next.price);
    }

    /// When a limit entry that has filled in part is taken as it is.
    pub(super) fn growth_deadline(&self, side: PositionSide) -> Option<Timestamp> {
        self.leg(side).grown.map(|grown| grown + GROWTH)
    }

    /// Takes a limit entry that stopped growing as it is and cancels its rest.
    pub(super) fn settle_growth(&mut self, side: PositionSide) {
        if self.growth_deadline(side).is_some_and(|at| at <= self.now) {
            self.leg_mut(side).grown = None;
            let partly = self.orders.of(side).find(|o| !o.spec.reduce_only && !o.filled.is_zero());
            if let Some(id) = partly.map(|order| order.spec.client_id) {
                self.cancel(id);
            }
        }
    }
}
