use crate::{Call, Reply, Session, World};
use hyperrsi_core::exchange::ErrorClass;
use hyperrsi_core::model::{Candle, InstrumentId, Price, Timestamp};
use hyperrsi_core::sim::account::Event;

/// What the world tells those who listen.
#[derive(Clone, Debug)]
pub enum News {
    /// Something happened to the account.
    Account(Event),
    /// A market traded.
    Price {
        /// The market.
        instrument: InstrumentId,
        /// The price.
        price: Price,
        /// When.
        at: Timestamp,
    },
    /// A candle closed.
    Closed {
        /// The market.
        instrument: InstrumentId,
        /// The candle.
        candle: Candle,
    },
}

/// Why a call is turned away before the account sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turned {
    /// The class of the error.
    pub class: ErrorClass,
    /// The venue's code, if a script asks for a certain one.
    pub code: Option<String>,
    /// What the answer asks to wait, milliseconds; `0` if it does not say.
    pub retry_after_ms: i64,
}

/// A venue's protocol: everything that is its own. Clock, markets, account, faults and sessions are the [`World`]'s.
pub trait Wire: Send + Sync {
    /// The names of the headers it looks at, in lower case.
    fn headers(&self) -> &'static [&'static str];

    /// What a call is, by the name of the request it stands for; `None` for a path the venue does not have.
    fn kind(&self, call: &Call) -> Option<&'static str>;

    /// Whether a call comes too soon after others.
    fn is_too_soon(&self, world: &mut World, call: &Call) -> bool;

    /// Carries a call out.
    fn answer(&self, world: &mut World, call: &Call) -> Reply;

    /// Words a refusal of the venue's own: too many requests, maintenance, a scripted error.
    fn turn_away(&self, call: &Call, kind: &str, turned: &Turned) -> Reply;

    /// Whether a stream can be opened at this path: `Some(true)` if it may carry an account's events.
    fn stream(&self, path: &str) -> Option<bool>;

    /// A client said something on a stream.
    fn heard(&self, world: &mut World, session: &mut Session, text: &str);

    /// What a stream says about some news.
    fn told(&self, world: &World, session: &Session, news: &News) -> Vec<String>;
}
