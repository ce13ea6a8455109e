//! Closing a leg at market: names the leg, reduces only, repeats until flat (TRADING 5.6).

use super::action::Action;
use super::locked::Part;
use super::orders::Pending;
use super::{Event, Output, Record, Role, Trader};
use crate::model::{OrderKind, OrderSpec, Overflow, PositionSide, Quantity, Reducing, RequestId, Ticket};
use crate::position::{ExitPlan, ExitReason};
use crate::risk::Refusal;
use crate::strategy::LegState;
use rust_decimal::Decimal;
use std::sync::Arc;

impl Trader {
    /// Closes a fraction of a leg at market. Openings of the leg are withdrawn first, its stop stays until it is flat,
    /// unless the venue locks what it would sell.
    pub(super) fn close(
        &mut self,
        side: PositionSide,
        fraction: Decimal,
        reason: ExitReason,
    ) -> Result<(), Overflow> {
        if fraction >= Decimal::ONE {
            self.wipe_rest(side);
            self.drop_entries(side, Refusal::LegClosed);
        }
        let open = self.leg(side).book.quantity();
        if open.is_zero() {
            return Ok(());
        }
        let openings: Vec<_> =
            self.orders.of(side).filter(|o| !o.spec.reduce_only).map(|o| o.spec.client_id).collect();
        for id in openings {
            self.cancel(id);
        }
        self.free_quantity(side, fraction >= Decimal::ONE);
        if fraction >= Decimal::ONE {
            let leg = self.leg_mut(side);
            leg.part = None;
            if leg.closing.is_none() {
                leg.closing = Some(reason);
                leg.state = LegState::Closing;
                self.emit(Event::Closing { side, reason });
                self.acted(Some(side), Action::Closing(reason));
                self.sync(side);
            }
            return self.continue_close(side);
        }
        let part = crate::model::Arithmetic::times(open.get(), fraction)?;
        let quantity = self.view.instrument.floor_quantity(part)?;
        if !quantity.is_positive() {
            return Ok(());
        }
        self.acted(Some(side), Action::Closing(reason));
        if self.policy.venue.locks_quantity {
            self.leg_mut(side).part = Some(Part { quantity, reason });
            return self.reconcile(side);
        }
        self.place_close(side, quantity, reason);
        Ok(())
    }

    /// Closes a whole leg for a reason from outside, which replaces that of a close under way.
    pub(super) fn close_for(&mut self, side: PositionSide, reason: ExitReason) -> Result<(), Overflow> {
        let leg = self.leg_mut(side);
        if leg.closing.is_some() {
            leg.closing = Some(reason);
        }
        self.close(side, Decimal::ONE, reason)
    }

    /// Sends what is still missing of a close.
    pub(super) fn continue_close(&mut self, side: PositionSide) -> Result<(), Overflow> {
        let mut under_way = Quantity::ZERO;
        for order in self.orders.of(side).filter(|o| matches!(o.role, Role::Close(_))) {
            under_way = under_way.plus(order.left()?)?;
        }
        let leg = self.leg(side);
        let waits = leg.close_retry.is_some_and(|(at, _)| at > self.now);
        let (open, reason) = (leg.book.quantity(), leg.closing.unwrap_or(ExitReason::UserCommand));
        if open > under_way && !waits {
            let missing = open.minus(under_way)?;
            if self.has_room(side, missing)? {
                self.place_close(side, missing, reason);
            } else {
                self.free_quantity(side, true);
            }
        }
        Ok(())
    }

    pub(super) fn place_close(&mut self, side: PositionSide, quantity: Quantity, reason: ExitReason) {
        let leg = self.leg_mut(side);
        leg.revision = leg.revision.wrapping_add(1);
        let role = Role::Close(leg.revision);
        self.place_reducing(side, role, quantity, OrderKind::Market, Some(reason));
    }

    /// Sends an order that only reduces a leg.
    pub(super) fn place_reducing(
        &mut self,
        side: PositionSide,
        role: Role,
        quantity: Quantity,
        kind: OrderKind,
        reason: Option<ExitReason>,
    ) -> Option<RequestId> {
        let leg = self.leg(side);
        let (cycle, attempt, epoch) = (leg.cycle, leg.attempt, leg.epoch);
        let spec = OrderSpec {
            client_id: self.ids.order(cycle, side, role, attempt),
            leg: side,
            side: side.closing(),
            reduce_only: true,
            quantity,
            kind,
        };
        let ticket = Reducing::new(self.view.instrument.id.clone(), spec)?;
        self.spool(|| Record::Intent(spec));
        let request = self.request();
        self.orders.add(spec, role, epoch, request, reason);
        self.outputs.push_back(Output::Place { request, ticket: Box::new(Ticket::Reducing(ticket)) });
        Some(request)
    }

    /// Changes a resting order in place.
    pub(super) fn amend(&mut self, order: OrderSpec, reason: Option<ExitReason>) {
        let request = self.request();
        if let Some(tracked) = self.orders.get_mut(&order.client_id) {
            tracked.pending = Some(Pending::Amend(request, order));
            tracked.next_reason = reason;
            self.spool(|| Record::Intent(order));
            self.outputs.push_back(Output::Amend { request, order: Box::new(order) });
        }
    }

    /// Replaces the exits of an open leg.
    pub(super) fn retune(&mut self, side: PositionSide, exits: Arc<ExitPlan>) -> Result<(), Overflow> {
        let leg = self.leg_mut(side);
        if leg.book.is_flat() || leg.closing.is_some() {
            return Ok(());
        }
        leg.plan = Some(exits);
        leg.epoch += 1;
        let fallback = leg.book.average().unwrap_or_default();
        self.start_epoch(side, fallback)?;
        self.reconcile(side)
    }
}
