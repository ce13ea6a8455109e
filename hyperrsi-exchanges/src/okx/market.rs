use super::parse::{self, Envelope};
use super::request::{self, CandleSource};
use super::rest::Rest;
use super::stream::{Line, PublicSession};
use super::{Config, VENUE};
use crate::net::socket;
use async_trait::async_trait;
use hyperrsi_core::exchange::{
    ExchangeError, Feed, FundingRate, MarketAnswer, MarketData, MarketRequest, MarketStream, Page,
    Unsupported,
};
use hyperrsi_core::model::{Candle, Instrument, InstrumentId, Span, Timeframe, Timestamp, VenueId};
use serde_json::value::RawValue;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// The markets of OKX: spot and linear swaps, without keys.
///
/// ```no_run
/// use hyperrsi_core::exchange::MarketDataExt;
/// use hyperrsi_core::model::InstrumentId;
/// use hyperrsi_exchanges::okx::{Config, Market};
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let okx = Market::new(Config::live()?)?;
/// println!("{:?}", okx.ticker(InstrumentId::new("okx", "BTC-USDT-SWAP")).await?);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Market {
    rest: Arc<Rest>,
}

impl std::fmt::Debug for Market {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("okx::Market").field("rest", &self.rest.config.rest).finish_non_exhaustive()
    }
}

/// How many of the newest candles the faster endpoint has.
const RECENT: i64 = 1_440;
/// Events waiting to be taken before market data is dropped.
const DEPTH: usize = 8_192;

impl Market {
    /// The markets. Nothing is sent yet.
    ///
    /// # Errors
    /// [`ExchangeError::Connectivity`] if TLS cannot be set up.
    pub fn new(config: Config) -> Result<Self, ExchangeError> {
        Ok(Self { rest: Arc::new(Rest::new(config, None)?) })
    }

    async fn answer(&self, request: MarketRequest) -> Result<MarketAnswer, ExchangeError> {
        Ok(match request {
            MarketRequest::Instruments => MarketAnswer::Instruments(self.rest.listings().await?),
            MarketRequest::Candles { instrument, timeframe, from, until } => {
                MarketAnswer::Candles(self.candles(&instrument, timeframe, from, until).await?)
            }
            MarketRequest::Ticker { instrument } => {
                let instrument = self.rest.instrument(&instrument).await?;
                let body = self.rest.send(&request::ticker(&instrument)).await?;
                let rows: Vec<parse::TickerRow<'_>> = Envelope::read(&body)?.rows("a ticker of okx")?;
                MarketAnswer::Ticker(first(&rows, "a ticker of okx")?.read()?)
            }
            MarketRequest::MarkPrice { instrument } => {
                let instrument = self.swap(&instrument).await?;
                let body = self.rest.send(&request::mark_price(&instrument)).await?;
                let rows: Vec<parse::MarkRow<'_>> = Envelope::read(&body)?.rows("a mark price of okx")?;
                MarketAnswer::MarkPrice(first(&rows, "a mark price of okx")?.read()?)
            }
            MarketRequest::FundingHistory { instrument, from, until } => {
                MarketAnswer::FundingHistory(self.funding(&instrument, from, until).await?)
            }
            MarketRequest::NextFunding { instrument } => {
                let instrument = self.rest.instrument(&instrument).await?;
                if instrument.is_spot() {
                    return Ok(MarketAnswer::NextFunding(None));
                }
                let body = self.rest.send(&request::funding_rate(&instrument)).await?;
                let rows: Vec<parse::FundingRow<'_>> =
                    Envelope::read(&body)?.rows("a funding rate of okx")?;
                MarketAnswer::NextFunding(rows.first().map(parse::FundingRow::read).transpose()?)
            }
            MarketRequest::ServerTime => MarketAnswer::ServerTime(self.rest.measure().await?),
            MarketRequest::Status => {
                let body = self.rest.send(&request::status()).await?;
                let rows: Vec<parse::StatusRow<'_>> = Envelope::read(&body)?.rows("the status of okx")?;
                MarketAnswer::Status(parse::status(&rows))
            }
            other => return Err(Unsupported::named(VenueId::new(VENUE), other.name()).into()),
        })
    }

    async fn swap(&self, id: &InstrumentId) -> Result<Arc<Instrument>, ExchangeError> {
        let instrument = self.rest.instrument(id).await?;
        if instrument.is_spot() {
            return Err(Unsupported::named(VenueId::new(VENUE), "a mark price of spot markets").into());
        }
        Ok(instrument)
    }

    /// The oldest page of candles from `from` on. The venue answers with the newest of a range, so that the range is as
    /// long as a page; over time without trades it grows until it meets candles.
    async fn candles(
        &self,
        id: &InstrumentId,
        timeframe: Timeframe,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Page<Candle>, ExchangeError> {
        let instrument = self.rest.instrument(id).await?;
        let now = self.rest.clock.now();
        // Our clock may be late, and what has closed must not be cut off by it.
        let until = until.min(now + Span::days(1));
        let recent = now.millis() - timeframe.millis() * (RECENT - 1);
        let source = if from.millis() > recent { CandleSource::Recent } else { CandleSource::History };
        let page = timeframe.millis().saturating_mul(i64::from(source.page()));
        let (mut start, mut span) = (from, page);
        while start < until {
            let end = Timestamp::from_millis(start.millis().saturating_add(span)).min(until);
            let call =
                request::candles(source, &instrument, timeframe, Some(start), Some(end), source.page())?;
            let body = self.rest.send(&call).await?;
            let rows: Vec<&RawValue> = Envelope::read(&body)?.rows("the candles of okx")?;
            let full = rows.len() >= usize::from(source.page());
            let mut candles = Vec::with_capacity(rows.len());
            for raw in rows {
                let row = parse::candle(raw, instrument.is_spot())?;
                if row.closed && row.candle.open_time >= start && row.candle.open_time < end {
                    candles.push(row.candle);
                }
            }
            if full && span > page {
                span = (span / 4).max(page);
                continue;
            }
            if candles.is_empty() {
                (start, span) = (end, span.saturating_mul(4));
                continue;
            }
            candles.sort_by_key(|candle| candle.open_time);
            candles.dedup_by_key(|candle| candle.open_time);
            return Ok(Page { items: candles, more: end < until });
        }
        Ok(Page { items: Vec::new(), more: false })
    }

    async fn funding(
        &self,
        id: &InstrumentId,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Page<FundingRate>, ExchangeError> {
        let instrument = self.rest.instrument(id).await?;
        let mut rates: Vec<FundingRate> = Vec::new();
        let mut end = until;
        while !instrument.is_spot() {
            let body =
                self.rest.send(&request::funding_history(&instrument, Some(from), Some(end), 100)).await?;
            let rows: Vec<parse::FundingRow<'_>> = Envelope::read(&body)?.rows("a funding rate of okx")?;
            for row in &rows {
                rates.push(row.read()?);
            }
            let oldest = rates.iter().map(|rate| rate.time).min();
            match oldest.filter(|oldest| rows.len() >= 100 && *oldest < end) {
                Some(oldest) => end = oldest,
                None => break,
            }
        }
        rates.retain(|rate| rate.time >= from && rate.time < until);
        rates.sort_by_key(|rate| rate.time);
        rates.dedup_by_key(|rate| rate.time);
        Ok(Page { items: rates, more: false })
    }
}

fn first<'a, T>(rows: &'a [T], what: &str) -> Result<&'a T, ExchangeError> {
    rows.first().ok_or_else(|| parse::senseless(what, "it is empty"))
}

#[async_trait]
impl MarketData for Market {
    fn venue(&self) -> VenueId {
        VenueId::new(VENUE)
    }
    async fn call(&self, request: MarketRequest) -> Result<MarketAnswer, ExchangeError> {
        self.answer(request).await
    }
    async fn subscribe(&self, feeds: Vec<Feed>) -> Result<MarketStream, ExchangeError> {
        let mut lines = Vec::with_capacity(feeds.len());
        for feed in feeds {
            let instrument = self.rest.instrument(&feed.instrument).await?;
            lines.push(Line::new(feed, instrument, self.rest.config.stale_after)?);
        }
        let (out, events) = mpsc::channel(DEPTH);
        let cancel = CancellationToken::new();
        let config = &self.rest.config;
        let (business, public): (Vec<_>, Vec<_>) = lines.into_iter().partition(Line::business);
        for (lines, endpoint) in [(business, &config.business), (public, &config.public)] {
            if !lines.is_empty() {
                let session = PublicSession::new(lines, out.clone(), config.heartbeat);
                let (trust, clock) = (config.http.trust.clone(), Arc::clone(&self.rest.clock));
                tokio::spawn(socket::keep(
                    endpoint.clone(),
                    trust,
                    clock,
                    session,
                    config.pace,
                    cancel.clone(),
                ));
            }
        }
        Ok(crate::net::channel_stream(events, cancel.drop_guard()))
    }
}
