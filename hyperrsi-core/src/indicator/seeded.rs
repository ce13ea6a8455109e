use super::factor;
use serde::{Deserialize, Serialize};

/// A recursive average seeded with the plain mean of its first `length` values: `v += alpha * (x - v)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Seeded {
    length: usize,
    seen: usize,
    alpha: f64,
    /// The sum of the seed while `seen < length`, the average afterwards.
    state: f64,
}

impl Seeded {
    /// `length` must have been checked.
    pub(super) fn new(length: usize, alpha: f64) -> Self {
        Self { length, seen: 0, alpha, state: 0.0 }
    }

    #[inline]
    pub(super) fn update(&mut self, x: f64) -> Option<f64> {
        if self.seen == self.length {
            self.state += self.alpha * (x - self.state);
            return Some(self.state);
        }
        self.seen += 1;
        self.state += x;
        if self.seen < self.length {
            return None;
        }
        self.state /= factor(self.length);
        Some(self.state)
    }

    #[inline]
    pub(super) fn value(&self) -> Option<f64> {
        (self.seen == self.length).then_some(self.state)
    }

    pub(super) fn reset(&mut self) {
        self.seen = 0;
        self.state = 0.0;
    }
}
