//! A trader on OKX's protocol.

use crate::sound;
use hyperrsi::desk::{AccountStatus, Event, TraderStatus};
use hyperrsi::exchange::{MarketDataExt, OrderClass};
use hyperrsi::exchanges::okx;
use hyperrsi::model::{Instrument, InstrumentId, OrderStatus, Span, Timestamp};
use hyperrsi::practice::{self, Server, Source, World};
use hyperrsi::prelude::*;
use hyperrsi::runtime::{Exit, Hub, HubOptions, Options, Parts, Plan, Session, StartError, VenueClock};
use hyperrsi::sim::account::fault::{Fault, Rule, Script as Faults, Stream};
use hyperrsi::sim::account::{Order, Terms};
use hyperrsi::sqlite::SqliteStore;
use hyperrsi::store::{Journal, RecordKind, RecordQuery, StoreError};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub const LONG: PositionSide = PositionSide::Long;
pub const SHORT: PositionSide = PositionSide::Short;
/// How many times faster than the clock the venue's time runs: a one-minute candle takes a second and a half.
pub const SPEED: u32 = 40;
/// How long anything may take, this machine's time.
pub const PATIENCE: Duration = Duration::from_secs(30);
const TRADER: &str = "wire:BTC";

/// What is patient for seconds of this machine is so for seconds of the venue there.
fn patience() -> HubOptions {
    let mut options = HubOptions::default();
    (options.candle_grace, options.candle_stale) = (Span::seconds(30), Span::minutes(2));
    (options.price_silence, options.longest_pause) = (Span::seconds(2), Span::seconds(20));
    options
}

/// Decides what the test says, one decision per candle; then holds.
#[derive(Clone, Default)]
pub struct Script(Arc<Mutex<VecDeque<Decision>>>);

impl Strategy for Script {
    fn needs(&self) -> Needs {
        Needs::candles(Timeframe::M1, 3)
    }
    fn on_candle(&mut self, _: &Context<'_>, _: &Candle) -> Decision {
        self.0.lock().unwrap().pop_front().unwrap_or_default()
    }
}

/// Stop at 1 %, take profits of a half each at 2 % and 4 %.
pub fn exits() -> ExitPlan {
    ExitPlan::new()
        .stop_loss(Distance::percent(dec!(1)))
        .take_profit(Distance::percent(dec!(2)), dec!(50))
        .take_profit(Distance::percent(dec!(4)), dec!(50))
}

pub struct Rig {
    pub server: Server,
    pub instrument: Instrument,
    pub script: Script,
    pub clock: Arc<VenueClock>,
    config: okx::Config,
    folder: tempfile::TempDir,
    store: Option<Arc<SqliteStore>>,
    pub account: Arc<okx::Account>,
    session: Option<Session>,
    spot: bool,
    /// What a test may want otherwise, before it starts.
    pub max_signal_age: Span,
    pub patience: HubOptions,
}

impl Rig {
    /// A started trader, warm and reconciled, in a hedge-mode account.
    pub async fn new() -> Self {
        let mut rig = Self::cold(true, "BTC-USDT-SWAP", |_| {}).await;
        rig.start().await;
        rig
    }

    /// A venue where the markets stand still, and nothing connected to it yet.
    pub async fn cold(hedged: bool, symbol: &str, change: impl FnOnce(&mut practice::Practice)) -> Self {
        let mut practice = practice::okx::practice(hedged, None, 7, Faults::default());
        practice.rate_limits = false; // they count by the clock
        for (instrument, source) in &mut practice.markets {
            let price = if instrument.base == "BTC" { 60_000.0 } else { 3_000.0 };
            *source = Source::Still { price };
        }
        change(&mut practice);
        let wire = practice::okx::Okx::of_any_age();
        let server =
            Server::start(practice, wire, ([127, 0, 0, 1], 0).into(), f64::from(SPEED)).await.unwrap();
        let mut config = okx::Config::at(&server.url()).unwrap();
        config.speed = SPEED;
        config.http.timeout = Duration::from_millis(1_500);
        config.heartbeat = Duration::from_millis(400);
        config.pace.pong = Duration::from_millis(800);
        config.stale_after = Duration::from_secs(2);
        let market = okx::Market::new(config.clone()).unwrap();
        let listed = market.instruments().await.unwrap();
        let instrument =
            listed.into_iter().find(|one| &*one.instrument.id.symbol == symbol).unwrap().instrument;
        let folder = tempfile::tempdir().unwrap();
        let time = server.act(|world| world.time()).unwrap();
        let clock = Arc::new(VenueClock::starting_at(time).faster(SPEED));
        let account = Arc::new(Self::connect(&config));
        Self {
            server,
            instrument,
            script: Script::default(),
            clock,
            config,
            folder,
            store: None,
            account,
            session: None,
            spot: !symbol.ends_with("SWAP"),
            max_signal_age: Span::minutes(5),
            patience: patience(),
        }
    }

    fn connect(config: &okx::Config) -> okx::Account {
        let keys = okx::Keys::new("test-key", "test-secret-0123456789abcdef", "test-pass");
        okx::Account::new("wire".into(), keys, config.clone()).unwrap()
    }

    /// A process begins: everything is new but the file. Waits until the lease of the one before has run out.
    pub async fn begin(&mut self) -> Result<(), StartError> {
        self.account = Arc::new(Self::connect(&self.config));
        let path = self.folder.path().join("journal.db");
        let begun = Instant::now();
        let store = loop {
            match SqliteStore::open(&path).await {
                Ok(store) => break Arc::new(store),
                Err(error) => assert!(begun.elapsed() < PATIENCE, "the journal does not open: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        self.store = Some(store.clone());
        loop {
            let market = Arc::new(okx::Market::new(self.config.clone()).unwrap());
            let parts = Parts {
                exchange: self.account.clone(),
                hub: Hub::with(market, self.clock.clone(), self.patience.clone()),
                store: store.clone(),
                clock: self.clock.clone(),
                managers: vec![Box::new(sound::cap())],
            };
            let mut policy = hyperrsi::risk::Policy::default();
            policy.leverage = if self.spot { 1 } else { 3 };
            // What takes a tenth of a second here takes seconds there.
            (policy.max_price_age, policy.max_signal_age) = (Span::minutes(1), self.max_signal_age);
            let plan = Plan::new(TRADER, self.instrument.clone(), policy, self.script.clone());
            let mut options = Options::new("wire");
            options.lease = Span::minutes(2);
            options.call_takes = Span::seconds(2);
            options.shutdown_takes = Span::seconds(5);
            match Session::open(parts, options, vec![plan]).await {
                Ok(session) => {
                    self.session = Some(session);
                    return Ok(());
                }
                Err(StartError::Store(StoreError::Held { .. })) if begun.elapsed() < PATIENCE => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    pub async fn start(&mut self) {
        self.begin().await.unwrap();
        self.ready().await;
    }

    /// Everything is known and nothing keeps entries away.
    pub async fn ready(&self) {
        self.until("ready", |status| status.gates.is_empty() && status.warm_up.0 >= status.warm_up.1).await;
    }

    /// The process dies: nothing more is done, nothing is said.
    pub async fn kill(&mut self) {
        drop(self.session.take());
        drop(self.store.take());
    }

    pub async fn shut_down(&mut self) -> Exit {
        let exit = self.session.take().unwrap().shut_down().await;
        drop(self.store.take());
        exit
    }

    pub async fn status(&self) -> TraderStatus {
        self.session.as_ref().unwrap().handle().trader(&TRADER.into()).await.expect("the account runs")
    }
    pub async fn account_status(&self) -> AccountStatus {
        self.session.as_ref().unwrap().handle().status().await.expect("the account runs")
    }

    /// Waits until the trader says so.
    pub async fn until(&self, what: &str, ready: impl Fn(&TraderStatus) -> bool) {
        let begun = Instant::now();
        loop {
            let status = self.status().await;
            sound::watch_trader(&status);
            if ready(&status) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{what} did not happen: {status:?}\n{}", self.story().await);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until the venue says so.
    pub async fn until_venue(&self, what: &str, ready: impl Fn(&mut World) -> bool) {
        let begun = Instant::now();
        let look = |world: &mut World| {
            sound::watch_venue(world, &self.instrument);
            ready(world)
        };
        while !self.server.act(look).unwrap() {
            assert!(begun.elapsed() < PATIENCE, "{what} did not happen:\n{}", self.story().await);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until an event of this code is in the journal, for the `count`-th time.
    pub async fn until_events(&self, code: &str, count: usize) {
        let begun = Instant::now();
        loop {
            let codes = self.codes().await;
            if codes.iter().filter(|one| **one == code).count() >= count {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "no {code}:\n{}", self.story().await);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub fn decide(&self, decision: Decision) {
        self.script.0.lock().unwrap().push_back(decision);
    }
    /// An entry of so much at the next close.
    pub fn enter(&self, side: PositionSide, quantity: Decimal) {
        self.enter_with(side, quantity, exits());
    }
    pub fn enter_with(&self, side: PositionSide, quantity: Decimal, exits: ExitPlan) {
        self.decide(Decision::enter(side, Size::Base(quantity.into()), exits));
    }

    /// What the venue does wrong from now on.
    pub fn fault(&self, call: &str, times: u32, fault: Fault) {
        self.schedule(Rule { call: Some(call.into()), nth: 1, times, at_ms: None, fault });
    }
    /// What happens at the venue now.
    pub fn happen(&self, fault: Fault) {
        self.schedule(Rule { call: None, nth: 1, times: 1, at_ms: None, fault });
    }
    pub fn schedule(&self, rule: Rule) {
        self.server.act(|world| world.schedule(rule)).unwrap();
        self.server.act(|_| {}).unwrap();
    }
    /// Nothing more goes wrong.
    pub fn heal(&self) {
        self.server.act(World::heal).unwrap();
    }
    /// Somebody acts on the account by hand.
    pub fn by_hand(&self, act: impl FnOnce(&mut World, Timestamp, &InstrumentId)) {
        self.server
            .act(|world| {
                let now = world.time();
                act(world, now, &self.instrument.id);
            })
            .unwrap();
    }
    pub fn say(&self, stream: Stream, text: impl Into<String>) {
        self.happen(Fault::Say { stream, text: text.into() });
    }
    pub fn go_to(&self, price: Decimal) {
        self.server.go_to(&self.instrument.id, Price::new(price)).unwrap();
    }

    /// A long of so much, whole and protected.
    pub async fn long(&self, quantity: Decimal) {
        self.enter(LONG, quantity);
        self.until_whole(LONG, quantity).await;
    }

    /// Waits until a leg is in the books and as protected as it wants to be.
    pub async fn until_whole(&self, side: PositionSide, quantity: Decimal) {
        self.until_venue("the position", |world| held(world, &self.instrument.id, side) == quantity).await;
        self.until_venue("its orders", |world| {
            let orders = resting(world, &self.instrument.id);
            let stop: Decimal = orders.stops(side).map(left).sum();
            let ladder: Decimal = orders.ladder(side).map(left).sum();
            stop == quantity && ladder == quantity
        })
        .await;
        self.until("the books", |status| {
            status.leg(side).is_some_and(|leg| {
                leg.quantity.get() == quantity
                    && leg.stop.is_some_and(|stop| stop.holder == hyperrsi::desk::StopHolder::Venue)
            })
        })
        .await;
    }

    pub async fn records(&self, kind: RecordKind) -> Vec<hyperrsi::store::Record> {
        let query = RecordQuery { limit: 10_000, ..RecordQuery::of("wire".into(), [kind]) };
        self.store.as_ref().unwrap().read(&query).await.unwrap()
    }
    pub async fn events(&self) -> Vec<Event> {
        let records = self.records(RecordKind::Event).await;
        records.iter().map(|record| record.entry.body.parse().unwrap()).collect()
    }
    /// What happened so far, for a test that fails.
    pub async fn story(&self) -> String {
        let events = self.events().await;
        events.iter().map(|event| format!("{} {:?}\n", event.at, event.kind)).collect()
    }
    pub async fn codes(&self) -> Vec<&'static str> {
        self.events().await.iter().map(|event| event.kind.code()).collect()
    }
    /// Why entries were not made.
    pub async fn skipped(&self) -> Vec<String> {
        let events = self.events().await;
        let reason = |event: &Event| match &event.kind {
            hyperrsi::desk::EventKind::EntrySkipped { reason, .. } => Some(reason.to_string()),
            _ => None,
        };
        events.iter().filter_map(reason).collect()
    }

    /// Why trades ended, in order.
    pub async fn reasons(&self) -> Vec<ExitReason> {
        let events = self.events().await;
        let reason = |event: &Event| match event.kind {
            hyperrsi::desk::EventKind::TradeClosed { reason, .. } => Some(reason),
            _ => None,
        };
        events.iter().filter_map(reason).collect()
    }

    /// Waits until an entry was not made for this reason.
    pub async fn until_skipped(&self, reason: &str) {
        let begun = Instant::now();
        while !self.skipped().await.iter().any(|one| one == reason) {
            assert!(begun.elapsed() < PATIENCE, "not skipped for {reason}: {:?}", self.skipped().await);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    /// Free USDT at the venue.
    pub fn free(&self) -> Decimal {
        self.server.act(|world| world.account().free("USDT").unwrap().get()).unwrap()
    }

    /// Openings the venue has taken, by client id.
    pub fn openings(&self) -> Vec<String> {
        let own = |order: &&Order| !order.sent.reduce_only && order.sent.terms.class() == OrderClass::Plain;
        let ids = |world: &mut World| {
            let orders = world.account().orders().filter(own);
            orders.filter_map(|order| order.sent.client_id.clone()).collect()
        };
        self.server.act(ids).unwrap()
    }

    /// A row of the orders channel about an order of ours, in a state and with so many contracts filled (JSON).
    pub fn pushed(&self, client_id: &str, state: &str, filled: &str) -> String {
        let find = |world: &mut World| {
            let order = world.account().order_of(OrderClass::Plain, client_id).map(|order| order.number);
            (world.time().millis(), order.unwrap_or(99))
        };
        let (time, order) = self.server.act(find).unwrap();
        format!(
            r#"{{"arg":{{"channel":"orders","instType":"SWAP","uid":"1"}},"data":[{{"instType":"SWAP","instId":"BTC-USDT-SWAP","ccy":"","ordId":"{order}","clOrdId":"{client_id}","tag":"","px":"","sz":"5","notionalUsd":"","ordType":"market","side":"buy","posSide":"long","tdMode":"isolated","tgtCcy":"","fillSz":"0","fillPx":"","tradeId":"","accFillSz":{filled},"fillNotionalUsd":"","fillTime":"","fillFee":"0","fillFeeCcy":"USDT","execType":"","state":"{state}","avgPx":"","lever":"3","tpTriggerPx":"","tpOrdPx":"","slTriggerPx":"","slOrdPx":"","feeCcy":"USDT","fee":"0","rebateCcy":"USDT","rebate":"0","pnl":"0","source":"","cancelSource":"","amendSource":"","category":"normal","reduceOnly":"false","uTime":"{time}","cTime":"{time}","reqId":"","amendResult":"","code":"0","msg":"","a_new_field":{{"deep":[1,2]}}}}]}}"#
        )
    }
}

/// What is open at the venue.
pub fn held(world: &World, id: &InstrumentId, side: PositionSide) -> Decimal {
    let positions = world.account().positions().unwrap();
    let one = positions.iter().find(|held| held.instrument == *id && held.side == side);
    one.map_or(Decimal::ZERO, |held| held.quantity.get())
}

/// What rests at the venue.
pub struct Resting(Vec<Order>);

pub fn resting(world: &World, id: &InstrumentId) -> Resting {
    Resting(world.account().live_orders().filter(|order| order.sent.instrument == *id).cloned().collect())
}

impl Resting {
    pub fn stops(&self, side: PositionSide) -> impl Iterator<Item = &Order> {
        self.0.iter().filter(move |one| {
            one.leg == side && matches!(one.sent.terms, Terms::Trigger { stop: Some(_), .. })
        })
    }
    pub fn ladder(&self, side: PositionSide) -> impl Iterator<Item = &Order> {
        let is = move |one: &&Order| one.leg == side && one.sent.side == side.closing();
        self.0.iter().filter(is).filter(|one| matches!(one.sent.terms, Terms::Limit { .. }))
    }
}

/// What of an order is not filled.
pub fn left(order: &Order) -> Decimal {
    if order.status == OrderStatus::Filled { Decimal::ZERO } else { order.remaining().get() }
}
