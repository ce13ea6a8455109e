use crate::model::Candle;
use crate::runtime::series::{Shelf, Shelved};

/// A shelf that grows while others hold it, without being copied for each candle: there are two, one that is held and one
/// that is a candle behind. The next candle goes to the latter, which nobody holds any more by then.
pub(super) struct Growing {
    now: Shelf,
    /// The shelf as it was, and what it lacks.
    before: Option<(Shelf, Vec<Candle>)>,
}

impl From<Shelf> for Growing {
    fn from(now: Shelf) -> Self {
        Self { now, before: None }
    }
}

impl Growing {
    pub(super) const fn now(&self) -> &Shelf {
        &self.now
    }

    /// As [`Shelf::push`].
    pub(super) fn push(&mut self, candle: Candle) -> Shelved {
        self.now.judge(&candle).unwrap_or_else(|| self.push_over_hole(candle))
    }

    /// As [`Shelf::push_over_hole`].
    pub(super) fn push_over_hole(&mut self, candle: Candle) -> Shelved {
        let (mut next, mut lacks) = self.before.take().unwrap_or_else(|| (self.now.clone(), Vec::new()));
        for missed in lacks.drain(..) {
            next.push_over_hole(missed);
        }
        let shelved = next.push_over_hole(candle); // copies only what somebody still holds
        if shelved == Shelved::Next {
            lacks.push(candle);
        }
        self.before = Some((std::mem::replace(&mut self.now, next), lacks));
        shelved
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Timeframe, Timestamp};
    use crate::strategy::Needs;

    fn minute(n: i64) -> Candle {
        Candle::new(
            Timestamp::from_millis(n * 60_000),
            100.0,
            102.0,
            98.0,
            101.0 + (n % 100) as f64 / 100.0,
            1.0,
        )
    }

    fn rows(shelf: &Shelf, timeframe: Timeframe) -> Vec<Candle> {
        shelf.candles(timeframe).map(|candles| candles.iter().collect()).unwrap_or_default()
    }

    /// Held for a while by nobody, by one who follows, and by one who never lets go.
    #[test]
    fn it_is_the_shelf_that_takes_the_same_candles_one_by_one() {
        let mut plain = Shelf::new(Timeframe::M1);
        plain.push(minute(0));
        assert!(plain.keep(&Needs::candles(Timeframe::M1, 1).and(Timeframe::M3, 1)));
        let mut growing = Growing::from(plain.clone());
        let mut held = None;
        let kept = growing.now().clone();
        let candles = [1, 2, 2, 3, 4, 9, 5, 6, 7, 8, 9, 10, 11].map(minute);
        let mut candles = candles.to_vec();
        candles.push(Candle { low: f64::NAN, ..minute(12) });
        candles.extend([minute(12), minute(13)]);
        for (n, candle) in candles.into_iter().enumerate() {
            assert_eq!(growing.push(candle), plain.push(candle), "{n}");
            for timeframe in [Timeframe::M1, Timeframe::M3] {
                assert_eq!(rows(growing.now(), timeframe), rows(&plain, timeframe), "{n}");
            }
            if n % 5 > 1 {
                held = Some(growing.now().clone());
            }
        }
        assert_eq!(rows(&kept, Timeframe::M1).len(), 1, "what somebody holds never changes");
        assert!(held.is_some());
    }

    #[test]
    fn the_candles_are_not_copied_for_one_who_follows() {
        let mut growing = Growing::from(Shelf::new(Timeframe::M1));
        let mut columns = std::collections::BTreeSet::new();
        let mut held = None;
        for n in 0..1_000 {
            growing.push(minute(n));
            held = Some(growing.now().clone());
            columns.insert(growing.now().base() as *const _ as usize);
        }
        assert_eq!(held.map(|shelf| shelf.base().len()), Some(1_000));
        assert!(columns.len() <= 4, "{} copies", columns.len());
    }
}
