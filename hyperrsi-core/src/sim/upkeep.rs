//! What margin means for a venue's legs: maintenance, funding, the price that liquidates (TRADING 14.3, 15.6).

use super::Venue;
use super::margin::{cross_liquidation_price, liquidation_price};
use crate::model::{Amount, Arithmetic, MarginMode, Overflow, PositionSide, Price};
use crate::position::Book;
use rust_decimal::Decimal;

impl Venue {
    /// Maintenance rate and deduction of a leg.
    fn maintenance(&self, book: &Book) -> (Decimal, Decimal) {
        match &self.config.maintenance_tiers {
            Some(tiers) => tiers.of(book.cost()),
            None => (self.config.maintenance_margin_rate, Decimal::ZERO),
        }
    }

    /// Maintenance margin of both legs at a price: `m·q·price − d`, not below zero.
    ///
    /// # Errors
    /// [`Overflow`] when a value leaves the range of a decimal.
    pub fn maintenance_at(&self, price: Price) -> Result<Amount, Overflow> {
        let mut sum = Decimal::ZERO;
        for book in [&self.long, &self.short].into_iter().filter(|book| !book.is_flat()) {
            let (rate, deduction) = self.maintenance(book);
            let margin = price.value(book.quantity())?.get().times(rate)?.minus(deduction)?;
            sum = sum.plus(margin.max(Decimal::ZERO))?;
        }
        Ok(Amount::new(sum))
    }

    /// Profit of both legs at a price.
    ///
    /// # Errors
    /// [`Overflow`] when a value leaves the range of a decimal.
    pub fn unrealised_at(&self, price: Price) -> Result<Amount, Overflow> {
        self.long
            .unrealised(PositionSide::Long, price)?
            .plus(self.short.unrealised(PositionSide::Short, price)?)
    }

    /// Initial margin of both legs: entry value over leverage.
    ///
    /// # Errors
    /// [`Overflow`] when a value leaves the range of a decimal.
    pub fn margin(&self) -> Result<Amount, Overflow> {
        let cost = self.long.cost().plus(self.short.cost())?.get();
        cost.over(Decimal::from(self.config.leverage.max(1))).map(Amount::new)
    }

    /// Funding of a leg: `−s × quantity × mark × rate`, a payment cut at the balance (TRADING 14.3). `None` when flat.
    ///
    /// # Errors
    /// [`Overflow`] when a value leaves the range of a decimal.
    pub fn fund(
        &mut self,
        side: PositionSide,
        mark: Price,
        rate: Decimal,
    ) -> Result<Option<Amount>, Overflow> {
        if self.book(side).is_flat() {
            return Ok(None);
        }
        let paid = mark.value(self.book(side).quantity())?.get().times(rate)?;
        let amount = if side == PositionSide::Long { -paid } else { paid };
        let amount = Amount::new(amount.max(-self.balance()?.get().max(Decimal::ZERO)));
        self.wallet = self.wallet.plus(amount)?;
        Ok(Some(amount))
    }

    /// Where a leg is liquidated; `None` without such a price (TRADING 15.6). In cross margin the leg that goes is the one
    /// that hurts the account.
    ///
    /// # Errors
    /// [`Overflow`] when a value leaves the range of a decimal.
    pub fn liquidation(&self, side: PositionSide) -> Result<Option<Price>, Overflow> {
        let book = self.book(side);
        if book.is_flat() {
            return Ok(None);
        }
        if self.config.margin_mode == MarginMode::Cross {
            return self.cross_liquidation(side);
        }
        if self.config.leverage <= 1 && side == PositionSide::Long {
            return Ok(None);
        }
        let (rate, deduction) = self.maintenance(book);
        let price = liquidation_price(side, book, self.config.leverage, rate, deduction)?;
        Ok(price.is_positive().then_some(price))
    }

    #[inline(never)]
    fn cross_liquidation(&self, side: PositionSide) -> Result<Option<Price>, Overflow> {
        let funds = self.balance()?.minus(self.elsewhere.isolated)?.plus(self.elsewhere.cross)?.get();
        let rates = [self.maintenance(&self.long), self.maintenance(&self.short)];
        let at = cross_liquidation_price(&self.long, &self.short, funds, rates)?;
        Ok(at.filter(|(leg, _)| *leg == side).map(|(_, price)| price))
    }
}
