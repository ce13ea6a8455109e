//! Deadlines: retries of a stop, the unprotected deadline, stops that do not fill, throttled amendments, unknown orders.

use super::prices::STOP_GRACE;
use super::{Event, OnUnprotected, Trader};
use crate::model::{OrderStatus, Overflow, PositionSide, Span, Timestamp};
use crate::position::ExitReason;
use crate::risk::Refusal;
use rust_decimal::Decimal;

/// How often an order of unknown outcome is looked up.
const QUERY_INTERVAL: Span = Span::seconds(1);

impl Trader {
    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        if self.orders.is_empty() && self.gates.margin_blocked_until.is_none() {
            return None;
        }
        let unknown = self
            .orders
            .iter()
            .any(|o| o.status == OrderStatus::Unknown && o.pending.is_none())
            .then_some(self.now + QUERY_INTERVAL);
        let per_leg = PositionSide::BOTH.into_iter().filter_map(|side| self.leg_deadline(side));
        per_leg.chain(unknown).chain(self.gates.margin_blocked_until).min()
    }

    fn leg_deadline(&self, side: PositionSide) -> Option<Timestamp> {
        let leg = self.leg(side);
        if leg.book.is_flat() {
            return None;
        }
        let retry = leg.stop_retry.map(|(at, _)| at);
        let unprotected = leg
            .unprotected_since
            .filter(|_| !leg.alerted)
            .map(|since| since + self.policy.unprotected_deadline);
        let breached = leg.breached.map(|since| since + STOP_GRACE);
        [retry, unprotected, breached, self.amendment_deadline(side)].into_iter().flatten().min()
    }

    pub(super) fn on_wake(&mut self) -> Result<(), Overflow> {
        self.lift_margin_block();
        self.query_unknown();
        for side in PositionSide::BOTH {
            if self.leg(side).book.is_flat() {
                continue;
            }
            let now = self.now;
            if self.leg(side).breached.is_some_and(|since| now - since >= STOP_GRACE) {
                let reason = self.stop_reason(side);
                self.close(side, Decimal::ONE, reason)?;
            }
            self.check_unprotected(side)?;
            self.reconcile(side)?;
        }
        Ok(())
    }

    fn check_unprotected(&mut self, side: PositionSide) -> Result<(), Overflow> {
        let leg = self.leg(side);
        let Some(since) = leg.unprotected_since.filter(|_| !leg.alerted) else { return Ok(()) };
        if self.now - since < self.policy.unprotected_deadline {
            return Ok(());
        }
        self.leg_mut(side).alerted = true;
        self.emit(Event::Unprotected { side, since });
        self.set_gate(Refusal::Unprotected, true);
        match self.policy.on_unprotected {
            OnUnprotected::EngineStop => Ok(()),
            OnUnprotected::Close => self.close(side, Decimal::ONE, ExitReason::StopLoss),
        }
    }
}
