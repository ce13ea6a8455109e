//! The numbers of TRADING 14.6: what trades made and what equity did meanwhile. Beside them, what to think of the best of
//! many runs ([`overfitting`]), and what the same trades might have made by other luck ([`resampling`]).

mod equity;
pub mod overfitting;
mod quantile;
mod random;
pub mod resampling;
mod trades;

pub(crate) use quantile::median;
pub use quantile::quantile;
pub use random::Random;
pub(crate) use random::mixed;

use super::EquityCurve;
use crate::position::Trade;
use equity::Course;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// Trades of one group and what they made.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Split {
    /// Number of trades.
    pub trades: usize,
    /// Trades with a net profit.
    pub wins: usize,
    /// Net profit, quote units.
    pub net_pnl: f64,
}

/// The largest fall of equity from a peak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Drawdown {
    /// Largest fall as a fraction of the peak, in percent.
    pub percent: f64,
    /// The same fall in quote units.
    pub amount: f64,
    /// Time of the peak, UTC milliseconds.
    pub start: i64,
    /// Time of the trough, UTC milliseconds.
    pub trough: i64,
    /// When the peak was reached again; `None` if it was not.
    pub recovery: Option<i64>,
}

/// The statistics of TRADING 14.6. A value is `None` where it is undefined.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Statistics {
    /// Completed trades.
    pub trades: usize,
    /// Trades with net profit above zero.
    pub wins: usize,
    /// Trades with net profit below zero.
    pub losses: usize,
    /// `wins / (wins + losses)`, 0 to 1.
    pub win_rate: Option<f64>,
    /// Net profit of all trades, quote units.
    pub net_pnl: f64,
    /// Profit before fees and funding.
    pub gross_pnl: f64,
    /// Fees paid.
    pub fees: f64,
    /// Funding received, negative if paid.
    pub funding: f64,
    /// Sum of winning net over absolute sum of losing net; `None` without losses.
    pub profit_factor: Option<f64>,
    /// Mean net profit per trade.
    pub expectancy: Option<f64>,
    /// Mean net profit in units of planned stop loss, if every trade had a stop.
    pub expectancy_r: Option<f64>,
    /// Mean net profit of winning trades.
    pub average_win: Option<f64>,
    /// Mean net loss of losing trades (negative).
    pub average_loss: Option<f64>,
    /// Best trade.
    pub largest_win: Option<f64>,
    /// Worst trade (negative).
    pub largest_loss: Option<f64>,
    /// Most wins in a row.
    pub longest_win_streak: usize,
    /// Most losses in a row.
    pub longest_loss_streak: usize,
    /// Largest drawdown of marked-to-market equity. Written as `max_drawdown`, a number in percent, and
    /// `max_drawdown_detail`, the whole.
    #[serde(flatten, serialize_with = "percent_and_detail")]
    pub max_drawdown: Drawdown,
    /// Mean over sample deviation of daily returns × √365; `None` with fewer than two returns or no deviation.
    pub sharpe: Option<f64>,
    /// Mean of daily returns over the root of the mean of squared negative returns × √365; `None` with fewer than
    /// two returns or no negative one.
    pub sortino: Option<f64>,
    /// Mean time from first entry to full exit, milliseconds.
    pub holding_mean: Option<f64>,
    /// Median holding time, milliseconds.
    pub holding_median: Option<f64>,
    /// Longest holding time, milliseconds.
    pub holding_max: Option<i64>,
    /// Share of candles with an open leg, 0 to 1.
    pub time_in_market: f64,
    /// Value of all fills, quote units.
    pub turnover: f64,
    /// By `long` and `short`.
    pub by_side: BTreeMap<String, Split>,
    /// By exit reason code.
    pub by_reason: BTreeMap<String, Split>,
    /// By number of entries.
    pub by_entries: BTreeMap<u32, Split>,
    /// By `main` and `hedge`.
    pub by_role: BTreeMap<String, Split>,
}

impl Statistics {
    /// Everything from the trades (in order of exit) and the equity curve of one run.
    ///
    /// `initial_balance` is where equity starts: the first peak, and what the first daily return is measured from.
    /// `candles_in_market` of `candles` had an open leg. Equity is read once and not copied.
    ///
    /// ```
    /// use hyperrsi_core::backtest::{EquityCurve, Statistics};
    /// let day = 86_400_000;
    /// let equity = EquityCurve { times: vec![day, 2 * day], equity: vec![110.0, 99.0] };
    /// let statistics = Statistics::of(&[], 100.0, &equity, 1, 2);
    /// assert_eq!(statistics.max_drawdown.percent, 10.0);
    /// assert_eq!(statistics.time_in_market, 0.5);
    /// assert_eq!(statistics.win_rate, None);
    /// ```
    pub fn of(
        trades: &[Trade],
        initial_balance: f64,
        equity: &EquityCurve,
        candles_in_market: usize,
        candles: usize,
    ) -> Self {
        let time_in_market = if candles == 0 { 0.0 } else { candles_in_market as f64 / candles as f64 };
        Self::joined(trades, Course::of(initial_balance, equity), time_in_market).0
    }

    /// [`Statistics::of`] a run whose equity points lie `offset` milliseconds after `times`, and the returns of its days.
    pub(in crate::backtest) fn with_days(
        trades: &[Trade],
        initial_balance: f64,
        (times, offset, equity): (&[i64], i64, &[f64]),
        candles_in_market: usize,
    ) -> (Self, Vec<f64>) {
        let course = Course::over(initial_balance, times, offset, equity);
        Self::joined(trades, course, candles_in_market as f64 / times.len().max(1) as f64)
    }

    fn joined(trades: &[Trade], course: Course, time_in_market: f64) -> (Self, Vec<f64>) {
        let statistics = Self {
            max_drawdown: course.max_drawdown,
            sharpe: course.sharpe,
            sortino: course.sortino,
            time_in_market,
            ..trades::summary(trades)
        };
        (statistics, course.daily)
    }
}

fn percent_and_detail<S: Serializer>(drawdown: &Drawdown, serializer: S) -> Result<S::Ok, S::Error> {
    let mut both = serializer.serialize_struct("Drawdown", 2)?;
    both.serialize_field("max_drawdown", &drawdown.percent)?;
    both.serialize_field("max_drawdown_detail", drawdown)?;
    both.end()
}
