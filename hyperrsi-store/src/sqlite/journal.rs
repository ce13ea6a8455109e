use super::error::{damaged, failed};
use super::rows::{self, signed, unsigned};
use super::spool::Spool;
use super::{SqliteStore, closed, writer};
use async_trait::async_trait;
use hyperrsi_core::model::{AccountId, InstrumentId, PositionKey, Timestamp, TraderId};
use hyperrsi_core::store::{
    Appended, Body, Cooldown, Entry, Fence, Journal, Persist, Record, RecordKind, RecordQuery, Seq, Snapshot,
    StoreError,
};
use sqlx::QueryBuilder;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use tokio::sync::oneshot;

/// Whose snapshot it is, as a text that is never absent.
fn machine(trader: Option<&TraderId>) -> String {
    trader.map_or_else(|| "account".into(), |trader| format!("trader:{trader}"))
}

impl SqliteStore {
    /// What is asked of the spool; nothing if nothing waits. One more attempt to write it comes first.
    async fn spooled<T: Default>(&self, ask: impl FnOnce(&Spool) -> T + Send) -> Result<T, StoreError> {
        if self.waiting.load(Ordering::Acquire) == 0 {
            return Ok(T::default());
        }
        let mut hand = self.hand().await?;
        // What cannot be written is answered from memory.
        let _ = hand.flush().await;
        Ok(ask(&hand.spool))
    }
}

#[async_trait]
impl Journal for SqliteStore {
    async fn append(
        &self,
        fence: &Fence,
        batch: Vec<Entry>,
        persist: Persist,
    ) -> Result<Appended, StoreError> {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or_else(closed)?;
        let (reply, answer) = oneshot::channel();
        let job = writer::Job { fence: fence.clone(), batch, persist, reply };
        self.within(async {
            jobs.send(job).await.map_err(|_| closed())?;
            drop(jobs);
            answer.await.map_err(|_| closed())?
        })
        .await
    }

    async fn read(&self, query: &RecordQuery) -> Result<Vec<Record>, StoreError> {
        self.within(async {
            // Memory first: what is written in between is then met twice, never missed.
            let mut waiting = self.spooled(|spool| spool.matching(query)).await?;
            let found = rows::select(query).build().fetch_all(&self.readers).await.map_err(failed)?;
            let mut records =
                found.iter().map(|row| rows::record(&query.account, row)).collect::<Result<Vec<_>, _>>()?;
            waiting.retain(|record| records.iter().all(|known| known.seq != record.seq));
            if !waiting.is_empty() {
                records.append(&mut waiting);
                records.sort_by_key(|record| record.seq);
                if query.newest_first {
                    records.reverse();
                }
                records.truncate(usize::try_from(query.limit).unwrap_or(usize::MAX));
            }
            Ok(records)
        })
        .await
    }

    async fn record(&self, account: &AccountId, key: &str) -> Result<Option<Record>, StoreError> {
        self.within(async {
            if let Some(record) = self.spooled(|spool| spool.record(account, key)).await? {
                return Ok(Some(record));
            }
            let found =
                rows::select_key(account, key).build().fetch_optional(&self.readers).await.map_err(failed)?;
            found.map(|row| rows::record(account, &row)).transpose()
        })
        .await
    }

    async fn last_seq(&self, account: &AccountId) -> Result<Seq, StoreError> {
        self.within(async {
            if let Some(last) = self.spooled(|spool| spool.last_of(account)).await? {
                return Ok(last);
            }
            let last: Option<i64> = sqlx::query_scalar("SELECT last FROM book WHERE account = ?")
                .bind(account.as_str())
                .fetch_optional(&self.readers)
                .await
                .map_err(failed)?;
            last.map_or(Ok(Seq::START), |last| unsigned(last).map(Seq))
        })
        .await
    }

    async fn put_snapshot(&self, fence: &Fence, snapshot: Snapshot) -> Result<(), StoreError> {
        self.within(async {
            let mut change = self.change().await?;
            let book = rows::open_book(change.connection(), fence).await?;
            if snapshot.covers > book.last {
                let detail =
                    format!("it covers record {}, the last one is {}", snapshot.covers.0, book.last.0);
                return Err(StoreError::conflict("the snapshot", detail));
            }
            sqlx::query(
                "INSERT INTO snapshot (book, machine, schema, covers, at, body) VALUES (?, ?, ?, ?, ?, ?) \
                 ON CONFLICT (book, machine) DO UPDATE SET schema = excluded.schema, \
                 covers = excluded.covers, at = excluded.at, body = excluded.body \
                 WHERE excluded.covers >= snapshot.covers",
            )
            .bind(book.id)
            .bind(machine(snapshot.trader.as_ref()))
            .bind(i64::from(snapshot.schema))
            .bind(signed(snapshot.covers.0))
            .bind(snapshot.at.millis())
            .bind(snapshot.body.as_json())
            .execute(change.connection())
            .await
            .map_err(failed)?;
            change.commit().await
        })
        .await
    }

    async fn newest_snapshot(
        &self,
        account: &AccountId,
        trader: Option<&TraderId>,
        supported: u32,
    ) -> Result<Option<Snapshot>, StoreError> {
        self.within(async {
            let row: Option<(i64, i64, i64, String)> = sqlx::query_as(
                "SELECT schema, covers, at, body FROM snapshot \
                 WHERE book = (SELECT id FROM book WHERE account = ?) AND machine = ?",
            )
            .bind(account.as_str())
            .bind(machine(trader))
            .fetch_optional(&self.readers)
            .await
            .map_err(failed)?;
            let Some((schema, covers, at, body)) = row else { return Ok(None) };
            let found = u32::try_from(schema).map_err(|_| damaged(format!("snapshot schema {schema}")))?;
            if found > supported {
                return Err(StoreError::NewerSchema { found, supported });
            }
            Ok(Some(Snapshot {
                trader: trader.cloned(),
                schema: found,
                covers: Seq(unsigned(covers)?),
                at: Timestamp::from_millis(at),
                body: Body::from_json(body)?,
            }))
        })
        .await
    }

    async fn compact(&self, fence: &Fence, trader: Option<&TraderId>) -> Result<u64, StoreError> {
        self.within(async {
            let mut change = self.change().await?;
            let book = rows::open_book(change.connection(), fence).await?;
            // The key stays taken, so the row stays.
            let mut sql = QueryBuilder::new(
                "UPDATE record SET body = NULL, venue = NULL, symbol = NULL, side = NULL, outcome = NULL, \
                 reason = NULL WHERE body IS NOT NULL AND book = ",
            );
            sql.push_bind(book.id).push(" AND trader IS ").push_bind(trader.map(|t| t.as_str().to_owned()));
            sql.push(" AND seq <= (SELECT covers FROM snapshot WHERE book = ").push_bind(book.id);
            sql.push(" AND machine = ").push_bind(machine(trader)).push(") AND kind IN (");
            let mut kinds = sql.separated(", ");
            for kind in RecordKind::ALL.iter().filter(|kind| kind.is_replay()) {
                kinds.push_bind(kind.code());
            }
            sql.push(")");
            let done = sql.build().execute(change.connection()).await.map_err(failed)?;
            change.commit().await?;
            Ok(done.rows_affected())
        })
        .await
    }

    async fn put_cooldown(&self, fence: &Fence, cooldown: Cooldown) -> Result<(), StoreError> {
        self.within(async {
            let mut change = self.change().await?;
            let book = rows::open_book(change.connection(), fence).await?;
            sqlx::query(
                "INSERT INTO cooldown (book, venue, symbol, side, since) VALUES (?, ?, ?, ?, ?) \
                 ON CONFLICT (book, venue, symbol, side) DO UPDATE SET since = max(since, excluded.since)",
            )
            .bind(book.id)
            .bind(cooldown.key.instrument.venue.as_str())
            .bind(&*cooldown.key.instrument.symbol)
            .bind(rows::side_code(cooldown.key.side))
            .bind(cooldown.since.millis())
            .execute(change.connection())
            .await
            .map_err(failed)?;
            change.commit().await
        })
        .await
    }

    async fn cooldowns(&self, account: &AccountId) -> Result<Vec<Cooldown>, StoreError> {
        self.within(async {
            let rows: Vec<(String, String, String, i64)> = sqlx::query_as(
                "SELECT venue, symbol, side, since FROM cooldown \
                 WHERE book = (SELECT id FROM book WHERE account = ?) ORDER BY venue, symbol, side",
            )
            .bind(account.as_str())
            .fetch_all(&self.readers)
            .await
            .map_err(failed)?;
            rows.into_iter()
                .map(|(venue, symbol, side, since)| {
                    let key = PositionKey {
                        instrument: InstrumentId::new(venue, symbol),
                        side: rows::side(&side)?,
                    };
                    Ok(Cooldown { key, since: Timestamp::from_millis(since) })
                })
                .collect()
        })
        .await
    }
}
