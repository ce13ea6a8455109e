use crate::exchange::{AccountEvent, AccountStream, Answer, Capabilities, Exchange, ExchangeError, Request};
use crate::model::{AccountId, Timestamp};
use crate::runtime::clock::Clock;
use async_trait::async_trait;
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::io::{BufRead, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// One line of a recording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Taped {
    /// A call and what came of it.
    Call {
        /// Venue time of the answer.
        at: Timestamp,
        /// The request as JSON.
        request: serde_json::Value,
        /// The answer.
        result: Result<Answer, ExchangeError>,
    },
    /// An event of the account's stream.
    Event {
        /// Venue time it came.
        at: Timestamp,
        /// The event.
        event: AccountEvent,
    },
}

/// A recording that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("line {line} of the recording cannot be read: {detail}; record it again")]
pub struct ReplayError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub detail: String,
}

type Sink = Arc<Mutex<Box<dyn Write + Send>>>;

/// Writes every call with its answer, and every event, as a line of JSON. Requests hold no secrets: keys and signatures
/// stay inside the adapter.
pub struct Recorded<E> {
    inner: E,
    sink: Sink,
    clock: Arc<dyn Clock>,
}

impl<E> std::fmt::Debug for Recorded<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorded").finish_non_exhaustive()
    }
}

impl<E: Exchange> Recorded<E> {
    /// Around `inner`; lines go to `sink`.
    pub fn new(inner: E, sink: impl Write + Send + 'static, clock: Arc<dyn Clock>) -> Self {
        Self { inner, sink: Arc::new(Mutex::new(Box::new(sink))), clock }
    }
}

/// A recording that cannot be written is no reason to stop trading: it is counted.
fn write(sink: &Sink, line: &Taped) {
    let mut sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
    let written = serde_json::to_string(line)
        .map_err(std::io::Error::from)
        .and_then(|text| writeln!(sink, "{text}"))
        .and_then(|()| sink.flush());
    if written.is_err() {
        metrics::counter!("hyperrsi_recording_errors_total").increment(1);
    }
}

#[async_trait]
impl<E: Exchange> Exchange for Recorded<E> {
    fn account(&self) -> &AccountId {
        self.inner.account()
    }
    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }
    async fn call(&self, request: Request) -> Result<Answer, ExchangeError> {
        let asked = serde_json::to_value(&request).unwrap_or_default();
        let result = self.inner.call(request).await;
        write(&self.sink, &Taped::Call { at: self.clock.now(), request: asked, result: result.clone() });
        result
    }
    fn events(&self) -> AccountStream {
        let (sink, clock) = (Arc::clone(&self.sink), Arc::clone(&self.clock));
        Box::pin(self.inner.events().inspect(move |event| {
            write(&sink, &Taped::Event { at: clock.now(), event: event.clone() });
        }))
    }
}

/// Answers from a recording: each request gets the next recorded answer to the same request.
#[derive(Debug)]
pub struct Replayed {
    account: AccountId,
    can: Capabilities,
    calls: Mutex<VecDeque<(serde_json::Value, Result<Answer, ExchangeError>)>>,
    events: Vec<AccountEvent>,
}

impl Replayed {
    /// Reads a recording made by [`Recorded`].
    ///
    /// # Errors
    /// [`ReplayError`] names the first line that is none.
    pub fn read(account: AccountId, can: Capabilities, lines: impl BufRead) -> Result<Self, ReplayError> {
        let (mut calls, mut events) = (VecDeque::new(), Vec::new());
        for (index, line) in lines.lines().enumerate() {
            let wrong = |detail: String| ReplayError { line: index + 1, detail };
            let line = line.map_err(|error| wrong(error.to_string()))?;
            match serde_json::from_str(&line).map_err(|error| wrong(error.to_string()))? {
                Taped::Call { request, result, .. } => calls.push_back((request, result)),
                Taped::Event { event, .. } => events.push(event),
            }
        }
        Ok(Self { account, can, calls: Mutex::new(calls), events })
    }

    /// Calls that were recorded and not asked for.
    pub fn left(&self) -> usize {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

#[async_trait]
impl Exchange for Replayed {
    fn account(&self) -> &AccountId {
        &self.account
    }
    fn capabilities(&self) -> &Capabilities {
        &self.can
    }
    async fn call(&self, request: Request) -> Result<Answer, ExchangeError> {
        let asked = serde_json::to_value(&request).unwrap_or_default();
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let found = calls.iter().position(|(recorded, _)| *recorded == asked);
        match found.and_then(|index| calls.remove(index)) {
            Some((_, result)) => result,
            None => Err(ExchangeError::Connectivity {
                sent: false,
                detail: format!("the recording has no further answer to {}", request.name()),
            }),
        }
    }
    fn events(&self) -> AccountStream {
        Box::pin(futures_util::stream::iter(self.events.clone()).chain(futures_util::stream::pending()))
    }
}
