//! What OKX sends, read into the library's values. Nothing here does I/O.

mod account;
mod ack;
mod algo;
mod instrument;
mod market;
mod order;

pub use account::{BalanceRow, BillRow, ConfigRow, FeeRow, LeverageRow, ModeRow, PositionRow, leverage};
pub use ack::AckRow;
pub use algo::AlgoRow;
pub use instrument::{Row as InstrumentRow, listing, listings};
pub use market::{
    CandleRow, FundingRow, MarkRow, StatusRow, TickerRow, TimeRow, Trade, TradeRow, candle, status,
};
pub use order::{FillRow, OrderRow};

use hyperrsi_core::exchange::{ExchangeError, Listing};
use hyperrsi_core::model::{Instrument, MarginMode, PositionSide, Side};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The instruments by the venue's symbol; what sizes mean depends on them.
#[derive(Clone, Debug, Default)]
pub struct Known(BTreeMap<Box<str>, Arc<Instrument>>);

impl Known {
    /// From the venue's list.
    pub fn new(listings: &[Listing]) -> Self {
        let row = |listing: &Listing| {
            (Box::from(&*listing.instrument.id.symbol), Arc::new(listing.instrument.clone()))
        };
        Self(listings.iter().map(row).collect())
    }
    /// Whether nothing was read yet.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// Every instrument, by symbol.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Instrument>> {
        self.0.values()
    }
    /// One instrument.
    pub fn instrument(&self, symbol: &str) -> Option<Arc<Instrument>> {
        self.0.get(symbol).cloned()
    }
}

fn side(text: &str) -> Option<Side> {
    match text {
        "buy" => Some(Side::Buy),
        "sell" => Some(Side::Sell),
        _ => None,
    }
}

/// `None` for `net` and for nothing.
fn position_side(text: &str) -> Option<PositionSide> {
    match text {
        "long" => Some(PositionSide::Long),
        "short" => Some(PositionSide::Short),
        _ => None,
    }
}

fn margin_mode(text: &str) -> Option<MarginMode> {
    match text {
        "cross" => Some(MarginMode::Cross),
        "isolated" => Some(MarginMode::Isolated),
        _ => None,
    }
}

/// The envelope of every REST answer; `data` is read in a second step, by what was asked.
#[derive(Debug, Deserialize)]
pub struct Envelope<'a> {
    /// `"0"` when the whole call succeeded.
    #[serde(borrow, default)]
    pub code: crate::common::Text<'a>,
    /// The venue's words, if it failed.
    #[serde(borrow, default)]
    pub msg: crate::common::Text<'a>,
    /// The rows.
    #[serde(borrow, default)]
    pub data: Option<&'a RawValue>,
}

impl<'a> Envelope<'a> {
    /// Reads the envelope.
    ///
    /// # Errors
    /// [`ExchangeError::Malformed`]: not JSON, or cut off.
    pub fn read(body: &'a [u8]) -> Result<Self, ExchangeError> {
        let envelope: Self =
            serde_json::from_slice(body).map_err(|error| malformed("an answer of okx", &error))?;
        if envelope.code.is_empty() {
            return Err(ExchangeError::Malformed {
                what: "an answer of okx".into(),
                detail: "it has no code".into(),
            });
        }
        Ok(envelope)
    }

    /// Whether the rows carry codes of their own, as the answers to orders do.
    pub fn has_row_codes(&self) -> bool {
        self.rows::<AckRow<'_>>("").is_ok_and(|rows| rows.iter().any(|row| !row.s_code.is_empty()))
    }

    /// The rows.
    ///
    /// # Errors
    /// [`ExchangeError::Malformed`] if a row cannot be read.
    pub fn rows<T: Deserialize<'a>>(&self, what: &str) -> Result<Vec<T>, ExchangeError> {
        self.data.map_or(Ok(Vec::new()), |raw| {
            serde_json::from_str(raw.get()).map_err(|error| malformed(what, &error))
        })
    }
}

/// What serde says of a payload, without the payload.
pub(crate) fn malformed(what: &str, error: &serde_json::Error) -> ExchangeError {
    ExchangeError::Malformed { what: what.into(), detail: error.to_string() }
}

/// A payload that can be read but does not make sense.
pub(crate) fn senseless(what: &str, detail: impl Into<String>) -> ExchangeError {
    ExchangeError::Malformed { what: what.into(), detail: detail.into() }
}
