//! Nanoseconds per candle of a bare loop, the plain rule and HYPERRSI, without and with resting extra entries and a hedge,
//! in one run, so that ratios can be compared.
#[path = "shared/bare_loop.rs"]
mod bare_loop;
mod shared;

use clap::Parser;
use hyperrsi::prelude::*;
use hyperrsi::sample;
use hyperrsi::strategy::Threshold;
use hyperrsi::strategy::rsi_trend::settings::{Settings, Snapshot};
use hyperrsi::strategy::rsi_trend::{self, Hyperrsi};
use std::path::PathBuf;
use std::time::Instant;

/// Prints `name ns_per_candle`, one per line: the best of several rounds, each over all candles.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Candles to run over; the bundled year without it.
    #[arg(long)]
    candles: Option<PathBuf>,
    /// Rounds; the best one counts.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
}

fn main() -> Result<(), shared::Failure> {
    let args = Args::parse();
    let candles = match &args.candles {
        Some(path) => shared::candles(path)?.0,
        None => sample::btcusdt_1h()?,
    };
    let count = candles.len() as f64;
    let best = |run: &mut dyn FnMut() -> Result<usize, shared::Failure>| {
        let mut best = f64::INFINITY;
        for _ in 0..args.rounds.max(1) {
            let start = now();
            std::hint::black_box(run()?);
            best = best.min(start.elapsed().as_secs_f64() * 1e9 / count);
        }
        Ok::<f64, shared::Failure>(best)
    };

    let bare = best(&mut || Ok(bare_loop::bare_loop(&candles)))?;

    let mut plain = Config::new(sample::btcusdt());
    plain.initial_balance = dec!(10_000_000).into();
    plain.slippage_percent = Decimal::ZERO;
    plain.policy = IntrabarPolicy::Pessimistic;
    let plain = Backtest::new(&candles, plain)?;
    let threshold = best(&mut || {
        let mut strategy = Threshold::new(candles.timeframe(), 14)?;
        Ok(plain.run(&mut strategy)?.trades.len())
    })?;

    let mut settings = Settings::default();
    settings.market.timeframe = candles.timeframe();
    settings.sl.enabled = true;
    let full = |settings: Settings| {
        let instrument = sample::btcusdt();
        let mut config = Config::new(instrument.clone());
        config.trader = rsi_trend::policy(&settings, &instrument);
        config.trader.journal = false;
        config.initial_balance = dec!(10_000_000).into();
        let test = Backtest::new(&candles, config)?;
        let fresh = Hyperrsi::new(Snapshot::new(1, settings), &instrument)?;
        best(&mut || {
            let mut strategy = fresh.clone();
            Ok(test.run(&mut strategy as &mut dyn Strategy)?.trades.len())
        })
    };
    let hyperrsi = full(settings.clone())?;
    let hedged = full(hedged(settings))?;

    shared::say(format!("bare_loop {bare:.1}"));
    shared::say(format!("threshold {threshold:.1}"));
    shared::say(format!("hyperrsi {hyperrsi:.1}"));
    shared::say(format!("hyperrsi_extra_entries_hedge {hedged:.1}"));
    shared::say(format!("threshold/bare_loop {:.1}", threshold / bare));
    shared::say(format!("hyperrsi/bare_loop {:.1}", hyperrsi / bare));
    Ok(())
}

/// Extra entries that rest as limits, and a hedge with exits of its own from the second entry on.
fn hedged(mut settings: Settings) -> Settings {
    settings.extra.require_rsi = false;
    settings.dual.enabled = true;
    settings.dual.trigger = 2;
    settings.dual.sl.enabled = true;
    settings
}

#[expect(clippy::disallowed_methods, reason = "this program measures time; the library never reads a clock")]
fn now() -> Instant {
    Instant::now()
}
