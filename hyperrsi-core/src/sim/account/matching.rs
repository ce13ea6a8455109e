use super::fill::Part;
use super::intake::reached;
use super::market::Market;
use super::{Account, Callback, Ended, NewOrder, Order, Rejection, Size, Terms, Trailing, Trigger};
use crate::model::{
    Arithmetic, Candle, FillKind, InstrumentId, Liquidity, MarginMode, OrderStatus, Overflow, PositionMode,
    PositionSide, Price, Quantity, Side, Span, TimeInForce, Timestamp, TriggerSource, decimal_from_f64,
};
use rust_decimal::Decimal;
use std::collections::BTreeSet;

/// The way the price takes through a candle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// Open, low, high, close.
    LowFirst,
    /// Open, high, low, close.
    HighFirst,
    /// Towards the nearer extreme first: low first when the candle closes above its open.
    Natural,
}

impl Path {
    /// The four prices in the order in which they come.
    pub const fn points(self, candle: &Candle) -> [f64; 4] {
        let Candle { open, high, low, close, .. } = *candle;
        let low_first = match self {
            Self::LowFirst => true,
            Self::HighFirst => false,
            Self::Natural => close >= open,
        };
        if low_first { [open, low, high, close] } else { [open, high, low, close] }
    }
}

/// Which prices move.
#[derive(Clone, Copy)]
struct Moving {
    last: bool,
    mark: bool,
}

/// What a price sets off, in the order in which equals go.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Hit {
    Stop,
    Trail,
    Liquidation(PositionSide),
    Limit,
    TakeProfit,
    Activate,
}

/// The market moves.
impl Account {
    /// A trade at a new price. The price jumps: what lies between is passed, not traded at.
    ///
    /// # Errors
    /// [`Overflow`] when a value leaves the range of a decimal.
    pub fn trade(&mut self, now: Timestamp, id: &InstrumentId, price: Price) -> Result<(), Overflow> {
        self.sweep(now, id, price, true, false)
    }

    /// A new mark price. From now on the last price no longer stands for it.
    ///
    /// # Errors
    /// [`Overflow`] when a value leaves the range of a decimal.
    pub fn mark(&mut self, now: Timestamp, id: &InstrumentId, price: Price) -> Result<(), Overflow> {
        if let Some(market) = self.markets.get_mut(id) {
            market.marked = true;
        }
        self.sweep(now, id, price, false, false)
    }

    /// A mark price that no trade is newer than: what it sets off fills there, since where the market trades now is
    /// not known better. The last price stays.
    ///
    /// # Errors
    /// [`Overflow`] when a value leaves the range of a decimal.
    pub fn mark_ahead(&mut self, now: Timestamp, id: &InstrumentId, price: Price) -> Result<(), Overflow> {
        let stand_in = |account: &mut Self, last: Option<Price>| {
            account.markets.get_mut(id).and_then(|market| std::mem::replace(&mut market.last, last))
        };
        let last = stand_in(self, price.is_positive().then_some(price));
        let swept = self.mark(now, id, price);
        stand_in(self, last);
        swept
    }

    /// The price glides from where it is: what lies between is traded at.
    ///
    /// # Errors
    /// [`Overflow`] when a value leaves the range of a decimal.
    pub fn glide(&mut self, now: Timestamp, id: &InstrumentId, price: Price) -> Result<(), Overflow> {
        self.sweep(now, id, price, true, true)
    }

    /// A whole candle: a jump to its open, then a glide along its path. Prices are rounded to the tick.
    ///
    /// # Errors
    /// [`Overflow`] when a value leaves the range of a decimal, or a price of the candle is no number.
    pub fn candle(
        &mut self,
        id: &InstrumentId,
        candle: &Candle,
        span: Span,
        path: Path,
    ) -> Result<(), Overflow> {
        let points = path.points(candle);
        for (step, raw) in points.into_iter().enumerate() {
            let raw = decimal_from_f64(raw).ok_or(Overflow("a candle's price"))?;
            let Some(market) = self.markets.get(id) else { return Ok(()) };
            let price = market.instrument.round_price(raw, crate::model::StepRounding::Nearest)?;
            let part = (span.millis() - 1) * step as i64 / 3;
            let now = candle.open_time + Span::millis_of(part);
            self.sweep(now, id, price, true, step > 0)?;
        }
        Ok(())
    }

    fn sweep(
        &mut self,
        now: Timestamp,
        id: &InstrumentId,
        to: Price,
        last: bool,
        glide: bool,
    ) -> Result<(), Overflow> {
        if !to.is_positive() {
            return Ok(());
        }
        let Some(market) = self.markets.get(id) else { return Ok(()) };
        let moving = Moving { last, mark: !last || !market.marked };
        let from = if last { market.last } else { market.mark }.unwrap_or(to);
        let mut at = from;
        if !glide {
            self.set_price(id, to, moving)?;
        }
        let mut seen = BTreeSet::new();
        while let Some((hit, number, level)) = self.next_hit(id, at, to, moving, &seen)? {
            seen.insert((hit, number));
            if glide {
                at = between(at, to, level);
                self.set_price(id, at, moving)?;
            }
            self.hit(now, id, number, hit)?;
        }
        if glide {
            self.set_price(id, to, moving)?;
        }
        self.check_cross(now, id)
    }

    fn set_price(&mut self, id: &InstrumentId, price: Price, moving: Moving) -> Result<(), Overflow> {
        let Some(market) = self.markets.get_mut(id) else { return Ok(()) };
        if moving.last {
            market.last = Some(price);
        }
        if moving.mark {
            market.mark = Some(price);
        }
        for number in &self.live {
            let Some(order) = self.orders.get_mut(number) else { continue };
            if order.sent.instrument != *id {
                continue;
            }
            let side = order.sent.side;
            if let Terms::Trailing(Trailing { source, best: Some(best), .. }) = &mut order.sent.terms {
                let Some(now) = market.price(*source) else { continue };
                *best = if side == Side::Sell { now.max(*best) } else { now.min(*best) };
            }
        }
        Ok(())
    }

    /// The nearest thing on the way from `at` to `to`, with the price it is set off at.
    fn next_hit(
        &self,
        id: &InstrumentId,
        at: Price,
        to: Price,
        moving: Moving,
        seen: &BTreeSet<(Hit, u64)>,
    ) -> Result<Option<(Hit, u64, Price)>, Overflow> {
        let Some(market) = self.markets.get(id) else { return Ok(None) };
        // Where each price will be at the end of the way.
        let end = |source| match source {
            TriggerSource::Last if moving.last => Some(to),
            TriggerSource::Mark if moving.mark => Some(to),
            source => market.price(source),
        };
        let mut found: Option<(Decimal, Hit, u64, Price)> = None;
        let mut offer = |hit: Hit, number: u64, level: Price, moves: bool| -> Result<(), Overflow> {
            if seen.contains(&(hit, number)) {
                return Ok(());
            }
            let way = if moves { progress(at, to, level)? } else { Decimal::ZERO };
            if found.is_none_or(|(best, rank, other, _)| (way, hit, number) < (best, rank, other)) {
                found = Some((way, hit, number, level));
            }
            Ok(())
        };
        let moves = |source| if source == TriggerSource::Last { moving.last } else { moving.mark };
        for order in self.live_orders().filter(|order| order.sent.instrument == *id) {
            if order.triggered.is_some() {
                continue;
            }
            let side = order.sent.side;
            match order.sent.terms {
                Terms::Limit { price, .. } => {
                    let is_there = if side == Side::Buy { to <= price } else { to >= price };
                    if moving.last && is_there {
                        offer(Hit::Limit, order.number, price, true)?;
                    }
                }
                Terms::Trigger { stop, take_profit } => {
                    for (trigger, hit) in [(stop, Hit::Stop), (take_profit, Hit::TakeProfit)] {
                        let Some(Trigger { price, source, .. }) = trigger else { continue };
                        if end(source).is_some_and(|end| reached(side, hit == Hit::Stop, price, end)) {
                            offer(hit, order.number, price, moves(source))?;
                        }
                    }
                }
                Terms::Trailing(trailing) => {
                    let Some(end) = end(trailing.source) else { continue };
                    match (trailing.best, trailing.activation) {
                        (None, Some(price)) if reached(side, false, price, end) => {
                            offer(Hit::Activate, order.number, price, moves(trailing.source))?;
                        }
                        (Some(best), _) => {
                            let level = trail(side, trailing.callback, best)?;
                            if reached(side, true, level, end) {
                                offer(Hit::Trail, order.number, level, moves(trailing.source))?;
                            }
                        }
                        _ => {}
                    }
                }
                Terms::Market => {}
            }
        }
        if let (true, Some(end)) = (moving.mark, end(TriggerSource::Mark)) {
            for side in PositionSide::BOTH {
                let Some(level) = market.liquidation(side, self.setup.maintenance_margin_rate)? else {
                    continue;
                };
                if reached(side.closing(), true, level, end) {
                    offer(Hit::Liquidation(side), 0, level, true)?;
                }
            }
        }
        Ok(found.map(|(_, hit, number, level)| (hit, number, level)))
    }

    fn hit(&mut self, now: Timestamp, id: &InstrumentId, number: u64, hit: Hit) -> Result<(), Overflow> {
        if let Hit::Liquidation(side) = hit {
            return self.liquidate(now, id, side);
        }
        let Some(order) = self.orders.get_mut(&number) else { return Ok(()) };
        match (hit, &mut order.sent.terms) {
            (Hit::Limit, Terms::Limit { price, .. }) => {
                let price = *price;
                let left = order.remaining();
                let quantity = self.setup.depth.unwrap_or(left).min(left);
                self.execute(now, number, price, quantity, Liquidity::Maker)
            }
            (Hit::Activate, Terms::Trailing(trailing)) => {
                let (source, level) = (trailing.source, trailing.activation);
                trailing.best = self.markets.get(id).and_then(|market| market.price(source)).or(level);
                order.updated = now;
                self.tell_order(number);
                Ok(())
            }
            (_, Terms::Trigger { stop, take_profit }) => {
                let trigger = if hit == Hit::Stop { *stop } else { *take_profit };
                self.fire(now, number, hit == Hit::Stop, trigger.and_then(|trigger| trigger.limit))
            }
            (_, Terms::Trailing(_)) => self.fire(now, number, true, None),
            _ => Ok(()),
        }
    }

    /// A trigger fired: the conditional order sends a plain one.
    fn fire(
        &mut self,
        now: Timestamp,
        number: u64,
        stopped: bool,
        limit: Option<Price>,
    ) -> Result<(), Overflow> {
        let Some(order) = self.orders.get_mut(&number) else { return Ok(()) };
        (order.triggered, order.stopped, order.updated) = (Some(now), stopped, now);
        let order = order.clone();
        let group = order.group;
        self.end_partners(now, number, group)?;
        let Some(market) = self.markets.get(&order.sent.instrument) else { return Ok(()) };
        let quantity = order.quantity.unwrap_or_else(|| open_for(self.mode, market, &order));
        let terms = match limit {
            Some(price) => Terms::Limit { price, time_in_force: TimeInForce::GoodTillCancelled },
            None => Terms::Market,
        };
        let sent = NewOrder {
            client_id: None,
            size: Size::Base(quantity),
            terms,
            attached: Vec::new(),
            reduce_only: order.sent.reduce_only || order.sent.size == Size::Position,
            ..order.sent.clone()
        };
        let price = limit.or(market.last).unwrap_or_default();
        if let Some(rejection) = self.failure(&sent, quantity, price) {
            return self.end(now, number, OrderStatus::Rejected, Some(Ended::Failed(rejection)));
        }
        let spawned = self.take(now, sent, Some(quantity));
        if let Some(order) = self.orders.get_mut(&spawned) {
            order.parent = Some(number);
        }
        if let Some(order) = self.orders.get_mut(&number) {
            (order.spawned, order.quantity) = (Some(spawned), Some(quantity));
        }
        self.tell_order(number);
        self.tell_order(spawned);
        self.work(now, spawned)
    }

    /// Why the plain order of a fired trigger is refused.
    fn failure(&self, sent: &NewOrder, quantity: Quantity, price: Price) -> Option<Rejection> {
        let market = self.markets.get(&sent.instrument)?;
        if market.instrument.is_spot() || !sent.reduce_only {
            return self.check_funds(sent, quantity, price, None).err();
        }
        let closed = if sent.side == Side::Buy { PositionSide::Short } else { PositionSide::Long };
        market.open(closed).is_zero().then_some(Rejection::NothingToReduce)
    }

    fn liquidate(&mut self, now: Timestamp, id: &InstrumentId, side: PositionSide) -> Result<(), Overflow> {
        let rate = self.setup.maintenance_margin_rate;
        let Some(market) = self.markets.get(id) else { return Ok(()) };
        let Some(price) = market.liquidation(side, rate)? else { return Ok(()) };
        let (margin, quantity) = (market.margin(side)?.get(), market.open(side));
        let loss = market.leg(side).book.unrealised(side, price)?.get().min(Decimal::ZERO).abs();
        // The fee takes what the loss leaves of the margin, at most.
        let room = margin.minus(loss)?.max(Decimal::ZERO).over(price.value(quantity)?.get())?;
        self.close_leg(now, id, side, price, self.setup.taker_fee.min(room))
    }

    fn close_leg(
        &mut self,
        now: Timestamp,
        id: &InstrumentId,
        leg: PositionSide,
        price: Price,
        rate: Decimal,
    ) -> Result<(), Overflow> {
        let Some(market) = self.markets.get(id) else { return Ok(()) };
        let part = Part {
            leg,
            side: leg.closing(),
            price,
            quantity: market.open(leg),
            rate,
            liquidity: Liquidity::Taker,
            kind: FillKind::Liquidation,
        };
        let closing: Vec<u64> = self
            .live_orders()
            .filter(|order| order.sent.instrument == *id && order.sent.reduce_only)
            .filter(|order| order.sent.side == leg.closing() && order.sent.leg.is_none_or(|one| one == leg))
            .map(|order| order.number)
            .collect();
        for number in closing {
            self.end(now, number, OrderStatus::Cancelled, Some(Ended::Liquidated))?;
        }
        match self.book_leg(now, id, &part)? {
            Some(execution) => self.record(execution, id, leg),
            None => Ok(()),
        }
    }

    /// Closes every cross leg that settles in the instrument's quote once its equity is down to the maintenance margin.
    fn check_cross(&mut self, now: Timestamp, id: &InstrumentId) -> Result<(), Overflow> {
        let Some(quote) = self.markets.get(id).map(|market| market.instrument.quote.clone()) else {
            return Ok(());
        };
        let (mut equity, mut needed, mut legs) = (self.total(&quote).get(), Decimal::ZERO, Vec::new());
        for (id, market) in self.markets.iter().filter(|(_, market)| market.instrument.quote == quote) {
            for side in PositionSide::BOTH {
                if market.leg(side).book.is_flat() {
                    continue;
                }
                if market.margin_mode == MarginMode::Isolated {
                    equity = equity.minus(market.margin(side)?.get())?;
                    continue;
                }
                equity = equity.plus(market.unrealised(side)?.get())?;
                needed = needed.plus(market.value(side)?.get().times(self.setup.maintenance_margin_rate)?)?;
                legs.push((id.clone(), side));
            }
        }
        if legs.is_empty() || equity > needed {
            return Ok(());
        }
        for (id, side) in legs {
            let Some(mark) = self.mark_price(&id) else { continue };
            self.close_leg(now, &id, side, mark, self.setup.taker_fee)?;
        }
        Ok(())
    }
}

/// How far along the way from `at` to `to` a level lies; zero for what is already passed.
fn progress(at: Price, to: Price, level: Price) -> Result<Decimal, Overflow> {
    let way = if to >= at { level.get().minus(at.get())? } else { at.get().minus(level.get())? };
    Ok(way.max(Decimal::ZERO))
}

/// The level, but not outside the way.
fn between(at: Price, to: Price, level: Price) -> Price {
    if to >= at { level.max(at).min(to) } else { level.min(at).max(to) }
}

/// Where a trailing order fires.
fn trail(side: Side, callback: Callback, best: Price) -> Result<Price, Overflow> {
    let distance = match callback {
        Callback::Ratio(ratio) => best.get().times(ratio)?,
        Callback::Offset(offset) => offset,
    };
    let level = if side == Side::Sell { best.get().minus(distance)? } else { best.get().plus(distance)? };
    Ok(Price::new(level))
}

fn open_for(mode: PositionMode, market: &Market, order: &Order) -> Quantity {
    let closed = if order.sent.side == Side::Buy { PositionSide::Short } else { PositionSide::Long };
    match (mode, order.sent.leg) {
        (PositionMode::Hedge, Some(leg)) => market.open(leg),
        _ => market.open(closed),
    }
}
