//! A scenario from its first minute to its last, with deaths on the way.

use crate::disk::Disk;
use crate::double::Venue;
use crate::life::{Life, Pace, Random, Wire};
use crate::outcome::Outcome;
use crate::scenario::{Plot, Scenario, Step};
use crate::watch::Watch;
use hyperrsi_core::exchange::{Exchange, MarketData};
use hyperrsi_core::model::*;
use hyperrsi_core::risk::Policy;
use hyperrsi_core::runtime::{Clock, Hub, Options, Parts, Plan, Session};
use hyperrsi_core::store::*;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// How often the market trades, and how far it moves at most meanwhile.
const TICK: Span = Span::seconds(1);
const MOVE: f64 = 0.5;

pub const TRADER: &str = "main:BTC";

/// The process died.
struct Died;

pub struct World {
    pub venue: Venue,
    pub journal: Arc<MemoryStore>,
    pub watch: Arc<Watch>,
    scenario: Scenario,
    pace: Pace,
    random: Random,
    kills: VecDeque<usize>,
    pub deaths: usize,
    price: f64,
    /// Where the market goes.
    heads: f64,
    /// Moments the last process had come to.
    pub moments: usize,
    closed: Timestamp,
    life: Arc<Life>,
    disk: Arc<Disk>,
    session: Option<Session>,
}

/// Runs a scenario whose n-th process is killed at the n-th of these moments. Also tells how many moments the last process
/// had.
pub fn run(scenario: Scenario, pace: Pace, seed: u64, kills: &[usize]) -> (Outcome, usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(async {
        let mut world = World::new(scenario, pace, seed, kills);
        world.play().await;
        let outcome = world.outcome().await;
        (outcome, world.moments)
    })
}

impl World {
    fn new(scenario: Scenario, pace: Pace, seed: u64, kills: &[usize]) -> Self {
        let venue = Venue::new();
        let closed = venue.now();
        let journal = Arc::new(MemoryStore::new());
        let life = Life::new(None, pace, seed);
        life.end(); // the first real one is started by `play`
        let disk = Disk::new(Arc::clone(&journal), Arc::clone(&life));
        let world = Self {
            venue,
            journal,
            watch: Arc::default(),
            scenario,
            pace,
            random: Random::new(seed),
            kills: kills.iter().copied().collect(),
            deaths: 0,
            price: 100.0,
            heads: 100.0,
            moments: 0,
            closed,
            life,
            disk,
            session: None,
        };
        for minute in (1..=5).rev() {
            world.close_candle(closed - Span::minutes(minute));
        }
        world.venue.trade(decimal_from_f64(world.price).unwrap());
        world
    }

    async fn play(&mut self) {
        if self.start().await.is_err() {
            self.bury().await;
        }
        for step in self.scenario.steps {
            if self.perform(*step).await.is_ok() {
                continue;
            }
            // It died in the middle: the market waits here until its successor has found its way.
            let mut left = 2;
            while left > 0 {
                if self.life.is_dead() {
                    self.bury().await;
                }
                left -= usize::from(self.perform(*step).await.is_ok());
            }
        }
    }

    async fn perform(&mut self, step: Step) -> Result<(), Died> {
        match step {
            Step::Minute(price) => {
                self.heads = price;
                let end = Timeframe::M1.bucket(self.venue.now()) + Span::minutes(1);
                // What was decided at the close is sent at the first price after it.
                self.advance(end + Span::seconds(4)).await
            }
            Step::Ask(command) => {
                self.watch.told();
                let handle = self.session.as_ref().unwrap().handle();
                let trader = TRADER.into();
                tokio::select! {
                    biased;
                    () = self.life.died.notified() => return Err(Died),
                    taken = handle.command(&trader, command()) => assert!(taken, "the session has ended"),
                }
                let end = self.venue.now() + Span::seconds(3);
                self.advance(end).await
            }
        }
    }

    /// Lets time pass; the market goes on trading where it is, and candles close.
    async fn advance(&mut self, end: Timestamp) -> Result<(), Died> {
        while self.venue.now() < end {
            let now = self.venue.now();
            let close = self.closed + Span::minutes(1);
            let next = end.min(now + TICK).min(close.max(now));
            let span = Duration::from_millis((next - now).millis().try_into().unwrap());
            if self.life.is_dead() {
                tokio::time::sleep(span).await;
            } else {
                tokio::select! {
                    biased;
                    () = self.life.died.notified() => return Err(Died),
                    () = tokio::time::sleep(span) => {}
                }
            }
            if self.venue.now() >= close {
                self.close_candle(self.closed);
                self.closed = close;
            }
            self.trade();
        }
        Ok(())
    }

    fn close_candle(&self, open_time: Timestamp) {
        let price = self.price;
        self.venue.candle(Timeframe::M1, Candle::new(open_time, price, price, price, price, 1.0));
    }

    fn trade(&mut self) {
        self.price += (self.heads - self.price).clamp(-MOVE, MOVE);
        self.venue.trade(decimal_from_f64(self.price).unwrap().round_dp(1));
        self.watch.look(&self.venue);
    }

    /// The process is gone. After a while there is another one.
    async fn bury(&mut self) {
        loop {
            self.deaths += 1;
            self.watch.dead(self.venue.now());
            drop(self.session.take());
            self.venue.drop_account_stream();
            self.venue.drop_market();
            let outage = [200, 2_000, 20_000, 50_000][self.random.below(4)];
            let end = self.venue.now() + Span::millis_of(outage);
            let _ = self.advance(end).await;
            if self.start().await.is_ok() {
                return;
            }
        }
    }

    async fn start(&mut self) -> Result<(), Died> {
        let seed = self.random.below(usize::MAX >> 33) as u64;
        self.life = Life::new(self.kills.pop_front(), self.pace, seed);
        self.disk = Disk::new(Arc::clone(&self.journal), Arc::clone(&self.life));
        self.watch.alive(&self.venue);
        let (venue, life) = (self.venue.clone(), Arc::clone(&self.life));
        let wire = Wire { venue, life, watch: Arc::clone(&self.watch) };
        let clock: Arc<dyn Clock> = Arc::clone(&self.venue.clock) as Arc<dyn Clock>;
        let market: Arc<dyn MarketData> = Arc::new(self.venue.clone());
        let parts = Parts {
            exchange: Arc::new(wire) as Arc<dyn Exchange>,
            hub: Hub::new(market, Arc::clone(&clock)),
            store: Arc::clone(&self.disk) as Arc<dyn Store>,
            clock,
            managers: Vec::new(),
        };
        let plot = Plot(self.scenario.enter);
        let plan = Plan::new(TRADER, self.venue.instrument.clone(), Policy::default(), plot);
        tokio::select! {
            biased;
            () = self.life.died.notified() => Err(Died),
            session = Session::open(parts, Options::new("test"), vec![plan]) => {
                self.session = Some(session.unwrap());
                Ok(())
            }
        }
    }

    /// What it has come to; the last process ends in order.
    async fn outcome(&mut self) -> Outcome {
        let mut end = self.venue.now() + Span::seconds(40);
        while self.advance(end).await.is_err() {
            self.bury().await;
            end = self.venue.now() + Span::minutes(2);
        }
        self.moments = self.life.come();
        let handle = self.session.as_ref().unwrap().handle();
        let status = handle.trader(&TRADER.into()).await.expect("the account's task has failed");
        let lease = self.journal.acquire(&"main".into(), "test", Span::seconds(30), self.venue.now()).await;
        self.disk.flush(&lease.unwrap().fence()).await;
        Outcome::of(self, &status).await
    }
}
impl World {
    /// Whether the scenario ends with a trader that opens nothing.
    pub fn ends_stopped(&self) -> bool {
        let panic = |step: &Step| matches!(step, Step::Ask(command) if command() == hyperrsi_core::trader::Command::Panic);
        self.scenario.steps.iter().any(panic)
    }
}
