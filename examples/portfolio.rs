//! Several instruments against one account: bundled candles in two timeframes, or candle files of your own.
mod shared;

use clap::Parser;
use hyperrsi::backtest::{Portfolio, PortfolioConfig};
use hyperrsi::model::MarginMode;
use hyperrsi::prelude::*;
use hyperrsi::risk::{MaxOpenPositions, Policy};
use hyperrsi::series::FundingRates;
use hyperrsi::series::aggregate::resample;
use hyperrsi::series::file::load_funding;
use hyperrsi::strategy::Threshold;
use std::path::PathBuf;

/// Runs a plain RSI rule on several instruments that share one balance.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// An instrument and its candles, as NAME=FILE; again for each further one. Without any, the bundled candles of
    /// BTC/USDT as 15m and, built from them, 1h.
    #[arg(long, value_name = "NAME=FILE", value_parser = pair)]
    candles: Vec<(String, PathBuf)>,
    /// Funding rates of an instrument, as NAME=FILE: CSV with ts_ms,rate or ts_ms,rate,mark.
    #[arg(long, value_name = "NAME=FILE", value_parser = pair)]
    funding: Vec<(String, PathBuf)>,
    /// Money at the start, quote units.
    #[arg(long, default_value = "10000")]
    balance: Decimal,
    /// Leverage of every instrument.
    #[arg(long, default_value_t = 2)]
    leverage: u32,
    /// Cross margin instead of isolated.
    #[arg(long)]
    cross: bool,
    /// Positions that may be open at the same time.
    #[arg(long, default_value_t = 4)]
    positions: usize,
    /// Order of events inside a candle: pessimistic, optimistic or ohlc_path.
    #[arg(long, default_value = "pessimistic")]
    policy: IntrabarPolicy,
    /// Writes the report as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
}

fn pair(text: &str) -> Result<(String, PathBuf), String> {
    let (name, file) = text.split_once('=').ok_or("expected NAME=FILE")?;
    Ok((name.into(), file.into()))
}

fn main() -> Result<(), shared::Failure> {
    run(&Args::parse())
}

fn run(args: &Args) -> Result<(), shared::Failure> {
    let mut series: Vec<(String, Candles)> = Vec::new();
    for (name, file) in &args.candles {
        series.push((name.clone(), shared::candles(file)?.0));
    }
    if series.is_empty() {
        let quarters = hyperrsi::sample::btcusdt_15m()?;
        series.push(("BTC-1H".into(), resample(&quarters, Timeframe::H1)?));
        series.push(("BTC-15M".into(), quarters));
    }
    let rates: Vec<(InstrumentId, FundingRates)> = args
        .funding
        .iter()
        .map(|(name, file)| Ok((InstrumentId::new("portfolio", name), load_funding(file)?)))
        .collect::<Result<_, shared::Failure>>()?;

    let mut config = PortfolioConfig::default();
    config.initial_balance = args.balance.into();
    config.policy = args.policy;
    let mut policy = Policy::default();
    policy.leverage = args.leverage;
    policy.margin_mode = if args.cross { MarginMode::Cross } else { MarginMode::Isolated };
    let mut portfolio = Portfolio::new().with_risk(MaxOpenPositions(args.positions));
    for (name, candles) in &series {
        let instrument = Instrument::linear(InstrumentId::new("portfolio", name), name, "USDT");
        let size = Size::Margin((args.balance / Decimal::from(series.len())).into());
        let rule = Threshold::new(candles.timeframe(), 14)?.size(size);
        portfolio = portfolio.add(instrument, candles, rule, policy.clone());
    }
    for (instrument, rates) in &rates {
        portfolio = portfolio.with_funding(instrument, rates);
    }
    let report = portfolio.run(&config)?;
    shared::say(&report);
    if let Some(path) = &args.json {
        report.save_json(path)?;
        shared::say(format!("JSON: {}", shared::absolute(path).display()));
    }
    Ok(())
}
