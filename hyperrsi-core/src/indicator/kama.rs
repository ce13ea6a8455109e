use super::{Indicator, LengthError, factor, window::Window};
use serde::{Deserialize, Serialize};

/// Kaufman's adaptive moving average (Kaufman, "Trading Systems and Methods"): fast when price travels straight, slow
/// when it wanders.
///
/// `ER = |x_i - x_(i-er)| / sum |x_j - x_(j-1)|` over the newest `er` changes (0 if nothing moved),
/// `alpha = (ER (2/(fast+1) - 2/(slow+1)) + 2/(slow+1))^2`, `v += alpha (x - v)`, seeded with the value at index `er`,
/// which is also the first one given.
///
/// ```
/// use hyperrsi_core::indicator::{Indicator, Kama};
/// let mut kama = Kama::new(2, 2, 30)?;
/// // straight up: ER = 1, alpha = (2/3)^2
/// let values = [1.0, 2.0, 3.0, 12.0].map(|x| kama.update(x));
/// assert_eq!(values[..3], [None, None, Some(3.0)]);
/// assert!((values[3].unwrap() - 7.0).abs() < 1e-12);
/// # Ok::<(), hyperrsi_core::indicator::LengthError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kama {
    /// One value more than there are changes.
    window: Window,
    fast: f64,
    slow: f64,
    value: Option<f64>,
}

impl Kama {
    /// `efficiency` changes decide the speed between an EMA of length `fast` and one of length `slow`, both squared.
    ///
    /// # Errors
    /// If a length is 0 or above 65535.
    pub fn new(efficiency: usize, fast: usize, slow: usize) -> Result<Self, LengthError> {
        let values = super::length("KAMA efficiency length + 1", efficiency.saturating_add(1), 2)?;
        let rate = |name, length| super::length(name, length, 1).map(|n| 2.0 / (factor(n) + 1.0));
        Ok(Self {
            window: Window::new(values),
            fast: rate("KAMA fast length", fast)?,
            slow: rate("KAMA slow length", slow)?,
            value: None,
        })
    }
}

impl Indicator for Kama {
    type Input = f64;
    type Output = f64;

    fn update(&mut self, x: f64) -> Option<f64> {
        self.window.push(x);
        let value = match (self.window.is_full(), self.value) {
            (false, _) => return None,
            (true, None) => x,
            (true, Some(value)) => {
                let values = self.window.values();
                let path: f64 = values.windows(2).map(step).sum();
                let direct = (x - self.window.oldest()?).abs();
                let ratio = if path > 0.0 { direct / path } else { 0.0 };
                let rate = ratio * (self.fast - self.slow) + self.slow;
                value + rate * rate * (x - value)
            }
        };
        self.value = Some(value);
        self.value
    }

    fn value(&self) -> Option<f64> {
        self.value
    }

    fn reset(&mut self) {
        self.window.clear();
        self.value = None;
    }
}

/// How far one value is from the next.
fn step(pair: &[f64]) -> f64 {
    match pair {
        [before, after] => (after - before).abs(),
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wandering_price_moves_it_slowly() {
        // er 3, fast 2, slow 30: changes +1 -1 +1 give ER = 1/3
        let mut kama = Kama::new(3, 2, 30).unwrap();
        let values = [10.0, 11.0, 10.0, 11.0, 10.0].map(|x| kama.update(x));
        let rate = (2.0 / 3.0 - 2.0 / 31.0) / 3.0 + 2.0 / 31.0;
        assert_eq!(values[3], Some(11.0));
        assert!((values[4].unwrap() - (11.0 - rate * rate)).abs() < 1e-12);
        let mut flat = Kama::new(3, 2, 30).unwrap();
        assert_eq!([7.0; 6].map(|x| flat.update(x))[5], Some(7.0));
    }
}
