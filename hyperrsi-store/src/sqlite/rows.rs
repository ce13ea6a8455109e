//! Records as rows.

use super::error::{damaged, failed};
use hyperrsi_core::model::{AccountId, InstrumentId, PositionSide, Timestamp, TraderId};
use hyperrsi_core::store::{
    Body, Code, Entry, Epoch, Fence, Record, RecordKind, RecordQuery, Seq, StoreError, Tags,
};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection};

/// What is known of an account's journal.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Book {
    /// 0 if there is none: no row has it.
    pub(super) id: i64,
    pub(super) epoch: Epoch,
    pub(super) last: Seq,
}

/// For the database: its integers have a sign. Places and epochs beyond it are not given.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| damaged(format!("{number} is negative")))
}

pub(super) const fn side_code(side: PositionSide) -> &'static str {
    match side {
        PositionSide::Long => "long",
        PositionSide::Short => "short",
    }
}

pub(super) fn side(code: &str) -> Result<PositionSide, StoreError> {
    match code {
        "long" => Ok(PositionSide::Long),
        "short" => Ok(PositionSide::Short),
        other => Err(damaged(format!("side {other}"))),
    }
}

/// An account's journal as it is.
pub(super) async fn book(connection: &mut SqliteConnection, account: &AccountId) -> Result<Book, StoreError> {
    let row: Option<(i64, i64, i64)> = sqlx::query_as("SELECT id, epoch, last FROM book WHERE account = ?")
        .bind(account.as_str())
        .fetch_optional(connection)
        .await
        .map_err(failed)?;
    row.map_or(Ok(Book::default()), of_row)
}

/// Opens an account's journal for a writer, within the caller's transaction: a higher epoch becomes the newest, a lower
/// one is refused.
pub(super) async fn open_book(connection: &mut SqliteConnection, fence: &Fence) -> Result<Book, StoreError> {
    let row: Option<(i64, i64, i64)> = sqlx::query_as(
        "INSERT INTO book (account, epoch) VALUES (?, ?) \
         ON CONFLICT (account) DO UPDATE SET epoch = excluded.epoch WHERE excluded.epoch >= book.epoch \
         RETURNING id, epoch, last",
    )
    .bind(fence.account.as_str())
    .bind(signed(fence.epoch.0))
    .fetch_optional(&mut *connection)
    .await
    .map_err(failed)?;
    match row {
        Some(row) => of_row(row),
        None => {
            let held = book(connection, &fence.account).await?.epoch;
            Err(StoreError::Fenced { account: fence.account.clone(), epoch: fence.epoch, held })
        }
    }
}

fn of_row((id, epoch, last): (i64, i64, i64)) -> Result<Book, StoreError> {
    Ok(Book { id, epoch: Epoch(unsigned(epoch)?), last: Seq(unsigned(last)?) })
}

pub(super) async fn has_key(
    connection: &mut SqliteConnection,
    book: i64,
    key: &str,
) -> Result<bool, StoreError> {
    let found: Option<i64> = sqlx::query_scalar("SELECT seq FROM record WHERE book = ? AND key = ?")
        .bind(book)
        .bind(key)
        .fetch_optional(connection)
        .await
        .map_err(failed)?;
    Ok(found.is_some())
}

/// Writes an entry at a place; `false` if its key is there already.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    book: i64,
    seq: Seq,
    epoch: Epoch,
    entry: &Entry,
) -> Result<bool, StoreError> {
    let instrument = entry.tags.instrument.as_ref();
    let done = sqlx::query(
        "INSERT INTO record (book, seq, epoch, key, trader, at, kind, venue, symbol, side, outcome, reason, body) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (book, key) DO NOTHING",
    )
    .bind(book)
    .bind(signed(seq.0))
    .bind(signed(epoch.0))
    .bind(&entry.key)
    .bind(entry.trader.as_ref().map(TraderId::as_str))
    .bind(entry.at.millis())
    .bind(entry.kind.code())
    .bind(instrument.map(|instrument| instrument.venue.as_str()))
    .bind(instrument.map(|instrument| &*instrument.symbol))
    .bind(entry.tags.side.map(side_code))
    .bind(entry.tags.outcome.as_ref().map(Code::as_str))
    .bind(entry.tags.reason.as_ref().map(Code::as_str))
    .bind(entry.body.as_json())
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() > 0)
}

pub(super) async fn set_last(
    connection: &mut SqliteConnection,
    book: i64,
    last: Seq,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE book SET last = ? WHERE id = ?")
        .bind(signed(last.0))
        .bind(book)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// What [`record`] reads, in the order of the columns.
const COLUMNS: &str = "SELECT seq, epoch, key, trader, at, kind, venue, symbol, side, outcome, reason, body FROM record \
     WHERE body IS NOT NULL AND book = (SELECT id FROM book WHERE account = ";

/// The statement of a query.
pub(super) fn select(query: &RecordQuery) -> QueryBuilder<Sqlite> {
    let mut sql = QueryBuilder::new(COLUMNS);
    sql.push_bind(query.account.as_str().to_owned()).push(") AND seq > ").push_bind(signed(query.after.0));
    if let Some(before) = query.before {
        sql.push(" AND seq < ").push_bind(signed(before.0));
    }
    if let Some(from) = query.from {
        sql.push(" AND at >= ").push_bind(from.millis());
    }
    if let Some(until) = query.until {
        sql.push(" AND at < ").push_bind(until.millis());
    }
    if let Some(instrument) = &query.instrument {
        sql.push(" AND venue = ").push_bind(instrument.venue.as_str().to_owned());
        sql.push(" AND symbol = ").push_bind(instrument.symbol.to_string());
    }
    if let Some(side) = query.side {
        sql.push(" AND side = ").push_bind(side_code(side));
    }
    let texts = [
        (" AND trader = ", query.trader.as_ref().map(TraderId::as_str)),
        (" AND outcome = ", query.outcome.as_ref().map(Code::as_str)),
        (" AND reason = ", query.reason.as_ref().map(Code::as_str)),
    ];
    for (condition, wanted) in texts {
        if let Some(wanted) = wanted {
            sql.push(condition).push_bind(wanted.to_owned());
        }
    }
    if !query.kinds.is_empty() {
        sql.push(" AND kind IN (");
        let mut list = sql.separated(", ");
        for kind in &query.kinds {
            list.push_bind(kind.code());
        }
        sql.push(")");
    }
    sql.push(if query.newest_first { " ORDER BY seq DESC LIMIT " } else { " ORDER BY seq LIMIT " });
    sql.push_bind(i64::from(query.limit));
    sql
}

/// The statement for one key.
pub(super) fn select_key(account: &AccountId, key: &str) -> QueryBuilder<Sqlite> {
    let mut sql = QueryBuilder::new(COLUMNS);
    sql.push_bind(account.as_str().to_owned()).push(") AND key = ").push_bind(key.to_owned());
    sql
}

/// A record of its row.
pub(super) fn record(account: &AccountId, row: &SqliteRow) -> Result<Record, StoreError> {
    let text = |column: &str| row.try_get::<Option<String>, _>(column).map_err(failed);
    let number = |column: &str| row.try_get::<i64, _>(column).map_err(failed);
    let must = |column: &str| Ok(text(column)?.unwrap_or_default());
    let kind = must("kind")?;
    let tags = Tags {
        instrument: match (text("venue")?, text("symbol")?) {
            (Some(venue), Some(symbol)) => Some(InstrumentId::new(venue, symbol)),
            _ => None,
        },
        side: text("side")?.as_deref().map(side).transpose()?,
        outcome: text("outcome")?.map(Code::from),
        reason: text("reason")?.map(Code::from),
    };
    let entry = Entry {
        key: must("key")?,
        trader: text("trader")?.as_deref().map(TraderId::from),
        at: Timestamp::from_millis(number("at")?),
        kind: RecordKind::from_code(&kind).ok_or_else(|| damaged(format!("record kind {kind}")))?,
        tags,
        body: Body::from_json(must("body")?)?,
    };
    Ok(Record {
        seq: Seq(unsigned(number("seq")?)?),
        account: account.clone(),
        epoch: Epoch(unsigned(number("epoch")?)?),
        entry,
    })
}
