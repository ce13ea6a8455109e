//! Requests that take several calls: reading an account, setting leverage, fetching candles.

use super::driver::Reading;
use crate::exchange::{
    Exchange, ExchangeError, ExchangeExt, Feature, Listing, MarketData, MarketDataExt, Page, VenueFill,
};
use crate::model::{Candle, InstrumentId, MarginMode, Timeframe, Timestamp};
use crate::risk::Refusal;

/// Fills asked for at once.
const PAGE: u16 = 100;
/// Pages read at most: what is older is not about now.
const PAGES: usize = 50;

/// Reads a whole account. Any part that fails makes the read fail: a partial one counts as nothing (TRADING 13.2).
pub(crate) async fn read_account<E: Exchange + ?Sized>(
    exchange: &E,
    since: Timestamp,
) -> Result<Reading, ExchangeError> {
    let positions = exchange.positions(None).await?;
    let orders = exchange.open_orders(None).await?;
    let fills = fills(exchange, since).await?;
    let balances = exchange.balances().await?;
    let config = Some(exchange.account_config().await?);
    Ok(Reading { positions, orders, fills, balances, config })
}

async fn fills<E: Exchange + ?Sized>(
    exchange: &E,
    since: Timestamp,
) -> Result<Vec<VenueFill>, ExchangeError> {
    let mut all: Vec<VenueFill> = Vec::new();
    let mut from = since;
    for _ in 0..PAGES {
        let Page { items, more } = exchange.fills(None, from, PAGE).await?;
        let before = all.len();
        for fill in items {
            let known = |other: &VenueFill| {
                other.fill.trade_id == fill.fill.trade_id && other.instrument == fill.instrument
            };
            if !all.iter().rev().take(usize::from(PAGE)).any(known) {
                all.push(fill);
            }
        }
        match all.last() {
            Some(last) if more && all.len() > before => from = last.fill.time,
            _ => break,
        }
    }
    Ok(all)
}

/// Makes leverage and margin mode what they should be, or says why they are not. Nothing is set that is right already.
pub(crate) async fn configure<E: Exchange + ?Sized>(
    exchange: &E,
    instrument: &InstrumentId,
    leverage: u32,
    margin_mode: MarginMode,
) -> Result<Result<(), Refusal>, ExchangeError> {
    let can = exchange.capabilities();
    if !can.has(Feature::Leverage) {
        return Ok(if leverage == 1 { Ok(()) } else { Err(Refusal::Unsupported) });
    }
    let ours = |found: &crate::exchange::LeverageSetting| {
        found.margin_mode == margin_mode && found.long == leverage && found.short == leverage
    };
    let found = exchange.leverage(instrument.clone()).await?;
    if ours(&found) {
        return Ok(Ok(()));
    }
    if found.margin_mode != margin_mode {
        exchange.set_margin_mode(instrument.clone(), margin_mode).await?;
    }
    exchange.set_leverage(instrument.clone(), margin_mode, leverage).await?;
    let found = exchange.leverage(instrument.clone()).await?;
    Ok(if ours(&found) { Ok(()) } else { Err(Refusal::LeverageMismatch) })
}

/// The instrument as the venue lists it now.
pub(crate) async fn listing<M: MarketData + ?Sized>(
    market: &M,
    id: &InstrumentId,
) -> Result<Option<Listing>, ExchangeError> {
    let listed = market.instruments().await?;
    Ok(listed.into_iter().find(|listing| listing.instrument.id == *id))
}

/// Closed candles that open in `from..until`, every page.
pub(crate) async fn candles<M: MarketData + ?Sized>(
    market: &M,
    id: &InstrumentId,
    timeframe: Timeframe,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<Candle>, ExchangeError> {
    let mut all: Vec<Candle> = Vec::new();
    let mut start = from;
    for _ in 0..1_000 {
        let page = market.candles(id.clone(), timeframe, start, until).await?;
        let before = all.len();
        for candle in page.items {
            if all.last().is_none_or(|last| candle.open_time > last.open_time) && candle.open_time >= from {
                all.push(candle);
            }
        }
        match all.last() {
            Some(last) if page.more && all.len() > before => start = last.open_time + timeframe.span(),
            _ => break,
        }
    }
    Ok(all)
}
