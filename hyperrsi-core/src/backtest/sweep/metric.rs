use crate::backtest::Tally;
use std::fmt;

/// A number by which combinations are compared, and a column of a results file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Metric {
    /// Change of equity in percent of the balance at the start.
    ReturnPercent,
    /// Net profit of all trades, quote units.
    NetPnl,
    /// Largest drawdown in percent; less is better.
    MaxDrawdownPercent,
    /// Return over largest drawdown; undefined without a drawdown.
    ReturnOverDrawdown,
    /// Yearly Sharpe ratio of daily returns.
    Sharpe,
    /// Yearly Sortino ratio of daily returns.
    Sortino,
    /// Winning net over losing net.
    ProfitFactor,
    /// Mean net profit per trade, quote units.
    Expectancy,
    /// Share of winning trades, 0 to 1.
    WinRate,
    /// Number of trades.
    Trades,
    /// Share of candles with an open leg, 0 to 1; less is better.
    TimeInMarket,
    /// Fees paid, quote units; less is better.
    Fees,
    /// Candles in which more than one order of events was possible; less is better.
    AmbiguousCandles,
    /// Equity at the end, quote units.
    FinalEquity,
}

impl Metric {
    /// Every metric, in the order of the columns.
    pub const ALL: [Self; 14] = [
        Self::ReturnPercent,
        Self::NetPnl,
        Self::MaxDrawdownPercent,
        Self::ReturnOverDrawdown,
        Self::Sharpe,
        Self::Sortino,
        Self::ProfitFactor,
        Self::Expectancy,
        Self::WinRate,
        Self::Trades,
        Self::TimeInMarket,
        Self::Fees,
        Self::AmbiguousCandles,
        Self::FinalEquity,
    ];

    /// The name in files and commands.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReturnPercent => "return_percent",
            Self::NetPnl => "net_pnl",
            Self::MaxDrawdownPercent => "max_drawdown_percent",
            Self::ReturnOverDrawdown => "return_over_drawdown",
            Self::Sharpe => "sharpe",
            Self::Sortino => "sortino",
            Self::ProfitFactor => "profit_factor",
            Self::Expectancy => "expectancy",
            Self::WinRate => "win_rate",
            Self::Trades => "trades",
            Self::TimeInMarket => "time_in_market",
            Self::Fees => "fees",
            Self::AmbiguousCandles => "ambiguous_candles",
            Self::FinalEquity => "final_equity",
        }
    }

    /// Whether a smaller number is the better one.
    pub const fn less_is_better(self) -> bool {
        matches!(self, Self::MaxDrawdownPercent | Self::TimeInMarket | Self::Fees | Self::AmbiguousCandles)
    }

    /// The number turned so that more is better.
    pub fn merit(self, value: f64) -> f64 {
        if self.less_is_better() { -value } else { value }
    }

    fn of(self, tally: &Tally) -> Option<f64> {
        let statistics = &tally.statistics;
        let drawdown = statistics.max_drawdown.percent;
        let value = match self {
            Self::ReturnPercent => Some(tally.return_percent()),
            Self::NetPnl => Some(statistics.net_pnl),
            Self::MaxDrawdownPercent => Some(drawdown),
            Self::ReturnOverDrawdown => (drawdown > 0.0).then(|| tally.return_percent() / drawdown),
            Self::Sharpe => statistics.sharpe,
            Self::Sortino => statistics.sortino,
            Self::ProfitFactor => statistics.profit_factor,
            Self::Expectancy => statistics.expectancy,
            Self::WinRate => statistics.win_rate,
            Self::Trades => Some(statistics.trades as f64),
            Self::TimeInMarket => Some(statistics.time_in_market),
            Self::Fees => Some(statistics.fees),
            Self::AmbiguousCandles => Some(tally.ambiguous_candles as f64),
            Self::FinalEquity => Some(tally.final_equity),
        };
        value.filter(|value| value.is_finite())
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for Metric {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|metric| metric.as_str() == text).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|metric| metric.as_str()).collect();
            format!("\"{text}\" is not a metric; there are {}", names.join(", "))
        })
    }
}

/// The numbers of one combination, each `None` where it is undefined.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Score {
    values: [Option<f64>; Metric::ALL.len()],
}

impl Score {
    /// The numbers of a run.
    pub fn of(tally: &Tally) -> Self {
        Self::collect(|metric| metric.of(tally))
    }

    pub(super) fn collect(value: impl Fn(Metric) -> Option<f64>) -> Self {
        Self { values: Metric::ALL.map(value) }
    }

    /// One of the numbers.
    pub fn get(&self, metric: Metric) -> Option<f64> {
        self.values.get(metric as usize).copied().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_found_by_its_name_and_keeps_its_own_number() {
        let score = Score::collect(|metric| Some(metric as usize as f64));
        for metric in Metric::ALL {
            assert_eq!(metric.as_str().parse(), Ok(metric));
            assert_eq!(score.get(metric), Some(metric as usize as f64));
        }
        assert!("best".parse::<Metric>().unwrap_err().contains("sharpe, sortino"));
    }

    #[test]
    fn an_undefined_number_is_none() {
        let tally = Tally { initial_balance: 100.0, final_equity: 110.0, ..Tally::default() };
        let score = Score::of(&tally);
        assert!((score.get(Metric::ReturnPercent).unwrap() - 10.0).abs() < 1e-9);
        assert_eq!((score.get(Metric::Sharpe), score.get(Metric::ReturnOverDrawdown)), (None, None));
    }
}
