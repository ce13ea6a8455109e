//! Series that are as before up to a candle.

use super::Perturbation;
use crate::model::Candle;
use crate::series::Candles;

/// The candles up to and including number `last`.
pub(super) fn truncated(candles: &Candles, last: usize) -> Candles {
    collect(candles, candles.iter().take(last + 1))
}

/// All candles, those after number `last` with other prices and other volumes.
pub(super) fn perturbed(candles: &Candles, last: usize, how: Perturbation) -> Candles {
    let pivot = candles.closes().get(last).copied().unwrap_or(1.0);
    let later = move |candle: Candle| {
        let price = |price: f64| match how {
            Perturbation::Mirrored => pivot * pivot / price,
            Perturbation::Higher => price * 1.3,
            Perturbation::Lower => price * 0.7,
        };
        let (high, low) = match how {
            Perturbation::Mirrored => (price(candle.low), price(candle.high)),
            _ => (price(candle.high), price(candle.low)),
        };
        let (open, close) = (price(candle.open), price(candle.close));
        Candle { open, high, low, close, volume: candle.volume * 2.0, ..candle }
    };
    let all = candles.iter().enumerate();
    collect(candles, all.map(|(i, candle)| if i <= last { candle } else { later(candle) }))
}

fn collect(like: &Candles, candles: impl Iterator<Item = Candle>) -> Candles {
    let mut series = Candles::with_capacity(like.timeframe(), like.len());
    for candle in candles {
        // Times are those of a sound series, and a factor keeps the order of the prices.
        if series.push(candle).is_err() {
            break;
        }
    }
    series
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Timeframe, Timestamp};

    fn series() -> Candles {
        let mut series = Candles::new(Timeframe::M1);
        for (minute, close) in [(0, 100.0), (1, 110.0), (2, 99.0)] {
            let open_time = Timestamp::from_millis(minute * 60_000);
            series.push(Candle::new(open_time, 100.0, 120.0, 80.0, close, 1.0)).unwrap();
        }
        series
    }

    #[test]
    fn only_later_candles_change() {
        for how in Perturbation::ALL {
            let changed = perturbed(&series(), 1, *how);
            assert_eq!(changed.len(), 3);
            assert!(changed.iter().take(2).eq(series().iter().take(2)));
            assert_ne!(changed.get(2), series().get(2));
        }
        assert!(truncated(&series(), 1).iter().eq(series().iter().take(2)));
    }

    #[test]
    fn a_mirrored_fall_is_a_rise() {
        // From 110 to 99 is a factor of 0.9; mirrored it is 110 / 0.9 = 122.2.
        let mirrored = perturbed(&series(), 1, Perturbation::Mirrored).get(2).unwrap();
        assert!((mirrored.close - 110.0 / 0.9).abs() < 1e-9);
        assert!(mirrored.fault().is_none());
    }
}
