use crate::exchange::{
    AccountStream, Answer, Capabilities, ErrorClass, Exchange, ExchangeError, OrderOutcome, Refused, Request,
};
use crate::model::AccountId;
use async_trait::async_trait;

/// Passes reads on and sends no order: what would have been sent is yielded as it is, and the trader is told that it was
/// refused. Nothing pretends to have happened.
pub struct DryRun<E, F> {
    inner: E,
    seen: F,
}

impl<E, F> std::fmt::Debug for DryRun<E, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DryRun").finish_non_exhaustive()
    }
}

impl<E: Exchange, F: Fn(&Request) + Send + Sync> DryRun<E, F> {
    /// Around `inner`; `seen` gets every request that is held back.
    pub const fn new(inner: E, seen: F) -> Self {
        Self { inner, seen }
    }
}

#[async_trait]
impl<E: Exchange, F: Fn(&Request) + Send + Sync> Exchange for DryRun<E, F> {
    fn account(&self) -> &AccountId {
        self.inner.account()
    }
    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }
    async fn call(&self, request: Request) -> Result<Answer, ExchangeError> {
        if !request.is_write() {
            return self.inner.call(request).await;
        }
        (self.seen)(&request);
        let refused = || Refused::new(ErrorClass::Unsupported, None, "dry run: the order was not sent");
        let all = |count| Ok(Answer::Orders(vec![OrderOutcome::Refused(refused()); count]));
        match request {
            Request::PlaceLinked(_) => all(2),
            Request::PlaceBatch(tickets) => all(tickets.len()),
            Request::CancelBatch(orders) => all(orders.len()),
            Request::SetLeverage { instrument, .. } | Request::SetMarginMode { instrument, .. } => {
                self.inner.call(Request::Leverage { instrument }).await // what the venue has, unchanged
            }
            Request::SetPositionMode { .. } => Err(ExchangeError::Refused(refused())),
            _ => Ok(Answer::Order(OrderOutcome::Refused(refused()))),
        }
    }
    fn events(&self) -> AccountStream {
        self.inner.events()
    }
}
