use super::{
    Body, Code, Entry, Fence, JournaledDecision, Persist, Record, RecordKind, Seq, StoreError, TradeRecord,
};
use crate::model::{AccountId, InstrumentId, PositionKey, PositionSide, Timestamp, TraderId};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// Which records to read. Every condition that is set must hold.
///
/// ```
/// use hyperrsi_core::store::{RecordKind, RecordQuery};
/// let why_not = RecordQuery { reason: Some("trend_blocked".into()), ..RecordQuery::of("a".into(), [RecordKind::Decision]) };
/// assert_eq!(why_not.limit, 100);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordQuery {
    /// Of this account.
    pub account: AccountId,
    /// Of this trader.
    pub trader: Option<TraderId>,
    /// Of these kinds; empty for all.
    pub kinds: Vec<RecordKind>,
    /// After this place.
    pub after: Seq,
    /// Before this place.
    pub before: Option<Seq>,
    /// From this time on, inclusive.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
    /// Of this instrument.
    pub instrument: Option<InstrumentId>,
    /// Of this side.
    pub side: Option<PositionSide>,
    /// With this outcome.
    pub outcome: Option<Code>,
    /// With this reason.
    pub reason: Option<Code>,
    /// Newest first instead of oldest first.
    pub newest_first: bool,
    /// At most so many.
    pub limit: u32,
}

impl RecordQuery {
    /// The first hundred records of these kinds of an account, oldest first; empty `kinds` for all.
    pub fn of(account: AccountId, kinds: impl IntoIterator<Item = RecordKind>) -> Self {
        Self {
            account,
            trader: None,
            kinds: kinds.into_iter().collect(),
            after: Seq::START,
            before: None,
            from: None,
            until: None,
            instrument: None,
            side: None,
            outcome: None,
            reason: None,
            newest_first: false,
            limit: 100,
        }
    }

    /// Whether a record meets every condition but the limit. Stores without an index of their own filter with it.
    pub fn matches(&self, record: &Record) -> bool {
        fn is<T: PartialEq>(wanted: &Option<T>, found: &Option<T>) -> bool {
            wanted.is_none() || wanted == found
        }
        let entry = &record.entry;
        record.account == self.account
            && is(&self.trader, &entry.trader)
            && (self.kinds.is_empty() || self.kinds.contains(&entry.kind))
            && record.seq > self.after
            && self.before.is_none_or(|before| record.seq < before)
            && self.from.is_none_or(|from| entry.at >= from)
            && self.until.is_none_or(|until| entry.at < until)
            && is(&self.instrument, &entry.tags.instrument)
            && is(&self.side, &entry.tags.side)
            && is(&self.outcome, &entry.tags.outcome)
            && is(&self.reason, &entry.tags.reason)
    }
}

/// What an append came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appended {
    /// The account's last place now.
    pub last: Seq,
    /// How many entries were new; the others had been there.
    pub written: u32,
}

/// The state of a Trader or Account machine at a place in the journal. Restart = newest snapshot + what came after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The trader; `None` for the account machine.
    pub trader: Option<TraderId>,
    /// Version of the body's layout.
    pub schema: u32,
    /// Every record up to and with this one is in it.
    pub covers: Seq,
    /// When it was taken.
    pub at: Timestamp,
    /// The state.
    pub body: Body,
}

/// When the main leg of a side was last closed. Kept outside of position state and never taken back by a lost cache
/// (TRADING 12.6, FAULTS 57); whether it still blocks is for the reader, who knows `cooldown_time`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cooldown {
    /// Instrument and side.
    pub key: PositionKey,
    /// Venue time of the full exit.
    pub since: Timestamp,
}

/// What happened to each account, in order.
///
/// Every write shows a [`Fence`]. A lower epoch than the newest seen is refused; a higher one becomes the newest, so
/// that leases may live in another service than the journal.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Appends a batch, whole or not at all. Entries whose key is there already are skipped, also within the batch.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] for a stale epoch; then nothing was written. `Unavailable` leaves open whether it was
    /// written; appending the same batch again is safe.
    async fn append(
        &self,
        fence: &Fence,
        batch: Vec<Entry>,
        persist: Persist,
    ) -> Result<Appended, StoreError>;

    /// Records that match, spooled ones included. An unknown account has none.
    async fn read(&self, query: &RecordQuery) -> Result<Vec<Record>, StoreError>;

    /// The record of a key.
    async fn record(&self, account: &AccountId, key: &str) -> Result<Option<Record>, StoreError>;

    /// The account's last place; [`Seq::START`] if it has none.
    async fn last_seq(&self, account: &AccountId) -> Result<Seq, StoreError>;

    /// Stores a snapshot, durable on return. One of an earlier place than the newest changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Fenced`]; [`StoreError::Conflict`] if it covers places that are not written yet.
    async fn put_snapshot(&self, fence: &Fence, snapshot: Snapshot) -> Result<(), StoreError>;

    /// The newest snapshot of a trader, or of the account machine.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`] if its layout is newer than `supported`.
    async fn newest_snapshot(
        &self,
        account: &AccountId,
        trader: Option<&TraderId>,
        supported: u32,
    ) -> Result<Option<Snapshot>, StoreError>;

    /// Drops a trader's (or the account machine's) [replay records](RecordKind::is_replay) that its newest snapshot
    /// covers, and returns how many. Their keys stay taken. Called when flat.
    async fn compact(&self, fence: &Fence, trader: Option<&TraderId>) -> Result<u64, StoreError>;

    /// Notes a full exit, durable on return. One earlier than the noted changes nothing.
    async fn put_cooldown(&self, fence: &Fence, cooldown: Cooldown) -> Result<(), StoreError>;

    /// The last full exit of every side, by instrument and side.
    async fn cooldowns(&self, account: &AccountId) -> Result<Vec<Cooldown>, StoreError>;
}

/// Typed reads on any [`Journal`].
#[async_trait]
pub trait JournalExt: Journal {
    /// Decisions; the query's `kinds` are set for you.
    async fn decisions(&self, query: &RecordQuery) -> Result<Vec<JournaledDecision>, StoreError> {
        let query = RecordQuery { kinds: vec![RecordKind::Decision], ..query.clone() };
        self.read(&query).await?.iter().map(|record| record.entry.body.parse()).collect()
    }

    /// Trades; the query's `kinds` are set for you. Of several revisions within the answer only the newest is
    /// returned, at the place of the first one met.
    async fn trades(&self, query: &RecordQuery) -> Result<Vec<TradeRecord>, StoreError> {
        let query = RecordQuery { kinds: vec![RecordKind::Trade], ..query.clone() };
        let mut trades: Vec<TradeRecord> = Vec::new();
        for record in self.read(&query).await? {
            let trade: TradeRecord = record.entry.body.parse()?;
            match trades.iter_mut().find(|known| known.id == trade.id) {
                Some(known) if known.revision < trade.revision => *known = trade,
                Some(_) => {}
                None => trades.push(trade),
            }
        }
        Ok(trades)
    }
}

impl<J: Journal + ?Sized> JournalExt for J {}
