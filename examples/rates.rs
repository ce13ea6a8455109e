//! Nanoseconds per candle of a bare loop, the plain rule and HYPERRSI, in one run, so that ratios can be compared.
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

    let bare = best(&mut || Ok(bare_loop(&candles)))?;

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
    let instrument = sample::btcusdt();
    let mut config = Config::new(instrument.clone());
    config.trader = rsi_trend::policy(&settings, &instrument);
    config.trader.journal = false;
    config.initial_balance = dec!(10_000_000).into();
    let full = Backtest::new(&candles, config)?;
    let fresh = Hyperrsi::new(Snapshot::new(1, settings), &instrument)?;
    let hyperrsi = best(&mut || {
        let mut strategy = fresh.clone();
        Ok(full.run(&mut strategy as &mut dyn Strategy)?.trades.len())
    })?;

    shared::say(format!("bare_loop {bare:.1}"));
    shared::say(format!("threshold {threshold:.1}"));
    shared::say(format!("hyperrsi {hyperrsi:.1}"));
    shared::say(format!("threshold/bare_loop {:.1}", threshold / bare));
    shared::say(format!("hyperrsi/bare_loop {:.1}", hyperrsi / bare));
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "this program measures time; the library never reads a clock")]
fn now() -> Instant {
    Instant::now()
}

/// The plain rule by hand, as fast as it goes: no orders, no money, no ledger. Returns the number of trades.
fn bare_loop(candles: &Candles) -> usize {
    let (mut gain, mut loss, mut before, mut rsi_before) = (0.0_f64, 0.0_f64, f64::NAN, f64::NAN);
    let (mut trades, mut pnl) = (0, 0.0);
    let (mut take_profit, mut stop, mut entry) = (f64::INFINITY, f64::NEG_INFINITY, 0.0);
    let (mut open, mut enter) = (false, false);
    for (index, candle) in candles.iter().enumerate() {
        if enter {
            (open, entry) = (true, candle.open);
            (take_profit, stop) = (entry * 1.02, entry * 0.99);
        }
        if open {
            let exit = if candle.open <= stop || candle.open >= take_profit {
                Some(candle.open)
            } else if candle.low <= stop {
                Some(stop)
            } else if candle.high >= take_profit {
                Some(take_profit)
            } else {
                None
            };
            if let Some(exit) = exit {
                pnl += exit - entry - 0.0005 * (exit + entry);
                trades += 1;
                open = false;
            }
        }
        let change = candle.close - before;
        before = candle.close;
        let (up, down) = (change.max(0.0), (-change).max(0.0));
        let rsi = match index {
            0 => f64::NAN,
            1..=14 => {
                (gain, loss) = (gain + up / 14.0, loss + down / 14.0);
                if index < 14 { f64::NAN } else { 100.0 * gain / (gain + loss) }
            }
            _ => {
                (gain, loss) = ((gain * 13.0 + up) / 14.0, (loss * 13.0 + down) / 14.0);
                100.0 * gain / (gain + loss)
            }
        };
        enter = !open && rsi_before < 30.0 && rsi >= 30.0;
        rsi_before = rsi;
    }
    std::hint::black_box(pnl);
    trades
}
