//! Durable stores for [hyperrsi](https://docs.rs/hyperrsi): what a trader wrote is there after the process was killed.
//!
//! [`SqliteStore`] keeps everything of a [`Store`](hyperrsi_core::store::Store), which is the journal, candles, users with
//! their settings, and leases, in one file that needs no server.
//!
//! ```
//! use hyperrsi_core::{model::*, store::*};
//! use hyperrsi_store::SqliteStore;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let folder = tempfile::tempdir()?;
//! let store = SqliteStore::open(folder.path().join("hyperrsi.db")).await?;
//! let (account, now) = ("main".into(), Timestamp::EPOCH);
//! let lease = store.acquire(&account, "host-1", Span::seconds(30), now).await?;
//!
//! // Before adds risk: it is durable when it returns. Spool does not: it may wait, in order.
//! let intent = Entry::new(RecordKind::Intent, "intent-1", None, now, Body::of("buy")?);
//! let fill = Entry::new(RecordKind::Fill, "fill-1", None, now, Body::of("bought")?);
//! store.append(&lease.fence(), vec![intent], Persist::Before).await?;
//! store.append(&lease.fence(), vec![fill], Persist::Spool).await?;
//! store.close().await?;
//!
//! let store = SqliteStore::open(folder.path().join("hyperrsi.db")).await?;
//! let records = store.read(&RecordQuery::of(account, [])).await?;
//! let keys: Vec<&str> = records.iter().map(|record| record.entry.key.as_str()).collect();
//! assert_eq!(keys, ["intent-1", "fill-1"]);
//! # store.close().await?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What holds
//!
//! | situation | what happens |
//! |---|---|
//! | the process is killed | everything acknowledged is there; a batch is there whole or not at all |
//! | the power fails | the file is sound; the last commits may be gone, unless [`sync_commits`](SqliteOptions::sync_commits) |
//! | two processes own an account | the one with the lower epoch is refused within the transaction, and writes nothing |
//! | two handles on one file | the second is refused with the first one's process id |
//! | the disk is full | `Before` and every other write are refused; `Spool` waits in memory, readable, up to a [limit](SqliteOptions::spool); writing goes on by itself |
//! | a page or the inside of the log is damaged | opening is refused, and nothing is changed |
//! | the log is torn at its end | the transaction that was being written is gone, whole |
//! | the file is of a newer version | refused, both versions named; an older file is copied before it is brought up to date |
//!
//! A store must be [closed](SqliteStore::close) before the runtime ends; what is spooled while the disk is full is lost
//! otherwise. Beside `name.db` lie `name.db-wal`, `name.db-shm` and `name.db.lock`: move or copy them together, with the
//! process stopped.
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `sqlite` (default) | [`SqliteStore`]; compiles SQLite, needs a C compiler |
//! | `vault` | [`vault`]: keys of accounts in an encrypted file |
//!
//! A store of your own can be examined with `hyperrsi_core::conformance::store`, as this one is.
#![deny(clippy::print_stdout, clippy::print_stderr, reason = "a library does not print")]
#![cfg_attr(
    not(all(feature = "sqlite", feature = "vault")),
    allow(rustdoc::broken_intra_doc_links, reason = "they name what is switched off")
)]

#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "vault")]
pub mod vault;

#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteOptions, SqliteStore};
