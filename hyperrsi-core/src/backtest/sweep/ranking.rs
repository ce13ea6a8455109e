use super::{Metric, Row, Score, Space};
use std::collections::{BTreeMap, BinaryHeap};
use std::fmt::Write;

/// The best rows by a metric, and what became of the others. Holds at most as many rows as asked for.
#[derive(Clone, Debug)]
pub struct Ranking {
    metric: Metric,
    most: usize,
    least_trades: usize,
    best: BinaryHeap<Entry>,
    finished: u64,
    unranked: u64,
    invalid: BTreeMap<String, (u64, String)>,
}

/// A ranked combination.
#[derive(Clone, Debug)]
pub struct Entry {
    merit: f64,
    /// Number of the combination.
    pub combo: u64,
    /// Its numbers.
    pub score: Score,
}

impl Ord for Entry {
    /// Worse is greater, so that the heap gives up the worst first. Equals are ordered by number.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.merit.total_cmp(&self.merit).then(self.combo.cmp(&other.combo))
    }
}
impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Entry {}

impl Ranking {
    /// Keeps the `most` best rows by `metric`.
    pub const fn new(metric: Metric, most: usize) -> Self {
        Self {
            metric,
            most,
            least_trades: 1,
            best: BinaryHeap::new(),
            finished: 0,
            unranked: 0,
            invalid: BTreeMap::new(),
        }
    }

    /// Ranks only rows with at least that many trades; 1 unless told.
    #[must_use]
    pub const fn least_trades(mut self, trades: usize) -> Self {
        self.least_trades = trades;
        self
    }

    /// The metric's value of a row if it may be ranked: enough trades, and defined.
    pub fn value(&self, score: &Score) -> Option<f64> {
        let trades = score.get(Metric::Trades).unwrap_or_default();
        score.get(self.metric).filter(|_| trades >= self.least_trades as f64)
    }

    /// Takes a row into account.
    pub fn offer(&mut self, row: &Row) {
        self.finished += 1;
        match &row.outcome {
            Err(invalid) => {
                let (count, _) =
                    self.invalid.entry(invalid.code.clone()).or_insert_with(|| (0, invalid.message.clone()));
                *count += 1;
            }
            Ok(score) => match self.value(score) {
                Some(value) => {
                    let merit = self.metric.merit(value);
                    self.best.push(Entry { merit, combo: row.combo, score: score.clone() });
                    if self.best.len() > self.most {
                        self.best.pop();
                    }
                }
                None => self.unranked += 1,
            },
        }
    }

    /// The metric.
    pub const fn metric(&self) -> Metric {
        self.metric
    }
    /// Rows taken into account.
    pub const fn finished(&self) -> u64 {
        self.finished
    }
    /// Rows with too few trades, or whose metric is undefined.
    pub const fn unranked(&self) -> u64 {
        self.unranked
    }
    /// Combinations that could not be run: how many by code, with the message of one.
    pub const fn invalid(&self) -> &BTreeMap<String, (u64, String)> {
        &self.invalid
    }
    /// The best rows, the best first.
    pub fn best(&self) -> Vec<&Entry> {
        let mut best: Vec<&Entry> = self.best.iter().collect();
        best.sort_unstable();
        best
    }

    /// The best rows as a table for the terminal, and what became of the others.
    pub fn text(&self, space: &Space) -> String {
        let mut columns = vec![self.metric];
        for metric in [
            Metric::ReturnPercent,
            Metric::MaxDrawdownPercent,
            Metric::Sharpe,
            Metric::ProfitFactor,
            Metric::Trades,
            Metric::WinRate,
        ] {
            if metric != self.metric {
                columns.push(metric);
            }
        }
        let axes = space.axes().iter().map(|axis| axis.key().to_owned());
        let heads = columns.iter().map(|metric| metric.as_str().to_owned());
        let mut lines: Vec<Vec<String>> =
            vec![std::iter::once("#".to_owned()).chain(axes).chain(heads).collect()];
        for (place, entry) in self.best().into_iter().enumerate() {
            let mut line = vec![(place + 1).to_string()];
            line.extend(space.values(entry.combo).into_iter().map(str::to_owned));
            line.extend(columns.iter().map(|metric| shown(*metric, entry.score.get(*metric))));
            lines.push(line);
        }
        let mut widths: Vec<usize> = Vec::new();
        for line in &lines {
            widths.resize(widths.len().max(line.len()), 0);
            for (width, cell) in widths.iter_mut().zip(line) {
                *width = cell.chars().count().max(*width);
            }
        }
        let mut out = String::new();
        for line in &lines {
            let cells: Vec<String> =
                line.iter().zip(&widths).map(|(cell, width)| format!("{cell:>width$}")).collect();
            let _ = writeln!(out, "{}", cells.join("  "));
        }
        if self.best.is_empty() {
            let _ = writeln!(out, "nothing to rank");
        }
        let _ = writeln!(out, "\n{} combinations", self.finished);
        if self.unranked > 0 {
            let (count, least) = (self.unranked, self.least_trades);
            let _ =
                writeln!(out, "{count} not ranked: fewer than {least} trades, or {} undefined", self.metric);
        }
        for (code, (count, example)) in &self.invalid {
            let _ = writeln!(out, "{count} not run, {code}: for one, {example}");
        }
        out
    }
}

/// A number in as many digits as its metric deserves; a dash where there is none.
pub(crate) fn shown(metric: Metric, value: Option<f64>) -> String {
    let Some(value) = value else { return "–".into() };
    match metric {
        Metric::Trades | Metric::AmbiguousCandles => format!("{value:.0}"),
        Metric::WinRate | Metric::TimeInMarket => format!("{value:.3}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backtest::sweep::Invalid;

    fn row(combo: u64, drawdown: f64, trades: f64) -> Row {
        let outcome = Ok(Score::collect(|metric| match metric {
            Metric::MaxDrawdownPercent => Some(drawdown),
            Metric::Trades => Some(trades),
            _ => None,
        }));
        Row { combo, outcome }
    }

    #[test]
    fn the_best_are_kept_whatever_the_order_they_came_in() {
        let mut rows = [
            row(0, 5.0, 9.0),
            row(1, 3.0, 9.0),
            row(2, 1.0, 4.0), // too few trades
            row(3, 3.0, 9.0), // as good as 1, numbered after it
            row(4, 9.0, 9.0),
            Row { combo: 5, outcome: Err(Invalid::new("range", "too much")) },
        ];
        for _ in 0..rows.len() {
            rows.rotate_left(1);
            let mut ranking = Ranking::new(Metric::MaxDrawdownPercent, 3).least_trades(5);
            rows.iter().for_each(|row| ranking.offer(row));
            let best: Vec<u64> = ranking.best().iter().map(|entry| entry.combo).collect();
            assert_eq!(best, [1, 3, 0]);
            assert_eq!((ranking.finished(), ranking.unranked()), (6, 1));
            assert_eq!(ranking.invalid()["range"], (1, "too much".into()));
        }
    }
}
