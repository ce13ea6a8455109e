//! What holds for any series: bounds, determinism, save and restore, no look-ahead, order of delivery.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at the first surprise")]

use hyperrsi_core::indicator::trend::{AggregatingTrend, BandState, TrendReading, TrendState};
use hyperrsi_core::indicator::{
    Atr, Bollinger, Dmi, Ema, Hma, Indicator, Jma, Kama, Macd, PivotHigh, PivotLow, Rsi, Sma, Smoothing, T3,
    Vidya, Wma,
};
use hyperrsi_core::model::{Candle, Timeframe, Timestamp};
use proptest::prelude::*;
use serde::{Serialize, de::DeserializeOwned};

/// Candles of a market that walks, jumps, stands still, and has holes.
fn market(most: usize) -> impl Strategy<Value = Vec<Candle>> {
    let step = prop_oneof![4 => -50_i32..=50, 3 => Just(0), 1 => -2_000_i32..=2_000];
    prop::collection::vec((step, 0_u8..40, 0_u8..40, 0_u8..60), 2..most).prop_map(|steps| {
        let (mut close, mut minute) = (100_000_i32, 28_000_000_i64);
        steps
            .into_iter()
            .map(|(step, above, below, hole)| {
                let open = close;
                close = (close + step).clamp(500, 1_000_000);
                minute += if hole == 0 { 7 } else { 1 };
                let high = open.max(close) + i32::from(above);
                let low = open.min(close) - i32::from(below);
                let [open, high, low, close] = [open, high, low, close].map(|cents| f64::from(cents) / 100.0);
                Candle::new(Timestamp::from_millis(minute * 60_000), open, high, low, close, 1.0)
            })
            .collect()
    })
}

fn again<T: Serialize + DeserializeOwned>(value: &T) -> T {
    serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
}

/// Runs through, runs with a save and restore at `cut`, runs again after a reset, runs a longer series: all the same.
fn lawful<I>(mut indicator: I, inputs: &[I::Input], cut: usize) -> Result<(), TestCaseError>
where
    I: Indicator<Output: PartialEq + std::fmt::Debug, Input: Copy>
        + Clone
        + PartialEq
        + std::fmt::Debug
        + Serialize
        + DeserializeOwned,
{
    let fresh = indicator.clone();
    let run = |indicator: &mut I, inputs: &[I::Input]| {
        inputs.iter().map(|input| indicator.update(*input)).collect::<Vec<_>>()
    };
    let through = run(&mut indicator, inputs);
    prop_assert_eq!(indicator.value(), indicator.clone().value());
    let cut = cut % inputs.len();
    let mut interrupted = fresh.clone();
    let mut values = run(&mut interrupted, &inputs[..cut]);
    prop_assert_eq!(&values[..], &through[..cut], "later candles changed earlier values");
    let mut restored = again(&interrupted);
    prop_assert_eq!(&restored, &interrupted);
    values.extend(run(&mut restored, &inputs[cut..]));
    prop_assert_eq!(&values, &through);
    indicator.reset();
    prop_assert_eq!(run(&mut indicator, inputs), through);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rsi_stays_between_0_and_100(candles in market(300), length in 1_usize..30) {
        for smoothing in [Smoothing::Wilder, Smoothing::Simple, Smoothing::Exponential] {
            let mut rsi = Rsi::with_smoothing(length, smoothing).unwrap();
            for (i, candle) in candles.iter().enumerate() {
                let value = rsi.update(candle.close);
                prop_assert_eq!(value.is_some(), i >= length);
                prop_assert!(value.is_none_or(|value| (0.0..=100.0).contains(&value)));
            }
        }
    }

    #[test]
    fn every_indicator_is_lawful(candles in market(200), cut in 0_usize..200, n in 2_usize..20) {
        let closes: Vec<f64> = candles.iter().map(|candle| candle.close).collect();
        for smoothing in [Smoothing::Wilder, Smoothing::Simple, Smoothing::Exponential] {
            lawful(Rsi::with_smoothing(n, smoothing).unwrap(), &closes, cut)?;
        }
        lawful(Sma::new(n).unwrap(), &closes, cut)?;
        lawful(Ema::new(n).unwrap(), &closes, cut)?;
        lawful(Wma::new(n).unwrap(), &closes, cut)?;
        lawful(Hma::new(n).unwrap(), &closes, cut)?;
        lawful(T3::new(n).unwrap(), &closes, cut)?;
        lawful(Jma::new(n).unwrap(), &closes, cut)?;
        lawful(Vidya::new(n).unwrap(), &closes, cut)?;
        lawful(Kama::new(n, 2, 30).unwrap(), &closes, cut)?;
        lawful(Bollinger::new(n, 2.0).unwrap(), &closes, cut)?;
        lawful(Macd::new(n, 2 * n, 5).unwrap(), &closes, cut)?;
        lawful(PivotHigh::new(n, 3).unwrap(), &closes, cut)?;
        lawful(PivotLow::new(3, n).unwrap(), &closes, cut)?;
        lawful(Atr::new(n).unwrap(), &candles, cut)?;
        lawful(Dmi::new(n, n).unwrap(), &candles, cut)?;
    }
}

fn run(trend: &mut AggregatingTrend, candles: &[Candle]) -> Vec<TrendReading> {
    candles.iter().map(|candle| trend.on_base(candle)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_saved_trend_continues_as_if_never_interrupted(candles in market(3_000), cut in 0_usize..3_000, longer: bool) {
        let fresh = AggregatingTrend::new(TrendState::full(Timeframe::M1, longer, None));
        let through = run(&mut fresh.clone(), &candles);
        let cut = cut % candles.len();
        let mut interrupted = fresh;
        let mut readings = run(&mut interrupted, &candles[..cut]);
        let mut restored = again(&interrupted);
        prop_assert_eq!(&restored, &interrupted);
        readings.extend(run(&mut restored, &candles[cut..]));
        prop_assert_eq!(readings, through);
        prop_assert_eq!(restored.trend().anchor(), Some(candles[0].open_time));
    }

    #[test]
    fn it_does_not_matter_which_of_two_candles_that_close_together_comes_first(candles in market(2_000)) {
        let mut aggregated = AggregatingTrend::new(TrendState::new(Timeframe::M1, false, None));
        let expected = run(&mut aggregated, &candles);
        let higher: Vec<(Timeframe, Vec<Candle>)> =
            aggregated.trend().needs().into_iter().map(|tf| (tf, buckets(tf, &candles))).collect();
        for higher_first in [true, false] {
            let mut trend = TrendState::new(Timeframe::M1, false, None);
            let mut next = [0, 0];
            for (candle, expected) in candles.iter().zip(&expected) {
                // A candle that ended in a hole arrives before the next base candle in any case.
                let mut feed = |trend: &mut TrendState, by: Timestamp| {
                    for ((tf, higher), next) in higher.iter().zip(&mut next) {
                        while higher.get(*next).is_some_and(|c| c.close_time(tf.span()) <= by) {
                            assert!(trend.on_higher(*tf, &higher[*next]));
                            assert!(!trend.on_higher(*tf, &higher[*next]), "a candle counts once");
                            *next += 1;
                        }
                    }
                };
                feed(&mut trend, candle.open_time);
                if higher_first {
                    feed(&mut trend, candle.close_time(Timeframe::M1.span()));
                }
                prop_assert_eq!(trend.on_base(candle), *expected);
                prop_assert_eq!(trend.on_base(candle), *expected, "a candle counts once");
            }
        }
    }

    #[test]
    fn band_pivots_are_never_revised(candles in market(400)) {
        let mut bands = BandState::new();
        for candle in &candles {
            bands.update(candle.close);
            let reading = bands.reading();
            prop_assert!(reading.width.is_none_or(|width| width >= 0.0));
            prop_assert!(reading.high.is_none() || reading.low.is_none());
        }
    }
}

/// Candles of `tf` by their plain definition.
fn buckets(tf: Timeframe, candles: &[Candle]) -> Vec<Candle> {
    let mut buckets: Vec<Candle> = Vec::new();
    for candle in candles {
        let open_time = tf.bucket(candle.open_time);
        match buckets.last_mut() {
            Some(bucket) if bucket.open_time == open_time => {
                bucket.high = bucket.high.max(candle.high);
                bucket.low = bucket.low.min(candle.low);
                bucket.close = candle.close;
            }
            _ => buckets.push(Candle { open_time, ..*candle }),
        }
    }
    buckets
}
