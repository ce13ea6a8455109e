//! A store that can fail: memory behind a switch.

use async_trait::async_trait;
use hyperrsi_core::model::*;
use hyperrsi_core::store::*;
use std::sync::Mutex;

/// How the journal behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mood {
    #[default]
    Fine,
    /// It does not answer.
    Down,
    /// No space is left.
    Full,
    /// Each write takes so long.
    Slow(Span),
}

#[derive(Default)]
pub struct Moody {
    pub memory: MemoryStore,
    mood: Mutex<Mood>,
}

impl Moody {
    pub fn be(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }
    async fn check(&self) -> Result<(), StoreError> {
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Fine => Ok(()),
            Mood::Down => Err(StoreError::Unavailable { detail: "the test says so".into() }),
            Mood::Full => Err(StoreError::Full { detail: "the test says so".into() }),
            Mood::Slow(span) => {
                tokio::time::sleep(std::time::Duration::from_millis(span.millis() as u64)).await;
                Ok(())
            }
        }
    }
}

#[async_trait]
impl Journal for Moody {
    async fn append(
        &self,
        fence: &Fence,
        batch: Vec<Entry>,
        persist: Persist,
    ) -> Result<Appended, StoreError> {
        self.check().await?;
        self.memory.append(fence, batch, persist).await
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
    async fn put_snapshot(&self, fence: &Fence, snapshot: Snapshot) -> Result<(), StoreError> {
        self.check().await?;
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
        self.memory.compact(fence, trader).await
    }
    async fn put_cooldown(&self, fence: &Fence, cooldown: Cooldown) -> Result<(), StoreError> {
        self.memory.put_cooldown(fence, cooldown).await
    }
    async fn cooldowns(&self, account: &AccountId) -> Result<Vec<Cooldown>, StoreError> {
        self.memory.cooldowns(account).await
    }
}

macro_rules! users {
    ($store:ty; $($name:ident($($arg:ident: $type:ty),*) -> $ok:ty;)+) => {
        #[async_trait]
        impl Users for $store {
            $(async fn $name(&self, $($arg: $type),*) -> Result<$ok, StoreError> {
                self.memory.$name($($arg),*).await
            })+
        }
    };
}

/// What a store around a memory store leaves to it: candles and people.
macro_rules! leave_to_memory {
    ($store:ty) => {
        #[async_trait]
        impl Candles for $store {
            async fn put_candles(&self, series: &SeriesId, candles: &[Candle]) -> Result<CandlesWritten, StoreError> {
                self.memory.put_candles(series, candles).await
            }
            async fn candles(
                &self,
                series: &SeriesId,
                from: Timestamp,
                until: Timestamp,
                limit: u32,
            ) -> Result<Vec<Candle>, StoreError> {
                self.memory.candles(series, from, until, limit).await
            }
            async fn last_candle(&self, series: &SeriesId) -> Result<Option<Candle>, StoreError> {
                self.memory.last_candle(series).await
            }
            async fn put_anchor(
                &self,
                series: &SeriesId,
                indicator: &Code,
                anchor: Anchor,
            ) -> Result<(), StoreError> {
                self.memory.put_anchor(series, indicator, anchor).await
            }
            async fn anchor(&self, series: &SeriesId, indicator: &Code) -> Result<Option<Anchor>, StoreError> {
                self.memory.anchor(series, indicator).await
            }
        }

        users! {
            $store;
            put_user(user: User) -> ();
            user(id: &UserId) -> Option<User>;
            users(after: Option<&UserId>, limit: u32) -> Vec<User>;
            remove_user(id: &UserId) -> ();
            link(identity: Identity, user: &UserId) -> ();
            unlink(identity: &Identity) -> ();
            user_of(identity: &Identity) -> Option<UserId>;
            identities(user: &UserId) -> Vec<Identity>;
            put_account(account: AccountEntry) -> ();
            account(id: &AccountId) -> Option<AccountEntry>;
            accounts(user: Option<&UserId>) -> Vec<AccountEntry>;
            remove_account(id: &AccountId) -> ();
            put_sealed(sealed: Sealed) -> ();
            sealed(account: &AccountId, name: &Code) -> Option<Sealed>;
            remove_sealed(account: &AccountId, name: &Code) -> ();
            put_settings(key: &LayerKey, expected: u64, at: Timestamp, by: Option<&UserId>, body: Body) -> SettingsVersion;
            settings(key: &LayerKey, version: Option<u64>) -> Option<SettingsVersion>;
            put_preset(preset: Preset) -> ();
            presets(user: &UserId) -> Vec<Preset>;
            remove_preset(id: &PresetId) -> ();
            put_deployment(deployment: Deployment) -> ();
            deployments(account: &AccountId) -> Vec<Deployment>;
            remove_deployment(trader: &TraderId) -> ();
            put_item(user: &UserId, space: &Code, key: &str, body: Body) -> ();
            item(user: &UserId, space: &Code, key: &str) -> Option<Body>;
            items(user: &UserId, space: &Code) -> Vec<(String, Body)>;
            remove_item(user: &UserId, space: &Code, key: &str) -> ();
        }
    };
}
#[allow(unused_imports, reason = "each test binary uses its part")]
pub(crate) use {leave_to_memory, users};

leave_to_memory!(Moody);

#[async_trait]
impl Leases for Moody {
    async fn acquire(
        &self,
        account: &AccountId,
        owner: &str,
        ttl: Span,
        now: Timestamp,
    ) -> Result<Lease, StoreError> {
        self.check().await?;
        self.memory.acquire(account, owner, ttl, now).await
    }
    async fn renew(&self, lease: &Lease, ttl: Span, now: Timestamp) -> Result<Lease, StoreError> {
        self.check().await?;
        self.memory.renew(lease, ttl, now).await
    }
    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.memory.release(lease).await
    }
}

#[async_trait]
impl Store for Moody {
    async fn health(&self) -> Result<Health, StoreError> {
        self.check().await?;
        self.memory.health().await
    }
}
