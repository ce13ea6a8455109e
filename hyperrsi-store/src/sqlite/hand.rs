//! The one connection that writes.

use super::error::failed;
use super::file::Claim;
use super::spool::Spool;
use hyperrsi_core::store::{Appended, Entry, Fence, StoreError};
use sqlx::SqliteConnection;
use tokio::sync::MappedMutexGuard;

/// The connection that writes, and what waits to be written.
#[derive(Debug)]
pub(super) struct Hand {
    connection: SqliteConnection,
    pub(super) spool: Spool,
    /// A transaction was begun and not ended: whoever began it was cancelled.
    open: bool,
    /// Given back last.
    _claim: Claim,
}

impl Hand {
    pub(super) const fn new(connection: SqliteConnection, spool: Spool, claim: Claim) -> Self {
        Self { connection, spool, open: false, _claim: claim }
    }

    pub(super) const fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }

    pub(super) async fn begin(&mut self) -> Result<(), StoreError> {
        if self.open {
            self.roll_back().await;
        }
        sqlx::query("BEGIN IMMEDIATE").execute(&mut self.connection).await.map_err(failed)?;
        self.open = true;
        Ok(())
    }

    pub(super) async fn commit(&mut self) -> Result<(), StoreError> {
        match sqlx::query("COMMIT").execute(&mut self.connection).await {
            Ok(_) => {
                self.open = false;
                Ok(())
            }
            Err(error) => {
                self.roll_back().await;
                Err(failed(error))
            }
        }
    }

    pub(super) async fn roll_back(&mut self) {
        // SQLite ends a transaction itself after some errors; then there is nothing left to roll back.
        let _ = sqlx::query("ROLLBACK").execute(&mut self.connection).await;
        self.open = false;
    }

    /// Writes what waits, in order. On an error it waits on.
    pub(super) async fn flush(&mut self) -> Result<(), StoreError> {
        if self.spool.is_empty() {
            return Ok(());
        }
        self.begin().await?;
        if let Err(error) = self.spool.write(&mut self.connection).await {
            self.roll_back().await;
            return Err(error);
        }
        self.commit().await?;
        self.spool.clear();
        Ok(())
    }

    /// Takes a batch into memory.
    pub(super) async fn spool_batch(
        &mut self,
        fence: &Fence,
        batch: Vec<Entry>,
    ) -> Result<Appended, StoreError> {
        self.spool.take(&mut self.connection, fence, batch).await
    }

    /// Writes the log into the file and closes it.
    pub(super) async fn close(mut self) -> Result<(), StoreError> {
        let flushed = self.flush().await;
        // Without it the log stays beside the file and is read at the next start.
        let _ = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut self.connection).await;
        let Self { connection, _claim, .. } = self;
        let closed = sqlx::Connection::close(connection).await.map_err(failed);
        flushed.and(closed)
    }
}

/// A change of its own: begun, and undone unless it is committed.
pub(super) struct Change<'a> {
    hand: MappedMutexGuard<'a, Hand>,
}

impl<'a> Change<'a> {
    /// Begins a change after everything that waits.
    pub(super) async fn begin(mut hand: MappedMutexGuard<'a, Hand>) -> Result<Self, StoreError> {
        hand.flush().await?;
        hand.begin().await?;
        Ok(Self { hand })
    }

    pub(super) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.hand.connection
    }

    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        self.hand.commit().await
    }
}
