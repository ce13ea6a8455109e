//! Faults on a schedule: what a venue, the way to it or a user's hand does wrong, and when. Data for whatever stands
//! between the account and its client; every rule is about a row of the list of faults the engine must survive.
//!
//! ```
//! use hyperrsi_core::sim::account::fault::{Fault, Script};
//! let mut script: Script = serde_json::from_str(r#"[
//!     {"call": "place", "nth": 2, "fault": "drop_ack"},
//!     {"at_ms": 60000, "fault": "cut_stream"}
//! ]"#)?;
//! use hyperrsi_core::model::Timestamp;
//! let now = Timestamp::EPOCH;
//! assert_eq!(script.on_call(now, "place"), []);
//! assert_eq!(script.on_call(now, "place"), [Fault::DropAck]);
//! # Ok::<(), serde_json::Error>(())
//! ```

use crate::exchange::ErrorClass;
use crate::model::{Span, Timestamp};
use serde::{Deserialize, Serialize};

/// Which stream a fault is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// Every stream.
    #[default]
    All,
    /// Streams of accounts.
    Private,
    /// Streams of markets.
    Public,
}

/// What goes wrong. Spans are milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fault {
    /// The call takes effect, its answer is lost (FAULTS 2, 5).
    DropAck,
    /// The call is lost before it takes effect (FAULTS 5).
    DropCall,
    /// The call takes effect; its answer comes so much later (FAULTS 29).
    Delay {
        /// How much later.
        by_ms: Span,
    },
    /// The call is refused (FAULTS 13 to 15, 42, 44, 80).
    Reject {
        /// As what; the wire format chooses its code.
        class: ErrorClass,
        /// The venue's code, if it is to be a certain one.
        #[serde(default)]
        code: Option<String>,
    },
    /// Too many requests (FAULTS 33).
    RateLimit {
        /// What the answer asks to wait.
        #[serde(default)]
        retry_after_ms: Span,
    },
    /// The address is banned for a time: every call fails (FAULTS 34).
    Ban {
        /// How long.
        for_ms: Span,
    },
    /// An HTTP status with a page that is no JSON (FAULTS 35).
    ErrorPage {
        /// The status, such as 502.
        status: u16,
        /// Whether the call takes effect all the same.
        #[serde(default)]
        after_effect: bool,
    },
    /// The answer is cut off in the middle (FAULTS 63).
    Malformed,
    /// The venue is down for a time (FAULTS 36).
    Maintenance {
        /// How long.
        for_ms: Span,
    },
    /// The venue's clock is off by so much from now on (FAULTS 31).
    ClockSkew {
        /// Venue time minus true time.
        by_ms: Span,
    },
    /// The next messages of a stream come twice (FAULTS 27).
    Duplicate {
        /// Which.
        #[serde(default)]
        stream: Stream,
        /// How many messages.
        #[serde(default = "one")]
        messages: u32,
    },
    /// The next messages of a stream come in reverse order (FAULTS 28).
    Reorder {
        /// Which.
        #[serde(default)]
        stream: Stream,
        /// How many messages, at least two.
        #[serde(default = "two")]
        messages: u32,
    },
    /// The next message of a stream is cut off in the middle (FAULTS 63).
    MalformedMessage {
        /// Which.
        #[serde(default)]
        stream: Stream,
    },
    /// A stream stays connected and says nothing for a time; what it would have said is lost (FAULTS 24).
    MuteStream {
        /// Which.
        #[serde(default)]
        stream: Stream,
        /// How long.
        for_ms: Span,
    },
    /// The connections of a stream are closed (FAULTS 26).
    CutStream {
        /// Which.
        #[serde(default)]
        stream: Stream,
    },
    /// A stream says something that it should not (FAULTS 40, 63 to 66).
    Say {
        /// Which.
        #[serde(default)]
        stream: Stream,
        /// What, to the letter.
        text: String,
    },
    /// Somebody flips the position mode by hand (FAULTS 51).
    FlipPositionMode,
    /// Somebody cancels orders by hand (FAULTS 21).
    CancelByHand {
        /// The one with this client id; without it, every live order.
        #[serde(default)]
        client_id: Option<String>,
        /// Only conditional orders.
        #[serde(default)]
        conditional: bool,
    },
    /// Somebody closes every position by hand (FAULTS 19).
    CloseByHand,
}

const fn one() -> u32 {
    1
}
const fn two() -> u32 {
    2
}

/// One fault and its trigger: the n-th call of a kind, or a time since the start.
///
/// | key | meaning |
/// |---|---|
/// | `call` | the kind of call, as [`Request::name`](crate::exchange::Request::name); `*` for every one |
/// | `nth` | the how many-th such call, from 1; without it the first |
/// | `times` | how many calls in a row; without it one |
/// | `at_ms` | without `call`: when it happens; with `call`: calls before are not counted |
/// | `fault` | what happens, with its own keys beside |
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// The kind of call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// Which call of the kind, from 1.
    #[serde(default = "one")]
    pub nth: u32,
    /// For how many calls in a row.
    #[serde(default = "one")]
    pub times: u32,
    /// Time since the start of the script.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_ms: Option<Span>,
    /// What happens.
    #[serde(flatten)]
    pub fault: Fault,
}

/// A schedule of faults. The start is the first time it is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Script {
    rules: Vec<Rule>,
    #[serde(skip)]
    counts: Vec<u32>,
    #[serde(skip)]
    start: Option<Timestamp>,
}

impl Script {
    /// From rules.
    pub const fn new(rules: Vec<Rule>) -> Self {
        Self { rules, counts: Vec::new(), start: None }
    }

    /// Adds a rule.
    pub fn add(&mut self, rule: Rule) {
        self.rules.push(rule);
    }

    /// What goes wrong with this call, in the order of the rules.
    pub fn on_call(&mut self, now: Timestamp, kind: &str) -> Vec<Fault> {
        let since = self.since(now);
        let mut faults = Vec::new();
        for (rule, count) in self.rules.iter().zip(&mut self.counts) {
            let fits = rule.call.as_deref().is_some_and(|call| call == "*" || call == kind);
            if !fits || rule.at_ms.is_some_and(|at| since < at) {
                continue;
            }
            *count = count.saturating_add(1);
            let first = rule.nth.max(1);
            if *count >= first && *count - first < rule.times.max(1) {
                faults.push(rule.fault.clone());
            }
        }
        faults
    }

    /// What has become due by itself, once each.
    pub fn due(&mut self, now: Timestamp) -> Vec<Fault> {
        let since = self.since(now);
        let mut faults = Vec::new();
        for (rule, count) in self.rules.iter().zip(&mut self.counts) {
            let due = rule.call.is_none() && rule.at_ms.unwrap_or(Span::ZERO) <= since;
            if due && *count == 0 {
                *count = 1;
                faults.push(rule.fault.clone());
            }
        }
        faults
    }

    fn since(&mut self, now: Timestamp) -> Span {
        self.counts.resize(self.rules.len(), 0);
        now - *self.start.get_or_insert(now)
    }
}
