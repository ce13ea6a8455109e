//! A grid over five months of real candles: settings in code, the report in the terminal. Needs no flags and no network.
mod shared;

use clap::Parser;
use hyperrsi::prelude::*;
use hyperrsi::sample;
use hyperrsi::strategy::grid;
use hyperrsi::strategy::grid::settings::{AdxPause, Environment, Settings, Sides};
use std::path::PathBuf;

/// Backtests a grid on bundled 15-minute BTC/USDT candles of January to May 2025.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Trades both sides instead of buying only.
    #[arg(long)]
    both: bool,
    /// Number of levels, 1 to 40.
    #[arg(long, default_value_t = 20)]
    levels: u32,
    /// Margin of the whole grid, quote units.
    #[arg(long, default_value = "3000")]
    capital: Decimal,
    /// Stop of a side, percent from its average entry price; 0 for none.
    #[arg(long, default_value = "5")]
    stop: Decimal,
    /// Enters in strong trends too.
    #[arg(long)]
    ignore_trend: bool,
    /// Order of events inside a candle: pessimistic, optimistic or ohlc_path.
    #[arg(long, default_value_t = IntrabarPolicy::Pessimistic)]
    policy: IntrabarPolicy,
    /// Where the HTML report goes, if one is wanted.
    #[arg(long)]
    html: Option<PathBuf>,
}

fn main() -> Result<(), shared::Failure> {
    run(&Args::parse())
}

fn run(args: &Args) -> Result<(), shared::Failure> {
    let (candles, instrument) = (sample::btcusdt_15m()?, sample::btcusdt());

    let mut settings = Settings::with_capital(args.capital);
    settings.grid_num = args.levels;
    settings.stop_loss = args.stop;
    if args.both {
        settings.enter_strategy = Sides::Both;
    }
    if args.ignore_trend {
        settings.adx_pause = AdxPause::Off;
    }
    let price = candles.closes().first().and_then(|close| Decimal::try_from(*close).ok()).unwrap_or_default();
    let report = settings.validate(&Environment::of(&instrument).at(price));
    if !report.is_valid() {
        return Err(shared::settings::refused(report));
    }

    let mut config = Config::new(instrument.clone());
    config.policy = args.policy;
    config.trader = grid::policy(&settings, &instrument);
    config.trader.journal = false; // nothing of a backtest has to survive

    let strategy = Grid::new(settings, candles.timeframe(), &instrument, config.maker_fee)?;
    let backtest = Backtest::new(&candles, config)?;
    let bar = shared::Progress::new("backtest");
    let report = backtest.report(|| strategy.clone(), &|done, all| bar.at(done, all))?;
    bar.finish();

    shared::print(&report);
    if let Some(path) = &args.html {
        let lower = shared::Lower { rsi_length: 14, levels: Vec::new(), trend: None };
        shared::write_page(&report, &candles, lower, path)?;
        shared::say(format!("Report: {}", shared::absolute(path).display()));
    }
    Ok(())
}
