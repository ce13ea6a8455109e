//! What outlives the process: [`Journal`] + [`Candles`] + [`Users`] + [`Leases`] = [`Store`]. One implementation is
//! here, [`MemoryStore`], for tests, backtests and paper trading; durable ones are in `hyperrsi-store`.
//!
//! ```text
//! acquire ─▶ Lease ─ fence ─▶ append(Entry…) ─▶ Seq        a lower epoch is refused, a known key changes nothing
//! restart = newest_snapshot + read(after its place), then the venue is asked
//! ```
//!
//! ```
//! use hyperrsi_core::model::{Span, Timestamp};
//! use hyperrsi_core::store::*;
//! # use std::{pin::pin, task::{Context, Poll, Waker}};
//! # fn ready<F: Future>(future: F) -> F::Output {
//! #     match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
//! #         Poll::Ready(output) => output,
//! #         Poll::Pending => unreachable!("memory never waits"),
//! #     }
//! # }
//! let store = MemoryStore::new();
//! let (account, now) = ("main".into(), Timestamp::EPOCH);
//! let lease = ready(store.acquire(&account, "host-1", Span::seconds(30), now))?;
//!
//! let entry = Entry::new(RecordKind::Event, "started", None, now, Body::of("hello")?);
//! ready(store.append(&lease.fence(), vec![entry.clone()], Persist::Before))?;
//! let again = ready(store.append(&lease.fence(), vec![entry], Persist::Before))?;
//! assert_eq!((again.last, again.written), (Seq(1), 0)); // a repeated record changes nothing
//!
//! // Another process takes over once the lease has run out; from then on the first one cannot write.
//! ready(store.acquire(&account, "host-2", Span::seconds(30), now + Span::seconds(31)))?;
//! let error = ready(store.append(&lease.fence(), vec![], Persist::Spool)).unwrap_err();
//! assert!(error.lost_ownership());
//! # Ok::<(), StoreError>(())
//! ```

mod candles;
mod code;
mod decision;
mod error;
mod ids;
mod journal;
mod lease;
mod memory;
mod record;
mod settings;
mod trade;
mod users;

pub use candles::{Anchor, Candles, CandlesWritten, SeriesId};
pub use code::Code;
pub use decision::{JournaledDecision, VenueOrder};
pub use error::StoreError;
pub use ids::{PresetId, UserId};
pub use journal::{Appended, Cooldown, Journal, JournalExt, RecordQuery, Snapshot};
pub use lease::{Epoch, Fence, Lease, Leases};
pub use memory::MemoryStore;
pub use record::{Body, Entry, Persist, Record, RecordKind, Seq, Tags};
pub use settings::{Layer, LayerKey, Preset, SettingsVersion};
pub use trade::{TradeCertainty, TradeRecord};
pub use users::{AccountEntry, Deployment, Environment, Identity, Role, Sealed, User, Users, Wanted};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// How a store is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Version of the stored layout.
    pub schema: u32,
    /// Whether a write went through just now.
    pub writable: bool,
    /// Records that wait to become durable.
    pub spooled: u64,
    /// Space that is left, bytes, if known.
    pub free_bytes: Option<u64>,
}

/// Everything that outlives the process.
#[async_trait]
pub trait Store: Journal + Candles + Users + Leases {
    /// How it is. The answer is the proof; nothing is cached.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if it does not answer, [`StoreError::NewerSchema`] if it must not be used.
    async fn health(&self) -> Result<Health, StoreError>;
}
