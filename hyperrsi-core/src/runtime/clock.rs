//! The only place that looks at a clock.

use crate::model::{Span, Timestamp};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::time::Instant;

/// Resolves when a time has come.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What time it is at the venue. Never runs backwards.
pub trait Clock: Send + Sync {
    /// Now, venue time.
    fn now(&self) -> Timestamp;
    /// Waits until `at`; at once if that is over.
    fn sleep_until(&self, at: Timestamp) -> Sleep;
    /// The venue said that it is `venue` there: from now on that counts. Returns by how much this clock was behind.
    fn correct(&self, venue: Timestamp) -> Span;
}

/// A monotonic clock that starts at a given time: jumps of the system clock and changes of the zone do not reach it
/// (FAULTS 32). Under tokio's paused time it is a virtual clock.
///
/// ```
/// use hyperrsi_core::model::{Span, Timestamp};
/// use hyperrsi_core::runtime::{Clock, VenueClock};
/// let clock = VenueClock::starting_at(Timestamp::from_millis(1_000));
/// assert!(clock.now() >= Timestamp::from_millis(1_000));
/// clock.correct(Timestamp::from_millis(60_000)); // the venue's word
/// assert!(clock.now() >= Timestamp::from_millis(60_000));
/// clock.correct(Timestamp::EPOCH); // never backwards
/// assert!(clock.now() >= Timestamp::from_millis(60_000));
/// ```
#[derive(Debug)]
pub struct VenueClock {
    origin: Instant,
    start: Timestamp,
    /// How many times faster than this machine's time it runs.
    speed: u32,
    /// Milliseconds the venue is ahead of `start` plus what has passed.
    offset: AtomicI64,
    /// The newest time told.
    newest: AtomicI64,
}

impl VenueClock {
    /// The system's time, read once; what passes is measured monotonically.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    pub fn system() -> Self {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Self::starting_at(Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)))
    }

    /// A clock that shows `start` now. Its time passes as tokio's does.
    pub fn starting_at(start: Timestamp) -> Self {
        Self {
            origin: Instant::now(),
            start,
            speed: 1,
            offset: AtomicI64::new(0),
            newest: AtomicI64::new(start.millis()),
        }
    }

    /// The same clock, so many times faster: for a practice venue whose time does that.
    #[must_use]
    pub const fn faster(mut self, speed: u32) -> Self {
        self.speed = if speed == 0 { 1 } else { speed };
        self
    }

    fn local(&self) -> Timestamp {
        let passed = self.origin.elapsed().as_millis() * u128::from(self.speed);
        let passed = i64::try_from(passed).unwrap_or(i64::MAX);
        self.start + Span::millis_of(passed)
    }

    /// How far the venue is ahead of this machine, as last measured.
    pub fn offset(&self) -> Span {
        Span::millis_of(self.offset.load(Ordering::Relaxed))
    }
}

impl Clock for VenueClock {
    fn now(&self) -> Timestamp {
        let now = self.local() + self.offset();
        let before = self.newest.fetch_max(now.millis(), Ordering::Relaxed);
        Timestamp::from_millis(before.max(now.millis()))
    }

    fn sleep_until(&self, at: Timestamp) -> Sleep {
        let wait = duration(at - self.now()) / self.speed;
        // A timer's tick is a millisecond: what is shorter would come before its time.
        let wait = if self.speed == 1 { wait } else { wait + std::time::Duration::from_millis(1) };
        Box::pin(tokio::time::sleep(wait))
    }

    fn correct(&self, venue: Timestamp) -> Span {
        let behind = venue - self.now();
        self.offset.store((venue - self.local()).millis(), Ordering::Relaxed);
        behind
    }
}

/// A span as tokio wants it; negative ones are none.
pub(crate) fn duration(span: Span) -> std::time::Duration {
    std::time::Duration::from_millis(u64::try_from(span.millis()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_is_virtual_under_paused_time_and_never_goes_back() {
        let clock = VenueClock::starting_at(Timestamp::from_millis(5_000));
        clock.sleep_until(Timestamp::from_millis(65_000)).await;
        assert_eq!(clock.now(), Timestamp::from_millis(65_000));
        assert_eq!(clock.correct(Timestamp::from_millis(64_000)), Span::seconds(-1));
        assert_eq!(clock.now(), Timestamp::from_millis(65_000), "it waits for the venue to catch up");
        tokio::time::advance(duration(Span::seconds(3))).await;
        assert_eq!(clock.now(), Timestamp::from_millis(67_000));
    }

    #[tokio::test(start_paused = true)]
    async fn a_faster_one_waits_less_and_not_too_little() {
        let clock = VenueClock::starting_at(Timestamp::EPOCH).faster(60);
        let begun = Instant::now();
        clock.sleep_until(Timestamp::from_millis(3_600_000)).await;
        assert!(clock.now() >= Timestamp::from_millis(3_600_000));
        let took = begun.elapsed().as_millis();
        assert!((60_000..60_010).contains(&took), "an hour is a minute: {took} ms");
    }
}
