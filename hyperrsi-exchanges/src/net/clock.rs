use hyperrsi_core::model::{Span, Timestamp};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// The venue's clock: this machine's, corrected by a measured offset.
#[derive(Debug, Default)]
pub struct Clock {
    offset: AtomicI64,
}

impl Clock {
    /// This machine's time.
    pub fn local() -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "requests are signed with the time they are sent at")]
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Timestamp::from_millis(since.map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The venue's time, as far as it was measured.
    pub fn now(&self) -> Timestamp {
        Self::local() + self.offset()
    }

    /// Venue time minus local time.
    pub fn offset(&self) -> Span {
        Span::millis_of(self.offset.load(Ordering::Relaxed))
    }

    /// Takes a measurement: the venue said `venue` in an answer to a request sent and received at these local times. The
    /// venue is taken to have looked at its clock halfway.
    pub fn measured(&self, sent: Timestamp, venue: Timestamp, received: Timestamp) -> Span {
        let halfway = sent.millis().midpoint(received.millis());
        let offset = venue.millis().saturating_sub(halfway);
        self.offset.store(offset, Ordering::Relaxed);
        Span::millis_of(offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offset_is_counted_from_the_middle_of_the_round_trip() {
        let clock = Clock::default();
        let at = Timestamp::from_millis;
        assert_eq!(clock.measured(at(1_000), at(5_100), at(1_200)), Span::millis_of(4_000));
        assert_eq!(clock.offset(), Span::seconds(4));
    }
}
