//! Everything an account's run decides, without I/O: one `Account`, its traders, their strategies.
//!
//! ```text
//! candles, prices, account events, commands, Done, time ─▶ Driver ─▶ Work: calls, reads, records, questions
//! ```
//!
//! The task around it performs the work and feeds back how it went. Since nothing here waits, the same driver runs under
//! a live account, on paper, in a replay, and in tests that stop it at every step.

mod draft;
mod errand;
mod facts;
mod foreign;
mod listing;
mod memory;
mod missing;
mod perform;
mod questions;
mod records;
mod report;
mod reservations;
mod seat;
mod settings;
mod status;
mod time;
mod work;

pub(crate) use draft::Draft;
pub(crate) use errand::Errand;
pub(crate) use memory::{BOOKS, BooksSnapshot, CHECKPOINT, SNAPSHOT, SeatSnapshot};
pub(crate) use records::role_code;
pub(crate) use settings::NewSettings;
pub use work::SeatId;
pub(crate) use work::{Done, Job, Listed, Purpose, Question, Reading, Verdict, Work};

use super::plan::Plan;
use super::series::{Shelf, is_rescaled};
use crate::account::{Account, AccountSnapshot};
use crate::desk::EventKind;
use crate::exchange::{Capabilities, Feature, VenueOrderId};
use crate::model::{
    AccountId, Balance, ClientOrderId, InstrumentId, PositionMode, PositionSide, RequestId, Span, Timestamp,
    decimal_from_f64,
};
use crate::risk::{Policy, Refused};
use crate::store::Epoch;
use crate::strategy::Needs;
use crate::trader::{Command, Input, PriceSource, Trader};
use memory::Memory;
use seat::{Reads, Seat, Sent};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// How often the account is read while nothing happens (TRADING 13.1).
const READ_INTERVAL: Span = Span::seconds(30);
/// How long after a fill the account is read.
const READ_AFTER_FILL: Span = Span::seconds(2);
/// How far behind the newest known fill a read begins: late fills are not missed, known ones are dropped by id.
const READ_OVERLAP: Span = Span::minutes(2);
/// How long a cancel that was only taken note of may take.
const CANCEL_TAKES: Span = Span::seconds(5);

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
    /// Orders on instruments without a trader.
    strangers: Vec<crate::exchange::VenueOrder>,
    flows: BTreeSet<String>,
    journal_down: bool,
    locked: Option<crate::exchange::ErrorClass>,
    /// Records whose durability is waited for.
    stores: usize,
    /// What one input led to, until it is written as one.
    records: Vec<Draft>,
    acknowledge: Vec<(SeatId, RequestId)>,
    /// Snapshots taken so far.
    snapshots: u32,
    /// The account as it was last written, and whether that stands for everything before.
    written: Option<(AccountSnapshot, bool)>,
    /// Openings that are not sent before they are durable.
    held: BTreeMap<(SeatId, RequestId), Box<Work>>,
    retired: bool,
    /// What is decided is not sent: the layer around the venue holds it back.
    pub(crate) dry_run: bool,
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
            strangers: Vec::new(),
            flows: BTreeSet::new(),
            journal_down: false,
            locked: None,
            stores: 0,
            records: Vec::new(),
            acknowledge: Vec::new(),
            snapshots: 0,
            written: None,
            held: BTreeMap::new(),
            retired: false,
            dry_run: false,
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
        let next = self.work.pop_front();
        if next.is_none() {
            self.work.shrink_to(0); // the start asks for much at once, and there may be many accounts
        }
        next
    }

    /// A policy with what this venue and account can do.
    fn fit(&self, mut policy: Policy, instrument: &crate::model::Instrument) -> Policy {
        policy.journal = true;
        policy.venue.stop_orders = self.can.has(Feature::StopMarket);
        policy.venue.amend = self.can.has(Feature::AmendLimit) && self.can.has(Feature::AmendConditional);
        let spot = instrument.is_spot(); // coins that are for sale are spoken for, on every venue
        policy.venue.locks_quantity = self.can.take_profits_lock_quantity || spot;
        policy.venue.closes_dust = self.can.has(Feature::ReduceBelowMinimum) && !spot;
        policy.venue.hedge_mode = self.mode == Some(PositionMode::Hedge);
        policy
    }

    /// Takes a trader on. It does nothing before [`Driver::start`].
    ///
    /// # Errors
    /// If the account has a trader on the instrument, or the venue lacks what the policy needs.
    pub(crate) fn add(
        &mut self,
        plan: Plan,
        snapshot: Option<SeatSnapshot>,
        now: Timestamp,
    ) -> Result<SeatId, Refused> {
        let policy = self.fit(plan.policy, &plan.instrument);
        let slot = self.account.register(plan.instrument.clone(), policy.leverage, policy.margin_mode)?;
        let seat = SeatId(self.seats.len());
        let mut entry = Seat {
            trader: Trader::new(plan.id, plan.instrument, policy.clone()),
            slot,
            strategy_id: plan.strategy.id(),
            needs: plan.strategy.needs(),
            settings_version: plan.settings_version,
            record: plan.record,
            terms: plan.terms,
            opened_with: None,
            memory: Memory::of(&*plan.strategy),
            strategy: Some(plan.strategy),
            successor: None,
            failed: None,
            asking: None,
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
            unprotected: [false; 2],
            listed: None,
            restricted: None,
            stopped: false,
            foreign: Vec::new(),
            withdraw: BTreeSet::new(),
            done: VecDeque::new(),
            by_hand: VecDeque::new(),
            reloaded: Timestamp::EPOCH,
            changed: false,
            at_rest: snapshot.is_none(),
        };
        if let Some(snapshot) = snapshot {
            self.restore(&mut entry, snapshot, &policy);
        }
        self.seats.push(entry);
        Ok(seat)
    }

    /// A trader begins: settings of the venue and the state of the account are read. One that an operator stopped only
    /// manages what is open.
    pub(crate) fn start(&mut self, seat: SeatId, now: Timestamp) {
        let Some(entry) = self.seats.get_mut(seat.0) else { return };
        let stopped = entry.stopped;
        entry.running = !stopped;
        self.feed(seat, now, Input::Command(Command::Start));
        self.ask_for_listings(now);
        if stopped {
            return self.feed(seat, now, Input::Command(Command::Stop));
        }
        if let Some(entry) = self.seats.get(seat.0) {
            let kind = EventKind::Started { settings_version: entry.settings_version, dry_run: self.dry_run };
            self.tell(Some(seat), now, kind);
        }
    }

    /// Nothing is opened any more, because the process ends: the next start begins where this one was.
    pub(crate) fn retire(&mut self, now: Timestamp) {
        for seat in self.seats() {
            if let Some(entry) = self.seats.get_mut(seat.0) {
                entry.running = false;
            }
            self.mark_changed(seat); // the strategy's memory of now
            self.feed(seat, now, Input::Command(Command::Stop));
        }
    }

    /// Candles of a trader's instrument changed.
    pub(crate) fn shelf(&mut self, seat: SeatId, shelf: Shelf, gap: bool, now: Timestamp) {
        let Some(entry) = self.seats.get_mut(seat.0) else { return };
        let was = std::mem::replace(&mut entry.market_gap, gap);
        entry.shelf = Some(shelf);
        if gap && !was {
            self.feed(seat, now, Input::DataGap);
        }
        if was && !gap && self.link_down.is_none() {
            self.feed(seat, now, Input::DataRestored); // what is whole again is decided as ever (TRADING 2.3)
            self.tell(Some(seat), now, EventKind::DataRestored);
        }
        self.pump(seat, now);
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
            let usable = price.is_finite() && price > 0.0;
            let rescaled = usable && entry.candle.is_some_and(|(candle, _)| is_rescaled(candle.close, price));
            if usable {
                self.account.mark(entry.slot, price);
            }
            if rescaled {
                self.cool_down(SeatId(index), price, now);
            }
            self.feed(SeatId(index), now, Input::Price { source, price });
        }
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
        if let Some(entry) = self.seats.get_mut(seat.0) {
            entry.changed |= entry.protection_changed();
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
