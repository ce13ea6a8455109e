use super::{Indicator, LengthError, factor, seeded::Seeded};
use serde::{Deserialize, Serialize};

/// Tillson's T3: a weighted sum of the third to sixth of six chained EMAs (Tillson, 1998), with volume factor
/// `b` (0.7 usually); first value at index `6 (n - 1)`, each EMA being seeded with the mean of its first `n` values.
///
/// `T3 = -b^3 e6 + (3 b^2 + 3 b^3) e5 - (6 b^2 + 3 b + 3 b^3) e4 + (1 + 3 b + b^3 + 3 b^2) e3`
///
/// ```
/// use hyperrsi_core::indicator::{Indicator, T3};
/// let mut t3 = T3::new(2)?;
/// let values: Vec<_> = [5.0; 8].iter().map(|x| t3.update(*x)).collect();
/// assert_eq!(values.iter().position(Option::is_some), Some(6));
/// assert!((values[6].unwrap() - 5.0).abs() < 1e-12);
/// # Ok::<(), hyperrsi_core::indicator::LengthError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct T3 {
    chain: [Seeded; 6],
    weights: [f64; 4],
}

impl T3 {
    /// With the usual volume factor of 0.7.
    ///
    /// # Errors
    /// If `length` is 0 or above 65536.
    pub fn new(length: usize) -> Result<Self, LengthError> {
        Self::with_volume_factor(length, 0.7)
    }

    /// With volume factor `b`, 0 (a triple-smoothed EMA) to 1.
    ///
    /// # Errors
    /// If `length` is 0 or above 65536.
    pub fn with_volume_factor(length: usize, b: f64) -> Result<Self, LengthError> {
        let length = super::length("T3 length", length, 1)?;
        let (b2, b3) = (b * b, b * b * b);
        let weights =
            [1.0 + 3.0 * b + b3 + 3.0 * b2, -6.0 * b2 - 3.0 * b - 3.0 * b3, 3.0 * b2 + 3.0 * b3, -b3];
        let link = Seeded::new(length, 2.0 / (factor(length) + 1.0));
        Ok(Self { chain: std::array::from_fn(|_| link.clone()), weights })
    }
}

impl Indicator for T3 {
    type Input = f64;
    type Output = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        let mut carried = x;
        for link in &mut self.chain {
            carried = link.update(carried)?;
        }
        self.value()
    }

    fn value(&self) -> Option<f64> {
        let [_, _, e3, e4, e5, e6] = &self.chain;
        let [w3, w4, w5, w6] = self.weights;
        Some(w6 * e6.value()? + w5 * e5.value()? + w4 * e4.value()? + w3 * e3.value()?)
    }

    fn reset(&mut self) {
        self.chain.iter_mut().for_each(Seeded::reset);
    }
}
