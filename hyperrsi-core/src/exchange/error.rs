//! What can go wrong between the engine and a venue, sorted by what the caller decides by.

use super::{ErrorClass, Refused, Unsupported};
use crate::model::{Span, Timestamp};
use serde::{Deserialize, Serialize};

/// When a request may be made again. Reads follow it freely; a write is repeated only where
/// [`ExchangeError::outcome_known`] says that it did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Retry {
    /// Not as it is: it would fail the same way.
    Never,
    /// At once.
    Now,
    /// After this time. The caller doubles it from failure to failure.
    After(Span),
    /// Not before this moment, nothing else either: the venue bans what comes earlier.
    NotBefore(Timestamp),
    /// Once, after reading this again: what the request was built from is out of date.
    AfterReading(Reading),
}

/// What has to be read again before a request can succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reading {
    /// The venue's clock.
    Clock,
    /// The instruments with their steps and sizes.
    Instruments,
    /// Position mode, margin mode and leverage of the account.
    AccountConfig,
    /// The order the request was about.
    Order,
}

/// Who can do something about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// The user: keys, permissions, funds, account modes, settings.
    User,
    /// The venue: overload, maintenance, its own faults.
    Venue,
    /// The way between: DNS, TCP, TLS, proxies.
    Network,
    /// This library or an adapter.
    Bug,
}

/// Why a request got no usable answer.
///
/// Every error says whether the outcome is known, when to try again and whose it is to fix:
///
/// ```
/// use hyperrsi_core::exchange::{ErrorClass, ExchangeError, Party, Retry};
/// use hyperrsi_core::model::Span;
///
/// let lost = ExchangeError::Timeout { after: Some(Span::seconds(10)) };
/// assert!(!lost.outcome_known()); // the order may be there: query it, never send it under a new id
///
/// let limited = ExchangeError::RateLimited { retry_after: Some(Span::seconds(3)) };
/// assert!(limited.outcome_known());
/// assert_eq!(limited.retry(), Retry::After(Span::seconds(3)));
///
/// let poor = ExchangeError::from_venue(ErrorClass::InsufficientMargin, "51008", "Insufficient balance");
/// assert_eq!((poor.retry(), poor.whose()), (Retry::Never, Party::User));
/// assert!(poor.to_string().contains("51008"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ExchangeError {
    /// No connection, or it broke.
    #[error("the venue cannot be reached ({detail}); check network, DNS and proxy, the engine keeps trying")]
    Connectivity {
        /// Whether any byte of the request may have left. `false` makes the outcome known.
        sent: bool,
        /// What the transport said.
        detail: String,
    },
    /// The request left, no answer came in time, or the venue itself reports a time-out.
    #[error("no answer in time; whether the request was carried out is not known, read the state back")]
    Timeout {
        /// How long was waited; `None` if the venue reported the time-out.
        after: Option<Span>,
    },
    /// The venue failed: HTTP 5xx, a proxy's error page, an internal error code.
    #[error(
        "the venue failed with {status} ({detail}); whether a write was carried out is not known, read it back"
    )]
    VenueFault {
        /// The HTTP status, `0` if the venue answered with a code of its own.
        status: u16,
        /// The start of what it said, without markup.
        detail: String,
    },
    /// Too many requests; this one was not carried out.
    #[error("too many requests; wait for the stated time, reads are dropped first and protection goes last")]
    RateLimited {
        /// What the venue asks to wait, if it says.
        retry_after: Option<Span>,
    },
    /// The address or key is banned for a time: **all** calls must stop.
    #[error(
        "the venue banned this address{}; every call stops until then",
        .until.map(|until| format!(" until {until}")).unwrap_or_default()
    )]
    Banned {
        /// When calls may start again, if the venue says.
        until: Option<Timestamp>,
    },
    /// The request's time is too far from the venue's.
    #[error(
        "the clock differs too much from the venue's; synchronise the system clock, the offset is measured again"
    )]
    ClockSkew {
        /// Venue time minus local time, if known.
        offset: Option<Span>,
    },
    /// The venue or the product is down for maintenance.
    #[error(
        "the venue is in maintenance{}; trading resumes and reads back the account when it returns",
        .until.map(|until| format!(" until {until}")).unwrap_or_default()
    )]
    Maintenance {
        /// The announced end, if there is one.
        until: Option<Timestamp>,
    },
    /// The venue has no such thing; nothing was sent.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// An answer came that cannot be read. To a write, its outcome is not known.
    #[error("{what} cannot be read: {detail}; it is left out and the state is read back, please report it")]
    Malformed {
        /// What was being read, such as `okx order report`.
        what: String,
        /// What is wrong with it; never a whole payload.
        detail: String,
    },
    /// An adapter or layer answered with something else than what was asked for.
    #[error("asked for {asked}, the adapter answered {got}; this is a bug of the adapter, please report it")]
    WrongAnswer {
        /// The request's name.
        asked: String,
        /// The answer's name.
        got: String,
    },
    /// The venue said no; [`Refused::class`] says why.
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl ExchangeError {
    /// What a venue's error code means, for an adapter's table of `(code, class)`: the variant that belongs to the
    /// class, [`Refused`](Self::Refused) for everything without one.
    pub fn from_venue(class: ErrorClass, code: impl Into<String>, message: impl Into<String>) -> Self {
        let (code, message) = (code.into(), message.into());
        match class {
            ErrorClass::Connectivity => {
                Self::Connectivity { sent: true, detail: format!("{code} {message}") }
            }
            ErrorClass::Timeout => Self::Timeout { after: None },
            ErrorClass::VenueFault => Self::VenueFault { status: 0, detail: format!("{code} {message}") },
            ErrorClass::RateLimited => Self::RateLimited { retry_after: None },
            ErrorClass::Banned => Self::Banned { until: None },
            ErrorClass::ClockSkew => Self::ClockSkew { offset: None },
            ErrorClass::Maintenance => Self::Maintenance { until: None },
            class => Self::Refused(Refused::new(class, Some(code), message)),
        }
    }

    /// The class: what gates, circuit breakers and counters go by.
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::Connectivity { .. } => ErrorClass::Connectivity,
            Self::Timeout { .. } => ErrorClass::Timeout,
            Self::VenueFault { .. } => ErrorClass::VenueFault,
            Self::RateLimited { .. } => ErrorClass::RateLimited,
            Self::Banned { .. } => ErrorClass::Banned,
            Self::ClockSkew { .. } => ErrorClass::ClockSkew,
            Self::Maintenance { .. } => ErrorClass::Maintenance,
            Self::Unsupported(_) => ErrorClass::Unsupported,
            Self::Malformed { .. } => ErrorClass::Malformed,
            Self::WrongAnswer { .. } => ErrorClass::WrongAnswer,
            Self::Refused(refused) => refused.class,
        }
    }

    /// Whether it is certain that the request changed nothing at the venue. `false` for a write means: read back
    /// before anything else. An order refused for its id
    /// ([`DuplicateClientId`](ErrorClass::DuplicateClientId)) is not certain: an earlier sending has arrived.
    pub const fn outcome_known(&self) -> bool {
        match self {
            Self::Connectivity { sent, .. } => !*sent,
            other => other.class().outcome_known(),
        }
    }

    /// When the request may be made again.
    pub const fn retry(&self) -> Retry {
        match self {
            Self::RateLimited { retry_after: Some(span) } => Retry::After(*span),
            Self::Banned { until: Some(until) } | Self::Maintenance { until: Some(until) } => {
                Retry::NotBefore(*until)
            }
            Self::Refused(refused) => refused.retry,
            other => other.class().retry(),
        }
    }

    /// Who can do something about it.
    pub const fn whose(&self) -> Party {
        self.class().whose()
    }

    /// The error as an order's refusal; `None` where the outcome is not known.
    pub fn into_refused(self) -> Option<Refused> {
        if !self.outcome_known() {
            return None;
        }
        let retry = self.retry();
        Some(match self {
            Self::Refused(refused) => refused,
            other => Refused { class: other.class(), code: None, message: other.to_string(), retry },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_unsent_request_has_a_known_outcome_when_the_line_breaks() {
        let broken = |sent| ExchangeError::Connectivity { sent, detail: "reset by peer".into() };
        assert!(broken(false).outcome_known());
        assert!(!broken(true).outcome_known());
        assert_eq!(broken(false).into_refused().map(|r| r.class), Some(ErrorClass::Connectivity));
        assert_eq!(broken(true).into_refused(), None);
    }

    #[test]
    fn a_taken_client_id_leaves_the_outcome_open() {
        let taken = ExchangeError::from_venue(ErrorClass::DuplicateClientId, "51016", "Duplicated clOrdId");
        assert!(!taken.outcome_known());
        assert_eq!(taken.retry(), Retry::AfterReading(Reading::Order));
        assert_eq!(taken.into_refused(), None);
    }

    #[test]
    fn a_code_nobody_knows_proves_nothing() {
        assert!(!ExchangeError::from_venue(ErrorClass::Other, "59999", "?").outcome_known());
    }

    #[test]
    fn a_ban_says_until_when() {
        let until = Timestamp::from_millis(1_700_000_000_000);
        let ban = ExchangeError::Banned { until: Some(until) };
        assert_eq!(ban.retry(), Retry::NotBefore(until));
        assert!(ban.to_string().contains("until 2023-11-14T22:13:20Z"), "{ban}");
        assert!(!ExchangeError::Banned { until: None }.to_string().contains("until 20"));
    }

    #[test]
    fn the_class_survives_the_way_through_a_venue_code() {
        for class in ErrorClass::ALL {
            assert_eq!(ExchangeError::from_venue(*class, "1", "m").class(), *class);
        }
    }

    #[test]
    fn errors_survive_the_journal() {
        for class in ErrorClass::ALL {
            let error = ExchangeError::from_venue(*class, "1", "m");
            let text = serde_json::to_string(&error).unwrap();
            assert_eq!(serde_json::from_str::<ExchangeError>(&text).unwrap(), error, "{text}");
        }
    }
}
