//! A paper account that follows a venue's public stream: what fills there fills at the prices the venue tells, and the
//! venue knows of no order.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests; and this one runs in real time, against a server"
)]

use hyperrsi::exchange::{MarketAnswer, MarketData, MarketDataExt, MarketRequest};
use hyperrsi::exchanges::okx;
use hyperrsi::model::{MarginMode, PositionMode, Span};
use hyperrsi::practice::{self, Server, Source};
use hyperrsi::prelude::*;
use hyperrsi::runtime::paper::Paper;
use hyperrsi::runtime::{Exit, Hub, HubOptions, Options, Parts, Plan, Session, VenueClock};
use hyperrsi::sim::account::{Setup, fault::Script};
use hyperrsi::store::{JournalExt, MemoryStore, RecordQuery, Store};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many times faster than the clock the venue's time runs.
const SPEED: u32 = 40;
const PATIENCE: Duration = Duration::from_secs(30);

/// Enters long once, with a stop at 1 % and a level at 2 %.
struct Once;

impl Strategy for Once {
    fn needs(&self) -> Needs {
        Needs::candles(Timeframe::M1, 3)
    }
    fn on_candle(&mut self, ctx: &Context<'_>, _: &Candle) -> Decision {
        if !ctx.is_flat() || ctx.leg(PositionSide::Long).last_exit.is_some() {
            return Decision::hold();
        }
        let exits = ExitPlan::new()
            .stop_loss(Distance::percent(dec!(1)))
            .take_profit(Distance::percent(dec!(2)), dec!(100));
        Decision::enter(PositionSide::Long, Size::Base(dec!(0.1).into()), exits)
    }
}

async fn until(what: &str, mut ready: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !ready() {
        assert!(begun.elapsed() < PATIENCE, "{what} did not happen");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paper_account_trades_at_the_prices_of_okx_public_stream() {
    let mut practice = practice::okx::practice(true, None, 7, Script::new(Vec::new()));
    practice.rate_limits = false;
    for (instrument, source) in &mut practice.markets {
        *source = Source::Still { price: if instrument.base == "BTC" { 60_000.0 } else { 3_000.0 } };
    }
    let wire = practice::okx::Okx::of_any_age();
    let server = Server::start(practice, wire, ([127, 0, 0, 1], 0).into(), f64::from(SPEED)).await.unwrap();
    let mut config = okx::Config::at(&server.url()).unwrap();
    config.speed = SPEED;
    let market = Arc::new(okx::Market::new(config).unwrap());
    let listed = market.instruments().await.unwrap();
    let ours = |one: &hyperrsi::exchange::Listing| &*one.instrument.id.symbol == "BTC-USDT-SWAP";
    let instrument = listed.into_iter().find(ours).unwrap().instrument;
    let MarketAnswer::ServerTime(time) = market.call(MarketRequest::ServerTime).await.unwrap() else {
        panic!("another answer")
    };
    let clock = Arc::new(VenueClock::starting_at(time).faster(SPEED));
    let mut patient = HubOptions::default();
    (patient.candle_grace, patient.candle_stale) = (Span::seconds(30), Span::minutes(2));
    let hub = Hub::with(market, clock.clone(), patient);

    let mut setup = Setup::new("okx").deposit("USDT", dec!(10_000));
    (setup.leverage, setup.position_mode, setup.margin_mode) = (1, PositionMode::Hedge, MarginMode::Isolated);
    let paper = Paper::new("follower", setup, [instrument.clone()], clock.clone());
    let (account, prices, id) = (paper.clone(), hub.clone(), instrument.id.clone());
    let following = tokio::spawn(async move { account.follow(&prices, &id).await });
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let parts = Parts { exchange: paper.clone(), hub, store: store.clone(), clock, managers: Vec::new() };
    let mut policy = hyperrsi::risk::Policy::default();
    (policy.max_price_age, policy.max_signal_age) = (Span::minutes(1), Span::minutes(5));
    let plan = Plan::new("follower:BTC", instrument.clone(), policy, Once);
    let session = Session::open(parts, Options::new("follower"), vec![plan]).await.unwrap();

    let held = || {
        let positions = paper.look(|account| account.positions().unwrap());
        positions.first().map(|one| (one.quantity.get(), one.average.get()))
    };
    until("the entry", || held().is_some()).await;
    assert_eq!(held(), Some((dec!(0.1), dec!(60000))), "filled at the price the venue tells");
    let resting = || paper.look(|account| account.live_orders().count());
    until("stop and level", || resting() == 2).await;

    // The venue's market falls through the stop: the paper account is stopped out there.
    server.go_to(&instrument.id, Price::new(dec!(59300))).unwrap();
    until("the stop", || held().is_none()).await;
    let run = session.handle();
    let begun = Instant::now();
    let trade = loop {
        let trades = store.trades(&RecordQuery::of("follower".into(), [])).await.unwrap();
        if let Some(trade) = trades.into_iter().next() {
            break trade.trade;
        }
        assert!(begun.elapsed() < PATIENCE, "no trade in the journal");
        run.settle().await;
    };
    assert_eq!(trade.reason, hyperrsi::position::ExitReason::StopLoss);
    assert!(
        trade.exit_price.get() <= dec!(59400),
        "at 1 % below, or where the market was: {}",
        trade.exit_price
    );
    let orders = server.act(|world| world.account().orders().count()).unwrap();
    assert_eq!(orders, 0, "no order went to the venue");
    assert_eq!(session.shut_down().await, Exit::Clean);
    following.abort();
}
