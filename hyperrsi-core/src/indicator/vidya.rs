use super::{Indicator, LengthError, factor, window::Window};
use serde::{Deserialize, Serialize};

/// Variable index dynamic average (Chande, 1992): an EMA whose speed follows the strength of the last 9 changes.
///
/// `f = |rises - falls| / (rises + falls)` over the newest 9 one-bar changes that exist (1 if nothing changed),
/// `v += f * 2 / (n + 1) * (x - v)`, seeded with the first value; a value from the first update on.
///
/// ```
/// use hyperrsi_core::indicator::{Indicator, Vidya};
/// let mut vidya = Vidya::new(3)?;
/// // the second change turns back as far: f = 0, the average stands still
/// assert_eq!([10.0, 12.0, 10.0].map(|x| vidya.update(x)), [Some(10.0), Some(11.0), Some(11.0)]);
/// # Ok::<(), hyperrsi_core::indicator::LengthError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Vidya {
    alpha: f64,
    changes: Window,
    seed: Option<f64>,
    previous: Option<f64>,
    value: Option<f64>,
}

/// How many one-bar changes the momentum looks at.
const MOMENTUM: usize = 9;

impl Vidya {
    /// Seeded with its first value.
    ///
    /// # Errors
    /// If `length` is 0 or above 65536.
    pub fn new(length: usize) -> Result<Self, LengthError> {
        Ok(Self::of(super::length("VIDYA length", length, 1)?, None))
    }

    /// Starting as if price and average had been at `seed` before the first value, as chart scripts do with 0.
    ///
    /// # Errors
    /// If `length` is 0 or above 65536.
    pub fn with_seed(length: usize, seed: f64) -> Result<Self, LengthError> {
        Ok(Self::of(super::length("VIDYA length", length, 1)?, Some(seed)))
    }

    /// `length` must have been checked.
    pub(super) fn of(length: usize, seed: Option<f64>) -> Self {
        let alpha = 2.0 / (1.0 + factor(length));
        Self { alpha, changes: Window::new(MOMENTUM), seed, previous: seed, value: seed }
    }

    /// How one-sided the changes were: 1 all in one direction (or none at all), 0 balanced.
    fn strength(&self) -> f64 {
        let (mut rises, mut falls) = (0.0, 0.0);
        for &change in self.changes.values() {
            if change >= 0.0 {
                rises += change;
            } else {
                falls -= change;
            }
        }
        let both: f64 = rises + falls;
        if both > 0.0 { (rises - falls).abs() / both } else { 1.0 }
    }
}

impl Indicator for Vidya {
    type Input = f64;
    type Output = f64;

    fn update(&mut self, x: f64) -> Option<f64> {
        if let Some(previous) = self.previous.replace(x) {
            self.changes.push(x - previous);
        }
        self.value = Some(match self.value {
            None => x,
            Some(value) => value + self.strength() * self.alpha * (x - value),
        });
        self.value
    }

    fn value(&self) -> Option<f64> {
        self.value
    }

    fn reset(&mut self) {
        self.changes.clear();
        self.previous = self.seed;
        self.value = self.seed;
    }
}
