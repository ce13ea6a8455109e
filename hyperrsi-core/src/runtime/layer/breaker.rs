use crate::exchange::{
    AccountStream, Answer, Capabilities, ErrorClass, Exchange, ExchangeError, OrderOutcome, Request, Urgency,
};
use crate::model::{AccountId, Span, Timestamp};
use crate::runtime::clock::Clock;
use async_trait::async_trait;
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Debug, Default)]
struct Count {
    failures: u32,
    open_until: Option<Timestamp>,
    /// The refusal openings keep getting, how often in a row, and until when they are held back.
    refused: Option<(ErrorClass, u32)>,
    held_until: Option<Timestamp>,
}

/// Stops asking a venue that does not answer, and stops sending openings that keep being refused for the same reason
/// (FAULTS 36, 80). What protects, reduces or looks for a lost order always passes.
pub struct Breaker<E> {
    inner: E,
    clock: Arc<dyn Clock>,
    limit: u32,
    rest: Span,
    count: Mutex<Count>,
}

impl<E> std::fmt::Debug for Breaker<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Breaker")
            .field("limit", &self.limit)
            .field("rest", &self.rest)
            .finish_non_exhaustive()
    }
}

impl<E: Exchange> Breaker<E> {
    /// Around `inner`: after `limit` failures in a row, reads and openings rest for `rest`.
    pub fn new(inner: E, limit: u32, rest: Span, clock: Arc<dyn Clock>) -> Self {
        Self { inner, clock, limit: limit.max(1), rest, count: Mutex::default() }
    }

    /// Whether reads and openings rest now.
    pub fn is_open(&self) -> bool {
        let now = self.clock.now();
        self.lock().open_until.is_some_and(|until| until > now)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Count> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn before(&self, urgency: Urgency) -> Result<(), ExchangeError> {
        let now = self.clock.now();
        let mut count = self.lock();
        if !matches!(urgency, Urgency::Read | Urgency::Opening) {
            return Ok(());
        }
        if count.open_until.is_some_and(|until| until > now) {
            let detail = "resting after failures in a row".into();
            return Err(ExchangeError::Connectivity { sent: false, detail });
        }
        if urgency == Urgency::Opening {
            if count.held_until.take_if(|until| *until <= now).is_some() {
                count.refused = None;
            }
            if let (Some(_), Some((class, times))) = (count.held_until, count.refused) {
                let text = format!("refused {times} times in a row for the same reason; openings rest");
                return Err(ExchangeError::Refused(crate::exchange::Refused::new(class, None, text)));
            }
        }
        Ok(())
    }

    fn after(&self, urgency: Urgency, result: &Result<Answer, ExchangeError>) {
        let now = self.clock.now();
        let mut count = self.lock();
        let failed = result.as_ref().err().is_some_and(|error| {
            matches!(error.class(), ErrorClass::Connectivity | ErrorClass::Timeout | ErrorClass::VenueFault)
        });
        if failed {
            count.failures += 1;
            if count.failures >= self.limit {
                count.open_until = Some(now + self.rest);
            }
        } else {
            (count.failures, count.open_until) = (0, None);
        }
        if urgency != Urgency::Opening {
            return;
        }
        let refused = match result {
            Ok(Answer::Order(OrderOutcome::Refused(refused))) => Some(refused.class),
            Err(ExchangeError::Refused(refused)) => Some(refused.class),
            _ => None,
        };
        count.refused = match (refused, count.refused) {
            (Some(class), Some((known, times))) if class == known => Some((class, times + 1)),
            (Some(class), _) => Some((class, 1)),
            (None, _) => None,
        };
        if count.refused.is_some_and(|(_, times)| times >= self.limit) {
            count.held_until = Some(now + self.rest);
        }
    }
}

#[async_trait]
impl<E: Exchange> Exchange for Breaker<E> {
    fn account(&self) -> &AccountId {
        self.inner.account()
    }
    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }
    async fn call(&self, request: Request) -> Result<Answer, ExchangeError> {
        let urgency = request.urgency();
        self.before(urgency)?;
        let result = self.inner.call(request).await;
        self.after(urgency, &result);
        result
    }
    fn events(&self) -> AccountStream {
        self.inner.events()
    }
}
