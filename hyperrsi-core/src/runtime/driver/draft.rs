//! What is to be written, before it is text.
//!
//! Text costs more than everything a decision takes. It is made by whoever writes the journal, while what the decision
//! asked of the venue is on its way already.

use crate::model::{Timestamp, TraderId};
use crate::store::{Body, Entry, RecordKind, StoreError, Tags};
use serde::Serialize;

/// A record to be: everything it holds as it was when it happened.
pub(crate) struct Draft {
    pub(crate) kind: RecordKind,
    write: Box<dyn FnOnce() -> Result<Entry, StoreError> + Send>,
}

impl Draft {
    /// What `write` makes; it must not look at anything that changes.
    pub(crate) fn of(
        kind: RecordKind,
        write: impl FnOnce() -> Result<Entry, StoreError> + Send + 'static,
    ) -> Self {
        Self { kind, write: Box::new(write) }
    }

    /// A record that holds `content`.
    pub(crate) fn holding(
        kind: RecordKind,
        key: String,
        trader: Option<TraderId>,
        at: Timestamp,
        tags: Tags,
        content: impl Serialize + Send + 'static,
    ) -> Self {
        Self::of(kind, move || Ok(Entry { tags, ..Entry::new(kind, key, trader, at, Body::of(&content)?) }))
    }

    /// The record.
    ///
    /// # Errors
    /// As [`Body::of`].
    pub(crate) fn entry(self) -> Result<Entry, StoreError> {
        (self.write)()
    }
}

impl From<Entry> for Draft {
    fn from(entry: Entry) -> Self {
        Self::of(entry.kind, move || Ok(entry))
    }
}

impl std::fmt::Debug for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Draft").field("kind", &self.kind).finish_non_exhaustive()
    }
}
