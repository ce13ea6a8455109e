//! A file that cannot be written: no space, no right, no directory.
#![cfg(feature = "sqlite")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests"
)]

mod support;

use hyperrsi_core::store::{Journal, Persist, RecordQuery, Seq, Store, StoreError};
use hyperrsi_store::{SqliteOptions, SqliteStore};
use std::path::Path;
use support::{account, again_with_mounts, batch, child, everything, lease, mount, whole_batches};

fn full(error: &StoreError) -> bool {
    matches!(error, StoreError::Full { .. }) && error.retry_after().is_some()
}

/// Appends batches until one is refused for want of space; returns the number of the refused one.
async fn fill(store: &SqliteStore, fence: &hyperrsi_core::store::Fence, from: u64) -> u64 {
    for n in from.. {
        match store.append(fence, batch(n, 3_000), Persist::Before).await {
            Ok(_) => {}
            Err(error) => {
                assert!(full(&error), "{error:?}");
                return n;
            }
        }
    }
    unreachable!()
}

/// On a disk of one megabyte: what waits in memory is readable, in order, and is written once there is space.
async fn on_a_small_disk(folder: &Path) {
    mount(&["-t", "tmpfs", "-o", "size=2m", "tmpfs", folder.to_str().unwrap()]);
    let ballast = folder.join("ballast");
    std::fs::write(&ballast, vec![1; 600_000]).unwrap();
    let store = SqliteStore::open(folder.join("full.db")).await.unwrap();
    let fence = lease(&store).await;
    let durable = fill(&store, &fence, 0).await;
    assert!(durable > 10, "{durable}");
    assert_eq!(whole_batches(&store).await, durable, "the refused batch left nothing");

    // Exits go on: their records are taken into memory, under places that will hold.
    for n in durable..durable + 5 {
        let came = store.append(&fence, batch(n, 20_000), Persist::Spool).await.unwrap();
        assert_eq!(came.last, Seq((n + 1) * support::BATCH));
        assert_eq!(came.written, 3);
    }
    let again = store.append(&fence, batch(durable, 20_000), Persist::Spool).await.unwrap();
    assert_eq!(
        (again.written, again.last.0),
        (0, (durable + 5) * support::BATCH),
        "known, though not written"
    );
    let stale = hyperrsi_core::store::Fence { epoch: hyperrsi_core::store::Epoch(0), ..fence.clone() };
    let fenced = store.append(&stale, batch(999, 1), Persist::Spool).await.unwrap_err();
    assert!(fenced.lost_ownership(), "{fenced:?}");

    assert_eq!(whole_batches(&store).await, durable + 5, "what waits is read");
    let newest = RecordQuery { newest_first: true, limit: 4, ..everything() };
    let newest: Vec<u64> = store.read(&newest).await.unwrap().iter().map(|record| record.seq.0).collect();
    let last = (durable + 5) * support::BATCH;
    assert_eq!(newest, [last, last - 1, last - 2, last - 3]);
    let key = format!("{durable}-1");
    assert!(store.record(&account(), &key).await.unwrap().is_some());
    let health = store.health().await.unwrap();
    assert_eq!((health.writable, health.spooled), (false, 15));
    let refused = store.append(&fence, batch(durable + 5, 10), Persist::Before).await.unwrap_err();
    assert!(full(&refused), "no new risk: {refused:?}");

    std::fs::remove_file(&ballast).unwrap();
    store.append(&fence, batch(durable + 5, 10), Persist::Before).await.unwrap();
    let health = store.health().await.unwrap();
    assert_eq!((health.writable, health.spooled), (true, 0));
    store.close().await.unwrap();
    let store = SqliteStore::open(folder.join("full.db")).await.unwrap();
    assert_eq!(whole_batches(&store).await, durable + 6);
    store.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_stops_openings_and_loses_nothing() {
    const NAME: &str = "a_full_disk_stops_openings_and_loses_nothing";
    if let Some(folder) = child() {
        return on_a_small_disk(&folder).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let Some(mut process) = again_with_mounts(NAME, folder.path()) else {
        println!("skipped: this system does not let us mount a small disk");
        return;
    };
    let done = process.output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{said}");
}

#[tokio::test]
async fn a_limit_on_the_file_is_kept_and_can_be_raised() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("limited.db");
    let store = SqliteOptions::at(&path).max_bytes(1 << 20).open().await.unwrap();
    let fence = lease(&store).await;
    let durable = fill(&store, &fence, 0).await;
    assert_eq!(whole_batches(&store).await, durable);
    store.append(&fence, batch(durable, 5_000), Persist::Spool).await.unwrap();
    let lost = store.close().await.unwrap_err();
    assert!(full(&lost), "closing says that what waited is not written: {lost:?}");
    assert!(std::fs::metadata(&path).unwrap().len() <= 1 << 20);

    let store = SqliteStore::open(&path).await.unwrap();
    assert_eq!(whole_batches(&store).await, durable);
    store.append(&fence, batch(durable, 5_000), Persist::Before).await.unwrap();
    assert_eq!(whole_batches(&store).await, durable + 1);
    store.close().await.unwrap();
}

#[tokio::test]
async fn the_spool_is_bounded_and_refuses_what_it_cannot_hold() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bounded.db");
    let store = SqliteOptions::at(&path).max_bytes(1 << 20).spool(7, 1 << 20).open().await.unwrap();
    let fence = lease(&store).await;
    let durable = fill(&store, &fence, 0).await;
    for n in durable..durable + 2 {
        store.append(&fence, batch(n, 5_000), Persist::Spool).await.unwrap();
    }
    let refused = store.append(&fence, batch(durable + 2, 5_000), Persist::Spool).await.unwrap_err();
    assert!(full(&refused), "6 of 7 wait, 3 more do not fit: {refused:?}");
    assert!(refused.to_string().contains("6 records"), "{refused}");
    assert_eq!(whole_batches(&store).await, durable + 2, "what was accepted stays");
    assert!(store.close().await.is_err());
}

#[tokio::test]
async fn a_record_too_large_is_refused_and_holds_up_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("large.db")).await.unwrap();
    let fence = lease(&store).await;
    for persist in [Persist::Spool, Persist::Before] {
        let refused = store.append(&fence, batch(0, 17 << 20), persist).await.unwrap_err();
        assert!(matches!(refused, StoreError::Corrupt { .. }), "{refused:?}");
    }
    store.append(&fence, batch(0, 10), Persist::Before).await.unwrap();
    assert_eq!(whole_batches(&store).await, 1);
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_missing_directory_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("nowhere");
    let error = SqliteStore::open(missing.join("x.db")).await.unwrap_err();
    assert!(matches!(&error, StoreError::NotFound { .. }), "{error:?}");
    assert!(error.to_string().contains(missing.to_str().unwrap()), "{error}");
    assert!(!missing.exists(), "nothing is created");
}

#[tokio::test]
async fn a_read_only_place_is_refused() {
    const NAME: &str = "a_read_only_place_is_refused";
    if let Some(folder) = child() {
        let place = folder.to_str().unwrap();
        mount(&["--bind", place, place]);
        mount(&["-o", "remount,bind,ro", place]);
        for name in ["there.db", "new.db"] {
            let error = SqliteStore::open(folder.join(name)).await.unwrap_err();
            assert!(matches!(error, StoreError::ReadOnly { .. }), "{error:?}");
            assert_eq!(error.retry_after(), None);
        }
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("there.db")).await.unwrap();
    store.close().await.unwrap();
    let Some(mut process) = again_with_mounts(NAME, folder.path()) else {
        println!("skipped: this system does not let us mount a folder read-only");
        return;
    };
    let done = process.output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{said}");
}
