//! The stores do what every store must.
#![cfg(feature = "sqlite")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests"
)]

use async_trait::async_trait;
use hyperrsi_core::conformance::store::{CHECKS, Subject, run_all};
use hyperrsi_core::store::{MemoryStore, Store, StoreError};
use hyperrsi_store::SqliteStore;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

#[derive(Default)]
struct InMemory(Mutex<BTreeMap<String, Arc<MemoryStore>>>);

#[async_trait]
impl Subject for InMemory {
    async fn open(&self, name: &str) -> Result<Arc<dyn Store>, StoreError> {
        Ok(Arc::clone(self.0.lock().unwrap().entry(name.into()).or_default()) as Arc<dyn Store>)
    }
    async fn close(&self, _: &str) -> Result<(), StoreError> {
        Ok(())
    }
}

struct InFiles {
    folder: TempDir,
    open: Mutex<BTreeMap<String, Arc<SqliteStore>>>,
}

#[async_trait]
impl Subject for InFiles {
    async fn open(&self, name: &str) -> Result<Arc<dyn Store>, StoreError> {
        let store = Arc::new(SqliteStore::open(self.folder.path().join(name)).await?);
        self.open.lock().unwrap().insert(name.into(), Arc::clone(&store));
        Ok(store)
    }
    async fn close(&self, name: &str) -> Result<(), StoreError> {
        let store = self.open.lock().unwrap().remove(name).unwrap();
        store.close().await
    }
}

async fn conforms(subject: &dyn Subject) {
    let failures: Vec<String> = run_all(subject).await.iter().map(ToString::to_string).collect();
    assert!(failures.is_empty(), "{} of {} checks:\n{}", failures.len(), CHECKS.len(), failures.join("\n"));
}

#[tokio::test]
async fn memory_conforms() {
    conforms(&InMemory::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_conforms() {
    let folder = tempfile::tempdir().unwrap();
    conforms(&InFiles { folder, open: Mutex::default() }).await;
}
