use super::{MemoryStore, lock};
use crate::model::{AccountId, PositionKey, Timestamp, TraderId};
use crate::store::{
    Appended, Cooldown, Entry, Epoch, Fence, Journal, Lease, Persist, Record, RecordQuery, Seq, Snapshot,
    StoreError,
};
use async_trait::async_trait;
use std::collections::BTreeMap;

/// What one account has written.
#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) lease: Option<Lease>,
    pub(super) epoch: Epoch,
    last: Seq,
    records: BTreeMap<Seq, Record>,
    /// Where each key was written; compaction takes records, not keys.
    keys: BTreeMap<String, Seq>,
    snapshots: BTreeMap<Option<TraderId>, Snapshot>,
    cooldowns: BTreeMap<PositionKey, Timestamp>,
}

/// The books of all accounts.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) books: BTreeMap<AccountId, Book>,
}

impl Ledger {
    /// The account's book, if the writer's epoch is not stale.
    fn open(&mut self, fence: &Fence) -> Result<&mut Book, StoreError> {
        let book = self.books.entry(fence.account.clone()).or_default();
        if fence.epoch < book.epoch {
            return Err(StoreError::Fenced {
                account: fence.account.clone(),
                epoch: fence.epoch,
                held: book.epoch,
            });
        }
        book.epoch = fence.epoch;
        Ok(book)
    }
}

#[async_trait]
impl Journal for MemoryStore {
    async fn append(&self, fence: &Fence, batch: Vec<Entry>, _: Persist) -> Result<Appended, StoreError> {
        let mut ledger = lock(&self.ledger);
        let book = ledger.open(fence)?;
        let mut written = 0;
        for entry in batch {
            if book.keys.contains_key(&entry.key) {
                continue;
            }
            let seq = Seq(book.last.0 + 1);
            book.keys.insert(entry.key.clone(), seq);
            book.records
                .insert(seq, Record { seq, account: fence.account.clone(), epoch: fence.epoch, entry });
            book.last = seq;
            written += 1;
        }
        Ok(Appended { last: book.last, written })
    }

    async fn read(&self, query: &RecordQuery) -> Result<Vec<Record>, StoreError> {
        let ledger = lock(&self.ledger);
        let Some(book) = ledger.books.get(&query.account) else { return Ok(Vec::new()) };
        let wanted = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let range = book.records.range(Seq(query.after.0.saturating_add(1))..);
        let found = range.map(|(_, record)| record).filter(|record| query.matches(record));
        Ok(if query.newest_first {
            found.rev().take(wanted).cloned().collect()
        } else {
            found.take(wanted).cloned().collect()
        })
    }

    async fn record(&self, account: &AccountId, key: &str) -> Result<Option<Record>, StoreError> {
        let ledger = lock(&self.ledger);
        Ok(ledger.books.get(account).and_then(|book| book.records.get(book.keys.get(key)?)).cloned())
    }

    async fn last_seq(&self, account: &AccountId) -> Result<Seq, StoreError> {
        Ok(lock(&self.ledger).books.get(account).map_or(Seq::START, |book| book.last))
    }

    async fn put_snapshot(&self, fence: &Fence, snapshot: Snapshot) -> Result<(), StoreError> {
        let mut ledger = lock(&self.ledger);
        let book = ledger.open(fence)?;
        if snapshot.covers > book.last {
            let detail = format!("it covers record {}, the last one is {}", snapshot.covers.0, book.last.0);
            return Err(StoreError::conflict("the snapshot", detail));
        }
        let newest = book.snapshots.get(&snapshot.trader).map(|known| known.covers);
        if newest.is_none_or(|newest| newest <= snapshot.covers) {
            book.snapshots.insert(snapshot.trader.clone(), snapshot);
        }
        Ok(())
    }

    async fn newest_snapshot(
        &self,
        account: &AccountId,
        trader: Option<&TraderId>,
        supported: u32,
    ) -> Result<Option<Snapshot>, StoreError> {
        let ledger = lock(&self.ledger);
        let snapshot = ledger.books.get(account).and_then(|book| book.snapshots.get(&trader.cloned()));
        match snapshot {
            Some(found) if found.schema > supported => {
                Err(StoreError::NewerSchema { found: found.schema, supported })
            }
            found => Ok(found.cloned()),
        }
    }

    async fn compact(&self, fence: &Fence, trader: Option<&TraderId>) -> Result<u64, StoreError> {
        let mut ledger = lock(&self.ledger);
        let book = ledger.open(fence)?;
        let Some(covers) = book.snapshots.get(&trader.cloned()).map(|snapshot| snapshot.covers) else {
            return Ok(0);
        };
        let before = book.records.len();
        book.records.retain(|seq, record| {
            *seq > covers || !record.entry.kind.is_replay() || record.entry.trader.as_ref() != trader
        });
        Ok((before - book.records.len()) as u64)
    }

    async fn put_cooldown(&self, fence: &Fence, cooldown: Cooldown) -> Result<(), StoreError> {
        let mut ledger = lock(&self.ledger);
        let since = ledger.open(fence)?.cooldowns.entry(cooldown.key).or_insert(cooldown.since);
        *since = cooldown.since.max(*since);
        Ok(())
    }

    async fn cooldowns(&self, account: &AccountId) -> Result<Vec<Cooldown>, StoreError> {
        let ledger = lock(&self.ledger);
        let Some(book) = ledger.books.get(account) else { return Ok(Vec::new()) };
        Ok(book.cooldowns.iter().map(|(key, since)| Cooldown { key: key.clone(), since: *since }).collect())
    }
}
