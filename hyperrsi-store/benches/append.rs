//! How fast the SQLite store appends, and how long a `Before` append takes: a table on standard output.
//!
//! `cargo bench -p hyperrsi-store --bench append`; `HYPERRSI_STORE_FOLDER` names the folder to write in.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement reads the clock and prints"
)]

use hyperrsi_core::model::{Span, Timestamp};
use hyperrsi_core::store::{Body, Entry, Fence, Journal, Leases, Persist, RecordKind, RecordQuery};
use hyperrsi_store::{SqliteOptions, SqliteStore};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

const BODY: usize = 600; // a decision record

fn entry(key: String) -> Entry {
    let body = Body::of(&"x".repeat(BODY)).unwrap();
    Entry::new(RecordKind::Decision, key, Some("t1".into()), Timestamp::EPOCH, body)
}

/// Appends from `tasks` tasks, `each` times a batch, and prints what came.
async fn measure(
    name: &str,
    store: &Arc<SqliteStore>,
    persist: Persist,
    tasks: usize,
    each: usize,
    batch: usize,
) {
    let account = format!("{name}-{tasks}-{batch}").as_str().into();
    let lease = store.acquire(&account, "bench", Span::hours(1), Timestamp::EPOCH).await.unwrap();
    let fence: Fence = lease.fence();
    let begun = Instant::now();
    let running: Vec<_> = (0..tasks)
        .map(|task| {
            let (store, fence) = (Arc::clone(store), fence.clone());
            tokio::spawn(async move {
                let mut took = Vec::with_capacity(each);
                for number in 0..each {
                    let entries = (0..batch).map(|n| entry(format!("{task}-{number}-{n}"))).collect();
                    let begun = Instant::now();
                    store.append(&fence, entries, persist).await.unwrap();
                    took.push(begun.elapsed());
                }
                took
            })
        })
        .collect();
    let mut took: Vec<Duration> = Vec::new();
    for task in running {
        took.extend(task.await.unwrap());
    }
    let seconds = begun.elapsed().as_secs_f64();
    took.sort();
    let at = |share: f64| took.get((took.len() as f64 * share) as usize).map_or(0, Duration::as_micros);
    println!(
        "{name:<22} {tasks:>5} {batch:>6} {:>12.0} {:>12.0} {:>10} {:>10}",
        (tasks * each) as f64 / seconds,
        (tasks * each * batch) as f64 / seconds,
        at(0.5),
        at(0.99),
    );
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let folder = std::env::var_os("HYPERRSI_STORE_FOLDER").map_or(folder.path().into(), PathBuf::from);
    println!(
        "{:<22} {:>5} {:>6} {:>12} {:>12} {:>10} {:>10}",
        "", "tasks", "batch", "appends/s", "records/s", "p50 us", "p99 us"
    );
    for (kind, sync) in [("", false), (", synced", true)] {
        let path = folder.join(format!("bench{sync}.db"));
        let store = Arc::new(SqliteOptions::at(&path).sync_commits(sync).open().await.unwrap());
        let each = if sync { 300 } else { 3_000 };
        for (tasks, batch, each) in [(1, 1, each), (1, 10, each / 3), (32, 1, each / 10)] {
            measure(&format!("Before{kind}"), &store, Persist::Before, tasks, each, batch).await;
            measure(&format!("Spool{kind}"), &store, Persist::Spool, tasks, each, batch).await;
        }
        let account = format!("Before{kind}-1-1").as_str().into();
        let query = RecordQuery { newest_first: true, ..RecordQuery::of(account, [RecordKind::Decision]) };
        let begun = Instant::now();
        for _ in 0..100 {
            store.read(&query).await.unwrap();
        }
        println!("newest 100 decisions: {} us", begun.elapsed().as_micros() / 100);
        store.close().await.unwrap();
    }
}
