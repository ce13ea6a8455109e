use super::{Indicator, LengthError, window::Window};
use serde::{Deserialize, Serialize};

/// The value `right` places before the newest, if it is a pivot among `values` (oldest first): it beats every later
/// value, and no earlier value beats it.
#[inline]
fn confirmed(values: &[f64], right: usize, beats: impl Fn(f64, f64) -> bool) -> Option<f64> {
    let (earlier, rest) = values.split_at_checked(values.len().checked_sub(right + 1)?)?;
    let (&candidate, later) = rest.split_first()?;
    // Newest first: the market has usually moved on, so the first comparison decides.
    let pivot = later.iter().rev().all(|&x| beats(candidate, x))
        && earlier.iter().rev().all(|&x| !beats(x, candidate));
    pivot.then_some(candidate)
}

/// What both kinds of pivot share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Pivot {
    right: usize,
    window: Window,
    found: Option<f64>,
}

impl Pivot {
    fn new(left: usize, right: usize) -> Result<Self, LengthError> {
        let length = left.saturating_add(right).saturating_add(1);
        let length = super::length("pivot length left + right + 1", length, 1)?;
        Ok(Self { right, window: Window::new(length), found: None })
    }

    #[inline]
    fn update(&mut self, x: f64, beats: impl Fn(f64, f64) -> bool) -> Option<f64> {
        self.window.push(x);
        self.found =
            if self.window.is_full() { confirmed(self.window.values(), self.right, beats) } else { None };
        self.found
    }

    fn reset(&mut self) {
        self.window.clear();
        self.found = None;
    }
}

/// A high that `right` later values have confirmed: strictly above each of them, and not below any of the `left`
/// earlier ones (an equal earlier value is allowed, an equal later one is not). The value is given once, on the
/// update that confirms it, `right` updates late (`ta.pivothigh`).
///
/// ```
/// use hyperrsi_core::indicator::{Indicator, PivotHigh};
/// let mut high = PivotHigh::new(1, 2)?;
/// let found = [1.0, 5.0, 4.0, 3.0, 2.0].map(|x| high.update(x));
/// assert_eq!(found, [None, None, None, Some(5.0), None]);
/// # Ok::<(), hyperrsi_core::indicator::LengthError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PivotHigh(Pivot);

/// A low that `right` later values have confirmed: the mirror of [`PivotHigh`].
///
/// ```
/// use hyperrsi_core::indicator::{Indicator, PivotLow};
/// let mut low = PivotLow::new(2, 1)?;
/// let found = [3.0, 2.0, 2.0, 4.0].map(|x| low.update(x));
/// assert_eq!(found, [None, None, None, Some(2.0)]); // the tie is with an earlier value
/// # Ok::<(), hyperrsi_core::indicator::LengthError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PivotLow(Pivot);

impl PivotHigh {
    /// Compared with `left` earlier and `right` later values.
    ///
    /// # Errors
    /// If `left + right + 1` is above 65536.
    pub fn new(left: usize, right: usize) -> Result<Self, LengthError> {
        Ok(Self(Pivot::new(left, right)?))
    }
}

impl PivotLow {
    /// Compared with `left` earlier and `right` later values.
    ///
    /// # Errors
    /// If `left + right + 1` is above 65536.
    pub fn new(left: usize, right: usize) -> Result<Self, LengthError> {
        Ok(Self(Pivot::new(left, right)?))
    }
}

impl Indicator for PivotHigh {
    type Input = f64;
    type Output = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        self.0.update(x, |a, b| a > b)
    }

    fn value(&self) -> Option<f64> {
        self.0.found
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}

impl Indicator for PivotLow {
    type Input = f64;
    type Output = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        self.0.update(x, |a, b| a < b)
    }

    fn value(&self) -> Option<f64> {
        self.0.found
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_count_against_later_values_only() {
        for (values, found) in [
            ([1.0, 3.0, 3.0, 2.0, 1.0], Some(3.0)),
            ([1.0, 2.0, 3.0, 3.0, 1.0], None),
            ([1.0, 4.0, 3.0, 2.0, 1.0], None),
            ([1.0, 2.0, 3.0, 2.0, 2.9], Some(3.0)),
        ] {
            let mut high = PivotHigh::new(2, 2).unwrap();
            let mut low = PivotLow::new(2, 2).unwrap();
            assert_eq!(values.map(|x| high.update(x))[4], found, "{values:?}");
            assert_eq!(values.map(|x| low.update(-x))[4], found.map(|x| -x), "{values:?}");
        }
    }
}
