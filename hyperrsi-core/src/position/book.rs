use crate::model::{Amount, Arithmetic, Overflow, PositionSide, Price, Quantity};
use rust_decimal::RoundingStrategy;
use serde::{Deserialize, Serialize};

/// Decimal places the cost of an exit is rounded to, once (TRADING 0.6).
const COST_PLACES: u32 = 12;

/// What is open on one side: quantity and **cost** (Σ price × quantity of what is open). The average is derived, so
/// that its rounding never leaks into equity (I5).
///
/// ```
/// use hyperrsi_core::model::{PositionSide, Price, Quantity};
/// use hyperrsi_core::position::Book;
/// use rust_decimal_macros::dec;
/// let mut book = Book::default();
/// book.enter(Price::new(dec!(100)), Quantity::new(dec!(1)))?;
/// book.enter(Price::new(dec!(97)), Quantity::new(dec!(1)))?;
/// assert_eq!(book.average(), Some(Price::new(dec!(98.5))));
/// let gross = book.exit(PositionSide::Long, Price::new(dec!(100.47)), Quantity::new(dec!(0.6)))?;
/// assert_eq!(gross.get(), dec!(1.182));
/// # Ok::<(), hyperrsi_core::model::Overflow>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Book {
    quantity: Quantity,
    cost: Amount,
}

impl Book {
    /// Nothing open.
    pub const EMPTY: Self = Self { quantity: Quantity::ZERO, cost: Amount::ZERO };

    /// Open quantity in base units.
    pub const fn quantity(&self) -> Quantity {
        self.quantity
    }
    /// Σ price × quantity of what is open, quote units.
    pub const fn cost(&self) -> Amount {
        self.cost
    }
    /// Whether nothing is open.
    pub fn is_flat(&self) -> bool {
        self.quantity.is_zero()
    }
    /// Average entry price of what is open; `None` when flat.
    pub fn average(&self) -> Option<Price> {
        if self.is_flat() { None } else { self.cost.get().checked_div(self.quantity.get()).map(Price::new) }
    }
    /// Adds an entry fill.
    ///
    /// # Errors
    /// [`Overflow`] when the cost leaves the range of a decimal; nothing has changed then.
    pub fn enter(&mut self, price: Price, quantity: Quantity) -> Result<(), Overflow> {
        let cost = self.cost.plus(price.value(quantity)?)?;
        self.quantity = self.quantity.plus(quantity)?;
        self.cost = cost;
        Ok(())
    }
    /// Takes an exit fill out, at most what is open, and returns its gross profit: `s × (exit value − cost × q / Q)`.
    ///
    /// # Errors
    /// [`Overflow`] when a value leaves the range of a decimal; nothing has changed then.
    pub fn exit(&mut self, side: PositionSide, price: Price, quantity: Quantity) -> Result<Amount, Overflow> {
        let quantity = quantity.min(self.quantity);
        let cost = self.cost_of(quantity)?;
        let gross = price.value(quantity)?.minus(cost)?;
        self.quantity = self.quantity.minus(quantity)?;
        self.cost = self.cost.minus(cost)?;
        Ok(if side == PositionSide::Long { gross } else { Amount::new(-gross.get()) })
    }
    /// Takes over quantity and average of the venue; returns by how much the cost changed beyond the quantity change
    /// at the old average, for the ledger's `adjustment` row.
    ///
    /// # Errors
    /// [`Overflow`] when a value leaves the range of a decimal; nothing has changed then.
    pub fn adopt(&mut self, quantity: Quantity, average: Price) -> Result<Amount, Overflow> {
        let cost = average.value(quantity)?;
        let kept = match self.average() {
            Some(own) => own.value(quantity)?,
            None => cost,
        };
        let adjustment = cost.minus(kept)?;
        (self.quantity, self.cost) = (quantity, cost);
        Ok(adjustment)
    }
    /// Profit of what is open at `price`.
    ///
    /// # Errors
    /// [`Overflow`] when a value leaves the range of a decimal.
    pub fn unrealised(&self, side: PositionSide, price: Price) -> Result<Amount, Overflow> {
        let gross = price.value(self.quantity)?.minus(self.cost)?;
        Ok(if side == PositionSide::Long { gross } else { Amount::new(-gross.get()) })
    }
    fn cost_of(&self, quantity: Quantity) -> Result<Amount, Overflow> {
        if quantity == self.quantity {
            return Ok(self.cost);
        }
        let share = self.cost.get().times(quantity.get())?.over(self.quantity.get())?;
        Ok(Amount::new(share.round_dp_with_strategy(COST_PLACES, RoundingStrategy::MidpointAwayFromZero)))
    }
    #[cfg(test)]
    fn raw(&self) -> (rust_decimal::Decimal, rust_decimal::Decimal) {
        (self.quantity.get(), self.cost.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    proptest! {
        // I5: whatever is entered and left, value in equals value out plus profit, to the last decimal.
        #[test]
        fn profit_and_cost_add_up_exactly(
            entries in proptest::collection::vec((1i64..9_999_999, 1i64..9_999), 1..6),
            exits in proptest::collection::vec((1i64..9_999_999, 1i64..9_999), 1..12),
        ) {
            let mut book = Book::default();
            let (mut paid, mut received, mut gross) = (Decimal::ZERO, Decimal::ZERO, Decimal::ZERO);
            for (p, q) in entries {
                let (p, q) = (Decimal::new(p, 2), Decimal::new(q, 3));
                book.enter(p.into(), q.into()).unwrap();
                paid += p * q;
            }
            for (p, q) in exits {
                let (p, q) = (Decimal::new(p, 2), Decimal::new(q, 3).min(book.raw().0));
                gross += book.exit(PositionSide::Long, p.into(), q.into()).unwrap().get();
                received += p * q;
            }
            prop_assert_eq!(received + book.raw().1 - paid, gross);
        }
    }
}
