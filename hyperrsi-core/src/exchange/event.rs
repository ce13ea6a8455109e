//! What venues push. Every stream says when it may have missed something; what it missed is then read.

use super::{
    AccountConfig, CashFlow, ExchangeError, FundingRate, LeverageSetting, PricePoint, VenueFill, VenueOrder,
    VenuePosition,
};
use crate::model::{Balance, Candle, InstrumentId, Price, Quantity, Side, Timeframe, Timestamp};
use futures_core::Stream;
use serde::{Deserialize, Serialize};
use std::pin::Pin;

/// Events of an account.
pub type AccountStream = Pin<Box<dyn Stream<Item = AccountEvent> + Send>>;
/// Events of markets.
pub type MarketStream = Pin<Box<dyn Stream<Item = MarketEvent> + Send>>;

/// What an account's stream says. Facts may come twice, late and out of order: each carries the id and time by which
/// the receiver tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AccountEvent {
    /// An order, own or foreign, in its whole state.
    Order(Box<VenueOrder>),
    /// An execution.
    Fill(Box<VenueFill>),
    /// A position; quantity zero means flat.
    Position(Box<VenuePosition>),
    /// A balance.
    Balance(Balance),
    /// Position mode, permissions or fees changed.
    Mode(Box<AccountConfig>),
    /// Leverage or margin mode of an instrument changed.
    Leverage(LeverageSetting),
    /// Funding, a transfer, a conversion.
    CashFlow(CashFlow),
    /// Something may have been missed: read orders, fills since then, positions and balances.
    Gap {
        /// The last time nothing was missed; `None` if not known.
        since: Option<Timestamp>,
    },
    /// Connected, logged in and subscribed. What came before is read, not assumed.
    Up,
    /// Not connected. The implementation connects again by itself unless [`Retry::Never`](super::Retry::Never).
    Down {
        /// Why.
        error: ExchangeError,
    },
}

/// What to listen to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Channel {
    /// Candles as they close.
    Candles(Timeframe),
    /// The last traded price, at the venue's pace.
    Last,
    /// The mark price.
    Mark,
    /// Funding rates.
    Funding,
    /// Single trades.
    Trades,
}

/// One channel of one instrument.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Feed {
    /// The instrument.
    pub instrument: InstrumentId,
    /// The channel.
    pub channel: Channel,
}

/// A piece of market data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MarketFact {
    /// A candle closed, by the venue's word; never a forming one.
    CandleClosed {
        /// Its timeframe.
        timeframe: Timeframe,
        /// The candle.
        candle: Candle,
    },
    /// The last traded price.
    Last(PricePoint),
    /// The mark price.
    Mark(PricePoint),
    /// The funding to come.
    Funding(FundingRate),
    /// One trade.
    Trade {
        /// Price.
        price: Price,
        /// Quantity in base units.
        quantity: Quantity,
        /// Which side took.
        taker: Side,
        /// Venue time.
        time: Timestamp,
    },
}

/// What a market stream says. Prices of zero and candles with a [fault](Candle::fault) never get this far: the adapter
/// counts and drops them (FAULTS 40).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MarketEvent {
    /// Market data.
    Data {
        /// The instrument.
        instrument: InstrumentId,
        /// The fact.
        fact: MarketFact,
    },
    /// Something of this feed may have been missed: backfill.
    Gap {
        /// The feed.
        feed: Feed,
        /// The last time nothing was missed; `None` if not known.
        since: Option<Timestamp>,
    },
    /// The feed is subscribed and lives.
    Up {
        /// The feed.
        feed: Feed,
    },
    /// The feed is silent beyond its deadline, or its connection broke. It is connected again by itself unless
    /// [`Retry::Never`](super::Retry::Never).
    Down {
        /// The feed.
        feed: Feed,
        /// Why.
        error: ExchangeError,
    },
}
