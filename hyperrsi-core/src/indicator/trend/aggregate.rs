use super::{TrendReading, TrendState, state::NEVER};
use crate::model::{Candle, Timeframe, Timestamp};
use serde::{Deserialize, Serialize};

/// The candle of a higher timeframe being built, once a base candle lies in it. The trend state reads nothing but its
/// close, which is that of the newest base candle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Bucket {
    timeframe: Timeframe,
    open: Timestamp,
    end: Timestamp,
}

impl Bucket {
    /// Feeds the candle, if the newest base candle lies in it.
    #[inline]
    fn feed(&self, trend: &mut TrendState, newest: Option<(Timestamp, f64)>) {
        if let Some((_, close)) = newest.filter(|(open, _)| *open >= self.open) {
            trend.feed(self.timeframe, self.open, close);
        }
    }
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
    /// The earliest end of a bucket: nothing happens before.
    next_end: Timestamp,
    /// Open time and close of the newest base candle.
    newest: Option<(Timestamp, f64)>,
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
        let started = Timestamp::from_millis(i64::MIN);
        let bucket = |timeframe| Bucket { timeframe, open: started, end: started };
        Self { buckets: built.into_iter().map(bucket).collect(), trend, next_end: started, newest: None }
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
        if !self.trend.is_next(open) {
            return self.trend.reading();
        }
        if open >= self.next_end {
            self.jump(open);
        }
        let reading = self.trend.on_base(candle);
        self.newest = Some((open, candle.close));
        let closed = open + self.trend.base().span();
        if closed >= self.next_end {
            self.close_buckets(closed);
        }
        reading
    }

    /// Feeds the buckets that end by `time`, at which the newest base candle closed, and opens those that follow.
    #[inline]
    fn close_buckets(&mut self, time: Timestamp) {
        let mut next_end = NEVER;
        for bucket in &mut self.buckets {
            if time >= bucket.end {
                bucket.feed(&mut self.trend, self.newest);
                bucket.open = bucket.end;
                bucket.end = bucket.open + bucket.timeframe.span();
            }
            next_end = next_end.min(bucket.end);
        }
        self.next_end = next_end;
    }

    /// Goes on at `time`, the open of a candle that no open bucket holds: the first one, or the first after a hole.
    #[cold]
    fn jump(&mut self, time: Timestamp) {
        for bucket in self.buckets.iter_mut().filter(|bucket| time >= bucket.end) {
            bucket.feed(&mut self.trend, self.newest);
            bucket.open = bucket.timeframe.bucket(time);
            bucket.end = bucket.open + bucket.timeframe.span();
        }
        self.next_end = self.buckets.iter().map(|bucket| bucket.end).min().unwrap_or(NEVER);
    }

    /// The trend state itself.
    pub const fn trend(&self) -> &TrendState {
        &self.trend
    }
}
