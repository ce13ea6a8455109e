use super::{Account, Position};
use crate::model::{
    Amount, Arithmetic, Balance, InstrumentId, MarginMode, Overflow, PositionMode, PositionSide, Price,
    Quantity, Side,
};
use rust_decimal::Decimal;

/// Figures: what the account is worth, holds and may still use.
impl Account {
    /// Everything held of an asset, margin in use included, unrealised profit excluded.
    pub fn total(&self, asset: &str) -> Amount {
        self.wallets.get(asset).copied().unwrap_or_default()
    }

    /// What new orders may use of an asset; never below zero.
    ///
    /// # Errors
    /// [`Overflow`] when a value leaves the range of a decimal.
    pub fn free(&self, asset: &str) -> Result<Amount, Overflow> {
        let mut free = self.total(asset).get();
        for market in self.markets.values().filter(|market| market.instrument.quote == asset) {
            for side in PositionSide::BOTH {
                free = free.minus(market.margin(side)?.get())?;
                if market.margin_mode == MarginMode::Cross {
                    free = free.plus(market.unrealised(side)?.get().min(Decimal::ZERO))?;
                }
            }
        }
        for order in self.live_orders() {
            let Some(price) = order.sent.terms.known_limit() else { continue };
            free = free.minus(self.locked(asset, &order.sent, order.remaining(), price)?)?;
        }
        Ok(Amount::new(free.max(Decimal::ZERO)))
    }

    /// What an order for `quantity` at `price` would tie up of an asset.
    pub(super) fn locked(
        &self,
        asset: &str,
        order: &super::NewOrder,
        quantity: Quantity,
        price: Price,
    ) -> Result<Decimal, Overflow> {
        let Some(market) = self.markets.get(&order.instrument) else { return Ok(Decimal::ZERO) };
        let instrument = &market.instrument;
        if instrument.is_spot() {
            return match order.side {
                Side::Sell if instrument.base == asset => Ok(quantity.get()),
                Side::Buy if instrument.quote == asset => {
                    let value = price.value(quantity)?.get();
                    let fee = match self.setup.spot_fee {
                        super::SpotFee::Received => Decimal::ZERO,
                        super::SpotFee::Quote => value.times(self.setup.spot_taker_fee)?,
                    };
                    value.plus(fee)
                }
                _ => Ok(Decimal::ZERO),
            };
        }
        if instrument.quote != asset || order.reduce_only {
            return Ok(Decimal::ZERO);
        }
        let Some((side, opening)) = self.opening_part(order, quantity)? else { return Ok(Decimal::ZERO) };
        let value = price.value(opening)?.get();
        let leverage = market.leverage(market.margin_mode, side).max(1);
        value.over(leverage.into())?.plus(value.times(self.setup.taker_fee)?)
    }

    /// The leg an order opens and how much of it does; `None` if it only closes.
    pub(super) fn opening_part(
        &self,
        order: &super::NewOrder,
        quantity: Quantity,
    ) -> Result<Option<(PositionSide, Quantity)>, Overflow> {
        let Some(market) = self.markets.get(&order.instrument) else { return Ok(None) };
        let opened = if order.side == Side::Buy { PositionSide::Long } else { PositionSide::Short };
        Ok(match (self.mode, order.leg) {
            (PositionMode::Hedge, Some(leg)) => (leg == opened).then_some((leg, quantity)),
            _ => {
                let closing = market.open(opened.opposite());
                let opening = quantity.minus(closing.min(quantity))?;
                opening.is_positive().then_some((opened, opening))
            }
        })
    }

    /// Total and free of every asset ever held.
    ///
    /// # Errors
    /// [`Overflow`] when a value leaves the range of a decimal.
    pub fn balances(&self) -> Result<Vec<Balance>, Overflow> {
        self.wallets
            .iter()
            .map(|(asset, total)| {
                Ok(Balance { asset: asset.clone(), total: *total, free: self.free(asset)? })
            })
            .collect()
    }

    /// Profit at the mark prices of the contracts settled in an asset.
    ///
    /// # Errors
    /// [`Overflow`] when a value leaves the range of a decimal.
    pub fn unrealised(&self, asset: &str) -> Result<Amount, Overflow> {
        let mut sum = Amount::ZERO;
        for market in self.markets.values().filter(|market| market.instrument.quote == asset) {
            for side in PositionSide::BOTH {
                sum = sum.plus(market.unrealised(side)?)?;
            }
        }
        Ok(sum)
    }

    /// What the account is worth in an asset: held and unrealised (I5). Other assets are not converted.
    ///
    /// # Errors
    /// [`Overflow`] when a value leaves the range of a decimal.
    pub fn equity(&self, asset: &str) -> Result<Amount, Overflow> {
        self.total(asset).plus(self.unrealised(asset)?)
    }

    /// The last price of an instrument.
    pub fn last_price(&self, id: &InstrumentId) -> Option<Price> {
        self.markets.get(id).and_then(|market| market.last)
    }
    /// The mark price of an instrument.
    pub fn mark_price(&self, id: &InstrumentId) -> Option<Price> {
        self.markets.get(id).and_then(|market| market.mark)
    }

    /// Open positions, by instrument and side.
    ///
    /// # Errors
    /// [`Overflow`] when a value leaves the range of a decimal.
    pub fn positions(&self) -> Result<Vec<Position>, Overflow> {
        let mut all = Vec::new();
        for id in self.markets.keys() {
            for side in PositionSide::BOTH {
                all.extend(self.position_or_flat(id, side)?.filter(|one| one.quantity.is_positive()));
            }
        }
        Ok(all)
    }

    /// A leg, open or not; `None` for spot and unknown instruments.
    ///
    /// # Errors
    /// [`Overflow`] when a value leaves the range of a decimal.
    pub fn position_or_flat(
        &self,
        id: &InstrumentId,
        side: PositionSide,
    ) -> Result<Option<Position>, Overflow> {
        let Some(market) = self.markets.get(id).filter(|market| !market.instrument.is_spot()) else {
            return Ok(None);
        };
        let leg = market.leg(side);
        let rate = self.setup.maintenance_margin_rate;
        Ok(Some(Position {
            number: leg.number,
            instrument: id.clone(),
            side,
            quantity: leg.book.quantity(),
            average: leg.book.average().unwrap_or_default(),
            cost: leg.book.cost(),
            last: market.last.unwrap_or_default(),
            mark: market.mark.unwrap_or_default(),
            unrealised: market.unrealised(side)?,
            margin: market.margin(side)?,
            maintenance: Amount::new(market.value(side)?.get().times(rate)?),
            leverage: market.leverage(market.margin_mode, side),
            margin_mode: market.margin_mode,
            liquidation: market.liquidation(side, rate)?,
            realised: leg.realised,
            fees: leg.fees,
            funding: leg.funding,
            created: leg.created,
            updated: leg.updated,
        }))
    }
}
