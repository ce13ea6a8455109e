use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// Waits between attempts to connect: doubling from half a second to thirty, each spread over its second half, so that
/// many accounts do not come back at the same moment (FAULTS 26).
#[derive(Clone, Copy, Debug, Default)]
pub struct Backoff {
    failures: u32,
}

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);

impl Backoff {
    /// The next wait.
    pub fn next_wait(&mut self) -> Duration {
        let full = FIRST.saturating_mul(1 << self.failures.min(6)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        full / 2 + full.mul_f64(jitter() / 2.0)
    }
    /// It went well: the next wait is short again.
    pub const fn reset(&mut self) {
        self.failures = 0;
    }
}

/// From 0 to 1, from the process's random hash keys.
fn jitter() -> f64 {
    let bits = RandomState::new().build_hasher().finish() >> 32;
    bits as f64 / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f26_wire_waits_double_to_a_bound_and_are_spread() {
        for _ in 0..50 {
            let mut backoff = Backoff::default();
            let waits: Vec<_> = (0..12).map(|_| backoff.next_wait()).collect();
            for (index, wait) in waits.iter().enumerate() {
                let full = Duration::from_millis(500 * (1 << index.min(6))).min(LONGEST);
                assert!(*wait >= full / 2 && *wait <= full, "{index}: {wait:?}");
            }
            backoff.reset();
            assert!(backoff.next_wait() <= FIRST);
        }
        let spread: std::collections::BTreeSet<_> = (0..20).map(|_| Backoff::default().next_wait()).collect();
        assert!(spread.len() > 10, "{spread:?}");
    }
}
