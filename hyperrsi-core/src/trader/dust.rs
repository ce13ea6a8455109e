//! What is left of a leg below the venue's smallest order: closed where the venue takes that, otherwise booked and told,
//! and the leg counts as flat (TRADING 13.4, FAULTS 43).

use super::{Event, RejectClass, Role, Trader};
use crate::model::{Overflow, PositionSide};
use crate::position::ExitReason;

impl Trader {
    /// Whether what is open of a leg is below the smallest order, at the price it was entered at: a market that falls makes
    /// no dust.
    fn is_dust(&self, side: PositionSide) -> Result<bool, Overflow> {
        let book = &self.leg(side).book;
        let Some(average) = book.average() else { return Ok(false) };
        Ok(!self.view.instrument.is_placeable(book.quantity(), average)?)
    }

    /// Looks at what an exit or a changed position left of a leg. What an order that is filling still takes is no dust.
    pub(super) fn sweep_dust(&mut self, side: PositionSide, reason: ExitReason) -> Result<(), Overflow> {
        let leg = self.leg(side);
        let filling = self.orders.of(side).any(|o| o.spec.reduce_only && !o.filled.is_zero());
        if leg.closing.is_some() || !leg.lots.is_empty() || filling || !self.is_dust(side)? {
            return Ok(());
        }
        if self.policy.venue.closes_dust {
            return self.close(side, rust_decimal::Decimal::ONE, reason);
        }
        self.book_dust(side, reason)
    }

    /// The venue refused to close a leg: if what is left is dust, it stays where it is.
    pub(super) fn keep_dust(&mut self, side: PositionSide, class: RejectClass) -> Result<(), Overflow> {
        let size = matches!(class, RejectClass::FilterChanged | RejectClass::Other);
        let under_way = self.orders.of(side).any(|o| matches!(o.role, Role::Close(_)));
        if !size || under_way || !self.is_dust(side)? {
            return Ok(());
        }
        let reason = self.leg(side).closing.unwrap_or(ExitReason::UserCommand);
        self.book_dust(side, reason)
    }

    fn book_dust(&mut self, side: PositionSide, reason: ExitReason) -> Result<(), Overflow> {
        let now = self.now;
        let leg = self.leg_mut(side);
        let quantity = leg.book.quantity();
        leg.dust = leg.held()?;
        self.emit(Event::Dust { side, quantity });
        self.leg_flat(side, now, reason)
    }
}
