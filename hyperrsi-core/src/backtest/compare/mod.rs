//! Two backtests side by side: which trades differ, why the first of them does, and what that did to the statistics.
//!
//! ```text
//! Report ──▶ Results ┐
//! JSON file ▶ Results ┴─▶ compare ─▶ Comparison ─▶ text / JSON
//! ```
//!
//! A trade is the same trade in both if it entered at the same time on the same side. Where decision records are at hand
//! ([`Results::with_records`]), the first gate that differs is named; without them, what the trades themselves show.

mod cause;
mod results;
mod text;

pub use cause::{Cause, DecisionDifference, Differs};
pub use results::{CompareError, FillRow, Results, TradeRow};

use serde::Serialize;

/// A trade that is not the same in both, or that one of them does not have.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TradeDifference {
    /// The first one's trade.
    pub a: Option<TradeRow>,
    /// The second one's trade.
    pub b: Option<TradeRow>,
    /// The first thing that differs.
    pub cause: Cause,
}

/// One statistic of both.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct StatisticPair {
    /// Its name in the JSON report, such as `net_pnl`.
    pub name: String,
    /// The first one's; `None` where it is undefined.
    pub a: Option<f64>,
    /// The second one's.
    pub b: Option<f64>,
}

impl StatisticPair {
    /// Whether both have the same value.
    pub fn is_same(&self) -> bool {
        self.a.map(f64::to_bits) == self.b.map(f64::to_bits)
    }
}

/// What differs between two results.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Comparison {
    /// Trades that are the same to the last digit.
    pub same_trades: usize,
    /// Trades that are not, in order of entry.
    pub trades: Vec<TradeDifference>,
    /// The first candle on which they decided differently, if both have records.
    pub first_decision: Option<DecisionDifference>,
    /// Every statistic.
    pub statistics: Vec<StatisticPair>,
}

impl Comparison {
    /// Whether nothing differs.
    pub fn is_same(&self) -> bool {
        self.trades.is_empty()
            && self.first_decision.is_none()
            && self.statistics.iter().all(StatisticPair::is_same)
    }
}

/// Compares two results. Trades pair up by side, role and time of entry.
///
/// ```
/// use hyperrsi_core::backtest::compare::{Results, compare};
/// use hyperrsi_core::backtest::Report;
/// use hyperrsi_core::model::{InstrumentId, Timeframe};
/// let report = Report::new("mine", InstrumentId::new("okx", "BTC-USDT-SWAP"), Timeframe::M15, "USDT", 10_000.0);
/// let results = Results::of(&report)?;
/// assert!(compare(&results, &results).is_same());
/// # Ok::<(), hyperrsi_core::backtest::compare::CompareError>(())
/// ```
pub fn compare(a: &Results, b: &Results) -> Comparison {
    let key = |trade: &TradeRow| (trade.entry_time, trade.hedge, trade.side);
    let (mut left, mut right) = (a.by_entry().into_iter().peekable(), b.by_entry().into_iter().peekable());
    let (mut same_trades, mut trades) = (0, Vec::new());
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => break,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(x), Some(y)) => key(x).cmp(&key(y)),
        };
        let x = if order.is_le() { left.next() } else { None };
        let y = if order.is_ge() { right.next() } else { None };
        let cause = match (x, y) {
            (Some(x), Some(y)) if x == y => {
                same_trades += 1;
                continue;
            }
            (Some(x), Some(y)) => cause::of_pair(x, y),
            (Some(x), None) => cause::of_missing(x, a, b),
            (None, Some(y)) => cause::of_missing(y, b, a).swapped(),
            (None, None) => break,
        };
        trades.push(TradeDifference { a: x.cloned(), b: y.cloned(), cause });
    }
    Comparison {
        same_trades,
        trades,
        first_decision: cause::first_decision(&a.records, &b.records),
        statistics: statistics(a, b),
    }
}

/// What one looks at first, then the rest by name.
const MAIN: [&str; 12] = [
    "net_pnl",
    "trades",
    "win_rate",
    "profit_factor",
    "expectancy",
    "max_drawdown",
    "sharpe",
    "sortino",
    "fees",
    "funding",
    "turnover",
    "time_in_market",
];

fn statistics(a: &Results, b: &Results) -> Vec<StatisticPair> {
    let mut names: Vec<&String> = a.statistics.keys().chain(b.statistics.keys()).collect();
    names.sort_by_key(|name| (MAIN.iter().position(|main| main == name).unwrap_or(MAIN.len()), *name));
    names.dedup();
    let of = |results: &Results, name: &String| results.statistics.get(name).copied().flatten();
    names
        .into_iter()
        .map(|name| StatisticPair { name: name.clone(), a: of(a, name), b: of(b, name) })
        .collect()
}

#[cfg(test)]
mod tests;
