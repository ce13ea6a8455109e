//! Fewer points for the same picture: highs, lows, peaks and troughs stay true.

use super::super::{Chart, EquityCurve, Plot};
use crate::series::Candles;
use std::ops::Range;

/// One drawn candle: one candle of the series, or several merged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bar {
    /// Open time, UTC milliseconds.
    pub(super) time: i64,
    pub(super) open: f64,
    pub(super) high: f64,
    pub(super) low: f64,
    pub(super) close: f64,
}

pub(super) fn bars(chart: &Chart<'_>) -> Vec<Bar> {
    let merged = chart.merged();
    let mut bars: Vec<Bar> = Vec::with_capacity(chart.range.len() / merged + 1);
    for (count, candle) in chart.range.clone().filter_map(|i| chart.candles.get(i)).enumerate() {
        match bars.last_mut() {
            Some(bar) if count % merged != 0 => {
                bar.high = bar.high.max(candle.high);
                bar.low = bar.low.min(candle.low);
                bar.close = candle.close;
            }
            _ => bars.push(Bar {
                time: candle.open_time.millis(),
                open: candle.open,
                high: candle.high,
                low: candle.low,
                close: candle.close,
            }),
        }
    }
    bars
}

/// The value at the end of each bar.
pub(super) fn values(plot: &Plot, chart: &Chart<'_>) -> Vec<f64> {
    ends(chart).map(|index| plot.values.get(index).copied().unwrap_or(f64::NAN)).collect()
}

/// Runs of the trend state at the end of each bar; none without states.
pub(super) fn trend(chart: &Chart<'_>) -> Vec<(i8, usize)> {
    let mut runs: Vec<(i8, usize)> = Vec::new();
    if chart.trend.is_empty() {
        return runs;
    }
    for state in ends(chart).map(|index| chart.trend.get(index).copied().unwrap_or(0)) {
        match runs.last_mut() {
            Some((last, bars)) if *last == state => *bars += 1,
            _ => runs.push((state, 1)),
        }
    }
    runs
}

fn ends(chart: &Chart<'_>) -> impl Iterator<Item = usize> {
    let (Range { start, end }, merged) = (chart.range.clone(), chart.merged());
    (start..end).step_by(merged).map(move |index| (index + merged).min(end) - 1)
}

/// At most about `points` points of the curve: lowest and highest of each stretch, in the order they came, and both ends.
pub(super) fn equity(curve: &EquityCurve, points: usize) -> Vec<(i64, f64)> {
    let all = || curve.times.iter().copied().zip(curve.equity.iter().copied());
    let count = curve.times.len().min(curve.equity.len());
    if count <= points {
        return all().collect();
    }
    let stretch = count.div_ceil((points / 2).max(1));
    let mut kept: Vec<(i64, f64)> = all().take(1).collect();
    let mut current: Option<((i64, f64), (i64, f64))> = None;
    for (index, point) in all().enumerate() {
        let (low, high) = current.unwrap_or((point, point));
        let low = if point.1 < low.1 { point } else { low };
        let high = if point.1 > high.1 { point } else { high };
        current = Some((low, high));
        if (index + 1) % stretch == 0 || index + 1 == count {
            let (first, second) = if low.0 <= high.0 { (low, high) } else { (high, low) };
            for next in [first, second] {
                keep(&mut kept, next);
            }
            current = None;
        }
    }
    if let Some(last) = all().next_back() {
        keep(&mut kept, last);
    }
    kept
}

fn keep(kept: &mut Vec<(i64, f64)>, next: (i64, f64)) {
    if kept.last().is_none_or(|last| last.0 < next.0) {
        kept.push(next);
    }
}

/// Decimal places that show the prices of these candles: those they have, but no more than about six digits in all.
pub(super) fn digits(candles: &Candles, range: Range<usize>) -> u32 {
    let closes = candles.closes().get(range).unwrap_or_default();
    let highest = closes.iter().copied().fold(0.0, f64::max);
    let most = fraction_digits(highest, 6);
    let sampled = closes.iter().step_by(closes.len() / 500 + 1);
    sampled.map(|close| own_digits(*close, most)).max().unwrap_or(2)
}

/// How many decimal places give `largest` that many significant digits, between 2 and 10.
pub(super) fn fraction_digits(largest: f64, significant: i32) -> u32 {
    let whole = if largest > 0.0 { largest.log10().floor() as i32 + 1 } else { 1 };
    (significant - whole).clamp(2, 10).unsigned_abs()
}

fn own_digits(price: f64, most: u32) -> u32 {
    (0..most)
        .find(|digits| {
            let scaled = price * 10_f64.powi(*digits as i32);
            (scaled - scaled.round()).abs() < scaled.abs() * 1e-12
        })
        .unwrap_or(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shrunk_equity_curve_keeps_its_extremes_and_ends() {
        let count = 100_000_i64;
        let mut curve = EquityCurve {
            times: (0..count).collect(),
            equity: (0..count).map(|i| 1_000.0 + (i as f64 / 999.0).sin()).collect(),
        };
        curve.equity[40_001] = 10.0;
        curve.equity[40_002] = 5_000.0;
        let few = equity(&curve, 1_000);
        assert!(few.len() <= 1_002, "{}", few.len());
        assert!(few.is_sorted_by(|a, b| a.0 < b.0));
        assert!(few.contains(&(40_001, 10.0)) && few.contains(&(40_002, 5_000.0)));
        assert_eq!((few.first().unwrap().0, few.last().unwrap().0), (0, count - 1));
    }

    #[test]
    fn prices_keep_the_places_they_have() {
        for (price, places) in
            [(46_670.5, 1), (46_670.123_456, 2), (0.000_012_34, 8), (1.0, 0), (1.234_567_8, 5)]
        {
            assert_eq!(own_digits(price, fraction_digits(price, 6)), places, "{price}");
        }
    }
}
