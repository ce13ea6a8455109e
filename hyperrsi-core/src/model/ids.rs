use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// A text that cannot be an id of its kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is not a valid {kind}: {rule}")]
pub struct InvalidId {
    /// What it should have been.
    pub kind: &'static str,
    /// The offending text.
    pub text: String,
    /// What is allowed.
    pub rule: &'static str,
}

/// An id that is a text and nothing else.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(std::sync::Arc<str>);

        impl $name {
            /// From any text.
            pub fn new(text: impl AsRef<str>) -> Self {
                Self(std::sync::Arc::from(text.as_ref()))
            }
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Debug::fmt(&self.0, f)
            }
        }
        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }
    };
}
pub(crate) use text_id;

text_id! {
    /// A venue, in lower case: `okx`, `binance`, `bitget`, `bybit`, `upbit`, `sim`.
    VenueId
}
text_id! {
    /// The venue's own id of an order.
    VenueOrderId
}
text_id! {
    /// An account: one set of keys on one venue. The unit of ownership.
    AccountId
}
text_id! {
    /// One trader: one account and one instrument.
    TraderId
}
text_id! {
    /// A kind of strategy, such as `hyperrsi`.
    StrategyId
}
text_id! {
    /// A venue's id of one execution. Fills are applied once per id.
    TradeId
}

/// An instrument of a venue, by the venue's own symbol.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct InstrumentId {
    /// The venue.
    pub venue: VenueId,
    /// The venue's symbol, such as `BTC-USDT-SWAP`.
    pub symbol: Arc<str>,
}

impl InstrumentId {
    /// From venue and symbol.
    pub fn new(venue: impl AsRef<str>, symbol: impl AsRef<str>) -> Self {
        Self { venue: VenueId::new(venue), symbol: Arc::from(symbol.as_ref()) }
    }
}

impl fmt::Display for InstrumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.venue, self.symbol)
    }
}

/// Pairs a request of a Trader with its one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(pub u64);

const CLIENT_ID_MAX: usize = 32;

/// An order id chosen by us: at most 32 ASCII letters and digits, beginning with a letter. Every venue accepts that.
///
/// ```
/// use hyperrsi_core::model::ClientOrderId;
/// assert!("hr7Kx".parse::<ClientOrderId>().is_ok());
/// assert!("7up".parse::<ClientOrderId>().is_err());
/// assert!("a-b".parse::<ClientOrderId>().is_err());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientOrderId {
    bytes: [u8; CLIENT_ID_MAX],
    len: u8,
}

impl ClientOrderId {
    /// The text.
    pub fn as_str(&self) -> &str {
        self.bytes.get(..usize::from(self.len)).and_then(|b| std::str::from_utf8(b).ok()).unwrap_or_default()
    }
}

/// Writes a client order id piece by piece; what does not fit is left out.
pub(crate) struct ClientOrderIdBuilder {
    id: ClientOrderId,
}

impl ClientOrderId {
    /// Starts an id with a prefix of letters.
    pub(crate) fn builder(prefix: &str) -> ClientOrderIdBuilder {
        let mut builder = ClientOrderIdBuilder { id: Self { bytes: [0; CLIENT_ID_MAX], len: 0 } };
        for byte in prefix.bytes() {
            builder.letter(byte);
        }
        builder
    }
}

impl ClientOrderIdBuilder {
    /// One ASCII letter or digit.
    pub(crate) fn letter(&mut self, byte: u8) {
        if let Some(slot) = self.id.bytes.get_mut(usize::from(self.id.len)) {
            *slot = byte;
            self.id.len += 1;
        }
    }
    /// `value` in base 36, `width` digits, the lowest ones if it needs more.
    pub(crate) fn digits(&mut self, value: u64, width: u32) {
        for place in (0..width).rev() {
            let digit = (value / 36_u64.saturating_pow(place) % 36) as u8;
            self.letter(if digit < 10 { b'0' + digit } else { b'a' + (digit - 10) });
        }
    }
    pub(crate) const fn finish(self) -> ClientOrderId {
        self.id
    }
}

impl std::str::FromStr for ClientOrderId {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let raw = text.as_bytes();
        let fits = (1..=CLIENT_ID_MAX).contains(&raw.len());
        let starts = raw.first().is_some_and(u8::is_ascii_alphabetic);
        if !(fits && starts && raw.iter().all(u8::is_ascii_alphanumeric)) {
            return Err(InvalidId {
                kind: "client order id",
                text: text.into(),
                rule: "1 to 32 ASCII letters and digits, the first a letter",
            });
        }
        let mut bytes = [0; CLIENT_ID_MAX];
        for (slot, byte) in bytes.iter_mut().zip(raw) {
            *slot = *byte;
        }
        Ok(Self { bytes, len: raw.len() as u8 })
    }
}

impl fmt::Display for ClientOrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for ClientOrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl Serialize for ClientOrderId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ClientOrderId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
