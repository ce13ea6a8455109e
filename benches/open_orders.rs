//! How the cost of a candle grows with the orders that rest: limit entries nobody reaches, levels of a ladder that is built
//! and taken down again and again, levels of a grid that fill. `cargo bench -p hyperrsi-benches --bench open_orders`.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "a bench fails by panicking")]

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use hyperrsi::model::{Amount, PositionSide, Quantity, StrategyId};
use hyperrsi::position::{Distance, ExitPlan};
use hyperrsi::prelude::*;
use hyperrsi::risk::Size;
use hyperrsi::strategy::grid::{self, Grid, settings};
use hyperrsi::strategy::{Needs, Rest, RestingEntry};
use hyperrsi_benches::walk;
use std::sync::Arc;

const COUNTS: [u16; 5] = [0, 1, 5, 10, 20];

/// Wants limit entries far below the market from its first candle on, and nothing else.
#[derive(Clone)]
struct FarAway {
    entries: u16,
    asked: bool,
}

impl Strategy for FarAway {
    fn id(&self) -> StrategyId {
        StrategyId::new("far_away")
    }
    fn needs(&self) -> Needs {
        Needs::candles(Timeframe::M1, 1)
    }
    fn on_candle(&mut self, _: &Context<'_>, _: &Candle) -> Decision {
        if std::mem::replace(&mut self.asked, true) {
            return Decision::hold();
        }
        let exits = Arc::new(ExitPlan::new().stop_loss(Distance::percent(dec!(50))));
        let entry = |key: u16| RestingEntry {
            key,
            side: PositionSide::Long,
            price: Decimal::from(1_000 + key).into(),
            size: Size::Base(Quantity::new(dec!(0.01))),
            exits: Arc::clone(&exits),
            lot: None,
        };
        Decision { rest: Rest::Set((1..=self.entries).map(entry).collect()), ..Decision::hold() }
    }
}

/// Buys whenever flat, with a ladder of so many levels and a stop.
#[derive(Clone)]
struct Laddered(Arc<ExitPlan>);

impl Laddered {
    fn new(levels: u16) -> Self {
        let mut plan = ExitPlan::new().stop_loss(Distance::percent(dec!(1)));
        for level in 1..=levels {
            let distance = Distance::percent(Decimal::new(i64::from(level), 1));
            plan = plan.take_profit(distance, Decimal::ONE_HUNDRED / Decimal::from(levels));
        }
        Self(Arc::new(plan))
    }
}

impl Strategy for Laddered {
    fn id(&self) -> StrategyId {
        StrategyId::new("laddered")
    }
    fn needs(&self) -> Needs {
        Needs::candles(Timeframe::M1, 1)
    }
    fn on_candle(&mut self, ctx: &Context<'_>, _: &Candle) -> Decision {
        if !ctx.is_flat() {
            return Decision::hold();
        }
        Decision::enter(PositionSide::Long, Size::Base(Quantity::new(Decimal::ONE)), Arc::clone(&self.0))
    }
}

fn config() -> Config {
    let mut config = Config::new(hyperrsi::sample::btcusdt());
    config.initial_balance = dec!(100_000_000).into();
    config
}

fn open_orders(c: &mut Criterion) {
    let candles = walk(100_000);
    let mut group = c.benchmark_group("orders_nobody_reaches");
    group.sample_size(10).throughput(Throughput::Elements(candles.len() as u64));
    let test = Backtest::new(&candles, config()).unwrap();
    for entries in COUNTS {
        group.bench_function(BenchmarkId::from_parameter(entries), |b| {
            b.iter_batched(
                || FarAway { entries, asked: false },
                |mut strategy| test.run(&mut strategy).unwrap().trades.len(),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();

    let mut group = c.benchmark_group("ladder_levels");
    group.sample_size(10).throughput(Throughput::Elements(candles.len() as u64));
    for levels in COUNTS {
        let ladder = Laddered::new(levels);
        group.bench_function(BenchmarkId::from_parameter(levels), |b| {
            b.iter_batched(
                || ladder.clone(),
                |mut strategy| test.run(&mut strategy).unwrap().trades.len(),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();

    let mut group = c.benchmark_group("grid_levels");
    group.sample_size(10).throughput(Throughput::Elements(candles.len() as u64));
    for resting in COUNTS.into_iter().skip(1) {
        let mut settings = settings::Settings::with_capital(Amount::new(dec!(1_000_000)).get());
        settings.max_resting_levels = u32::from(resting);
        let mut config = config();
        config.trader = grid::policy(&settings, &config.instrument);
        config.trader.journal = false;
        let fresh = Grid::new(settings, candles.timeframe(), &config.instrument, config.maker_fee).unwrap();
        let test = Backtest::new(&candles, config).unwrap();
        group.bench_function(BenchmarkId::from_parameter(resting), |b| {
            b.iter_batched(
                || fresh.clone(),
                |mut strategy| test.run(&mut strategy).unwrap().trades.len(),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, open_orders);
criterion_main!(benches);
