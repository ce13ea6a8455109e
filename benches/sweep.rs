//! Combinations per second of a sweep over 100,000 candles, on one thread and on all: `cargo bench -p hyperrsi-benches
//! --bench sweep`. Every combination is a pass of the whole engine.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "a bench fails by panicking")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hyperrsi::backtest::sweep::{self, Search, Space, Subject, subject};
use hyperrsi::backtest::{Resampled, Room};
use hyperrsi::prelude::*;
use hyperrsi_benches::walk;
use std::collections::BTreeSet;
use std::hint::black_box;
use std::ops::ControlFlow;

fn space() -> Space {
    let mut space = Space::new(serde_json::Map::new());
    space.add("rsi_length=10..17:1".parse().unwrap()).unwrap();
    space.add("level=25,30".parse().unwrap()).unwrap();
    space.add("stop_percent=1,1.5,2,2.5".parse().unwrap()).unwrap();
    space
}

fn plain() -> Config {
    let mut config = Config::new(hyperrsi::sample::btcusdt());
    config.initial_balance = dec!(100_000_000).into();
    config.slippage_percent = Decimal::ZERO;
    config
}

fn sweep_all<S: Subject>(subject: &S, candles: &Resampled<'_>, threads: usize) -> usize {
    let mut rows = 0;
    let stopped: ControlFlow<()> =
        sweep::run(subject, &space(), Search::Grid, candles, threads, &BTreeSet::new(), &mut |row| {
            rows += usize::from(black_box(row).outcome.is_ok());
            ControlFlow::Continue(())
        });
    assert!(stopped.is_continue() && rows == 64);
    rows
}

fn sweeps(c: &mut Criterion) {
    let candles = walk(100_000);
    let shared = Resampled::new(&candles);
    let threshold = subject::Threshold::new(plain(), candles.timeframe());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut group = c.benchmark_group("sweep_of_100000_candles");
    group.sample_size(10).throughput(Throughput::Elements(space().size()));
    for threads in [1, cores] {
        group.bench_function(format!("threshold_{threads}_threads"), |b| {
            b.iter(|| sweep_all(&threshold, &shared, threads));
        });
    }
    group.throughput(Throughput::Elements(1));
    let mut room = Room::default();
    group.bench_function("one_tally", |b| {
        b.iter(|| sweep::tally(&threshold, &space(), &shared, 0, &mut room).unwrap().trades.len());
    });
    group.finish();
}

criterion_group!(benches, sweeps);
criterion_main!(benches);
