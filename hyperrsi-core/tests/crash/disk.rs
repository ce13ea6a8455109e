//! The journal's file: it outlives the process, what was only queued for it does not.

use crate::life::Life;
use crate::stores::{leave_to_memory, users};
use async_trait::async_trait;
use hyperrsi_core::model::*;
use hyperrsi_core::store::*;
use std::sync::{Arc, Mutex};

/// How many queued batches are written at once when nothing asks for it earlier.
const LAZY: usize = 6;

/// A process's hold on the file.
pub struct Disk {
    pub memory: Arc<MemoryStore>,
    pub life: Arc<Life>,
    queued: Mutex<Vec<Vec<Entry>>>,
}

impl Disk {
    pub fn new(memory: Arc<MemoryStore>, life: Arc<Life>) -> Arc<Self> {
        Arc::new(Self { memory, life, queued: Mutex::default() })
    }

    /// An orderly end writes what is queued.
    pub async fn flush(&self, fence: &Fence) {
        let batches = std::mem::take(&mut *self.queued.lock().unwrap());
        for batch in batches {
            self.memory.append(fence, batch, Persist::Before).await.unwrap();
        }
    }

    async fn write(&self, fence: &Fence, batches: Vec<Vec<Entry>>) -> Result<Appended, StoreError> {
        self.life.moment().await;
        self.life.takes(self.life.pace.disk).await;
        let mut appended = Appended { last: self.memory.last_seq(&fence.account).await?, written: 0 };
        for batch in batches {
            if self.life.is_dead() {
                std::future::pending::<()>().await;
            }
            appended = self.memory.append(fence, batch, Persist::Before).await?;
        }
        self.life.moment().await;
        Ok(appended)
    }
}

#[async_trait]
impl Journal for Disk {
    async fn append(
        &self,
        fence: &Fence,
        batch: Vec<Entry>,
        persist: Persist,
    ) -> Result<Appended, StoreError> {
        if self.life.is_dead() {
            let (account, epoch) = (fence.account.clone(), fence.epoch);
            return Err(StoreError::Fenced { account, epoch, held: epoch }); // the dead write nothing
        }
        let batches = {
            let mut queued = self.queued.lock().unwrap();
            queued.push(batch);
            let waits = self.life.pace.lazy && persist == Persist::Spool && queued.len() < LAZY;
            if waits { Vec::new() } else { std::mem::take(&mut *queued) }
        };
        if batches.is_empty() {
            let last = self.memory.last_seq(&fence.account).await?;
            return Ok(Appended { last, written: 0 });
        }
        self.write(fence, batches).await
    }
    async fn read(&self, query: &RecordQuery) -> Result<Vec<Record>, StoreError> {
        self.memory.read(query).await
    }
    async fn record(&self, account: &AccountId, key: &str) -> Result<Option<Record>, StoreError> {
        self.memory.record(account, key).await
    }
    async fn last_seq(&self, account: &AccountId) -> Result<Seq, StoreError> {
        self.memory.last_seq(account).await
    }
    /// It covers what was only queued, which is written with it.
    async fn put_snapshot(&self, fence: &Fence, snapshot: Snapshot) -> Result<(), StoreError> {
        let queued = std::mem::take(&mut *self.queued.lock().unwrap());
        self.write(fence, queued).await?;
        self.memory.put_snapshot(fence, snapshot).await
    }
    async fn newest_snapshot(
        &self,
        account: &AccountId,
        trader: Option<&TraderId>,
        supported: u32,
    ) -> Result<Option<Snapshot>, StoreError> {
        self.memory.newest_snapshot(account, trader, supported).await
    }
    async fn compact(&self, fence: &Fence, trader: Option<&TraderId>) -> Result<u64, StoreError> {
        self.life.moment().await;
        self.memory.compact(fence, trader).await
    }
    async fn put_cooldown(&self, fence: &Fence, cooldown: Cooldown) -> Result<(), StoreError> {
        self.life.moment().await;
        self.memory.put_cooldown(fence, cooldown).await
    }
    async fn cooldowns(&self, account: &AccountId) -> Result<Vec<Cooldown>, StoreError> {
        self.memory.cooldowns(account).await
    }
}

leave_to_memory!(Disk);

#[async_trait]
impl Leases for Disk {
    async fn acquire(
        &self,
        account: &AccountId,
        owner: &str,
        ttl: Span,
        now: Timestamp,
    ) -> Result<Lease, StoreError> {
        self.life.moment().await;
        self.memory.acquire(account, owner, ttl, now).await
    }
    async fn renew(&self, lease: &Lease, ttl: Span, now: Timestamp) -> Result<Lease, StoreError> {
        self.life.moment().await;
        self.memory.renew(lease, ttl, now).await
    }
    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.life.moment().await;
        self.memory.release(lease).await
    }
}

#[async_trait]
impl Store for Disk {
    async fn health(&self) -> Result<Health, StoreError> {
        self.memory.health().await
    }
}
