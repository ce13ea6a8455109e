//! What an account and its traders remember over a restart.

use crate::double::{Fault, Venue, refused};
use crate::rig::*;
use hyperrsi_core::backtest::{Backtest, Config};
use hyperrsi_core::exchange::{Answer, ErrorClass};
use hyperrsi_core::model::*;
use hyperrsi_core::risk::Policy;
use hyperrsi_core::runtime::{InForce, Options, Plan, Session};
use hyperrsi_core::series::Candles;
use hyperrsi_core::store::*;
use hyperrsi_core::strategy::rsi_trend::settings::{Settings, Snapshot as SettingsSnapshot};
use hyperrsi_core::strategy::rsi_trend::{self, Hyperrsi};
use std::sync::Arc;

async fn again(rig: &mut Rig) {
    rig.kill().await;
    rig.start().await;
    rig.pass(Span::seconds(5)).await;
}

/// A long from 100 that ends at `exit`.
async fn trade(rig: &Rig, exit: f64) {
    rig.long().await;
    rig.price(exit).await;
    rig.pass(Span::seconds(3)).await;
    assert_eq!(rig.venue.held(LONG), dec!(0));
}

#[tokio::test(start_paused = true)]
async fn profit_of_the_day_peak_and_balance_go_on_after_a_restart() {
    let mut rig = Rig::new().await;
    trade(&rig, 102.0).await;
    trade(&rig, 99.0).await;
    let before = rig.session.as_ref().unwrap().handle().status().await.unwrap();
    assert_eq!(before.day_pnl.get(), dec!(1), "+2 − 1");
    again(&mut rig).await;
    let after = rig.session.as_ref().unwrap().handle().status().await.unwrap();
    assert_eq!(after.day_pnl.get(), dec!(1));
    assert_eq!((after.equity.get(), after.equity_peak.get()), (dec!(100_001), dec!(100_002)));
    rig.pass(Span::hours(12)).await;
    let tomorrow = rig.session.as_ref().unwrap().handle().status().await.unwrap();
    assert_eq!(tomorrow.day_pnl.get(), dec!(0), "12:00 and twelve hours: another day");
}

#[tokio::test(start_paused = true)]
async fn a_fill_while_nobody_ran_is_booked_once() {
    let mut rig = Rig::new().await;
    rig.long().await;
    rig.kill().await;
    rig.venue.trade(dec!(102));
    rig.start().await;
    rig.pass(Span::seconds(5)).await;
    again(&mut rig).await;
    let status = rig.session.as_ref().unwrap().handle().status().await.unwrap();
    assert_eq!((status.equity.get(), status.day_pnl.get()), (dec!(100_002), dec!(2)));
}

#[tokio::test(start_paused = true)]
async fn a_pause_after_failures_outlives_the_process() {
    let mut rig = Rig::new().await;
    let no = Fault::Answer(Answer::Order(refused(ErrorClass::PriceBand)));
    rig.venue.fail_times(is_entry, no, 3);
    for _ in 0..3 {
        rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    }
    again(&mut rig).await;
    let sent = rig.venue.placed().len();
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    assert_eq!(rig.venue.placed().len(), sent, "three in a row are not forgotten");
    assert_eq!(rig.skipped().await.last().map(String::as_str), Some("failure_paused"));
    let handle = rig.session.as_ref().unwrap().handle();
    assert!(handle.command(&"main:BTC".into(), hyperrsi_core::trader::Command::Resume).await);
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    assert_eq!(rig.venue.held(LONG), dec!(1));
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn a_cooldown_is_kept_apart_and_outlives_a_lost_snapshot() {
    let mut rig = Rig::cold().await;
    let resting = |rig: &Rig, id: &str| {
        let mut policy = Policy::default();
        policy.cooldown = Some(Span::minutes(10));
        Plan::new(id, rig.venue.instrument.clone(), policy, rig.script.clone())
    };
    rig.start_plan(resting(&rig, "main:BTC")).await;
    trade(&rig, 102.0).await;
    let kept = rig.store.cooldowns(&"main".into()).await.unwrap();
    assert_eq!(kept.len(), 1);
    rig.kill().await;
    // Another trader on the instrument: it has no snapshot, the side rests all the same.
    let plan = resting(&rig, "main:other");
    rig.session = Some(Session::open(rig.parts(), Options::new("test"), vec![plan]).await.unwrap());
    rig.settle().await;
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    assert_eq!(rig.venue.held(LONG), dec!(0));
    assert_eq!(rig.skipped().await, ["cooldown"]);
}

#[tokio::test(start_paused = true)]
async fn snapshots_are_let_go_once_nothing_is_open() {
    let mut rig = Rig::new().await;
    for _ in 0..5 {
        trade(&rig, 102.0).await;
    }
    let query = RecordQuery { limit: 10_000, ..RecordQuery::of("main".into(), []) };
    let replayed = rig.store.read(&query).await.unwrap();
    let replayed = replayed.iter().filter(|record| record.entry.kind.is_replay()).count();
    assert!(replayed <= 8, "{replayed} records that only serve a restart are left after five trades");
    let trader = TraderId::new("main:BTC");
    assert!(rig.store.newest_snapshot(&"main".into(), Some(&trader), 1).await.unwrap().is_some());
    assert!(rig.store.newest_snapshot(&"main".into(), None, 1).await.unwrap().is_some(), "the account's");
    again(&mut rig).await;
    let status = rig.session.as_ref().unwrap().handle().status().await.unwrap();
    assert_eq!(status.day_pnl.get(), dec!(10), "five times two");
    rig.long().await;
    rig.assert_sound().await;
}

fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.market.symbol = "BTCUSDT".into();
    settings.market.timeframe = Timeframe::M1;
    settings.sizing.btc = dec!(1000);
    // No entry is made: fills are the market's, and what is compared is what is decided from candles.
    (settings.entry.rsi.oversold, settings.entry.rsi.overbought) = (dec!(1), dec!(99));
    settings
}

fn plan(rig: &Rig) -> Plan {
    let instrument = rig.venue.instrument.clone();
    let policy = rsi_trend::policy(&settings(), &instrument);
    let strategy = Hyperrsi::new(SettingsSnapshot::new(1, settings()), &instrument).unwrap();
    Plan::new("main:BTC", instrument, policy, strategy)
}

fn wave(open_time: Timestamp) -> Candle {
    let minute = (open_time.millis() / 60_000) as f64;
    let price = 100.0 + 3.0 * (minute / 17.0).sin() + (minute / 5.0).cos();
    Candle::new(open_time, price, price + 0.4, price - 0.4, price + 0.1, 1.0)
}

/// Every decision of `minutes`, in a process that dies in each of `deaths`.
async fn decided(minutes: i64, deaths: &[i64]) -> (Rig, Vec<String>) {
    let mut rig = Rig::with(Venue::new(), Arc::new(MemoryStore::new()));
    let now = rig.venue.now();
    let history = (1..=400).rev().map(|n| wave(now - Span::minutes(n))).collect();
    rig.venue.state().candles.insert(Timeframe::M1, history);
    rig.start_plan(plan(&rig)).await;
    for minute in 0..minutes {
        let close = Timeframe::M1.bucket(rig.venue.now()) + Span::minutes(1);
        rig.pass(close - rig.venue.now()).await;
        rig.venue.candle(Timeframe::M1, wave(close - Span::minutes(1)));
        rig.settle().await;
        if deaths.contains(&minute) {
            rig.kill().await;
            rig.start_plan(plan(&rig)).await;
        }
    }
    let query = RecordQuery { limit: 10_000, ..RecordQuery::of("main".into(), []) };
    let decisions = rig.store.decisions(&query).await.unwrap();
    let text = decisions.iter().map(|decision| serde_json::to_string(&decision.record).unwrap()).collect();
    (rig, text)
}

#[tokio::test(start_paused = true)]
async fn a_restarted_trader_a_long_running_one_and_the_backtest_decide_alike() {
    let (rig, whole) = decided(150, &[]).await;
    let (_, parts) = decided(150, &[7, 61, 62, 130]).await;
    assert_eq!(whole.len(), 150);
    let differs = whole.iter().zip(&parts).position(|(one, other)| one != other);
    assert_eq!(
        (differs, parts.len()),
        (None, whole.len()),
        "{:?}",
        differs.map(|at| (&whole[at], &parts[at]))
    );

    let query = RecordQuery::of("main".into(), [RecordKind::Settings]);
    let in_force: InForce = rig.store.read(&query).await.unwrap()[0].entry.body.parse().unwrap();
    let (anchor, start) = (in_force.anchor.unwrap(), in_force.since);
    let first = Timeframe::M1.bucket(start);
    let mut candles = Candles::new(Timeframe::M1);
    for minute in 0..((first - anchor).millis() / 60_000 + 150) {
        candles.push(wave(anchor + Span::minutes(minute))).unwrap();
    }
    let mut config = Config::new(rig.venue.instrument.clone());
    config.trader = in_force.policy.clone();
    (config.start, config.record) = (Some(first), Some((first, first + Span::minutes(150))));
    let mut strategy = Hyperrsi::new(SettingsSnapshot::new(1, settings()), &rig.venue.instrument).unwrap();
    let run = Backtest::new(&candles, config).unwrap().run(&mut strategy).unwrap();
    let backtest: Vec<String> =
        run.records.iter().map(|record| serde_json::to_string(record).unwrap()).collect();
    let differs = whole.iter().zip(&backtest).position(|(one, other)| one != other);
    assert_eq!(
        (differs, backtest.len()),
        (None, whole.len()),
        "{:?}",
        differs.map(|at| (&whole[at], &backtest[at]))
    );
}
