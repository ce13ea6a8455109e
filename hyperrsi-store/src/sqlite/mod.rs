//! A store in one SQLite file.
//!
//! ```text
//! append ─▶ queue ─▶ writer: everything queued in one transaction ─▶ answers
//!                       └ it fails: Before is told, Spool waits in memory in order ─▶ tried again
//! other writes ─▶ a transaction each, after what waits      reads ─▶ connections of their own, plus what waits
//! ```

mod candles;
mod error;
mod file;
mod hand;
mod journal;
mod leases;
mod options;
mod rows;
mod schema;
mod spool;
mod texts;
mod users;
mod wal;
mod writer;

pub use options::SqliteOptions;

use async_trait::async_trait;
use error::failed;
use hand::{Change, Hand};
use hyperrsi_core::store::{Health, Store, StoreError};
use spool::Spool;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, SqlitePool};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex as Lock, PoisonError};
use std::time::Duration;
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard, mpsc};
use tokio::task::JoinHandle;

/// A complete [`Store`] in one SQLite file. Cheap to share in an [`Arc`]; one handle per file.
///
/// Needs a tokio runtime with time. [`close`](Self::close) it before the runtime ends; a process that is killed loses
/// nothing that was acknowledged.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    schema: u32,
    timeout: Duration,
    /// `None` once closed; the same below.
    jobs: Lock<Option<mpsc::Sender<writer::Job>>>,
    task: Lock<Option<JoinHandle<()>>>,
    hand: Arc<Mutex<Option<Hand>>>,
    readers: SqlitePool,
    /// How many records wait in memory.
    waiting: Arc<AtomicU64>,
}

fn take<T>(lock: &Lock<Option<T>>) -> Option<T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner).take()
}

fn closed() -> StoreError {
    StoreError::Unavailable { detail: "it was closed".into() }
}

impl SqliteStore {
    /// Opens a file, creating it if it is not there, with the default [`SqliteOptions`]. Only its owner may read it then
    /// (mode 0600), and an older layout is brought up to date after a copy was kept beside it (`.schema-N`).
    ///
    /// # Errors
    /// [`NotFound`](StoreError::NotFound) without its directory, [`InUse`](StoreError::InUse) while another handle has it
    /// open, [`ReadOnly`](StoreError::ReadOnly), [`Full`](StoreError::Full), [`Corrupt`](StoreError::Corrupt),
    /// [`NewerSchema`](StoreError::NewerSchema), [`Conflict`](StoreError::Conflict) for a database of another program,
    /// and [`Unavailable`](StoreError::Unavailable) for what else keeps it from being used.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        SqliteOptions::at(path).open().await
    }

    pub(crate) async fn open_with(options: SqliteOptions) -> Result<Self, StoreError> {
        let claim = file::Claim::on(&options.path)?;
        if options.verify {
            wal::check(&claim.path)?;
        }
        let connect = SqliteConnectOptions::new()
            .filename(&claim.path)
            .create_if_missing(false)
            .foreign_keys(true)
            .busy_timeout(options.timeout);
        let synchronous =
            if options.sync_commits { SqliteSynchronous::Full } else { SqliteSynchronous::Normal };
        // Pages reach the log at the commit alone, in order: what `wal` takes a torn end by.
        let writing = connect.clone().synchronous(synchronous).pragma("cache_spill", "OFF");
        let mut connection = writing.connect().await.map_err(failed)?;
        let migrations = schema::migrations();
        let newest = schema::newest(&migrations);
        schema::prepare(&mut connection, &claim, migrations, options.verify).await?;
        if let Some(bytes) = options.max_bytes {
            schema::limit(&mut connection, bytes).await?;
        }
        let readers = SqlitePoolOptions::new()
            .max_connections(options.readers)
            .acquire_timeout(options.timeout)
            .connect_with(connect.read_only(true))
            .await
            .map_err(failed)?;
        let path = claim.path.clone();
        let waiting = Arc::new(AtomicU64::new(0));
        let spool = Spool::new(options.spool_records, options.spool_bytes, Arc::clone(&waiting));
        let hand = Arc::new(Mutex::new(Some(Hand::new(connection, spool, claim))));
        let (jobs, queue) = mpsc::channel(writer::QUEUE);
        let task = tokio::spawn(writer::run(Arc::clone(&hand), queue));
        Ok(Self {
            path,
            schema: newest,
            timeout: options.timeout,
            jobs: Lock::new(Some(jobs)),
            task: Lock::new(Some(task)),
            hand,
            readers,
            waiting,
        })
    }

    /// The file, through every link.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes what waits, closes the file and gives it free. Every later call is refused as unavailable; closing again
    /// changes nothing.
    ///
    /// # Errors
    /// What kept spooled records from being written; they are lost then.
    pub async fn close(&self) -> Result<(), StoreError> {
        drop(take(&self.jobs));
        if let Some(task) = take(&self.task) {
            // It ends once the queue is empty.
            let _ = task.await;
        }
        self.readers.close().await;
        match self.hand.lock().await.take() {
            Some(hand) => hand.close().await,
            None => Ok(()),
        }
    }

    /// The connection that writes.
    async fn hand(&self) -> Result<MappedMutexGuard<'_, Hand>, StoreError> {
        MutexGuard::try_map(self.hand.lock().await, Option::as_mut).map_err(|_| closed())
    }

    /// Begins a change of its own, after everything that waits.
    async fn change(&self) -> Result<Change<'_>, StoreError> {
        Change::begin(self.hand().await?).await
    }

    /// A call, for as long as callers wait.
    async fn within<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        match tokio::time::timeout(self.timeout, call).await {
            Ok(answer) => answer,
            Err(_) => {
                let detail = format!("no answer within {} ms", self.timeout.as_millis());
                Err(StoreError::Unavailable { detail })
            }
        }
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn health(&self) -> Result<Health, StoreError> {
        self.within(async {
            let written = async {
                let mut change = self.change().await?;
                sqlx::query("UPDATE pulse SET beats = beats + 1")
                    .execute(change.connection())
                    .await
                    .map_err(failed)?;
                change.commit().await
            };
            let written = written.await;
            sqlx::query("SELECT beats FROM pulse").fetch_one(&self.readers).await.map_err(failed)?;
            Ok(Health {
                schema: self.schema,
                writable: written.is_ok(),
                spooled: self.waiting.load(Ordering::Acquire),
                free_bytes: fs4::available_space(&self.path).ok(),
            })
        })
        .await
    }
}
