//! Candles of a longer timeframe from those of a shorter one, streaming and whole.

use super::Candles;
use crate::model::{Candle, Timeframe};
use serde::{Deserialize, Serialize};

/// The longer timeframe cannot be built from the shorter one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("candles of {to} cannot be built from candles of {from}; choose a whole multiple of {from}")]
pub struct NotAMultiple {
    /// The timeframe of the candles there are.
    pub from: Timeframe,
    /// The timeframe asked for.
    pub to: Timeframe,
}

/// Builds candles of a longer timeframe while shorter ones arrive.
///
/// Buckets are UTC ([`Timeframe::bucket`]): the first open, the highest high, the lowest low, the last close, the sum
/// of the volumes. A bucket closes with the candle that ends where it ends. If that one is missing, the bucket closes
/// late: when the first candle after it arrives. The first bucket may have begun before the first candle; it is built
/// from what there is.
///
/// The state can be serialised, and a restored aggregator goes on where it was.
///
/// ```
/// use hyperrsi_core::model::{Candle, Timeframe, Timestamp};
/// use hyperrsi_core::series::aggregate::Aggregator;
/// let minute = |n: i64, close| Candle::new(Timestamp::from_millis(n * 60_000), 100.0, 110.0, 90.0, close, 2.0);
/// let mut aggregator = Aggregator::new(Timeframe::M1, Timeframe::M3)?;
/// assert_eq!(aggregator.update(&minute(0, 101.0)).into_iter().count(), 0);
/// assert_eq!(aggregator.update(&minute(1, 102.0)).into_iter().count(), 0);
/// let closed: Vec<_> = aggregator.update(&minute(2, 103.0)).into_iter().collect();
/// assert_eq!(closed, [Candle::new(Timestamp::EPOCH, 100.0, 110.0, 90.0, 103.0, 6.0)]);
/// # Ok::<(), hyperrsi_core::series::aggregate::NotAMultiple>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Aggregator {
    from: Timeframe,
    to: Timeframe,
    /// The bucket being built.
    open: Option<Candle>,
    /// Where that bucket, or the one closed last, ends: UTC milliseconds.
    end: i64,
    /// The open time of the newest candle seen: UTC milliseconds.
    newest: i64,
}

impl Aggregator {
    /// Builds candles of `to` from candles of `from`; the two may be equal.
    ///
    /// # Errors
    /// Refuses a `to` that is no whole multiple of `from`.
    pub const fn new(from: Timeframe, to: Timeframe) -> Result<Self, NotAMultiple> {
        if !to.is_multiple_of(from) {
            return Err(NotAMultiple { from, to });
        }
        Ok(Self { from, to, open: None, end: i64::MIN, newest: i64::MIN })
    }

    /// The timeframe it is fed with.
    pub const fn from(&self) -> Timeframe {
        self.from
    }
    /// The timeframe it builds.
    pub const fn to(&self) -> Timeframe {
        self.to
    }
    /// The bucket being built, which has not closed.
    pub const fn forming(&self) -> Option<&Candle> {
        self.open.as_ref()
    }

    /// Takes the next closed candle of the shorter timeframe and returns what has closed with it. A candle that is
    /// not newer than the one before changes nothing, so that a repeated delivery does no harm.
    #[inline]
    pub fn update(&mut self, candle: &Candle) -> Closed {
        let time = candle.open_time.millis();
        if time <= self.newest {
            return Closed { late: None, complete: None };
        }
        self.newest = time;
        let mut late = None;
        match &mut self.open {
            Some(open) if time < self.end => {
                open.high = open.high.max(candle.high);
                open.low = open.low.min(candle.low);
                open.close = candle.close;
                open.volume += candle.volume;
            }
            open => {
                let bucket = self.to.bucket(candle.open_time);
                self.end = bucket.millis() + self.to.millis();
                late = open.replace(Candle { open_time: bucket, ..*candle });
            }
        }
        let complete = if time + self.from.millis() >= self.end { self.open.take() } else { None };
        Closed { late, complete }
    }
}

/// What closed with one candle: usually nothing, at most two. Iterate to get them oldest first.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Closed {
    /// A bucket that lacks its last candle and closed because a later one has begun.
    pub late: Option<Candle>,
    /// The bucket that the candle itself completes.
    pub complete: Option<Candle>,
}

impl IntoIterator for Closed {
    type Item = Candle;
    type IntoIter = std::iter::Chain<std::option::IntoIter<Candle>, std::option::IntoIter<Candle>>;

    fn into_iter(self) -> Self::IntoIter {
        self.late.into_iter().chain(self.complete)
    }
}

/// The candles of timeframe `to` that `candles` make: what an [`Aggregator`] would give. The last one is left out
/// unless its bucket has closed; the first one is kept even if its bucket began before the first candle. Buckets
/// without any candle stay holes.
///
/// # Errors
/// Refuses a `to` that is no whole multiple of the timeframe of `candles`.
///
/// ```
/// use hyperrsi_core::model::{Candle, Timeframe, Timestamp};
/// use hyperrsi_core::series::{Candles, aggregate::resample};
/// let mut minutes = Candles::new(Timeframe::M1);
/// for n in 0..11 {
///     let close = 100.0 + n as f64;
///     minutes.push(Candle::new(Timestamp::from_millis(n * 60_000), 100.0, 111.0, 99.0, close, 1.0))?;
/// }
/// let fives = resample(&minutes, Timeframe::M5)?;
/// assert_eq!(fives.closes(), [104.0, 109.0]); // the eleventh minute has only begun a third bucket
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn resample(candles: &Candles, to: Timeframe) -> Result<Candles, NotAMultiple> {
    let from = candles.timeframe();
    let mut aggregator = Aggregator::new(from, to)?;
    let per_bucket = usize::try_from(to.millis() / from.millis()).unwrap_or(1).max(1);
    let mut longer = Candles::with_capacity(to, candles.len() / per_bucket + 1);
    for candle in candles.iter() {
        for closed in aggregator.update(&candle) {
            longer.push_unchecked(closed);
        }
    }
    Ok(longer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;
    use proptest::prelude::*;

    fn minute(n: i64, price: f64) -> Candle {
        Candle::new(Timestamp::from_millis(n * 60_000), price, price + 1.0, price - 1.0, price + 0.5, 1.0)
    }

    fn minutes(at: impl IntoIterator<Item = i64>) -> Candles {
        let mut candles = Candles::new(Timeframe::M1);
        for n in at {
            candles.push(minute(n, 100.0 + (n * 7 % 13) as f64)).unwrap();
        }
        candles
    }

    #[test]
    fn a_bucket_whose_last_candle_is_missing_closes_with_the_next() {
        let mut aggregator = Aggregator::new(Timeframe::M1, Timeframe::M3).unwrap();
        assert_eq!(aggregator.update(&minute(0, 10.0)), Closed::default());
        assert_eq!(aggregator.update(&minute(1, 12.0)), Closed::default());
        let closed = aggregator.update(&minute(5, 20.0));
        let times: Vec<_> = closed.into_iter().map(|c| (c.open_time.millis() / 60_000, c.close)).collect();
        assert_eq!(times, [(0, 12.5), (3, 20.5)]);
        assert_eq!(aggregator.forming(), None);
    }

    #[test]
    fn a_repeated_candle_changes_nothing() {
        let mut aggregator = Aggregator::new(Timeframe::M1, Timeframe::M3).unwrap();
        for n in 0..3 {
            aggregator.update(&minute(n, 10.0));
        }
        let before = aggregator.clone();
        for n in [2, 1, 0] {
            assert_eq!(aggregator.update(&minute(n, 99.0)), Closed::default());
        }
        assert_eq!(aggregator, before);
    }

    #[test]
    fn only_whole_multiples_are_built() {
        for (from, to) in
            [(Timeframe::M5, Timeframe::M3), (Timeframe::H1, Timeframe::M15), (Timeframe::D3, Timeframe::W1)]
        {
            assert_eq!(Aggregator::new(from, to), Err(NotAMultiple { from, to }));
        }
        let same = minutes(0..5);
        assert_eq!(resample(&same, Timeframe::M1).unwrap(), same);
    }

    proptest! {
        #[test]
        fn two_steps_equal_one(present in proptest::collection::vec(any::<bool>(), 1..600), start in 0_i64..5_000) {
            let whole = (start..).zip(&present).filter(|(_, present)| **present);
            let base = minutes(whole.flat_map(|(n, _)| n * 5..n * 5 + 5));
            for to in [Timeframe::M15, Timeframe::H1, Timeframe::H4] {
                let through = resample(&resample(&base, Timeframe::M5).unwrap(), to).unwrap();
                prop_assert_eq!(through, resample(&base, to).unwrap());
            }
        }

        #[test]
        fn two_steps_equal_one_with_any_holes_but_for_the_newest(steps in proptest::collection::vec(1_i64..7, 1..900)) {
            let mut n = 0;
            let base = minutes(steps.iter().map(|step| { n += step; n }));
            let through = resample(&resample(&base, Timeframe::M5).unwrap(), Timeframe::M15).unwrap();
            let direct = resample(&base, Timeframe::M15).unwrap();
            // A late bucket may wait for a five-minute candle that has not closed yet.
            prop_assert!((0..=1).contains(&(direct.len() - through.len())));
            prop_assert!(through.iter().eq(direct.iter().take(through.len())));
        }

        #[test]
        fn a_restored_aggregator_goes_on_where_it_was(
            steps in proptest::collection::vec(1_i64..4, 2..200), cut in 0_usize..200,
        ) {
            let mut n = 0;
            let base = minutes(steps.iter().map(|step| { n += step; n }));
            let mut whole = Aggregator::new(Timeframe::M1, Timeframe::M15).unwrap();
            let mut restored = whole.clone();
            for (i, candle) in base.iter().enumerate() {
                if i == cut {
                    restored = serde_json::from_str(&serde_json::to_string(&restored).unwrap()).unwrap();
                }
                prop_assert_eq!(whole.update(&candle), restored.update(&candle));
            }
        }

        #[test]
        fn every_bucket_is_the_one_computed_from_its_candles(steps in proptest::collection::vec(1_i64..9, 1..300)) {
            let mut n = 0;
            let base = minutes(steps.iter().map(|step| { n += step; n }));
            for longer in resample(&base, Timeframe::M15).unwrap().iter() {
                let inside: Vec<_> =
                    base.iter().filter(|c| Timeframe::M15.bucket(c.open_time) == longer.open_time).collect();
                let high = inside.iter().map(|c| c.high).fold(f64::MIN, f64::max);
                let low = inside.iter().map(|c| c.low).fold(f64::MAX, f64::min);
                let volume: f64 = inside.iter().map(|c| c.volume).sum();
                let expected =
                    Candle::new(longer.open_time, inside[0].open, high, low, inside[inside.len() - 1].close, volume);
                prop_assert_eq!(longer, expected);
            }
        }
    }
}
