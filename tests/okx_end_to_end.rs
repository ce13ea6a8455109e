//! Everything at once, over sockets and a file: a strategy on the live runtime, the OKX adapter, a practice venue that
//! speaks OKX's protocol, and a SQLite journal. The process is killed with a position open and another one takes over.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests; and this one runs in real time, against a server"
)]

use hyperrsi::exchange::{ExchangeExt, MarketDataExt};
use hyperrsi::exchanges::okx;
use hyperrsi::model::{Instrument, PositionMode, Span, TraderId};
use hyperrsi::practice::{self, Server};
use hyperrsi::prelude::*;
use hyperrsi::runtime::{Handle, Hub, Options, Parts, Plan, Session, VenueClock};
use hyperrsi::sqlite::SqliteStore;
use hyperrsi::trader::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many times faster than the clock the venue's time runs: a one-minute candle takes three seconds.
const SPEED: u32 = 20;

/// Enters long at the first close it sees.
#[derive(Clone, Default)]
struct Once;

impl Strategy for Once {
    fn needs(&self) -> Needs {
        Needs::candles(Timeframe::M1, 5)
    }
    fn on_candle(&mut self, ctx: &Context<'_>, _: &Candle) -> Decision {
        if !ctx.is_flat() || ctx.leg(PositionSide::Long).last_exit.is_some() {
            return Decision::hold();
        }
        let exits = ExitPlan::new()
            .stop_loss(Distance::percent(dec!(20)))
            .take_profit(Distance::percent(dec!(30)), dec!(50))
            .take_profit(Distance::percent(dec!(40)), dec!(50));
        Decision::enter(PositionSide::Long, Size::Margin(dec!(500).into()), exits)
    }
}

async fn open(
    account: &Arc<okx::Account>,
    market: &Arc<okx::Market>,
    clock: &Arc<VenueClock>,
    store: &Arc<SqliteStore>,
    instrument: &Instrument,
) -> Session {
    let parts = Parts {
        exchange: account.clone(),
        hub: Hub::new(market.clone(), clock.clone()),
        store: store.clone(),
        clock: clock.clone(),
        managers: Vec::new(),
    };
    let mut policy = hyperrsi::risk::Policy::default();
    policy.leverage = 3;
    let plan = Plan::new("end:BTC", instrument.clone(), policy, Once);
    let mut options = Options::new("end to end");
    options.call_takes = Span::seconds(60);
    options.strategy_takes = Span::seconds(60);
    Session::open(parts, options, vec![plan]).await.expect("the session opens")
}

/// Waits until `ready` says so, for thirty seconds at most.
async fn until(
    what: &str,
    run: &Handle,
    trader: &TraderId,
    ready: impl Fn(&hyperrsi::desk::TraderStatus) -> bool,
) {
    let begun = Instant::now();
    loop {
        let status = run.trader(trader).await.expect("the trader is there");
        if ready(&status) {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{what} did not happen: {status:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_outlives_the_process_that_opened_it() {
    let practice = practice::okx::practice(true, None, 7, Default::default());
    let server = Server::start(
        practice,
        practice::okx::Okx::of_any_age(),
        ([127, 0, 0, 1], 0).into(),
        f64::from(SPEED),
    )
    .await
    .unwrap();
    let clock = Arc::new(VenueClock::system().faster(SPEED)); // the venue's began at this machine's time as well

    let config = okx::Config::at(&server.url()).unwrap();
    let keys = okx::Keys::new("test-key", "test-secret-0123456789abcdef", "test-pass");
    let account = Arc::new(okx::Account::new("practice".into(), keys, config.clone()).unwrap());
    let market = Arc::new(okx::Market::new(config).unwrap());
    let listings = market.instruments().await.unwrap();
    let listing = listings.iter().find(|l| &*l.instrument.id.symbol == "BTC-USDT-SWAP").expect("a BTC swap");
    let instrument = listing.instrument.clone();
    assert_eq!(account.account_config().await.unwrap().position_mode, PositionMode::Hedge);

    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(folder.path().join("journal.sqlite")).await.unwrap());
    let trader = TraderId::new("end:BTC");

    let session = open(&account, &market, &clock, &store, &instrument).await;
    let run = session.handle();
    until("a protected position", &run, &trader, |status| {
        let stops = status.orders.len();
        status.legs.len() == 1 && stops >= 3
    })
    .await;
    let resting = || async {
        let orders = account.open_orders(Some(instrument.id.clone())).await.unwrap();
        let mut all: Vec<_> = orders.iter().map(|order| (order.client_id(), order.quantity)).collect();
        all.sort();
        all
    };
    let (before, held) = (resting().await, account.positions(Some(instrument.id.clone())).await.unwrap());
    assert_eq!(before.len(), 3, "a stop and two take profits: {before:?}");
    assert_eq!(held.len(), 1);

    drop(session); // the process dies
    tokio::time::sleep(Duration::from_secs(2)).await; // its lease runs out: thirty seconds of the venue
    let session = open(&account, &market, &clock, &store, &instrument).await;
    let run = session.handle();
    until("the position is known again", &run, &trader, |status| {
        status.legs.len() == 1 && status.gates.is_empty()
    })
    .await;
    run.settle().await;
    assert_eq!(resting().await, before, "nothing was sent twice, nothing was lost");
    assert_eq!(account.positions(Some(instrument.id.clone())).await.unwrap().len(), 1);

    assert!(run.command(&trader, Command::Panic).await);
    until("the position is closed", &run, &trader, |status| status.legs.is_empty()).await;
    run.settle().await;
    assert!(resting().await.is_empty(), "nothing rests for a flat leg");
    assert_eq!(session.shut_down().await.code(), 0);
}
