//! One handle per file, and nobody else reads it.
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

use hyperrsi_core::store::{Journal, Persist, Store, StoreError};
use hyperrsi_store::SqliteStore;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use support::{again, batch, child, lease, whole_batches};

#[tokio::test]
async fn a_second_process_is_told_who_has_the_file() {
    const NAME: &str = "a_second_process_is_told_who_has_the_file";
    if let Some(folder) = child() {
        let _store = SqliteStore::open(folder.join("one.db")).await.unwrap();
        println!("open");
        std::io::stdout().flush().unwrap();
        return std::future::pending().await;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.db");
    let mut other = again(NAME, folder.path()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(other.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().ends_with("open")), "the other process has it");

    let error = SqliteStore::open(&path).await.unwrap_err();
    let StoreError::InUse { what, by } = &error else { panic!("{error:?}") };
    assert_eq!(*by, format!("process {}", other.id()));
    assert!(what.ends_with("one.db"), "{what}");

    other.kill().unwrap();
    other.wait().unwrap();
    let store = SqliteStore::open(&path).await.unwrap(); // a killed process holds nothing
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_second_handle_is_refused_through_every_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.db");
    let store = SqliteStore::open(&path).await.unwrap();
    let roundabout = folder.path().join("..").join(folder.path().file_name().unwrap()).join("one.db");
    let mut paths = vec![path.clone(), roundabout];
    #[cfg(unix)]
    {
        let link = folder.path().join("link.db");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        paths.push(link);
    }
    for path in &paths {
        let error = SqliteStore::open(path).await.unwrap_err();
        let StoreError::InUse { by, .. } = &error else { panic!("{error:?}") };
        assert_eq!(*by, format!("process {}", std::process::id()));
    }
    let fence = lease(&store).await;
    store.append(&fence, batch(0, 10), Persist::Before).await.unwrap(); // the first is unharmed
    store.close().await.unwrap();
    for path in &paths {
        let store = SqliteStore::open(path).await.unwrap();
        assert_eq!(whole_batches(&store).await, 1);
        store.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_closed_store_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("one.db")).await.unwrap();
    let fence = lease(&store).await;
    store.append(&fence, batch(0, 10), Persist::Spool).await.unwrap();
    store.close().await.unwrap();
    store.close().await.unwrap();
    let answers = [
        store.append(&fence, vec![], Persist::Before).await.err(),
        store.read(&support::everything()).await.err(),
        store.health().await.err(),
        store.cooldowns(&support::account()).await.err(),
        store.compact(&fence, None).await.err(),
    ];
    for error in answers {
        assert!(matches!(error, Some(StoreError::Unavailable { .. })), "{error:?}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.db");
    let modes = || {
        let files = std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap);
        let mut modes: Vec<(String, u32)> = files
            .map(|file| {
                let name = file.file_name().into_string().unwrap();
                (name, file.metadata().unwrap().permissions().mode() & 0o777)
            })
            .collect();
        modes.sort();
        modes
    };
    let private = |names: [&str; 4]| names.map(|name| (name.to_owned(), 0o600)).to_vec();
    let files = private(["one.db", "one.db-shm", "one.db-wal", "one.db.lock"]);
    let store = SqliteStore::open(&path).await.unwrap();
    let fence = lease(&store).await;
    store.append(&fence, batch(0, 10), Persist::Before).await.unwrap();
    assert_eq!(modes(), files);
    store.close().await.unwrap();

    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let store = SqliteStore::open(&path).await.unwrap();
    store.append(&fence, batch(1, 10), Persist::Before).await.unwrap();
    assert_eq!(modes(), files, "a file that others could read no longer is");
    store.close().await.unwrap();
}
