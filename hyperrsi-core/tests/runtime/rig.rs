//! A running account over the scripted venue, in virtual time.

use crate::double::{Fault, Venue};
use hyperrsi_core::desk::{Event as DeskEvent, EventKind, Finding, TraderStatus};
use hyperrsi_core::exchange::{Exchange, MarketData, Request};
use hyperrsi_core::model::*;
use hyperrsi_core::position::{Distance, ExitPlan};
use hyperrsi_core::risk::{Policy, Size};
use hyperrsi_core::runtime::{Clock, Exit, Hub, Options, Parts, Plan, Prepared, Recipe, Session, Terms};
use hyperrsi_core::store::*;
use hyperrsi_core::strategy::{Context, Decision, Needs, Strategy};
use rust_decimal::Decimal;
pub use rust_decimal_macros::dec;
use serde_json::{Map, Value};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

pub const LONG: PositionSide = PositionSide::Long;
pub const SHORT: PositionSide = PositionSide::Short;

/// Decides what the test says, in order, one per minute candle; then holds.
#[derive(Clone, Default)]
pub struct Script {
    pub decisions: Arc<Mutex<VecDeque<Decision>>>,
    pub heard: Arc<Mutex<Vec<Timestamp>>>,
    pub depth: usize,
}

impl Strategy for Script {
    fn needs(&self) -> Needs {
        Needs::candles(Timeframe::M1, self.depth.max(1))
    }
    fn on_candle(&mut self, _: &Context<'_>, candle: &Candle) -> Decision {
        self.heard.lock().unwrap().push(candle.open_time);
        self.decisions.lock().unwrap().pop_front().unwrap_or_default()
    }
}

/// Stop at 1 %, one take profit at 2 %.
pub fn exits() -> ExitPlan {
    ExitPlan::new().stop_loss(Distance::percent(dec!(1))).take_profit(Distance::percent(dec!(2)), dec!(100))
}

pub fn enter(side: PositionSide, quantity: Decimal) -> Decision {
    Decision::enter(side, Size::Base(quantity.into()), exits())
}

/// Settings of the script: what it enters by hand with. Keys `size`, `stop`, `target` (percent) and `leverage`.
pub struct Scripted(pub Script);

impl Recipe for Scripted {
    fn strategy(&self) -> StrategyId {
        self.0.id()
    }
    fn prepare(
        &self,
        _: u64,
        record: &Map<String, Value>,
        _: &Instrument,
        _: Environment,
    ) -> Result<Prepared, Vec<Finding>> {
        let number = |key: &str, default: i64| record.get(key).and_then(Value::as_i64).unwrap_or(default);
        let (size, stop, target) = (number("size", 1), number("stop", 1), number("target", 2));
        let leverage = number("leverage", 1);
        if stop < 1 {
            let message = format!("stop must be at least 1, got {stop}");
            return Err(vec![Finding { code: "range".into(), key: "stop".into(), message }]);
        }
        let exits = ExitPlan::new()
            .stop_loss(Distance::percent(stop.into()))
            .take_profit(Distance::percent(target.into()), dec!(100));
        let mut policy = Policy::default();
        policy.leverage = u32::try_from(leverage).unwrap();
        let values = [("size", size), ("stop", stop), ("target", target), ("leverage", leverage)];
        Ok(Prepared {
            strategy: Box::new(self.0.clone()),
            policy,
            terms: Some(Terms::new(Size::Base(Decimal::from(size).into()), exits)),
            record: values.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect(),
            warnings: Vec::new(),
        })
    }
}

pub struct Rig {
    pub venue: Venue,
    pub store: Arc<dyn Store>,
    pub script: Script,
    pub session: Option<Session>,
}

impl Rig {
    /// A started trader, warm and reconciled, at 100.
    pub async fn new() -> Self {
        let mut rig = Self::cold().await;
        rig.start().await;
        rig
    }

    pub async fn cold() -> Self {
        Self::with(Venue::new(), Arc::new(MemoryStore::new()))
    }

    pub fn with(venue: Venue, store: Arc<dyn Store>) -> Self {
        let open = venue.now();
        for minute in 1..=5 {
            let candle = flat(open - Span::minutes(minute), 100.0);
            venue.state().candles.entry(Timeframe::M1).or_default().insert(0, candle);
        }
        venue.state().price = Some(dec!(100));
        Self { venue, store, script: Script::default(), session: None }
    }

    pub fn parts(&self) -> Parts {
        self.parts_over(Arc::new(self.venue.clone()))
    }
    pub fn parts_over(&self, exchange: Arc<dyn Exchange>) -> Parts {
        let clock: Arc<dyn Clock> = Arc::clone(&self.venue.clock) as Arc<dyn Clock>;
        let market: Arc<dyn MarketData> = Arc::new(self.venue.clone());
        Parts {
            exchange,
            hub: Hub::new(market, Arc::clone(&clock)),
            store: Arc::clone(&self.store),
            clock,
            managers: Vec::new(),
        }
    }
    /// The same trader with settings that can be changed.
    pub fn plan_of_settings(&self) -> Plan {
        let instrument = self.venue.instrument.clone();
        Plan::of_settings("main:BTC", instrument, Scripted(self.script.clone()), Map::new()).unwrap()
    }
    pub async fn start_plan(&mut self, plan: Plan) {
        self.session = Some(Session::open(self.parts(), Options::new("test"), vec![plan]).await.unwrap());
        self.settle().await;
    }
    pub async fn trader(&self) -> TraderStatus {
        self.session.as_ref().unwrap().handle().trader(&"main:BTC".into()).await.unwrap()
    }

    pub fn plan(&self) -> Plan {
        Plan::new("main:BTC", self.venue.instrument.clone(), Policy::default(), self.script.clone())
    }

    pub async fn start(&mut self) {
        let parts = self.parts();
        self.start_with(parts, Options::new("test")).await;
    }
    pub async fn start_with(&mut self, parts: Parts, options: Options) {
        let plan = self.plan();
        self.session = Some(Session::open(parts, options, vec![plan]).await.unwrap());
        self.settle().await;
    }

    /// Lets everything that is due now happen.
    pub async fn settle(&self) {
        self.pass(Span::millis_of(20)).await;
    }
    pub async fn pass(&self, span: Span) {
        tokio::time::sleep(std::time::Duration::from_millis(span.millis().try_into().unwrap())).await;
    }

    /// The current minute ends at `price`; the strategy decides `decision`, and the market trades on at `price`.
    pub async fn minute(&self, price: f64, decision: Option<Decision>) {
        if let Some(decision) = decision {
            self.script.decisions.lock().unwrap().push_back(decision);
        }
        let now = self.venue.now();
        let close = Timeframe::M1.bucket(now) + Span::minutes(1);
        self.pass(close - now).await;
        self.venue.candle(Timeframe::M1, flat(close - Span::minutes(1), price));
        self.settle().await;
        self.price(price).await;
    }
    pub async fn price(&self, price: f64) {
        self.venue.trade(decimal_from_f64(price).unwrap());
        self.settle().await;
    }

    /// An open long of one base unit at 100.
    pub async fn long(&self) {
        self.minute(100.0, Some(enter(LONG, dec!(1)))).await;
        assert_eq!(self.venue.held(LONG), dec!(1), "{:?}", self.events().await);
    }

    pub async fn stop_session(&mut self) -> Exit {
        self.session.take().unwrap().shut_down().await
    }
    /// The process dies: nothing more is done, nothing is said.
    pub async fn kill(&mut self) {
        drop(self.session.take());
        self.venue.drop_account_stream();
    }

    /// Events of the desk so far.
    pub async fn events(&self) -> Vec<DeskEvent> {
        let query = RecordQuery { limit: 10_000, ..RecordQuery::of("main".into(), [RecordKind::Event]) };
        let records = self.store.read(&query).await.unwrap();
        records.iter().map(|record| record.entry.body.parse().unwrap()).collect()
    }
    pub async fn codes(&self) -> Vec<&'static str> {
        self.events().await.iter().map(|event| event.kind.code()).collect()
    }
    pub async fn skipped(&self) -> Vec<String> {
        let skipped = |event: &DeskEvent| match &event.kind {
            EventKind::EntrySkipped { reason, .. } => Some(reason.to_string()),
            _ => None,
        };
        self.events().await.iter().filter_map(skipped).collect()
    }

    /// What holds after every fault: nothing rests that is larger than its leg, at most one stop per leg, every open leg
    /// has its stop at the venue, no position turned round (I1, I3, I4).
    pub async fn assert_sound(&self) {
        for side in PositionSide::BOTH {
            let held = self.venue.held(side);
            let stops: Vec<_> = self.venue.stops().into_iter().filter(|stop| stop.leg == side).collect();
            let limits: Vec<_> = self
                .venue
                .limits()
                .into_iter()
                .filter(|order| order.leg == side && order.reduce_only)
                .collect();
            let ladder: Decimal = limits.iter().map(|order| order.quantity.get()).sum();
            assert!(ladder <= held, "take profits {ladder} above {held}");
            if held.is_zero() {
                assert!(stops.is_empty() && limits.is_empty(), "orphans: {stops:?} {limits:?}");
            } else {
                assert_eq!(stops.len(), 1, "{stops:?} for {held}");
                assert_eq!(stops[0].quantity.get(), held, "the stop covers the leg");
            }
            let handle = self.session.as_ref().unwrap().handle();
            let status = handle.trader(&"main:BTC".into()).await.unwrap();
            let known = status.leg(side).map_or(Decimal::ZERO, |leg| leg.quantity.get());
            assert_eq!(known, held, "I3: the books are the position");
        }
        let ids: Vec<_> = self.venue.placed().iter().map(|spec| spec.client_id).collect();
        let mut once = ids.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), ids.len(), "nothing is sent twice under one id: {ids:?}");
    }
}

pub fn flat(open_time: Timestamp, price: f64) -> Candle {
    Candle::new(open_time, price, price, price, price, 1.0)
}

pub fn is_entry(request: &Request) -> bool {
    matches!(request, Request::Place(ticket) if !ticket.order().reduce_only)
}
pub fn is_stop(request: &Request) -> bool {
    matches!(request, Request::Place(ticket) if matches!(ticket.order().kind, OrderKind::StopMarket { .. }))
}
pub fn is_take_profit(request: &Request) -> bool {
    matches!(request, Request::Place(ticket) if ticket.order().reduce_only
        && matches!(ticket.order().kind, OrderKind::Limit { .. }))
}
pub fn named(name: &'static str) -> impl Fn(&Request) -> bool + Send + 'static {
    move |request| request.name() == name
}
#[allow(dead_code, reason = "each test binary uses its part")]
pub fn lose_answer(rig: &Rig, what: impl Fn(&Request) -> bool + Send + 'static) {
    rig.venue.fail(what, Fault::LoseAnswer);
}
