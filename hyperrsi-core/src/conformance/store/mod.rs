//! What every [`Store`] must do, as checks that can be run against any.
//!
//! A [`Subject`] opens stores; each [`Check`] opens one of its own, does what a trader would do with it and compares what
//! it reads with what the contract says. A [`Failure`] names the check, what was asked, what had to come and what came.
//! Nothing here needs a runtime: the futures run wherever the store's run.
//!
//! ```
//! use async_trait::async_trait;
//! use hyperrsi_core::conformance::store::{Subject, run_all};
//! use hyperrsi_core::store::{MemoryStore, Store, StoreError};
//! use std::{collections::BTreeMap, sync::{Arc, Mutex}};
//! # use std::{pin::pin, task::{Context, Poll, Waker}};
//! # fn ready<F: Future>(future: F) -> F::Output {
//! #     match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
//! #         Poll::Ready(output) => output,
//! #         Poll::Pending => unreachable!("memory never waits"),
//! #     }
//! # }
//!
//! #[derive(Default)]
//! struct InMemory(Mutex<BTreeMap<String, Arc<MemoryStore>>>);
//!
//! #[async_trait]
//! impl Subject for InMemory {
//!     async fn open(&self, name: &str) -> Result<Arc<dyn Store>, StoreError> {
//!         let mut stores = self.0.lock().unwrap();
//!         Ok(Arc::clone(stores.entry(name.into()).or_default()) as Arc<dyn Store>)
//!     }
//!     async fn close(&self, _: &str) -> Result<(), StoreError> {
//!         Ok(()) // memory ends with the process, there is nothing to read again
//!     }
//! }
//!
//! let failures = ready(run_all(&InMemory::default()));
//! assert!(failures.is_empty(), "{}", failures[0]);
//! ```

mod candles;
mod concurrency;
mod fencing;
mod journal;
mod people;
mod probe;
mod queries;
mod restart;
mod settings;

pub use super::failure::Failure;

use crate::store::{Store, StoreError};
use async_trait::async_trait;
use probe::Probe;
use std::pin::Pin;
use std::sync::Arc;

/// What is examined: something that opens stores by name.
#[async_trait]
pub trait Subject: Send + Sync {
    /// Opens the store of that name: an empty one the first time, what was left after that. Names are made of lower-case
    /// letters and underscores.
    ///
    /// # Errors
    /// Whatever keeps it from being opened; the check fails with it.
    async fn open(&self, name: &str) -> Result<Arc<dyn Store>, StoreError>;

    /// Closes the store of that name, so that opening it again reads what is durable. Every use of it has ended.
    ///
    /// # Errors
    /// Whatever keeps it from being closed; the check fails with it.
    async fn close(&self, name: &str) -> Result<(), StoreError>;
}

type Run = for<'a> fn(&'a Probe<'a>) -> Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'a>>;

/// One behaviour that a store must show.
#[derive(Clone, Copy)]
pub struct Check {
    name: &'static str,
    run: Run,
}

impl Check {
    /// Its name: a sentence in snake case, unique in the suite.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Runs it on a store of its own, named after it.
    ///
    /// # Errors
    /// The first thing that was not as it must be.
    pub async fn run(&self, subject: &dyn Subject) -> Result<(), Failure> {
        (self.run)(&Probe::new(self.name, subject)).await
    }
}

checks! {
    journal {
        a_repeated_record_changes_nothing,
        before_and_spool_keep_one_order,
        what_was_spooled_is_read_at_once,
        accounts_have_journals_of_their_own,
        a_body_is_kept_to_the_letter,
        a_large_body_is_kept,
        an_empty_batch_writes_nothing,
    }
    fencing {
        a_lease_is_held_until_it_expires,
        the_loser_of_an_account_cannot_write,
        a_restart_fences_its_own_past,
        epochs_of_another_service_fence_as_well,
        a_fenced_batch_leaves_nothing,
    }
    restart {
        the_newest_snapshot_and_the_records_after_it,
        a_snapshot_covers_only_what_is_written,
        compaction_keeps_facts_and_keys,
        a_cooldown_is_never_taken_back,
        everything_is_there_after_reopening,
    }
    queries {
        every_condition_of_a_query_holds,
        a_reader_resumes_where_it_stopped,
        decisions_and_trades_are_found,
    }
    candles {
        candles_keep_gaps_and_every_bit,
        a_revised_candle_is_counted,
        a_faulty_candle_spoils_its_batch,
        an_anchor_is_replaced,
    }
    settings {
        versions_count_up_and_stay,
        layers_do_not_mix,
        a_preset_takes_its_settings_with_it,
    }
    people {
        users_are_listed_by_id,
        an_identity_has_one_user,
        an_account_has_one_owner,
        secrets_are_kept_as_sealed,
        an_instrument_has_one_trader,
        items_are_kept_apart,
    }
    concurrency {
        many_appenders_share_one_order,
        one_of_many_writers_of_a_key_wins,
        one_of_many_takers_gets_the_lease,
        one_of_many_settings_is_next,
    }
}

/// Runs every check, each on a store of its own, and returns what failed; empty if the store conforms.
pub async fn run_all(subject: &dyn Subject) -> Vec<Failure> {
    let mut failures = Vec::new();
    for check in CHECKS {
        if let Err(failure) = check.run(subject).await {
            failures.push(failure);
        }
    }
    failures
}
