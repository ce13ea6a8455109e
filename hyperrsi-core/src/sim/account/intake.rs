use super::market::Market;
use super::{Account, Attachment, Change, Ended, ExcessRule, NewOrder, Order, PostOnlyRule, Rejection, Size};
use super::{Terms, Trailing, Trigger};
use crate::exchange::{OrderClass, TradingState};
use crate::model::{
    Amount, Arithmetic, InstrumentId, OrderStatus, PositionMode, PositionSide, Price, Quantity, Side,
    TimeInForce, Timestamp,
};
use rust_decimal::Decimal;

/// Placing, changing and cancelling.
impl Account {
    /// Takes an order, or says why not. Market orders and orders that cross have filled when this returns.
    ///
    /// # Errors
    /// [`Rejection`]; nothing has changed then.
    pub fn place(&mut self, now: Timestamp, order: NewOrder) -> Result<u64, Rejection> {
        let quantity = self.check(&order)?;
        let number = self.take(now, order, quantity);
        self.tell_order(number);
        self.work(now, number)?;
        Ok(number)
    }

    /// Takes a stop and a take profit (or any orders) of which the first that is done cancels the others. Each is
    /// taken or refused by itself.
    pub fn place_linked(&mut self, now: Timestamp, orders: Vec<NewOrder>) -> Vec<Result<u64, Rejection>> {
        let group = self.number();
        orders
            .into_iter()
            .map(|order| {
                let quantity = self.check(&order)?;
                let number = self.take(now, order, quantity);
                if let Some(order) = self.orders.get_mut(&number) {
                    order.group = Some(group);
                }
                self.tell_order(number);
                self.work(now, number)?;
                Ok(number)
            })
            .collect()
    }

    /// Whether an order would be taken, and its quantity in base units.
    fn check(&self, order: &NewOrder) -> Result<Option<Quantity>, Rejection> {
        let market = self.markets.get(&order.instrument).ok_or(Rejection::UnknownInstrument)?;
        let class = order.terms.class();
        if let Some(id) = order.client_id.as_deref()
            && self.order_of(class, id).is_some()
        {
            return Err(Rejection::DuplicateClientId);
        }
        let post_only = matches!(order.terms, Terms::Limit { time_in_force: TimeInForce::PostOnly, .. });
        match market.state {
            TradingState::Trading => {}
            TradingState::PostOnly if post_only => {}
            TradingState::ReduceOnly if order.reduce_only => {}
            _ => return Err(Rejection::Halted),
        }
        let last = market.last.ok_or(Rejection::NoPrice)?;
        check_leg(self.mode, market, order)?;
        for price in prices(&order.terms) {
            check_tick(market, price)?;
        }
        let quantity = self.quantity(market, order, last)?;
        let price = order.terms.known_limit().unwrap_or(last);
        if let Some(quantity) = quantity {
            check_size(market, order, quantity, price)?;
        }
        self.check_reduction(market, order, quantity)?;
        self.check_band(&order.terms, order.side, last)?;
        self.check_triggers(market, order)?;
        let most = if class == OrderClass::Plain { self.setup.max_plain } else { self.setup.max_conditional };
        let live = self
            .live_orders()
            .filter(|one| one.sent.instrument == order.instrument && one.class() == class)
            .count();
        if live >= most {
            return Err(Rejection::TooManyOrders);
        }
        if class == OrderClass::Plain {
            self.check_funds(order, quantity.unwrap_or_default(), price, None)?;
            let crosses = crosses(order.side, price, last);
            if post_only && crosses && self.setup.post_only == PostOnlyRule::Refuse {
                return Err(Rejection::WouldTake);
            }
        }
        Ok(quantity)
    }

    fn quantity(
        &self,
        market: &Market,
        order: &NewOrder,
        last: Price,
    ) -> Result<Option<Quantity>, Rejection> {
        let conditional = order.terms.class() == OrderClass::Conditional;
        match order.size {
            Size::Base(quantity) if quantity.is_positive() => Ok(Some(quantity)),
            Size::Quote(amount) if amount.is_positive() => {
                let price = match order.terms.known_limit() {
                    Some(price) => price,
                    None => market.slipped(order.side, self.setup.slippage_percent)?.unwrap_or(last),
                };
                let raw = amount.get().over(price.get())?;
                let quantity = market.instrument.floor_quantity(raw)?;
                if quantity.is_positive() { Ok(Some(quantity)) } else { Err(Rejection::TooSmall) }
            }
            Size::Position if conditional => Ok(None),
            _ => Err(Rejection::NoQuantity),
        }
    }

    fn check_reduction(
        &self,
        market: &Market,
        order: &NewOrder,
        quantity: Option<Quantity>,
    ) -> Result<(), Rejection> {
        if market.instrument.is_spot() {
            return Ok(());
        }
        let closed = if order.side == Side::Buy { PositionSide::Short } else { PositionSide::Long };
        let closing = match order.leg {
            Some(leg) => leg == closed,
            None => order.reduce_only || order.size == Size::Position,
        };
        if !closing {
            return if order.reduce_only { Err(Rejection::WouldAdd) } else { Ok(()) };
        }
        let open = market.open(closed);
        if open.is_zero() {
            // A conditional order may wait for a position; what it finds when it fires decides.
            let waits = order.terms.class() == OrderClass::Conditional && order.leg.is_some();
            return if waits && self.setup.excess == ExcessRule::Trim {
                Ok(())
            } else {
                Err(Rejection::NothingToReduce)
            };
        }
        let exceeds = quantity.is_some_and(|quantity| quantity > open);
        if exceeds && self.mode == PositionMode::Hedge && self.setup.excess == ExcessRule::Refuse {
            return Err(Rejection::ExceedsPosition);
        }
        Ok(())
    }

    fn check_band(&self, terms: &Terms, side: Side, last: Price) -> Result<(), Rejection> {
        let (Some(percent), Some(price)) = (self.setup.price_band_percent, terms.known_limit()) else {
            return Ok(());
        };
        let room = last.get().percent(percent)?;
        let outside = match side {
            Side::Buy => price.get() > last.get().plus(room)?,
            Side::Sell => price.get() < last.get().minus(room)?,
        };
        if outside { Err(Rejection::PriceOutOfBand) } else { Ok(()) }
    }

    fn check_triggers(&self, market: &Market, order: &NewOrder) -> Result<(), Rejection> {
        match order.terms {
            Terms::Trigger { stop: None, take_profit: None } => Err(Rejection::NoTrigger),
            Terms::Trigger { stop, take_profit } => {
                let through = |trigger: Option<Trigger>, is_stop: bool| {
                    trigger.is_some_and(|one| {
                        market
                            .price(one.source)
                            .is_some_and(|now| reached(order.side, is_stop, one.price, now))
                    })
                };
                if through(stop, true) || through(take_profit, false) {
                    Err(Rejection::AlreadyThrough)
                } else {
                    Ok(())
                }
            }
            _ => Ok(()),
        }
    }

    /// Whether there is enough for an order. What `instead_of` ties up counts for it.
    pub(super) fn check_funds(
        &self,
        order: &NewOrder,
        quantity: Quantity,
        price: Price,
        instead_of: Option<&Order>,
    ) -> Result<(), Rejection> {
        let Some(market) = self.markets.get(&order.instrument) else { return Ok(()) };
        let instrument = &market.instrument;
        let spot = instrument.is_spot();
        let asset = if spot && order.side == Side::Sell { &instrument.base } else { &instrument.quote };
        let held = match instead_of {
            Some(old) => {
                let price = old.sent.terms.known_limit().unwrap_or(price);
                self.locked(asset, &old.sent, old.remaining(), price)?
            }
            None => Decimal::ZERO,
        };
        let more = self.locked(asset, order, quantity, price)?.minus(held)?;
        if more > Decimal::ZERO && more > self.free(asset)?.get() {
            return Err(if spot { Rejection::InsufficientBalance } else { Rejection::InsufficientMargin });
        }
        Ok(())
    }

    /// Writes an order down as live.
    pub(super) fn take(&mut self, now: Timestamp, mut sent: NewOrder, quantity: Option<Quantity>) -> u64 {
        let number = self.number();
        let class = sent.terms.class();
        if let Some(id) = sent.client_id.clone() {
            self.client_ids.insert((class, id), number);
        }
        let market = self.markets.get(&sent.instrument);
        let side = if sent.side == Side::Buy { PositionSide::Long } else { PositionSide::Short };
        let closes = sent.reduce_only || sent.size == Size::Position;
        let leg = match market {
            Some(market) if market.instrument.is_spot() => PositionSide::Long,
            _ => sent.leg.unwrap_or(if closes { side.opposite() } else { side }),
        };
        let margin_mode = market.map(|market| market.margin_mode).unwrap_or_default();
        let leverage = market.map_or(1, |market| market.leverage(margin_mode, leg));
        if let (Terms::Trailing(trailing), Some(market)) = (&mut sent.terms, market)
            && trailing.activation.is_none()
        {
            trailing.best = market.price(trailing.source);
        }
        let order = Order {
            number,
            sent,
            leg,
            quantity,
            leverage,
            margin_mode,
            status: OrderStatus::Open,
            filled: Quantity::ZERO,
            value: Amount::ZERO,
            fees: Amount::ZERO,
            fee_asset: String::new(),
            realised: Amount::ZERO,
            created: now,
            updated: now,
            triggered: None,
            stopped: false,
            spawned: None,
            parent: None,
            brought_by: None,
            group: None,
            last_fill: None,
            ended: None,
        };
        self.orders.insert(number, order);
        self.live.insert(number);
        number
    }

    /// Cancels an order, by its sender or by hand.
    ///
    /// # Errors
    /// Unknown, filled or cancelled orders.
    pub fn cancel(&mut self, now: Timestamp, number: u64) -> Result<(), Rejection> {
        match self.orders.get(&number).map(|order| order.status) {
            None => Err(Rejection::UnknownOrder),
            Some(OrderStatus::Filled) => Err(Rejection::AlreadyFilled),
            Some(status) if !status.is_live() => Err(Rejection::AlreadyCancelled),
            Some(_) => self.end(now, number, OrderStatus::Cancelled, Some(Ended::Asked)).map_err(Into::into),
        }
    }

    /// Changes price, trigger or quantity of a live order in place. A limit order that crosses then takes.
    ///
    /// # Errors
    /// [`Rejection`]; nothing has changed then.
    pub fn amend(&mut self, now: Timestamp, number: u64, change: Change) -> Result<(), Rejection> {
        let order = self.orders.get(&number).ok_or(Rejection::UnknownOrder)?;
        match order.status {
            OrderStatus::Filled => return Err(Rejection::AlreadyFilled),
            status if !status.is_live() => return Err(Rejection::AlreadyCancelled),
            _ => {}
        }
        let market = self.markets.get(&order.sent.instrument).ok_or(Rejection::UnknownInstrument)?;
        let mut sent = order.sent.clone();
        sent.terms = change.applied(sent.terms).ok_or(Rejection::CannotAmend)?;
        let mut quantity = order.quantity;
        if let Some(new) = change.quantity {
            if new <= order.filled {
                return Err(Rejection::CannotAmend);
            }
            sent.size = Size::Base(new);
            quantity = Some(new);
        }
        for price in prices(&sent.terms) {
            check_tick(market, price)?;
        }
        let last = market.last.ok_or(Rejection::NoPrice)?;
        let price = sent.terms.known_limit().unwrap_or(last);
        if let Some(quantity) = quantity {
            check_size(market, &sent, quantity, price)?;
        }
        self.check_band(&sent.terms, sent.side, last)?;
        self.check_triggers(market, &sent)?;
        if sent.terms.class() == OrderClass::Plain {
            let left = quantity.unwrap_or_default().minus(order.filled)?;
            self.check_funds(&sent, left, price, Some(order))?;
        }
        let Some(order) = self.orders.get_mut(&number) else { return Err(Rejection::UnknownOrder) };
        (order.sent, order.quantity, order.updated) = (sent, quantity, now);
        self.tell_order(number);
        self.work(now, number).map_err(Into::into)
    }

    /// The order has ended: partners, the conditional order behind it and what it brought along follow.
    pub(super) fn end(
        &mut self,
        now: Timestamp,
        number: u64,
        status: OrderStatus,
        ended: Option<Ended>,
    ) -> Result<(), crate::model::Overflow> {
        if !self.live.remove(&number) {
            return Ok(());
        }
        let Some(order) = self.orders.get_mut(&number) else { return Ok(()) };
        (order.status, order.ended, order.updated) = (status, ended, now);
        let (group, parent, filled) = (order.group, order.parent, order.filled);
        let (sent, attached) = (order.sent.clone(), std::mem::take(&mut order.sent.attached));
        order.sent.attached.clone_from(&attached);
        self.tell_order(number);
        if let Some(parent) = parent {
            self.end(now, parent, status, ended)?;
        }
        if status == OrderStatus::Filled {
            self.end_partners(now, number, group)?;
        }
        if filled.is_positive() {
            self.arm(now, number, &sent, attached, filled)?;
        }
        Ok(())
    }

    pub(super) fn end_partners(
        &mut self,
        now: Timestamp,
        number: u64,
        group: Option<u64>,
    ) -> Result<(), crate::model::Overflow> {
        let Some(group) = group else { return Ok(()) };
        let partners: Vec<u64> = self
            .live_orders()
            .filter(|order| order.group == Some(group) && order.number != number)
            .map(|order| order.number)
            .collect();
        for partner in partners {
            self.end(now, partner, OrderStatus::Cancelled, Some(Ended::Linked))?;
        }
        Ok(())
    }

    /// Places what an entry brought along, for what it filled.
    fn arm(
        &mut self,
        now: Timestamp,
        entry: u64,
        sent: &NewOrder,
        attached: Vec<Attachment>,
        filled: Quantity,
    ) -> Result<(), crate::model::Overflow> {
        let group = (attached.len() > 1).then(|| self.number());
        let side = if sent.side == Side::Buy { Side::Sell } else { Side::Buy };
        for attachment in attached {
            let order = NewOrder {
                instrument: sent.instrument.clone(),
                client_id: attachment.client_id,
                side,
                leg: sent.leg,
                reduce_only: true,
                size: Size::Base(filled),
                terms: attachment.terms,
                margin_mode: sent.margin_mode,
                attached: Vec::new(),
                tag: sent.tag.clone(),
            };
            let number = self.take(now, order, Some(filled));
            if let Some(order) = self.orders.get_mut(&number) {
                (order.group, order.brought_by) = (group, Some(entry));
            }
            self.tell_order(number);
            self.work(now, number)?;
        }
        Ok(())
    }

    /// Whether an instrument has live orders.
    pub fn has_orders(&self, id: &InstrumentId) -> bool {
        self.live_orders().any(|order| order.sent.instrument == *id)
    }
}

/// Whether a limit order at `price` would take at the last price.
pub(super) fn crosses(side: Side, price: Price, last: Price) -> bool {
    match side {
        Side::Buy => price >= last,
        Side::Sell => price <= last,
    }
}

/// Whether a stop or take profit at `trigger` is reached at `now`.
pub(super) fn reached(side: Side, is_stop: bool, trigger: Price, now: Price) -> bool {
    if is_stop == (side == Side::Sell) { now <= trigger } else { now >= trigger }
}

fn prices(terms: &Terms) -> Vec<Price> {
    match *terms {
        Terms::Market => Vec::new(),
        Terms::Limit { price, .. } => vec![price],
        Terms::Trigger { stop, take_profit } => {
            let of = |trigger: Trigger| [Some(trigger.price), trigger.limit];
            [stop, take_profit].into_iter().flatten().flat_map(of).flatten().collect()
        }
        Terms::Trailing(Trailing { activation, .. }) => activation.into_iter().collect(),
    }
}

fn check_tick(market: &Market, price: Price) -> Result<(), Rejection> {
    let on_tick = price.get().checked_rem(market.instrument.tick).is_some_and(|rest| rest.is_zero());
    if on_tick && price.is_positive() { Ok(()) } else { Err(Rejection::OffTick) }
}

fn check_leg(mode: PositionMode, market: &Market, order: &NewOrder) -> Result<(), Rejection> {
    if market.instrument.is_spot() {
        return Ok(());
    }
    if order.margin_mode.is_some_and(|mode| mode != market.margin_mode) {
        return Err(Rejection::MarginModeDiffers);
    }
    match (mode, order.leg) {
        (PositionMode::Hedge, None) => Err(Rejection::LegMissing),
        (PositionMode::OneWay, Some(_)) => Err(Rejection::LegNamed),
        _ => Ok(()),
    }
}

fn check_size(market: &Market, order: &NewOrder, quantity: Quantity, price: Price) -> Result<(), Rejection> {
    let instrument = &market.instrument;
    if quantity.get().checked_rem(instrument.lot).is_none_or(|rest| !rest.is_zero()) {
        return Err(Rejection::OffLot);
    }
    // A remainder below the smallest order may be closed.
    if !order.reduce_only {
        if quantity.get() < instrument.min_size {
            return Err(Rejection::TooSmall);
        }
        if price.value(quantity)?.get() < instrument.min_notional {
            return Err(Rejection::TooLittleValue);
        }
    }
    if instrument.max_size.is_some_and(|most| quantity.get() > most) {
        return Err(Rejection::TooLarge);
    }
    Ok(())
}
