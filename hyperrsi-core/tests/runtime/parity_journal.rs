//! A journal that two processes wrote, laid beside the backtest over the same candles: what is planted is what is found.

use crate::rig::dec;
use hyperrsi_core::backtest::Backtest;
use hyperrsi_core::model::*;
use hyperrsi_core::runtime::paper::{Paper, SteppedClock, Tape};
use hyperrsi_core::runtime::parity::{Explained, Side, Told, explain};
use hyperrsi_core::runtime::{Hub, Hyperrsi, Options, Parts, Plan, Session};
use hyperrsi_core::series::Candles;
use hyperrsi_core::series::file::Load;
use hyperrsi_core::sim::account::Setup;
use hyperrsi_core::store::*;
use hyperrsi_core::strategy::rsi_trend;
use hyperrsi_core::strategy::rsi_trend::settings::{Settings, Snapshot};
use rust_decimal::Decimal;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const LAST: usize = 24 * 20;

fn btc() -> Instrument {
    let mut btc = Instrument::linear(InstrumentId::new("binance", "BTCUSDT"), "BTC", "USDT");
    // The candles' own step: what the market trades at is on it.
    (btc.tick, btc.lot, btc.min_size, btc.min_notional) = (dec!(0.01), dec!(0.001), dec!(0.001), dec!(100));
    btc
}

/// Trades the last days on paper, killed once in the middle; what the journal tells, and the candles.
async fn journaled(change: impl FnOnce(&mut Setup)) -> (Told, Candles) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/btcusdt_1h.csv.gz");
    let candles = Load::new(&path).read().unwrap().candles;
    let first = candles.len() - LAST;
    let clock = SteppedClock::starting_at(candles.get(first).unwrap().open_time);
    let mut setup = Setup::new("binance").deposit("USDT", dec!(10_000));
    (setup.leverage, setup.position_mode, setup.margin_mode) = (3, PositionMode::Hedge, MarginMode::Isolated);
    change(&mut setup);
    let paper = Paper::new("paper", setup, [btc()], clock.clone());
    let tape = Tape::new(btc(), candles.clone(), clock.clone());
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let settings = serde_json::json!({
        "symbol": "BTCUSDT", "timeframe": "1h", "leverage": 3, "btc_investment": 1000, "use_sl": true,
        "use_cooldown": false
    });
    let mut begin = first;
    for end in [first + LAST / 2, candles.len()] {
        let parts = Parts {
            exchange: paper.clone(),
            hub: Hub::new(tape.clone(), clock.clone()),
            store: store.clone(),
            clock: clock.clone(),
            managers: Vec::new(),
        };
        let record = settings.as_object().unwrap().clone();
        let plan = Plan::of_settings("paper:BTC", btc(), Hyperrsi, record).unwrap();
        let session = Session::open(parts, Options::new("test"), vec![plan]).await.unwrap();
        let run = session.handle();
        run.settle().await;
        tape.play(&paper, &run, begin, Duration::ZERO, |index, _| index + 1 < end).await.unwrap();
        begin = end;
        drop(session); // it dies
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let query = RecordQuery { limit: 1_000_000, ..RecordQuery::of("paper".into(), []) };
    let records = store.read(&query).await.unwrap();
    assert_eq!(Told::traders(&records), ["paper:BTC".into()]);
    (Told::read(&records, &"paper:BTC".into()).unwrap(), candles)
}

/// The backtest by what the journal says of settings and the first candle.
fn beside(told: &Told, candles: &Candles) -> Explained {
    let settings = &told.settings[0];
    let (from_anchor, mut config) = told.beside(candles).unwrap().unwrap();
    config.slippage_percent = Decimal::ZERO;
    let record = settings.record.as_ref().unwrap();
    let snapshot = Snapshot::new(settings.version, Settings::from_map(record).unwrap());
    let mut strategy = rsi_trend::Hyperrsi::new(snapshot, &settings.instrument).unwrap();
    let run = Backtest::new(&from_anchor, config).unwrap().run(&mut strategy).unwrap();
    assert!(run.trades.len() >= 3, "{} trades show little", run.trades.len());
    let ours = Side { trades: &run.trades, decisions: &run.records, refused: &[] };
    let theirs = Side { trades: &told.trades, decisions: &told.decisions, refused: &told.refused };
    let found = explain(ours, theirs, Timeframe::H1, Span::hours(1), Span::seconds(5)).unwrap();
    let net = |trades: &[hyperrsi_core::position::Trade]| -> Decimal {
        trades.iter().map(|trade| trade.net_pnl.get()).sum()
    };
    assert_eq!(found.total().unwrap(), net(&told.trades) - net(&run.trades), "explained to the last decimal");
    found
}

/// What one step of the price is worth on one trade: a stop that fires inside a candle may fill a step beside the one of the
/// backtest, which does not trade on steps.
fn a_tick(told: &Told) -> Decimal {
    let largest = told.trades.iter().map(|trade| trade.quantity.get()).max().unwrap();
    btc().tick * largest * dec!(1.01)
}

fn causes(found: &Explained) -> Vec<&'static str> {
    found.totals.keys().copied().collect()
}

#[tokio::test(start_paused = true)]
async fn two_processes_on_paper_trade_as_the_backtest_does() {
    let (told, candles) = journaled(|_| {}).await;
    assert_eq!(told.processes, 2);
    let found = beside(&told, &candles);
    assert!(found.missing.is_empty(), "no candle is decided by one only: {:?}", found.missing);
    assert_eq!(found.decisions.0, found.decisions.1, "every decision is alike: {found:#?}");
    assert!((found.score - 100.0).abs() < f64::EPSILON, "{found:#?}");
    assert!(found.same + 1 >= told.trades.len(), "all but one are the same to the last decimal: {found:#?}");
    assert!(found.total().unwrap().abs() <= a_tick(&told), "{found:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_venue_with_other_fees_differs_in_fees_alone() {
    let (told, candles) = journaled(|setup| setup.taker_fee = dec!(0.001)).await;
    let found = beside(&told, &candles);
    let rest: Decimal =
        found.totals.iter().filter(|(cause, _)| **cause != "fee").map(|(_, sum)| sum.abs()).sum();
    assert!(rest <= a_tick(&told), "{found:#?}");
    assert!(found.totals["fee"] < -Decimal::ONE, "{found:#?}");
    assert!((found.score - 100.0).abs() < f64::EPSILON);
}

#[tokio::test(start_paused = true)]
async fn a_venue_that_slips_is_found_to_slip() {
    let (told, candles) = journaled(|setup| setup.slippage_percent = dec!(0.05)).await;
    let found = beside(&told, &candles);
    assert!(found.totals["slippage"] < Decimal::ZERO, "{found:#?}");
    let known = ["fee", "price", "slippage", "timing", "left", "size"];
    assert!(causes(&found).iter().all(|cause| known.contains(cause)), "{found:#?}");
}
