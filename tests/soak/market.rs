//! The markets: prices that walk at random, candles of one minute, and a feed that loses, doubles and breaks.

use async_trait::async_trait;
use fastrand::Rng;
use futures_util::stream;
use hyperrsi::exchange::*;
use hyperrsi::model::*;
use hyperrsi::prelude::*;
use hyperrsi::runtime::Clock;
use hyperrsi::runtime::paper::SteppedClock;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::mpsc;

/// Closed candles that can still be read: more than any strategy begins with.
const KEPT: usize = 2_000;
pub const MINUTE: Span = Span::minutes(1);

/// One instrument. Prices are whole ticks of 0.1.
struct Walk {
    instrument: Instrument,
    ticks: i64,
    forming: Option<[i64; 4]>,
    closed: VecDeque<Candle>,
}

impl Walk {
    fn close(&mut self, open_time: Timestamp) -> Option<Candle> {
        let [open, high, low, close] = self.forming.take()?.map(|ticks| ticks as f64 / 10.0);
        let candle = Candle::new(open_time, open, high, low, close, 1.0);
        self.closed.push_back(candle);
        if self.closed.len() > KEPT {
            self.closed.pop_front();
        }
        Some(candle)
    }

    fn step(&mut self, random: &mut Rng) -> Price {
        let jump = if random.u32(..).is_multiple_of(3_000) { random.i64(-80..=80) } else { 0 };
        self.ticks = (self.ticks + random.i64(-6..=6) + jump).clamp(5_000, 20_000);
        let ticks = self.ticks;
        let [_, high, low, close] = self.forming.get_or_insert([ticks; 4]);
        (*high, *low, *close) = ((*high).max(ticks), (*low).min(ticks), ticks);
        Price::new(Decimal::new(ticks, 1))
    }
}

struct State {
    walks: Vec<Walk>,
    listeners: Vec<(Vec<Feed>, mpsc::UnboundedSender<MarketEvent>)>,
    random: Rng,
    /// Instruments whose feed says nothing until then.
    mute: Vec<Option<Timestamp>>,
}

/// The market data of the simulated venue.
pub struct Market {
    clock: Arc<SteppedClock>,
    state: Mutex<State>,
}

impl Market {
    /// Instruments with a history of `KEPT` minutes.
    pub fn new(instruments: Vec<Instrument>, clock: Arc<SteppedClock>, seed: u64) -> Arc<Self> {
        let mut random = Rng::with_seed(seed);
        let start = clock.now();
        let mute = vec![None; instruments.len()];
        let walks = instruments.into_iter().map(|instrument| {
            let mut walk = Walk { instrument, ticks: 10_000, forming: None, closed: VecDeque::new() };
            for minute in (1..=KEPT as i64).rev() {
                (0..12).for_each(|_| _ = walk.step(&mut random));
                walk.close(start - Span::minutes(minute));
            }
            walk
        });
        let state = State { walks: walks.collect(), listeners: Vec::new(), random, mute };
        Arc::new(Self { clock, state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub fn instruments(&self) -> Vec<Instrument> {
        self.state().walks.iter().map(|walk| walk.instrument.clone()).collect()
    }

    /// The minute before now is over.
    pub fn close_candles(&self, faults: bool) {
        let now = self.clock.now();
        let mut state = self.state();
        let state = &mut *state;
        for index in 0..state.walks.len() {
            let Some(candle) = state.walks[index].close(now - MINUTE) else { continue };
            let fact = MarketFact::CandleClosed { timeframe: Timeframe::M1, candle };
            let times = match state.random.u32(..) % 400 {
                0 if faults => 0, // lost: it has to be fetched
                1 if faults => 2,
                _ => 1,
            };
            (0..times).for_each(|_| state.tell(index, Channel::Candles(Timeframe::M1), fact.clone(), now));
        }
    }

    /// Every market trades at its next price, which is told; returns the prices.
    pub fn trade(&self, faults: bool) -> Vec<(InstrumentId, Price)> {
        let time = self.clock.now();
        let mut state = self.state();
        let state = &mut *state;
        let mut prices = Vec::new();
        for index in 0..state.walks.len() {
            let price = state.walks[index].step(&mut state.random);
            if faults && state.random.u32(..).is_multiple_of(20_000) {
                state.mute[index] = Some(time + Span::seconds(state.random.i64(20..180)));
            }
            let fact = MarketFact::Last(PricePoint { price, time });
            state.tell(index, Channel::Last, fact, time);
            prices.push((state.walks[index].instrument.id.clone(), price));
        }
        if faults && state.random.u32(..).is_multiple_of(2_000) {
            state.listeners.clear(); // every connection breaks
        }
        prices
    }
}

impl State {
    fn tell(&mut self, index: usize, channel: Channel, fact: MarketFact, now: Timestamp) {
        if self.mute[index].is_some_and(|until| now < until) {
            return;
        }
        let instrument = self.walks[index].instrument.id.clone();
        self.listeners.retain(|(feeds, listener)| {
            let wanted = feeds.iter().any(|feed| feed.channel == channel && feed.instrument == instrument);
            let event = || MarketEvent::Data { instrument: instrument.clone(), fact: fact.clone() };
            if wanted { listener.send(event()).is_ok() } else { !listener.is_closed() }
        });
    }
}

#[async_trait]
impl MarketData for Market {
    fn venue(&self) -> VenueId {
        VenueId::new("soak")
    }

    async fn call(&self, request: MarketRequest) -> Result<MarketAnswer, ExchangeError> {
        let state = self.state();
        Ok(match request {
            MarketRequest::Instruments => {
                let listing = |walk: &Walk| Listing {
                    instrument: walk.instrument.clone(),
                    state: TradingState::Trading,
                    ends: None,
                };
                MarketAnswer::Instruments(state.walks.iter().map(listing).collect())
            }
            MarketRequest::Candles { instrument, timeframe: Timeframe::M1, from, until } => {
                let walk = state.walks.iter().find(|walk| walk.instrument.id == instrument).unwrap();
                let wanted = walk.closed.iter().filter(|one| one.open_time >= from && one.open_time < until);
                MarketAnswer::Candles(Page { items: wanted.copied().collect(), more: false })
            }
            MarketRequest::ServerTime => MarketAnswer::ServerTime(self.clock.now()),
            other => return Err(Unsupported::named(self.venue(), other.name()).into()),
        })
    }

    async fn subscribe(&self, feeds: Vec<Feed>) -> Result<MarketStream, ExchangeError> {
        if feeds.iter().any(|feed| feed.channel == Channel::Mark) {
            return Err(Unsupported::named(self.venue(), "mark").into());
        }
        let (sender, receiver) = mpsc::unbounded_channel();
        for feed in &feeds {
            sender.send(MarketEvent::Up { feed: feed.clone() }).unwrap();
        }
        self.state().listeners.push((feeds, sender));
        Ok(Box::pin(stream::unfold(receiver, |mut receiver| async move {
            let event = receiver.recv().await?;
            Some((event, receiver))
        })))
    }
}
