//! The band state written down from its definition, everything worked out afresh on every candle, and the fast one held
//! against it.

use super::{Band, BandReading, BandState};
use crate::indicator::exact;
use proptest::prelude::*;

/// The definition, with the whole history at hand.
#[derive(Default)]
struct Reference {
    closes: Vec<f64>,
    widths: Vec<f64>,
    long_widths: Vec<f64>,
    highs: Vec<f64>,
    lows: Vec<f64>,
    long_lows: Vec<f64>,
    long_loose: bool,
    was_narrow: bool,
    state: Band,
}

/// Mean and deviation of closes: integer sums over the window, each close taken apart into fraction and exponent.
fn moments(closes: &[f64]) -> (f64, f64) {
    let parts = closes.iter().map(|close| {
        let (exponent, fraction) =
            ((close.to_bits() >> 52) as i32 - 1_075, close.to_bits() & ((1 << 52) - 1));
        (exponent, u128::from(fraction | 1 << 52))
    });
    let most = parts.clone().map(|(exponent, _)| exponent).max().unwrap() - 4;
    let n = closes.len() as u128;
    let (mut sum, mut squares) = (0_u128, 0_u128);
    for (exponent, fraction) in parts {
        let shift = exponent - most;
        let multiple =
            if shift >= 0 { fraction << shift } else { fraction.checked_shr(-shift as u32).unwrap_or(0) };
        let lossless = shift >= 0 || multiple.checked_shl(-shift as u32) == Some(fraction);
        if !lossless {
            let mean = exact::mean(closes).unwrap();
            return (mean, exact::deviation(closes, mean));
        }
        sum += multiple;
        squares += multiple * multiple;
    }
    let step = 2.0_f64.powi(most);
    (sum as f64 * step / n as f64, ((n * squares - sum * sum) as f64).sqrt() * step / n as f64)
}

fn bands((middle, deviation): (f64, f64)) -> (f64, f64, f64) {
    let (upper, lower) = (middle + 1.5 * deviation, middle - 1.5 * deviation);
    ((upper - lower) * 10.0 / middle, lower, upper - lower)
}

fn pivot(widths: &[f64], earlier: usize, beats: fn(f64, f64) -> bool) -> Option<f64> {
    let at = widths.len().checked_sub(11)?;
    let pivot = widths[at + 1..].iter().all(|later| beats(widths[at], *later))
        && !widths[at.saturating_sub(earlier)..at].iter().any(|before| beats(*before, widths[at]));
    pivot.then_some(widths[at])
}

fn collect(list: &mut Vec<f64>, pivot: Option<f64>) {
    list.extend(pivot.filter(|value| *value > 0.0));
    list.drain(..list.len().saturating_sub(50));
}

impl Reference {
    fn update(&mut self, close: f64) -> BandReading {
        let mut reading = BandReading::default();
        self.closes.push(close);
        let Some(short) = self.closes.len().checked_sub(15) else { return reading };
        let (width, lower, spread) = bands(moments(&self.closes[short..]));
        let position = (spread > 0.0).then(|| (close - lower) / spread);
        self.widths.push(width);
        let count = self.widths.len();
        let mean = count.checked_sub(100).map(|from| exact::mean(&self.widths[from..]).unwrap());
        if self.closes.len() > 30 {
            reading.high = pivot(&self.widths, 20, |a, b| a > b);
            reading.low = pivot(&self.widths, 20, |a, b| a < b);
        }
        collect(&mut self.highs, reading.high.filter(|_| mean.is_some_and(|mean| width > mean)));
        collect(&mut self.lows, reading.low.filter(|_| mean.is_some_and(|mean| width < mean)));
        if let Some(from) = self.closes.len().checked_sub(60) {
            let (long_width, _, _) = bands(moments(&self.closes[from..]));
            self.long_widths.push(long_width);
            reading.long_low = pivot(&self.long_widths, 30, |a, b| a < b);
            collect(&mut self.long_lows, reading.long_low.filter(|_| long_width < 1.0));
            let tight = exact::mean(&self.long_lows).unwrap_or(long_width.min(5.0)) / 0.7;
            self.long_loose = long_width > tight || (self.long_loose && long_width >= tight);
            (reading.long_width, reading.long_tight) = (Some(long_width), Some(tight));
        }
        let wide = 0.7 * exact::mean(&self.highs).unwrap_or(width.max(5.0));
        let low_mean = exact::mean(&self.lows).unwrap_or(width.min(5.0));
        let tight = low_mean / 0.7;
        let crossed = width > wide && self.was_narrow;
        self.was_narrow = width <= wide;
        let (above, below) =
            (|level| position.is_some_and(|r| r > level), |level| position.is_some_and(|r| r < level));
        if crossed && above(0.5) {
            self.state = Band::Up;
        } else if crossed && below(0.5) {
            self.state = Band::Down;
        }
        if width < tight && !self.long_loose {
            self.state = Band::Squeeze;
        }
        if self.state == Band::Up && below(0.2) {
            self.state = Band::Down;
        }
        if self.state == Band::Down && above(0.8) {
            self.state = Band::Up;
        }
        let falling = count > 3 && self.widths[count - 4..].is_sorted_by(|a, b| a > b);
        let rising = count > 1 && width > self.widths[count - 2];
        let over = match self.state {
            Band::Up | Band::Down => falling,
            Band::Squeeze => width > low_mean && rising,
            Band::Neutral => false,
        };
        if over {
            self.state = Band::Neutral;
        }
        BandReading {
            width: Some(width),
            position,
            width_mean: mean,
            wide: Some(wide),
            tight: Some(tight),
            falling,
            rising,
            ..reading
        }
    }
}

/// How the next close follows from the one before; the tick is 0.1 of a price that starts at 30,000 times the scale.
#[derive(Clone, Copy, Debug)]
enum Move {
    /// So many ticks.
    Ticks(i32),
    /// To the next number there is, up or down: the nearest miss of a tie.
    Ulps(i8),
    /// By a factor: over the border of a power of two and, with the large ones, of the grid.
    Times(f64),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let quiet = || prop::collection::vec((-1..=1).prop_map(Move::Ticks), 1..120);
    let stretch = prop_oneof![
        4 => quiet(),
        4 => prop::collection::vec((-400..=400).prop_map(Move::Ticks), 1..120),
        1 => prop::collection::vec(Just(Move::Ticks(0)), 1..80),
        1 => prop::collection::vec((-2..=2_i8).prop_map(Move::Ulps), 1..80),
        // The same few steps over and over: exact ties of the width.
        2 => (prop::collection::vec((-5..=5).prop_map(Move::Ticks), 1..6), 1..20_usize).prop_map(|(steps, n)| steps.repeat(n)),
        1 => prop::sample::select(vec![0.5, 2.0, 0.97, 1.1, 7.0, 0.03, 40.0, 1e-4, 1e4]).prop_map(|x| vec![Move::Times(x)]),
    ];
    prop::collection::vec(stretch, 1..16).prop_map(|stretches| stretches.concat())
}

fn closes(scale: f64, moves: &[Move]) -> Vec<f64> {
    let mut close = 30_000.0 * scale;
    let tick = 10.0 / scale;
    let next = |step: &Move| {
        close = match *step {
            // As a file would give it: the decimal number nearest to the tick.
            Move::Ticks(ticks) => ((close * tick).round() + f64::from(ticks)).max(1.0) / tick,
            Move::Ulps(ulps) => f64::from_bits(close.to_bits().saturating_add_signed(i64::from(ulps))),
            Move::Times(factor) => (close * factor).clamp(1e-12, 1e15),
        };
        close
    };
    moves.iter().map(next).collect()
}

fn bits(reading: BandReading) -> [Option<u64>; 11] {
    let BandReading {
        width,
        position,
        width_mean,
        long_width,
        wide,
        tight,
        long_tight,
        high,
        low,
        long_low,
        ..
    } = reading;
    let flags = f64::from(u8::from(reading.falling) * 2 + u8::from(reading.rising));
    [width, position, width_mean, long_width, wide, tight, long_tight, high, low, long_low, Some(flags)]
        .map(|value| value.map(f64::to_bits))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn the_fast_band_state_is_the_definition(
        scale in prop::sample::select(vec![1.0, 1e-9, 1e-3, 1e6]), moves in moves(), cut in 0_usize..600,
    ) {
        let (mut fast, mut slow) = (BandState::new(), Reference::default());
        for (i, close) in closes(scale, &moves).into_iter().enumerate() {
            if i == cut {
                fast = serde_json::from_str(&serde_json::to_string(&fast).unwrap()).unwrap();
            }
            let state = fast.update(close);
            let expected = slow.update(close);
            prop_assert_eq!(bits(fast.reading()), bits(expected), "candle {}", i);
            prop_assert_eq!(state, slow.state, "candle {}", i);
            prop_assert_eq!(fast.is_long_squeezed(), !slow.long_loose, "candle {}", i);
        }
    }
}
