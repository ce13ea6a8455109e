use super::Indicator;
use serde::{Deserialize, Serialize};

/// What a [`Cross`] saw on its newest pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Crossing {
    /// `a` is above `b` now and was not on the pair before.
    Over,
    /// `a` is below `b` now and was not on the pair before.
    Under,
    /// Neither.
    None,
}

/// When one line crosses another (`ta.crossover`, `ta.crossunder`). Feed pairs only where both lines have a value;
/// the first pair crosses nothing.
///
/// ```
/// use hyperrsi_core::indicator::{Cross, Crossing, Indicator};
/// let mut cross = Cross::new();
/// let seen = [(1.0, 2.0), (2.0, 2.0), (3.0, 2.0), (1.0, 2.0)].map(|pair| cross.update(pair).unwrap());
/// assert_eq!(seen, [Crossing::None, Crossing::None, Crossing::Over, Crossing::Under]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cross {
    previous: Option<(f64, f64)>,
    value: Option<Crossing>,
}

impl Cross {
    /// Before the first pair.
    pub const fn new() -> Self {
        Self { previous: None, value: None }
    }
}

impl Indicator for Cross {
    type Input = (f64, f64);
    type Output = Crossing;

    #[inline]
    fn update(&mut self, (a, b): (f64, f64)) -> Option<Crossing> {
        let crossing = match self.previous.replace((a, b)) {
            Some((before_a, before_b)) if a > b && before_a <= before_b => Crossing::Over,
            Some((before_a, before_b)) if a < b && before_a >= before_b => Crossing::Under,
            _ => Crossing::None,
        };
        self.value = Some(crossing);
        self.value
    }

    fn value(&self) -> Option<Crossing> {
        self.value
    }

    fn reset(&mut self) {
        *self = Self::new();
    }
}
