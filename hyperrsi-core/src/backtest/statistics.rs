use serde::Serialize;
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
    /// Largest drawdown of marked-to-market equity.
    pub max_drawdown: Drawdown,
    /// Mean over sample deviation of daily returns × √365; `None` with fewer than two returns or no deviation.
    pub sharpe: Option<f64>,
    /// Mean of daily returns over downside deviation × √365.
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
