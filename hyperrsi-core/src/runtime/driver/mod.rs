//! Everything an account's run decides, without I/O: one `Account`, its traders, their strategies.
//!
//! ```text
//! candles, prices, account events, commands, Done, time ─▶ Driver ─▶ Work: calls, reads, records, questions
//! ```
//!
//! The task around it performs the work and feeds back how it went. Since nothing here waits, the same driver runs under
//! a live account, on paper, in a replay, and in tests that stop it at every step.

mod facts;
mod perform;
mod questions;
mod records;
mod reservations;
mod sent;
mod status;
mod work;

pub(crate) use records::role_code;
use sent::Sent;
pub use work::SeatId;
pub(crate) use work::{Done, Job, Purpose, Question, Reading, Verdict, Work};

use super::series::Shelf;
use crate::account::{Account, SlotId};
use crate::desk::EventKind;
use crate::exchange::{Capabilities, Feature, VenueOrderId};
use crate::model::{
    AccountId, Balance, Candle, ClientOrderId, Fill, Instrument, InstrumentId, PositionMode, PositionSide,
    RequestId, Span, StrategyId, Timeframe, Timestamp, TraderId, decimal_from_f64,
};
use crate::risk::{Policy, Refused};
use crate::store::{Entry, Epoch};
use crate::strategy::{Needs, Strategy};
use crate::trader::{Command, Input, PriceSource, Trader, TraderSnapshot};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// How often the account is read while nothing happens (TRADING 13.1).
const READ_INTERVAL: Span = Span::seconds(30);
/// How long after a fill the account is read.
const READ_AFTER_FILL: Span = Span::seconds(2);
/// How far behind the newest known fill a read begins: late fills are not missed, known ones are dropped by id.
const READ_OVERLAP: Span = Span::minutes(2);
/// How long a cancel that was only taken note of may take.
const CANCEL_TAKES: Span = Span::seconds(5);

/// A trader to be run: one instrument of the account.
pub struct Plan {
    /// Its id.
    pub id: TraderId,
    /// The instrument.
    pub instrument: Instrument,
    /// How it trades. What the venue can do is filled in from its capabilities.
    pub policy: Policy,
    /// What decides.
    pub strategy: Box<dyn Strategy>,
    /// Number of the settings, for records.
    pub settings_version: u64,
}

impl Plan {
    /// A trader of `strategy` on `instrument`.
    pub fn new(
        id: impl Into<TraderId>,
        instrument: Instrument,
        policy: Policy,
        strategy: impl Strategy + 'static,
    ) -> Self {
        Self { id: id.into(), instrument, policy, strategy: Box::new(strategy), settings_version: 0 }
    }
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plan")
            .field("id", &self.id)
            .field("instrument", &self.instrument.id)
            .finish_non_exhaustive()
    }
}

/// One trader with what is kept around it.
struct Seat {
    trader: Trader,
    slot: SlotId,
    strategy_id: StrategyId,
    needs: Needs,
    settings_version: u64,
    /// At home while nobody asks it; gone for good after it failed.
    strategy: Option<Box<dyn Strategy>>,
    failed: Option<String>,
    asked: bool,
    questions: VecDeque<(RequestId, Question, Timestamp)>,
    shelf: Option<Shelf>,
    /// Open time of the next base candle, once the history has been told.
    cursor: Option<Timestamp>,
    due: VecDeque<(Timeframe, Candle)>,
    /// The candle the trader is being told of, and when it closed.
    candle: Option<(Candle, Timestamp)>,
    pumping: bool,
    warm: bool,
    /// The earliest time it asked to be woken.
    wake: Option<Timestamp>,
    market_gap: bool,
    price: Option<(f64, Timestamp)>,
    last_fill: Option<Fill>,
    stop: [Option<crate::position::EffectiveStop>; 2],
    last_decision: Option<crate::desk::LastDecision>,
    gates: BTreeMap<crate::risk::Refusal, Timestamp>,
    started: Timestamp,
    running: bool,
    foreign_orders: usize,
    reloaded: Timestamp,
}

#[derive(Debug, Default)]
struct Reads {
    running: bool,
    /// Who waits for a read that begins from now on.
    waiting: Vec<(SeatId, RequestId)>,
    /// Who waits for the one under way.
    answering: Vec<(SeatId, RequestId)>,
    due: Option<Timestamp>,
    /// Another one follows the one under way.
    again: bool,
    last: Option<Timestamp>,
    newest_fill: Option<Timestamp>,
    /// Reads that came back whole.
    done: u64,
}

/// Runs the traders of one account. See the [module](self).
pub(crate) struct Driver {
    id: AccountId,
    can: Capabilities,
    account: Account,
    epoch: Epoch,
    seats: Vec<Seat>,
    work: VecDeque<Work>,
    sent: BTreeMap<ClientOrderId, Sent>,
    /// Ids the venue gave, for fills that do not carry ours.
    names: BTreeMap<VenueOrderId, ClientOrderId>,
    cancels: BTreeMap<ClientOrderId, (SeatId, RequestId, Timestamp)>,
    reads: Reads,
    link_down: Option<Timestamp>,
    entries: u64,
    mode: Option<PositionMode>,
    balances: Vec<Balance>,
    foreign: BTreeMap<(InstrumentId, PositionSide), crate::model::PositionSnapshot>,
    flows: BTreeSet<String>,
    journal_down: bool,
    locked: Option<crate::exchange::ErrorClass>,
    /// Records whose durability is waited for.
    stores: usize,
    /// What one input led to, until it is written as one.
    records: Vec<Entry>,
    acknowledge: Vec<(SeatId, RequestId)>,
    /// Whether something changed that a restart has to know.
    changed: bool,
    /// Openings that are not sent before they are durable.
    held: BTreeMap<(SeatId, RequestId), Work>,
    retired: bool,
    /// Decisions as the strategies gave them, if they are kept.
    decisions: Option<Vec<crate::strategy::DecisionRecord>>,
    started: Timestamp,
}

impl Driver {
    pub(crate) fn new(
        account: Account,
        can: Capabilities,
        epoch: Epoch,
        mode: Option<PositionMode>,
        now: Timestamp,
    ) -> Self {
        Self {
            id: account.id().clone(),
            can,
            account,
            epoch,
            seats: Vec::new(),
            work: VecDeque::new(),
            sent: BTreeMap::new(),
            names: BTreeMap::new(),
            cancels: BTreeMap::new(),
            reads: Reads { newest_fill: Some(now), ..Reads::default() },
            link_down: None,
            entries: 0,
            mode,
            balances: Vec::new(),
            foreign: BTreeMap::new(),
            flows: BTreeSet::new(),
            journal_down: false,
            locked: None,
            stores: 0,
            records: Vec::new(),
            acknowledge: Vec::new(),
            changed: false,
            held: BTreeMap::new(),
            retired: false,
            decisions: None,
            started: now,
        }
    }

    pub(crate) const fn id(&self) -> &AccountId {
        &self.id
    }
    pub(crate) fn traders(&self) -> impl Iterator<Item = (SeatId, &Trader)> {
        self.seats.iter().enumerate().map(|(index, seat)| (SeatId(index), &seat.trader))
    }
    pub(crate) fn needs(&self, seat: SeatId) -> Option<&Needs> {
        self.seats.get(seat.0).map(|seat| &seat.needs)
    }

    /// Keeps every decision record, to be taken with [`Driver::take_decisions`].
    pub(crate) fn keep_decisions(&mut self) {
        self.decisions = Some(Vec::new());
    }
    pub(crate) fn take_decisions(&mut self) -> Vec<crate::strategy::DecisionRecord> {
        self.decisions.take().unwrap_or_default()
    }

    /// Whether an answer of the store is waited for.
    pub(crate) const fn is_waiting(&self) -> bool {
        self.stores > 0
    }

    /// The next thing to be done.
    pub(crate) fn work(&mut self) -> Option<Work> {
        self.work.pop_front()
    }

    /// Takes a trader on. It does nothing before [`Driver::start`].
    ///
    /// # Errors
    /// If the account has a trader on the instrument, or the venue lacks what the policy needs.
    pub(crate) fn add(
        &mut self,
        plan: Plan,
        snapshot: Option<TraderSnapshot>,
        now: Timestamp,
    ) -> Result<SeatId, Refused> {
        let Plan { id, instrument, mut policy, strategy, settings_version } = plan;
        policy.journal = true;
        policy.venue.stop_orders = self.can.has(Feature::StopMarket);
        policy.venue.amend = self.can.has(Feature::AmendLimit) && self.can.has(Feature::AmendConditional);
        policy.venue.locks_quantity = self.can.take_profits_lock_quantity;
        policy.venue.hedge_mode = self.mode == Some(PositionMode::Hedge);
        let slot = self.account.register(instrument.clone(), policy.leverage, policy.margin_mode)?;
        let (needs, strategy_id) = (strategy.needs(), strategy.id());
        let seat = SeatId(self.seats.len());
        let taken = snapshot.as_ref().map(TraderSnapshot::taken);
        let trader = match snapshot {
            Some(snapshot) => self.restore(slot, snapshot, &instrument, &policy),
            None => Trader::new(id, instrument, policy),
        };
        if let Some(taken) = taken {
            self.reads.newest_fill = Some(self.reads.newest_fill.map_or(taken, |at| at.min(taken)));
        }
        self.seats.push(Seat {
            trader,
            slot,
            strategy_id,
            needs,
            settings_version,
            strategy: Some(strategy),
            failed: None,
            asked: false,
            questions: VecDeque::new(),
            shelf: None,
            cursor: None,
            due: VecDeque::new(),
            candle: None,
            pumping: false,
            warm: false,
            wake: None,
            market_gap: false,
            price: None,
            last_fill: None,
            stop: [None; 2],
            last_decision: None,
            gates: BTreeMap::new(),
            started: now,
            running: false,
            foreign_orders: 0,
            reloaded: Timestamp::EPOCH,
        });
        Ok(seat)
    }

    /// The trader of the process before: its orders are known, its legs are in the books, new settings apply from here.
    fn restore(
        &mut self,
        slot: SlotId,
        snapshot: TraderSnapshot,
        instrument: &Instrument,
        policy: &Policy,
    ) -> Trader {
        let taken = snapshot.taken();
        let mut trader = Trader::restore(snapshot);
        for order in trader.orders() {
            let mut sent = Sent::new(order.spec, taken);
            sent.filled = order.filled;
            self.sent.insert(order.spec.client_id, sent);
        }
        for side in PositionSide::BOTH {
            let book = trader.book(side);
            let (Some(average), quantity) = (book.average(), book.quantity()) else { continue };
            let held = Fill {
                trade_id: crate::model::TradeId::new("restored"),
                client_id: None,
                leg: side,
                side: side.opening(),
                price: average,
                quantity,
                fee: crate::model::Amount::ZERO,
                liquidity: crate::model::Liquidity::Taker,
                kind: crate::model::FillKind::Trade,
                time: taken,
            };
            if let Err(overflow) = self.account.apply(slot, &held) {
                tracing::error!(%overflow, "a restored leg is not in the books");
            }
        }
        let now = taken;
        let updates =
            [Input::Instrument(Box::new(instrument.clone())), Input::Policy(Box::new(policy.clone()))];
        for input in updates {
            if let Err(overflow) = trader.handle(now, input) {
                tracing::error!(%overflow, "settings were not applied");
            }
        }
        trader
    }

    /// A trader begins: settings of the venue and the state of the account are read.
    pub(crate) fn start(&mut self, seat: SeatId, now: Timestamp) {
        if let Some(entry) = self.seats.get_mut(seat.0) {
            entry.running = true;
        }
        self.feed(seat, now, Input::Command(Command::Start));
        if let Some(entry) = self.seats.get(seat.0) {
            let kind = EventKind::Started { settings_version: entry.settings_version, dry_run: false };
            self.tell(Some(seat), now, kind);
        }
    }

    /// What an operator asks of a trader.
    pub(crate) fn command(&mut self, seat: SeatId, command: Command, now: Timestamp) {
        match (&command, self.seats.get_mut(seat.0)) {
            (Command::Start, Some(entry)) => entry.running = true,
            (Command::Stop | Command::Panic, Some(entry)) => entry.running = false,
            _ => {}
        }
        self.changed = true; // what an operator asked for outlives the process, whatever else it leads to
        self.feed(seat, now, Input::Command(command));
    }

    /// Candles of a trader's instrument changed.
    pub(crate) fn shelf(&mut self, seat: SeatId, shelf: Shelf, gap: bool, now: Timestamp) {
        let Some(entry) = self.seats.get_mut(seat.0) else { return };
        let was = std::mem::replace(&mut entry.market_gap, gap);
        entry.shelf = Some(shelf);
        if gap && !was {
            self.feed(seat, now, Input::DataGap);
        }
        self.pump(seat, now);
        if was && !gap && self.link_down.is_none() {
            self.feed(seat, now, Input::DataRestored);
            self.tell(Some(seat), now, EventKind::DataRestored);
        }
    }

    /// A price of an instrument. What is older than the policy allows is not a price of now (FAULTS 84).
    pub(crate) fn price(
        &mut self,
        instrument: &InstrumentId,
        source: PriceSource,
        price: f64,
        at: Timestamp,
        now: Timestamp,
    ) {
        for index in 0..self.seats.len() {
            let Some(entry) = self.seats.get_mut(index) else { continue };
            if entry.trader.view().instrument.id != *instrument {
                continue;
            }
            if now - at > entry.trader.policy().max_price_age || decimal_from_f64(price).is_none() {
                metrics::counter!("hyperrsi_prices_dropped_total").increment(1);
                continue;
            }
            entry.price = Some((price, at));
            if price.is_finite() && price > 0.0 {
                self.account.mark(entry.slot, price);
            }
            self.feed(SeatId(index), now, Input::Price { source, price });
        }
    }

    /// The time of [`Driver::deadline`] has come.
    pub(crate) fn tick(&mut self, now: Timestamp) {
        for index in 0..self.seats.len() {
            if self.seats.get(index).and_then(|seat| seat.wake).is_some_and(|at| at <= now) {
                if let Some(entry) = self.seats.get_mut(index) {
                    entry.wake = None;
                }
                self.feed(SeatId(index), now, Input::Wake);
            }
        }
        let late: Vec<_> =
            self.cancels.iter().filter(|(_, (.., until))| *until <= now).map(|(id, to)| (*id, *to)).collect();
        for (id, (seat, request, _)) in late {
            self.cancels.remove(&id);
            self.feed(seat, now, Input::Answer { request, answer: crate::trader::Answer::Unknown });
        }
        if self.reads.due.is_some_and(|due| due <= now) {
            self.reads.due = None;
            self.begin_read();
        }
    }

    /// When [`Driver::tick`] is wanted.
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        let wakes = self.seats.iter().filter_map(|seat| seat.wake);
        let cancels = self.cancels.values().map(|(.., until)| *until);
        wakes.chain(cancels).chain(self.reads.due).min()
    }

    /// Reads the account soon.
    pub(crate) fn read_within(&mut self, span: Span, now: Timestamp) {
        let at = now + span;
        self.reads.due = Some(self.reads.due.map_or(at, |due| due.min(at)));
    }

    fn begin_read(&mut self) {
        if self.reads.running {
            self.reads.again = true; // the one under way began before whatever this one is about
            return;
        }
        self.reads.running = true;
        self.reads.due = None;
        self.reads.answering = std::mem::take(&mut self.reads.waiting);
        let since = self.reads.newest_fill.unwrap_or(self.started) - READ_OVERLAP;
        self.work.push_back(Work::Read { since });
    }

    /// Feeds one input, drains what follows.
    fn feed(&mut self, seat: SeatId, now: Timestamp, input: Input<'_>) {
        let Some(entry) = self.seats.get_mut(seat.0) else { return };
        let instrument = &entry.trader.view().instrument.id;
        let span = tracing::trace_span!("trader", trader = %entry.trader.id(), instrument = %instrument);
        let _inside = span.enter();
        if let Err(overflow) = entry.trader.handle(now, input) {
            tracing::error!(trader = %entry.trader.id(), %overflow, "an input was not applied in full");
            metrics::counter!("hyperrsi_overflows_total").increment(1);
            self.read_within(Span::seconds(1), now);
        }
        self.drain(seat, now);
    }

    fn drain(&mut self, seat: SeatId, now: Timestamp) {
        while let Some(output) = self.seats.get_mut(seat.0).and_then(|entry| entry.trader.poll()) {
            self.perform(seat, output, now);
        }
        self.flush(seat, now);
        if let Some(entry) = self.seats.get_mut(seat.0) {
            entry.note_protection(now);
            // The earliest it ever asked for: what recedes with each input would never come.
            entry.wake = match (entry.wake, entry.trader.deadline()) {
                (Some(old), Some(new)) => Some(old.min(new)),
                // What is overdue is tried again in a moment, not in a circle.
                (_, new) => new.map(|at| at.max(now + Span::millis_of(1))),
            };
        }
        self.pump(seat, now);
    }
}

const fn slot(side: PositionSide) -> usize {
    match side {
        PositionSide::Long => 0,
        PositionSide::Short => 1,
    }
}
