//! Sums that do not depend on the order of their terms: what the trend state compares must not hang on rounding noise.

use serde::{Deserialize, Serialize};

/// `a + b` as a rounded sum and its exact error (Knuth's two-sum).
#[inline(always)]
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let b_part = sum - a;
    (sum, (a - (sum - b_part)) + (b - b_part))
}

/// A running sum carried in two `f64`, some 106 bits: a value may be added and taken out again millions of times and
/// the rounded sum is still that of the terms present.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RunningSum {
    high: f64,
    low: f64,
}

impl RunningSum {
    /// Adds `value` and takes `gone` out.
    #[inline]
    pub(crate) fn replace(&mut self, value: f64, gone: f64) {
        let (step, step_error) = two_sum(value, -gone);
        let (high, error) = two_sum(self.high, step);
        let low = self.low + (error + step_error);
        self.high = high + low;
        self.low = low - (self.high - high);
    }

    /// The sum, rounded once.
    #[inline]
    pub(crate) const fn total(self) -> f64 {
        self.high
    }
}

/// The plain sum of `values`, in four lanes so that additions overlap.
#[inline]
pub(crate) fn quick_sum(values: &[f64]) -> f64 {
    let (chunks, rest) = values.as_chunks::<4>();
    let [mut a, mut b, mut c, mut d] = [0.0; 4];
    for [p, q, r, s] in chunks {
        a += p;
        b += q;
        c += r;
        d += s;
    }
    rest.iter().fold((a + b) + (c + d), |sum, x| sum + x)
}

/// The sum of `terms`, each first put through `map`, rounded (all but) once. Four lanes, so that additions overlap.
#[inline]
pub(crate) fn sum_of(terms: &[f64], map: impl Fn(f64) -> f64) -> f64 {
    let mut sums = [0.0; 4];
    let mut errors = [0.0; 4];
    let (chunks, rest) = terms.as_chunks::<4>();
    for chunk in chunks {
        for ((sum, error), &term) in sums.iter_mut().zip(&mut errors).zip(chunk) {
            let (new, lost) = two_sum(*sum, map(term));
            *sum = new;
            *error += lost;
        }
    }
    for ((sum, error), &term) in sums.iter_mut().zip(&mut errors).zip(rest) {
        let (new, lost) = two_sum(*sum, map(term));
        *sum = new;
        *error += lost;
    }
    total(sums, errors)
}

/// The lanes in one: first with third and second with fourth, so that pairs of lanes stay in one vector register.
#[inline(always)]
fn total([a, b, c, d]: [f64; 4], [e, f, g, h]: [f64; 4]) -> f64 {
    let (ac, ac_error) = two_sum(a, c);
    let (bd, bd_error) = two_sum(b, d);
    let (all, all_error) = two_sum(ac, bd);
    all + (all_error + ((ac_error + bd_error) + ((e + g) + (f + h))))
}

/// The mean of `values`, rounded as if summed exactly; `None` of nothing.
pub(crate) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| sum_of(values, |x| x) / super::factor(values.len()))
}

/// The population standard deviation of `values` around their `mean`: two passes, the sum of squares exact.
/// Exactly zero when all values are equal, even where the mean itself is rounded.
pub(crate) fn deviation(values: &[f64], mean: f64) -> f64 {
    root(sum_of(values, |x| (x - mean) * (x - mean)), values, mean)
}

/// As [`deviation`], twice as fast over a moving window: `squares` carries the sum of squares of the window before, which
/// tells how large this one will be. It has no part in the result.
#[inline]
pub(crate) fn deviation_near(values: &[f64], mean: f64, squares: &mut f64) -> f64 {
    let bound = *squares * 64.0;
    let quick = sum_of_squares(values, mean, bound);
    *squares = if quick < bound && quick * 1e9 > bound {
        quick
    } else {
        sum_of(values, |x| (x - mean) * (x - mean))
    };
    root(*squares, values, mean)
}

/// The sum of `(x - mean)^2`, rounded once, if it is below `bound` and not far below.
///
/// The lanes start at `bound` and the largest term is smaller, so the error of an addition takes three operations
/// (Dekker) where [`two_sum`] takes six.
#[inline]
fn sum_of_squares(values: &[f64], mean: f64, bound: f64) -> f64 {
    let (mut sums, mut errors) = ([bound; 4], [0.0; 4]);
    let mut add = |values: [f64; 4]| {
        let squares = values.map(|x| (x - mean) * (x - mean));
        let new = lanes(sums, squares, |sum, square| sum + square);
        let kept = lanes(new, sums, |new, sum| new - sum);
        let lost = lanes(squares, kept, |square, kept| square - kept);
        errors = lanes(errors, lost, |error, lost| error + lost);
        sums = new;
    };
    let (chunks, rest) = values.as_chunks::<4>();
    chunks.iter().copied().for_each(&mut add);
    if !rest.is_empty() {
        // A value equal to the mean adds nothing.
        let mut last = [mean; 4];
        last.iter_mut().zip(rest).for_each(|(slot, x)| *slot = *x);
        add(last);
    }
    // Exact: each lane is a multiple of the last bit of `bound`.
    total(sums.map(|sum| sum - bound), errors)
}

/// `op` lane by lane; spelled out, so that it becomes vector instructions.
#[inline(always)]
fn lanes([a, b, c, d]: [f64; 4], [e, f, g, h]: [f64; 4], op: impl Fn(f64, f64) -> f64) -> [f64; 4] {
    [op(a, e), op(b, f), op(c, g), op(d, h)]
}

/// The deviation that goes with a sum of squares.
#[inline]
fn root(squares: f64, values: &[f64], mean: f64) -> f64 {
    let variance = squares / super::factor(values.len());
    // The mean of equal values may be off by one rounding; only then is the variance this small.
    if variance < f64::EPSILON * f64::EPSILON * 16.0 * mean * mean && is_flat(values) {
        return 0.0;
    }
    variance.sqrt()
}

#[cold]
#[expect(clippy::float_cmp, reason = "equal means bitwise the same price")]
fn is_flat(values: &[f64]) -> bool {
    values.first().is_none_or(|first| values.iter().all(|x| x == first))
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exactness is what is tested")]
mod tests {
    use super::*;

    #[test]
    fn large_terms_that_cancel_leave_the_small_ones() {
        let mut terms = vec![1e16, 1.0, -1e16, 1.0, 1e-3];
        for _ in 0..terms.len() {
            terms.rotate_left(1);
            assert_eq!(sum_of(&terms, |x| x), 2.001);
        }
        let mut running = RunningSum::default();
        for x in [1e16, 1.0, 0.5] {
            running.replace(x, 0.0);
        }
        running.replace(0.25, 1e16);
        assert_eq!(running.total(), 1.75);
    }

    #[test]
    fn the_quick_sum_of_squares_is_as_exact_as_the_slow_one() {
        let mut squares = 0.0;
        for i in 0..2_000_u32 {
            let calm = if i % 500 < 400 { 1e-8 } else { 30.0 };
            let values: Vec<f64> =
                (i..i + 60).map(|k| 100.0 + calm * f64::from(k.wrapping_mul(2_654_435_761) >> 20)).collect();
            let mean = mean(&values).unwrap();
            assert_eq!(deviation_near(&values, mean, &mut squares), deviation(&values, mean));
        }
    }

    #[test]
    fn equal_values_deviate_by_nothing() {
        for (value, n) in [(0.1, 15), (0.000_041_3, 60), (41_723.0, 15), (1.0 / 3.0, 7)] {
            let values = vec![value; n];
            assert_eq!(deviation(&values, mean(&values).unwrap()), 0.0);
        }
    }
}
