//! Paper trading: candles are played through the live runtime at a chosen speed, against a simulated account.
mod shared;

use crate::shared::journal::News;
use clap::Parser;
use hyperrsi::model::{MarginMode, PositionMode, TraderId};
use hyperrsi::prelude::*;
use hyperrsi::runtime::paper::{Paper, SteppedClock, Tape};
use hyperrsi::runtime::{Hub, Hyperrsi, Options, Parts, Plan, Session};
use hyperrsi::sample;
use hyperrsi::sim::account::Setup;
use hyperrsi::store::{MemoryStore, Store};
use hyperrsi::strategy::rsi_trend::settings::Settings;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Plays candles through the live runtime with a simulated account and shows positions, orders and decisions.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// A candle file (CSV; Parquet with that feature); the bundled BTC/USDT hours of 2024 if not given.
    #[arg(long)]
    candles: Option<PathBuf>,
    /// How many candles are played; those before them are the history the strategy begins with.
    #[arg(long, default_value_t = 24 * 30)]
    last: usize,
    /// Candles per second; 0 for as fast as they can be answered.
    #[arg(long, default_value_t = 0.0)]
    speed: f64,
    /// Money at the start, USDT.
    #[arg(long, default_value_t = 10_000)]
    balance: i64,
    /// Leverage.
    #[arg(long, default_value_t = 3)]
    leverage: u32,
    /// Show why nothing was done, too.
    #[arg(long)]
    verbose: bool,
    /// Write the journal here, a record per line; the parity example reads it.
    #[arg(long)]
    journal: Option<PathBuf>,
}

fn main() -> Result<(), shared::Failure> {
    let args = Args::parse();
    let exit = hyperrsi::runtime::block_on(run(args))??;
    std::process::exit(i32::from(exit));
}

async fn run(args: Args) -> Result<u8, shared::Failure> {
    let candles = match &args.candles {
        Some(path) => shared::candles(path)?.0,
        None => sample::btcusdt_1h()?,
    };
    let instrument = sample::btcusdt();
    let timeframe = candles.timeframe();
    let first = candles.len().saturating_sub(args.last);
    let start = candles.get(first).map(|candle| candle.open_time).ok_or("there are no candles")?;

    let mut settings = Settings::default();
    settings.market.symbol = instrument.id.symbol.to_string();
    settings.market.timeframe = timeframe;
    settings.market.leverage = args.leverage;
    settings.sizing.btc = dec!(1000);
    settings.sl.enabled = true;
    let clock = SteppedClock::starting_at(start);
    let mut setup = Setup::new(instrument.id.venue.as_str()).deposit("USDT", args.balance.into());
    (setup.leverage, setup.margin_mode, setup.position_mode) =
        (args.leverage, MarginMode::Isolated, PositionMode::Hedge);
    let paper = Paper::new("paper", setup, [instrument.clone()], clock.clone());
    let tape = Tape::new(instrument.clone(), candles, clock.clone());
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let parts = Parts {
        exchange: paper.clone(),
        hub: Hub::new(tape.clone(), clock.clone()),
        store: store.clone(),
        clock: clock.clone(),
        managers: Vec::new(),
    };
    let trader = TraderId::new(format!("paper:{}", instrument.id.symbol));
    let plan = Plan::of_settings(trader.as_str(), instrument.clone(), Hyperrsi, settings.to_map())?;
    let session = Session::open(parts, Options::new("paper example"), vec![plan]).await?;
    let run = session.handle();
    run.settle().await;

    shared::say(format!(
        "{} {timeframe}, from {start}, paper account of {} USDT",
        instrument.id, args.balance
    ));
    let pace = if args.speed > 0.0 { Duration::from_secs_f64(1.0 / args.speed) } else { Duration::ZERO };
    let mut closes = Vec::new();
    tape.play(&paper, &run, first, pace, |_, candle| {
        closes.push(candle.close);
        true
    })
    .await?;
    let mut news = News::from_start(store.clone(), run.account().clone(), args.verbose);
    for line in news.lines().await? {
        shared::say(line);
    }

    if let Some(status) = run.trader(&trader).await {
        shared::status::lines(&status).iter().for_each(shared::say);
    }
    if let Some(status) = run.status().await {
        shared::say(format!(
            "{} candles, equity {} USDT, realised today {}, drift from the venue {}",
            closes.len(),
            status.equity.get().round_dp(2),
            status.day_pnl.get().round_dp(2),
            status.drift.get().normalize(),
        ));
    }
    let exit = session.shut_down().await;
    shared::say(format!("End: {exit}"));
    if let Some(path) = &args.journal {
        shared::journal::write(&*store, run.account(), path).await?;
    }
    Ok(exit.code())
}
