use super::SqliteStore;
use super::error::failed;
use async_trait::async_trait;
use hyperrsi_core::model::{Candle, Timestamp};
use hyperrsi_core::store::{Anchor, Body, Candles, CandlesWritten, Code, SeriesId, StoreError};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};
use std::collections::BTreeMap;

type Row = (i64, f64, f64, f64, f64, f64);

/// Rows of seven values each, under SQLite's limit of 32 766 values in one statement.
const CHUNK: usize = 4_000;

fn candle((at, open, high, low, close, volume): Row) -> Candle {
    Candle::new(Timestamp::from_millis(at), open, high, low, close, volume)
}

fn refuse_faulty(series: &SeriesId, candles: &[Candle]) -> Result<(), StoreError> {
    match candles.iter().find_map(|candle| Some((candle, candle.fault()?))) {
        None => Ok(()),
        Some((candle, fault)) => {
            let what =
                format!("the candle of {} {} at {}", series.instrument, series.timeframe, candle.open_time);
            Err(StoreError::Corrupt { what, detail: fault.into() })
        }
    }
}

/// The number of a series, given if it is new.
async fn number(connection: &mut SqliteConnection, series: &SeriesId) -> Result<i64, StoreError> {
    sqlx::query_scalar(
        "INSERT INTO series (venue, symbol, timeframe) VALUES (?, ?, ?) \
         ON CONFLICT (venue, symbol, timeframe) DO UPDATE SET venue = excluded.venue RETURNING id",
    )
    .bind(series.instrument.venue.as_str())
    .bind(&*series.instrument.symbol)
    .bind(series.timeframe.as_str())
    .fetch_one(connection)
    .await
    .map_err(failed)
}

/// Begins a statement on the rows of a series: `head WHERE series = (...)`.
fn of_series(head: &str, series: &SeriesId) -> QueryBuilder<Sqlite> {
    let mut sql = QueryBuilder::new(head);
    sql.push(" WHERE series = (SELECT id FROM series WHERE venue = ");
    sql.push_bind(series.instrument.venue.as_str().to_owned()).push(" AND symbol = ");
    sql.push_bind(series.instrument.symbol.to_string()).push(" AND timeframe = ");
    sql.push_bind(series.timeframe.as_str()).push(")");
    sql
}

const SELECT: &str = "SELECT open_time, open, high, low, close, volume FROM candle";

#[async_trait]
impl Candles for SqliteStore {
    async fn put_candles(&self, series: &SeriesId, candles: &[Candle]) -> Result<CandlesWritten, StoreError> {
        refuse_faulty(series, candles)?;
        let times = candles.iter().map(|candle| candle.open_time);
        let (Some(first), Some(last)) = (times.clone().min(), times.max()) else {
            return Ok(CandlesWritten::default());
        };
        self.within(async {
            let mut change = self.change().await?;
            let id = number(change.connection(), series).await?;
            let mut sql = of_series(SELECT, series);
            sql.push(" AND open_time BETWEEN ").push_bind(first.millis());
            sql.push(" AND ").push_bind(last.millis());
            let found: Vec<Row> =
                sql.build_query_as().fetch_all(change.connection()).await.map_err(failed)?;
            let mut known: BTreeMap<Timestamp, Candle> =
                found.into_iter().map(candle).map(|candle| (candle.open_time, candle)).collect();

            let mut written = CandlesWritten::default();
            let mut changed = BTreeMap::new();
            for candle in candles {
                match known.insert(candle.open_time, *candle) {
                    None => written.new += 1,
                    Some(before) if before != *candle => written.revised += 1,
                    Some(_) => continue,
                }
                changed.insert(candle.open_time, *candle);
            }
            let changed: Vec<Candle> = changed.into_values().collect();
            for chunk in changed.chunks(CHUNK) {
                let mut sql = QueryBuilder::new(
                    "INSERT OR REPLACE INTO candle (series, open_time, open, high, low, close, volume) ",
                );
                sql.push_values(chunk, |mut row, candle| {
                    row.push_bind(id).push_bind(candle.open_time.millis()).push_bind(candle.open);
                    row.push_bind(candle.high).push_bind(candle.low);
                    row.push_bind(candle.close).push_bind(candle.volume);
                });
                sql.build().persistent(false).execute(change.connection()).await.map_err(failed)?;
            }
            change.commit().await?;
            Ok(written)
        })
        .await
    }

    async fn candles(
        &self,
        series: &SeriesId,
        from: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Candle>, StoreError> {
        self.within(async {
            let mut sql = of_series(SELECT, series);
            sql.push(" AND open_time >= ").push_bind(from.millis());
            sql.push(" AND open_time < ").push_bind(until.millis());
            sql.push(" ORDER BY open_time LIMIT ").push_bind(i64::from(limit));
            let rows: Vec<Row> = sql.build_query_as().fetch_all(&self.readers).await.map_err(failed)?;
            Ok(rows.into_iter().map(candle).collect())
        })
        .await
    }

    async fn last_candle(&self, series: &SeriesId) -> Result<Option<Candle>, StoreError> {
        self.within(async {
            let mut sql = of_series(SELECT, series);
            sql.push(" ORDER BY open_time DESC LIMIT 1");
            let row: Option<Row> =
                sql.build_query_as().fetch_optional(&self.readers).await.map_err(failed)?;
            Ok(row.map(candle))
        })
        .await
    }

    async fn put_anchor(
        &self,
        series: &SeriesId,
        indicator: &Code,
        anchor: Anchor,
    ) -> Result<(), StoreError> {
        self.within(async {
            let mut change = self.change().await?;
            let id = number(change.connection(), series).await?;
            sqlx::query(
                "INSERT OR REPLACE INTO anchor (series, indicator, start, state_at, state_body) \
                 VALUES (?, ?, ?, ?, ?)",
            )
            .bind(id)
            .bind(indicator.as_str())
            .bind(anchor.start.millis())
            .bind(anchor.state.as_ref().map(|(at, _)| at.millis()))
            .bind(anchor.state.as_ref().map(|(_, body)| body.as_json()))
            .execute(change.connection())
            .await
            .map_err(failed)?;
            change.commit().await
        })
        .await
    }

    async fn anchor(&self, series: &SeriesId, indicator: &Code) -> Result<Option<Anchor>, StoreError> {
        self.within(async {
            let mut sql = of_series("SELECT start, state_at, state_body FROM anchor", series);
            sql.push(" AND indicator = ").push_bind(indicator.as_str().to_owned());
            let row: Option<(i64, Option<i64>, Option<String>)> =
                sql.build_query_as().fetch_optional(&self.readers).await.map_err(failed)?;
            let Some((start, at, body)) = row else { return Ok(None) };
            let state = match (at, body) {
                (Some(at), Some(body)) => Some((Timestamp::from_millis(at), Body::from_json(body)?)),
                _ => None,
            };
            Ok(Some(Anchor { start: Timestamp::from_millis(start), state }))
        })
        .await
    }
}
