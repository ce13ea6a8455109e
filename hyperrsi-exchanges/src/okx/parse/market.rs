use super::{malformed, senseless};
use crate::common::{Millis, Num, Text, parse_decimal};
use hyperrsi_core::exchange::{ExchangeError, FundingRate, PricePoint, Ticker, VenueStatus};
use hyperrsi_core::model::{Candle, Price, Quantity, Side, TradeId};
use serde::Deserialize;
use serde_json::value::RawValue;

/// A candle and whether the venue says that it is closed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CandleRow {
    /// The candle; volume in base units.
    pub candle: Candle,
    /// Closed, by the venue's word.
    pub closed: bool,
}

/// One candle: `[time, open, high, low, close, volume, volume in currency, volume in quote, closed]`.
///
/// Volume is the fifth field on spot and the sixth on swaps, where the fifth counts contracts.
///
/// # Errors
/// [`ExchangeError::Malformed`]: a field is missing or no number, or the candle has a [fault](Candle::fault).
pub fn candle(raw: &RawValue, spot: bool) -> Result<CandleRow, ExchangeError> {
    const WHAT: &str = "a candle of okx";
    let fields: Vec<Text<'_>> = serde_json::from_str(raw.get()).map_err(|error| malformed(WHAT, &error))?;
    let field = |index: usize| {
        fields
            .get(index)
            .map(|text| &**text)
            .ok_or_else(|| senseless(WHAT, format!("it has no field {index}")))
    };
    let number = |index: usize| -> Result<f64, ExchangeError> {
        let text = field(index)?;
        // The decimal parser is the judge of what a number is; the value goes into a series, which is f64.
        parse_decimal(text).map_err(|error| senseless(WHAT, error.to_string()))?;
        text.parse().map_err(|_| senseless(WHAT, "a price is not a number"))
    };
    let time = field(0)?.parse().map_err(|_| senseless(WHAT, "its time is not a number"))?;
    let candle = Candle::new(
        hyperrsi_core::model::Timestamp::from_millis(time),
        number(1)?,
        number(2)?,
        number(3)?,
        number(4)?,
        number(if spot { 5 } else { 6 })?,
    );
    if let Some(fault) = candle.fault() {
        return Err(senseless(WHAT, fault));
    }
    Ok(CandleRow { candle, closed: field(8)? == "1" })
}

/// One row of `market/ticker` and of the channel `tickers`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TickerRow<'a> {
    /// The venue's symbol.
    #[serde(borrow)]
    pub inst_id: Text<'a>,
    last: Num,
    #[serde(default)]
    bid_px: Num,
    #[serde(default)]
    ask_px: Num,
    ts: Millis,
}

impl TickerRow<'_> {
    /// Last, bid and ask.
    ///
    /// # Errors
    /// [`ExchangeError::Malformed`] without a last price above zero (FAULTS 40).
    pub fn read(&self) -> Result<Ticker, ExchangeError> {
        Ok(Ticker {
            last: price(self.last, "a ticker of okx")?,
            bid: self.bid_px.positive().map(Price::new),
            ask: self.ask_px.positive().map(Price::new),
            time: self.ts.or_epoch(),
        })
    }
}

/// One row of `public/mark-price` and of the channel `mark-price`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MarkRow<'a> {
    /// The venue's symbol.
    #[serde(borrow)]
    pub inst_id: Text<'a>,
    mark_px: Num,
    ts: Millis,
}

impl MarkRow<'_> {
    /// The mark price.
    ///
    /// # Errors
    /// [`ExchangeError::Malformed`] without a price above zero.
    pub fn read(&self) -> Result<PricePoint, ExchangeError> {
        Ok(PricePoint { price: price(self.mark_px, "a mark price of okx")?, time: self.ts.or_epoch() })
    }
}

/// One row of `public/funding-rate`, of its history, and of the channel `funding-rate`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FundingRow<'a> {
    /// The venue's symbol.
    #[serde(borrow)]
    pub inst_id: Text<'a>,
    funding_rate: Num,
    #[serde(default)]
    realized_rate: Num,
    funding_time: Millis,
}

impl FundingRow<'_> {
    /// The rate that was charged if the row says so, else the one to come.
    ///
    /// # Errors
    /// [`ExchangeError::Malformed`] without a rate or a time.
    pub fn read(&self) -> Result<FundingRate, ExchangeError> {
        let what = "a funding rate of okx";
        let rate = self.realized_rate.0.or(self.funding_rate.0).ok_or_else(|| senseless(what, "no rate"))?;
        let time = self.funding_time.0.ok_or_else(|| senseless(what, "no time"))?;
        Ok(FundingRate { time, rate })
    }
}

/// One row of `market/trades` and of the channel `trades`. The size is in contracts on swaps.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TradeRow<'a> {
    /// The venue's symbol.
    #[serde(borrow)]
    pub inst_id: Text<'a>,
    #[serde(borrow)]
    trade_id: Text<'a>,
    px: Num,
    sz: Num,
    #[serde(borrow)]
    side: Text<'a>,
    ts: Millis,
}

/// One public trade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trade {
    /// The venue's id.
    pub id: TradeId,
    /// Price.
    pub price: Price,
    /// Contracts on swaps, base units on spot.
    pub size: Quantity,
    /// Which side took.
    pub taker: Side,
    /// Venue time.
    pub time: hyperrsi_core::model::Timestamp,
}

impl TradeRow<'_> {
    /// The trade.
    ///
    /// # Errors
    /// [`ExchangeError::Malformed`] without price, size or side.
    pub fn read(&self) -> Result<Trade, ExchangeError> {
        let what = "a trade of okx";
        Ok(Trade {
            id: TradeId::new(&*self.trade_id),
            price: price(self.px, what)?,
            size: Quantity::new(self.sz.positive().ok_or_else(|| senseless(what, "no size"))?),
            taker: super::side(&self.side).ok_or_else(|| senseless(what, "no side"))?,
            time: self.ts.or_epoch(),
        })
    }
}

fn price(number: Num, what: &str) -> Result<Price, ExchangeError> {
    number.positive().map(Price::new).ok_or_else(|| senseless(what, "its price is zero or missing"))
}

/// The answer of `public/time`.
#[derive(Debug, Deserialize)]
pub struct TimeRow {
    /// The venue's clock.
    pub ts: Millis,
}

/// One row of `system/status`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusRow<'a> {
    #[serde(borrow, default)]
    state: Text<'a>,
    #[serde(default)]
    begin: Millis,
    #[serde(default)]
    end: Millis,
}

/// Whether the venue is up: maintenance that runs now wins over what is announced.
pub fn status(rows: &[StatusRow<'_>]) -> VenueStatus {
    if let Some(row) = rows.iter().find(|row| &*row.state == "ongoing") {
        return VenueStatus::Maintenance { until: row.end.0 };
    }
    let scheduled = rows.iter().filter(|row| matches!(&*row.state, "scheduled" | "pre_open"));
    let next = scheduled.filter_map(|row| row.begin.0.map(|begin| (begin, row.end.0))).min();
    VenueStatus::Up { next }
}
