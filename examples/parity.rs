//! A recorded journal against the backtest over the same candles: trade by trade, what differs and why.
mod shared;

use clap::Parser;
use hyperrsi::model::{Span, StrategyId, Timestamp, TraderId};
use hyperrsi::prelude::*;
use hyperrsi::runtime::parity::{Side, Told, TradeParity, explain};
use hyperrsi::runtime::{InForce, replay_identical};
use hyperrsi::sample;
use hyperrsi::store::Record;
use hyperrsi::strategy::rsi_trend::Hyperrsi;
use hyperrsi::strategy::rsi_trend::settings::{Settings, Snapshot};
use std::io::BufRead;
use std::path::PathBuf;

/// Replays a journal through the backtester and attributes the difference of every trade: signal, timing, price, slippage,
/// fee, funding, filter, missing candle. Settings, instrument and the first candle are the journal's own, however many
/// processes wrote it.
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
    /// The trader, if the journal has several.
    #[arg(long)]
    trader: Option<String>,
    /// Fee of fills that take, a fraction; the backtest's own if not given.
    #[arg(long)]
    taker_fee: Option<Decimal>,
    /// Fee of fills that rested, a fraction.
    #[arg(long)]
    maker_fee: Option<Decimal>,
    /// Slippage of market and triggered fills, percent.
    #[arg(long)]
    slippage: Option<Decimal>,
    /// What is filled within so many seconds of the backtest's time is not late.
    #[arg(long, default_value_t = 5)]
    prompt: i64,
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

/// A trade that differs, with every cause and its amount.
fn line(trade: &TradeParity) -> String {
    let parts: Vec<String> =
        trade.parts.iter().map(|(cause, amount)| format!("{cause} {:+.4}", amount.normalize())).collect();
    let whose = match trade.both {
        (true, true) => "",
        (true, false) => "only in the backtest: ",
        _ => "only in the journal: ",
    };
    format!("{}  {:5} {whose}{}", trade.at, trade.side.to_string(), parts.join(", "))
}

/// The trader that is meant: the named one, or the only one.
fn chosen(args: &Args, records: &[Record]) -> Result<TraderId, shared::Failure> {
    let traders = Told::traders(records);
    match (&args.trader, traders.as_slice()) {
        (Some(name), all) => {
            let found = all.iter().find(|one| one.as_str() == name).cloned();
            found.ok_or_else(|| format!("the journal has no trader {name}").into())
        }
        (None, [only]) => Ok(only.clone()),
        (None, []) => Err("the journal holds no trader".into()),
        (None, all) => {
            let names: Vec<&str> = all.iter().map(TraderId::as_str).collect();
            Err(format!("choose one with --trader: {}", names.join(", ")).into())
        }
    }
}

fn main() -> Result<(), shared::Failure> {
    let args = Args::parse();
    let mut records: Vec<Record> = Vec::new();
    for line in std::io::BufReader::new(std::fs::File::open(&args.journal)?).lines() {
        records.push(serde_json::from_str(&line?)?);
    }
    let told = Told::read(&records, &chosen(&args, &records)?)?;
    let settings =
        told.settings.first().ok_or("the journal holds no settings; record it with this version")?;
    let all = match &args.candles {
        Some(path) => shared::candles(path)?.0,
        None => sample::btcusdt_1h()?,
    };
    let (candles, mut config) = told.beside(&all)?.ok_or("the journal holds no decisions")?;
    config.policy = args.policy;
    let timeframe = candles.timeframe();
    let (Some(first), Some(end)) = (config.start, config.end) else {
        return Err("the journal holds no decisions".into());
    };
    config.taker_fee = args.taker_fee.unwrap_or(config.taker_fee);
    config.maker_fee = args.maker_fee.unwrap_or(config.maker_fee);
    config.slippage_percent = args.slippage.unwrap_or(config.slippage_percent);
    let strategy = Versions::of(&told.settings)?;
    shared::say(format!(
        "{}, {} version(s) of the settings, {} process(es)",
        settings.instrument.id,
        told.settings.len(),
        told.processes
    ));

    let run = Backtest::new(&candles, config.clone())?.run(&mut strategy.clone())?;
    let ours = Side { trades: &run.trades, decisions: &run.records, refused: &[] };
    let theirs = Side { trades: &told.trades, decisions: &told.decisions, refused: &told.refused };
    let found = explain(ours, theirs, timeframe, timeframe.span(), Span::seconds(args.prompt))?;
    shared::say(format!(
        "{} to {}: {} trades in the journal, {} in the backtest, {} the same to the last decimal",
        first,
        end,
        told.trades.len(),
        run.trades.len(),
        found.same
    ));
    found.trades.iter().for_each(|trade| shared::say(line(trade)));
    for (cause, amount) in &found.totals {
        shared::say(format!("{cause:14} {:+.4}", amount.normalize()));
    }
    let (both, alike) = found.decisions;
    shared::say(format!(
        "{both} candles decided by both, {alike} alike, {} by one only",
        found.missing.len()
    ));
    shared::say(format!("Score: {:.0} of 100", found.score));
    let replay = replay_identical(&candles, &config, || strategy.clone())?;
    shared::say(format!("The same closed candles and fills: {replay}"));
    Ok(())
}
