//! One process: how far it has come, when it is killed, how slow things are for it.

use crate::double::Venue;
use crate::watch::Watch;
use async_trait::async_trait;
use hyperrsi_core::exchange::*;
use hyperrsi_core::model::*;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;

/// A seeded sequence of numbers.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    pub const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }
}

/// How slow the world around a process is.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// What a request may take to the venue, and its answer back, ms: one of these.
    pub venue: &'static [u64],
    /// What a write may take.
    pub disk: &'static [u64],
    /// What nobody waits for stays in memory for a while: a kill loses it.
    pub lazy: bool,
}

pub const PACES: [Pace; 5] = [
    Pace { venue: &[0], disk: &[0], lazy: false },
    Pace { venue: &[0], disk: &[0], lazy: true },
    Pace { venue: &[1, 20, 300], disk: &[1], lazy: false },
    Pace { venue: &[3], disk: &[0, 50, 1_000], lazy: false },
    Pace { venue: &[0, 5, 150], disk: &[0, 10, 400], lazy: true },
];

/// A process.
#[derive(Debug)]
pub struct Life {
    come: AtomicUsize,
    kill: Option<usize>,
    dead: AtomicBool,
    pub died: Notify,
    pub pace: Pace,
    random: Mutex<Random>,
}

impl Life {
    pub fn new(kill: Option<usize>, pace: Pace, seed: u64) -> Arc<Self> {
        Arc::new(Self {
            come: AtomicUsize::new(0),
            kill,
            dead: AtomicBool::new(false),
            died: Notify::new(),
            pace,
            random: Mutex::new(Random::new(seed)),
        })
    }

    /// Moments so far at which it could have been killed.
    pub fn come(&self) -> usize {
        self.come.load(Ordering::Relaxed)
    }
    pub fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Relaxed)
    }
    pub fn end(&self) {
        self.dead.store(true, Ordering::Relaxed);
    }

    /// A moment at which it may be killed. The dead never get past it.
    pub async fn moment(&self) {
        if !self.is_dead() {
            let nth = self.come.fetch_add(1, Ordering::Relaxed);
            if self.kill != Some(nth) {
                return;
            }
            self.end();
            self.died.notify_one();
        }
        std::future::pending().await
    }

    pub async fn takes(&self, spans: &[u64]) {
        let index = self.random.lock().unwrap().below(spans.len());
        match spans.get(index) {
            None | Some(0) => {}
            Some(millis) => tokio::time::sleep(Duration::from_millis(*millis)).await,
        }
    }
}

/// The way from a process to the venue. What was sent arrives, even if the sender is dead by then.
#[derive(Clone)]
pub struct Wire {
    pub venue: Venue,
    pub life: Arc<Life>,
    pub watch: Arc<Watch>,
}

#[async_trait]
impl Exchange for Wire {
    fn account(&self) -> &AccountId {
        self.venue.account()
    }
    fn capabilities(&self) -> &Capabilities {
        self.venue.capabilities()
    }
    async fn call(&self, request: Request) -> Result<Answer, ExchangeError> {
        self.life.moment().await;
        let way = self.clone();
        let delivered = tokio::spawn(async move {
            way.life.takes(way.life.pace.venue).await;
            let answer = Exchange::call(&way.venue, request).await;
            way.watch.look(&way.venue);
            answer
        });
        let answer = delivered.await.unwrap();
        self.life.takes(self.life.pace.venue).await;
        self.life.moment().await;
        answer
    }
    fn events(&self) -> AccountStream {
        self.venue.events()
    }
}
