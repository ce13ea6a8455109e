//! What came of a portfolio: each instrument, and the account they share.

use super::super::export::Document;
use super::super::{
    Backtest, BacktestError, EquityCurve, IntrabarPolicy, Outcome, Report, Run, Split, Statistics,
};
use super::pass::{self, Passed};
use super::{Portfolio, PortfolioConfig};
use crate::position::Trade;
use serde::Serialize;
use std::collections::BTreeMap;
use std::{fmt, io};

/// One finished portfolio run.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PortfolioReport {
    /// Each instrument in order of adding, with its own trades and statistics. Its equity is the account's balance at the
    /// start plus what the instrument alone made of it.
    pub legs: Vec<Report>,
    /// The quote currency all amounts are in.
    pub quote: String,
    /// Balance at the start.
    pub initial_balance: f64,
    /// Equity of the account at the end, marked to market.
    pub final_equity: f64,
    /// The intrabar policy that legs, statistics and equity follow.
    pub policy: IntrabarPolicy,
    /// The result of the account under `pessimistic`.
    pub pessimistic: Outcome,
    /// The result of the account under `optimistic`.
    pub optimistic: Outcome,
    /// Statistics of all trades and of the account's equity.
    pub statistics: Statistics,
    /// Trades, wins and net of each instrument.
    pub by_symbol: BTreeMap<String, Split>,
    /// Openings that were decided but not made, by reason code, over all instruments.
    pub skipped: BTreeMap<String, u64>,
    /// What the run assumed beyond what each leg says.
    pub assumptions: Vec<String>,
    /// The account's equity at each time a candle closed.
    pub equity: EquityCurve,
}

/// A strategy's name and what the pass made of each leg.
pub(super) fn of(
    portfolio: &Portfolio<'_>,
    tests: &[Backtest<'_>],
    config: &PortfolioConfig,
) -> Result<PortfolioReport, BacktestError> {
    let mut outcomes: BTreeMap<IntrabarPolicy, Outcome> = BTreeMap::new();
    let mut leg_outcomes: Vec<BTreeMap<IntrabarPolicy, Outcome>> = vec![BTreeMap::new(); tests.len()];
    let mut policies = vec![IntrabarPolicy::Pessimistic, IntrabarPolicy::Optimistic];
    policies.retain(|policy| *policy != config.policy);
    policies.push(config.policy); // the chosen one last: its pass is kept
    let mut chosen = None;
    for policy in policies {
        let passed = pass::run(portfolio, tests, config, policy)?;
        let trades = merged(&passed.runs);
        let statistics = total(&passed, &trades, config);
        let ambiguous = passed.runs.iter().map(|run| run.ambiguous_candles).sum();
        outcomes.insert(policy, outcome(policy, &statistics, passed.final_equity, ambiguous));
        let legs: Vec<Statistics> =
            passed.runs.iter().zip(tests).map(|(run, test)| test.statistics(run)).collect();
        for ((run, statistics), outcomes) in passed.runs.iter().zip(&legs).zip(&mut leg_outcomes) {
            outcomes.insert(policy, outcome(policy, statistics, run.final_equity, run.ambiguous_candles));
        }
        chosen = Some((passed, statistics, legs));
    }
    let (Some((passed, statistics, leg_statistics)), Some(pessimistic), Some(optimistic)) = (
        chosen,
        outcomes.get(&IntrabarPolicy::Pessimistic).cloned(),
        outcomes.get(&IntrabarPolicy::Optimistic).cloned(),
    ) else {
        return Err(BacktestError::EmptyPortfolio);
    };
    let mut by_symbol: BTreeMap<String, Split> = BTreeMap::new();
    let mut skipped: BTreeMap<String, u64> = BTreeMap::new();
    let mut legs = Vec::with_capacity(tests.len());
    let all = portfolio.legs.iter().zip(tests).zip(passed.runs).zip(leg_statistics).zip(leg_outcomes);
    for ((((leg, test), run), statistics), outcomes) in all {
        let split = by_symbol.entry(leg.instrument.id.symbol.to_string()).or_default();
        split.trades += statistics.trades;
        split.wins += statistics.wins;
        split.net_pnl += statistics.net_pnl;
        for (reason, count) in &run.skipped {
            *skipped.entry(reason.clone()).or_default() += count;
        }
        let strategy = (leg.make)();
        let mut report = test.assemble(strategy.id().as_str().to_owned(), statistics, run, outcomes);
        report.assumptions.extend(test.data.unavailable(test.candles, &strategy.needs()));
        legs.push(report);
    }
    Ok(PortfolioReport {
        quote: legs.first().map(|leg| leg.quote.clone()).unwrap_or_default(),
        legs,
        initial_balance: config.initial_balance.to_f64(),
        final_equity: passed.final_equity,
        policy: config.policy,
        pessimistic,
        optimistic,
        statistics,
        by_symbol,
        skipped,
        assumptions: assumptions(portfolio),
        equity: passed.equity,
    })
}

fn assumptions(portfolio: &Portfolio<'_>) -> Vec<String> {
    let mut lines = vec![
        format!(
            "{} instruments share balance and margin; equal times in order of adding",
            portfolio.legs.len()
        ),
        "in cross margin, inside a candle, the other instruments stand at the price that hurts most".into(),
    ];
    if !portfolio.rules.is_empty() {
        lines.push(format!("{} risk rules reviewed every opening of the account", portfolio.rules.len()));
    }
    lines
}

/// Trades of all instruments in order of exit, those of one time in order of adding.
fn merged(runs: &[Run]) -> Vec<Trade> {
    let mut trades: Vec<Trade> = runs.iter().flat_map(|run| run.trades.iter().cloned()).collect();
    trades.sort_by_key(|trade| trade.exit_time);
    trades
}

fn total(passed: &Passed, trades: &[Trade], config: &PortfolioConfig) -> Statistics {
    let points = passed.equity.equity.len();
    Statistics::of(trades, config.initial_balance.to_f64(), &passed.equity, passed.in_market, points)
}

fn outcome(policy: IntrabarPolicy, statistics: &Statistics, equity: f64, ambiguous: usize) -> Outcome {
    Outcome {
        policy,
        trades: statistics.trades,
        net_pnl: statistics.net_pnl,
        final_equity: equity,
        max_drawdown_percent: statistics.max_drawdown.percent,
        ambiguous_candles: ambiguous,
    }
}

impl fmt::Display for PortfolioReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let net = self.final_equity - self.initial_balance;
        let quote = &self.quote;
        writeln!(f, "portfolio of {}, {} fills", self.legs.len(), self.policy)?;
        writeln!(f, "net result    {net:+.2} {quote} ({:+.2} %)", 100.0 * net / self.initial_balance)?;
        writeln!(f, "max drawdown  {:.2} %", self.statistics.max_drawdown.percent)?;
        for bound in [&self.pessimistic, &self.optimistic] {
            let net = bound.final_equity - self.initial_balance;
            writeln!(f, "{:<13} {net:+.2} {quote}, {} trades", bound.policy, bound.trades)?;
        }
        writeln!(
            f,
            "\n{:<24} {:<12} {:>7} {:>14} {:>9} {:>9}",
            "instrument", "strategy", "trades", "net", "fees", "funding"
        )?;
        for leg in &self.legs {
            let s = &leg.statistics;
            writeln!(
                f,
                "{:<24} {:<12} {:>7} {:>+14.2} {:>9.2} {:>9.2}",
                leg.instrument.to_string(),
                leg.strategy,
                s.trades,
                s.net_pnl,
                s.fees,
                s.funding
            )?;
        }
        for (reason, count) in &self.skipped {
            writeln!(f, "{count} openings skipped: {reason}")?;
        }
        for failure in self.legs.iter().flat_map(|leg| &leg.failures) {
            writeln!(f, "{failure}")?;
        }
        Ok(())
    }
}

#[derive(Serialize)]
struct Whole<'a> {
    quote: &'a str,
    initial_balance: f64,
    final_equity: f64,
    policy: IntrabarPolicy,
    pessimistic: &'a Outcome,
    optimistic: &'a Outcome,
    statistics: &'a Statistics,
    by_symbol: &'a BTreeMap<String, Split>,
    skipped: &'a BTreeMap<String, u64>,
    assumptions: &'a [String],
    legs: Vec<Document<'a>>,
}

/// Writes a portfolio report as JSON: the account's result, and `legs`, each as [`write_json`](super::super::write_json)
/// writes a single one. Same report, same bytes.
///
/// # Errors
/// Whatever `out` fails with.
pub fn write_portfolio_json(report: &PortfolioReport, out: impl io::Write) -> io::Result<()> {
    let whole = Whole {
        quote: &report.quote,
        initial_balance: report.initial_balance,
        final_equity: report.final_equity,
        policy: report.policy,
        pessimistic: &report.pessimistic,
        optimistic: &report.optimistic,
        statistics: &report.statistics,
        by_symbol: &report.by_symbol,
        skipped: &report.skipped,
        assumptions: &report.assumptions,
        legs: report.legs.iter().map(Document::of).collect(),
    };
    let mut out = io::BufWriter::new(out);
    serde_json::to_writer(&mut out, &whole)?;
    io::Write::write_all(&mut out, b"\n")?;
    io::Write::flush(&mut out)
}
