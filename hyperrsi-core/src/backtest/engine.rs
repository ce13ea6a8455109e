//! The glue of a run: performs what the trader asks for against the account and the simulated venue, and feeds back what
//! they answer. Nothing is decided here.

use crate::account::{Account, SlotId};
use crate::model::{
    Candle, ClientOrderId, Fill, OrderReport, Overflow, PositionSide, Price, RequestId, Timeframe, Timestamp,
    TriggerSource, decimal_from_f64,
};
use crate::position::Trade;
use crate::risk::Refusal;
use crate::series::History;
use crate::sim::{Venue, VenueEvent};
use crate::strategy::{Context, DecisionRecord, Strategy};
use crate::trader::{AccountRead, Answer, Event, Input, Lookup, Output, PriceSource, Trader};
use std::collections::BTreeMap;

/// What market and venue did to a trader: with the closed candles, all it takes to run another driver alike.
#[cfg_attr(not(feature = "replay"), expect(dead_code, reason = "the runtime reads them"))]
#[derive(Clone, Debug)]
pub(crate) enum Fact {
    /// A price was passed or traded at.
    Price(PriceSource, f64),
    /// The venue answered a request about an order.
    Answered(ClientOrderId, Answer),
    /// The venue reported an order.
    Order(OrderReport),
    /// The venue reported a fill.
    Fill(Fill),
}

/// One run under one policy.
pub(super) struct Engine {
    pub(super) trader: Trader,
    pub(super) account: Account,
    pub(super) slot: SlotId,
    pub(super) venue: Venue,
    pub(super) trades: Vec<Trade>,
    pub(super) skipped: BTreeMap<String, u64>,
    pub(super) records: Vec<DecisionRecord>,
    pub(super) actions: Vec<DecisionRecord>,
    acting: Option<(Timestamp, Timestamp)>,
    pub(super) recording: bool,
    /// Whether anything was asked for or reported since the flag was last cleared.
    pub(super) busy: bool,
    /// Missing margin blocks openings.
    margin_blocked: bool,
    /// The mark-price candle beside the one that is walked, where mark prices are known.
    pub(super) mark: Option<Candle>,
    /// The strategy is being asked about a fill, at this time.
    asking: Option<Timestamp>,
    batch: Vec<Output>,
    evaluate: Option<(RequestId, Timeframe)>,
    /// Fills the strategy has not been asked about yet.
    fills: Vec<(RequestId, Box<Fill>)>,
    /// Facts in order, if they are kept.
    pub(super) tape: Option<Vec<(Timestamp, Fact)>>,
}

impl Engine {
    pub(super) fn new(trader: Trader, account: Account, slot: SlotId, venue: Venue) -> Self {
        Self {
            trader,
            account,
            slot,
            venue,
            trades: Vec::new(),
            skipped: BTreeMap::new(),
            records: Vec::new(),
            actions: Vec::new(),
            acting: None,
            recording: false,
            busy: true,
            margin_blocked: false,
            mark: None,
            asking: None,
            batch: Vec::new(),
            evaluate: None,
            fills: Vec::new(),
            tape: None,
        }
    }

    /// Actions between the candles of a range are recorded.
    pub(super) const fn record_actions(&mut self, range: Option<(Timestamp, Timestamp)>) {
        self.acting = range;
        self.trader.record_actions(range.is_some());
    }

    /// Feeds one input and everything that follows from it, until nothing is left to do.
    pub(super) fn feed(&mut self, now: Timestamp, input: Input<'_>) -> Result<(), Overflow> {
        if let (Some(tape), Input::Price { source, price }) = (&mut self.tape, &input) {
            tape.push((now, Fact::Price(*source, *price)));
        }
        self.trader.handle(now, input)?;
        self.settle(now)
    }

    /// A closed candle: the trader asks, the strategy answers.
    #[inline(always)]
    pub(super) fn close_candle<S: Strategy + ?Sized>(
        &mut self,
        strategy: &mut S,
        now: Timestamp,
        timeframe: Timeframe,
        candle: &Candle,
        histories: &[History<'_>],
    ) -> Result<(), Overflow> {
        if !self.fills.is_empty() {
            self.ask_about_fills(strategy, now, timeframe, histories)?;
        }
        if self.margin_blocked {
            self.lift_margin_block(now)?;
        }
        self.trader.candle_closed(now, timeframe, candle);
        if let Some((request, timeframe)) = self.trader.poll_evaluate() {
            return self.evaluate(strategy, now, request, timeframe, candle, histories);
        }
        self.settle(now)?;
        match self.evaluate.take() {
            Some((request, timeframe)) => self.evaluate(strategy, now, request, timeframe, candle, histories),
            None => Ok(()),
        }
    }

    /// Openings that rest for want of margin go on as soon as it is there again (TRADING 12.4).
    #[inline(never)]
    fn lift_margin_block(&mut self, now: Timestamp) -> Result<(), Overflow> {
        if self.account.margin_is_back(self.slot) {
            self.feed(now, Input::Gate { gate: Refusal::MarginBlocked, closed: false })?;
        }
        Ok(())
    }

    /// The strategy hears of a candle's fills when the candle closes, before it is asked about the candle itself.
    #[inline(never)]
    fn ask_about_fills<S: Strategy + ?Sized>(
        &mut self,
        strategy: &mut S,
        now: Timestamp,
        timeframe: Timeframe,
        histories: &[History<'_>],
    ) -> Result<(), Overflow> {
        for (request, fill) in std::mem::take(&mut self.fills) {
            let context = Context::new(now, timeframe, histories, self.trader.view(), false);
            self.asking = Some(now);
            let decision = strategy.on_fill(&context, &fill);
            self.asking = None;
            self.trader.decided(now, request, decision)?;
            self.settle(now)?;
        }
        self.busy = true;
        Ok(())
    }

    #[inline(always)]
    fn evaluate<S: Strategy + ?Sized>(
        &mut self,
        strategy: &mut S,
        now: Timestamp,
        request: RequestId,
        timeframe: Timeframe,
        candle: &Candle,
        histories: &[History<'_>],
    ) -> Result<(), Overflow> {
        let context = Context::new(now, timeframe, histories, self.trader.view(), self.recording);
        let decision = strategy.on_candle(&context, candle);
        self.trader.decided(now, request, decision)?;
        self.busy |= self.trader.waits_for_price();
        if self.trader.has_output() { self.settle(now) } else { Ok(()) }
    }

    /// The market passes a price on its way: engine stops, touch levels and trails see it.
    pub(super) fn pass(&mut self, now: Timestamp, price: Price) -> Result<(), Overflow> {
        self.pass_while(now, price, price)
    }

    /// The same while market orders fill at `market`: at an open that lies beyond the price already.
    pub(super) fn pass_while(&mut self, now: Timestamp, price: Price, market: Price) -> Result<(), Overflow> {
        self.venue.move_to(market);
        self.feed(now, Input::Price { source: PriceSource::Trigger, price: price.to_f64() })
    }

    /// The market and its mark price pass a price each on their way.
    pub(super) fn pass_both(&mut self, now: Timestamp, price: Price, mark: Price) -> Result<(), Overflow> {
        self.venue.move_to(price);
        self.feed(now, Input::Price { source: PriceSource::Mark, price: mark.to_f64() })?;
        for side in PositionSide::BOTH {
            if self.trader.trigger(side) == TriggerSource::Last && !self.trader.book(side).is_flat() {
                return self.pass(now, price);
            }
        }
        Ok(())
    }

    /// The market opens a candle at a price.
    pub(super) fn open_at(&mut self, now: Timestamp, open: Price) -> Result<(), Overflow> {
        match self.mark {
            Some(mark) => self.pass_both(now, open, money(mark.open)),
            None => self.pass(now, open),
        }
    }

    /// The market trades at a price: entries that wait for one are sized as well.
    pub(super) fn trade_at(&mut self, now: Timestamp, price: Price) -> Result<(), Overflow> {
        self.venue.move_to(price);
        if let Some(mark) = self.mark {
            self.feed(now, Input::Price { source: PriceSource::Mark, price: mark.open })?;
            return self.feed(now, Input::Price { source: PriceSource::Last, price: price.to_f64() });
        }
        self.feed(now, Input::Price { source: PriceSource::Both, price: price.to_f64() })
    }

    /// The candle whose prices liquidate: that of the mark price, or the traded one where there is none.
    pub(super) fn marked(&self, candle: &Candle) -> Candle {
        self.mark.unwrap_or(*candle)
    }

    /// The candle whose prices trigger the stops of a leg.
    pub(super) fn triggering(&self, side: PositionSide, candle: &Candle) -> Candle {
        match self.trader.trigger(side) {
            TriggerSource::Mark => self.marked(candle),
            TriggerSource::Last => *candle,
        }
    }

    /// When the strategy was asked what it has not answered: what panics now is the strategy.
    pub(super) fn asked_at(&self) -> Option<Timestamp> {
        self.asking.or_else(|| self.trader.unanswered().map(|_| self.trader.now()))
    }

    /// The strategy will not answer any more. Exits go on.
    pub(super) fn strategy_failed(&mut self, now: Timestamp) -> Result<(), Overflow> {
        self.asking = None;
        self.fills.clear();
        self.evaluate = None;
        while let Some(request) = self.trader.unanswered() {
            self.feed(now, Input::StrategyFailed { request })?;
        }
        Ok(())
    }

    /// Performs outputs and delivers reports until both queues are empty.
    pub(super) fn settle(&mut self, now: Timestamp) -> Result<(), Overflow> {
        loop {
            while let Some(output) = self.trader.poll() {
                match output {
                    Output::Evaluate { request, timeframe } => self.evaluate = Some((request, timeframe)),
                    output => self.batch.push(output),
                }
            }
            if self.batch.is_empty() {
                match self.venue.poll() {
                    Some(event) => {
                        self.busy = true;
                        self.deliver(now, event)?;
                    }
                    None => return Ok(()),
                }
                continue;
            }
            self.busy = true;
            let mut batch = std::mem::take(&mut self.batch);
            for output in batch.drain(..) {
                self.perform(now, output)?;
            }
            if self.batch.is_empty() {
                self.batch = batch; // keep its room
            }
        }
    }

    fn perform(&mut self, now: Timestamp, output: Output) -> Result<(), Overflow> {
        match output {
            Output::Evaluate { request, timeframe } => self.evaluate = Some((request, timeframe)),
            Output::EvaluateFill { request, fill } => self.fills.push((request, fill)),
            Output::Reserve(ask) => {
                self.account.mark(self.slot, ask.price.to_f64()); // risk managers see equity at this price
                let outcome = self.account.review(now, self.slot, &ask);
                self.trader.handle(now, Input::Reservation { request: ask.request, outcome })?;
            }
            Output::Release(id) => self.account.release(self.slot, id),
            Output::Persist { request, .. } => self.trader.handle(now, Input::Stored { request })?,
            Output::Place { request, ticket } => {
                let answer = self.venue.place(now, &ticket)?;
                self.tape_answer(now, ticket.client_id(), &answer);
                self.trader.handle(now, Input::Answer { request, answer })?;
            }
            Output::Amend { request, order } => {
                let answer = self.venue.amend(&order)?;
                self.tape_answer(now, order.client_id, &answer);
                self.trader.handle(now, Input::Answer { request, answer })?;
            }
            Output::Cancel { request, client_id } => {
                let answer = self.venue.cancel(&client_id);
                self.tape_answer(now, client_id, &answer);
                self.trader.handle(now, Input::Answer { request, answer })?;
            }
            Output::Configure { request, .. } => {
                self.trader.handle(now, Input::Configured { request, outcome: Ok(()) })?;
            }
            Output::QueryOrder { request, .. } => {
                self.trader.handle(now, Input::Queried { request, lookup: Lookup::Absent })?;
            }
            Output::ReadAccount { request } => {
                let positions = PositionSide::BOTH
                    .into_iter()
                    .filter_map(|side| self.venue.position(side, now))
                    .collect();
                let read = Some(Box::new(AccountRead { positions, ..AccountRead::default() }));
                self.trader.handle(now, Input::AccountRead { request, read })?;
            }
            Output::Backfill { .. } => self.trader.handle(now, Input::DataRestored)?,
            Output::Event(event) => self.note(*event),
        }
        Ok(())
    }

    fn tape_answer(&mut self, now: Timestamp, id: ClientOrderId, answer: &Answer) {
        if let Some(tape) = &mut self.tape {
            tape.push((now, Fact::Answered(id, answer.clone())));
        }
    }

    fn deliver(&mut self, now: Timestamp, event: VenueEvent) -> Result<(), Overflow> {
        if let Some(tape) = &mut self.tape {
            tape.push((
                now,
                match &event {
                    VenueEvent::Order(report) => Fact::Order(*report),
                    VenueEvent::Fill(fill) => Fact::Fill(fill.clone()),
                },
            ));
        }
        match event {
            VenueEvent::Order(report) => self.trader.handle(now, Input::Order(report)),
            VenueEvent::Fill(fill) => {
                self.account.apply(self.slot, &fill)?;
                self.trader.handle(now, Input::Fill(&fill))
            }
        }
    }

    fn note(&mut self, event: Event) {
        match event {
            Event::Closed(trade) => {
                self.account.note_trade(trade.net_pnl.get() < rust_decimal::Decimal::ZERO);
                self.trades.push(*trade);
            }
            Event::Refused { refused, .. } => {
                *self.skipped.entry(refused.code.code().to_owned()).or_default() += 1;
            }
            Event::Decided(record) if self.recording => self.records.push(*record),
            Event::Acted(record)
                if self.acting.is_some_and(|(from, to)| from <= record.candle && record.candle < to) =>
            {
                self.actions.push(*record);
            }
            Event::Gate(Refusal::MarginBlocked, closed) => self.margin_blocked = closed,
            _ => {}
        }
    }
}

/// A closed candle's price as money; candles were checked when they were loaded.
pub(super) fn money(price: f64) -> Price {
    Price::new(decimal_from_f64(price).unwrap_or_default())
}
