use crate::model::{Span, Timestamp};
use crate::runtime::clock::{Clock, Sleep};
use std::sync::Arc;
use tokio::sync::watch;

/// A clock that stands still until it is moved: the time of a recording.
#[derive(Debug)]
pub struct SteppedClock {
    now: watch::Sender<Timestamp>,
}

impl SteppedClock {
    /// A clock that shows `start`.
    pub fn starting_at(start: Timestamp) -> Arc<Self> {
        Arc::new(Self { now: watch::Sender::new(start) })
    }

    /// Moves the clock; backwards it does not go.
    pub fn advance(&self, to: Timestamp) {
        self.now.send_if_modified(|now| {
            let moves = to > *now;
            *now = to.max(*now);
            moves
        });
    }
}

impl Clock for SteppedClock {
    fn now(&self) -> Timestamp {
        *self.now.borrow()
    }
    fn sleep_until(&self, at: Timestamp) -> Sleep {
        let mut now = self.now.subscribe();
        Box::pin(async move {
            if now.wait_for(|now| *now >= at).await.is_err() {
                std::future::pending::<()>().await; // the clock is gone: the time never comes
            }
        })
    }
    fn correct(&self, venue: Timestamp) -> Span {
        venue - self.now()
    }
}
