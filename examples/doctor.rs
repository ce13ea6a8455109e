//! Looks whether everything is as an account needs it, without sending an order. Here over a simulated account.
mod shared;

use clap::Parser;
use hyperrsi::model::{MarginMode, PositionMode};
use hyperrsi::prelude::*;
use hyperrsi::runtime::doctor::{Health, examine};
use hyperrsi::runtime::paper::{Paper, SteppedClock, Tape};
use hyperrsi::runtime::{Hub, Plan};
use hyperrsi::sample;
use hyperrsi::sim::account::Setup;
use hyperrsi::store::MemoryStore;
use hyperrsi::strategy::rsi_trend::settings::{Settings, Snapshot};
use hyperrsi::strategy::rsi_trend::{self, Hyperrsi};

/// Examines an account, its market, its history and its store. A program of yours does the same over its own parts.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Leverage the plan wants.
    #[arg(long, default_value_t = 3)]
    leverage: u32,
    /// Money on the simulated account, USDT.
    #[arg(long, default_value_t = 10_000)]
    balance: i64,
}

fn main() -> Result<(), shared::Failure> {
    let args = Args::parse();
    let bad = hyperrsi::runtime::block_on(run(args))??;
    std::process::exit(i32::from(bad));
}

async fn run(args: Args) -> Result<bool, shared::Failure> {
    let (candles, instrument) = (sample::btcusdt_1h()?, sample::btcusdt());
    let mut settings = Settings::default();
    settings.market.symbol = instrument.id.symbol.to_string();
    settings.market.timeframe = Timeframe::H1;
    settings.market.leverage = args.leverage;
    let policy = rsi_trend::policy(&settings, &instrument);
    let strategy = Hyperrsi::new(Snapshot::new(1, settings), &instrument)?;
    let end = candles.last().map(|candle| candle.close_time(Timeframe::H1.span())).ok_or("no candles")?;

    let clock = SteppedClock::starting_at(end);
    let mut setup = Setup::new(instrument.id.venue.as_str()).deposit("USDT", args.balance.into());
    (setup.margin_mode, setup.position_mode) = (MarginMode::Isolated, PositionMode::Hedge);
    let paper = Paper::new("paper", setup, [instrument.clone()], clock.clone());
    let hub = Hub::new(Tape::new(instrument.clone(), candles, clock.clone()), clock.clone());
    let plan = Plan::new("paper:BTCUSDT", instrument, policy, strategy);

    let checked = examine(&*paper, &hub, &MemoryStore::new(), &*clock, &[plan]).await;
    for check in &checked {
        let mark = match check.health {
            Health::Good => "ok  ",
            Health::Poor => "look",
            Health::Bad => "BAD ",
        };
        shared::say(format!("{mark}  {:14} {}", check.what, check.told()));
    }
    Ok(checked.iter().any(|check| check.health == Health::Bad))
}
