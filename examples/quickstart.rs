//! HYPERRSI over a year of real candles: a report in the terminal and an HTML page. Needs no flags and no network.

#![allow(clippy::print_stdout, reason = "an example talks to its user")]

mod shared;

use clap::Parser;
use hyperrsi::backtest::{Backtest, Config, IntrabarPolicy};
use hyperrsi::model::Timeframe;
use hyperrsi::strategy::rsi_trend::settings::{Settings, Snapshot};
use hyperrsi::strategy::rsi_trend::{self, Hyperrsi};
use rust_decimal_macros::dec;
use std::path::PathBuf;

/// Backtests the HYPERRSI strategy on a year of bundled BTC/USDT candles and draws what happened.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Where the HTML report goes.
    #[arg(long, default_value = "hyperrsi-quickstart.html")]
    html: PathBuf,
    /// Order of events inside a candle: pessimistic, optimistic or ohlc_path.
    #[arg(long, default_value_t = IntrabarPolicy::Pessimistic)]
    policy: IntrabarPolicy,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args = Args::parse();
    let candles = shared::bundled_candles()?;

    let mut settings = Settings::default();
    settings.market.timeframe = Timeframe::H1;
    settings.market.leverage = 3;
    settings.sizing.btc = dec!(1000);
    settings.sl.enabled = true;

    let instrument = shared::btcusdt();
    let mut config = Config::new(instrument.clone());
    config.policy = args.policy;
    config.trader = rsi_trend::policy(&settings, &instrument);
    config.trader.journal = false;
    config.trace_protection = true;

    let snapshot = Snapshot::new(1, settings);
    let strategy = Hyperrsi::new(snapshot, &instrument)?;
    let backtest = Backtest::new(&candles, config)?;
    let bar = shared::Progress::new("backtest");
    let report = backtest.report(|| strategy.clone(), &|done, all| bar.at(done, all))?;
    bar.finish();

    shared::print(&report);
    shared::write_page(&report, &candles, &strategy, &args.html)?;
    println!("\nReport: {}", shared::absolute(&args.html).display());
    println!("Next:   cargo run --release --example backtest -- --help");
    Ok(())
}
