//! Sums that do not depend on the order of their terms: what the trend state compares must not hang on rounding noise.

/// `a + b` as a rounded sum and its exact error (Knuth's two-sum).
#[inline(always)]
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let b_part = sum - a;
    (sum, (a - (sum - b_part)) + (b - b_part))
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
    let variance = sum_of(values, |x| (x - mean) * (x - mean)) / super::factor(values.len());
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
    }

    #[test]
    fn equal_values_deviate_by_nothing() {
        for (value, n) in [(0.1, 15), (0.000_041_3, 60), (41_723.0, 15), (1.0 / 3.0, 7)] {
            let values = vec![value; n];
            assert_eq!(deviation(&values, mean(&values).unwrap()), 0.0);
        }
    }
}
