//! A recorded journal against the backtest over the same candles: trade by trade, what differs and why.
mod shared;

use clap::Parser;
use hyperrsi::prelude::*;
use hyperrsi::runtime::parity::{Pair, compare};
use hyperrsi::runtime::replay_identical;
use hyperrsi::sample;
use hyperrsi::store::{Record, RecordKind, TradeRecord};
use hyperrsi::strategy::rsi_trend::settings::{Settings, Snapshot};
use hyperrsi::strategy::rsi_trend::{self, Hyperrsi};
use std::io::BufRead;
use std::path::PathBuf;

/// Replays a journal through the backtester and attributes the difference of every trade.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// A journal, a record per line: what the paper example writes with --journal.
    journal: PathBuf,
    /// The candles it was made on; the bundled BTC/USDT hours of 2024 if not given.
    #[arg(long)]
    candles: Option<PathBuf>,
    /// Money at the start, USDT.
    #[arg(long, default_value_t = 10_000)]
    balance: i64,
    /// Leverage.
    #[arg(long, default_value_t = 3)]
    leverage: u32,
    /// Order of events inside a candle: pessimistic, optimistic or ohlc_path.
    #[arg(long, default_value_t = IntrabarPolicy::OhlcPath)]
    policy: IntrabarPolicy,
}

fn main() -> Result<(), shared::Failure> {
    let args = Args::parse();
    let mut trades = Vec::new();
    let mut decisions = Vec::new();
    for line in std::io::BufReader::new(std::fs::File::open(&args.journal)?).lines() {
        let record: Record = serde_json::from_str(&line?)?;
        match record.entry.kind {
            RecordKind::Trade => trades.push(record.entry.body.parse::<TradeRecord>()?.trade),
            RecordKind::Decision => {
                decisions.push(record.entry.body.parse::<hyperrsi::store::JournaledDecision>()?)
            }
            _ => {}
        }
    }
    let candles = match &args.candles {
        Some(path) => shared::candles(path)?.0,
        None => sample::btcusdt_1h()?,
    };
    let opens = decisions.iter().map(|decision| decision.record.candle);
    let (Some(first), Some(last)) = (opens.clone().min(), opens.max()) else {
        return Err("the journal holds no decisions".into());
    };
    let instrument = sample::btcusdt();
    let timeframe = candles.timeframe();
    let mut settings = Settings::default();
    settings.market.symbol = instrument.id.symbol.to_string();
    settings.market.timeframe = timeframe;
    settings.market.leverage = args.leverage;
    settings.sizing.btc = dec!(1000);
    settings.sl.enabled = true;
    let mut config = Config::new(instrument.clone());
    config.initial_balance = Decimal::from(args.balance).into();
    config.policy = args.policy;
    config.trader = rsi_trend::policy(&settings, &instrument);
    config.trader.journal = false;
    config.close_at_end = false;
    (config.start, config.end) = (Some(first), Some(last + timeframe.span()));
    let strategy = Hyperrsi::new(Snapshot::new(1, settings), &instrument)?;

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
