//! The process itself is killed with SIGKILL, in the middle of its orders, and started again: a session over sockets and a
//! SQLite file, at a practice venue that stays. The venue's own word is what is compared.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "tests; and this one runs in real time, against a server"
)]

use async_trait::async_trait;
use hyperrsi::exchange::*;
use hyperrsi::exchanges::okx;
use hyperrsi::model::{AccountId, Fill, OrderKind, OrderStatus, Span, TraderId};
use hyperrsi::practice::{self, Server};
use hyperrsi::prelude::*;
use hyperrsi::runtime::{Hub, Options, Parts, Plan, Session, VenueClock};
use hyperrsi::sqlite::SqliteStore;
use hyperrsi::store::{Journal, RecordKind, RecordQuery};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// How many times faster than the clock the venue's time runs: a one-minute candle takes three seconds.
const SPEED: u32 = 20;
const URL: &str = "HYPERRSI_TEST_VENUE";
const FOLDER: &str = "HYPERRSI_TEST_FOLDER";
const KILL: &str = "HYPERRSI_TEST_KILL";

/// Enters long while there is nothing and was nothing.
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
        Decision::enter(PositionSide::Long, Size::Base(dec!(0.1).into()), exits)
    }
}

/// Ends this process with SIGKILL at a write: even numbers before it is sent, odd ones after its answer.
struct Deadly {
    inner: okx::Account,
    moments: AtomicI64,
}

impl Deadly {
    async fn moment(&self) {
        if self.moments.fetch_sub(1, Ordering::SeqCst) == 0 {
            let own = std::process::id().to_string();
            Command::new("kill").args(["-KILL", &own]).status().unwrap();
            std::future::pending::<()>().await;
        }
    }
}

#[async_trait]
impl Exchange for Deadly {
    fn account(&self) -> &AccountId {
        self.inner.account()
    }
    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }
    async fn call(&self, request: Request) -> Result<Answer, ExchangeError> {
        let order = matches!(request, Request::Place(_) | Request::Amend(_) | Request::Cancel(_));
        if order {
            self.moment().await;
        }
        let answer = self.inner.call(request).await;
        if order {
            self.moment().await;
        }
        answer
    }
    fn events(&self) -> AccountStream {
        self.inner.events()
    }
}

fn venue(url: &str) -> (okx::Account, okx::Market) {
    let config = okx::Config::at(url).unwrap();
    let keys = okx::Keys::new("test-key", "test-secret-0123456789abcdef", "test-pass");
    (okx::Account::new("practice".into(), keys, config.clone()).unwrap(), okx::Market::new(config).unwrap())
}

/// The process that trades: says `ready` once it has a protected position with nothing under way, and goes on.
async fn trade(url: &str) {
    let variable = |name| std::env::var(name).unwrap();
    let (account, market) = venue(url);
    let clock = Arc::new(VenueClock::starting_at(account.server_time().await.unwrap()).faster(SPEED));
    let market = Arc::new(market);
    let listings = market.instruments().await.unwrap();
    let listing = listings.iter().find(|l| &*l.instrument.id.symbol == "BTC-USDT-SWAP").expect("a BTC swap");
    let moments = AtomicI64::new(variable(KILL).parse().unwrap());
    let store = SqliteStore::open(Path::new(&variable(FOLDER)).join("journal.sqlite")).await.unwrap();
    let parts = Parts {
        exchange: Arc::new(Deadly { inner: account, moments }),
        hub: Hub::new(market.clone(), clock.clone()),
        store: Arc::new(store),
        clock,
        managers: Vec::new(),
    };
    let mut policy = hyperrsi::risk::Policy::default();
    policy.leverage = 3;
    let plan = Plan::new("killed:BTC", listing.instrument.clone(), policy, Once);
    let mut options = Options::new("killed");
    options.call_takes = Span::seconds(60);
    options.strategy_takes = Span::seconds(60);
    let session = Session::open(parts, options, vec![plan]).await.expect("the session opens");
    let (run, trader) = (session.handle(), TraderId::new("killed:BTC"));
    loop {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let status = run.trader(&trader).await.expect("the trader is there");
        let whole = status.legs.len() == 1 && status.orders.len() == 3 && status.gates.is_empty();
        if whole && status.orders.iter().all(|order| order.status == OrderStatus::Open) {
            break;
        }
    }
    tokio::time::sleep(Duration::from_secs(2)).await; // a read of the account, should it find anything to repair
    println!("ready");
    std::future::pending().await
}

fn process(url: &str, folder: &Path, kill: i64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["a_process_killed_in_the_middle_of_its_orders", "--exact", "--nocapture", "--test-threads=1"])
        .env(URL, url)
        .env(FOLDER, folder)
        .env(KILL, kill.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Whether it came to say that it is ready; if not, it is dead.
fn ready(child: &mut Child) -> bool {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.map_while(Result::ok).any(|line| line.contains("ready"))
}

/// One life that ends at its n-th moment, or in the middle of nothing; another one that has to set it right.
async fn two_lives(kill: i64) {
    let practice = practice::okx::practice(true, None, 7, Default::default());
    let formats = practice::okx::Okx::of_any_age();
    let server =
        Server::start(practice, formats, ([127, 0, 0, 1], 0).into(), f64::from(SPEED)).await.unwrap();
    let url = server.url();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let (to, place) = (url.clone(), path.clone());
    let begun = venue(&url).0.server_time().await.unwrap();
    let last = tokio::task::spawn_blocking(move || {
        let mut first = process(&to, &place, kill);
        let lived = ready(&mut first);
        first.kill().unwrap();
        assert!(!first.wait().unwrap().success(), "it was killed, it did not end by itself");
        let mut second = process(&to, &place, i64::MAX);
        assert!(ready(&mut second), "kill {kill}: the second process finds its way");
        second.kill().unwrap();
        second.wait().unwrap();
        lived
    });
    let lived = tokio::time::timeout(Duration::from_secs(90), last).await.expect("in time").unwrap();
    println!("kill {kill}: {}", if lived { "while nothing happened" } else { "at an order" });

    let (account, _) = venue(&url);
    let held = account.positions(None).await.unwrap();
    assert_eq!(held.len(), 1, "kill {kill}");
    let quantity = held.first().unwrap().position.quantity;
    assert_eq!(quantity.get(), dec!(0.1), "kill {kill}: entered once");
    let orders = account.open_orders(None).await.unwrap();
    let specs: Vec<_> = orders.iter().filter_map(VenueOrder::spec).collect();
    let (stops, takes): (Vec<_>, Vec<_>) =
        specs.into_iter().partition(|spec| matches!(spec.kind, OrderKind::StopMarket { .. }));
    assert_eq!(stops.iter().map(|stop| stop.quantity).collect::<Vec<_>>(), [quantity], "kill {kill}");
    assert_eq!(
        takes.iter().map(|take| take.quantity.get()).collect::<Vec<_>>(),
        [dec!(0.05); 2],
        "kill {kill}"
    );

    let store = SqliteStore::open(path.join("journal.sqlite")).await.unwrap();
    let query = RecordQuery { limit: 1_000, ..RecordQuery::of("practice".into(), [RecordKind::Fill]) };
    let journal = store.read(&query).await.unwrap();
    let booked: BTreeSet<_> =
        journal.iter().map(|record| record.entry.body.parse::<Fill>().unwrap().trade_id).collect();
    let fills = account.fills(None, begun, 100).await.unwrap().items;
    let there: BTreeSet<_> = fills.iter().map(|fill| fill.fill.trade_id.clone()).collect();
    assert_eq!(
        (booked, journal.len()),
        (there, fills.len()),
        "kill {kill}: every fill is in the journal, once"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_process_killed_in_the_middle_of_its_orders() {
    if let Ok(url) = std::env::var(URL) {
        return trade(&url).await;
    }
    let lives: Vec<_> = (0..9).map(|kill| tokio::spawn(two_lives(kill))).collect();
    for life in lives {
        life.await.unwrap();
    }
}
