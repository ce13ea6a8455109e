//! The contract between the engine and a venue: [`MarketData`] without keys, [`Exchange`] for one account.
//!
//! Each has one `call` that takes an enum of typed requests, and one stream. A layer (rate limit, retry of reads,
//! recording, fault injection, dry run) wraps the trait it implements and looks at one method; typed calls come from
//! [`ExchangeExt`] and [`MarketDataExt`], which everything that implements the traits has.
//!
//! What an implementation owes:
//!
//! 1. An order is `Done`, `Refused` or `Unknown` ([`OrderOutcome`]); a query is `Found`, `Absent` or `Unknown`
//!    ([`Lookup`]). A lost answer is `Unknown`. Nothing is sent twice, not even under the same id.
//! 2. Every order goes out with our client id, leg, side, reduce-only and quantity named (TRADING V12).
//! 3. Quantities cross this line in base units; contracts stay inside.
//! 4. Setting leverage or a mode reads it back and answers what the venue has then.
//! 5. A stream that may have missed something says [`Gap`](AccountEvent::Gap); a silent one says
//!    [`Down`](AccountEvent::Down). A message that cannot be read is counted, dropped and followed by a gap.
//! 6. What the venue lacks is an [`Unsupported`] error that names it. There is no way to withdraw or transfer.
//!
//! ```text
//! Ticket ─ place ─▶ Exchange ─▶ OrderOutcome            MarketData ─ subscribe ─▶ Data | Gap | Up | Down
//!                      └─ events ─▶ Order | Fill | Position | … | Gap | Up | Down
//! ```

mod account;
mod answer;
mod capability;
mod error;
mod event;
mod ext;
mod market;
mod order;
mod refusal;
mod request;

pub use crate::model::VenueOrderId;
pub use account::{
    AccountConfig, CashFlow, CashFlowKind, FeeRates, LeverageSetting, Permissions, VenueFill, VenuePosition,
};
pub use answer::{Accepted, Answer, Lookup, OrderOutcome, Page};
pub use capability::{Capabilities, Feature, Unsupported};
pub use error::{ExchangeError, Party, Reading, Retry};
pub use event::{AccountEvent, AccountStream, Channel, Feed, MarketEvent, MarketFact, MarketStream};
pub use ext::{ExchangeExt, MarketDataExt};
pub use market::{
    FundingRate, Listing, MarketAnswer, MarketRequest, PricePoint, Ticker, TradingState, VenueStatus,
};
pub use order::{OWN_PREFIX, OrderClass, OrderName, OrderRef, Origin, VenueOrder, VenueOrderKind};
pub use refusal::{ErrorClass, Refused};
pub use request::{Amendment, Attached, Linked, Mismatch, Request, Trailing, Urgency};

use crate::model::{AccountId, VenueId};
use async_trait::async_trait;
use std::sync::Arc;

/// One account at one venue.
///
/// The smallest implementation knows one request and refuses the others by name:
///
/// ```
/// use hyperrsi_core::exchange::*;
/// use hyperrsi_core::model::{AccountId, Timestamp};
/// use std::{pin::{Pin, pin}, task::{Context, Poll, Waker}};
///
/// struct Clock { account: AccountId, can: Capabilities }
///
/// # struct Silent;
/// # impl futures_core::Stream for Silent {
/// #     type Item = AccountEvent;
/// #     fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<AccountEvent>> { Poll::Ready(None) }
/// # }
/// #[async_trait::async_trait]
/// impl Exchange for Clock {
///     fn account(&self) -> &AccountId { &self.account }
///     fn capabilities(&self) -> &Capabilities { &self.can }
///     async fn call(&self, request: Request) -> Result<Answer, ExchangeError> {
///         match request {
///             Request::ServerTime => Ok(Answer::ServerTime(Timestamp::from_millis(1_700_000_000_000))),
///             other => Err(Unsupported::request(self.can.venue.clone(), &other).into()),
///         }
///     }
///     fn events(&self) -> AccountStream { Box::pin(Silent) }
/// }
///
/// # fn ready<F: Future>(future: F) -> F::Output {
/// #     match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
/// #         Poll::Ready(output) => output,
/// #         Poll::Pending => unreachable!("the example never waits"),
/// #     }
/// # }
/// let clock = Clock { account: "demo".into(), can: Capabilities::new("clock".into()) };
/// assert_eq!(ready(clock.server_time())?.seconds(), 1_700_000_000);
/// let error = ready(clock.balances()).unwrap_err();
/// assert!(error.to_string().starts_with("clock has no balances"));
/// # Ok::<(), ExchangeError>(())
/// ```
#[async_trait]
pub trait Exchange: Send + Sync {
    /// The account.
    fn account(&self) -> &AccountId;

    /// What its venue can do.
    fn capabilities(&self) -> &Capabilities;

    /// Carries out one request. The table at [`Request`] says which answer belongs to which.
    ///
    /// # Errors
    /// Any [`ExchangeError`]. For an order request an error with a known outcome is a refusal and any other leaves it
    /// unknown, exactly as `OrderOutcome::from(error)` says.
    async fn call(&self, request: Request) -> Result<Answer, ExchangeError>;

    /// What happens to the account from now on. Begins with `Up` or `Down`; ends only when the implementation gives up
    /// for good. A second call is a second stream of the same events, not a second connection.
    fn events(&self) -> AccountStream;
}

/// The markets of one venue; needs no keys.
#[async_trait]
pub trait MarketData: Send + Sync {
    /// The venue.
    fn venue(&self) -> VenueId;

    /// Answers one request with the variant of the same name.
    ///
    /// # Errors
    /// Any [`ExchangeError`]; reads may be repeated as [`ExchangeError::retry`] says.
    async fn call(&self, request: MarketRequest) -> Result<MarketAnswer, ExchangeError>;

    /// Listens to these feeds until the stream is dropped. Each begins with `Up` or `Down`.
    ///
    /// # Errors
    /// An instrument or channel the venue does not have.
    async fn subscribe(&self, feeds: Vec<Feed>) -> Result<MarketStream, ExchangeError>;
}

#[async_trait]
impl<T: Exchange + ?Sized> Exchange for Arc<T> {
    fn account(&self) -> &AccountId {
        (**self).account()
    }
    fn capabilities(&self) -> &Capabilities {
        (**self).capabilities()
    }
    async fn call(&self, request: Request) -> Result<Answer, ExchangeError> {
        (**self).call(request).await
    }
    fn events(&self) -> AccountStream {
        (**self).events()
    }
}

#[async_trait]
impl<T: MarketData + ?Sized> MarketData for Arc<T> {
    fn venue(&self) -> VenueId {
        (**self).venue()
    }
    async fn call(&self, request: MarketRequest) -> Result<MarketAnswer, ExchangeError> {
        (**self).call(request).await
    }
    async fn subscribe(&self, feeds: Vec<Feed>) -> Result<MarketStream, ExchangeError> {
        (**self).subscribe(feeds).await
    }
}

#[cfg(test)]
mod tests;
