//! Deadlines: retries of a stop, the unprotected deadline, stops that do not fill, throttled amendments, unknown orders.

use super::prices::STOP_GRACE;
use super::{Event, OnUnprotected, Trader};
use crate::model::{OrderStatus, Overflow, PositionSide, Span, Timestamp};
use crate::position::ExitReason;
use crate::risk::Refusal;
use rust_decimal::Decimal;

/// How often an order of unknown outcome is looked up.
const QUERY_INTERVAL: Span = Span::seconds(1);

/// How often the alarm about a missing stop is repeated.
const ALARM_INTERVAL: Span = Span::minutes(1);

impl Trader {
    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        let unknown = self
            .orders
            .iter()
            .any(|o| o.status == OrderStatus::Unknown && o.pending.is_none())
            .then_some(self.now + QUERY_INTERVAL);
        let cancels = self.orders.iter().filter(|o| o.pending.is_none() && !o.cancelling);
        let cancels =
            cancels.filter_map(|o| o.cancel_retry).map(|(at, _)| at).filter(|at| *at > self.now).min();
        let per_leg = PositionSide::BOTH.into_iter().filter_map(|side| self.leg_deadline(side));
        per_leg.chain(unknown).chain(cancels).chain(self.gates.margin_blocked_until).min()
    }

    fn leg_deadline(&self, side: PositionSide) -> Option<Timestamp> {
        let leg = self.leg(side);
        let doubt = leg.doubt.map(|(at, _)| at);
        if leg.book.is_flat() {
            return doubt;
        }
        let retries = [leg.stop_retry, leg.take_profit_retry, leg.close_retry];
        let retries = retries.into_iter().flatten().map(|(at, _)| at);
        let reconcile = retries.chain(self.amendment_deadline(side)).filter(|at| *at > leg.reconciled).min();
        let breached = leg.breached.filter(|_| leg.closing.is_none()).map(|since| since + STOP_GRACE);
        let others = [doubt, reconcile, self.alarm_deadline(side), breached, self.growth_deadline(side)];
        others.into_iter().flatten().min()
    }

    /// When the alarm about a missing stop is due: first after the deadline, then each minute (TRADING 6.7).
    fn alarm_deadline(&self, side: PositionSide) -> Option<Timestamp> {
        let leg = self.leg(side);
        let since = leg.unprotected_since.filter(|_| !self.is_unread())?; // what rests is not known before
        Some(leg.alerted.map_or(since + self.policy.unprotected_deadline, |last| last + ALARM_INTERVAL))
    }

    pub(super) fn on_wake(&mut self) -> Result<(), Overflow> {
        self.lift_margin_block();
        self.query_unknown();
        for side in PositionSide::BOTH {
            let now = self.now;
            if let Some((at, quantity)) = self.leg(side).doubt
                && at <= now
            {
                self.leg_mut(side).doubt = None;
                if self.leg(side).held()? != quantity || self.orders.awaits_exit(side) {
                    self.read_account();
                }
            }
            if self.leg(side).book.is_flat() {
                self.reconcile(side)?;
                continue;
            }
            if self.leg(side).breached.is_some_and(|since| now - since >= STOP_GRACE) {
                let reason = self.stop_reason(side);
                self.close(side, Decimal::ONE, reason)?;
            }
            self.check_unprotected(side)?;
            self.settle_growth(side);
            self.reconcile(side)?;
        }
        Ok(())
    }

    fn check_unprotected(&mut self, side: PositionSide) -> Result<(), Overflow> {
        let now = self.now;
        let Some(since) = self.leg(side).unprotected_since else { return Ok(()) };
        if self.alarm_deadline(side).is_none_or(|at| now < at) {
            return Ok(());
        }
        self.leg_mut(side).alerted = Some(now);
        self.emit(Event::Unprotected { side, since });
        self.set_gate(Refusal::Unprotected, true);
        match self.policy.on_unprotected {
            OnUnprotected::EngineStop => Ok(()),
            OnUnprotected::Close => self.close(side, Decimal::ONE, ExitReason::StopLoss),
        }
    }
}
