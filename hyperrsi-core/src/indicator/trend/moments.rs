//! Mean and deviation of the newest closes from sums that are exact however long they have been running.
//!
//! The closes of a window are whole multiples of a power of two, the [`Grid`], so their sum and the sum of their squares
//! are integers: what is added and taken out again leaves nothing behind, and no order of the terms plays a part. The
//! sums follow from the closes in the window alone.

use crate::indicator::{exact, factor, window::Window};

/// Multiples stay below this, so that the sum of 60 fits 63 bits and 60 times that of their squares 127.
const LIMIT: u64 = 1 << 57;
/// Bits of the fraction of an `f64`, and what is added to its exponent.
const FRACTION: u32 = 52;
const BIAS: u64 = 1_023;

/// A power of two that every close of a window is a multiple of.
#[derive(Clone, Copy, Debug)]
struct Grid {
    /// The step from one multiple to the next.
    step: f64,
    /// Steps per unit: `1 / step`, exactly.
    steps: f64,
}

impl Grid {
    /// The finest on which `largest` stays below the limit; `None` for extreme values.
    fn below(largest: f64) -> Option<Self> {
        let exponent = largest.to_bits() >> FRACTION;
        // The largest multiple has the exponent 56.
        let steps = (2 * BIAS + 56).checked_sub(exponent).filter(|bits| (1..2 * BIAS).contains(bits))?;
        let step = 2 * BIAS - steps;
        Some(Self { step: f64::from_bits(step << FRACTION), steps: f64::from_bits(steps << FRACTION) })
    }

    /// The finest for all of `closes`, if there is one.
    fn of(closes: &[f64]) -> Option<Self> {
        let grid = Self::below(closes.iter().copied().fold(0.0, f64::max))?;
        closes.iter().all(|&close| grid.multiple(close).is_some()).then_some(grid)
    }

    /// Which multiple `value` is, if it is one, positive and below the limit.
    #[inline]
    fn multiple(self, value: f64) -> Option<u64> {
        let scaled = value * self.steps;
        let multiple = whole(scaled);
        // A value that is not whole, and anything that is not a positive number, is no multiple.
        ((1..LIMIT).contains(&multiple) && float(multiple).to_bits() == scaled.to_bits()).then_some(multiple)
    }

    /// The multiple of a value that was accepted before; 0 for 0.
    #[inline]
    fn known(self, value: f64) -> u64 {
        whole(value * self.steps)
    }
}

/// Cuts off the fraction; values out of range become far too large, negative ones too.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what was cut off is compared after"
)]
const fn whole(scaled: f64) -> u64 {
    scaled as i64 as u64
}

/// The nearest `f64`.
#[inline]
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    reason = "below 2^63, and rounding is meant"
)]
const fn float(multiples: u64) -> f64 {
    multiples as i64 as f64
}

/// The nearest `f64` of an integer below 2^126: the same number on every grid, but for the power of two.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "cut in two exact halves, or rounded"
)]
fn rounded(integer: u128) -> f64 {
    const HALF: u64 = 1 << 53;
    if integer >> 106 == 0 {
        let (high, low) = ((integer >> 53) as u64, integer as u64 & (HALF - 1));
        float(high) * float(HALF) + float(low)
    } else {
        integer as f64
    }
}

/// The sums of a window.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    sum: u64,
    squares: u128,
}

impl Sums {
    fn of(multiples: impl Iterator<Item = u64>) -> Self {
        let mut sums = Self::default();
        multiples.for_each(|new| sums.replace(new, 0));
        sums
    }

    #[inline]
    fn replace(&mut self, new: u64, gone: u64) {
        let square = |multiple: u64| u128::from(multiple) * u128::from(multiple);
        self.sum = self.sum + new - gone;
        self.squares = self.squares + square(new) - square(gone);
    }

    /// Mean and population standard deviation of `n` values.
    #[inline]
    fn measure(self, n: usize, grid: Grid) -> (f64, f64) {
        let sum = u128::from(self.sum);
        // n^2 times the variance: exact, and 0 only if all values are equal.
        let spread = n as u128 * self.squares - sum * sum;
        (float(self.sum) * grid.step / factor(n), rounded(spread).sqrt() * grid.step / factor(n))
    }
}

/// The sums of the newest `SHORT` and of all closes of a window of `LONG`, which is at most 60.
#[derive(Clone, Debug, Default)]
pub(super) struct Moments<const SHORT: usize, const LONG: usize> {
    /// `None` before the first close, after a restart, and while the closes of the window have no grid in common.
    grid: Option<Grid>,
    short: Sums,
    long: Sums,
}

/// They follow from the window they belong to, which is compared and saved.
impl<const SHORT: usize, const LONG: usize> PartialEq for Moments<SHORT, LONG> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<const SHORT: usize, const LONG: usize> Moments<SHORT, LONG> {
    /// Appends `close` to `window`, which holds up to `LONG` closes.
    #[inline]
    pub(super) fn push(&mut self, close: f64, window: &mut Window) {
        let short = window.oldest_of(SHORT).unwrap_or(0.0);
        let long = window.push(close).unwrap_or(0.0);
        if let Some(grid) = self.grid
            && let Some(new) = grid.multiple(close)
        {
            self.short.replace(new, grid.known(short));
            self.long.replace(new, grid.known(long));
        } else {
            self.begin(window.values());
        }
    }

    /// Mean and population standard deviation of the newest `SHORT` closes of `window`.
    #[inline]
    pub(super) fn short(&self, window: &Window) -> (f64, f64) {
        match self.grid {
            Some(grid) => self.short.measure(SHORT, grid),
            None => afresh(window.newest(SHORT)),
        }
    }

    /// The same of the newest `LONG`.
    #[inline]
    pub(super) fn long(&self, window: &Window) -> (f64, f64) {
        match self.grid {
            Some(grid) => self.long.measure(LONG, grid),
            None => afresh(window.values()),
        }
    }

    /// Sums `window` afresh on the finest grid there is for it.
    #[cold]
    fn begin(&mut self, window: &[f64]) {
        *self = Self::default();
        if let Some(grid) = Grid::of(window) {
            let newest_first = || window.iter().rev().map(|&close| grid.known(close));
            self.grid = Some(grid);
            (self.short, self.long) = (Sums::of(newest_first().take(SHORT)), Sums::of(newest_first()));
        }
    }
}

/// Mean and deviation of a window that shares no grid with the rest of the longer one, or has none.
#[cold]
fn afresh(closes: &[f64]) -> (f64, f64) {
    match Grid::of(closes) {
        Some(grid) => Sums::of(closes.iter().map(|&close| grid.known(close))).measure(closes.len(), grid),
        None => two_passes(closes),
    }
}

/// Mean and deviation without a grid: for closes that lie more than a factor of 16 apart.
fn two_passes(closes: &[f64]) -> (f64, f64) {
    let mean = exact::mean(closes).unwrap_or_default();
    (mean, exact::deviation(closes, mean))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Bands = Moments<15, 60>;

    fn run(closes: &[f64]) -> (Bands, Window) {
        let (mut moments, mut window) = (Bands::default(), Window::new(60));
        closes.iter().for_each(|&close| moments.push(close, &mut window));
        (moments, window)
    }

    #[test]
    fn halves_round_as_a_whole() {
        for bits in 0..126 {
            for odd in [0_u128, 1, 2, 3, 0x1357_9bdf_0246_8ace, (1 << 53) - 1, (1 << 53) + 1, (1 << 54) + 2] {
                let integer = (1 << bits) + (odd << bits >> 60) + (odd & ((1 << bits) - 1));
                assert_eq!(rounded(integer).to_bits(), (integer as f64).to_bits(), "{integer}");
            }
        }
    }

    #[test]
    fn closes_far_apart_have_no_grid_and_find_one_again() {
        let mut closes = vec![0.1; 80];
        closes.extend([30_000.7; 30]);
        let (moments, window) = run(&closes);
        assert!(moments.grid.is_none());
        assert_eq!(moments.long(&window), two_passes(window.values()));
        closes.extend([30_000.7; 30]);
        let (moments, window) = run(&closes);
        assert!(moments.grid.is_some());
        assert_eq!(moments.long(&window), (30_000.7, 0.0));
    }

    #[test]
    fn what_is_no_price_has_no_grid() {
        for close in [0.0, -0.0, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 5e-324, f64::MAX] {
            let (moments, _) = run(&[1.0, close]);
            assert!(moments.grid.is_none(), "{close}");
        }
    }

    proptest! {
        #[test]
        fn sums_agree_with_two_passes(
            start in prop::sample::select(vec![1e-7, 0.000_041_3, 0.9, 41_723.4, 3.1e9]),
            steps in prop::collection::vec(-0.02_f64..0.02, 60..300),
            calm in prop::sample::select(vec![1.0, 1e-3, 1e-9]),
        ) {
            let mut close = start;
            let closes: Vec<f64> = steps.iter().map(|step| { close *= 1.0 + step * calm; close }).collect();
            let (moments, window) = run(&closes);
            prop_assert!(moments.grid.is_some());
            for (fast, slow) in [
                (moments.short(&window), two_passes(window.newest(15))),
                (moments.long(&window), two_passes(window.values())),
            ] {
                prop_assert!((fast.0 - slow.0).abs() <= slow.0 * f64::EPSILON, "{fast:?} {slow:?}");
                let rounding = slow.1 * 4.0 * f64::EPSILON + slow.0 * f64::EPSILON;
                prop_assert!((fast.1 - slow.1).abs() <= rounding, "{fast:?} {slow:?}");
            }
        }
    }
}
