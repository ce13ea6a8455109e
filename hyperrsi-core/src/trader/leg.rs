//! One leg of a trader while it lives: book, exits, the trade being made.

use crate::model::{Amount, Arithmetic, Fill, Overflow, PositionSide, Price, Quantity, Span, Timestamp};
use crate::position::{
    Book, EffectiveStop, EntryPlan, ExitPlan, ExitReason, Exits, ProtectionPoint, Trade, TradeFill,
    TradeFillKind,
};
use crate::risk::Size;
use crate::strategy::{LegState, NextEntry};
use rust_decimal::Decimal;
use std::sync::Arc;

/// A trade under construction.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct TradeBuilder {
    entry_time: Timestamp,
    entry_value: Decimal,
    entry_quantity: Quantity,
    exit_value: Decimal,
    exit_quantity: Quantity,
    margin: Decimal,
    gross: Amount,
    fees: Amount,
    funding: Amount,
    planned_risk: Option<Amount>,
    fills: Vec<TradeFill>,
    protection: Vec<ProtectionPoint>,
}

impl TradeBuilder {
    const fn new(entry_time: Timestamp) -> Self {
        Self {
            entry_time,
            entry_value: Decimal::ZERO,
            entry_quantity: Quantity::ZERO,
            exit_value: Decimal::ZERO,
            exit_quantity: Quantity::ZERO,
            margin: Decimal::ZERO,
            gross: Amount::ZERO,
            fees: Amount::ZERO,
            funding: Amount::ZERO,
            planned_risk: None,
            fills: Vec::new(),
            protection: Vec::new(),
        }
    }
    fn note(&mut self, fill: &Fill, kind: TradeFillKind) -> Result<(), Overflow> {
        self.fees = self.fees.plus(fill.fee)?;
        self.fills.push(TradeFill {
            time: fill.time,
            kind,
            price: fill.price,
            quantity: fill.quantity,
            fee: fill.fee,
            liquidity: fill.liquidity,
        });
        Ok(())
    }
    pub(crate) fn add_funding(&mut self, amount: Amount) -> Result<(), Overflow> {
        self.funding = self.funding.plus(amount)?;
        Ok(())
    }
    /// Adds a point unless nothing changed since the last one.
    pub(crate) fn protect(&mut self, point: ProtectionPoint) {
        let same =
            |last: &ProtectionPoint| last.stop == point.stop && last.take_profits == point.take_profits;
        if !self.protection.last().is_some_and(same) {
            self.protection.push(point);
        }
    }
}

/// A leg of a trader.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Leg {
    pub(crate) side: PositionSide,
    pub(crate) state: LegState,
    pub(crate) hedge: bool,
    pub(crate) foreign: bool,
    /// An operator claimed a foreign position that the next read of the account will show.
    pub(crate) claimed: bool,
    pub(crate) ignored: bool,
    pub(crate) book: Book,
    pub(crate) entries: u32,
    pub(crate) plan: Option<Arc<ExitPlan>>,
    /// What may follow the first entry.
    pub(crate) entry_plan: Option<Arc<EntryPlan>>,
    /// Plans from the next entry on.
    pub(crate) replan: Option<(Arc<ExitPlan>, Option<Arc<EntryPlan>>)>,
    /// The first entry's amount, frozen when the leg opened (TRADING 10.5).
    pub(crate) base: Option<Size>,
    /// Level and size of the next entry, fixed for the epoch.
    pub(crate) next: Option<NextEntry>,
    /// The strategy wants no limit entry to rest.
    pub(crate) withheld: bool,
    /// The next limit entry waits for a candle to close.
    pub(crate) rest_waits: bool,
    /// When a limit entry that has filled in part last grew.
    pub(crate) grown: Option<Timestamp>,
    /// Hedge entries made for this main leg.
    pub(crate) hedge_entries: u32,
    /// A main entry has filled in part; the hedge is evaluated once it has ended.
    pub(crate) hedge_due: bool,
    /// That hedges need a two-way account has been told.
    pub(crate) hedge_alerted: bool,
    pub(crate) exits: Option<Exits>,
    pub(crate) trade: Option<TradeBuilder>,
    /// Close of the deciding candle of the newest entry: the time part of order ids.
    pub(crate) cycle: Timestamp,
    /// Counts entry fills of the leg's life; orders of older epochs are withdrawn.
    pub(crate) epoch: u32,
    pub(crate) revision: u16,
    pub(crate) attempt: u16,
    pub(crate) closing: Option<ExitReason>,
    pub(crate) last_stop: Option<EffectiveStop>,
    pub(crate) last_amend: Timestamp,
    pub(crate) amended_price: Option<Price>,
    /// Since when a wanted stop is not confirmed.
    pub(crate) unprotected_since: Option<Timestamp>,
    /// Total time without a confirmed stop.
    pub(crate) unprotected: Span,
    /// When the alarm about it was last raised.
    pub(crate) alerted: Option<Timestamp>,
    pub(crate) stop_retry: Option<Retry>,
    pub(crate) take_profit_retry: Option<Retry>,
    pub(crate) close_retry: Option<Retry>,
    /// When the price first lay beyond a confirmed stop that has not filled.
    pub(crate) breached: Option<Timestamp>,
    /// A part of the venue's stop has filled: it acts, wherever the price goes.
    pub(crate) triggered: bool,
    /// Venue time of the newest fill.
    pub(crate) last_fill: Timestamp,
    /// A position of the venue that fills do not explain, and when to read the account because of it.
    pub(crate) doubt: Option<(Timestamp, Quantity)>,
    /// When a read first showed no position.
    pub(crate) flat_since: Option<Timestamp>,
    /// When protection was last brought in line: what was due until then has been done.
    pub(crate) reconciled: Timestamp,
}

/// When to try again, and how often it was tried.
pub(crate) type Retry = (Timestamp, u32);

impl Leg {
    pub(crate) const fn new(side: PositionSide) -> Self {
        Self {
            side,
            state: LegState::Flat,
            hedge: false,
            foreign: false,
            claimed: false,
            ignored: false,
            book: Book::EMPTY,
            entries: 0,
            plan: None,
            entry_plan: None,
            replan: None,
            base: None,
            next: None,
            withheld: false,
            rest_waits: false,
            grown: None,
            hedge_entries: 0,
            hedge_due: false,
            hedge_alerted: false,
            exits: None,
            trade: None,
            cycle: Timestamp::EPOCH,
            epoch: 0,
            revision: 0,
            attempt: 0,
            closing: None,
            last_stop: None,
            last_amend: Timestamp::EPOCH,
            amended_price: None,
            unprotected_since: None,
            unprotected: Span::ZERO,
            alerted: None,
            stop_retry: None,
            take_profit_retry: None,
            close_retry: None,
            breached: None,
            triggered: false,
            last_fill: Timestamp::EPOCH,
            doubt: None,
            flat_since: None,
            reconciled: Timestamp::EPOCH,
        }
    }

    /// Books an entry fill.
    pub(crate) fn enter(&mut self, fill: &Fill, leverage: u32) -> Result<(), Overflow> {
        let value = fill.price.value(fill.quantity)?.get();
        self.book.enter(fill.price, fill.quantity)?;
        let trade = self.trade.get_or_insert_with(|| TradeBuilder::new(fill.time));
        trade.entry_value = trade.entry_value.plus(value)?;
        trade.entry_quantity = trade.entry_quantity.plus(fill.quantity)?;
        trade.margin = trade.margin.plus(value.over(Decimal::from(leverage.max(1)))?)?;
        trade.note(fill, TradeFillKind::Entry)
    }

    /// Takes over a position of unknown history: one entry at the average.
    pub(crate) fn claim(
        &mut self,
        now: Timestamp,
        quantity: Quantity,
        average: Price,
        leverage: u32,
    ) -> Result<(), Overflow> {
        self.book.adopt(quantity, average)?;
        let value = average.value(quantity)?.get();
        let mut trade = TradeBuilder::new(now);
        (trade.entry_value, trade.entry_quantity) = (value, quantity);
        trade.margin = value.over(Decimal::from(leverage.max(1)))?;
        self.trade = Some(trade);
        self.state = LegState::Open;
        self.entries = 1;
        self.epoch += 1;
        Ok(())
    }

    /// Books an exit fill.
    pub(crate) fn exit(&mut self, fill: &Fill, reason: ExitReason) -> Result<(), Overflow> {
        let quantity = fill.quantity.min(self.book.quantity());
        let gross = self.book.exit(self.side, fill.price, quantity)?;
        if let Some(trade) = &mut self.trade {
            trade.gross = trade.gross.plus(gross)?;
            trade.exit_value = trade.exit_value.plus(fill.price.value(quantity)?.get())?;
            trade.exit_quantity = trade.exit_quantity.plus(quantity)?;
            trade.note(fill, TradeFillKind::Exit(reason))?;
        }
        Ok(())
    }

    /// Remembers what the first stop puts at stake.
    pub(crate) fn note_planned_risk(&mut self) -> Result<(), Overflow> {
        if let (Some(trade), Some(stop)) = (&mut self.trade, self.exits.as_ref().and_then(Exits::stop))
            && trade.planned_risk.is_none()
            && self.entries == 1
        {
            let loss = self.book.unrealised(self.side, stop.price)?;
            trade.planned_risk = Some(Amount::new(loss.get().abs()));
        }
        Ok(())
    }

    /// Takes the finished trade out; the leg is flat afterwards.
    pub(crate) fn finish(&mut self, time: Timestamp, reason: ExitReason) -> Result<Option<Trade>, Overflow> {
        let (side, hedge, entries) = (self.side, self.hedge, self.entries);
        let trade = self.trade.take();
        *self = Self {
            cycle: self.cycle,
            // Ids of one cycle are never used again, not even by what comes late (`late_fill`).
            revision: self.revision,
            epoch: self.epoch + 1,
            ignored: self.ignored,
            unprotected: self.unprotected,
            last_fill: self.last_fill,
            ..Self::new(side)
        };
        let Some(trade) = trade else { return Ok(None) };
        let net = trade.gross.minus(trade.fees)?.plus(trade.funding)?;
        Ok(Some(Trade {
            side,
            hedge,
            entry_time: trade.entry_time,
            entry_price: Price::new(trade.entry_value.over(trade.entry_quantity.get())?),
            exit_time: time,
            exit_price: Price::new(match trade.exit_quantity.is_zero() {
                true => Decimal::ZERO,
                false => trade.exit_value.over(trade.exit_quantity.get())?,
            }),
            quantity: trade.entry_quantity,
            entries,
            margin: Amount::new(trade.margin),
            gross_pnl: trade.gross,
            fees: trade.fees,
            funding: trade.funding,
            net_pnl: net,
            planned_risk: trade.planned_risk,
            reason,
            fills: trade.fills,
            protection: trade.protection,
        }))
    }

    /// Orders get ids of a new cycle. Within one second numbers go on, so that no id is ever made twice.
    pub(crate) fn begin_cycle(&mut self, cycle: Timestamp) {
        if cycle.seconds() != self.cycle.seconds() {
            self.revision = 0;
        }
        self.cycle = cycle;
    }

    /// The stop that protects the leg now.
    pub(crate) fn stop(&self) -> Option<EffectiveStop> {
        self.exits.as_ref().and_then(Exits::stop)
    }

    /// Whether `price` lies at or beyond the stop.
    pub(crate) fn is_hit(&self, stop: Price, price: f64) -> bool {
        let stop = stop.to_f64();
        match self.side {
            PositionSide::Long => price <= stop,
            PositionSide::Short => price >= stop,
        }
    }
}
