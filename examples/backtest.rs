//! A backtest over a candle file: report in the terminal, JSON for programs, HTML for people.
mod shared;

use clap::{Parser, ValueEnum};
use hyperrsi::backtest::{Report, save_equity, save_trades, write_json};
use hyperrsi::indicator::trend::TrendState;
use hyperrsi::prelude::*;
use hyperrsi::series::FundingRates;
use hyperrsi::series::file::load_funding;
use hyperrsi::strategy::Threshold;
use hyperrsi::strategy::grid::{self, Grid};
use hyperrsi::strategy::rsi_trend::settings::{Environment, Settings, Snapshot, TrendTimeframe};
use hyperrsi::strategy::rsi_trend::{self, Hyperrsi};
use serde_json::{Map, Value};
use shared::terms::Terms;
use shared::{Failure, Lower, settings};
use std::path::PathBuf;

/// Backtests a strategy over a candle file.
///
/// Candle files: CSV (plain, gzip or zstd) with a header such as ts_ms,open,high,low,close,volume, or the usual exchange
/// dumps; Parquet with the feature `parquet`.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// The candles.
    #[arg(long)]
    candles: PathBuf,
    /// Settings, TOML or JSON: the strategy's keys, and the backtest's own (initial_balance, taker_fee, ...).
    #[arg(long)]
    settings: Option<PathBuf>,
    /// What trades.
    #[arg(long, value_enum, default_value_t = Kind::Hyperrsi)]
    strategy: Kind,
    #[command(flatten)]
    terms: Terms,
    /// Candles of a further timeframe, for strategies that read it and for the setting detail_timeframe; may be repeated.
    #[arg(long)]
    series: Vec<PathBuf>,
    /// Mark-price candles: they trigger stops that watch the mark price, and liquidation.
    #[arg(long)]
    mark: Option<PathBuf>,
    /// Funding rates: CSV with ts_ms,rate or ts_ms,rate,mark, or a venue's own.
    #[arg(long)]
    funding: Option<PathBuf>,
    /// Writes trades and statistics as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Writes the trades, one row each: .csv, .json or, with the feature `parquet`, .parquet.
    #[arg(long)]
    trades: Option<PathBuf>,
    /// Writes equity and drawdown at each close, in the same formats.
    #[arg(long)]
    equity: Option<PathBuf>,
    /// Writes the report as one self-contained page.
    #[arg(long)]
    html: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Kind {
    /// RSI entries with trend filter, ladder, break-even and trailing stop.
    Hyperrsi,
    /// Limit entries on levels around an average, each lot with an exit of its own; needs settings with `capital`.
    Grid,
    /// The plain rule other engines are compared with: RSI(14) up through 30, 1 unit, +2 % / -1 %.
    Threshold,
}

fn main() -> Result<(), Failure> {
    run(&Args::parse())
}

fn run(args: &Args) -> Result<(), Failure> {
    let mut record = settings::read(args.settings.as_deref())?;
    let (candles, loaded) = shared::candles(&args.candles)?;
    if !loaded.gaps.is_empty() {
        shared::say(loaded);
    }
    let mut config = args.terms.config(&mut record, args.strategy == Kind::Threshold)?;
    config.trace_protection = args.html.is_some();
    let instrument = config.instrument.clone();

    let data = Data::load(args)?;
    let (report, lower) = match args.strategy {
        Kind::Threshold => threshold(&candles, &data, config)?,
        Kind::Hyperrsi => hyperrsi(&candles, &data, config, record, &instrument)?,
        Kind::Grid => grid(&candles, &data, config, record, &instrument)?,
    };
    shared::print(&report);
    if let Some(path) = &args.json {
        shared::save(path, |file| write_json(&report, file))?;
        shared::say(format!("JSON:   {}", shared::absolute(path).display()));
    }
    if let Some(path) = &args.trades {
        save_trades(&report.trades, path)?;
        shared::say(format!("Trades: {}", shared::absolute(path).display()));
    }
    if let Some(path) = &args.equity {
        save_equity(&report.equity, report.initial_balance, path)?;
        shared::say(format!("Equity: {}", shared::absolute(path).display()));
    }
    if let Some(path) = &args.html {
        shared::write_page(&report, &candles, lower, path)?;
        shared::say(format!("Report: {}", shared::absolute(path).display()));
    }
    Ok(())
}

/// What is read besides the traded candles.
struct Data {
    series: Vec<Candles>,
    mark: Option<Candles>,
    funding: Option<FundingRates>,
}

impl Data {
    fn load(args: &Args) -> Result<Self, Failure> {
        let candles = |path: &PathBuf| shared::candles(path).map(|(candles, _)| candles);
        Ok(Self {
            series: args.series.iter().map(candles).collect::<Result<_, _>>()?,
            mark: args.mark.as_ref().map(candles).transpose()?,
            funding: args.funding.as_ref().map(load_funding).transpose()?,
        })
    }
    fn backtest<'a>(&'a self, candles: &'a Candles, config: Config) -> Result<Backtest<'a>, Failure> {
        let mut backtest = Backtest::new(candles, config)?;
        for series in &self.series {
            backtest = backtest.with_series(series);
        }
        if let Some(mark) = &self.mark {
            backtest = backtest.with_mark(mark);
        }
        if let Some(funding) = &self.funding {
            backtest = backtest.with_funding(funding);
        }
        Ok(backtest)
    }
}

fn threshold(candles: &Candles, data: &Data, config: Config) -> Result<(Report, Lower), Failure> {
    let rule = Threshold::new(candles.timeframe(), 14)?;
    let report = with_bar(&data.backtest(candles, config)?, &rule)?;
    Ok((report, Lower { rsi_length: 14, levels: vec![(30.0, "level")], trend: None }))
}

fn hyperrsi(
    candles: &Candles,
    data: &Data,
    mut config: Config,
    mut record: Map<String, Value>,
    instrument: &Instrument,
) -> Result<(Report, Lower), Failure> {
    record.entry("timeframe").or_insert_with(|| candles.timeframe().as_str().into());
    let environment = Environment::backtest().with_instrument(instrument);
    let (settings, warnings) = Settings::check(&record, &environment).map_err(settings::refused)?;
    for warning in warnings {
        shared::say(format!("warning: {}", warning.message));
    }
    config.trader = rsi_trend::policy(&settings, instrument);
    config.trader.journal = false; // nothing of a backtest has to survive
    let cycle = match settings.trend.timeframe {
        TrendTimeframe::Fixed(timeframe) => Some(timeframe),
        _ => None,
    };
    let line = |level: Decimal| level.to_string().parse().unwrap_or(f64::NAN);
    let lower = Lower {
        rsi_length: settings.entry.rsi.length as usize,
        levels: vec![
            (line(settings.entry.rsi.oversold), "oversold"),
            (line(settings.entry.rsi.overbought), "overbought"),
        ],
        trend: (settings.trend.filter || settings.trend.close)
            .then(|| TrendState::new(candles.timeframe(), settings.trend.longer, cycle)),
    };
    let strategy = Hyperrsi::new(Snapshot::new(1, settings), instrument)?;
    Ok((with_bar(&data.backtest(candles, config)?, &strategy)?, lower))
}

fn grid(
    candles: &Candles,
    data: &Data,
    mut config: Config,
    mut record: Map<String, Value>,
    instrument: &Instrument,
) -> Result<(Report, Lower), Failure> {
    record.remove("symbol"); // of the file, not of the grid
    record.remove("timeframe");
    let mut environment = grid::settings::Environment::of(instrument);
    environment.price = candles.closes().first().and_then(|close| Decimal::try_from(*close).ok());
    let (settings, warnings) =
        grid::settings::Settings::check(&record, &environment).map_err(settings::refused)?;
    for warning in warnings {
        shared::say(format!("warning: {}", warning.message));
    }
    config.trader = grid::policy(&settings, instrument);
    config.trader.journal = false; // nothing of a backtest has to survive
    let strategy = Grid::new(settings, candles.timeframe(), instrument, config.maker_fee)?;
    let report = with_bar(&data.backtest(candles, config)?, &strategy)?;
    Ok((report, Lower { rsi_length: 14, levels: Vec::new(), trend: None }))
}

fn with_bar<S: Strategy + Clone + Sync>(backtest: &Backtest<'_>, strategy: &S) -> Result<Report, Failure> {
    let bar = shared::Progress::new("backtest");
    let report = backtest.report(|| strategy.clone(), &|done, all| bar.at(done, all))?;
    bar.finish();
    Ok(report)
}
