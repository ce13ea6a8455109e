//! What a restart has to know: a trader with its surroundings, and the account, as the journal keeps them.
//!
//! Each input that changes something writes both in the append that holds its records. The next start takes the newest
//! of them, reads the account, and goes on.

use super::seat::{Seat, Sent};
use super::{Draft, Driver, SeatId};
use crate::account::AccountSnapshot;
use crate::exchange::{VenueOrder, VenueOrderId};
use crate::model::{ClientOrderId, PositionSide, Timestamp};
use crate::risk::Policy;
use crate::store::{Code, RecordKind, Tags};
use crate::strategy::{Needs, Strategy};
use crate::trader::{Command, IdSpace, Input, Role, Trader, TraderSnapshot};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The newest format of a snapshot this version reads and writes.
pub(crate) const SNAPSHOT: u32 = 1;
/// The outcome that tags a snapshot which stands for everything before it.
pub(crate) const CHECKPOINT: Code = Code::of("checkpoint");
/// The reason that tags the account's own snapshots.
pub(crate) const BOOKS: Code = Code::of("account");
/// Keys of commands that are remembered.
const KEYS: usize = 256;
/// Entries by hand that are remembered as such.
const BY_HAND: usize = 16;
/// Candles that are fetched at most to go on from a state that was kept.
const REACH: usize = 20_000;
/// Snapshots after which one is a checkpoint even though a leg is open.
const CHECKPOINT_EVERY: u32 = 256;

/// What a strategy has been told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Memory {
    /// What the state depends on: it is given back to the same only.
    fingerprint: String,
    /// Open time of the first candle it was told (TRADING 2.7).
    pub(crate) anchor: Option<Timestamp>,
    /// Open time of the newest one.
    pub(crate) told: Option<Timestamp>,
    /// Its state after the candle that opened then, if it keeps any.
    pub(crate) state: Option<(Timestamp, Value)>,
    /// It has been asked since the state was taken.
    #[serde(skip)]
    stale: bool,
}

impl Memory {
    /// Of a strategy that has been told nothing.
    pub(crate) fn of(strategy: &dyn Strategy) -> Self {
        Self { fingerprint: strategy.fingerprint(), anchor: None, told: None, state: None, stale: false }
    }
    /// The strategy has answered: about a candle, or about something else since.
    pub(crate) fn answered(&mut self, candle: Option<Timestamp>) {
        self.told = candle.max(self.told);
        self.stale = true;
    }
    /// Takes the state of a strategy that is at home, if it has answered since.
    fn refresh(&mut self, strategy: &dyn Strategy) {
        if std::mem::take(&mut self.stale)
            && let (Some(told), Some(state)) = (self.told, strategy.save())
        {
            self.state = Some((told, state));
        }
    }
}

/// A trader with its surroundings.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SeatSnapshot {
    pub(crate) version: u32,
    pub(crate) trader: TraderSnapshot,
    settings_version: u64,
    opened_with: Option<u64>,
    memory: Memory,
    stopped: bool,
    done: VecDeque<String>,
    /// Orders that were placed by hand and claimed, under our id.
    claimed: Vec<(ClientOrderId, VenueOrderId)>,
    withdraw: BTreeSet<VenueOrderId>,
    by_hand: VecDeque<ClientOrderId>,
}

/// The state of the account machine, with its format.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct BooksSnapshot {
    pub(crate) version: u32,
    pub(crate) books: AccountSnapshot,
}

impl Seat {
    /// A command with that key was carried out before.
    pub(super) fn did(&self, key: &str) -> bool {
        self.done.iter().any(|known| known == key)
    }
    pub(super) fn note_done(&mut self, key: &str) {
        if self.done.len() == KEYS {
            self.done.pop_front();
        }
        self.done.push_back(key.to_owned());
    }
    /// An operator asked for the entry with that id.
    pub(super) fn note_by_hand(&mut self, id: ClientOrderId) {
        if self.by_hand.len() == BY_HAND {
            self.by_hand.pop_front();
        }
        self.by_hand.push_back(id);
    }
}

impl Driver {
    /// The next flush writes the trader as it is then.
    pub(super) fn mark_changed(&mut self, seat: SeatId) {
        if let Some(entry) = self.seats.get_mut(seat.0) {
            entry.changed = true;
        }
    }

    /// The trader as it is now, for the next start: written with what led to it. Once nothing is open or on its way it
    /// stands for everything before: true.
    pub(super) fn snapshot(&mut self, seat: SeatId, now: Timestamp) -> Option<(Draft, bool)> {
        let key = self.key("snapshot");
        let entry = self.seats.get_mut(seat.0)?;
        if let Some(strategy) = &entry.strategy {
            entry.memory.refresh(&**strategy);
        }
        let id = entry.trader.id().clone();
        let orders: BTreeSet<ClientOrderId> = entry.trader.orders().map(|o| o.spec.client_id).collect();
        let claimed = orders.iter().filter_map(|id| Some((*id, self.sent.get(id)?.claimed.clone()?)));
        let snapshot = SeatSnapshot {
            version: SNAPSHOT,
            trader: entry.trader.snapshot(),
            settings_version: entry.settings_version,
            opened_with: entry.opened_with,
            memory: entry.memory.clone(),
            stopped: entry.stopped,
            done: entry.done.clone(),
            claimed: claimed.collect(),
            withdraw: entry.withdraw.clone(),
            by_hand: entry.by_hand.clone(),
        };
        let idle = entry.trader.is_idle();
        entry.at_rest = idle;
        self.snapshots += 1;
        let checkpoint = idle || self.snapshots.is_multiple_of(CHECKPOINT_EVERY);
        let tags = Tags { outcome: checkpoint.then_some(CHECKPOINT), ..Tags::default() };
        Some((Draft::holding(RecordKind::SnapshotTaken, key, Some(id), now, tags, snapshot), checkpoint))
    }

    /// The account as it is now, if that is not written yet: with every checkpoint of a trader one of the account.
    pub(super) fn books(&mut self, checkpoint: bool, now: Timestamp) -> Option<Draft> {
        let books = self.account.snapshot();
        let known = self.written.as_ref().is_some_and(|(written, _)| *written == books);
        if known && (!checkpoint || self.written.as_ref().is_some_and(|(_, kept)| *kept)) {
            return None;
        }
        let key = self.key("books");
        let content = BooksSnapshot { version: SNAPSHOT, books: books.clone() };
        self.written = Some((books, checkpoint));
        let outcome = checkpoint.then_some(CHECKPOINT);
        let tags = Tags { outcome, reason: Some(BOOKS), ..Tags::default() };
        Some(Draft::holding(RecordKind::SnapshotTaken, key, None, now, tags, content))
    }

    /// The account as the process before left it. Comes before its traders.
    pub(crate) fn remember(&mut self, books: AccountSnapshot) {
        self.account.restore(books.clone());
        self.written = Some((books, false));
    }

    /// The trader of the process before: its orders are known, its legs are in the books, new settings apply from here.
    pub(super) fn restore(&mut self, seat: &mut Seat, snapshot: SeatSnapshot, policy: &Policy) {
        let taken = snapshot.trader.taken();
        let instrument = seat.trader.view().instrument.clone();
        let mut trader = Trader::restore(snapshot.trader);
        let claimed: BTreeMap<ClientOrderId, VenueOrderId> = snapshot.claimed.into_iter().collect();
        for order in trader.orders() {
            let mut sent = Sent::new(order.spec, taken);
            sent.filled = order.filled;
            if let Some(venue) = claimed.get(&order.spec.client_id) {
                self.names.insert(venue.clone(), order.spec.client_id);
                sent.claimed = Some(venue.clone());
            }
            self.sent.insert(order.spec.client_id, sent);
        }
        for side in PositionSide::BOTH {
            self.account.hold(seat.slot, side, *trader.book(side));
        }
        let live: BTreeSet<ClientOrderId> = trader.orders().map(|order| order.spec.client_id).collect();
        self.account.retain_reservations(seat.slot, |id| live.contains(id));
        let updates = [Input::Instrument(Box::new(instrument)), Input::Policy(Box::new(policy.clone()))];
        for input in updates {
            if let Err(overflow) = trader.handle(taken, input) {
                tracing::error!(%overflow, "settings were not applied");
            }
        }
        seat.trader = trader;
        (seat.stopped, seat.done) = (snapshot.stopped, snapshot.done);
        (seat.withdraw, seat.by_hand) = (snapshot.withdraw, snapshot.by_hand);
        seat.opened_with = snapshot.opened_with;
        let flat = PositionSide::BOTH.into_iter().all(|side| seat.trader.book(side).is_flat());
        if snapshot.memory.fingerprint == seat.memory.fingerprint {
            seat.memory = snapshot.memory;
        }
        if snapshot.settings_version != seat.settings_version && !flat {
            seat.opened_with.get_or_insert(snapshot.settings_version);
        }
        self.reads.newest_fill = Some(self.reads.newest_fill.map_or(taken, |at| at.min(taken)));
    }

    /// The candles a strategy begins with: what it needs, and back to where its state was kept.
    pub(crate) fn history(&self, seat: SeatId, now: Timestamp) -> Option<Needs> {
        let entry = self.seats.get(seat.0)?;
        let mut needs = entry.needs.clone();
        if let (Some(first), Some((kept, _))) = (needs.series.first_mut(), &entry.memory.state) {
            let since = (now - *kept).millis() / first.timeframe.millis().max(1) + 1;
            first.depth = usize::try_from(since).unwrap_or(0).min(REACH).max(first.depth);
        }
        Some(needs)
    }

    /// When a side last exited, where that is kept apart from the trader (TRADING 12.6).
    pub(crate) fn note_cooldown(&mut self, seat: SeatId, side: PositionSide, since: Timestamp) {
        if let Some(entry) = self.seats.get_mut(seat.0) {
            entry.trader.note_last_exit(side, since);
        }
    }

    /// Stops that were placed while there was no journal are their traders' own from here on (FAULTS 55).
    pub(super) fn adopt_emergency_stops(&mut self, orders: &[VenueOrder], now: Timestamp) {
        for order in orders.iter().filter(|order| order.status.is_live()) {
            let (Some(spec), Some(seat)) = (order.spec(), self.seat_on(&order.instrument)) else { continue };
            let Some(entry) = self.seats.get(seat.0) else { continue };
            let ids = IdSpace::new(entry.trader.id());
            if ids.is_emergency(&spec.client_id) && !entry.trader.knows(&spec.client_id) {
                let command = Command::AdoptOrder { order: spec, role: Role::Stop(u16::MAX) };
                self.feed(seat, now, Input::Command(command));
            }
        }
    }
}
