//! The one writer of an account's journal: in order, in groups, never waited for but by what adds risk.

use super::clock::duration;
use super::driver::{CHECKPOINT, Draft, SNAPSHOT, SeatId};
use crate::model::{PositionKey, RequestId, Span, TraderId};
use crate::position::ExitReason;
use crate::store::{
    Cooldown, Entry, Fence, Journal, Persist, RecordKind, RecordQuery, Seq, Snapshot, Store, StoreError,
    TradeRecord,
};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

/// Records that may wait in memory while the store does not answer (FAULTS 54, 61, 62).
const ROOM: usize = 65_536;
/// Records written at once.
const GROUP: usize = 256;
/// How long a store may take for one group (FAULTS 58).
const STORE_TAKES: Span = Span::seconds(5);

/// What the writer tells its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    /// A record that something waits for is durable, or is not.
    Stored { seat: SeatId, request: RequestId, durable: bool },
    /// The journal can be written again, or not.
    Journal(bool),
    /// Another process owns the account.
    Lost,
}

/// Who waits for a record.
#[derive(Debug)]
pub(crate) enum Acknowledge {
    /// A trader.
    Seat(SeatId, RequestId),
    /// Somebody who asked through the desk.
    Reply(oneshot::Sender<bool>),
}

/// Records that belong together: they are written in one append or not at all. Text is made of them here, not where they
/// come from.
type Item = (Vec<Draft>, Vec<Acknowledge>);

/// Where records go in.
#[derive(Clone, Debug)]
pub(crate) struct Intake {
    queue: mpsc::UnboundedSender<Item>,
    waiting: Arc<AtomicUsize>,
    depth: metrics::Gauge,
}

impl Intake {
    /// Takes records that belong together. Never waits; if there is no room, what only explains goes first, then
    /// everything that nobody waits for, counted.
    pub(crate) fn push(&self, entries: Vec<Draft>, acknowledge: Vec<Acknowledge>) {
        let waiting = self.waiting.load(Ordering::Relaxed);
        let explains = |entry: &Draft| matches!(entry.kind, RecordKind::Decision | RecordKind::Event);
        let room = if entries.iter().all(explains) { ROOM / 2 } else { ROOM };
        if waiting >= room && acknowledge.is_empty() {
            metrics::counter!("hyperrsi_records_dropped_total").increment(entries.len() as u64);
            return;
        }
        let count = entries.len();
        self.waiting.fetch_add(count, Ordering::Relaxed);
        self.depth.set((waiting + count) as f64);
        if self.queue.send((entries, acknowledge)).is_err() {
            self.waiting.fetch_sub(count, Ordering::Relaxed);
        }
    }

    /// Records that are not written yet.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

/// Writes what comes in.
pub(crate) struct Writer {
    store: Arc<dyn Store>,
    fence: Fence,
    queue: mpsc::UnboundedReceiver<Item>,
    waiting: Arc<AtomicUsize>,
    depth: metrics::Gauge,
    notes: mpsc::UnboundedSender<Note>,
    published: watch::Sender<Seq>,
    kept: VecDeque<Vec<Entry>>,
    failing: bool,
    /// Of what was written: snapshots that stand for everything before them, and legs that were closed.
    checkpoints: BTreeMap<Option<TraderId>, Snapshot>,
    cooldowns: Vec<Cooldown>,
}

impl Writer {
    /// A writer with its intake and its notes. It says up to which place events can be read.
    pub(crate) fn new(
        store: Arc<dyn Store>,
        fence: Fence,
        published: watch::Sender<Seq>,
    ) -> (Self, Intake, mpsc::UnboundedReceiver<Note>) {
        let (sender, queue) = mpsc::unbounded_channel();
        let (notes, told) = mpsc::unbounded_channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let depth = metrics::gauge!("hyperrsi_journal_queue", "account" => fence.account.to_string());
        let intake = Intake { queue: sender, waiting: Arc::clone(&waiting), depth: depth.clone() };
        let writer = Self {
            store,
            fence,
            queue,
            waiting,
            depth,
            notes,
            published,
            kept: VecDeque::new(),
            failing: false,
            checkpoints: BTreeMap::new(),
            cooldowns: Vec::new(),
        };
        (writer, intake, told)
    }

    /// Writes until every intake is gone and everything is written, or the account is lost.
    pub(crate) async fn run(mut self) {
        let mut items = Vec::with_capacity(GROUP);
        let mut pause = Span::ZERO;
        loop {
            let open = if self.kept.is_empty() {
                self.queue.recv_many(&mut items, GROUP).await > 0
            } else {
                // Something is kept: what comes meanwhile is refused at once if somebody waits for it.
                match timeout(duration(pause), self.queue.recv_many(&mut items, GROUP)).await {
                    Ok(0) => {
                        tokio::time::sleep(duration(pause)).await;
                        false
                    }
                    Ok(_) | Err(_) => true,
                }
            };
            if !open && self.kept.is_empty() {
                return;
            }
            let mut acknowledge = Vec::new();
            for (drafts, wanted) in items.drain(..) {
                let count = drafts.len();
                match drafts.into_iter().map(Draft::entry).collect() {
                    Ok(entries) => {
                        self.kept.push_back(entries);
                        acknowledge.extend(wanted);
                    }
                    Err(error) => {
                        tracing::error!(%error, "records cannot be written");
                        self.waiting.fetch_sub(count, Ordering::Relaxed);
                        self.acknowledge(wanted, false);
                    }
                }
            }
            match self.write(!acknowledge.is_empty()).await {
                Ok(()) => {
                    pause = Span::ZERO;
                    if std::mem::take(&mut self.failing) {
                        self.note(Note::Journal(true));
                    }
                    self.acknowledge(acknowledge, true);
                    self.keep().await;
                }
                Err(error) => {
                    metrics::counter!("hyperrsi_store_errors_total").increment(1);
                    self.acknowledge(acknowledge, false);
                    if error.lost_ownership() {
                        tracing::error!(%error, "the account was taken over");
                        return self.note(Note::Lost);
                    }
                    if !std::mem::replace(&mut self.failing, true) {
                        tracing::error!(%error, "the journal cannot be written");
                        self.note(Note::Journal(false));
                    }
                    if error.retry_after().is_none() && !open {
                        return; // it would fail again, and nobody is left to hear
                    }
                    let least = error.retry_after().unwrap_or(Span::seconds(1));
                    pause = (pause + pause).max(least).min(Span::seconds(30));
                }
            }
        }
    }

    fn acknowledge(&self, waiting: Vec<Acknowledge>, durable: bool) {
        for one in waiting {
            match one {
                Acknowledge::Seat(seat, request) => self.note(Note::Stored { seat, request, durable }),
                Acknowledge::Reply(reply) => {
                    let _ = reply.send(durable);
                }
            }
        }
    }

    fn note(&self, note: Note) {
        let _ = self.notes.send(note); // an account that has ended needs none
    }

    /// Writes what is kept, a group at a time.
    async fn write(&mut self, before: bool) -> Result<(), StoreError> {
        let persist = if before { Persist::Before } else { Persist::Spool };
        while !self.kept.is_empty() {
            let mut batch: Vec<Entry> = Vec::new();
            let mut items = 0;
            for entries in &self.kept {
                if items > 0 && batch.len() + entries.len() > GROUP {
                    break;
                }
                batch.extend(entries.iter().cloned());
                items += 1;
            }
            let (count, events) = (batch.len(), batch.iter().any(|entry| entry.kind == RecordKind::Event));
            let noted: Vec<Entry> = batch.iter().filter(|entry| is_kept(entry)).cloned().collect();
            let append = self.store.append(&self.fence, batch, persist);
            let Ok(result) = timeout(duration(STORE_TAKES), append).await else {
                return Err(StoreError::Unavailable { detail: "no answer in time".into() });
            };
            let appended = result?;
            self.kept.drain(..items);
            self.note_kept(noted, appended.last);
            let left = self.waiting.fetch_sub(count, Ordering::Relaxed).saturating_sub(count);
            self.depth.set(left as f64);
            if events {
                self.published.send_replace(appended.last);
            }
        }
        Ok(())
    }
}

/// Whether more than a record comes of it.
fn is_kept(entry: &Entry) -> bool {
    matches!(entry.kind, RecordKind::SnapshotTaken | RecordKind::Trade)
}

impl Writer {
    /// What was written, as far as more comes of it.
    fn note_kept(&mut self, entries: Vec<Entry>, last: Seq) {
        for entry in entries {
            if entry.kind == RecordKind::SnapshotTaken {
                let known = self.checkpoints.contains_key(&entry.trader);
                if known || entry.tags.outcome == Some(CHECKPOINT) {
                    let Entry { trader, at, body, .. } = entry;
                    let snapshot =
                        Snapshot { trader: trader.clone(), schema: SNAPSHOT, covers: last, at, body };
                    self.checkpoints.insert(trader, snapshot);
                }
            } else if let Ok(record) = entry.body.parse::<TradeRecord>()
                && !record.trade.hedge
                && record.trade.reason != ExitReason::GridExit
            {
                let key = PositionKey { instrument: record.instrument, side: record.trade.side };
                self.cooldowns.push(Cooldown { key, since: record.trade.exit_time });
            }
        }
    }

    /// Snapshots that stand for what came before are put where a start looks first, and what they cover is let go.
    /// Nothing waits for it, and what fails is done with the next one: the records themselves are there.
    async fn keep(&mut self) {
        for (trader, snapshot) in std::mem::take(&mut self.checkpoints) {
            let kept = async {
                self.store.put_snapshot(&self.fence, snapshot).await?;
                self.store.compact(&self.fence, trader.as_ref()).await
            };
            match timeout(duration(STORE_TAKES), kept).await {
                Ok(Ok(let_go)) => metrics::counter!("hyperrsi_records_compacted_total").increment(let_go),
                Ok(Err(error)) => tracing::warn!(%error, "a snapshot was not kept"),
                Err(_) => tracing::warn!("a snapshot was not kept in time"),
            }
        }
        for cooldown in std::mem::take(&mut self.cooldowns) {
            let kept = self.store.put_cooldown(&self.fence, cooldown);
            if !matches!(timeout(duration(STORE_TAKES), kept).await, Ok(Ok(()))) {
                tracing::warn!("a cooldown was not kept; the trader's own snapshot has it");
            }
        }
    }
}

/// Events of the desk behind `after`, at most `limit`.
pub(crate) async fn events(
    store: &dyn Store,
    account: &crate::model::AccountId,
    after: Seq,
    limit: u32,
) -> Result<Vec<crate::desk::Event>, StoreError> {
    let query = RecordQuery { after, limit, ..RecordQuery::of(account.clone(), [RecordKind::Event]) };
    let records = Journal::read(store, &query).await?;
    records
        .into_iter()
        .map(|record| {
            let event: crate::desk::Event = record.entry.body.parse()?;
            Ok(crate::desk::Event { seq: record.seq, ..event })
        })
        .collect()
}
