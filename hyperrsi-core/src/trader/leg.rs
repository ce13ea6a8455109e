//! One leg of a trader while it lives: book, plans, exits, what is under way for it.

use super::lots::{self, Lot};
use super::trade::TradeBuilder;
use crate::model::{Amount, Fill, Overflow, PositionSide, Price, Quantity, Span, Timestamp};
use crate::position::{Book, EffectiveStop, EntryPlan, ExitPlan, ExitReason, Exits, Trade};
use crate::risk::Size;
use crate::strategy::{LegState, NextEntry};
use std::sync::Arc;

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
    /// What lies at the venue below its smallest order and counts as nothing (TRADING 13.4).
    #[serde(default)]
    pub(crate) dust: Quantity,
    pub(crate) entries: u32,
    pub(crate) plan: Option<Arc<ExitPlan>>,
    /// What may follow the first entry.
    pub(crate) entry_plan: Option<Arc<EntryPlan>>,
    /// Plans from the next entry on.
    pub(crate) replan: Option<(Arc<ExitPlan>, Option<Arc<EntryPlan>>)>,
    /// The plan as it was before an operator set the levels of this epoch.
    #[serde(default)]
    pub(crate) planned: Option<Arc<ExitPlan>>,
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
    /// What resting entries with exits of their own filled: a grid.
    pub(crate) lots: Vec<Lot>,
    /// Close of the deciding candle of the newest entry: the time part of order ids.
    pub(crate) cycle: Timestamp,
    /// Counts entry fills of the leg's life; orders of older epochs are withdrawn.
    pub(crate) epoch: u32,
    pub(crate) revision: u16,
    pub(crate) attempt: u16,
    pub(crate) closing: Option<ExitReason>,
    /// A part of the leg that is closed once the venue has room for it.
    #[serde(default)]
    pub(crate) part: Option<super::locked::Part>,
    pub(crate) last_stop: Option<EffectiveStop>,
    pub(crate) last_amend: Timestamp,
    pub(crate) amended_price: Option<Price>,
    /// Since when a wanted stop is not confirmed.
    pub(crate) unprotected_since: Option<Timestamp>,
    /// Total time without a confirmed stop.
    pub(crate) unprotected: Span,
    /// Venue time at which the stop rested that a restart found.
    #[serde(skip)]
    pub(crate) found_stop: Option<Timestamp>,
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
    /// When a read first showed another size than fills explain.
    #[serde(default)]
    pub(crate) unexplained: Option<Timestamp>,
    /// What of the leg was taken over from the venue.
    #[serde(default)]
    pub(crate) adjustment: Option<super::late::Adjustment>,
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
            dust: Quantity::ZERO,
            entries: 0,
            plan: None,
            entry_plan: None,
            replan: None,
            planned: None,
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
            lots: Vec::new(),
            cycle: Timestamp::EPOCH,
            epoch: 0,
            revision: 0,
            attempt: 0,
            closing: None,
            part: None,
            last_stop: None,
            last_amend: Timestamp::EPOCH,
            amended_price: None,
            unprotected_since: None,
            unprotected: Span::ZERO,
            found_stop: None,
            alerted: None,
            stop_retry: None,
            take_profit_retry: None,
            close_retry: None,
            breached: None,
            triggered: false,
            last_fill: Timestamp::EPOCH,
            doubt: None,
            unexplained: None,
            adjustment: None,
            flat_since: None,
            reconciled: Timestamp::EPOCH,
        }
    }

    /// Books an entry fill: of a lot, if its order has an exit of its own.
    pub(crate) fn enter(
        &mut self,
        fill: &Fill,
        leverage: u32,
        lot: Option<(u16, Price)>,
    ) -> Result<(), Overflow> {
        self.book.enter(fill.price, fill.quantity)?;
        match lot {
            Some((key, exit)) => lots::enter(&mut self.lots, key, exit, fill, leverage),
            None => {
                let trade = self.trade.get_or_insert_with(|| TradeBuilder::new(fill.time));
                trade.enter(fill, leverage)
            }
        }
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
        self.trade = Some(TradeBuilder::claimed(now, quantity, average, leverage)?);
        self.state = LegState::Open;
        self.entries = 1;
        self.epoch += 1;
        Ok(())
    }

    /// Books an exit fill: of the lot with that key first, then of the others as they come. Returns its gross profit.
    pub(crate) fn exit(
        &mut self,
        fill: &Fill,
        reason: ExitReason,
        lot: Option<u16>,
    ) -> Result<Amount, Overflow> {
        let quantity = fill.quantity.min(self.book.quantity());
        let gross = self.book.exit(self.side, fill.price, quantity)?;
        if !self.lots.is_empty() {
            lots::exit(&mut self.lots, self.side, fill, quantity, reason, lot)?;
        } else if let Some(trade) = &mut self.trade {
            trade.exit(fill, fill.fee, quantity, gross, reason)?;
        }
        Ok(gross)
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
            attempt: self.attempt,
            ignored: self.ignored,
            unprotected: self.unprotected,
            dust: self.dust,
            last_fill: self.last_fill,
            ..Self::new(side)
        };
        trade.map(|trade| trade.finish(side, hedge, entries, time, reason)).transpose()
    }

    /// Orders get ids of a new cycle. Within one second, and for a fill that is told late, numbers go on: no id is ever
    /// made twice.
    pub(crate) fn begin_cycle(&mut self, cycle: Timestamp) {
        if cycle.seconds() > self.cycle.seconds() {
            (self.cycle, self.revision) = (cycle, 0);
        }
    }

    /// What the venue's position should be: the leg and its dust.
    pub(crate) fn held(&self) -> Result<Quantity, Overflow> {
        self.book.quantity().plus(self.dust)
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
