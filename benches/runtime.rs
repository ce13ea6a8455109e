//! How fast a running account answers a closed candle, and what ten thousand of them cost.
//!
//! `cargo bench -p hyperrsi-benches --bench runtime`. Each figure is of the whole way inside the process: from the candle
//! that an adapter puts into its market stream, on a task of the runtime as adapters do, through hub, strategy, trader and
//! journal, to the order handed to the adapter. The clock is moved before: no real one wakes anybody.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
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
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, mpsc};

const ROUNDS: usize = 4_000;
/// Rounds that are not counted.
const WARM_UP: usize = 100;
const TRADERS: usize = 10_000;
/// Candles that many traders decide.
const CLOSES: usize = 20;

/// A market that tells what it is told to.
struct Market {
    instruments: Vec<Instrument>,
    clock: Arc<SteppedClock>,
    listeners: Mutex<Vec<(Vec<Feed>, mpsc::UnboundedSender<MarketEvent>)>>,
}

impl Market {
    /// Every instrument has the same fact.
    fn tell(&self, channel: Channel, fact: &MarketFact) {
        for (feeds, listener) in self.listeners.lock().unwrap().iter() {
            for feed in feeds.iter().filter(|feed| feed.channel == channel) {
                let event = MarketEvent::Data { instrument: feed.instrument.clone(), fact: fact.clone() };
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
    /// Time passes until a moment before the current minute ends.
    fn approach(&self) {
        let close = Timeframe::M1.bucket(self.clock.now()) + Span::minutes(1);
        self.clock.advance(close - Span::millis_of(1));
    }
    /// The current minute has ended at 100; nobody knows yet.
    fn end_minute(&self) -> Candle {
        let close = Timeframe::M1.bucket(self.clock.now()) + Span::minutes(1);
        self.clock.advance(close);
        Candle::new(close - Span::minutes(1), 100.0, 100.0, 100.0, 100.0, 1.0)
    }
    fn close(&self, candle: Candle) {
        let timeframe = Timeframe::M1;
        self.tell(Channel::Candles(timeframe), &MarketFact::CandleClosed { timeframe, candle });
    }
}

#[async_trait]
impl MarketData for Market {
    fn venue(&self) -> VenueId {
        VenueId::new("sim")
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
    prompt: bool,
    /// It has entered, and waits for a price.
    entered: Arc<Notify>,
}

impl Strategy for Busy {
    fn needs(&self) -> Needs {
        Needs::candles(Timeframe::M1, 2)
    }
    fn is_prompt(&self) -> bool {
        self.prompt
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
    fn is_prompt(&self) -> bool {
        true
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
    fn new(instruments: usize) -> Self {
        let clock = SteppedClock::starting_at(Timestamp::from_millis(1_700_000_040_000));
        let instrument = |n| {
            let name = format!("C{n}");
            let id = InstrumentId::new("sim", format!("{name}USDT"));
            let mut instrument = Instrument::linear(id, name, "USDT");
            (instrument.tick, instrument.lot) = (dec!(0.1), dec!(0.001));
            instrument
        };
        let instruments = (0..instruments).map(instrument).collect();
        let market = Arc::new(Market { instruments, clock: Arc::clone(&clock), listeners: Mutex::default() });
        let hub = Hub::new(market.clone(), clock.clone());
        Self { clock, market, hub }
    }
    fn paper(&self, id: &str) -> Arc<Paper> {
        let setup = Setup::new("sim").deposit("USDT", dec!(100_000));
        let paper = Paper::new(id, setup, self.market.instruments.clone(), self.clock.clone());
        for instrument in &self.market.instruments {
            paper.trade(&instrument.id, Price::new(dec!(100))).unwrap();
        }
        paper
    }
    /// An account with a trader on every instrument.
    async fn open<S: Strategy + 'static>(
        &self,
        id: &str,
        exchange: Arc<dyn Exchange>,
        store: Arc<dyn Store>,
        strategy: impl Fn() -> S,
    ) -> Session {
        let (hub, clock) = (self.hub.clone(), self.clock.clone());
        let parts = Parts { exchange, hub, store, clock, managers: Vec::new() };
        let plan = |instrument: &Instrument| {
            let id = format!("{id}:{}", instrument.id.symbol);
            Plan::new(id.as_str(), instrument.clone(), hyperrsi::risk::Policy::default(), strategy())
        };
        let plans = self.market.instruments.iter().map(plan).collect();
        Session::open(parts, Options::new("bench"), plans).await.unwrap()
    }
}

fn report(what: &str, mut took: Vec<Duration>) {
    took.sort();
    let at =
        |share: usize| took.get(took.len() * share / 1_000).copied().unwrap_or_default().as_secs_f64() * 1e6;
    println!("{what}: p50 {:.0} us, p99 {:.0} us, of {}", at(500), at(990), took.len());
}

/// Closes candles one after the other; from each to the order it leads to.
async fn candle_to_order(name: &'static str, store: Arc<dyn Store>, prompt: bool) {
    let world = World::new(1);
    let (seen, mut stamps) = mpsc::unbounded_channel();
    let paper = world.paper("bench");
    let exchange = Arc::new(Stamped { inner: Arc::clone(&paper), seen });
    let entered = Arc::new(Notify::new());
    let strategy = || Busy { moves: 0, prompt, entered: Arc::clone(&entered) };
    let session = world.open("bench", exchange, store, strategy).await;
    let run = session.handle();
    let trader = run.traders().next().unwrap().clone();
    run.settle().await;
    let (mut entries, mut protections) = (Vec::new(), Vec::new());
    let instrument = world.market.instruments[0].id.clone();
    for round in 0..ROUNDS {
        world.market.approach();
        run.settle().await;
        let candle = world.market.end_minute();
        run.settle().await;
        let begun = Instant::now();
        world.market.close(candle);
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
        if round >= WARM_UP {
            let took = if opens { &mut entries } else { &mut protections };
            took.push(at - begun);
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

/// A candle for everybody, on `instruments` instruments, each account with a trader on every one. The journal is on disk:
/// what is resident is the traders and what serves them, down to the accounts' share of it.
async fn many_traders(instruments: usize) {
    let world = World::new(instruments);
    let asked = Arc::new(AtomicUsize::new(0));
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> =
        Arc::new(SqliteStore::open(folder.path().join("journal.sqlite")).await.unwrap());
    let papers: Vec<_> = (0..TRADERS / instruments).map(|n| world.paper(&format!("a{n}"))).collect();
    let before = resident();
    let mut sessions = Vec::with_capacity(papers.len());
    for (n, paper) in papers.iter().enumerate() {
        let strategy = || Idle(Arc::clone(&asked));
        sessions.push(world.open(&format!("t{n}"), paper.clone(), Arc::clone(&store), strategy).await);
    }
    let handles: Vec<_> = sessions.iter().map(Session::handle).collect();
    let settle = || futures_util::future::join_all(handles.iter().map(|handle| handle.settle()));
    settle().await;
    let what = format!("{TRADERS} traders on {instruments} instruments, {} accounts", papers.len());
    println!("{what}: {} bytes each", resident().saturating_sub(before) / TRADERS);
    let mut took = Vec::new();
    for _ in 0..CLOSES {
        // Leases, clocks and reads of a minute are due before: live they are spread over it.
        world.market.approach();
        settle().await;
        let candle = world.market.end_minute();
        settle().await;
        let (begun, before) = (Instant::now(), asked.load(Ordering::Relaxed));
        world.market.close(candle);
        while asked.load(Ordering::Relaxed) < before + TRADERS {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        took.push(begun.elapsed());
        settle().await;
    }
    println!("{what}: {} bytes each, {CLOSES} candles later", resident().saturating_sub(before) / TRADERS);
    report(&format!("one candle decided, {what}"), took);
}

/// As a task of the runtime, which is where adapters tell of candles.
async fn on_a_worker(bench: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(bench).await.unwrap();
}

/// Memory is measured in a process of its own: what another part has freed would hide it.
fn in_a_process(part: &str) {
    let program = std::env::current_exe().unwrap();
    let status = std::process::Command::new(program).arg(part).status().unwrap();
    assert!(status.success(), "{part}: {status}");
}

fn main() {
    let part = std::env::args().nth(1).unwrap_or_default();
    if let Some(instruments) = part.strip_prefix("many-traders-") {
        let instruments = instruments.parse().unwrap();
        hyperrsi::runtime::block_on(on_a_worker(many_traders(instruments))).unwrap();
        return;
    }
    hyperrsi::runtime::block_on(async {
        let memory = || Arc::new(MemoryStore::new());
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(folder.path().join("journal.sqlite")).await.unwrap());
        on_a_worker(candle_to_order("prompt strategy, in memory", memory(), true)).await;
        on_a_worker(candle_to_order("prompt strategy, SQLite", store, true)).await;
        on_a_worker(candle_to_order("strategy on a thread of its own, in memory", memory(), false)).await;
    })
    .unwrap();
    in_a_process("many-traders-1");
    in_a_process("many-traders-100");
}
