//! How OKX's WebSocket connections are spoken to.

mod hub;
mod private;
mod public;

pub(super) use hub::Hub;
pub use hub::Wing;
pub use private::PrivateSession;
pub use public::{Line, PublicSession};

use super::error;
use crate::common::Text;
use hyperrsi_core::exchange::ExchangeError;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// What to listen to, as the venue names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Topic {
    /// The channel.
    pub channel: String,
    /// The instrument.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inst_id: Option<String>,
    /// The kind of market.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inst_type: Option<&'static str>,
}

impl Topic {
    /// A channel of one instrument.
    pub fn of(channel: impl Into<String>, symbol: &str) -> Self {
        Self { channel: channel.into(), inst_id: Some(symbol.to_owned()), inst_type: None }
    }
    /// A channel of the account.
    pub fn account(channel: &str, inst_type: Option<&'static str>) -> Self {
        Self { channel: channel.to_owned(), inst_id: None, inst_type }
    }
}

/// The frames that subscribe to the topics, fifty a frame.
pub fn subscribe(topics: &[Topic]) -> Vec<String> {
    #[derive(Serialize)]
    struct Frame<'a> {
        op: &'static str,
        args: &'a [Topic],
    }
    let frame = |args| serde_json::to_string(&Frame { op: "subscribe", args }).ok();
    topics.chunks(50).filter_map(frame).collect()
}

/// The heartbeat, and what the venue answers to it.
pub const PING: &str = "ping";
const PONG: &str = "pong";

/// Any frame; `data` is read in a second step, by channel.
#[derive(Debug, Deserialize)]
struct Frame<'a> {
    #[serde(borrow, default)]
    event: Text<'a>,
    #[serde(borrow, default)]
    code: Text<'a>,
    #[serde(borrow, default)]
    msg: Text<'a>,
    #[serde(borrow, default)]
    arg: Option<Arg<'a>>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Arg<'a> {
    #[serde(borrow)]
    channel: Text<'a>,
    #[serde(borrow, default)]
    inst_id: Text<'a>,
}

impl Frame<'_> {
    /// The error a frame reports; the venue announces its own restarts as a notice.
    fn error(&self) -> Option<ExchangeError> {
        let failed = match &*self.event {
            "error" => true,
            "login" => &*self.code != "0",
            "notice" => &*self.code == "64008",
            _ => false,
        };
        failed.then(|| error(&self.code, &self.msg))
    }
}
