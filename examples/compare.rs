//! Two backtests side by side: which trades differ, and the first cause of each.
mod shared;

use clap::Parser;
use hyperrsi::backtest::compare::{Comparison, Results, compare};
use hyperrsi::model::{Span, Timestamp};
use hyperrsi::prelude::*;
use shared::setup::{self, Market};
use shared::{Failure, say, settings};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Compares two settings files over the same candles, or two results that `backtest --json` wrote.
///
/// Settings are run with HYPERRSI over --candles, or over the bundled hours of BTC/USDT in 2024. The cause of a
/// difference is the first gate, order or price that differs. A result file carries no decision records, so that less is
/// known of its causes.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Settings (TOML, JSON) or a result (JSON).
    #[arg(long)]
    a: PathBuf,
    /// The other one.
    #[arg(long)]
    b: PathBuf,
    /// Candles to run settings over.
    #[arg(long)]
    candles: Option<PathBuf>,
    /// How many trades are listed.
    #[arg(long, default_value_t = 20)]
    limit: usize,
    /// Writes the comparison as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Ends with exit code 1 if anything differs.
    #[arg(long)]
    fail_on_difference: bool,
}

/// A file, as far as it is known.
enum Source {
    Result(Box<Results>),
    Settings(Box<serde_json::Map<String, serde_json::Value>>),
}

/// The candles around a difference whose decisions are looked at.
const BEFORE: i64 = 200;
const AFTER: i64 = 20_000;

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(comparison) if args.fail_on_difference && !comparison.is_same() => ExitCode::FAILURE,
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write;
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(args: &Args) -> Result<Comparison, Failure> {
    let (a, b) = (source(&args.a)?, source(&args.b)?);
    let symbol = [&a, &b].into_iter().find_map(|source| match source {
        Source::Settings(record) => setup::symbol(record),
        Source::Result(_) => None,
    });
    let both_results = matches!((&a, &b), (Source::Result(_), Source::Result(_)));
    let market = if both_results { None } else { Some(Market::open(args.candles.as_deref(), symbol)?) };
    let results = |source: &Source, record| -> Result<Results, Failure> {
        match (source, &market) {
            (Source::Result(results), _) => Ok((**results).clone()),
            (Source::Settings(settings), Some(market)) => backtest(market, (**settings).clone(), record),
            (Source::Settings(_), None) => Err("no candles".into()),
        }
    };
    let mut comparison = compare(&results(&a, None)?, &results(&b, None)?);
    // Decision records are large: they are made for the time of the first difference only.
    let first = comparison.trades.first().and_then(|trade| trade.a.as_ref().or(trade.b.as_ref()));
    if let (Some(first), Some(market)) = (first, &market) {
        let span = market.candles.timeframe().millis();
        let around = |candles: i64| first.entry_time + Span::millis_of(span * candles);
        let record = Some((around(-BEFORE), around(AFTER)));
        comparison = compare(&results(&a, record)?, &results(&b, record)?);
    }
    let names = (args.a.display().to_string(), args.b.display().to_string());
    say(comparison.text((&names.0, &names.1), args.limit).trim_end());
    if let Some(path) = &args.json {
        shared::save(path, |file| Ok(serde_json::to_writer_pretty(file, &comparison)?))?;
    }
    Ok(comparison)
}

/// Tells a result from settings by what it holds.
fn source(path: &Path) -> Result<Source, Failure> {
    let record = settings::read(Some(path))?;
    if record.contains_key("trades") && record.contains_key("statistics") {
        let file = std::fs::File::open(path)?;
        return Ok(Source::Result(Box::new(Results::read(file)?)));
    }
    Ok(Source::Settings(Box::new(record)))
}

fn backtest(
    market: &Market,
    settings: serde_json::Map<String, serde_json::Value>,
    record: Option<(Timestamp, Timestamp)>,
) -> Result<Results, Failure> {
    let (mut config, strategy) = market.hyperrsi(settings)?;
    let report = Backtest::new(&market.candles, config.clone())?.report_of(&strategy)?;
    let results = Results::of(&report)?;
    if record.is_none() {
        return Ok(results);
    }
    config.record = record;
    let run = Backtest::new(&market.candles, config)?.run(&mut strategy.clone())?;
    Ok(results.with_records(run.records))
}
