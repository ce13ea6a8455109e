//! What the sweep and the walk-forward example share: what is run, and over which combinations.

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
    /// First candle that may trade: 2024-01-31, 2024-01-31T12:00:00Z or milliseconds. Earlier ones warm up.
    #[arg(long)]
    pub(crate) from: Option<Timestamp>,
    /// Candles from then on are left out.
    #[arg(long)]
    pub(crate) to: Option<Timestamp>,
    /// Money at the start, quote units [default: 10000; threshold: 10000000].
    #[arg(long)]
    balance: Option<Decimal>,
    /// Fee of both makers and takers, a fraction [default: taker 0.0005, maker 0.0002].
    #[arg(long)]
    fee: Option<Decimal>,
    /// Slippage of market and triggered fills, percent [default: 0.05; threshold: 0].
    #[arg(long)]
    slippage: Option<Decimal>,
    /// Order of events inside a candle: pessimistic, optimistic or ohlc_path [default: pessimistic].
    #[arg(long)]
    policy: Option<IntrabarPolicy>,
    /// Price step of the instrument.
    #[arg(long, default_value = "0.00000001")]
    tick: Decimal,
    /// Quantity step and smallest order of the instrument, base units.
    #[arg(long, default_value = "0.00000001")]
    lot: Decimal,
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
        let symbol = record.get("symbol").and_then(Value::as_str).unwrap_or("BTC-USDT-SWAP").to_owned();
        let (base, quote) = settings::currencies(&symbol);
        let mut config = Config::new(Instrument {
            tick: self.tick,
            lot: self.lot,
            min_size: self.lot,
            ..Instrument::linear(InstrumentId::new("backtest", &symbol), base, quote)
        });
        if self.strategy == Kind::Threshold {
            config.initial_balance = dec!(10_000_000).into();
            config.slippage_percent = Decimal::ZERO;
            config.close_at_end = false;
        }
        config.take_keys(&mut record)?;
        (config.start, config.end) = (self.from, self.to);
        if let Some(fee) = self.fee {
            (config.taker_fee, config.maker_fee) = (fee, fee);
        }
        config.initial_balance = self.balance.map_or(config.initial_balance, Into::into);
        config.slippage_percent = self.slippage.unwrap_or(config.slippage_percent);
        config.policy = self.policy.unwrap_or(config.policy);
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
        let from = day(self.from.or(candles.first_open_time()));
        let to = day(self.to.or(candles.last_open_time()));
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
