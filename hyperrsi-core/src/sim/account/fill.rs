use super::intake::crosses;
use super::{Account, Ended, Event, Execution, SpotFee, Terms};
use crate::exchange::{CashFlow, CashFlowKind, VenueFill, VenueOrderId};
use crate::model::{
    Amount, Arithmetic, Fill, FillKind, InstrumentId, Liquidity, OrderStatus, Overflow, PositionMode,
    PositionSide, Price, Quantity, Side, TimeInForce, Timestamp, TradeId,
};
use rust_decimal::Decimal;

/// One fill to book.
pub(super) struct Part {
    pub(super) leg: PositionSide,
    pub(super) side: Side,
    pub(super) price: Price,
    pub(super) quantity: Quantity,
    pub(super) rate: Decimal,
    pub(super) liquidity: Liquidity,
    pub(super) kind: FillKind,
}

/// Filling and booking.
impl Account {
    /// Does with a plain order what can be done now; a conditional one waits.
    pub(super) fn work(&mut self, now: Timestamp, number: u64) -> Result<(), Overflow> {
        let Some(order) = self.orders.get(&number).filter(|order| order.is_live()) else { return Ok(()) };
        let Some(market) = self.markets.get(&order.sent.instrument) else { return Ok(()) };
        let (side, left) = (order.sent.side, order.remaining());
        let slipped = market.slipped(side, self.setup.slippage_percent)?;
        let (Some(last), Some(taken_at)) = (market.last, slipped) else { return Ok(()) };
        match order.sent.terms {
            Terms::Market => self.execute(now, number, taken_at, left, Liquidity::Taker),
            Terms::Limit { price, time_in_force } => {
                let stays = matches!(time_in_force, TimeInForce::GoodTillCancelled | TimeInForce::PostOnly);
                if !crosses(side, price, last) {
                    let over = (OrderStatus::Cancelled, Some(Ended::TimeInForce));
                    return if stays { Ok(()) } else { self.end(now, number, over.0, over.1) };
                }
                if time_in_force == TimeInForce::PostOnly {
                    return self.end(now, number, OrderStatus::Cancelled, Some(Ended::WouldTake));
                }
                let depth = self.setup.depth.unwrap_or(left).min(left);
                if time_in_force == TimeInForce::FillOrKill && depth < left {
                    return self.end(now, number, OrderStatus::Cancelled, Some(Ended::TimeInForce));
                }
                let at = if side == Side::Buy { taken_at.min(price) } else { taken_at.max(price) };
                self.execute(now, number, at, depth, Liquidity::Taker)?;
                if stays {
                    return Ok(());
                }
                self.end(now, number, OrderStatus::Cancelled, Some(Ended::TimeInForce))
            }
            Terms::Trigger { .. } | Terms::Trailing(_) => Ok(()),
        }
    }

    /// Fills an order: at most `quantity`, and no more than it may reduce.
    pub(super) fn execute(
        &mut self,
        now: Timestamp,
        number: u64,
        price: Price,
        quantity: Quantity,
        liquidity: Liquidity,
    ) -> Result<(), Overflow> {
        let parts = self.parts(number, price, quantity, liquidity)?;
        let mut done = Quantity::ZERO;
        for part in parts {
            done = done.plus(part.quantity)?;
            self.book(now, number, part)?;
        }
        let Some(order) = self.orders.get_mut(&number) else { return Ok(()) };
        if order.remaining().is_zero() {
            self.end(now, number, OrderStatus::Filled, None)
        } else if done < quantity {
            self.end(now, number, OrderStatus::Cancelled, Some(Ended::NothingToReduce))
        } else {
            order.status = OrderStatus::PartiallyFilled;
            self.tell_order(number);
            Ok(())
        }
    }

    /// By which legs a fill goes: the closed one first.
    fn parts(
        &self,
        number: u64,
        price: Price,
        quantity: Quantity,
        liquidity: Liquidity,
    ) -> Result<Vec<Part>, Overflow> {
        let Some(order) = self.orders.get(&number) else { return Ok(Vec::new()) };
        let Some(market) = self.markets.get(&order.sent.instrument) else { return Ok(Vec::new()) };
        let side = order.sent.side;
        let spot = market.instrument.is_spot();
        let rate = match (spot, liquidity) {
            (true, Liquidity::Maker) => self.setup.spot_maker_fee,
            (true, Liquidity::Taker) => self.setup.spot_taker_fee,
            (false, Liquidity::Maker) => self.setup.maker_fee,
            (false, Liquidity::Taker) => self.setup.taker_fee,
        };
        let part =
            |leg, quantity| Part { leg, side, price, quantity, rate, liquidity, kind: FillKind::Trade };
        let opened = if side == Side::Buy { PositionSide::Long } else { PositionSide::Short };
        let mut parts = Vec::new();
        if spot {
            let held = self.total(&market.instrument.base).get().max(Decimal::ZERO);
            let most = if side == Side::Sell { Quantity::new(held) } else { quantity };
            parts.push(part(PositionSide::Long, quantity.min(most)));
        } else if self.mode == PositionMode::Hedge {
            let leg = order.sent.leg.unwrap_or(opened);
            let most = if leg == opened { quantity } else { market.open(leg) };
            if leg != opened || !order.sent.reduce_only {
                parts.push(part(leg, quantity.min(most)));
            }
        } else {
            let closing = market.open(opened.opposite()).min(quantity);
            parts.push(part(opened.opposite(), closing));
            if !order.sent.reduce_only {
                parts.push(part(opened, quantity.minus(closing)?));
            }
        }
        parts.retain(|part| part.quantity.is_positive());
        Ok(parts)
    }

    /// Books one fill: leg or balances, fee, record, events.
    pub(super) fn book(&mut self, now: Timestamp, number: u64, part: Part) -> Result<(), Overflow> {
        let Some(order) = self.orders.get(&number) else { return Ok(()) };
        let id = order.sent.instrument.clone();
        let parent = order.parent.and_then(|parent| self.orders.get(&parent));
        let named = [Some(order), parent].into_iter().flatten().find_map(|one| one.sent.client_id.as_deref());
        let client_id = named.and_then(|text| text.parse().ok());
        let Some(mut execution) = self.book_leg(now, &id, &part)? else { return Ok(()) };
        execution.order = number;
        execution.fill.order = VenueOrderId::new(number.to_string());
        execution.fill.fill.client_id = client_id;
        let index = self.executions.len();
        let value = part.price.value(part.quantity)?;
        let mut next = Some(number);
        while let Some(order) = next.and_then(|number| self.orders.get_mut(&number)) {
            order.filled = order.filled.plus(part.quantity)?;
            order.value = order.value.plus(value)?;
            order.fees = order.fees.plus(execution.fill.fee_paid)?;
            order.fee_asset.clone_from(&execution.fill.fee_asset);
            order.realised = order.realised.plus(execution.realised)?;
            order.last_fill = Some(index);
            order.updated = now;
            next = order.parent;
        }
        self.record(execution, &id, part.leg)
    }

    pub(super) fn record(
        &mut self,
        execution: Execution,
        id: &InstrumentId,
        leg: PositionSide,
    ) -> Result<(), Overflow> {
        self.events.push_back(Event::Fill(Box::new(execution.clone())));
        self.executions.push(execution);
        self.tell_position(id, leg)?;
        let Some(market) = self.markets.get(id) else { return Ok(()) };
        let (base, quote) = (market.instrument.base.clone(), market.instrument.quote.clone());
        if market.instrument.is_spot() {
            self.tell_balance(&base)?;
        }
        self.tell_balance(&quote)
    }

    /// The money of one fill. The order's fields are for the caller to fill in.
    pub(super) fn book_leg(
        &mut self,
        now: Timestamp,
        id: &InstrumentId,
        part: &Part,
    ) -> Result<Option<Execution>, Overflow> {
        let trade = self.number();
        let fresh = self.number();
        let Some(market) = self.markets.get_mut(id) else { return Ok(None) };
        let Part { leg, side, price, quantity, rate, liquidity, kind } = *part;
        let value = price.value(quantity)?;
        let fee = Amount::new(value.get().times(rate)?);
        let (base, quote) = (market.instrument.base.clone(), market.instrument.quote.clone());
        let mark = market.mark.unwrap_or(price);
        let (mut fee_asset, mut fee_paid, mut realised) = (quote.clone(), fee, Amount::ZERO);
        if market.instrument.is_spot() {
            let (bought, sold) = if side == Side::Buy {
                (quantity.get(), Decimal::ZERO.minus(value.get())?)
            } else {
                (Decimal::ZERO.minus(quantity.get())?, value.get())
            };
            if side == Side::Buy && self.setup.spot_fee == SpotFee::Received {
                (fee_asset, fee_paid) = (base.clone(), Amount::new(quantity.get().times(rate)?));
            }
            self.credit(&base, Amount::new(bought))?;
            self.credit(&quote, Amount::new(sold))?;
            self.credit(&fee_asset, Amount::ZERO.minus(fee_paid)?)?;
        } else {
            let slot = market.leg_mut(leg);
            if side == leg.opening() {
                if slot.book.is_flat() {
                    *slot = super::market::Leg { number: fresh, created: now, ..Default::default() };
                }
                slot.book.enter(price, quantity)?;
            } else {
                realised = slot.book.exit(leg, price, quantity)?;
            }
            slot.realised = slot.realised.plus(realised)?;
            slot.fees = slot.fees.plus(fee)?;
            slot.updated = now;
            self.credit(&quote, realised.minus(fee)?)?;
        }
        let fill = Fill {
            trade_id: TradeId::new(trade.to_string()),
            client_id: None,
            leg,
            side,
            price,
            quantity,
            fee,
            liquidity,
            kind,
            time: now,
        };
        let order = VenueOrderId::new("0");
        let fill = VenueFill { instrument: id.clone(), fill, order, fee_asset, fee_paid };
        Ok(Some(Execution { fill, order: 0, trade, realised, mark }))
    }

    /// Charges funding on the open legs of a contract: `−side × mark × quantity × rate`, longs pay when the rate is
    /// positive.
    ///
    /// # Errors
    /// [`Overflow`] when a value leaves the range of a decimal.
    pub fn fund(&mut self, now: Timestamp, id: &InstrumentId, rate: Decimal) -> Result<(), Overflow> {
        for side in PositionSide::BOTH {
            let Some(market) = self.markets.get_mut(id) else { return Ok(()) };
            if market.leg(side).book.is_flat() {
                continue;
            }
            let paid = market.value(side)?.get().times(rate)?.times(side.sign())?;
            let amount = Amount::ZERO.minus(Amount::new(paid))?;
            let leg = market.leg_mut(side);
            leg.funding = leg.funding.plus(amount)?;
            leg.updated = now;
            let asset = market.instrument.quote.clone();
            self.credit(&asset, amount)?;
            let flow = CashFlow {
                id: self.number().to_string(),
                kind: CashFlowKind::Funding,
                instrument: Some(id.clone()),
                asset: asset.clone(),
                amount,
                time: now,
            };
            self.flows.push(flow.clone());
            self.events.push_back(Event::CashFlow(flow));
            self.tell_position(id, side)?;
            self.tell_balance(&asset)?;
        }
        Ok(())
    }
}
