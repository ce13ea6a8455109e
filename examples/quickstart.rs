//! HYPERRSI over a year of real candles: a report in the terminal and an HTML page. Needs no flags and no network.
mod shared;

use clap::Parser;
use hyperrsi::indicator::trend::TrendState;
use hyperrsi::model::Span;
use hyperrsi::prelude::*;
use hyperrsi::runtime::replay_identical;
use hyperrsi::sample;
use hyperrsi::strategy::rsi_trend::settings::{Settings, Snapshot};
use hyperrsi::strategy::rsi_trend::{self, Hyperrsi};
use std::path::PathBuf;

/// How much of the year is replayed through the driver of paper and live accounts.
const REPLAYED: Span = Span::days(30);

/// Backtests the HYPERRSI strategy on a year of bundled BTC/USDT candles, draws what happened, and replays the last days
/// through the driver of paper and live accounts.
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

fn main() -> Result<(), shared::Failure> {
    let args = Args::parse();
    let (candles, instrument) = (sample::btcusdt_1h()?, sample::btcusdt());

    let mut settings = Settings::default();
    settings.market.symbol = instrument.id.symbol.to_string();
    settings.market.timeframe = Timeframe::H1;
    settings.market.leverage = 3;
    settings.sizing.btc = dec!(1000);
    settings.sl.enabled = true;

    let mut config = Config::new(instrument.clone());
    config.policy = args.policy;
    config.trader = rsi_trend::policy(&settings, &instrument);
    config.trader.journal = false; // nothing of a backtest has to survive
    config.trace_protection = true;

    let strategy = Hyperrsi::new(Snapshot::new(1, settings), &instrument)?;
    let backtest = Backtest::new(&candles, config.clone())?;
    let bar = shared::Progress::new("backtest");
    let report = backtest.report(|| strategy.clone(), &|done, all| bar.at(done, all))?;
    bar.finish();

    shared::print(&report);
    let lower = shared::Lower {
        rsi_length: 14,
        levels: vec![(30.0, "oversold"), (70.0, "overbought")],
        trend: Some(TrendState::new(Timeframe::H1, false, None)),
    };
    shared::write_page(&report, &candles, lower, &args.html)?;
    shared::say(format!("Report: {}", shared::absolute(&args.html).display()));
    config.start = candles.last_open_time().map(|last| last - REPLAYED);
    let replay = replay_identical(&candles, &config, || strategy.clone())?;
    shared::say(format!("Replay: {replay}"));
    shared::say("Next:   cargo run --release --example backtest -- --help");
    Ok(())
}
