//! Whole runs over one million candles: a bare loop, the plain rule, HYPERRSI, HYPERRSI with resting extra entries and a
//! hedge, and what records and a journal cost. All in one run, so that ratios can be compared on any machine: `cargo bench
//! -p hyperrsi-benches --bench backtest`.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "a bench fails by panicking")]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use hyperrsi::prelude::*;
use hyperrsi::strategy::Threshold;
use hyperrsi::strategy::rsi_trend::settings::{Settings, Snapshot};
use hyperrsi::strategy::rsi_trend::{self, Hyperrsi};
use hyperrsi_benches::{bare_loop, walk};
use std::hint::black_box;

fn threshold_config() -> Config {
    let mut config = Config::new(hyperrsi::sample::btcusdt());
    config.initial_balance = dec!(100_000_000).into();
    config.slippage_percent = Decimal::ZERO;
    config
}

fn hyperrsi(candles: &Candles) -> (Config, Hyperrsi) {
    let mut settings = Settings::default();
    settings.market.timeframe = candles.timeframe();
    settings.sl.enabled = true;
    set_up(settings)
}

/// Extra entries that rest as limits, and a hedge with exits of its own from the second entry on.
fn hedged(candles: &Candles) -> (Config, Hyperrsi) {
    let mut settings = Settings::default();
    settings.market.timeframe = candles.timeframe();
    settings.sl.enabled = true;
    settings.extra.require_rsi = false;
    settings.dual.enabled = true;
    settings.dual.trigger = 2;
    settings.dual.sl.enabled = true;
    set_up(settings)
}

fn set_up(settings: Settings) -> (Config, Hyperrsi) {
    let instrument = hyperrsi::sample::btcusdt();
    let mut config = Config::new(instrument.clone());
    config.initial_balance = dec!(100_000_000).into();
    config.trader = rsi_trend::policy(&settings, &instrument);
    config.trader.journal = false;
    (config, Hyperrsi::new(Snapshot::new(1, settings), &instrument).unwrap())
}

fn runs(c: &mut Criterion) {
    let candles = walk(1_000_000);
    let mut group = c.benchmark_group("one_million_candles");
    group.sample_size(10).throughput(Throughput::Elements(candles.len() as u64));
    group.bench_function("bare_loop", |b| b.iter(|| black_box(bare_loop(&candles))));
    let plain = Backtest::new(&candles, threshold_config()).unwrap();
    group.bench_function("threshold", |b| {
        b.iter_batched(
            || Threshold::new(Timeframe::M1, 14).unwrap(),
            |mut rule| plain.run(&mut rule).unwrap().trades.len(),
            BatchSize::PerIteration,
        );
    });
    let (config, strategy) = hyperrsi(&candles);
    let full = Backtest::new(&candles, config.clone()).unwrap();
    let mut run = |name: &str, test: &Backtest<'_>, strategy: &Hyperrsi| {
        group.bench_function(name, |b| {
            b.iter_batched(
                || strategy.clone(),
                |mut strategy| test.run(&mut strategy).unwrap().trades.len(),
                BatchSize::PerIteration,
            );
        });
    };
    run("hyperrsi", &full, &strategy);
    let (two_legs, both) = hedged(&candles);
    run("hyperrsi_extra_entries_hedge", &Backtest::new(&candles, two_legs).unwrap(), &both);
    let mut journaled = config.clone();
    journaled.trader.journal = true;
    run("hyperrsi_with_journal", &Backtest::new(&candles, journaled).unwrap(), &strategy);
    group.finish();

    // Records are rebuilt on demand; with all of them kept, a tenth of the candles is plenty.
    let part = walk(100_000);
    let mut group = c.benchmark_group("hundred_thousand_candles");
    group.sample_size(10).throughput(Throughput::Elements(part.len() as u64));
    let (mut config, strategy) = hyperrsi(&part);
    config.record = part.first_open_time().zip(part.last_open_time());
    let recorded = Backtest::new(&part, config).unwrap();
    group.bench_function("hyperrsi_with_records", |b| {
        b.iter_batched(
            || strategy.clone(),
            |mut strategy| recorded.run(&mut strategy).unwrap().records.len(),
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

/// Time per candle must not grow with the length of the series.
fn linear(c: &mut Criterion) {
    let mut group = c.benchmark_group("threshold_by_length");
    group.sample_size(10);
    for count in [100_000, 1_000_000, 10_000_000] {
        let candles = walk(count);
        group.throughput(Throughput::Elements(count as u64));
        let plain = Backtest::new(&candles, threshold_config()).unwrap();
        group.bench_function(count.to_string(), |b| {
            b.iter_batched(
                || Threshold::new(Timeframe::M1, 14).unwrap(),
                |mut rule| plain.run(&mut rule).unwrap().trades.len(),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, runs, linear);
criterion_main!(benches);
