//! Many backtests over one candle file: every combination of some settings, or a random sample of them, on every core.
#[path = "shared/research.rs"]
mod research;
mod shared;

use clap::Parser;
use hyperrsi::backtest::sweep::heatmap::Page;
use hyperrsi::backtest::sweep::{
    self, Fingerprint, Heatmap, Ranking, Results, ResultsError, Search, Space, Subject, subject,
};
use hyperrsi::backtest::{Backtest, Resampled};
use hyperrsi::prelude::*;
use hyperrsi::series::file::load_funding;
use research::{Kind, Study};
use shared::Failure;
use std::collections::BTreeSet;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

/// Sweeps settings over a candle file and ranks what came of them.
///
/// sweep --candles data.csv --set rsi_length=7..21:1 --set rsi_oversold=20..35:5 --out sweep.csv --html sweep.html
#[derive(Parser)]
#[command(version)]
struct Args {
    #[command(flatten)]
    study: Study,
    /// Tries that many combinations, drawn at random, instead of all.
    #[arg(long, value_name = "N")]
    random: Option<u64>,
    /// Names the random draw: the same seed tries the same combinations.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Writes one line for each combination as it finishes: .csv or .jsonl.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Goes on with the file of --out: what is in it is not run again.
    #[arg(long, requires = "out")]
    resume: bool,
    /// Writes a map of the metric over two keys as one self-contained page.
    #[arg(long)]
    html: Option<PathBuf>,
    /// The two keys of the map, as in rsi_length,sl_value; the first two with several values unless told.
    #[arg(long, value_name = "KEY[,KEY]", requires = "html")]
    map: Option<String>,
    /// Rows of the ranking.
    #[arg(long, default_value_t = 20)]
    top: usize,
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
    Backtest::new(&candles, config.clone())?; // a range without candles is no fault of the combinations
    let timeframe = candles.timeframe();
    match args.study.strategy {
        Kind::Threshold => {
            let subject = subject::Threshold::new(config.clone(), timeframe);
            let space = args.study.space(&subject, base)?;
            sweep(args, &subject, &config, &space, &candles)
        }
        Kind::Hyperrsi => {
            let subject = subject::Hyperrsi::new(config.clone(), timeframe);
            let space = args.study.space(&subject, base)?;
            sweep(args, &subject, &config, &space, &candles)
        }
    }
}

fn sweep<S: Subject>(
    args: &Args,
    subject: &S,
    config: &Config,
    space: &Space,
    candles: &Candles,
) -> Result<(), Failure> {
    let search = match args.random {
        Some(samples) => Search::Random { samples, seed: args.seed },
        None => Search::Grid,
    };
    let metric = args.study.metric;
    let mut ranking = Ranking::new(metric, args.top).least_trades(args.study.min_trades);
    let mut map = args.html.as_ref().map(|_| heatmap(args, space)).transpose()?;
    let mut done = BTreeSet::new();
    let funding = args.study.funding.as_ref().map(load_funding).transpose()?;
    let mut results = None;
    if let Some(path) = &args.out {
        let mut fingerprint = Fingerprint::new(subject, config, space, candles);
        if let Some(rates) = &funding {
            fingerprint = fingerprint.with_funding(rates);
        }
        results = Some(if args.resume {
            let (file, found) = Results::resume(path, space, fingerprint, &mut |row| {
                if done.insert(row.combo) {
                    ranking.offer(&row);
                    map.iter_mut().for_each(|map| map.offer(space, &row));
                }
            })?;
            shared::say(format!("{} combinations are in {} already", found.rows, path.display()));
            if found.torn > 0 {
                shared::say(format!("the last line was torn: {} bytes removed, it is run again", found.torn));
            }
            file
        } else {
            Results::create(path, space, fingerprint)?
        });
    }

    let all = search.count(space.size());
    let threads = args.study.threads();
    shared::say(format!("{all} of {} combinations of {} keys", space.size(), space.axes().len()));
    let bar = research::bar("sweep", all);
    let already = (0..all).filter(|nth| done.contains(&search.combo(space.size(), *nth))).count() as u64;
    bar.set_position(already);
    bar.reset_eta();
    let start = now();
    let mut runs = 0;
    let mut resampled = Resampled::new(candles);
    if let Some(rates) = &funding {
        resampled = resampled.with_funding(rates);
    }
    let stopped = sweep::run(subject, space, search, &resampled, threads, &done, &mut |row| {
        if let Some(Err(error)) = results.as_mut().map(|file| file.append(space, &row)) {
            return ControlFlow::Break::<ResultsError>(error);
        }
        ranking.offer(&row);
        map.iter_mut().for_each(|map| map.offer(space, &row));
        runs += 1;
        bar.inc(1);
        ControlFlow::Continue(())
    });
    bar.finish_and_clear();
    if let ControlFlow::Break(error) = stopped {
        return Err(error.into());
    }
    shared::say(format!("\n{}", ranking.text(space)));
    say_rate(runs, start.elapsed().as_secs_f64(), threads);
    if let Some(path) = &args.out {
        shared::say(format!("Results: {}", shared::absolute(path).display()));
    }
    if let (Some(path), Some(map)) = (&args.html, &map) {
        let facts = args.study.facts(config, candles);
        let page = Page { map, ranking: &ranking, space, facts: &facts };
        shared::save(path, |file| file.write_all(page.html().as_bytes()))?;
        shared::say(format!("Map:     {}", shared::absolute(path).display()));
    }
    Ok(())
}

fn heatmap(args: &Args, space: &Space) -> Result<Heatmap, Failure> {
    let (x, y) = match &args.map {
        Some(keys) => keys.split_once(',').map_or((keys.as_str(), None), |(x, y)| (x.trim(), Some(y.trim()))),
        None => Heatmap::usual_keys(space).ok_or("a map needs a key with several values")?,
    };
    Ok(Heatmap::new(space, x, y, args.study.metric)?)
}

/// How long something took, and how many combinations that is per second.
fn say_rate(runs: u64, seconds: f64, threads: usize) {
    let rate = runs as f64 / seconds.max(1e-9);
    shared::say(format!("{runs} runs in {seconds:.1} s on {threads} threads: {rate:.0} combinations/s"));
}

#[expect(clippy::disallowed_methods, reason = "this program measures time; the library never reads a clock")]
fn now() -> Instant {
    Instant::now()
}
