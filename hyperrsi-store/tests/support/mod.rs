//! Records to write, and this test again as another process.
#![allow(dead_code, reason = "each test uses its part")]

use hyperrsi_core::model::{AccountId, Span, Timestamp};
use hyperrsi_core::store::{Body, Entry, Fence, Journal, Leases, RecordKind, RecordQuery};
use hyperrsi_store::SqliteStore;
use std::path::PathBuf;
use std::process::Command;

pub(crate) const BATCH: u64 = 3;

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::EPOCH + Span::seconds(seconds)
}

pub(crate) fn account() -> AccountId {
    "main".into()
}

/// Batch number `n`: three records that know their place and carry `bytes` of content.
pub(crate) fn batch(n: u64, bytes: usize) -> Vec<Entry> {
    let part = |part: u64| {
        let body = Body::of(&(n, part, "x".repeat(bytes))).unwrap();
        Entry::new(RecordKind::Fill, format!("{n}-{part}"), None, at(1), body)
    };
    (0..BATCH).map(part).collect()
}

pub(crate) async fn lease(store: &SqliteStore) -> Fence {
    store.acquire(&account(), "test", Span::hours(1), at(0)).await.unwrap().fence()
}

pub(crate) fn everything() -> RecordQuery {
    RecordQuery { limit: u32::MAX, ..RecordQuery::of(account(), []) }
}

/// Checks that whole batches from 0 on are there, in order and untorn, and returns how many.
pub(crate) async fn whole_batches(store: &SqliteStore) -> u64 {
    let records = store.read(&everything()).await.unwrap();
    for (i, record) in (0..).zip(&records) {
        let (n, part) = (i / BATCH, i % BATCH);
        assert_eq!(record.seq.0, i + 1, "no place is left out");
        assert_eq!(record.entry.key, format!("{n}-{part}"), "the order is kept");
        let (wrote_n, wrote_part, content): (u64, u64, String) = record.entry.body.parse().unwrap();
        assert_eq!((wrote_n, wrote_part), (n, part));
        assert!(content.bytes().all(|byte| byte == b'x'), "untorn");
    }
    let count = records.len() as u64;
    assert_eq!(count % BATCH, 0, "batches are whole");
    assert_eq!(store.last_seq(&account()).await.unwrap().0, count);
    count / BATCH
}

const ROLE: &str = "HYPERRSI_STORE_TEST_CHILD";

/// The folder the child is to work in, if this process is one.
pub(crate) fn child() -> Option<PathBuf> {
    std::env::var_os(ROLE).map(PathBuf::from)
}

/// This test, in a process of its own, with that folder.
pub(crate) fn again(test: &str, folder: &std::path::Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]).env(ROLE, folder);
    command
}

/// The same with mounts of its own that end with it; `None` where the system does not let us.
pub(crate) fn again_with_mounts(test: &str, folder: &std::path::Path) -> Option<Command> {
    let allowed = Command::new("unshare").args(["-Urm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).output();
    if !allowed.is_ok_and(|done| done.status.success()) {
        return None;
    }
    let mut command = Command::new("unshare");
    command.arg("-Urm").arg(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]).env(ROLE, folder);
    Some(command)
}

pub(crate) fn mount(arguments: &[&str]) {
    let done = Command::new("mount").args(arguments).output().unwrap();
    assert!(done.status.success(), "mount {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}
