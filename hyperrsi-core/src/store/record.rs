use super::{Code, Epoch, JournaledDecision, StoreError, TradeRecord};
use crate::model::{AccountId, InstrumentId, PositionSide, Timestamp, TraderId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The place of a record in its account's journal; the first is 1, there is no order between accounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl Seq {
    /// Before the first record.
    pub const START: Self = Self(0);
}

/// How durable an append must be before it returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Persist {
    /// Durable on return (survives SIGKILL): precedes an output that adds risk.
    Before,
    /// May be queued, in order; nobody waits for it. A later `Before` makes it durable too.
    Spool,
}

macro_rules! kinds {
    ($($variant:ident $code:literal $replay:literal $doc:literal),+ $(,)?) => {
        /// What a record holds.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum RecordKind {
            $(#[doc = $doc] #[serde(rename = $code)] $variant),+
        }

        impl RecordKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable code, as stored.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }
            /// The kind of that code.
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.code() == code)
            }
            /// Whether it serves only restart and replay, so that a snapshot makes it superfluous. Facts, decisions,
            /// trades and what people did are kept.
            pub const fn is_replay(self) -> bool {
                match self { $(Self::$variant => $replay),+ }
            }
        }
    };
}

kinds! {
    Input "input" true "Something a Trader or Account was fed.",
    Intent "intent" true "An order that is about to be sent.",
    OrderSent "order_sent" true "An order that was sent.",
    OrderReport "order_report" true "What the venue said of an order.",
    Fill "fill" false "An execution; the key holds the venue's trade id.",
    Ledger "ledger" false "A booking: fill, fee, funding, transfer, conversion, adjustment.",
    Decision "decision" false "A decision record (TRADING 17).",
    Trade "trade" false "A closed trade, or a later revision of one.",
    Settings "settings" false "The settings a trader uses from here on.",
    Command "command" false "What an operator asked for.",
    Receipt "receipt" false "What came of a command.",
    Event "event" false "An event of the desk.",
    SnapshotTaken "snapshot_taken" true "A snapshot covers everything before.",
}

/// The content of a record: JSON, kept as text. Two bodies are equal if their texts are.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Body(Box<RawValue>);

impl Body {
    /// From any value.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it cannot be written as JSON (a map with keys that are not texts).
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self, StoreError> {
        serde_json::value::to_raw_value(value).map(Self).map_err(corrupt)
    }
    /// From JSON text.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it is not JSON.
    pub fn from_json(text: impl Into<String>) -> Result<Self, StoreError> {
        RawValue::from_string(text.into()).map(Self).map_err(corrupt)
    }
    /// The JSON text.
    pub fn as_json(&self) -> &str {
        self.0.get()
    }
    /// Back into a value.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it is not one of that type.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, StoreError> {
        serde_json::from_str(self.0.get()).map_err(corrupt)
    }
}

fn corrupt(error: serde_json::Error) -> StoreError {
    StoreError::Corrupt { what: "a record body".into(), detail: error.to_string() }
}

impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        self.as_json() == other.as_json()
    }
}

impl Eq for Body {}

/// By what a record is found, beside account, trader, kind and time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tags {
    /// The instrument.
    pub instrument: Option<InstrumentId>,
    /// The side.
    pub side: Option<PositionSide>,
    /// What came of it.
    pub outcome: Option<Code>,
    /// Why.
    pub reason: Option<Code>,
}

/// A record to be appended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Unique within the account: an entry whose key is there already changes nothing (FAULTS 56).
    pub key: String,
    /// The trader; `None` for records of the account itself.
    pub trader: Option<TraderId>,
    /// Venue time of what is recorded.
    pub at: Timestamp,
    /// What it holds.
    pub kind: RecordKind,
    /// By what it is found.
    pub tags: Tags,
    /// The content. Never secrets.
    pub body: Body,
}

impl Entry {
    /// An entry without tags.
    pub fn new(
        kind: RecordKind,
        key: impl Into<String>,
        trader: Option<TraderId>,
        at: Timestamp,
        body: Body,
    ) -> Self {
        Self { key: key.into(), trader, at, kind, tags: Tags::default(), body }
    }

    /// The entry of a decision, tagged so that it can be asked for.
    ///
    /// # Errors
    /// As [`Body::of`].
    pub fn decision(decision: &JournaledDecision) -> Result<Self, StoreError> {
        let record = &decision.record;
        Ok(Self {
            tags: Tags {
                instrument: Some(record.symbol.clone()),
                side: decision.side(),
                outcome: Some(decision.outcome()),
                reason: Some(Code::from(record.reason.clone())),
            },
            ..Self::new(
                RecordKind::Decision,
                format!("decision:{}", decision.id),
                Some(decision.trader.clone()),
                decision.at,
                Body::of(decision)?,
            )
        })
    }

    /// The entry of a trade; each revision of it is an entry of its own.
    ///
    /// # Errors
    /// As [`Body::of`].
    pub fn trade(record: &TradeRecord) -> Result<Self, StoreError> {
        Ok(Self {
            tags: Tags {
                instrument: Some(record.instrument.clone()),
                side: Some(record.trade.side),
                outcome: Some(Code::of(record.result())),
                reason: Some(Code::of(record.trade.reason.code())),
            },
            ..Self::new(
                RecordKind::Trade,
                format!("trade:{}:{}", record.id, record.revision),
                Some(record.trader.clone()),
                record.trade.exit_time,
                Body::of(record)?,
            )
        })
    }
}

/// A record as it is in the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its place.
    pub seq: Seq,
    /// The account.
    pub account: AccountId,
    /// The epoch of its writer.
    pub epoch: Epoch,
    /// What was appended.
    pub entry: Entry,
}
