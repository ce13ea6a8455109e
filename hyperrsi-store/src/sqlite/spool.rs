//! What was accepted and could not be written yet.
//!
//! Empty while the file can be written: appends are written as they come. When a write fails, spooled entries get their
//! places here and wait, in order; whoever asked for `Before` is told the error, and has written nothing.

use super::rows::{self, Book};
use hyperrsi_core::model::AccountId;
use hyperrsi_core::store::{Appended, Entry, Epoch, Fence, Record, RecordQuery, Seq, StoreError};
use sqlx::SqliteConnection;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Debug)]
pub(super) struct Spool {
    records: VecDeque<Record>,
    keys: BTreeMap<AccountId, BTreeMap<String, Seq>>,
    bytes: usize,
    max_records: usize,
    max_bytes: usize,
    /// How many wait, for readers that do not hold the hand.
    waiting: Arc<AtomicU64>,
}

impl Spool {
    pub(super) fn new(max_records: usize, max_bytes: usize, waiting: Arc<AtomicU64>) -> Self {
        Self { records: VecDeque::new(), keys: BTreeMap::new(), bytes: 0, max_records, max_bytes, waiting }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Takes a batch, whole or not at all. What is durable is still read for it: which keys are there, and which place is
    /// the last.
    pub(super) async fn take(
        &mut self,
        connection: &mut SqliteConnection,
        fence: &Fence,
        batch: Vec<Entry>,
    ) -> Result<Appended, StoreError> {
        if let Some(error) = unwritable(fence, &batch) {
            return Err(error);
        }
        let book = rows::book(connection, &fence.account).await?;
        let held = self.epoch_of(&fence.account).max(book.epoch);
        if fence.epoch < held {
            return Err(StoreError::Fenced { account: fence.account.clone(), epoch: fence.epoch, held });
        }
        let mut last = self.last_of(&fence.account).unwrap_or(book.last);
        let mut fresh: Vec<Record> = Vec::new();
        for entry in batch {
            let waits = self.keys.get(&fence.account).is_some_and(|keys| keys.contains_key(&entry.key));
            let twice = fresh.iter().any(|record| record.entry.key == entry.key);
            if waits || twice || rows::has_key(connection, book.id, &entry.key).await? {
                continue;
            }
            last = Seq(last.0 + 1);
            fresh.push(Record { seq: last, account: fence.account.clone(), epoch: fence.epoch, entry });
        }
        let written = u32::try_from(fresh.len()).unwrap_or(u32::MAX);
        let bytes: usize = fresh.iter().map(size).sum();
        if self.records.len() + fresh.len() > self.max_records || self.bytes + bytes > self.max_bytes {
            let (records, bytes) = (self.records.len(), self.bytes);
            let detail = format!("{records} records, {bytes} bytes wait in memory to be written");
            return Err(StoreError::Full { detail });
        }
        self.bytes += bytes;
        let keys = self.keys.entry(fence.account.clone()).or_default();
        for record in fresh {
            keys.insert(record.entry.key.clone(), record.seq);
            self.records.push_back(record);
        }
        self.count();
        Ok(Appended { last, written })
    }

    /// Writes everything within the caller's transaction. What is there already was written by a caller who was cancelled
    /// before it could say so.
    pub(super) async fn write(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let mut books: BTreeMap<&AccountId, Book> = BTreeMap::new();
        for record in &self.records {
            let (account, epoch) = (&record.account, record.epoch);
            let known = books.get(account).filter(|book| book.epoch == epoch).copied();
            let mut book = match known {
                Some(book) => book,
                None => {
                    let opened =
                        rows::open_book(connection, &Fence { account: account.clone(), epoch }).await?;
                    Book { last: books.get(account).map_or(opened.last, |earlier| earlier.last), ..opened }
                }
            };
            if record.seq > book.last {
                rows::insert(connection, book.id, record.seq, epoch, &record.entry).await?;
                book.last = record.seq;
            }
            books.insert(account, book);
        }
        for book in books.values() {
            rows::set_last(connection, book.id, book.last).await?;
        }
        Ok(())
    }

    /// Everything is written.
    pub(super) fn clear(&mut self) {
        self.records.clear();
        self.keys.clear();
        self.bytes = 0;
        self.count();
    }

    /// What matches, oldest first.
    pub(super) fn matching(&self, query: &RecordQuery) -> Vec<Record> {
        self.records.iter().filter(|record| query.matches(record)).cloned().collect()
    }

    /// The record of a key.
    pub(super) fn record(&self, account: &AccountId, key: &str) -> Option<Record> {
        let seq = *self.keys.get(account)?.get(key)?;
        self.records.iter().find(|record| record.seq == seq && record.account == *account).cloned()
    }

    /// The account's last place here.
    pub(super) fn last_of(&self, account: &AccountId) -> Option<Seq> {
        self.keys.get(account)?.values().max().copied()
    }

    fn epoch_of(&self, account: &AccountId) -> Epoch {
        let own = self.records.iter().filter(|record| record.account == *account);
        own.map(|record| record.epoch).max().unwrap_or_default()
    }

    fn count(&self) {
        self.waiting.store(self.records.len() as u64, Ordering::Release);
    }
}

fn size(record: &Record) -> usize {
    record.entry.body.as_json().len() + record.entry.key.len()
}

/// The largest body that is taken, bytes. One that the database refused would hold up everything behind it.
pub(super) const LARGEST_BODY: usize = 16 << 20;

/// What keeps a batch from ever being written.
pub(super) fn unwritable(fence: &Fence, batch: &[Entry]) -> Option<StoreError> {
    let large = batch.iter().find(|entry| entry.body.as_json().len() > LARGEST_BODY);
    if let Some(entry) = large {
        let detail = format!("{} bytes, at most {LARGEST_BODY} are stored", entry.body.as_json().len());
        return Some(StoreError::Corrupt { what: format!("record {}", entry.key), detail });
    }
    i64::try_from(fence.epoch.0).is_err().then(|| StoreError::Corrupt {
        what: format!("the epoch of account {}", fence.account),
        detail: format!("{} is too large", fence.epoch.0),
    })
}
