use hyperrsi_core::model::{Span, Timestamp};
use std::collections::{BTreeMap, VecDeque};

/// How many calls are let through in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// So many calls…
    pub calls: u32,
    /// …in so much time.
    pub window: Span,
}

/// Counts calls in sliding windows, by any key.
#[derive(Clone, Debug, Default)]
pub struct Limiter {
    calls: BTreeMap<String, VecDeque<Timestamp>>,
}

impl Limiter {
    /// Whether a call may pass; only those that pass count.
    pub fn admit(&mut self, now: Timestamp, key: &str, rate: Rate) -> bool {
        let recent = self.calls.entry(key.to_owned()).or_default();
        while recent.front().is_some_and(|first| now - *first >= rate.window) {
            recent.pop_front();
        }
        let free = recent.len() < rate.calls as usize;
        if free {
            recent.push_back(now);
        }
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_slides() {
        let rate = Rate { calls: 2, window: Span::seconds(2) };
        let mut limiter = Limiter::default();
        let mut at = |millis| limiter.admit(Timestamp::from_millis(millis), "a", rate);
        assert_eq!(
            [at(0), at(1_500), at(1_999), at(2_000), at(2_001), at(3_500)],
            [true, true, false, true, false, true]
        );
        assert!(limiter.admit(Timestamp::from_millis(2_001), "b", rate));
    }
}
