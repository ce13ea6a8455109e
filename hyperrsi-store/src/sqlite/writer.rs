//! The task that appends. Whatever has queued up goes into one transaction, and whoever waits is answered after it: one
//! commit serves many. When the transaction fails it is undone; `Before` is told so, `Spool` goes to memory and is tried
//! again, first of all, whenever something comes or time has passed.

use super::hand::Hand;
use super::rows::{self, Book};
use super::spool;
use hyperrsi_core::model::AccountId;
use hyperrsi_core::store::{Appended, Entry, Fence, Persist, Seq, StoreError};
use sqlx::SqliteConnection;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc, oneshot};

/// At most so many appends share a commit.
const GROUP: usize = 256;
/// How many appends may queue before callers wait for a place.
pub(super) const QUEUE: usize = 1024;
/// How long between attempts to write what waits.
const RETRY: Duration = Duration::from_millis(500);

type Reply = oneshot::Sender<Result<Appended, StoreError>>;

/// An append and who waits for it.
pub(super) struct Job {
    pub(super) fence: Fence,
    pub(super) batch: Vec<Entry>,
    pub(super) persist: Persist,
    pub(super) reply: Reply,
}

/// Runs until the last sender is gone, then writes what is left.
pub(super) async fn run(hand: Arc<Mutex<Option<Hand>>>, mut jobs: mpsc::Receiver<Job>) {
    let mut group = Vec::with_capacity(GROUP);
    loop {
        let waiting = hand.lock().await.as_ref().is_some_and(|hand| !hand.spool.is_empty());
        let received = if waiting {
            tokio::time::timeout(RETRY, jobs.recv_many(&mut group, GROUP)).await
        } else {
            Ok(jobs.recv_many(&mut group, GROUP).await)
        };
        let mut hand = hand.lock().await;
        let Some(hand) = hand.as_mut() else { return };
        let flushed = hand.flush().await;
        match received {
            Ok(0) => {
                if let Err(error) = flushed {
                    tracing::error!(%error, "records that were spooled could not be written");
                }
                return;
            }
            Ok(_) => append(hand, std::mem::take(&mut group), flushed).await,
            Err(_) => {}
        }
    }
}

async fn append(hand: &mut Hand, group: Vec<Job>, flushed: Result<(), StoreError>) {
    let written = match flushed {
        Ok(()) => write(hand, &group).await,
        Err(error) => Err(error),
    };
    match written {
        Ok(answers) => {
            for (job, answer) in group.into_iter().zip(answers) {
                let _ = job.reply.send(answer);
            }
        }
        Err(error) => {
            tracing::warn!(%error, "the journal cannot be written; records are spooled");
            for job in group {
                let answer = match job.persist {
                    Persist::Before => Err(error.clone()),
                    Persist::Spool => hand.spool_batch(&job.fence, job.batch).await,
                };
                let _ = job.reply.send(answer);
            }
        }
    }
}

/// Writes a group in one transaction. The answers hold once it is committed.
async fn write(hand: &mut Hand, group: &[Job]) -> Result<Vec<Result<Appended, StoreError>>, StoreError> {
    hand.begin().await?;
    match insert(hand.connection(), group).await {
        Ok(answers) => {
            hand.commit().await?;
            Ok(answers)
        }
        Err(error) => {
            hand.roll_back().await;
            Err(error)
        }
    }
}

async fn insert(
    connection: &mut SqliteConnection,
    group: &[Job],
) -> Result<Vec<Result<Appended, StoreError>>, StoreError> {
    let mut books: BTreeMap<AccountId, Book> = BTreeMap::new();
    let mut answers = Vec::with_capacity(group.len());
    for job in group {
        let fence = &job.fence;
        if let Some(error) = spool::unwritable(fence, &job.batch) {
            answers.push(Err(error));
            continue;
        }
        let known = books.get(&fence.account).filter(|book| book.epoch == fence.epoch).copied();
        let opened = match known {
            Some(book) => Ok(book),
            None => rows::open_book(connection, fence).await,
        };
        let mut book = match opened {
            // What this transaction wrote under an earlier epoch is not in the row yet.
            Ok(book) => {
                Book { last: books.get(&fence.account).map_or(book.last, |earlier| earlier.last), ..book }
            }
            Err(error @ StoreError::Fenced { .. }) => {
                answers.push(Err(error));
                continue;
            }
            Err(error) => return Err(error),
        };
        let mut written = 0;
        for entry in &job.batch {
            let next = Seq(book.last.0 + 1);
            if rows::insert(connection, book.id, next, fence.epoch, entry).await? {
                book.last = next;
                written += 1;
            }
        }
        books.insert(fence.account.clone(), book);
        answers.push(Ok(Appended { last: book.last, written }));
    }
    for book in books.values() {
        rows::set_last(connection, book.id, book.last).await?;
    }
    Ok(answers)
}
