use super::{Indicator, LengthError, factor};
use serde::{Deserialize, Serialize};

/// Jurik-style moving average as charts publish it, phase 50, power 2; a value from the first update on.
///
/// `beta = 0.45 (n - 1) / (0.45 (n - 1) + 2)`, `alpha = beta^2`, phase ratio `pr = 50 / 100 + 1.5`, and per value `x`
/// ```text
/// e0 = (1 - alpha) x + alpha e0'
/// e1 = (x - e0)(1 - beta) + beta e1'
/// e2 = (e0 + pr e1 - j')(1 - alpha)^2 + alpha^2 e2'
/// j  = e2 + j'
/// ```
/// with `e0 = j = x`, `e1 = e2 = 0` on the first value.
///
/// ```
/// use hyperrsi_core::indicator::{Indicator, Jma};
/// let mut jma = Jma::new(5)?;
/// assert_eq!(jma.update(100.0), Some(100.0));
/// let after = jma.update(110.0).unwrap();
/// assert!(after > 106.0 && after < 110.0);
/// # Ok::<(), hyperrsi_core::indicator::LengthError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Jma {
    alpha: f64,
    beta: f64,
    ratio: f64,
    seed: Option<f64>,
    state: Option<State>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct State {
    e0: f64,
    e1: f64,
    e2: f64,
    value: f64,
}

impl Jma {
    /// Seeded with its first value.
    ///
    /// # Errors
    /// If `length` is 0 or above 65536.
    pub fn new(length: usize) -> Result<Self, LengthError> {
        Ok(Self::of(super::length("JMA length", length, 1)?, None))
    }

    /// Seeded as if `seed` had been the value for ever. Chart scripts that start from 0 need some 20 lengths to forget
    /// it; this is how to reproduce them.
    ///
    /// # Errors
    /// If `length` is 0 or above 65536.
    pub fn with_seed(length: usize, seed: f64) -> Result<Self, LengthError> {
        Ok(Self::of(super::length("JMA length", length, 1)?, Some(seed)))
    }

    /// `length` must have been checked.
    pub(super) fn of(length: usize, seed: Option<f64>) -> Self {
        let spread = 0.45 * (factor(length) - 1.0);
        let beta = spread / (spread + 2.0);
        Self { alpha: beta * beta, beta, ratio: 50.0 / 100.0 + 1.5, seed, state: seed.map(State::at) }
    }
}

impl State {
    const fn at(x: f64) -> Self {
        Self { e0: x, e1: 0.0, e2: 0.0, value: x }
    }
}

impl Indicator for Jma {
    type Input = f64;
    type Output = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        let Some(state) = &mut self.state else {
            self.state = Some(State::at(x));
            return Some(x);
        };
        let (alpha, beta) = (self.alpha, self.beta);
        state.e0 = (1.0 - alpha) * x + alpha * state.e0;
        state.e1 = (x - state.e0) * (1.0 - beta) + beta * state.e1;
        let pull = (1.0 - alpha) * (1.0 - alpha);
        state.e2 = (state.e0 + self.ratio * state.e1 - state.value) * pull + alpha * alpha * state.e2;
        state.value += state.e2;
        Some(state.value)
    }

    /// The value of the newest update; before the first one, the seed if one was given.
    #[inline]
    fn value(&self) -> Option<f64> {
        self.state.map(|state| state.value)
    }

    fn reset(&mut self) {
        self.state = self.seed.map(State::at);
    }
}
