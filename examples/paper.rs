//! Paper trading: candles are played through the live runtime at a chosen speed, or a venue's public stream is followed,
//! against a simulated account.
#[cfg(feature = "okx")]
#[path = "paper/follow.rs"]
mod follow;
mod shared;
#[cfg(feature = "okx")]
#[path = "live/view.rs"]
mod view;

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

/// Plays candles through the live runtime with a simulated account and shows positions, orders and decisions; or follows a
/// venue's public stream, without keys, until Ctrl-C.
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
    /// Follow this venue's public stream instead of playing candles: okx (built with the feature of that name).
    #[arg(long, value_name = "VENUE", conflicts_with_all = ["candles", "last", "speed"])]
    follow: Option<String>,
    /// Another address of it, such as a practice venue on this machine (http://127.0.0.1:PORT).
    #[arg(long, requires = "follow")]
    base_url: Option<String>,
    /// The speed the practice venue was started with.
    #[arg(long, default_value_t = 1, requires = "base_url")]
    venue_speed: u32,
    /// The market that is followed, as the venue writes it.
    #[arg(long, default_value = "BTC-USDT-SWAP", requires = "follow")]
    symbol: String,
    /// The candles that are decided on while following.
    #[arg(long, default_value_t = Timeframe::M1, requires = "follow")]
    timeframe: Timeframe,
    /// End in order after so many minutes of the venue.
    #[arg(long, requires = "follow")]
    minutes: Option<u32>,
}

/// The settings of both ways: a stop from the start, and the strategy's defaults.
fn settings(args: &Args, instrument: &Instrument, timeframe: Timeframe) -> Settings {
    let mut settings = Settings::default();
    settings.market.symbol = instrument.id.symbol.to_string();
    settings.market.timeframe = timeframe;
    settings.market.leverage = args.leverage;
    settings.sizing.btc = dec!(1000);
    settings.sl.enabled = true;
    // What takes a moment here takes longer where time runs faster.
    settings.risk.max_price_age = args.venue_speed.saturating_mul(5).min(60);
    settings
}

/// The paper account.
fn setup(args: &Args, instrument: &Instrument) -> Setup {
    let mut setup = Setup::new(instrument.id.venue.as_str()).deposit("USDT", args.balance.into());
    (setup.leverage, setup.margin_mode, setup.position_mode) =
        (args.leverage, MarginMode::Isolated, PositionMode::Hedge);
    setup
}

fn main() -> Result<(), shared::Failure> {
    let args = Args::parse();
    let exit = match args.follow.as_deref() {
        None => hyperrsi::runtime::block_on(run(args))??,
        #[cfg(feature = "okx")]
        Some("okx") => hyperrsi::runtime::block_on(follow::run(args))??,
        Some(other) => {
            return Err(
                format!("{other} cannot be followed; there is okx, with --features runtime,okx").into()
            );
        }
    };
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

    let settings = settings(&args, &instrument, timeframe);
    let clock = SteppedClock::starting_at(start);
    let paper = Paper::new("paper", setup(&args, &instrument), [instrument.clone()], clock.clone());
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
