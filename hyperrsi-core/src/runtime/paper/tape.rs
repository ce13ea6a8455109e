use super::{Paper, SteppedClock};
use crate::exchange::{
    Channel, ExchangeError, Feed, Listing, MarketAnswer, MarketData, MarketEvent, MarketFact, MarketRequest,
    MarketStream, Page, PricePoint, TradingState, Unsupported,
};
use crate::model::{Candle, Instrument, Price, Span, StepRounding, Timestamp, VenueId, decimal_from_f64};
use crate::runtime::clock::Clock;
use crate::runtime::session::Handle;
use crate::series::Candles;
use crate::sim::account::Path;
use async_trait::async_trait;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;

type Listener = (Vec<Feed>, mpsc::UnboundedSender<MarketEvent>);

/// Recorded candles as a venue's market data: what has closed by the clock can be read, what closes is told.
pub struct Tape {
    instrument: Instrument,
    candles: Candles,
    clock: Arc<SteppedClock>,
    listeners: Mutex<Vec<Listener>>,
}

impl std::fmt::Debug for Tape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tape").field("instrument", &self.instrument.id).finish_non_exhaustive()
    }
}

impl Tape {
    /// Candles of an instrument.
    pub fn new(instrument: Instrument, candles: Candles, clock: Arc<SteppedClock>) -> Arc<Self> {
        Arc::new(Self { instrument, candles, clock, listeners: Mutex::default() })
    }

    /// The candles.
    pub const fn candles(&self) -> &Candles {
        &self.candles
    }

    /// Plays the candles from `first` on: each moves the paper account along its path, then closes. The account's run is
    /// given time to answer every price before the next one comes. `pace` is how long a candle takes in real time; `seen`
    /// is told of each candle that has closed and may end the play.
    ///
    /// # Errors
    /// [`crate::model::Overflow`] when a value leaves the range of a decimal.
    pub async fn play(
        &self,
        paper: &Paper,
        run: &Handle,
        first: usize,
        pace: std::time::Duration,
        mut seen: impl FnMut(usize, &Candle) -> bool,
    ) -> Result<(), crate::model::Overflow> {
        let timeframe = self.candles.timeframe();
        let span = timeframe.span();
        for (index, candle) in self.candles.iter().enumerate().skip(first) {
            for (step, raw) in (0_i64..).zip(Path::Natural.points(&candle)) {
                let at = candle.open_time + Span::millis_of((span.millis() - 1) * step / 3);
                self.clock.advance(at);
                self.step(paper, raw, step > 0)?;
                self.tell(Channel::Last, &MarketFact::Last(self.point(raw, at)));
                run.settle().await;
                tokio::time::sleep(pace / 4).await;
            }
            self.clock.advance(candle.open_time + span);
            self.tell(Channel::Candles(timeframe), &MarketFact::CandleClosed { timeframe, candle });
            run.settle().await;
            if !seen(index, &candle) {
                break;
            }
        }
        Ok(())
    }

    fn step(&self, paper: &Paper, raw: f64, glide: bool) -> Result<(), crate::model::Overflow> {
        let price = self.price(raw);
        if glide { paper.glide(&self.instrument.id, price) } else { paper.trade(&self.instrument.id, price) }
    }

    fn price(&self, raw: f64) -> Price {
        let raw = decimal_from_f64(raw).unwrap_or_default();
        self.instrument.round_price(raw, StepRounding::Nearest).unwrap_or(Price::new(raw))
    }

    fn point(&self, raw: f64, time: Timestamp) -> PricePoint {
        PricePoint { price: self.price(raw), time }
    }

    fn tell(&self, channel: Channel, fact: &MarketFact) {
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.retain(|(feeds, listener)| {
            let event = MarketEvent::Data { instrument: self.instrument.id.clone(), fact: fact.clone() };
            !feeds.iter().any(|feed| feed.channel == channel) || listener.send(event).is_ok()
        });
    }
}

#[async_trait]
impl MarketData for Tape {
    fn venue(&self) -> VenueId {
        self.instrument.id.venue.clone()
    }

    async fn call(&self, request: MarketRequest) -> Result<MarketAnswer, ExchangeError> {
        let now = self.clock.now();
        let span = self.candles.timeframe().span();
        Ok(match request {
            MarketRequest::Instruments => MarketAnswer::Instruments(vec![Listing {
                instrument: self.instrument.clone(),
                state: TradingState::Trading,
                ends: None,
            }]),
            MarketRequest::Candles { instrument, timeframe, from, until }
                if instrument == self.instrument.id && timeframe == self.candles.timeframe() =>
            {
                let first = self.candles.index_at(from);
                let wanted = self.candles.iter().skip(first).take_while(|c| c.open_time < until);
                let closed = wanted.take_while(|c| c.close_time(span) <= now);
                MarketAnswer::Candles(Page { items: closed.collect(), more: false })
            }
            MarketRequest::ServerTime => MarketAnswer::ServerTime(now),
            other => return Err(Unsupported::named(self.venue(), other.name()).into()),
        })
    }

    async fn subscribe(&self, feeds: Vec<Feed>) -> Result<MarketStream, ExchangeError> {
        let (sender, receiver) = mpsc::unbounded_channel();
        for feed in &feeds {
            let _ = sender.send(MarketEvent::Up { feed: feed.clone() });
        }
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).push((feeds, sender));
        Ok(Box::pin(futures_util::stream::unfold(receiver, |mut receiver| async move {
            let event = receiver.recv().await?;
            Some((event, receiver))
        })))
    }
}
