//! A week of real candles on OKX's protocol: HYPERRSI on the live runtime, through the OKX adapter and a SQLite journal,
//! against a practice venue that loses answers, limits, fails, falls silent, rests and has its orders cancelled by hand, and
//! with the process killed three times. Then the journal is laid beside the backtest over the same candles.
//!
//! The venue's time stands still until everything that is to be done at a price has been done: what differs from the
//! backtest then comes from the faults, not from how busy this machine is.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests; and this one runs against a server"
)]

use hyperrsi::backtest::{Backtest, Config};
use hyperrsi::exchange::MarketDataExt;
use hyperrsi::exchanges::okx;
use hyperrsi::model::{Instrument, Span, StrategyId, Timestamp, TraderId};
use hyperrsi::practice::{self, Server};
use hyperrsi::prelude::*;
use hyperrsi::runtime::paper::SteppedClock;
use hyperrsi::runtime::parity::{Pair, compare};
use hyperrsi::runtime::{Clock, Hub, Options, Parts, Plan, Session, StartError};
use hyperrsi::sample;
use hyperrsi::series::Candles;
use hyperrsi::sim::account::{Terms, fault::Script};
use hyperrsi::sqlite::SqliteStore;
use hyperrsi::store::{Journal, JournaledDecision, RecordKind, RecordQuery, StoreError, TradeRecord};
use hyperrsi::strategy::DecisionRecord;
use hyperrsi::strategy::rsi_trend::settings::{Environment, Settings, Snapshot};
use hyperrsi::strategy::rsi_trend::{self, Hyperrsi};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Candles the venue has when the week begins.
const HISTORY: usize = 600;
/// Hours of the week.
const WEEK: usize = 7 * 24;
/// Where the history begins in the bundled series: of a week with stops, break-even, trailing and a reversal.
const FIRST: usize = 4_368;
/// How long one step may take, this machine's time.
const PATIENCE: Duration = Duration::from_secs(30);
/// Hours after which the process is killed, in the middle of a candle.
const KILLS: [usize; 3] = [40, 90, 130];

/// Milliseconds.
const HOUR: i64 = 3_600_000;

/// What goes wrong, and when.
const FAULTS: &str = r#"[
    {"call": "place", "nth": 1, "fault": "drop_ack"},
    {"call": "place", "nth": 6, "fault": "drop_ack"},
    {"call": "place", "nth": 9, "fault": "error_page", "status": 502, "after_effect": true},
    {"call": "amend", "nth": 2, "fault": "rate_limit", "retry_after_ms": 1000},
    {"call": "amend", "nth": 4, "fault": "drop_ack"},
    {"call": "positions", "nth": 30, "times": 3, "fault": "error_page", "status": 503},
    {"call": "open_orders", "nth": 60, "fault": "malformed"},
    {"call": "fills", "nth": 90, "fault": "rate_limit", "retry_after_ms": 1000},
    {"at_ms": 73500000, "fault": "cut_stream"},
    {"at_ms": 109500000, "fault": "mute_stream", "stream": "private", "for_ms": 10800000},
    {"at_ms": 181500000, "fault": "mute_stream", "stream": "public", "for_ms": 3600000},
    {"at_ms": 217500000, "fault": "cancel_by_hand", "conditional": true},
    {"at_ms": 289500000, "fault": "maintenance", "for_ms": 1200000},
    {"at_ms": 361500000, "fault": "duplicate", "messages": 50},
    {"at_ms": 433500000, "fault": "reorder", "stream": "private", "messages": 3},
    {"at_ms": 491100000, "fault": "cut_stream"},
    {"at_ms": 541500000, "fault": "malformed_message"}
]"#;

/// HYPERRSI that always begins with the same candle, however late it is started: as the backtest does, since the trend state
/// depends on where it began.
struct Anchored {
    inner: Hyperrsi,
    /// Candles since then.
    candles: usize,
}

impl Strategy for Anchored {
    fn id(&self) -> StrategyId {
        self.inner.id()
    }
    fn needs(&self) -> Needs {
        let mut needs = self.inner.needs();
        needs.series[0].depth = self.candles - 2; // two more are read
        needs
    }
    fn on_candle(&mut self, ctx: &Context<'_>, candle: &Candle) -> Decision {
        self.inner.on_candle(ctx, candle)
    }
}

struct Week {
    server: Server,
    clock: Arc<SteppedClock>,
    config: okx::Config,
    instrument: Instrument,
    settings: Settings,
    folder: tempfile::TempDir,
    store: Option<Arc<SqliteStore>>,
    session: Option<Session>,
    trader: TraderId,
    start: Timestamp,
    /// Connections of a process to the venue's streams.
    streams: usize,
}

impl Week {
    async fn begin(candles: Candles, start: Timestamp) -> Self {
        let faults: Script = serde_json::from_str(FAULTS).unwrap();
        let mut practice = practice::okx::practice(true, Some(candles), 7, faults);
        practice.rate_limits = false; // they count by this machine's clock
        let wire = practice::okx::Okx::of_any_age();
        let server = Server::stepped(practice, wire, ([127, 0, 0, 1], 0).into(), start).await.unwrap();
        let mut config = okx::Config::at(&server.url()).unwrap();
        config.speed = 10_000;
        config.http.timeout = Duration::from_millis(400);
        config.heartbeat = Duration::from_millis(300);
        config.pace.pong = Duration::from_millis(600);
        config.stale_after = Duration::from_millis(700);
        let market = okx::Market::new(config.clone()).unwrap();
        let listed = market.instruments().await.unwrap();
        let is_ours = |symbol: &str| symbol == "BTC-USDT-SWAP";
        let listing = listed.into_iter().find(|one| is_ours(&one.instrument.id.symbol)).unwrap();
        // No cooldown: the backtest knows of an exit inside a candle only that it came before the close, so that a pause of
        // minutes ends in another candle there.
        let record = serde_json::json!({
            "symbol": "BTC-USDT-SWAP", "timeframe": "1h", "leverage": 3, "btc_investment": 1000, "use_sl": true,
            "sl_value": 2.0, "use_cooldown": false
        });
        let environment = Environment::live().with_instrument(&listing.instrument);
        let (settings, _) = Settings::check(record.as_object().unwrap(), &environment).unwrap();
        Self {
            server,
            clock: SteppedClock::starting_at(start),
            config,
            instrument: listing.instrument,
            settings,
            folder: tempfile::tempdir().unwrap(),
            store: None,
            session: None,
            trader: TraderId::new("week:BTC"),
            start,
            streams: 0,
        }
    }

    /// A process begins, with the file as the one before left it.
    async fn open(&mut self) {
        let begun = Instant::now();
        let store = loop {
            match SqliteStore::open(self.folder.path().join("week.db")).await {
                Ok(store) => break Arc::new(store),
                Err(error) => assert!(begun.elapsed() < PATIENCE, "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        self.store = Some(store.clone());
        loop {
            let keys = okx::Keys::new("test-key", "test-secret-0123456789abcdef", "test-pass");
            let account = okx::Account::new("week".into(), keys, self.config.clone()).unwrap();
            let market = Arc::new(okx::Market::new(self.config.clone()).unwrap());
            let parts = Parts {
                exchange: Arc::new(account),
                hub: Hub::new(market, self.clock.clone()),
                store: store.clone(),
                clock: self.clock.clone(),
                managers: Vec::new(),
            };
            let policy = rsi_trend::policy(&self.settings, &self.instrument);
            let strategy = Hyperrsi::new(Snapshot::new(1, self.settings.clone()), &self.instrument).unwrap();
            let candles = HISTORY + usize::try_from((self.clock.now() - self.start).millis() / HOUR).unwrap();
            let strategy = Anchored { inner: strategy, candles };
            let plan = Plan::new(self.trader.as_str(), self.instrument.clone(), policy, strategy);
            let mut options = Options::new("week");
            options.call_takes = Span::seconds(1);
            match Session::open(parts, options, vec![plan]).await {
                Ok(session) => break self.session = Some(session),
                // The lease of the one that was killed runs out.
                Err(StartError::Store(StoreError::Held { .. })) => self.nudge(Span::seconds(5)),
                Err(error) => panic!("{error}"),
            }
        }
        self.quiet(None).await;
        self.streams = self.streams.max(self.server.act(|world| world.listening()).unwrap());
    }

    fn nudge(&self, by: Span) {
        self.pass_to(self.clock.now() + by);
    }

    /// The trader's clock first: nothing reaches it before its time.
    fn pass_to(&self, to: Timestamp) {
        self.clock.advance(to);
        self.server.step_to(to).unwrap();
    }

    /// Time comes to `to`; returns once everything that is to be done by then is done.
    async fn step(&self, to: Timestamp, closes: bool) {
        if to > self.clock.now() {
            self.pass_to(to);
        }
        self.quiet(closes.then_some(to)).await;
    }

    /// Waits until the trader knows the price, has decided the candle that closed, and holds what the venue holds, with
    /// its stop, and listens to every stream again. What waits for time to pass gets a second at a time.
    async fn quiet(&self, decided: Option<Timestamp>) {
        let (begun, mut nudged) = (Instant::now(), Instant::now());
        let run = self.session.as_ref().unwrap().handle();
        loop {
            run.settle().await;
            let status = run.trader(&self.trader).await.expect("the account runs");
            let ready = status.gates.is_empty()
                && status.price.is_some_and(|(_, at)| self.clock.now() - at < Span::seconds(2))
                && decided.is_none_or(|at| status.last_decision.as_ref().is_some_and(|last| last.at >= at));
            let books = |side| status.leg(side).map_or(Decimal::ZERO, |leg| leg.quantity.get());
            let sound = PositionSide::BOTH.iter().all(|side| self.holds(*side, books(*side)));
            let listens = self.server.act(|world| world.listening()).unwrap() >= self.streams;
            if ready && sound && listens {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "at {}: {status:?}", self.clock.now());
            if nudged.elapsed() > Duration::from_millis(150) {
                self.nudge(Span::seconds(1));
                nudged = Instant::now();
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Whether the venue holds so much on a side, under one stop of that size.
    fn holds(&self, side: PositionSide, quantity: Decimal) -> bool {
        let id = &self.instrument.id;
        let fits = |world: &mut practice::World| {
            let positions = world.account().positions().unwrap();
            let held = positions.iter().find(|one| one.instrument == *id && one.side == side);
            let held = held.map_or(Decimal::ZERO, |one| one.quantity.get());
            let live = world.account().live_orders();
            let stops: Vec<Decimal> = live
                .filter(|one| one.sent.instrument == *id && one.leg == side)
                .filter(|one| matches!(one.sent.terms, Terms::Trigger { stop: Some(_), .. }))
                .map(|one| one.remaining().get())
                .collect();
            held == quantity && if held.is_zero() { stops.is_empty() } else { stops == [held] }
        };
        self.server.act(fits).unwrap()
    }

    async fn records(&self, kind: RecordKind) -> Vec<hyperrsi::store::Record> {
        let query = RecordQuery { limit: 100_000, ..RecordQuery::of("week".into(), [kind]) };
        self.store.as_ref().unwrap().read(&query).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_with_faults_and_kills_trades_as_the_backtest_does() {
    let all = sample::btcusdt_1h().unwrap();
    let mut candles = Candles::new(all.timeframe());
    all.iter().skip(FIRST).take(HISTORY + WEEK + 1).for_each(|candle| candles.push(candle).unwrap());
    let start = candles.get(HISTORY).unwrap().open_time;
    let mut week = Week::begin(candles, start).await;
    week.open().await;

    let hour = Timeframe::H1.span();
    let third = Span::millis_of((hour.millis() - 1) / 3);
    for index in 0..WEEK {
        let open = start + Span::hours(i64::try_from(index).unwrap());
        for part in 1..=3 {
            week.step(open + Span::millis_of(third.millis() * part), false).await;
            if part == 2 && KILLS.contains(&index) {
                drop(week.session.take()); // the process dies
                drop(week.store.take());
                week.open().await;
            }
        }
        week.step(open + hour, true).await;
    }
    let trades: Vec<_> = week.records(RecordKind::Trade).await;
    let trades: Vec<_> =
        trades.iter().map(|record| record.entry.body.parse::<TradeRecord>().unwrap().trade).collect();
    let decisions = week.records(RecordKind::Decision).await;
    let decisions = decisions.iter().map(|record| record.entry.body.parse().unwrap());
    let of_candle = |decision: &JournaledDecision| decision.record.at.is_none();
    let decisions: Vec<JournaledDecision> = decisions.filter(of_candle).collect();
    assert_eq!(decisions.len(), WEEK, "one decision for each candle, over three kills");

    // The venue's own candles, on its ticks, through the backtest.
    let id = week.instrument.id.clone();
    let (shown, setup) = week
        .server
        .act(|world| {
            let shown: Vec<_> = world.feed(&id).unwrap().candles().filter(|(_, closed)| *closed).collect();
            (shown, world.account().setup().clone())
        })
        .unwrap();
    let mut candles = Candles::new(Timeframe::H1);
    shown.into_iter().for_each(|(candle, _)| candles.push(candle).unwrap());
    let mut config = Config::new(week.instrument.clone());
    config.initial_balance = dec!(100000).into();
    (config.taker_fee, config.maker_fee) = (setup.taker_fee, setup.maker_fee);
    config.policy = IntrabarPolicy::OhlcPath; // the path the practice venue's price takes
    config.slippage_percent = setup.slippage_percent;
    config.trader = rsi_trend::policy(&week.settings, &week.instrument);
    config.trader.journal = false;
    config.close_at_end = false;
    config.start = Some(start);
    config.record = Some((start, start + Span::days(8)));
    let mut strategy = Hyperrsi::new(Snapshot::new(1, week.settings.clone()), &week.instrument).unwrap();
    let run = Backtest::new(&candles, config).unwrap().run(&mut strategy).unwrap();
    assert!(run.trades.len() >= 4, "a week without trades proves nothing: {}", run.trades.len());

    let parity = compare(&run.trades, &trades, (&[], &[]), hour).unwrap();
    println!("{} trades, score {}: {:#?}", trades.len(), parity.score, parity.pairs);
    for (pair, ours) in parity.pairs.iter().zip(&run.trades) {
        let Pair::Both { at, difference, .. } = pair else { panic!("a trade of one side only: {pair:?}") };
        let theirs = trades.iter().find(|trade| trade.entry_time == *at).unwrap();
        let difference = difference.total().unwrap();
        assert_eq!(difference, theirs.net_pnl.get() - ours.net_pnl.get(), "explained to the last decimal");
    }
    assert!(
        (parity.score - 100.0).abs() < f64::EPSILON,
        "every trade is in both, and left for the same reason"
    );
    for theirs in decisions.iter().map(|decision| &decision.record) {
        let ours = run.records.iter().find(|one| one.candle == theirs.candle).expect("decided in both");
        let short = |one: &DecisionRecord| (one.settings_hash.clone(), one.outcome, one.reason.clone());
        assert_eq!(short(theirs), short(ours), "the candle of {}", theirs.candle);
    }
    assert_eq!(week.session.take().unwrap().shut_down().await.code(), 0);
}
