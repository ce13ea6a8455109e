use super::{Indicator, LengthError};
use serde::{Deserialize, Serialize};

/// How many steps in a row went the wanted way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Steps {
    wanted: usize,
    run: usize,
    seen: usize,
    previous: Option<f64>,
}

impl Steps {
    const fn new(wanted: usize) -> Self {
        Self { wanted, run: 0, seen: 0, previous: None }
    }

    #[inline]
    fn update(&mut self, x: f64, wanted: impl Fn(f64, f64) -> bool) -> Option<bool> {
        if let Some(previous) = self.previous.replace(x) {
            self.seen = self.wanted.min(self.seen + 1);
            self.run = if wanted(previous, x) { self.wanted.min(self.run + 1) } else { 0 };
        }
        self.value()
    }

    fn value(&self) -> Option<bool> {
        (self.seen == self.wanted).then_some(self.run == self.wanted)
    }
}

/// Whether the newest `n` steps all went up (`ta.rising`); needs `n + 1` values.
///
/// ```
/// use hyperrsi_core::indicator::{Indicator, Rising};
/// let mut steps = Rising::new(2)?;
/// assert_eq!([1.0, 2.0, 3.0, 3.0].map(|x| steps.update(x)), [None, None, Some(true), Some(false)]);
/// # Ok::<(), hyperrsi_core::indicator::LengthError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rising(Steps);

impl Rising {
    /// Looks at `steps` steps.
    ///
    /// # Errors
    /// If `steps` is 0 or above 65536.
    pub fn new(steps: usize) -> Result<Self, LengthError> {
        Ok(Self(Steps::new(super::length("rising steps", steps, 1)?)))
    }
}

impl Indicator for Rising {
    type Input = f64;
    type Output = bool;

    #[inline]
    fn update(&mut self, x: f64) -> Option<bool> {
        self.0.update(x, |before, after| after > before)
    }

    fn value(&self) -> Option<bool> {
        self.0.value()
    }

    fn reset(&mut self) {
        self.0 = Steps::new(self.0.wanted);
    }
}

/// Whether the newest `n` steps all went down (`ta.falling`); needs `n + 1` values.
///
/// ```
/// use hyperrsi_core::indicator::{Falling, Indicator};
/// let mut steps = Falling::new(2)?;
/// assert_eq!([3.0, 2.0, 1.0, 1.0].map(|x| steps.update(x)), [None, None, Some(true), Some(false)]);
/// # Ok::<(), hyperrsi_core::indicator::LengthError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Falling(Steps);

impl Falling {
    /// Looks at `steps` steps.
    ///
    /// # Errors
    /// If `steps` is 0 or above 65536.
    pub fn new(steps: usize) -> Result<Self, LengthError> {
        Ok(Self(Steps::new(super::length("falling steps", steps, 1)?)))
    }
}

impl Indicator for Falling {
    type Input = f64;
    type Output = bool;

    #[inline]
    fn update(&mut self, x: f64) -> Option<bool> {
        self.0.update(x, |before, after| after < before)
    }

    fn value(&self) -> Option<bool> {
        self.0.value()
    }

    fn reset(&mut self) {
        self.0 = Steps::new(self.0.wanted);
    }
}
