//! A process that is killed while it writes loses nothing that was acknowledged.
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

use hyperrsi_core::store::{Journal, Persist, Seq};
use hyperrsi_store::SqliteStore;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use support::{account, again, batch, child, lease, whole_batches};

/// Writes batches without end, says which `Before` was acknowledged, and is killed for it. Two of three are spooled.
async fn write_until_killed(folder: &std::path::Path) {
    let store = SqliteStore::open(folder.join("killed.db")).await.unwrap();
    let fence = lease(&store).await;
    let first = store.last_seq(&account()).await.unwrap().0 / support::BATCH;
    for n in first.. {
        let persist = if n % 3 == 2 { Persist::Before } else { Persist::Spool };
        // Some fit a page, some take many.
        let came = store.append(&fence, batch(n, (n as usize * 613) % 9_000), persist).await.unwrap();
        assert_eq!(came.last, Seq((n + 1) * support::BATCH));
        if persist == Persist::Before {
            let mut out = std::io::stdout().lock();
            writeln!(out, "ack {n}").unwrap();
            out.flush().unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_sigkill() {
    if let Some(folder) = child() {
        return write_until_killed(&folder).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("killed.db");
    let mut random = 20_260_101_u64;
    let mut kept = 0;
    for round in 0..12 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let enough = 1 + (random >> 33) % 60;
        let mut writer = again("what_was_acknowledged_survives_sigkill", folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut acknowledged = None;
        let mut heard = 0;
        for line in BufReader::new(writer.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            let Some((_, n)) = line.split_once("ack ") else { continue };
            acknowledged = Some(n.parse::<u64>().unwrap());
            heard += 1;
            if heard == enough {
                // It goes on writing meanwhile: the blow falls anywhere. What it still said is read to the end.
                writer.kill().unwrap();
            }
        }
        writer.wait().unwrap();
        let acknowledged = acknowledged.expect("the writer got to work");
        assert!(heard >= enough, "it was killed, it did not fail on its own");

        let store = SqliteStore::open(&path).await.unwrap();
        let batches = whole_batches(&store).await;
        assert!(
            batches > acknowledged,
            "round {round}: {acknowledged} was acknowledged, {batches} are there"
        );
        assert!(batches > kept, "round {round}: nothing of earlier rounds is lost");
        kept = batches;
        store.close().await.unwrap();
    }
}
