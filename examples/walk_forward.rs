//! Settings chosen on one stretch of candles and judged on the next, again and again; and how much of the best result is
//! luck.
#[path = "shared/research.rs"]
mod research;
mod shared;

use clap::Parser;
use hyperrsi::backtest::sweep::{Search, Space, Subject, subject};
use hyperrsi::backtest::walk_forward::{self, Plan};
use hyperrsi::backtest::{Resampled, save_equity, save_trades};
use hyperrsi::model::Span;
use hyperrsi::prelude::*;
use hyperrsi::series::file::load_funding;
use research::{Kind, Study};
use shared::Failure;
use std::io::Write;
use std::path::PathBuf;

/// Walks forward over a candle file: chooses on --train, judges on --test, moves on by --test.
///
/// walk_forward --candles data.csv --set rsi_length=7..21:2 --set sl_value=2..6:1 --train 90d --test 30d
#[derive(Parser)]
#[command(version)]
struct Args {
    #[command(flatten)]
    study: Study,
    /// How long settings are chosen on: 90d, 12h.
    #[arg(long, value_parser = span)]
    train: Span,
    /// How long they are judged on, and how far the windows move.
    #[arg(long, value_parser = span)]
    test: Span,
    /// Lets every training begin at the start of the candles.
    #[arg(long)]
    anchored: bool,
    /// Tries that many combinations, drawn at random, instead of all.
    #[arg(long, value_name = "N")]
    random: Option<u64>,
    /// Names the random draws.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Candles before each stretch that only warm up; the longer trend variant needs 127 days.
    #[arg(long, default_value_t = 3_000)]
    warm_up: usize,
    /// Draws of each resampling of the trades.
    #[arg(long, default_value_t = 10_000)]
    draws: usize,
    /// Writes the analysis as one self-contained page.
    #[arg(long)]
    html: Option<PathBuf>,
    /// Writes the trades of the tests: .csv, .json or, with the feature `parquet`, .parquet.
    #[arg(long)]
    trades: Option<PathBuf>,
    /// Writes the joined equity of the tests, in the same formats.
    #[arg(long)]
    equity: Option<PathBuf>,
}

fn main() -> Result<(), Failure> {
    run(&Args::parse())
}

fn run(args: &Args) -> Result<(), Failure> {
    let (config, base) = args.study.config()?;
    let (candles, loaded) = shared::candles(&args.study.candles)?;
    if !loaded.gaps.is_empty() {
        shared::say(loaded);
    }
    let timeframe = candles.timeframe();
    match args.study.strategy {
        Kind::Threshold => {
            let subject = subject::Threshold::new(config.clone(), timeframe);
            let space = args.study.space(&subject, base)?;
            walk(args, &subject, &config, &space, &candles)
        }
        Kind::Hyperrsi => {
            let subject = subject::Hyperrsi::new(config.clone(), timeframe);
            let space = args.study.space(&subject, base)?;
            walk(args, &subject, &config, &space, &candles)
        }
    }
}

fn walk<S: Subject>(
    args: &Args,
    subject: &S,
    config: &Config,
    space: &Space,
    candles: &Candles,
) -> Result<(), Failure> {
    let mut plan = Plan::new(args.train, args.test);
    plan.anchored = args.anchored;
    plan.metric = args.study.metric;
    plan.least_trades = args.study.min_trades;
    plan.warm_up = args.warm_up;
    plan.draws = args.draws;
    plan.seed = args.seed;
    plan.threads = args.study.threads();
    if let Some(samples) = args.random {
        plan.search = Search::Random { samples, seed: args.seed };
    }
    let bar = research::bar("walk-forward", 0);
    let funding = args.study.funding.as_ref().map(load_funding).transpose()?;
    let mut resampled = Resampled::new(candles);
    if let Some(rates) = &funding {
        resampled = resampled.with_funding(rates);
    }
    let found = walk_forward::run_sharing(subject, space, &resampled, &plan, &mut |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    })?;
    bar.finish_and_clear();
    shared::say(walk_forward::text(&found, space, plan.metric));
    if let Some(path) = &args.html {
        let facts = args.study.facts(config, candles);
        let page = walk_forward::page(&found, space, plan.metric, &facts);
        shared::save(path, |file| file.write_all(page.as_bytes()))?;
        shared::say(format!("Report: {}", shared::absolute(path).display()));
    }
    if let Some(path) = &args.trades {
        save_trades(&found.trades, path)?;
        shared::say(format!("Trades: {}", shared::absolute(path).display()));
    }
    if let Some(path) = &args.equity {
        save_equity(&found.equity, found.initial_balance, path)?;
        shared::say(format!("Equity: {}", shared::absolute(path).display()));
    }
    Ok(())
}

/// `90d`, `12h` or `45m`.
fn span(text: &str) -> Result<Span, String> {
    let wrong = || format!("\"{text}\" is no length of time; write 90d, 12h or 45m");
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let number = number.parse::<i64>().ok().filter(|n| (1..=1_000_000).contains(n)).ok_or_else(wrong)?;
    match unit {
        "d" => Ok(Span::days(number)),
        "h" => Ok(Span::hours(number)),
        "m" => Ok(Span::minutes(number)),
        _ => Err(wrong()),
    }
}
