use super::{Party, Reading, Retry};
use crate::model::Span;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What is known of an error class.
struct Facts {
    known: bool,
    whose: Party,
    retry: Retry,
    next: &'static str,
}

const fn facts(known: bool, whose: Party, retry: Retry, next: &'static str) -> Facts {
    Facts { known, whose, retry, next }
}

macro_rules! classes {
    ($($variant:ident $code:literal $doc:literal: $known:literal, $whose:ident, $retry:expr, $next:literal);+ $(;)?) => {
        /// What kind of failure it is: the part that decides.
        ///
        /// | class | nothing happened at the venue | whose | next step |
        /// |---|---|---|---|
        $(#[doc = concat!("| `", $code, "` | ", $known, " | ", stringify!($whose), " | ", $next, " |")])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum ErrorClass {
            $(#[doc = $doc] #[serde(rename = $code)] $variant),+
        }

        impl ErrorClass {
            /// Every class.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable code, used in records, metrics and texts.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            const fn facts(self) -> Facts {
                match self { $(Self::$variant => facts($known, Party::$whose, $retry, $next)),+ }
            }
        }
    };
}

const SOON: Retry = Retry::After(Span::seconds(1));
const LATER: Retry = Retry::After(Span::seconds(30));

classes! {
    Connectivity "connectivity" "The venue cannot be reached, or the connection broke.":
        false, Network, SOON, "check network, DNS and proxy; the engine keeps trying";
    Timeout "timeout" "No answer in time.":
        false, Network, SOON, "nothing: the state is read back before anything is sent";
    VenueFault "venue_fault" "The venue failed: HTTP 5xx, an error page, an internal error.":
        false, Venue, SOON, "nothing: the state is read back; see the venue's status page if it lasts";
    RateLimited "rate_limited" "Too many requests.":
        true, Venue, SOON, "nothing if it is rare; else give the key fewer instruments";
    Banned "banned" "The address or key is banned for a time.":
        true, Venue, LATER, "stop every program that uses this address or key until the ban ends";
    Auth "auth" "The venue does not accept the key, its secret or its signature, or the address is not on the key's list.":
        true, User, Retry::Never, "renew the key, and allow this machine's address for it";
    Permission "permission" "The key may not do this.":
        true, User, Retry::Never, "allow trading (never withdrawals) for the key, and finish the venue's verification";
    ClockSkew "clock_skew" "The request's time is too far from the venue's.":
        true, User, Retry::AfterReading(Reading::Clock), "synchronise the system clock (NTP)";
    Maintenance "maintenance" "The venue or the product is down on purpose.":
        true, Venue, LATER, "wait; positions keep the stops that rest at the venue";
    InvalidRequest "invalid_request" "The venue finds the request itself wrong.":
        true, Bug, Retry::Never, "report it with the venue's code";
    InstrumentUnknown "instrument_unknown" "The venue does not know the instrument, or it was delisted.":
        true, User, Retry::AfterReading(Reading::Instruments), "choose an instrument of the venue's list";
    InstrumentHalted "instrument_halted" "The instrument does not take this order now: halted, cancel-only, post-only, before listing.":
        true, Venue, LATER, "wait for the venue to resume trading in it";
    OrderNotLive "order_not_live" "The order to amend or cancel is not live: unknown, filled or cancelled.":
        true, Venue, Retry::AfterReading(Reading::Order), "nothing: the order is read back";
    InsufficientMargin "insufficient_margin" "Not enough free margin or balance.":
        true, User, Retry::Never, "add funds, or lower amount or number of instruments";
    PositionLimit "position_limit" "Position, leverage or value would exceed what the venue allows the account.":
        true, User, Retry::Never, "lower amount or leverage, or raise the venue's risk tier";
    ModeMismatch "mode_mismatch" "Position mode, margin mode or leverage at the venue are not what the order assumes.":
        true, User, Retry::AfterReading(Reading::AccountConfig), "set the mode back at the venue, or restart with the new one";
    DuplicateClientId "duplicate_client_id" "An order with this client id exists: an earlier sending has arrived.":
        false, Venue, Retry::AfterReading(Reading::Order), "nothing: the order is read back and adopted";
    PriceBand "price_band" "The price is outside the venue's band, or not on a tick.":
        true, Venue, Retry::Never, "nothing: the price is clamped or sent as market as the settings say";
    MinNotional "min_notional" "Quantity or value is below the venue's minimum.":
        true, User, Retry::Never, "raise the amount to the stated minimum";
    FilterChanged "filter_changed" "Tick, lot or size limits are not what they were.":
        true, Venue, Retry::AfterReading(Reading::Instruments), "nothing: the instrument is read again, once";
    TooManyOrders "too_many_orders" "Too many live orders of this kind.":
        true, User, Retry::Never, "cancel orders that are not needed, or use fewer levels";
    ReduceOnlyRejected "reduce_only_rejected" "Nothing is left to reduce, or resting orders lock the quantity.":
        true, Venue, Retry::AfterReading(Reading::AccountConfig), "nothing: the position is read back";
    AlreadyThrough "already_through" "The trigger would fire at once: the price is past it.":
        true, Venue, Retry::Never, "nothing: the leg is closed at market";
    WouldTake "would_take" "A post-only order would have taken liquidity.":
        true, Venue, SOON, "nothing: it is placed again at the next price";
    Unsupported "unsupported" "The venue has no such operation.":
        true, User, Retry::Never, "choose another venue or another setting";
    Retired "retired" "The venue has retired the endpoint.":
        true, Bug, Retry::Never, "update the library; entries on the venue stay off until then";
    Malformed "malformed" "The answer cannot be read.":
        false, Bug, SOON, "report it; the state is read back";
    WrongAnswer "wrong_answer" "An adapter answered something else than what was asked.":
        false, Bug, Retry::Never, "report it to the adapter's author";
    Other "other" "A code this library does not know, so that it proves nothing.":
        false, Venue, Retry::Never, "look the venue's code up, and report it if it comes again";
}

impl ErrorClass {
    /// Whether an error of this class proves that the request changed nothing. See
    /// [`ExchangeError::outcome_known`](super::ExchangeError::outcome_known).
    pub const fn outcome_known(self) -> bool {
        self.facts().known
    }
    /// Who can do something about it.
    pub const fn whose(self) -> Party {
        self.facts().whose
    }
    /// When to try again if the venue does not say.
    pub const fn retry(self) -> Retry {
        self.facts().retry
    }
    /// What the user can do, in a half-sentence.
    pub const fn next_step(self) -> &'static str {
        self.facts().next
    }
}

impl fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

/// A venue's no.
///
/// ```
/// use hyperrsi_core::exchange::{ErrorClass, Refused};
/// let no = Refused::new(ErrorClass::AlreadyThrough, Some("51279".into()), "SL trigger price must be lower");
/// assert_eq!(no.to_string(), "already_through: SL trigger price must be lower (code 51279); \
///     next: nothing: the leg is closed at market");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{class}: {message}{}; next: {}",
    .code.as_ref().map(|code| format!(" (code {code})")).unwrap_or_default(), .class.next_step())]
pub struct Refused {
    /// Why.
    pub class: ErrorClass,
    /// The venue's own code, if it gave one.
    pub code: Option<String>,
    /// The venue's words.
    pub message: String,
    /// When it may be tried again.
    pub retry: Retry,
}

impl Refused {
    /// A refusal that may be retried as its class says.
    pub fn new(class: ErrorClass, code: Option<String>, message: impl Into<String>) -> Self {
        Self { class, code, message: message.into(), retry: class.retry() }
    }
}
