use super::Report;
use crate::series::Candles;
use std::ops::Range;

/// What a picture of a run needs beside its [`Report`]: the candles, what was plotted over them, the trend state.
///
/// ```
/// # fn show(report: &hyperrsi_core::backtest::Report, candles: &hyperrsi_core::series::Candles, rsi: Vec<f64>) {
/// use hyperrsi_core::backtest::{Chart, Plot, html};
/// let rsi = Plot::below("RSI 14", rsi).level(30.0, "oversold").level(70.0, "overbought").between(0.0, 100.0);
/// let page: String = html(&Chart::new(report, candles).plot(rsi));
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Chart<'a> {
    pub(crate) report: &'a Report,
    pub(crate) candles: &'a Candles,
    pub(crate) range: Range<usize>,
    pub(crate) plots: Vec<Plot>,
    pub(crate) trend: &'a [i8],
    pub(crate) points: usize,
}

impl<'a> Chart<'a> {
    /// The candles between the report's start and end, nothing plotted.
    pub fn new(report: &'a Report, candles: &'a Candles) -> Self {
        let range = candles.index_at(report.start)..candles.index_at(report.end);
        let range = if range.is_empty() { 0..candles.len() } else { range };
        Self { report, candles, range, plots: Vec::new(), trend: &[], points: 5_000 }
    }

    /// Shows other candles than those of the report, by index.
    #[must_use]
    pub fn over(mut self, range: Range<usize>) -> Self {
        let end = range.end.min(self.candles.len());
        self.range = range.start.min(end)..end;
        self
    }

    /// Adds a line.
    #[must_use]
    pub fn plot(mut self, plot: Plot) -> Self {
        self.plots.push(plot);
        self
    }

    /// Shows the trend state below the candles: `2` up, `-2` down, anything else neutral. One per candle of the series.
    #[must_use]
    pub const fn trend(mut self, states: &'a [i8]) -> Self {
        self.trend = states;
        self
    }

    /// Draws at most that many candles and equity points (5 000 unless told). Beyond it, neighbours are merged: highs
    /// and lows stay true, trades are never left out.
    #[must_use]
    pub fn points(mut self, most: usize) -> Self {
        self.points = most.max(2);
        self
    }

    /// How many candles are merged into one.
    pub(crate) fn merged(&self) -> usize {
        self.range.len().div_ceil(self.points).max(1)
    }
}

/// A line of one value per candle.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Plot {
    /// What it shows, such as `RSI 14`.
    pub name: String,
    /// Where it is drawn.
    pub pane: Pane,
    /// One value per candle of the series (warm-up included), NaN where there is none; missing ones at the end count as
    /// NaN.
    pub values: Vec<f64>,
}

/// Where a [`Plot`] is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Pane {
    /// Over the candles, on their scale.
    #[default]
    Price,
    /// Below them, on a scale of its own.
    Own {
        /// Horizontal lines and their names, such as `(30.0, "oversold")`.
        levels: Vec<(f64, String)>,
        /// The ends of the scale; by what is visible if not given.
        bounds: Option<(f64, f64)>,
    },
}

impl Plot {
    /// Over the candles: an average, a band.
    pub fn over(name: impl Into<String>, values: Vec<f64>) -> Self {
        Self { name: name.into(), pane: Pane::Price, values }
    }

    /// In a pane of its own below the candles: an oscillator.
    pub fn below(name: impl Into<String>, values: Vec<f64>) -> Self {
        Self { name: name.into(), pane: Pane::Own { levels: Vec::new(), bounds: None }, values }
    }

    /// Adds a horizontal line; moves a plot over the candles into a pane of its own.
    #[must_use]
    pub fn level(mut self, value: f64, name: impl Into<String>) -> Self {
        match &mut self.pane {
            Pane::Own { levels, .. } => levels.push((value, name.into())),
            Pane::Price => self.pane = Pane::Own { levels: vec![(value, name.into())], bounds: None },
        }
        self
    }

    /// Fixes the ends of the scale; moves a plot over the candles into a pane of its own.
    #[must_use]
    pub fn between(mut self, low: f64, high: f64) -> Self {
        match &mut self.pane {
            Pane::Own { bounds, .. } => *bounds = Some((low, high)),
            Pane::Price => self.pane = Pane::Own { levels: Vec::new(), bounds: Some((low, high)) },
        }
        self
    }
}
