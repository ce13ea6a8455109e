use super::{Indicator, LengthError, factor, window::Window};
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
            self.sum = self.window.values().iter().sum();
            self.weighted =
                self.window.values().iter().zip(1..).map(|(x, weight)| x * f64::from(weight)).sum();
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
