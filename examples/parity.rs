//! A recorded journal against the backtest over the same candles: trade by trade, what differs and why.
mod shared;

use clap::Parser;
use hyperrsi::model::{StrategyId, Timestamp};
use hyperrsi::prelude::*;
use hyperrsi::runtime::parity::{Pair, compare};
use hyperrsi::runtime::{InForce, replay_identical};
use hyperrsi::sample;
use hyperrsi::store::{Record, RecordKind, TradeRecord};
use hyperrsi::strategy::rsi_trend::Hyperrsi;
use hyperrsi::strategy::rsi_trend::settings::{Settings, Snapshot};
use std::io::BufRead;
use std::path::PathBuf;

/// Replays a journal through the backtester and attributes the difference of every trade. Settings, instrument and the
/// first candle are the journal's own.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// A journal, a record per line: what the paper example writes with --journal.
    journal: PathBuf,
    /// The candles it was made on; the bundled BTC/USDT hours of 2024 if not given.
    #[arg(long)]
    candles: Option<PathBuf>,
    /// Order of events inside a candle: pessimistic, optimistic or ohlc_path.
    #[arg(long, default_value_t = IntrabarPolicy::OhlcPath)]
    policy: IntrabarPolicy,
}

/// Every version of the settings there was, each from when it was in force. All of them see every candle.
#[derive(Clone)]
struct Versions(Vec<(Timestamp, Hyperrsi)>);

impl Versions {
    fn of(in_force: &[InForce]) -> Result<Self, shared::Failure> {
        let mut versions = Vec::new();
        for settings in in_force {
            let record = settings.record.as_ref().ok_or(
                "the trader was started without a record of settings; start it with Plan::of_settings",
            )?;
            let snapshot = Snapshot::new(settings.version, Settings::from_map(record)?);
            versions.push((settings.since, Hyperrsi::new(snapshot, &settings.instrument)?));
        }
        Ok(Self(versions))
    }
}

impl Strategy for Versions {
    fn id(&self) -> StrategyId {
        StrategyId::new("hyperrsi")
    }
    fn needs(&self) -> Needs {
        let first = self.0.first().map(|(_, strategy)| strategy.needs());
        first.unwrap_or_else(|| Needs::candles(Timeframe::M1, 1))
    }
    fn on_candle(&mut self, ctx: &Context<'_>, candle: &Candle) -> Decision {
        let mut decided = Decision::hold();
        for (index, (since, strategy)) in self.0.iter_mut().enumerate() {
            let decision = strategy.on_candle(ctx, candle);
            if index == 0 || *since < ctx.now() {
                decided = decision;
            }
        }
        decided
    }
}

fn main() -> Result<(), shared::Failure> {
    let args = Args::parse();
    let mut trades = Vec::new();
    let mut decisions = Vec::new();
    let mut in_force: Vec<InForce> = Vec::new();
    for line in std::io::BufReader::new(std::fs::File::open(&args.journal)?).lines() {
        let record: Record = serde_json::from_str(&line?)?;
        match record.entry.kind {
            RecordKind::Trade => trades.push(record.entry.body.parse::<TradeRecord>()?.trade),
            RecordKind::Decision => {
                decisions.push(record.entry.body.parse::<hyperrsi::store::JournaledDecision>()?)
            }
            RecordKind::Settings => in_force.push(record.entry.body.parse()?),
            _ => {}
        }
    }
    let settings = in_force.first().ok_or("the journal holds no settings; record it with this version")?;
    let all = match &args.candles {
        Some(path) => shared::candles(path)?.0,
        None => sample::btcusdt_1h()?,
    };
    // What the strategy was told first is where its history begins (TRADING 2.7).
    let mut candles = Candles::new(all.timeframe());
    for candle in all.iter().filter(|candle| settings.anchor.is_none_or(|anchor| candle.open_time >= anchor))
    {
        candles.push(candle)?;
    }
    let opens = decisions.iter().map(|decision| decision.record.candle);
    let (Some(first), Some(last)) = (opens.clone().min(), opens.max()) else {
        return Err("the journal holds no decisions".into());
    };
    let timeframe = candles.timeframe();
    let mut config = Config::new(settings.instrument.clone());
    config.initial_balance = settings.balance;
    config.policy = args.policy;
    config.trader = settings.policy.clone();
    config.trader.journal = false;
    config.close_at_end = false;
    (config.start, config.end) = (Some(first), Some(last + timeframe.span()));
    let strategy = Versions::of(&in_force)?;
    shared::say(format!("{}, {} version(s) of the settings", settings.instrument.id, in_force.len()));

    let run = Backtest::new(&candles, config.clone())?.run(&mut strategy.clone())?;
    let parity = compare(&run.trades, &trades, (&[], &[]), timeframe.span())?;
    shared::say(format!(
        "{} to {}: {} trades in the journal, {} in the backtest",
        first,
        last,
        trades.len(),
        run.trades.len()
    ));
    for pair in &parity.pairs {
        shared::say(match pair {
            Pair::Both { at, side, same_reason, difference } => format!(
                "{at}  {side}  {}  entry {:.2}, exit {:.2}, size {:.2}, fees {:.2}, funding {:.2}",
                if *same_reason { "same" } else { "left otherwise" },
                difference.entry,
                difference.exit,
                difference.size,
                difference.fees,
                difference.funding,
            ),
            Pair::Missed(trade) => format!("{}  {}  only in the backtest", trade.entry_time, trade.side),
            Pair::Extra(trade) => format!("{}  {}  only in the journal", trade.entry_time, trade.side),
        });
    }
    shared::say(format!("Score: {:.0} of 100", parity.score));
    let replay = replay_identical(&candles, &config, || strategy.clone())?;
    shared::say(format!("The same closed candles and fills: {replay}"));
    Ok(())
}
