//! What several examples share: a progress bar, candle files, the report page, a journal and a trader in lines.
#![allow(dead_code, reason = "each example uses its part")]

pub(crate) mod journal;
pub(crate) mod settings;
pub(crate) mod setup;
pub(crate) mod status;
pub(crate) mod terms;
pub(crate) mod words;

use hyperrsi::backtest::{Chart, Plot, Report, html, text};
use hyperrsi::indicator::trend::{AggregatingTrend, TrendState};
use hyperrsi::prelude::*;
use hyperrsi::series::file::{CandleFileError, LoadReport, Repair};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::fmt;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

/// Any error. A `main` that returns it shows the sentence it is, not the structure it is made of.
pub(crate) struct Failure(Box<dyn std::error::Error>);

impl<E: Into<Box<dyn std::error::Error>>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Candles of a file; holes are kept and told.
pub(crate) fn candles(path: &Path) -> Result<(Candles, LoadReport), CandleFileError> {
    let loaded = Load::new(path).repair(Repair::keep_gaps()).read()?;
    Ok((loaded.candles, loaded.report))
}

/// A progress bar on long work; silent where nobody looks.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    pub(crate) fn new(what: &'static str) -> Self {
        let bar = ProgressBar::new(0);
        if !std::io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        let template = "{prefix} [{bar:40}] {percent}% {pos}/{len} candles, {per_sec}, {eta} left";
        bar.set_style(
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        bar.set_prefix(what);
        Self(bar)
    }
    pub(crate) fn at(&self, done: usize, all: usize) {
        self.0.set_length(all as u64);
        self.0.set_position(done as u64);
    }
    pub(crate) fn finish(&self) {
        self.0.finish_and_clear();
    }
}

/// A line for the reader; a reader who has left is no error.
pub(crate) fn say(line: impl std::fmt::Display) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// The report in the terminal.
pub(crate) fn print(report: &Report) {
    let color = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    say(text(report, 100, color));
}

/// What a page shows below the candles.
pub(crate) struct Lower {
    pub(crate) rsi_length: usize,
    pub(crate) levels: Vec<(f64, &'static str)>,
    /// The trend state, if the strategy uses one.
    pub(crate) trend: Option<TrendState>,
}

/// The report as one self-contained page, with the RSI and the trend state the strategy saw.
pub(crate) fn write_page(
    report: &Report,
    candles: &Candles,
    lower: Lower,
    path: &Path,
) -> Result<(), Failure> {
    let mut rsi = Rsi::new(lower.rsi_length)?;
    let values = candles.closes().iter().map(|close| rsi.update(*close).unwrap_or(f64::NAN)).collect();
    let mut plot = Plot::below(format!("RSI {}", lower.rsi_length), values).between(0.0, 100.0);
    for (level, name) in lower.levels {
        plot = plot.level(level, name);
    }
    let mut states = Vec::new();
    if let Some(trend) = lower.trend {
        let mut trend = AggregatingTrend::new(trend);
        states.extend(candles.iter().map(|candle| trend.on_base(&candle).state.as_i8()));
    }
    let chart = Chart::new(report, candles).plot(plot).trend(&states);
    save(path, |file| file.write_all(html(&chart).as_bytes()))
}

/// Writes a file whole or not at all.
pub(crate) fn save(
    path: &Path,
    write: impl FnOnce(&mut std::io::BufWriter<std::fs::File>) -> std::io::Result<()>,
) -> Result<(), Failure> {
    Ok(hyperrsi::backtest::save(path, write).map_err(|error| format!("{}: {error}", path.display()))?)
}

/// A path a person can open.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
