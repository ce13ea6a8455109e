//! What several examples share: the bundled candles, a progress bar, the report page.
#![allow(dead_code, reason = "each example uses its part")]

use hyperrsi::backtest::{Chart, Plot, Report, html, text};
use hyperrsi::indicator::trend::{AggregatingTrend, TrendState};
use hyperrsi::indicator::{Indicator, Rsi};
use hyperrsi::model::{Instrument, InstrumentId};
use hyperrsi::series::Candles;
use hyperrsi::series::file::{CandleFileError, Load, LoadReport, Repair};
use hyperrsi::strategy::rsi_trend::Hyperrsi;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rust_decimal::prelude::ToPrimitive;
use rust_decimal_macros::dec;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

/// BTC/USDT, one hour, all of 2024; source and licence in `data/README.md`.
pub(crate) fn bundled_candles() -> Result<Candles, CandleFileError> {
    let bytes: &[u8] = include_bytes!("../../data/btcusdt_1h.csv.gz");
    Ok(Load::new("data/btcusdt_1h.csv.gz").read_from(bytes)?.candles)
}

/// Candles of a file; holes are kept and told.
pub(crate) fn candles(path: &Path) -> Result<(Candles, LoadReport), CandleFileError> {
    let loaded = Load::new(path).repair(Repair::keep_gaps()).read()?;
    Ok((loaded.candles, loaded.report))
}

/// The perpetual contract the bundled candles are traded as.
pub(crate) fn btcusdt() -> Instrument {
    Instrument {
        tick: dec!(0.1),
        lot: dec!(0.001),
        min_size: dec!(0.001),
        min_notional: dec!(5),
        ..Instrument::linear(InstrumentId::new("binance", "BTCUSDT"), "BTC", "USDT")
    }
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

/// The report in the terminal.
pub(crate) fn print(report: &Report) {
    let color = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{}", text(report, 100, color));
}

/// The report as one self-contained page, with the RSI and the trend state the strategy saw.
pub(crate) fn write_page(
    report: &Report,
    candles: &Candles,
    strategy: &Hyperrsi,
    path: &Path,
) -> Result<(), Box<dyn std::error::Error>> {
    let settings = &strategy.snapshot().settings;
    let mut rsi = Rsi::new(settings.entry.rsi.length as usize)?;
    let values: Vec<f64> =
        candles.closes().iter().map(|close| rsi.update(*close).unwrap_or(f64::NAN)).collect();
    let line = |level: rust_decimal::Decimal| level.to_f64().unwrap_or(f64::NAN);
    let plot = Plot::below(format!("RSI {}", settings.entry.rsi.length), values)
        .level(line(settings.entry.rsi.oversold), "oversold")
        .level(line(settings.entry.rsi.overbought), "overbought")
        .between(0.0, 100.0);
    let mut trend = AggregatingTrend::new(TrendState::new(candles.timeframe(), settings.trend.longer, None));
    let states: Vec<i8> = candles.iter().map(|candle| trend.on_base(&candle).state.as_i8()).collect();
    let chart = Chart::new(report, candles).plot(plot).trend(&states);
    save(path, html(&chart).as_bytes())
}

/// Writes a file whole or not at all.
pub(crate) fn save(path: &Path, bytes: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    let part = path.with_extension("part");
    std::fs::write(&part, bytes)?;
    std::fs::rename(&part, path)?;
    Ok(())
}

/// A path a person can open.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
