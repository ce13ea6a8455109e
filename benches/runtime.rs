//! How fast a running account answers a closed candle, and what ten thousand of them cost.
//!
//! `cargo bench -p hyperrsi-benches --bench runtime`. Each figure is of the whole way inside the process: from the candle
//! coming out of the market's stream, through hub, strategy, trader and journal, to the order handed to the adapter.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a benchmark measures real time"
)]

use async_trait::async_trait;
use hyperrsi::exchange::*;
use hyperrsi::model::{Instrument, InstrumentId, Price, Span, Timestamp, VenueId};
use hyperrsi::prelude::*;
use hyperrsi::runtime::paper::{Paper, SteppedClock};
use hyperrsi::runtime::{Clock, Hub, Options, Parts, Plan, Session};
use hyperrsi::sqlite::SqliteStore;
use hyperrsi::store::{MemoryStore, Store};
use hyperrsi::strategy::Intent;
use hyperrsi_core::sim::account::Setup;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, mpsc};

const ROUNDS: usize = 2_000;
const TRADERS: usize = 10_000;

/// A market that tells what it is told to.
struct Market {
    instrument: Instrument,
    clock: Arc<SteppedClock>,
    listeners: Mutex<Vec<(Vec<Feed>, mpsc::UnboundedSender<MarketEvent>)>>,
}

impl Market {
    fn tell(&self, channel: Channel, fact: &MarketFact) {
        let instrument = &self.instrument.id;
        for (feeds, listener) in self.listeners.lock().unwrap().iter() {
            if feeds.iter().any(|feed| feed.channel == channel) {
                let event = MarketEvent::Data { instrument: instrument.clone(), fact: fact.clone() };
                listener.send(event).unwrap();
            }
        }
    }
    /// A trade a millisecond after what was before it.
    fn price(&self, price: Price) {
        self.clock.advance(self.clock.now() + Span::millis_of(1));
        let point = PricePoint { price, time: self.clock.now() };
        self.tell(Channel::Last, &MarketFact::Last(point));
    }
    /// The current minute closes at 100.
    fn close(&self) {
        let close = Timeframe::M1.bucket(self.clock.now()) + Span::minutes(1);
        self.clock.advance(close);
        let candle = Candle::new(close - Span::minutes(1), 100.0, 100.0, 100.0, 100.0, 1.0);
        self.tell(
            Channel::Candles(Timeframe::M1),
            &MarketFact::CandleClosed { timeframe: Timeframe::M1, candle },
        );
    }
}

#[async_trait]
impl MarketData for Market {
    fn venue(&self) -> VenueId {
        self.instrument.id.venue.clone()
    }
    async fn call(&self, request: MarketRequest) -> Result<MarketAnswer, ExchangeError> {
        let MarketRequest::Candles { from, until, .. } = request else {
            return Err(Unsupported::named(self.venue(), request.name()).into());
        };
        let mut items = Vec::new();
        let mut open = from;
        while open < until {
            items.push(Candle::new(open, 100.0, 100.0, 100.0, 100.0, 1.0));
            open = open + Span::minutes(1);
        }
        Ok(MarketAnswer::Candles(Page { items, more: false }))
    }
    async fn subscribe(&self, feeds: Vec<Feed>) -> Result<MarketStream, ExchangeError> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.listeners.lock().unwrap().push((feeds, sender));
        Ok(Box::pin(futures_util::stream::unfold(receiver, |mut receiver| async move {
            let event = receiver.recv().await?;
            Some((event, receiver))
        })))
    }
}

/// Tells when an order is handed over.
struct Stamped {
    inner: Arc<Paper>,
    seen: mpsc::UnboundedSender<(Instant, bool)>,
}

#[async_trait]
impl Exchange for Stamped {
    fn account(&self) -> &hyperrsi::model::AccountId {
        self.inner.account()
    }
    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }
    async fn call(&self, request: Request) -> Result<Answer, ExchangeError> {
        let opens = match &request {
            Request::Place(ticket) => Some(!ticket.order().reduce_only),
            Request::Amend(_) => Some(false),
            _ => None,
        };
        if let Some(opens) = opens {
            let _ = self.seen.send((Instant::now(), opens));
        }
        self.inner.call(request).await
    }
    fn events(&self) -> AccountStream {
        self.inner.events()
    }
}

/// Enters when flat, otherwise moves the stop: every candle makes an order.
struct Busy {
    moves: u32,
    /// It has entered, and waits for a price.
    entered: Arc<Notify>,
}

impl Strategy for Busy {
    fn needs(&self) -> Needs {
        Needs::candles(Timeframe::M1, 2)
    }
    fn on_candle(&mut self, ctx: &Context<'_>, _: &Candle) -> Decision {
        let side = PositionSide::Long;
        if !ctx.recording() {
            return Decision::hold();
        }
        if ctx.is_flat() {
            self.moves = 0;
            self.entered.notify_one();
            let exits = ExitPlan::new().stop_loss(Distance::percent(dec!(10)));
            return Decision::enter(side, Size::Base(dec!(1).into()), exits);
        }
        self.moves += 1;
        let distance = dec!(10) + rust_decimal::Decimal::from(self.moves % 100) / dec!(10);
        let exits = Arc::new(ExitPlan::new().stop_loss(Distance::percent(distance)));
        Decision::of(Intent::Retune { side, exits })
    }
}

/// Decides nothing, and says that it was asked.
struct Idle(Arc<AtomicUsize>);

impl Strategy for Idle {
    fn needs(&self) -> Needs {
        Needs::candles(Timeframe::M1, 2)
    }
    fn on_candle(&mut self, _: &Context<'_>, _: &Candle) -> Decision {
        self.0.fetch_add(1, Ordering::Relaxed);
        Decision::hold()
    }
}

struct World {
    clock: Arc<SteppedClock>,
    market: Arc<Market>,
    hub: Hub,
}

impl World {
    fn new() -> Self {
        let clock = SteppedClock::starting_at(Timestamp::from_millis(1_700_000_040_000));
        let mut instrument = Instrument::linear(InstrumentId::new("sim", "BTCUSDT"), "BTC", "USDT");
        (instrument.tick, instrument.lot) = (dec!(0.1), dec!(0.001));
        let market = Arc::new(Market { instrument, clock: Arc::clone(&clock), listeners: Mutex::default() });
        let hub = Hub::new(market.clone(), clock.clone());
        Self { clock, market, hub }
    }
    fn paper(&self, id: &str) -> Arc<Paper> {
        let setup = Setup::new("sim").deposit("USDT", dec!(100_000));
        let paper = Paper::new(id, setup, [self.market.instrument.clone()], self.clock.clone());
        paper.trade(&self.market.instrument.id, Price::new(dec!(100))).unwrap();
        paper
    }
    async fn open(
        &self,
        id: &str,
        exchange: Arc<dyn Exchange>,
        store: Arc<dyn Store>,
        strategy: impl Strategy + 'static,
    ) -> Session {
        let (hub, clock) = (self.hub.clone(), self.clock.clone());
        let parts = Parts { exchange, hub, store, clock, managers: Vec::new() };
        let plan = Plan::new(id, self.market.instrument.clone(), hyperrsi::risk::Policy::default(), strategy);
        Session::open(parts, Options::new("bench"), vec![plan]).await.unwrap()
    }
}

fn report(what: &str, mut took: Vec<Duration>) {
    took.sort();
    let at =
        |share: usize| took.get(took.len() * share / 1_000).copied().unwrap_or_default().as_secs_f64() * 1e6;
    println!("{what}: p50 {:.0} us, p99 {:.0} us, of {}", at(500), at(990), took.len());
}

/// Closes candles one after the other; from each to the order it leads to.
async fn candle_to_order(name: &str, store: Arc<dyn Store>) {
    let world = World::new();
    let (seen, mut stamps) = mpsc::unbounded_channel();
    let paper = world.paper("bench");
    let exchange = Arc::new(Stamped { inner: Arc::clone(&paper), seen });
    let entered = Arc::new(Notify::new());
    let strategy = Busy { moves: 0, entered: Arc::clone(&entered) };
    let trader = "bench:BTC".into();
    let session = world.open("bench:BTC", exchange, store, strategy).await;
    let run = session.handle();
    run.settle().await;
    let (mut entries, mut protections) = (Vec::new(), Vec::new());
    let instrument = world.market.instrument.id.clone();
    for round in 0..ROUNDS {
        let begun = Instant::now();
        world.market.close();
        // An entry waits for the first price after its decision: one comes at once, and then every millisecond.
        let (at, opens) = loop {
            tokio::select! {
                stamp = stamps.recv() => break stamp.unwrap(),
                () = entered.notified() => {}
                () = tokio::time::sleep(Duration::from_millis(1)) => {}
            }
            world.market.price(Price::new(dec!(100)));
            assert!(begun.elapsed() < Duration::from_secs(5), "no order at round {round}");
        };
        if opens {
            entries.push(at - begun)
        } else {
            protections.push(at - begun)
        }
        run.settle().await;
        if round % 20 == 19 {
            // Out again, so that the next candle enters.
            let command = hyperrsi::trader::Command::Close { side: PositionSide::Long, fraction: dec!(1) };
            run.command(&trader, command).await;
            paper.trade(&instrument, Price::new(dec!(100))).unwrap();
            while !run.trader(&trader).await.unwrap().legs.is_empty() {
                run.settle().await; // the fill is on its way
            }
        }
        while stamps.try_recv().is_ok() {}
    }
    report(&format!("closed candle to moved stop (spooled), {name}"), protections);
    report(&format!("closed candle to entry (durable before), {name}"), entries);
}

/// Resident memory, bytes.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4_096
}

/// One candle for everybody.
async fn many_traders() {
    let world = World::new();
    let asked = Arc::new(AtomicUsize::new(0));
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let papers: Vec<_> = (0..TRADERS).map(|n| world.paper(&format!("a{n}"))).collect();
    let before = resident();
    let mut sessions = Vec::with_capacity(TRADERS);
    for (n, paper) in papers.iter().enumerate() {
        let id = format!("t{n}");
        sessions.push(world.open(&id, paper.clone(), Arc::clone(&store), Idle(Arc::clone(&asked))).await);
    }
    for session in &sessions {
        session.handle().settle().await;
    }
    println!("{TRADERS} traders, each with its account: {} bytes each", (resident() - before) / TRADERS);
    let mut took = Vec::new();
    for _ in 0..20 {
        let (begun, before) = (Instant::now(), asked.load(Ordering::Relaxed));
        world.market.close();
        while asked.load(Ordering::Relaxed) < before + TRADERS {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        took.push(begun.elapsed());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    report(&format!("one candle decided by {TRADERS} traders"), took);
}

fn main() {
    hyperrsi::runtime::block_on(async {
        candle_to_order("in memory", Arc::new(MemoryStore::new())).await;
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("journal.sqlite")).await.unwrap();
        candle_to_order("SQLite", Arc::new(store)).await;
        many_traders().await;
    })
    .unwrap();
}
