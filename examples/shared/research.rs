//! What the sweep and the walk-forward example share: what is run, and over which combinations.

use crate::shared::terms::Terms;
use crate::shared::{Failure, settings};
use clap::{Args, ValueEnum};
use hyperrsi::backtest::sweep::{Axis, Metric, Space, Subject};
use hyperrsi::model::Timestamp;
use hyperrsi::prelude::*;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Map, Value};
use std::io::IsTerminal;
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct Study {
    /// The candles: CSV (plain, gzip or zstd); Parquet with the feature `parquet`.
    #[arg(long)]
    pub(crate) candles: PathBuf,
    /// Funding rates of the instrument, a file as venues offer it; without it funding counts as 0.
    #[arg(long)]
    pub(crate) funding: Option<PathBuf>,
    /// What trades.
    #[arg(long, value_enum, default_value_t = Kind::Hyperrsi)]
    pub(crate) strategy: Kind,
    /// Settings that stay the same, TOML or JSON.
    #[arg(long)]
    settings: Option<PathBuf>,
    /// A settings key and the values to try: key=from..to:step, key=a,b,c, or both. Once for each key.
    #[arg(long = "set", value_name = "KEY=VALUES", required = true)]
    set: Vec<Axis>,
    /// What is best: return_percent, sharpe, sortino, profit_factor, return_over_drawdown, ...
    #[arg(long, default_value = "sharpe")]
    pub(crate) metric: Metric,
    /// Combinations with fewer trades are not ranked.
    #[arg(long, default_value_t = 10)]
    pub(crate) min_trades: usize,
    /// Threads; one for each core unless told.
    #[arg(long)]
    threads: Option<usize>,
    #[command(flatten)]
    pub(crate) terms: Terms,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum Kind {
    /// RSI entries with trend filter, ladder, break-even and trailing stop.
    Hyperrsi,
    /// RSI up through a level, one take profit, one stop.
    Threshold,
}

impl Study {
    /// What every combination starts from.
    pub(crate) fn config(&self) -> Result<(Config, Map<String, Value>), Failure> {
        let mut record = settings::read(self.settings.as_deref())?;
        let config = self.terms.config(&mut record, self.strategy == Kind::Threshold)?;
        Ok((config, record))
    }

    /// The combinations, every key checked against what the strategy knows.
    pub(crate) fn space<S: Subject>(&self, subject: &S, base: Map<String, Value>) -> Result<Space, Failure> {
        let mut space = Space::new(base);
        for axis in &self.set {
            subject.check_key(axis.key())?;
            space.add(axis.clone())?;
        }
        Ok(space)
    }

    pub(crate) fn threads(&self) -> usize {
        self.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
    }

    /// Name and value of what was run, for pages.
    pub(crate) fn facts(&self, config: &Config, candles: &Candles) -> Vec<(String, String)> {
        let day = |time: Option<Timestamp>| {
            time.map_or_else(String::new, |time| time.to_string().chars().take(10).collect())
        };
        let from = day(self.terms.from.or(candles.first_open_time()));
        let to = day(self.terms.to.or(candles.last_open_time()));
        [
            (
                "Strategy",
                self.strategy.to_possible_value().map_or_else(String::new, |v| v.get_name().to_owned()),
            ),
            ("Symbol", config.instrument.id.symbol.to_string()),
            ("Candles", format!("{} of {}", candles.len(), candles.timeframe())),
            ("From", from),
            ("To", to),
            ("Inside candles", config.policy.to_string()),
            ("Taker fee", format!("{} %", (config.taker_fee * Decimal::ONE_HUNDRED).normalize())),
            ("Slippage", format!("{} %", config.slippage_percent.normalize())),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }
}

/// A progress bar over combinations, with their rate and the time left; silent where nobody looks.
pub(crate) fn bar(what: &'static str, all: u64) -> ProgressBar {
    let bar = ProgressBar::new(all);
    if !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    let template = "{prefix} [{bar:40}] {percent}% {pos}/{len} combinations, {per_sec}, {eta} left";
    bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_prefix(what);
    bar
}
