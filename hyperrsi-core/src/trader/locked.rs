//! Venues where a resting order locks what it would sell, as spot markets do (TRADING 7.10). The stop has priority: it
//! rests for the whole leg, take profits are watched here. One that is touched is sent as a limit order once the stop has
//! made room for it. A market close needs the quantity too: there the stop makes room first, and not last.

use super::orders::Pending;
use super::{PriceSource, Role, Trader};
use crate::model::{Overflow, PositionSide, Quantity};
use crate::position::ExitReason;

/// A part of a leg that is to be closed at market once there is room.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Part {
    pub(crate) quantity: Quantity,
    pub(crate) reason: ExitReason,
}

impl Trader {
    /// Whether the take profits of a leg are watched here instead of resting at the venue.
    pub(super) fn watches_levels(&self, side: PositionSide) -> bool {
        let venue = &self.policy.venue;
        venue.locks_quantity && venue.rests_stops() && self.leg(side).stop().is_some()
    }

    /// A traded price: levels and lots it touches may have their orders from now on.
    pub(super) fn touch_levels(
        &mut self,
        side: PositionSide,
        source: PriceSource,
        price: f64,
    ) -> Result<(), Overflow> {
        let leg = match side {
            PositionSide::Long => &mut self.long,
            PositionSide::Short => &mut self.short,
        };
        if !self.policy.venue.locks_quantity || source == PriceSource::Mark || leg.closing.is_some() {
            return Ok(());
        }
        let mut touched = leg.exits.as_mut().is_some_and(|exits| exits.touch_levels(price));
        for lot in leg.lots.iter_mut().filter(|lot| !lot.touched) {
            lot.touched = side.reaches(price, lot.exit.to_f64());
            touched |= lot.touched;
        }
        if touched { self.reconcile(side) } else { Ok(()) }
    }

    /// How much of a leg its venue stop holds: all of it, but what touched levels and closes under way need.
    pub(super) fn stop_share(&self, side: PositionSide) -> Result<Quantity, Overflow> {
        let leg = self.leg(side);
        let open = leg.book.quantity();
        if !self.watches_levels(side) {
            return Ok(open);
        }
        let mut needed = leg.part.map_or(Quantity::ZERO, |part| part.quantity);
        if let Some(exits) = &leg.exits {
            needed = needed.plus(exits.touched_quantity()?)?;
        }
        for lot in leg.lots.iter().filter(|lot| lot.touched) {
            needed = needed.plus(lot.book.quantity())?;
        }
        for close in self.orders.of(side).filter(|o| matches!(o.role, Role::Close(_))) {
            needed = needed.plus(close.left()?)?;
        }
        open.minus(needed.min(open))
    }

    /// Whether the venue would take orders for that much more of a leg. Always so where orders lock nothing.
    pub(super) fn has_room(&self, side: PositionSide, more: Quantity) -> Result<bool, Overflow> {
        if !self.policy.venue.locks_quantity {
            return Ok(true);
        }
        let mut taken = more;
        for order in self.orders.of(side).filter(|order| order.spec.reduce_only) {
            let mut left = order.left()?;
            if let Some(Pending::Amend(_, wanted)) = order.pending {
                left = left.max(wanted.quantity.minus(order.filled.min(wanted.quantity))?);
            }
            taken = taken.plus(left)?;
        }
        Ok(taken <= self.leg(side).book.quantity())
    }

    /// What has to go before a leg can be closed: take profits and exits of lots, and its stop if all of it is closed.
    pub(super) fn free_quantity(&mut self, side: PositionSide, whole: bool) {
        if !self.policy.venue.locks_quantity {
            return;
        }
        let locking = |role: Role| match role {
            Role::TakeProfit(..) | Role::LotExit(_) => true,
            Role::Stop(_) => whole,
            _ => false,
        };
        let ids: Vec<_> =
            self.orders.of(side).filter(|o| locking(o.role)).map(|order| order.spec.client_id).collect();
        ids.into_iter().for_each(|id| self.cancel(id));
    }

    /// Sends a partial close that waited for room.
    pub(super) fn continue_part(&mut self, side: PositionSide) -> Result<(), Overflow> {
        let open = self.leg(side).book.quantity();
        let Some(Part { quantity, reason }) = self.leg(side).part else { return Ok(()) };
        let quantity = quantity.min(open);
        if self.has_room(side, quantity)? {
            self.leg_mut(side).part = None;
            self.place_close(side, quantity, reason);
        } else {
            self.free_quantity(side, false);
        }
        Ok(())
    }
}
