use crate::exchange::{Capabilities, Exchange, ExchangeError, MarketData};
use crate::model::{ClientOrderId, Instrument, PositionMode, Price, Side, Span};
use async_trait::async_trait;
use std::fmt;
use std::sync::Arc;

/// What is examined: something that sets up accounts.
#[async_trait]
pub trait Bench: Send + Sync {
    /// What the venue can do.
    fn capabilities(&self) -> Capabilities;

    /// Sets up an account for the check of that name: in this position mode, with money in the instrument's quote asset,
    /// nothing open and no orders of ours. `None` if it cannot be brought into the mode; the check is skipped.
    ///
    /// # Errors
    /// Whatever keeps it from being set up; the check fails with it.
    async fn open(&self, check: &str, mode: PositionMode) -> Result<Option<Box<dyn Stand>>, ExchangeError>;
}

/// An account at a venue, and hands on both.
#[async_trait]
pub trait Stand: Send + Sync {
    /// The account.
    fn exchange(&self) -> Arc<dyn Exchange>;

    /// The markets; `None` skips what is about them.
    fn market(&self) -> Option<Arc<dyn MarketData>>;

    /// The instrument that is traded.
    fn instrument(&self) -> Instrument;

    /// Its last price.
    ///
    /// # Errors
    /// The price cannot be read; the check fails with it.
    async fn price(&self) -> Result<Price, ExchangeError>;

    /// Lets something happen. `false` if this stand cannot: what needs it is skipped. What it does is done when it
    /// returns, or is in store for the next order request or message.
    async fn act(&self, act: Act) -> bool;

    /// Waits.
    async fn pause(&self, span: Span);
}

/// What a stand may be able to let happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Act {
    /// The market goes to this price, through everything between; last and mark.
    Price(Price),
    /// The next order request takes effect, its answer is lost.
    LoseAnswer,
    /// The next order request is lost before it has an effect.
    LoseRequest,
    /// The next order request takes effect and is answered with the error page of a proxy.
    ErrorPage,
    /// The next order request is turned away as one too many.
    TooMany,
    /// Somebody places a resting order by hand, of the smallest size.
    OrderByHand(Side, Price),
    /// Somebody cancels this order by hand.
    CancelByHand(ClientOrderId),
    /// Somebody closes every position by hand.
    CloseByHand,
    /// Somebody flips the position mode by hand; nothing is open.
    FlipMode,
    /// The connections of the account's stream break.
    CutStream,
    /// The next message of the account's stream is cut off in the middle.
    GarbleMessage,
    /// The next messages of the account's stream come twice.
    RepeatMessages,
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Price(_) => "move the market",
            Self::LoseAnswer => "lose an answer",
            Self::LoseRequest => "lose a request",
            Self::ErrorPage => "answer with an error page",
            Self::TooMany => "turn a request away",
            Self::OrderByHand(..) => "place an order by hand",
            Self::CancelByHand(_) => "cancel an order by hand",
            Self::CloseByHand => "close positions by hand",
            Self::FlipMode => "flip the position mode by hand",
            Self::CutStream => "cut the account's stream",
            Self::GarbleMessage => "garble a message",
            Self::RepeatMessages => "repeat messages",
        })
    }
}
