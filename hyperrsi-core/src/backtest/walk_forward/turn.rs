//! Runs are taken in the order of the search. One that takes long must not let the results of all others wait for it in
//! memory: nobody begins a run that is too far ahead.

use std::sync::{Condvar, Mutex, PoisonError};

/// How many runs there may be between the first that has not been taken and the last that has begun.
pub(super) const AHEAD: u64 = 256;

/// The number of the first run that has not been taken.
#[derive(Debug, Default)]
pub(super) struct Turn {
    next: Mutex<u64>,
    moved: Condvar,
}

impl Turn {
    /// Returns once run `nth` may begin. The first that has not been taken never waits.
    pub(super) fn wait(&self, nth: u64) {
        let next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let _next = self
            .moved
            .wait_while(next, |next| nth >= next.saturating_add(AHEAD))
            .unwrap_or_else(PoisonError::into_inner);
    }

    /// All before `next` have been taken.
    pub(super) fn advance(&self, next: u64) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = next;
        self.moved.notify_all();
    }
}

/// Lets everybody go where the one that takes them is gone.
pub(super) struct OpenOnPanic<'a>(pub(super) &'a Turn);

impl Drop for OpenOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.advance(u64::MAX);
        }
    }
}
