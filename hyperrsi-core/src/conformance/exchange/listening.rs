//! Listening to a stream for as long as it is worth.

use super::probe::{Outcome, PATIENCE, Probe};
use crate::exchange::{AccountEvent, AccountStream};
use crate::model::Span;
use futures_core::Stream;
use std::fmt::Debug;
use std::pin::{Pin, pin};
use std::task::Poll;

/// A stream and what it has said so far.
pub(super) struct Ear<T> {
    stream: Pin<Box<dyn Stream<Item = T> + Send>>,
    pub(super) heard: Vec<T>,
}

impl<T: Debug + Send> Ear<T> {
    pub(super) const fn new(stream: Pin<Box<dyn Stream<Item = T> + Send>>) -> Self {
        Self { stream, heard: Vec::new() }
    }

    /// The next item; `None` if none comes in time, or the stream has ended.
    pub(super) async fn next(&mut self, probe: &Probe, within: Span) -> Option<&T> {
        let mut pause = pin!(probe.stand().pause(within));
        let stream = &mut self.stream;
        let item = std::future::poll_fn(|context| match stream.as_mut().poll_next(context) {
            Poll::Ready(item) => Poll::Ready(item),
            Poll::Pending => pause.as_mut().poll(context).map(|()| None),
        })
        .await?;
        self.heard.push(item);
        self.heard.last()
    }

    /// Listens until something has been said, now or before.
    pub(super) async fn until(
        &mut self,
        probe: &Probe,
        what: &str,
        expected: &str,
        is: impl Fn(&[T]) -> bool + Send,
    ) -> Outcome {
        while !is(&self.heard) {
            if self.next(probe, PATIENCE).await.is_none() {
                return probe.fail(what, expected, &self.heard);
            }
        }
        Ok(())
    }
}

impl Ear<AccountEvent> {
    /// Listens to the account from a moment on at which its stream is up.
    pub(super) async fn up(probe: &Probe) -> Outcome<Self> {
        let stream: AccountStream = probe.exchange.events();
        let mut ear = Self::new(stream);
        ear.until(probe, "the stream", "Up", |heard| matches!(heard.last(), Some(AccountEvent::Up))).await?;
        ear.heard.clear();
        Ok(ear)
    }
}
