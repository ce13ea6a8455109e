use super::{MemoryStore, lock};
use crate::model::{Candle, Timestamp};
use crate::store::{Anchor, Candles, CandlesWritten, Code, SeriesId, StoreError};
use async_trait::async_trait;
use std::collections::BTreeMap;

/// Series by open time, and the anchors on them.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    candles: BTreeMap<SeriesId, BTreeMap<Timestamp, Candle>>,
    anchors: BTreeMap<(SeriesId, Code), Anchor>,
}

#[async_trait]
impl Candles for MemoryStore {
    async fn put_candles(&self, series: &SeriesId, candles: &[Candle]) -> Result<CandlesWritten, StoreError> {
        if let Some((candle, fault)) = candles.iter().find_map(|candle| Some((candle, candle.fault()?))) {
            let what =
                format!("the candle of {} {} at {}", series.instrument, series.timeframe, candle.open_time);
            return Err(StoreError::Corrupt { what, detail: fault.into() });
        }
        let mut shelf = lock(&self.series);
        let known = shelf.candles.entry(series.clone()).or_default();
        let mut written = CandlesWritten::default();
        for candle in candles {
            match known.insert(candle.open_time, *candle) {
                None => written.new += 1,
                Some(before) if before != *candle => written.revised += 1,
                Some(_) => {}
            }
        }
        Ok(written)
    }

    async fn candles(
        &self,
        series: &SeriesId,
        from: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Candle>, StoreError> {
        let shelf = lock(&self.series);
        let Some(known) = shelf.candles.get(series) else { return Ok(Vec::new()) };
        if from >= until {
            return Ok(Vec::new());
        }
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(known.range(from..until).take(wanted).map(|(_, candle)| *candle).collect())
    }

    async fn last_candle(&self, series: &SeriesId) -> Result<Option<Candle>, StoreError> {
        let shelf = lock(&self.series);
        Ok(shelf.candles.get(series).and_then(|known| known.last_key_value()).map(|(_, candle)| *candle))
    }

    async fn put_anchor(
        &self,
        series: &SeriesId,
        indicator: &Code,
        anchor: Anchor,
    ) -> Result<(), StoreError> {
        lock(&self.series).anchors.insert((series.clone(), indicator.clone()), anchor);
        Ok(())
    }

    async fn anchor(&self, series: &SeriesId, indicator: &Code) -> Result<Option<Anchor>, StoreError> {
        Ok(lock(&self.series).anchors.get(&(series.clone(), indicator.clone())).cloned())
    }
}
