//! The suite finds stores that break the contract: each of these breaks it in one way, and is told where.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use async_trait::async_trait;
use hyperrsi_core::conformance::store::{CHECKS, Subject, run_all};
use hyperrsi_core::model::{AccountId, Candle, Span, Timestamp, TraderId};
use hyperrsi_core::store::*;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

#[derive(Clone, Copy, Debug)]
enum Fault {
    TakesStaleEpochs,
    RepeatsRecords,
    ForgetsTheSpool,
    TurnsBatchesRound,
    RewritesBodies,
    IgnoresReasons,
    IgnoresTheOrder,
    ReadsThePlaceAgain,
    TakesAnySnapshot,
    ReadsNewerLayouts,
    CompactsNothing,
    RoundsCandles,
    GivesLeasesToAll,
    OverwritesSettings,
    SharesInstruments,
    ForgetsOnClosing,
}

/// A store in memory with one fault.
struct Broken {
    inner: MemoryStore,
    fault: Fault,
    counter: AtomicU64,
}

struct Faulty {
    fault: Fault,
    stores: Mutex<BTreeMap<String, Arc<Broken>>>,
}

#[async_trait]
impl Subject for Faulty {
    async fn open(&self, name: &str) -> Result<Arc<dyn Store>, StoreError> {
        let new =
            || Arc::new(Broken { inner: MemoryStore::new(), fault: self.fault, counter: AtomicU64::new(0) });
        Ok(Arc::clone(self.stores.lock().unwrap().entry(name.into()).or_insert_with(new)) as Arc<dyn Store>)
    }
    async fn close(&self, name: &str) -> Result<(), StoreError> {
        if matches!(self.fault, Fault::ForgetsOnClosing) {
            self.stores.lock().unwrap().remove(name);
        }
        Ok(())
    }
}

#[tokio::test]
async fn every_fault_is_found_where_it_is() {
    let cases: [(Fault, &[&str]); 16] = [
        (Fault::TakesStaleEpochs, &["the_loser_of_an_account_cannot_write", "a_fenced_batch_leaves_nothing"]),
        (Fault::RepeatsRecords, &["a_repeated_record_changes_nothing", "one_of_many_writers_of_a_key_wins"]),
        (Fault::ForgetsTheSpool, &["what_was_spooled_is_read_at_once", "before_and_spool_keep_one_order"]),
        (Fault::TurnsBatchesRound, &["before_and_spool_keep_one_order", "many_appenders_share_one_order"]),
        (Fault::RewritesBodies, &["a_body_is_kept_to_the_letter"]),
        (Fault::IgnoresReasons, &["every_condition_of_a_query_holds", "decisions_and_trades_are_found"]),
        (Fault::IgnoresTheOrder, &["every_condition_of_a_query_holds", "a_reader_resumes_where_it_stopped"]),
        (Fault::ReadsThePlaceAgain, &["every_condition_of_a_query_holds"]),
        (Fault::TakesAnySnapshot, &["a_snapshot_covers_only_what_is_written"]),
        (Fault::ReadsNewerLayouts, &["the_newest_snapshot_and_the_records_after_it"]),
        (Fault::CompactsNothing, &["compaction_keeps_facts_and_keys"]),
        (Fault::RoundsCandles, &["candles_keep_gaps_and_every_bit"]),
        (Fault::GivesLeasesToAll, &["a_lease_is_held_until_it_expires", "one_of_many_takers_gets_the_lease"]),
        (Fault::OverwritesSettings, &["versions_count_up_and_stay", "one_of_many_settings_is_next"]),
        (Fault::SharesInstruments, &["an_instrument_has_one_trader"]),
        (Fault::ForgetsOnClosing, &["everything_is_there_after_reopening", "items_are_kept_apart"]),
    ];
    for (fault, expected) in cases {
        let failures = run_all(&Faulty { fault, stores: Mutex::default() }).await;
        let found: Vec<&str> = failures.iter().map(|failure| failure.check).collect();
        for check in expected {
            assert!(CHECKS.iter().any(|known| known.name() == *check), "{check} is in the suite");
            assert!(found.contains(check), "{fault:?}: {check} did not see it, only {found:?}");
        }
        assert!(found.len() < CHECKS.len(), "{fault:?}: the suite says where, not only that");
    }
}

#[async_trait]
impl Journal for Broken {
    async fn append(
        &self,
        fence: &Fence,
        batch: Vec<Entry>,
        persist: Persist,
    ) -> Result<Appended, StoreError> {
        let (mut fence, mut batch) = (fence.clone(), batch);
        match self.fault {
            Fault::TakesStaleEpochs => fence.epoch = Epoch(1 << 40),
            Fault::RepeatsRecords => {
                for entry in &mut batch {
                    let number = self.counter.fetch_add(1, Ordering::Relaxed);
                    entry.key = format!("{}#{number}", entry.key);
                }
            }
            Fault::ForgetsTheSpool if persist == Persist::Spool => batch.clear(),
            Fault::TurnsBatchesRound => batch.reverse(),
            Fault::RewritesBodies => {
                for entry in &mut batch {
                    let value: serde_json::Value = entry.body.parse()?;
                    entry.body = Body::of(&value)?;
                }
            }
            _ => {}
        }
        self.inner.append(&fence, batch, persist).await
    }
    async fn read(&self, query: &RecordQuery) -> Result<Vec<Record>, StoreError> {
        let mut query = query.clone();
        match self.fault {
            Fault::IgnoresReasons => query.reason = None,
            Fault::IgnoresTheOrder => query.newest_first = false,
            Fault::ReadsThePlaceAgain => query.after = Seq(query.after.0.saturating_sub(1)),
            _ => {}
        }
        self.inner.read(&query).await
    }
    async fn record(&self, account: &AccountId, key: &str) -> Result<Option<Record>, StoreError> {
        self.inner.record(account, key).await
    }
    async fn last_seq(&self, account: &AccountId) -> Result<Seq, StoreError> {
        self.inner.last_seq(account).await
    }
    async fn put_snapshot(&self, fence: &Fence, snapshot: Snapshot) -> Result<(), StoreError> {
        let mut snapshot = snapshot;
        if matches!(self.fault, Fault::TakesAnySnapshot) {
            snapshot.covers = snapshot.covers.min(self.inner.last_seq(&fence.account).await?);
        }
        self.inner.put_snapshot(fence, snapshot).await
    }
    async fn newest_snapshot(
        &self,
        account: &AccountId,
        trader: Option<&TraderId>,
        supported: u32,
    ) -> Result<Option<Snapshot>, StoreError> {
        let supported = if matches!(self.fault, Fault::ReadsNewerLayouts) { u32::MAX } else { supported };
        self.inner.newest_snapshot(account, trader, supported).await
    }
    async fn compact(&self, fence: &Fence, trader: Option<&TraderId>) -> Result<u64, StoreError> {
        match self.fault {
            Fault::CompactsNothing => Ok(0),
            _ => self.inner.compact(fence, trader).await,
        }
    }
    async fn put_cooldown(&self, fence: &Fence, cooldown: Cooldown) -> Result<(), StoreError> {
        self.inner.put_cooldown(fence, cooldown).await
    }
    async fn cooldowns(&self, account: &AccountId) -> Result<Vec<Cooldown>, StoreError> {
        self.inner.cooldowns(account).await
    }
}

#[async_trait]
impl Candles for Broken {
    async fn put_candles(&self, series: &SeriesId, candles: &[Candle]) -> Result<CandlesWritten, StoreError> {
        let rounded: Vec<Candle> = match self.fault {
            Fault::RoundsCandles => candles
                .iter()
                .map(|candle| Candle { volume: f64::from(candle.volume as f32), ..*candle })
                .collect(),
            _ => candles.to_vec(),
        };
        self.inner.put_candles(series, &rounded).await
    }
    async fn candles(
        &self,
        series: &SeriesId,
        from: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Candle>, StoreError> {
        self.inner.candles(series, from, until, limit).await
    }
    async fn last_candle(&self, series: &SeriesId) -> Result<Option<Candle>, StoreError> {
        self.inner.last_candle(series).await
    }
    async fn put_anchor(
        &self,
        series: &SeriesId,
        indicator: &Code,
        anchor: Anchor,
    ) -> Result<(), StoreError> {
        self.inner.put_anchor(series, indicator, anchor).await
    }
    async fn anchor(&self, series: &SeriesId, indicator: &Code) -> Result<Option<Anchor>, StoreError> {
        self.inner.anchor(series, indicator).await
    }
}

#[async_trait]
impl Leases for Broken {
    async fn acquire(
        &self,
        account: &AccountId,
        owner: &str,
        ttl: Span,
        now: Timestamp,
    ) -> Result<Lease, StoreError> {
        match self.inner.acquire(account, owner, ttl, now).await {
            Err(StoreError::Held { owner, .. }) if matches!(self.fault, Fault::GivesLeasesToAll) => {
                self.inner.acquire(account, &owner, ttl, now).await
            }
            answer => answer,
        }
    }
    async fn renew(&self, lease: &Lease, ttl: Span, now: Timestamp) -> Result<Lease, StoreError> {
        self.inner.renew(lease, ttl, now).await
    }
    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.inner.release(lease).await
    }
}

#[async_trait]
impl Users for Broken {
    async fn put_user(&self, user: User) -> Result<(), StoreError> {
        self.inner.put_user(user).await
    }
    async fn user(&self, id: &UserId) -> Result<Option<User>, StoreError> {
        self.inner.user(id).await
    }
    async fn users(&self, after: Option<&UserId>, limit: u32) -> Result<Vec<User>, StoreError> {
        self.inner.users(after, limit).await
    }
    async fn remove_user(&self, id: &UserId) -> Result<(), StoreError> {
        self.inner.remove_user(id).await
    }
    async fn link(&self, identity: Identity, user: &UserId) -> Result<(), StoreError> {
        self.inner.link(identity, user).await
    }
    async fn unlink(&self, identity: &Identity) -> Result<(), StoreError> {
        self.inner.unlink(identity).await
    }
    async fn user_of(&self, identity: &Identity) -> Result<Option<UserId>, StoreError> {
        self.inner.user_of(identity).await
    }
    async fn identities(&self, user: &UserId) -> Result<Vec<Identity>, StoreError> {
        self.inner.identities(user).await
    }
    async fn put_account(&self, account: AccountEntry) -> Result<(), StoreError> {
        self.inner.put_account(account).await
    }
    async fn account(&self, id: &AccountId) -> Result<Option<AccountEntry>, StoreError> {
        self.inner.account(id).await
    }
    async fn accounts(&self, user: Option<&UserId>) -> Result<Vec<AccountEntry>, StoreError> {
        self.inner.accounts(user).await
    }
    async fn remove_account(&self, id: &AccountId) -> Result<(), StoreError> {
        self.inner.remove_account(id).await
    }
    async fn put_sealed(&self, sealed: Sealed) -> Result<(), StoreError> {
        self.inner.put_sealed(sealed).await
    }
    async fn sealed(&self, account: &AccountId, name: &Code) -> Result<Option<Sealed>, StoreError> {
        self.inner.sealed(account, name).await
    }
    async fn remove_sealed(&self, account: &AccountId, name: &Code) -> Result<(), StoreError> {
        self.inner.remove_sealed(account, name).await
    }
    async fn put_settings(
        &self,
        key: &LayerKey,
        expected: u64,
        at: Timestamp,
        by: Option<&UserId>,
        body: Body,
    ) -> Result<SettingsVersion, StoreError> {
        let mut expected = expected;
        if matches!(self.fault, Fault::OverwritesSettings) {
            expected = self.inner.settings(key, None).await?.map_or(0, |newest| newest.version);
        }
        self.inner.put_settings(key, expected, at, by, body).await
    }
    async fn settings(
        &self,
        key: &LayerKey,
        version: Option<u64>,
    ) -> Result<Option<SettingsVersion>, StoreError> {
        self.inner.settings(key, version).await
    }
    async fn put_preset(&self, preset: Preset) -> Result<(), StoreError> {
        self.inner.put_preset(preset).await
    }
    async fn presets(&self, user: &UserId) -> Result<Vec<Preset>, StoreError> {
        self.inner.presets(user).await
    }
    async fn remove_preset(&self, id: &PresetId) -> Result<(), StoreError> {
        self.inner.remove_preset(id).await
    }
    async fn put_deployment(&self, deployment: Deployment) -> Result<(), StoreError> {
        if matches!(self.fault, Fault::SharesInstruments) {
            for other in self.inner.deployments(&deployment.account).await? {
                self.inner.remove_deployment(&other.trader).await?;
            }
        }
        self.inner.put_deployment(deployment).await
    }
    async fn deployments(&self, account: &AccountId) -> Result<Vec<Deployment>, StoreError> {
        self.inner.deployments(account).await
    }
    async fn remove_deployment(&self, trader: &TraderId) -> Result<(), StoreError> {
        self.inner.remove_deployment(trader).await
    }
    async fn put_item(&self, user: &UserId, space: &Code, key: &str, body: Body) -> Result<(), StoreError> {
        self.inner.put_item(user, space, key, body).await
    }
    async fn item(&self, user: &UserId, space: &Code, key: &str) -> Result<Option<Body>, StoreError> {
        self.inner.item(user, space, key).await
    }
    async fn items(&self, user: &UserId, space: &Code) -> Result<Vec<(String, Body)>, StoreError> {
        self.inner.items(user, space).await
    }
    async fn remove_item(&self, user: &UserId, space: &Code, key: &str) -> Result<(), StoreError> {
        self.inner.remove_item(user, space, key).await
    }
}

#[async_trait]
impl Store for Broken {
    async fn health(&self) -> Result<Health, StoreError> {
        self.inner.health().await
    }
}
