use crate::model::{
    Amount, Arithmetic, ClientOrderId, Fill, FillKind, Instrument, Liquidity, OrderKind, OrderReport,
    OrderSpec, OrderStatus, Overflow, PositionSide, PositionSnapshot, Price, Quantity, Side, Ticket,
    Timestamp, TradeId,
};
use crate::position::Book;
use crate::trader::{Answer, RejectClass};
use rust_decimal::Decimal;
use std::collections::VecDeque;

/// Fees, slippage and margin of a simulated venue. Fees are fractions: `0.0005` is 0.05 %.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VenueConfig {
    /// Fee of fills that take liquidity.
    pub taker_fee: Decimal,
    /// Fee of fills that rested; may be negative (a rebate).
    pub maker_fee: Decimal,
    /// Slippage of market and triggered fills, percent.
    pub slippage_percent: Decimal,
    /// Maintenance margin as a fraction of the entry value.
    pub maintenance_margin_rate: Decimal,
    /// Leverage of the instrument.
    pub leverage: u32,
    /// Money at the start.
    pub balance: Amount,
}

/// An order that rests at the venue.
#[derive(Clone, Copy, Debug)]
pub struct Resting {
    /// The order.
    pub spec: OrderSpec,
    /// Its limit or trigger price, as armed.
    pub price: f64,
    /// Filled so far.
    pub filled: Quantity,
}

/// What the venue reports.
#[derive(Clone, Debug)]
pub enum VenueEvent {
    /// An order changed.
    Order(OrderReport),
    /// An order filled.
    Fill(Fill),
}

/// A simulated venue for one instrument.
#[derive(Debug)]
pub struct Venue {
    instrument: Instrument,
    config: VenueConfig,
    resting: Vec<Resting>,
    /// Market orders sent while the market stood still: filled at the next open.
    queued: Vec<OrderSpec>,
    long: Book,
    short: Book,
    wallet: Amount,
    /// The price now, while the market moves.
    price: Option<Price>,
    trades: u64,
    events: VecDeque<VenueEvent>,
}

impl Venue {
    /// An empty venue.
    pub fn new(instrument: Instrument, config: VenueConfig) -> Self {
        Self {
            wallet: config.balance,
            instrument,
            config,
            resting: Vec::new(),
            queued: Vec::new(),
            long: Book::EMPTY,
            short: Book::EMPTY,
            price: None,
            trades: 0,
            events: VecDeque::new(),
        }
    }

    /// The next report.
    pub fn poll(&mut self) -> Option<VenueEvent> {
        self.events.pop_front()
    }
    /// Everything that rests.
    pub fn resting(&self) -> &[Resting] {
        &self.resting
    }
    /// What is open on a side.
    pub const fn book(&self, side: PositionSide) -> &Book {
        match side {
            PositionSide::Long => &self.long,
            PositionSide::Short => &self.short,
        }
    }
    /// Deposits plus everything realised.
    pub const fn wallet(&self) -> Amount {
        self.wallet
    }
    /// Whether market orders wait for the next open.
    pub fn has_queued(&self) -> bool {
        !self.queued.is_empty()
    }
    /// The market moves to a price: market orders fill at once there.
    pub const fn move_to(&mut self, price: Price) {
        self.price = Some(price);
    }
    /// The market stands still: market orders wait for the next open.
    pub const fn halt(&mut self) {
        self.price = None;
    }

    /// Takes an order.
    ///
    /// # Errors
    /// [`Overflow`] when a value leaves the range of a decimal.
    pub fn place(&mut self, now: Timestamp, ticket: &Ticket) -> Result<Answer, Overflow> {
        let spec = *ticket.order();
        if let Some(refused) = self.refusal(&spec)? {
            return Ok(refused);
        }
        match spec.kind {
            OrderKind::Market => match self.price {
                Some(price) => self.fill_market(now, spec, price)?,
                None => self.queued.push(spec),
            },
            OrderKind::Limit { price, .. }
            | OrderKind::StopMarket { trigger: price, .. }
            | OrderKind::TakeProfitMarket { trigger: price, .. } => {
                self.resting.push(Resting { spec, price: price.to_f64(), filled: Quantity::ZERO });
            }
        }
        Ok(Answer::Done)
    }

    fn refusal(&self, spec: &OrderSpec) -> Result<Option<Answer>, Overflow> {
        let refused = |class, text: &str| Ok(Some(Answer::Refused(class, text.into())));
        if !spec.quantity.is_positive() {
            return refused(RejectClass::Other, "quantity must be above zero");
        }
        if spec.reduce_only {
            if self.book(spec.leg).is_flat() {
                return refused(RejectClass::ReduceOnly, "there is no position to reduce");
            }
        } else {
            let price = spec.kind.price().or(self.price);
            if let Some(price) = price {
                let value = price.value(spec.quantity)?.get();
                let needed = value.over(Decimal::from(self.config.leverage.max(1)))?;
                if needed > self.free()?.get() {
                    return refused(RejectClass::InsufficientMargin, "not enough free margin");
                }
            }
        }
        let taken = self.resting.iter().any(|order| order.spec.client_id == spec.client_id);
        if taken {
            return refused(RejectClass::DuplicateId, "client order id was used before");
        }
        Ok(None)
    }

    fn free(&self) -> Result<Amount, Overflow> {
        let cost = self.long.cost().plus(self.short.cost())?.get();
        let used = cost.over(Decimal::from(self.config.leverage.max(1)))?;
        self.wallet.minus(Amount::new(used))
    }

    /// Changes a resting order in place.
    ///
    /// # Errors
    /// [`Overflow`] never at present; kept for venues that check margin here.
    pub fn amend(&mut self, order: &OrderSpec) -> Result<Answer, Overflow> {
        let found = self.resting.iter_mut().find(|resting| resting.spec.client_id == order.client_id);
        Ok(match (found, order.kind.price()) {
            (Some(resting), Some(price)) => {
                resting.spec = *order;
                resting.price = price.to_f64();
                Answer::Done
            }
            _ => Answer::Refused(RejectClass::NotFound, "no such order".into()),
        })
    }

    /// Cancels an order.
    pub fn cancel(&mut self, id: &ClientOrderId) -> Answer {
        let before = self.resting.len() + self.queued.len();
        self.resting.retain(|order| order.spec.client_id != *id);
        self.queued.retain(|order| order.client_id != *id);
        if self.resting.len() + self.queued.len() < before {
            Answer::Done
        } else {
            Answer::Refused(RejectClass::NotFound, "no such order".into())
        }
    }

    /// The market does not open again: queued market orders end unfilled.
    pub fn drop_queued(&mut self, now: Timestamp) {
        for spec in self.queued.drain(..) {
            self.events.push_back(VenueEvent::Order(OrderReport {
                client_id: spec.client_id,
                status: OrderStatus::Cancelled,
                filled: Quantity::ZERO,
                time: now,
            }));
        }
    }

    /// The market opens: queued market orders that reduce (or all others) fill at `price`.
    ///
    /// # Errors
    /// [`Overflow`] when a value leaves the range of a decimal.
    pub fn fill_queued(&mut self, now: Timestamp, price: Price, reducing: bool) -> Result<(), Overflow> {
        let mut index = 0;
        while let Some(spec) = self.queued.get(index).copied() {
            if spec.reduce_only == reducing {
                self.queued.remove(index);
                self.fill_market(now, spec, price)?;
            } else {
                index += 1;
            }
        }
        Ok(())
    }

    /// A resting order fills whole: a limit exactly at its price as maker, a trigger order at `at` with slippage as
    /// taker.
    ///
    /// # Errors
    /// [`Overflow`] when a value leaves the range of a decimal.
    pub fn fire(&mut self, now: Timestamp, id: &ClientOrderId, at: Price) -> Result<(), Overflow> {
        let Some(index) = self.resting.iter().position(|order| order.spec.client_id == *id) else {
            return Ok(());
        };
        let order = self.resting.remove(index);
        let left = Quantity::new(order.spec.quantity.get().minus(order.filled.get())?);
        match order.spec.kind {
            OrderKind::Limit { price, .. } => self.execute(now, order.spec, price, left, Liquidity::Maker),
            _ => {
                let price = self.slipped(order.spec.side, at)?;
                self.execute(now, order.spec, price, left, Liquidity::Taker)
            }
        }
    }

    fn fill_market(&mut self, now: Timestamp, spec: OrderSpec, price: Price) -> Result<(), Overflow> {
        let price = self.slipped(spec.side, price)?;
        self.execute(now, spec, price, spec.quantity, Liquidity::Taker)
    }

    /// Against the trader: buy up, sell down, to the tick (TRADING 0.4, 15.3).
    fn slipped(&self, side: Side, price: Price) -> Result<Price, Overflow> {
        if self.config.slippage_percent.is_zero() {
            return Ok(price);
        }
        let slip = price.get().percent(self.config.slippage_percent)?;
        let moved = match side {
            Side::Buy => price.get().plus(slip)?,
            Side::Sell => price.get().minus(slip)?,
        };
        self.instrument.round_fill(side, moved)
    }

    fn execute(
        &mut self,
        now: Timestamp,
        spec: OrderSpec,
        price: Price,
        quantity: Quantity,
        liquidity: Liquidity,
    ) -> Result<(), Overflow> {
        let quantity = if spec.reduce_only { quantity.min(self.book(spec.leg).quantity()) } else { quantity };
        let report = |status, filled| {
            VenueEvent::Order(OrderReport { client_id: spec.client_id, status, filled, time: now })
        };
        if !quantity.is_positive() {
            self.events.push_back(report(OrderStatus::Cancelled, Quantity::ZERO));
            return Ok(());
        }
        let rate = match liquidity {
            Liquidity::Maker => self.config.maker_fee,
            Liquidity::Taker => self.config.taker_fee,
        };
        let fill =
            self.book_fill(now, Some(spec.client_id), spec.leg, spec.side, price, quantity, rate, liquidity)?;
        self.events.push_back(VenueEvent::Fill(fill));
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "a fill is that many facts, and this is where they meet")]
    fn book_fill(
        &mut self,
        now: Timestamp,
        client_id: Option<ClientOrderId>,
        leg: PositionSide,
        side: Side,
        price: Price,
        quantity: Quantity,
        rate: Decimal,
        liquidity: Liquidity,
    ) -> Result<Fill, Overflow> {
        let fee = Amount::new(price.value(quantity)?.get().times(rate)?);
        let book = match leg {
            PositionSide::Long => &mut self.long,
            PositionSide::Short => &mut self.short,
        };
        let gross = if side == leg.opening() {
            book.enter(price, quantity)?;
            Amount::ZERO
        } else {
            book.exit(leg, price, quantity)?
        };
        self.wallet = self.wallet.plus(gross)?.minus(fee)?;
        self.trades += 1;
        Ok(Fill {
            trade_id: TradeId::new(format!("s{}", self.trades)),
            client_id,
            leg,
            side,
            price,
            quantity,
            fee,
            liquidity,
            kind: FillKind::Trade,
            time: now,
        })
    }

    /// Where an isolated leg is liquidated; `None` without one (TRADING 15.6).
    ///
    /// # Errors
    /// [`Overflow`] when a value leaves the range of a decimal.
    pub fn liquidation(&self, side: PositionSide) -> Result<Option<Price>, Overflow> {
        let book = self.book(side);
        if book.is_flat() || self.config.leverage <= 1 && side == PositionSide::Long {
            return Ok(None);
        }
        let price = liquidation_price(
            side,
            book,
            self.config.leverage,
            self.config.maintenance_margin_rate,
            Decimal::ZERO,
        )?;
        Ok(price.is_positive().then_some(price))
    }

    /// The venue closes a leg at its liquidation price; the loss is capped at the leg's margin.
    ///
    /// # Errors
    /// [`Overflow`] when a value leaves the range of a decimal.
    pub fn liquidate(&mut self, now: Timestamp, side: PositionSide) -> Result<(), Overflow> {
        let Some(price) = self.liquidation(side)? else { return Ok(()) };
        let quantity = self.book(side).quantity();
        let margin = self.book(side).cost().get().over(Decimal::from(self.config.leverage.max(1)))?;
        let loss = self.book(side).unrealised(side, price)?.get().min(Decimal::ZERO).abs();
        // The fee takes what the loss leaves of the margin, at most.
        let fee_room = margin.minus(loss)?.max(Decimal::ZERO);
        let value = price.value(quantity)?.get();
        let rate = self.config.taker_fee.min(fee_room.over(value)?);
        self.resting.retain(|order| order.spec.leg != side || !order.spec.reduce_only);
        let mut fill =
            self.book_fill(now, None, side, side.closing(), price, quantity, rate, Liquidity::Taker)?;
        fill.kind = FillKind::Liquidation;
        self.events.push_back(VenueEvent::Fill(fill));
        Ok(())
    }

    /// The position as a venue would report it.
    pub fn position(&self, side: PositionSide, now: Timestamp) -> Option<PositionSnapshot> {
        let book = self.book(side);
        Some(PositionSnapshot {
            key: crate::model::PositionKey { instrument: self.instrument.id.clone(), side },
            quantity: book.quantity(),
            average: book.average()?,
            liquidation: self.liquidation(side).ok().flatten(),
            updated: now,
        })
    }
}

/// TRADING 15.6 with tier rate `m` and deduction `d`: long `(A·q − M − d)/(q·(1 − m))`, short `(A·q + M + d)/(q·(1 + m))`,
/// `M = A·q/leverage`. Not rounded to the tick.
///
/// # Errors
/// [`Overflow`] when a value leaves the range of a decimal, or nothing is open.
pub fn liquidation_price(
    side: PositionSide,
    book: &Book,
    leverage: u32,
    rate: Decimal,
    deduction: Decimal,
) -> Result<Price, Overflow> {
    let (cost, quantity) = (book.cost().get(), book.quantity().get());
    let margin = cost.over(Decimal::from(leverage.max(1)))?;
    let price = match side {
        PositionSide::Long => {
            cost.minus(margin)?.minus(deduction)?.over(quantity.times(Decimal::ONE.minus(rate)?)?)?
        }
        PositionSide::Short => {
            cost.plus(margin)?.plus(deduction)?.over(quantity.times(Decimal::ONE.plus(rate)?)?)?
        }
    };
    Ok(Price::new(price))
}
