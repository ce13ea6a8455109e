//! Fills that come after the position they led to (TRADING 13.4, 13.7): a size that own orders could have made is taken over
//! only once a second read shows it, and a fill that comes later still takes the place of the adjustment it explains.

use super::{Event, Trader};
use crate::model::{
    Arithmetic, Fill, Overflow, PositionSide, PositionSnapshot, Price, Quantity, Span, Timestamp,
};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// How far apart two reads must be that both show what fills do not explain.
pub(super) const TWICE: Span = Span::seconds(2);

/// What was taken over from the venue and no fill has explained.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Adjustment {
    /// Added to the leg, or taken off it where negative; base units.
    quantity: Decimal,
    /// Venue time of the position: fills up to then are in it.
    until: Timestamp,
}

impl Trader {
    /// Whether fills of own orders may explain that the position is not what the books say, and may still come.
    pub(super) fn fills_may_come(&mut self, position: &PositionSnapshot, known: Quantity) -> bool {
        let (side, now) = (position.key.side, self.now);
        let opens = position.quantity > known;
        let possible = self.orders.of(side).any(|order| order.spec.reduce_only != opens);
        let awaited = self.orders.awaits_exit(side);
        let since = *self.leg_mut(side).unexplained.get_or_insert(now);
        awaited || possible && now - since < TWICE
    }

    /// The difference between books and position that is about to be taken over.
    pub(super) fn note_adjustment(
        &mut self,
        position: &PositionSnapshot,
        to: Quantity,
    ) -> Result<(), Overflow> {
        let leg = self.leg_mut(position.key.side);
        let before = leg.adjustment.map_or(Decimal::ZERO, |adjustment| adjustment.quantity);
        let quantity = before.plus(to.get())?.minus(leg.book.quantity().get())?;
        leg.unexplained = None;
        leg.adjustment = Some(Adjustment { quantity, until: position.updated });
        Ok(())
    }

    /// A fill that the leg's size holds already: so much of the adjustment is taken back before it is booked (I3).
    pub(super) fn take_back(&mut self, fill: &Fill) -> Result<(), Overflow> {
        let side = fill.leg;
        let leg = self.leg_mut(side);
        let (Some(adjustment), Some(average)) = (leg.adjustment, leg.book.average()) else { return Ok(()) };
        let explains =
            fill.time <= adjustment.until && fill.opens() == adjustment.quantity.is_sign_positive();
        let part = fill.quantity.get().min(adjustment.quantity.abs());
        if !explains || part.is_zero() {
            return Ok(());
        }
        let open = leg.book.quantity();
        let signed = if fill.opens() { part } else { -part };
        let quantity = adjustment.quantity.minus(signed)?;
        leg.adjustment = (!quantity.is_zero()).then_some(Adjustment { quantity, ..adjustment });
        if !fill.opens() {
            return self.restate(side, open.plus(Quantity::new(part))?, average);
        }
        let without = open.minus(open.min(Quantity::new(part)))?;
        let cost = leg.book.cost().get().minus(fill.price.get().times(part)?)?;
        let before = cost.checked_div(without.get()).filter(|price| price.is_sign_positive());
        let before = before.map_or(average, Price::new);
        self.restate(side, open, before)?; // what the other average was worth goes with it
        self.restate(side, without, before)
    }

    fn restate(&mut self, side: PositionSide, quantity: Quantity, average: Price) -> Result<(), Overflow> {
        self.leg_mut(side).book.adopt(quantity, average)?;
        self.emit(Event::Adopted { side, quantity, average });
        Ok(())
    }
}
