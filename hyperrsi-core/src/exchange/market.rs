//! What can be asked about a market, without keys.

use super::Page;
use crate::model::{Candle, Instrument, InstrumentId, Price, Timeframe, Timestamp};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// One request for market data. `match` it with a last arm that answers
/// [`Unsupported::named`](super::Unsupported::named).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MarketRequest {
    /// Every instrument the venue lists and the library can trade.
    Instruments,
    /// Closed candles, oldest first.
    Candles {
        /// The instrument.
        instrument: InstrumentId,
        /// The timeframe.
        timeframe: Timeframe,
        /// Open time of the first candle, inclusive.
        from: Timestamp,
        /// Open times end before this.
        until: Timestamp,
    },
    /// Last, bid and ask.
    Ticker {
        /// The instrument.
        instrument: InstrumentId,
    },
    /// The mark price.
    MarkPrice {
        /// The instrument.
        instrument: InstrumentId,
    },
    /// Past funding rates, oldest first.
    FundingHistory {
        /// The instrument.
        instrument: InstrumentId,
        /// From this time on, inclusive.
        from: Timestamp,
        /// Before this time.
        until: Timestamp,
    },
    /// The funding to come.
    NextFunding {
        /// The instrument.
        instrument: InstrumentId,
    },
    /// The venue's clock.
    ServerTime,
    /// Whether the venue is up, and what maintenance is announced.
    Status,
}

impl MarketRequest {
    /// The name, for logs, metrics and errors.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Instruments => "instruments",
            Self::Candles { .. } => "candles",
            Self::Ticker { .. } => "ticker",
            Self::MarkPrice { .. } => "mark_price",
            Self::FundingHistory { .. } => "funding_history",
            Self::NextFunding { .. } => "next_funding",
            Self::ServerTime => "server_time",
            Self::Status => "status",
        }
    }
}

/// The answer to one [`MarketRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MarketAnswer {
    /// The instruments.
    Instruments(Vec<Listing>),
    /// Closed candles. `more`: ask again from after the last one. A candle the venue has no trades for may be
    /// missing; a forming candle is never among them.
    Candles(Page<Candle>),
    /// Last, bid and ask.
    Ticker(Ticker),
    /// The mark price.
    MarkPrice(PricePoint),
    /// Past funding rates.
    FundingHistory(Page<FundingRate>),
    /// The funding to come; `None` where there is none.
    NextFunding(Option<FundingRate>),
    /// The venue's clock.
    ServerTime(Timestamp),
    /// Whether the venue is up.
    Status(VenueStatus),
}

impl MarketAnswer {
    /// The name, for logs and errors.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Instruments(_) => "instruments",
            Self::Candles(_) => "candles",
            Self::Ticker(_) => "ticker",
            Self::MarkPrice(_) => "mark_price",
            Self::FundingHistory(_) => "funding_history",
            Self::NextFunding(_) => "next_funding",
            Self::ServerTime(_) => "server_time",
            Self::Status(_) => "status",
        }
    }
}

/// Whether an instrument trades.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TradingState {
    /// As usual.
    Trading,
    /// Only orders that rest.
    PostOnly,
    /// Only orders that reduce.
    ReduceOnly,
    /// Only cancels.
    CancelOnly,
    /// Nothing for now.
    Halted,
    /// Not yet listed.
    Upcoming,
    /// No longer listed.
    Delisted,
    /// A state the adapter does not know; treated as halted for openings.
    Unknown,
}

/// An instrument and whether it trades.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// The instrument.
    pub instrument: Instrument,
    /// Whether it trades.
    pub state: TradingState,
    /// When it is to be delisted or expires, if announced.
    pub ends: Option<Timestamp>,
}

/// A price and its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricePoint {
    /// The price, above zero.
    pub price: Price,
    /// Venue time.
    pub time: Timestamp,
}

/// The market now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticker {
    /// Last traded price.
    pub last: Price,
    /// Best bid; `None` on an empty side.
    pub bid: Option<Price>,
    /// Best ask; `None` on an empty side.
    pub ask: Option<Price>,
    /// Venue time.
    pub time: Timestamp,
}

/// One funding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FundingRate {
    /// When it is or was charged.
    pub time: Timestamp,
    /// The fraction of the position's value; longs pay when it is positive.
    #[serde(with = "rust_decimal::serde::str")]
    pub rate: Decimal,
}

/// Whether the venue is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VenueStatus {
    /// It is, as far as it says.
    Up {
        /// The next announced maintenance: start, and end if known.
        next: Option<(Timestamp, Option<Timestamp>)>,
    },
    /// It is in maintenance.
    Maintenance {
        /// The announced end.
        until: Option<Timestamp>,
    },
}
