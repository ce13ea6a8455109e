use super::margin::{Elsewhere, MaintenanceTiers};
use crate::model::{
    Amount, Arithmetic, ClientOrderId, Fill, FillKind, Instrument, Liquidity, MarginMode, OrderKind,
    OrderReport, OrderSpec, OrderStatus, Overflow, PositionSide, PositionSnapshot, Price, Quantity, Side,
    Ticket, Timestamp, TradeId,
};
use crate::position::Book;
use crate::trader::{Answer, RejectClass};
use rust_decimal::{Decimal, RoundingStrategy};
use std::collections::VecDeque;

/// Decimal places of a price that a loss was cut at.
const COVERED_PLACES: u32 = 12;

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
    /// Maintenance margin by position value, in place of the one rate.
    pub maintenance_tiers: Option<MaintenanceTiers>,
    /// Leverage of the instrument.
    pub leverage: u32,
    /// Whether a leg is liquidated by its own margin or by the account's.
    pub margin_mode: MarginMode,
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
    pub(super) config: VenueConfig,
    resting: Vec<Resting>,
    /// Market orders sent while the market stood still: filled at the next open.
    queued: Vec<OrderSpec>,
    pub(super) long: Book,
    pub(super) short: Book,
    pub(super) wallet: Amount,
    pub(super) elsewhere: Elsewhere,
    /// Fills that would have taken the balance below zero.
    uncovered: u64,
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
            elsewhere: Elsewhere::default(),
            uncovered: 0,
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
    /// Deposits plus everything realised here.
    pub const fn wallet(&self) -> Amount {
        self.wallet
    }
    /// Tells what the rest of the account means for this instrument, where several share it.
    pub const fn share(&mut self, elsewhere: Elsewhere) {
        self.elsewhere = elsewhere;
    }
    /// Fills whose loss was cut because it would have taken the balance below zero.
    pub const fn uncovered(&self) -> u64 {
        self.uncovered
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
        self.balance()?.minus(self.elsewhere.margin)?.minus(Amount::new(used))
    }

    /// The account's balance.
    pub(super) fn balance(&self) -> Result<Amount, Overflow> {
        if self.elsewhere.wallet.is_zero() {
            Ok(self.wallet)
        } else {
            self.wallet.plus(self.elsewhere.wallet)
        }
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
        let room = self.balance()?;
        let book = match leg {
            PositionSide::Long => &mut self.long,
            PositionSide::Short => &mut self.short,
        };
        let mut price = price;
        if side == leg.opening() {
            book.enter(price, quantity)?;
            let fee = Amount::new(price.value(quantity)?.get().times(rate)?);
            self.wallet = self.wallet.minus(fee)?;
            return Ok(self.fill_of(now, client_id, leg, side, price, quantity, fee, liquidity));
        }
        let before = *book;
        let mut gross = book.exit(leg, price, quantity)?;
        let mut left = room.plus(gross)?;
        if left < Amount::ZERO {
            price = covered(&before, leg, quantity, room)?;
            *book = before;
            gross = book.exit(leg, price, quantity)?;
            left = room.plus(gross)?;
            self.uncovered += 1;
        }
        let fee = Amount::new(price.value(quantity)?.get().times(rate)?).min(left.max(Amount::ZERO));
        self.wallet = self.wallet.plus(gross)?.minus(fee)?;
        Ok(self.fill_of(now, client_id, leg, side, price, quantity, fee, liquidity))
    }

    #[expect(clippy::too_many_arguments, reason = "a fill is that many facts, and this is where they meet")]
    fn fill_of(
        &mut self,
        now: Timestamp,
        client_id: Option<ClientOrderId>,
        leg: PositionSide,
        side: Side,
        price: Price,
        quantity: Quantity,
        fee: Amount,
        liquidity: Liquidity,
    ) -> Fill {
        self.trades += 1;
        Fill {
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
        }
    }

    /// The venue closes a leg at its liquidation price. Isolated, the loss is capped at the leg's margin; in cross margin a
    /// market that is beyond the price already is what the leg gets.
    ///
    /// # Errors
    /// [`Overflow`] when a value leaves the range of a decimal.
    pub fn liquidate(&mut self, now: Timestamp, side: PositionSide) -> Result<(), Overflow> {
        let Some(mut price) = self.liquidation(side)? else { return Ok(()) };
        let quantity = self.book(side).quantity();
        let mut rate = self.config.taker_fee;
        if self.config.margin_mode == MarginMode::Cross {
            if let Some(market) = self.price {
                price = match side {
                    PositionSide::Long => price.min(market),
                    PositionSide::Short => price.max(market),
                };
            }
        } else {
            let margin = self.book(side).cost().get().over(Decimal::from(self.config.leverage.max(1)))?;
            let loss = self.book(side).unrealised(side, price)?.get().min(Decimal::ZERO).abs();
            // The fee takes what the loss leaves of the margin, at most.
            let fee_room = margin.minus(loss)?.max(Decimal::ZERO);
            rate = rate.min(fee_room.over(price.value(quantity)?.get())?);
        }
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

/// The price at which an exit uses the balance up: what is lost beyond it is the venue's (TRADING 15.6: the balance never
/// goes below zero).
#[cold]
fn covered(book: &Book, leg: PositionSide, quantity: Quantity, balance: Amount) -> Result<Price, Overflow> {
    let share = book.cost().get().times(quantity.get())?.over(book.quantity().get())?;
    let lost = balance.get().max(Decimal::ZERO);
    let (value, round) = match leg {
        PositionSide::Long => (share.minus(lost)?, RoundingStrategy::ToPositiveInfinity),
        PositionSide::Short => (share.plus(lost)?, RoundingStrategy::ToZero),
    };
    Ok(Price::new(value.over(quantity.get())?.round_dp_with_strategy(COVERED_PLACES, round)))
}
