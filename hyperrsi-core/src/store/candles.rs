use super::{Body, Code, StoreError};
use crate::model::{Candle, InstrumentId, Timeframe, Timestamp};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// A series of candles.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SeriesId {
    /// The instrument.
    pub instrument: InstrumentId,
    /// The timeframe.
    pub timeframe: Timeframe,
}

/// What writing candles came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CandlesWritten {
    /// Candles that were not there.
    pub new: u64,
    /// Candles that were there with other values and now have these: to be logged, never decided again.
    pub revised: u64,
}

/// Where the history of an indicator begins, and its state so far: what makes a restarted trader, a long-running one
/// and a backtest decide alike (TRADING 2.7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// Open time of the first candle that counts.
    pub start: Timestamp,
    /// The state after the candle that opened at this time, if it was saved.
    pub state: Option<(Timestamp, Body)>,
}

/// Closed candles, stored once per series whoever uses them.
#[async_trait]
pub trait Candles: Send + Sync {
    /// Writes closed candles in any order; one of a known open time replaces it.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if one has a [fault](Candle::fault); then none was written.
    async fn put_candles(&self, series: &SeriesId, candles: &[Candle]) -> Result<CandlesWritten, StoreError>;

    /// At most `limit` candles that open in `from..until`, oldest first.
    async fn candles(
        &self,
        series: &SeriesId,
        from: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Candle>, StoreError>;

    /// The newest candle.
    async fn last_candle(&self, series: &SeriesId) -> Result<Option<Candle>, StoreError>;

    /// Records where `indicator` (such as `trend`) begins on a series; replaces what was recorded.
    async fn put_anchor(&self, series: &SeriesId, indicator: &Code, anchor: Anchor)
    -> Result<(), StoreError>;

    /// Where `indicator` begins on a series.
    async fn anchor(&self, series: &SeriesId, indicator: &Code) -> Result<Option<Anchor>, StoreError>;
}
