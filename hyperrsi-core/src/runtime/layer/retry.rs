use crate::exchange::{AccountStream, Answer, Capabilities, Exchange, ExchangeError, Request, Retry};
use crate::model::{AccountId, Span};
use crate::runtime::clock::Clock;
use async_trait::async_trait;
use std::sync::Arc;

/// The longest a read waits between two attempts.
const LONGEST: Span = Span::seconds(8);

/// Repeats reads that failed, as the error says. Writes are never repeated: what became of them is looked up.
pub struct Retried<E> {
    inner: E,
    clock: Arc<dyn Clock>,
    attempts: u32,
}

impl<E> std::fmt::Debug for Retried<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Retried").field("attempts", &self.attempts).finish_non_exhaustive()
    }
}

impl<E: Exchange> Retried<E> {
    /// Around `inner`; `attempts` in all, at least one.
    pub fn new(inner: E, attempts: u32, clock: Arc<dyn Clock>) -> Self {
        Self { inner, clock, attempts: attempts.max(1) }
    }
}

#[async_trait]
impl<E: Exchange> Exchange for Retried<E> {
    fn account(&self) -> &AccountId {
        self.inner.account()
    }
    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }
    async fn call(&self, request: Request) -> Result<Answer, ExchangeError> {
        if request.is_write() {
            return self.inner.call(request).await;
        }
        let mut attempt = 1;
        loop {
            let error = match self.inner.call(request.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let wait = match error.retry() {
                Retry::Now => Span::ZERO,
                Retry::After(span) => {
                    let doubled = span.millis().checked_shl(attempt - 1).unwrap_or(i64::MAX);
                    Span::millis_of(doubled)
                }
                _ => return Err(error),
            };
            if attempt >= self.attempts || wait > LONGEST {
                return Err(error);
            }
            attempt += 1;
            metrics::counter!("hyperrsi_reads_retried_total").increment(1);
            self.clock.sleep_until(self.clock.now() + wait).await;
        }
    }
    fn events(&self) -> AccountStream {
        self.inner.events()
    }
}
