//! Files that are not what they should be.
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

use hyperrsi_core::store::{Journal, Persist, StoreError};
use hyperrsi_store::SqliteStore;
use sqlx::{ConnectOptions, Connection};
use std::path::Path;
use support::{batch, lease, whole_batches};

/// A store of `batches` in the file itself, closed.
async fn filled(path: &Path, batches: u64) {
    let store = SqliteStore::open(path).await.unwrap();
    let fence = lease(&store).await;
    for n in 0..batches {
        store.append(&fence, batch(n, 2_000), Persist::Before).await.unwrap();
    }
    store.close().await.unwrap();
}

async fn statement(path: &Path, sql: &'static str) {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

async fn refused(path: &Path) -> StoreError {
    SqliteStore::open(path).await.unwrap_err()
}

fn corrupt(error: &StoreError) -> bool {
    matches!(error, StoreError::Corrupt { .. })
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    let text = "not a database, but something of somebody ".repeat(200);
    std::fs::write(&path, &text).unwrap();
    let error = refused(&path).await;
    assert!(corrupt(&error), "{error:?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test]
async fn a_database_of_another_program_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.db");
    statement(&path, "CREATE TABLE bookmarks (url TEXT)").await;
    let error = refused(&path).await;
    assert!(matches!(error, StoreError::Conflict { .. }), "{error:?}");
}

#[tokio::test]
async fn a_newer_layout_is_refused_with_both_versions() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("newer.db");
    filled(&path, 2).await;
    statement(
        &path,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (99, 'from the future', 1, x'00', 0)",
    )
    .await;
    let before = std::fs::read(&path).unwrap();
    let error = refused(&path).await;
    assert_eq!(error, StoreError::NewerSchema { found: 99, supported: 1 });
    let said = error.to_string();
    assert!(said.contains("schema 99") && said.contains("up to 1") && said.contains("update"), "{said}");
    assert_eq!(std::fs::read(&path).unwrap(), before, "it was not touched");
}

#[tokio::test]
async fn a_damaged_page_is_found_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.db");
    filled(&path, 40).await;
    let sound = std::fs::read(&path).unwrap();
    let pages = sound.len() / 4096;
    assert!(pages > 40, "{pages}");
    // The tables' roots come first; the records' pages are in the middle.
    for page in [pages / 2, pages / 2 + 1] {
        let mut damaged = sound.clone();
        damaged[page * 4096..page * 4096 + 200].fill(0xa5);
        std::fs::write(&path, damaged).unwrap();
        let error = refused(&path).await;
        assert!(corrupt(&error), "page {page}: {error:?}");
    }
    std::fs::write(&path, &sound[..sound.len() / 2]).unwrap();
    let error = refused(&path).await;
    assert!(corrupt(&error), "half a file: {error:?}");
    std::fs::write(&path, &sound).unwrap();
    let store = SqliteStore::open(&path).await.unwrap();
    assert_eq!(whole_batches(&store).await, 40);
    store.close().await.unwrap();
}

/// A database whose last 20 batches are only in its log, as a killed process leaves it: copied while it is open.
async fn with_log(folder: &Path) -> (std::path::PathBuf, Vec<u8>) {
    let (open, copy) = (folder.join("open.db"), folder.join("copy.db"));
    filled(&open, 10).await;
    let store = SqliteStore::open(&open).await.unwrap();
    let fence = lease(&store).await;
    for n in 10..30 {
        store.append(&fence, batch(n, 2_000), Persist::Before).await.unwrap();
    }
    std::fs::copy(&open, &copy).unwrap();
    let log = std::fs::read(folder.join("open.db-wal")).unwrap();
    store.close().await.unwrap();
    (copy, log)
}

const FRAME: usize = 24 + 4096;

#[tokio::test]
async fn a_torn_end_of_the_log_is_cut_off_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (path, log) = with_log(folder.path()).await;
    let base = std::fs::read(&path).unwrap();
    let frames = (log.len() - 32) / FRAME;
    let mut least = 30;
    for cut in [0, 1, 100, 4096, FRAME, FRAME + 7, 3 * FRAME, 10 * FRAME + 50] {
        std::fs::write(&path, &base).unwrap();
        std::fs::write(folder.path().join("copy.db-wal"), &log[..log.len() - cut]).unwrap();
        let store = SqliteStore::open(&path).await.unwrap();
        let kept = whole_batches(&store).await;
        let lost_frames = cut.div_ceil(FRAME) as u64;
        assert!(kept <= least && kept + lost_frames >= 30, "{cut} of {frames} frames cut: {kept}");
        least = kept;
        let fence = lease(&store).await;
        store.append(&fence, batch(kept, 10), Persist::Before).await.unwrap();
        store.close().await.unwrap();
    }
    // The frame that was being written when the process was killed: its head, and not yet its page.
    std::fs::write(&path, &base).unwrap();
    let mut torn = log.clone();
    let end = torn.len();
    torn[end - 4096..].fill(0);
    std::fs::write(folder.path().join("copy.db-wal"), torn).unwrap();
    let store = SqliteStore::open(&path).await.unwrap();
    assert_eq!(whole_batches(&store).await, 29);
    store.close().await.unwrap();
}

#[tokio::test]
async fn damage_inside_the_log_is_not_taken_for_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let (path, log) = with_log(folder.path()).await;
    let base = std::fs::read(&path).unwrap();
    let frames = (log.len() - 32) / FRAME;
    for (frame, byte) in [(0, 24), (frames / 2, 24 + 2_000), (frames / 2, 3), (frames - 2, FRAME - 1)] {
        std::fs::write(&path, &base).unwrap();
        let mut damaged = log.clone();
        damaged[32 + frame * FRAME + byte] ^= 0x40;
        std::fs::write(folder.path().join("copy.db-wal"), &damaged).unwrap();
        let error = refused(&path).await;
        assert!(corrupt(&error), "frame {frame}: {error:?}");
        assert!(error.to_string().contains(&format!("frame {}", frame + 1)), "{error}");
        let left = std::fs::read(folder.path().join("copy.db-wal")).unwrap();
        assert_eq!(left, damaged, "it is left for repair");
    }
}
