use crate::exchange::{AccountStream, Answer, Capabilities, Exchange, ExchangeError, Request};
use crate::model::{AccountId, Span};
use crate::runtime::clock::Clock;
use async_trait::async_trait;
use std::sync::{Arc, Mutex, PoisonError};

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mishap {
    /// It is carried out, the answer is lost.
    LoseAnswer,
    /// It never arrives.
    LoseRequest,
    /// It is carried out late.
    Delay(Span),
    /// It is carried out twice.
    Twice,
    /// It is not carried out, and this is said.
    Say(ExchangeError),
}

/// Disturbs calls by a script: the n-th call of a name has a mishap. The same script gives the same run.
pub struct Chaos<E> {
    inner: E,
    clock: Arc<dyn Clock>,
    script: Mutex<Vec<(&'static str, u32, Mishap)>>,
}

impl<E> std::fmt::Debug for Chaos<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chaos").field("script", &self.script).finish_non_exhaustive()
    }
}

impl<E: Exchange> Chaos<E> {
    /// Around `inner`, without mishaps.
    pub const fn new(inner: E, clock: Arc<dyn Clock>) -> Self {
        Self { inner, clock, script: Mutex::new(Vec::new()) }
    }

    /// The `nth` call named `name` from now, counted from 1, has a mishap; `*` stands for every name.
    #[must_use]
    pub fn at(self, name: &'static str, nth: u32, mishap: Mishap) -> Self {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).push((name, nth, mishap));
        self
    }

    fn mishap(&self, name: &str) -> Option<Mishap> {
        let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        let mut happens = None;
        script.retain_mut(|(wanted, left, mishap)| {
            if *wanted != name && *wanted != "*" {
                return true;
            }
            *left = left.saturating_sub(1);
            if *left == 0 {
                happens.get_or_insert(mishap.clone());
            }
            *left > 0
        });
        happens
    }
}

#[async_trait]
impl<E: Exchange> Exchange for Chaos<E> {
    fn account(&self) -> &AccountId {
        self.inner.account()
    }
    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }
    async fn call(&self, request: Request) -> Result<Answer, ExchangeError> {
        match self.mishap(request.name()) {
            None => self.inner.call(request).await,
            Some(Mishap::LoseAnswer) => {
                let _ = self.inner.call(request).await;
                Err(ExchangeError::Timeout { after: None })
            }
            Some(Mishap::LoseRequest) => Err(ExchangeError::Timeout { after: None }),
            Some(Mishap::Delay(span)) => {
                self.clock.sleep_until(self.clock.now() + span).await;
                self.inner.call(request).await
            }
            Some(Mishap::Twice) => {
                let _ = self.inner.call(request.clone()).await;
                self.inner.call(request).await
            }
            Some(Mishap::Say(error)) => Err(error),
        }
    }
    fn events(&self) -> AccountStream {
        self.inner.events()
    }
}
