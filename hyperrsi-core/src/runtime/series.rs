//! Closed candles of one instrument as every trader on it sees them.

use crate::model::{Candle, Span, Timeframe, Timestamp};
use crate::series::aggregate::{Aggregator, resample};
use crate::series::{Candles, History};
use crate::strategy::Needs;
use std::sync::Arc;

/// Closed candles of a signal timeframe and of the longer ones built from them. Cheap to copy; what a copy holds never
/// changes.
#[derive(Clone, Debug)]
pub struct Shelf {
    base: Arc<Candles>,
    longer: Vec<Arc<Candles>>,
    building: Vec<Aggregator>,
    /// Open time of the first candle since its price became one of another unit.
    rescaled: Option<Timestamp>,
}

/// How many times as high, or as low, a price may be as the close before it. What is further away is no movement of the
/// market: the instrument was redenominated, or the price is wrong (FAULTS 39).
const RESCALED: f64 = 5.0;

/// Whether a price can be of another unit than the one before it.
pub(crate) fn is_rescaled(before: f64, price: f64) -> bool {
    price > before * RESCALED || price < before / RESCALED
}

/// What a candle was to a shelf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shelved {
    /// The next one.
    Next,
    /// Candles before it are missing; it was not taken.
    Gap {
        /// Open time of the first missing one.
        from: Timestamp,
    },
    /// It was there already.
    Known,
    /// It was there with other values: what was decided stays decided (FAULTS 67).
    Revised,
    /// It is none: off the grid, or with an impossible price.
    Unusable,
}

impl Shelf {
    /// An empty shelf.
    pub fn new(timeframe: Timeframe) -> Self {
        Self::of(Candles::new(timeframe))
    }

    /// A shelf of candles that are there already.
    pub fn of(candles: Candles) -> Self {
        let closes = candles.iter().map(|candle| candle.close);
        let joints =
            candles.iter().skip(1).zip(closes).filter(|(next, close)| is_rescaled(*close, next.open));
        let rescaled = joints.last().map(|(next, _)| next.open_time);
        Self { base: Arc::new(candles), longer: Vec::new(), building: Vec::new(), rescaled }
    }

    /// The signal timeframe.
    pub fn timeframe(&self) -> Timeframe {
        self.base.timeframe()
    }
    /// The candles of the signal timeframe.
    pub fn base(&self) -> &Candles {
        &self.base
    }
    /// The candles of a timeframe.
    pub fn candles(&self, timeframe: Timeframe) -> Option<&Arc<Candles>> {
        std::iter::once(&self.base).chain(&self.longer).find(|candles| candles.timeframe() == timeframe)
    }

    /// Also keeps what a strategy needs of longer timeframes. False if a series it cannot do without cannot be built.
    pub fn keep(&mut self, needs: &Needs) -> bool {
        let own = self.timeframe();
        let mut complete = true;
        for need in &needs.series {
            if self.candles(need.timeframe).is_some() {
                continue;
            }
            match (Aggregator::new(own, need.timeframe), resample(&self.base, need.timeframe)) {
                (Ok(mut aggregator), Ok(candles)) => {
                    for candle in self.base.iter() {
                        aggregator.update(&candle);
                    }
                    self.longer.push(Arc::new(candles));
                    self.building.push(aggregator);
                }
                _ => complete &= need.optional,
            }
        }
        complete
    }

    /// Takes the next closed candle.
    pub fn push(&mut self, candle: Candle) -> Shelved {
        self.judge(&candle).unwrap_or_else(|| self.push_over_hole(candle))
    }

    /// What a candle is if it is not the next one.
    pub(crate) fn judge(&self, candle: &Candle) -> Option<Shelved> {
        if let (Some(last), Some(expected)) = (self.base.last_open_time(), self.next()) {
            if candle.open_time <= last {
                let index = self.base.index_at(candle.open_time);
                return Some(match self.base.get(index) {
                    Some(known) if known == *candle => Shelved::Known,
                    Some(known) if known.open_time == candle.open_time => Shelved::Revised,
                    _ => Shelved::Known, // older than the first, or in a hole the venue has confirmed
                });
            }
            if candle.open_time > expected {
                return Some(Shelved::Gap { from: expected });
            }
        }
        None
    }

    /// Takes a candle that is newer than the last one, whatever lies between: where the venue itself has no candle.
    pub fn push_over_hole(&mut self, candle: Candle) -> Shelved {
        let before = self.base.last();
        if Arc::make_mut(&mut self.base).push(candle).is_err() {
            return Shelved::Unusable;
        }
        if before.is_some_and(|before| is_rescaled(before.close, candle.open)) {
            self.rescaled = Some(candle.open_time);
        }
        for (aggregator, candles) in self.building.iter_mut().zip(&mut self.longer) {
            for closed in aggregator.update(&candle) {
                let _ = Arc::make_mut(candles).push(closed);
            }
        }
        Shelved::Next
    }

    /// Open time of the candle that comes next.
    pub fn next(&self) -> Option<Timestamp> {
        self.base.last_open_time().map(|last| last + self.timeframe().span())
    }

    /// What had closed at `close`.
    pub(crate) fn at(&self, close: Timestamp) -> Closed {
        let count = |candles: &Candles| {
            let latest_open = close - candles.timeframe().span();
            candles.index_at(latest_open + Span::millis_of(1))
        };
        let series = std::iter::once(&self.base).chain(&self.longer);
        Closed(series.map(|candles| (Arc::clone(candles), count(candles))).collect())
    }

    /// Whether every series a strategy cannot do without has its depth at `close`, in prices of one unit.
    pub(crate) fn is_deep(&self, needs: &Needs, close: Timestamp) -> bool {
        let closed = self.at(close);
        let since = self.rescaled.unwrap_or(Timestamp::from_millis(i64::MIN));
        needs.series.iter().all(|need| need.optional || closed.len_since(need.timeframe, since) >= need.depth)
    }

    /// Whether prices are of another unit from a candle on.
    pub(crate) fn is_rescaled_at(&self, open_time: Timestamp) -> bool {
        self.rescaled == Some(open_time)
    }

    /// The candles that close with the base candle at `index`, longer ones first, that one last.
    pub(crate) fn closing_with(&self, index: usize) -> Vec<(Timeframe, Candle)> {
        let Some(candle) = self.base.get(index) else { return Vec::new() };
        let span = self.timeframe().span();
        let close = candle.close_time(span);
        let before = index.checked_sub(1).and_then(|previous| self.base.get(previous));
        let since = before.map_or(Timestamp::from_millis(i64::MIN), |candle| candle.close_time(span));
        let mut closing = Vec::new();
        for candles in &self.longer {
            let width = candles.timeframe().span();
            let mut at = candles.index_at(since - width + Span::millis_of(1));
            while let Some(longer) = candles.get(at)
                && longer.close_time(width) <= close
            {
                closing.push((candles.timeframe(), longer));
                at += 1;
            }
        }
        closing.push((self.timeframe(), candle));
        closing
    }
}

/// Closed history at one moment, the signal timeframe first.
#[derive(Clone, Debug)]
pub(crate) struct Closed(Vec<(Arc<Candles>, usize)>);

impl Closed {
    pub(crate) fn histories(&self) -> Vec<History<'_>> {
        self.0.iter().map(|(candles, len)| History::new(candles, *len)).collect()
    }
    /// Candles of a timeframe that opened at `since` or later.
    fn len_since(&self, timeframe: Timeframe, since: Timestamp) -> usize {
        let found = self.0.iter().find(|(candles, _)| candles.timeframe() == timeframe);
        found.map_or(0, |(candles, len)| len.saturating_sub(candles.index_at(since)))
    }
    #[cfg(test)]
    fn len(&self, timeframe: Timeframe) -> usize {
        self.len_since(timeframe, Timestamp::from_millis(i64::MIN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(n: i64) -> Candle {
        Candle::new(Timestamp::from_millis(n * 60_000), 100.0, 102.0, 98.0, 101.0 + n as f64 / 100.0, 1.0)
    }

    #[test]
    fn a_candle_is_next_known_revised_or_beyond_a_gap() {
        let mut shelf = Shelf::new(Timeframe::M1);
        assert_eq!(shelf.push(minute(10)), Shelved::Next);
        assert_eq!(shelf.push(minute(10)), Shelved::Known);
        assert_eq!(shelf.push(Candle { close: 100.5, ..minute(10) }), Shelved::Revised);
        assert_eq!(shelf.push(minute(13)), Shelved::Gap { from: minute(11).open_time });
        assert_eq!(shelf.push(minute(11)), Shelved::Next);
        assert_eq!(shelf.push(Candle { low: f64::NAN, ..minute(12) }), Shelved::Unusable);
        assert_eq!(shelf.push_over_hole(minute(13)), Shelved::Next);
        assert_eq!(shelf.base().missing(), 1);
    }

    #[test]
    fn longer_candles_close_before_the_one_that_completes_them() {
        let mut shelf = Shelf::new(Timeframe::M1);
        assert_eq!(shelf.push(minute(0)), Shelved::Next);
        assert!(shelf.keep(&Needs::candles(Timeframe::M1, 1).and(Timeframe::M3, 1)));
        for n in 1..7 {
            shelf.push(minute(n));
        }
        let names = |index| -> Vec<_> {
            shelf.closing_with(index).iter().map(|(tf, c)| (*tf, c.open_time.millis() / 60_000)).collect()
        };
        assert_eq!(names(1), [(Timeframe::M1, 1)]);
        assert_eq!(names(2), [(Timeframe::M3, 0), (Timeframe::M1, 2)]);
        assert_eq!(names(5), [(Timeframe::M3, 3), (Timeframe::M1, 5)]);
        let two = shelf.at(minute(3).open_time); // three minutes have closed
        assert_eq!((two.len(Timeframe::M1), two.len(Timeframe::M3)), (3, 1));
        let one = shelf.at(minute(2).open_time);
        assert_eq!((one.len(Timeframe::M1), one.len(Timeframe::M3)), (2, 0), "what closes later is not seen");
    }

    #[test]
    fn candles_of_another_unit_do_not_count() {
        let needs = Needs::candles(Timeframe::M1, 3).and(Timeframe::M3, 1);
        let thousandth = |n| {
            let Candle { open_time, open, high, low, close, volume } = minute(n);
            let [open, high, low, close] = [open, high, low, close].map(|price| price / 1_000.0);
            Candle { open_time, open, high, low, close, volume }
        };
        let mut shelf = Shelf::new(Timeframe::M1);
        shelf.keep(&needs);
        let mut deep = Vec::new();
        for n in 0..16 {
            shelf.push(if n < 7 { minute(n) } else { thousandth(n) });
            deep.push(shelf.is_deep(&needs, minute(n + 1).open_time));
        }
        // Three minutes and the first whole bucket of three, 9 to 11, of the new unit.
        assert_eq!(deep[2..7], [true; 5]);
        assert_eq!(deep[7..], [false, false, false, false, true, true, true, true, true]);
        assert!(shelf.is_rescaled_at(minute(7).open_time));
        let again = Shelf::of(shelf.base().clone());
        assert!(again.is_rescaled_at(minute(7).open_time), "as a restart finds it");
        let near = Candle::new(minute(16).open_time, 0.5, 0.5, 0.5, 0.5, 1.0);
        shelf.push(near);
        assert!(shelf.is_rescaled_at(minute(7).open_time), "five times as high is still a movement");
    }

    #[test]
    fn a_series_that_cannot_be_built_is_missed_unless_optional() {
        let mut shelf = Shelf::new(Timeframe::M5);
        assert!(!shelf.keep(&Needs::candles(Timeframe::M5, 1).and(Timeframe::M3, 1)));
        assert!(shelf.keep(&Needs::candles(Timeframe::M5, 1).and_if_available(Timeframe::M3)));
    }
}
