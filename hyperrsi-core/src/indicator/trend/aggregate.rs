use super::{TrendReading, TrendState};
use crate::model::{Candle, Timeframe, Timestamp};
use serde::{Deserialize, Serialize};

/// The candle of a higher timeframe being built; the trend state reads nothing but its close.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Bucket {
    timeframe: Timeframe,
    open: Timestamp,
    /// When it closes; in the past while no candle is being built.
    end: Timestamp,
    close: Option<f64>,
}

/// A [`TrendState`] that builds its higher candles from the base candles: feed base candles, nothing else.
///
/// Buckets are UTC. A bucket closes with the base candle that reaches its end or, if that one is missing, with the
/// next candle beyond it. Timeframes that are finer than the base cannot be built: feed them through
/// [`AggregatingTrend::on_higher`], or the state never becomes ready.
///
/// ```
/// use hyperrsi_core::indicator::trend::{AggregatingTrend, TrendState};
/// use hyperrsi_core::model::{Candle, Timeframe, Timestamp};
/// let mut trend = AggregatingTrend::new(TrendState::new(Timeframe::M1, false, None));
/// for minute in 0..20 {
///     let open_time = Timestamp::from_millis(minute * 60_000);
///     let reading = trend.on_base(&Candle::new(open_time, 100.0, 101.0, 99.0, 100.0, 1.0));
///     assert_eq!(reading.known(), None); // two hundred 5-minute candles are needed
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AggregatingTrend {
    trend: TrendState,
    buckets: Vec<Bucket>,
}

impl AggregatingTrend {
    /// Builds every timeframe `trend` needs that is not finer than its base.
    pub fn new(trend: TrendState) -> Self {
        Self::with_supplied(trend, &[])
    }

    /// As [`AggregatingTrend::new`], but the `supplied` timeframes come through [`AggregatingTrend::on_higher`].
    pub fn with_supplied(trend: TrendState, supplied: &[Timeframe]) -> Self {
        let mut built = trend.needs();
        built.retain(|tf| *tf > trend.base() && !supplied.contains(tf));
        let bucket = |timeframe| Bucket {
            timeframe,
            open: Timestamp::EPOCH,
            end: Timestamp::from_millis(i64::MIN),
            close: None,
        };
        Self { buckets: built.into_iter().map(bucket).collect(), trend }
    }

    /// The timeframes that are not built here: those to feed through [`AggregatingTrend::on_higher`].
    pub fn needs(&self) -> Vec<Timeframe> {
        let mut needs = self.trend.needs();
        needs.retain(|tf| self.buckets.iter().all(|bucket| bucket.timeframe != *tf));
        needs
    }

    /// Feeds a closed candle of a timeframe that is not built here; false if it is not used.
    pub fn on_higher(&mut self, timeframe: Timeframe, candle: &Candle) -> bool {
        self.buckets.iter().all(|bucket| bucket.timeframe != timeframe)
            && self.trend.on_higher(timeframe, candle)
    }

    /// Feeds the next closed base candle; see [`TrendState::on_base`].
    #[inline]
    pub fn on_base(&mut self, candle: &Candle) -> TrendReading {
        let open = candle.open_time;
        for bucket in &mut self.buckets {
            if open >= bucket.end {
                bucket.begin(open, &mut self.trend);
            }
        }
        let reading = self.trend.on_base(candle);
        let closed = open + self.trend.base().span();
        for bucket in &mut self.buckets {
            bucket.close = Some(candle.close);
            if closed >= bucket.end {
                bucket.finish(&mut self.trend);
            }
        }
        reading
    }

    /// The trend state itself.
    pub const fn trend(&self) -> &TrendState {
        &self.trend
    }
}

impl Bucket {
    /// Closes the bucket a missing candle left open, and opens the one `time` lies in.
    fn begin(&mut self, time: Timestamp, trend: &mut TrendState) {
        self.finish(trend);
        self.open = self.timeframe.bucket(time);
        self.end = self.open + self.timeframe.span();
    }

    fn finish(&mut self, trend: &mut TrendState) {
        if let Some(close) = self.close.take() {
            trend.feed(self.timeframe, self.open, close);
        }
    }
}
