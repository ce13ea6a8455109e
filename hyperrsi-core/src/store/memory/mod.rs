//! A store in memory: complete, and gone with the process.

mod candles;
mod journal;
mod leases;
mod users;

use super::{Health, Store, StoreError};
use async_trait::async_trait;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Version of the layout; memory never sees another.
const SCHEMA: u32 = 1;

/// A complete [`Store`] in memory, for tests, backtests and paper trading. Nothing survives the process.
#[derive(Debug, Default)]
pub struct MemoryStore {
    ledger: Mutex<journal::Ledger>,
    series: Mutex<candles::Shelf>,
    people: Mutex<users::People>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

/// A poisoned lock is taken all the same: every change below is checked first and applied whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Store for MemoryStore {
    async fn health(&self) -> Result<Health, StoreError> {
        Ok(Health { schema: SCHEMA, writable: true, spooled: 0, free_bytes: None })
    }
}

#[cfg(test)]
mod tests;
