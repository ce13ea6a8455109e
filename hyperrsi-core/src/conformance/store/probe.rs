//! What the checks are written with.

use super::Subject;
use crate::conformance::failure::{Failure, shown};
use crate::model::{AccountId, InstrumentId, Span, Timestamp};
use crate::store::{Appended, Body, Entry, Fence, Persist, RecordKind, RecordQuery, Store, StoreError};
use std::fmt::Debug;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

/// How long leases run here.
pub(super) const TTL: Span = Span::seconds(30);

/// A check at work.
pub(super) struct Probe<'a> {
    check: &'static str,
    subject: &'a dyn Subject,
}

pub(super) type Outcome = Result<(), Failure>;

impl<'a> Probe<'a> {
    pub(super) const fn new(check: &'static str, subject: &'a dyn Subject) -> Self {
        Self { check, subject }
    }

    /// The check's store.
    pub(super) async fn open(&self) -> Result<Arc<dyn Store>, Failure> {
        self.ok("open", self.subject.open(self.check).await)
    }

    /// The check's store as it is found after it was closed.
    pub(super) async fn reopen(&self, store: Arc<dyn Store>) -> Result<Arc<dyn Store>, Failure> {
        drop(store);
        self.ok("close", self.subject.close(self.check).await)?;
        self.open().await
    }

    fn failure(&self, what: &str, expected: impl Into<String>, got: impl Into<String>) -> Failure {
        Failure { check: self.check, what: what.into(), expected: expected.into(), got: got.into() }
    }

    /// What must have worked.
    pub(super) fn ok<T>(&self, what: &str, answer: Result<T, StoreError>) -> Result<T, Failure> {
        answer.map_err(|error| self.failure(what, "an answer", format!("{error:?}")))
    }

    /// What must be equal.
    pub(super) fn same<T: PartialEq + Debug>(&self, what: &str, got: &T, expected: &T) -> Outcome {
        if got == expected {
            return Ok(());
        }
        Err(self.failure(what, shown(expected), shown(got)))
    }

    /// What must have worked and be equal.
    pub(super) fn answers<T: PartialEq + Debug>(
        &self,
        what: &str,
        answer: Result<T, StoreError>,
        expected: &T,
    ) -> Outcome {
        self.same(what, &self.ok(what, answer)?, expected)
    }

    /// What must have been refused, in one way.
    pub(super) fn refused<T: Debug>(
        &self,
        what: &str,
        answer: Result<T, StoreError>,
        how: &str,
        is: impl FnOnce(&StoreError) -> bool,
    ) -> Outcome {
        match answer {
            Err(error) if is(&error) => Ok(()),
            Err(other) => Err(self.failure(what, how, format!("{other:?}"))),
            Ok(value) => Err(self.failure(what, how, shown(&value))),
        }
    }

    /// What must hold.
    pub(super) fn holds(&self, what: &str, so: bool) -> Outcome {
        if so { Ok(()) } else { Err(self.failure(what, "true", "false")) }
    }

    /// Takes the account.
    pub(super) async fn lease(&self, store: &dyn Store) -> Result<Fence, Failure> {
        let lease = store.acquire(&account(), "host-1", TTL, at(0)).await;
        Ok(self.ok("acquire", lease)?.fence())
    }

    /// Appends, durably.
    pub(super) async fn append(
        &self,
        store: &dyn Store,
        fence: &Fence,
        batch: Vec<Entry>,
    ) -> Result<Appended, Failure> {
        self.ok("append", store.append(fence, batch, Persist::Before).await)
    }

    /// The keys of what is found.
    pub(super) async fn keys(&self, store: &dyn Store, query: &RecordQuery) -> Result<Vec<String>, Failure> {
        let found = self.ok("read", store.read(query).await)?;
        Ok(found.into_iter().map(|record| record.entry.key).collect())
    }
}

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::EPOCH + Span::seconds(seconds)
}

pub(super) fn account() -> AccountId {
    "main".into()
}

pub(super) fn btc() -> InstrumentId {
    InstrumentId::new("sim", "BTCUSDT")
}

/// Everything of the account.
pub(super) fn everything() -> RecordQuery {
    RecordQuery { limit: 10_000, ..RecordQuery::of(account(), []) }
}

/// A record of trader `t1` whose body is its key.
pub(super) fn entry(kind: RecordKind, key: &str, seconds: i64) -> Entry {
    Entry::new(kind, key, Some("t1".into()), at(seconds), text(key))
}

/// A text as a body.
pub(super) fn text(text: &str) -> Body {
    // A text is always JSON; `null` would be noticed by the comparison.
    Body::of(text).or_else(|_| Body::from_json("null")).unwrap_or_else(|_| unreachable!("null is JSON"))
}

/// Runs futures side by side and returns what they came to, in their order.
pub(super) async fn together<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<Pin<Box<F>>> = futures.map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = running.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        let mut waiting = false;
        for (future, slot) in running.iter_mut().zip(&mut done) {
            if slot.is_none() {
                match future.as_mut().poll(context) {
                    Poll::Ready(value) => *slot = Some(value),
                    Poll::Pending => waiting = true,
                }
            }
        }
        if waiting { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    done.into_iter().flatten().collect()
}
