//! The paper account: prices in, fills out, over a recording.

use crate::rig::*;
use hyperrsi_core::exchange::ExchangeExt;
use hyperrsi_core::model::*;
use hyperrsi_core::risk::{Policy, Size};
use hyperrsi_core::runtime::paper::{Paper, SteppedClock, Tape};
use hyperrsi_core::runtime::{Exit, Hub, Options, Parts, Plan, Session};
use hyperrsi_core::series::Candles;
use hyperrsi_core::sim::account::Setup;
use hyperrsi_core::store::*;
use hyperrsi_core::strategy::Threshold;
use std::sync::Arc;

fn candles() -> Candles {
    let mut candles = Candles::new(Timeframe::M1);
    for minute in 0..200_i64 {
        let price = |at: f64| 100.0 + 10.0 * (at / 9.0).sin();
        let (open, close) = (price(minute as f64 - 1.0), price(minute as f64));
        let (high, low) = (open.max(close) + 0.2, open.min(close) - 0.2);
        let round = |price: f64| (price * 10.0).round() / 10.0;
        candles
            .push(Candle::new(
                Timestamp::from_millis(minute * 60_000),
                round(open),
                round(high),
                round(low),
                round(close),
                1.0,
            ))
            .unwrap();
    }
    candles
}

#[tokio::test]
async fn a_recording_is_traded_and_the_books_agree_with_the_venue() {
    let mut btc = Instrument::linear(InstrumentId::new("sim", "BTCUSDT"), "BTC", "USDT");
    (btc.tick, btc.lot, btc.min_size) = (dec!(0.1), dec!(0.001), dec!(0.001));
    let clock = SteppedClock::starting_at(Timestamp::from_millis(20 * 60_000));
    let mut setup = Setup::new("sim").deposit("USDT", dec!(10_000));
    (setup.leverage, setup.position_mode) = (1, PositionMode::Hedge);
    let paper = Paper::new("paper", setup, [btc.clone()], clock.clone());
    let tape = Tape::new(btc.clone(), candles(), clock.clone());
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let parts = Parts {
        exchange: paper.clone(),
        hub: Hub::new(tape.clone(), clock.clone()),
        store: store.clone(),
        clock: clock.clone(),
        managers: Vec::new(),
    };
    let rule = Threshold::new(Timeframe::M1, 14).unwrap().size(Size::Base(dec!(1).into()));
    let plan = Plan::new("paper:BTC", btc, Policy::default(), rule);
    let session = Session::open(parts, Options::new("test"), vec![plan]).await.unwrap();
    let run = session.handle();
    run.settle().await;
    tape.play(&paper, &run, 20, std::time::Duration::ZERO, |_, _| true).await.unwrap();

    let trades = store.trades(&RecordQuery::of("paper".into(), [])).await.unwrap();
    assert!(trades.len() >= 2, "{} trades", trades.len());
    let net: rust_decimal::Decimal = trades.iter().map(|trade| trade.trade.net_pnl.get()).sum();
    let status = run.status().await.unwrap();
    let open_fees = status.equity.get() - status.unrealised.get() - dec!(10_000) - net;
    assert!(
        open_fees <= dec!(0) && open_fees > dec!(-1),
        "I5: what is left is the fee of an open leg: {open_fees}"
    );
    assert!(run.reconcile().await);
    run.settle().await;
    assert_eq!(run.status().await.unwrap().drift.get().normalize(), dec!(0), "the books are the venue's");
    assert!(paper.open_orders(None).await.unwrap().len() <= 2, "a stop and a level at most");
    assert_eq!(session.shut_down().await, Exit::Clean);
}
