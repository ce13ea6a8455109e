use super::{Indicator, LengthError, exact::quick_sum, factor, window::Window};
use serde::{Deserialize, Serialize};

/// Linearly weighted moving average: weight `n` for the newest of `n` values down to 1 for the oldest, divided by
/// `n (n + 1) / 2`; first value at index `n - 1`.
///
/// Two running sums, made afresh once per `n` updates.
///
/// ```
/// use hyperrsi_core::indicator::{Indicator, Wma};
/// let mut wma = Wma::new(3)?; // (1 * 1 + 2 * 2 + 3 * 6) / 6
/// assert_eq!([1.0, 2.0, 6.0].map(|x| wma.update(x)), [None, None, Some(23.0 / 6.0)]);
/// # Ok::<(), hyperrsi_core::indicator::LengthError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wma {
    window: Window,
    sum: f64,
    weighted: f64,
}

impl Wma {
    /// An average over `length` values.
    ///
    /// # Errors
    /// If `length` is 0 or above 65536.
    pub fn new(length: usize) -> Result<Self, LengthError> {
        let length = super::length("WMA length", length, 1)?;
        Ok(Self { window: Window::new(length), sum: 0.0, weighted: 0.0 })
    }
}

impl Indicator for Wma {
    type Input = f64;
    type Output = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        let before = self.sum;
        let gone = self.window.push(x);
        if self.window.came_round() {
            self.sum = quick_sum(self.window.values());
            self.weighted = weighted_sum(self.window.values());
        } else {
            match gone {
                // Every weight goes down by one: take the whole old sum off, then add the newest at full weight.
                Some(gone) => {
                    self.sum += x - gone;
                    self.weighted += factor(self.window.length()) * x - before;
                }
                None => {
                    self.sum += x;
                    self.weighted += factor(self.window.len()) * x;
                }
            }
        }
        self.value()
    }

    #[inline]
    fn value(&self) -> Option<f64> {
        let n = factor(self.window.length());
        self.window.is_full().then(|| self.weighted / (n * (n + 1.0) / 2.0))
    }

    fn reset(&mut self) {
        self.window.clear();
        self.sum = 0.0;
        self.weighted = 0.0;
    }
}

/// `1 x_1 + 2 x_2 + ...`, in four lanes so that additions overlap.
fn weighted_sum(values: &[f64]) -> f64 {
    let (chunks, rest) = values.as_chunks::<4>();
    let [mut a, mut b, mut c, mut d] = [0.0; 4];
    let mut weight = 1.0;
    for [p, q, r, s] in chunks {
        a += weight * p;
        b += (weight + 1.0) * q;
        c += (weight + 2.0) * r;
        d += (weight + 3.0) * s;
        weight += 4.0;
    }
    for x in rest {
        a += weight * x;
        weight += 1.0;
    }
    (a + b) + (c + d)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_sums_equal_the_definition() {
        for n in [1_usize, 2, 5, 9] {
            let mut wma = Wma::new(n).unwrap();
            let xs: Vec<f64> = (0..60).map(|i| f64::from(i * i % 17) + 0.3).collect();
            for (i, &x) in xs.iter().enumerate() {
                let expected = (i + 1 >= n).then(|| {
                    let weight = |k: usize| factor(n - k);
                    let sum: f64 = (0..n).map(|k| weight(k) * xs[i - k]).sum();
                    sum / (0..n).map(weight).sum::<f64>()
                });
                match (wma.update(x), expected) {
                    (Some(got), Some(expected)) => assert!((got - expected).abs() < 1e-12),
                    (got, expected) => assert_eq!(got, expected),
                }
            }
        }
    }
}
