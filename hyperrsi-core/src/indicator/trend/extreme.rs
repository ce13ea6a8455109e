use serde::{Deserialize, Serialize};
use std::cmp::Ordering::{self, Greater};

/// The highest or lowest of the newest `SPAN` values, the newest among equals, and how many came after it.
///
/// A pivot confirmed by `k` later values is an extreme that has just reached the age `k`: it is beyond each later value,
/// and no earlier one is beyond it. That takes two comparisons per value, where looking at the window takes dozens.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Extreme<const SPAN: usize> {
    value: f64,
    /// `SPAN` before the first value.
    age: usize,
}

impl<const SPAN: usize> Extreme<SPAN> {
    /// Before the first value.
    pub(super) const fn new() -> Self {
        Self { value: 0.0, age: SPAN }
    }

    /// Takes a value, the last of `newest`, which are the newest `SPAN` or all there are. `beyond` is the order of the
    /// extreme: `Greater` for a high, `Less` for a low.
    #[inline]
    pub(super) fn update<'a>(&mut self, value: f64, beyond: Ordering, newest: impl FnOnce() -> &'a [f64]) {
        self.age += 1;
        if self.age >= SPAN {
            self.search(beyond, newest());
        } else if at_or_beyond(value, self.value, beyond) {
            (self.value, self.age) = (value, 0);
        }
    }

    /// The extreme, if `later` values have just confirmed it.
    #[inline]
    pub(super) fn confirmed(self, later: usize) -> Option<f64> {
        (self.age == later).then_some(self.value)
    }

    /// The extreme of what is left once it has grown too old.
    #[inline(never)]
    fn search(&mut self, beyond: Ordering, newest: &[f64]) {
        let mut newest_first = newest.iter().rev().copied().enumerate();
        let Some((mut age, mut value)) = newest_first.next() else { return };
        for (older, candidate) in newest_first {
            if !at_or_beyond(value, candidate, beyond) {
                (age, value) = (older, candidate);
            }
        }
        *self = Self { value, age };
    }
}

#[inline]
fn at_or_beyond(value: f64, other: f64, beyond: Ordering) -> bool {
    if beyond == Greater { value >= other } else { value <= other }
}
