//! From the runs to the report, and what the report says was assumed.

use super::funding::percent as share;
use super::{Backtest, Config, FundingCoverage, IntrabarPolicy, Outcome, Report, Run, Statistics};
use crate::model::{MarginMode, Timestamp};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

impl Backtest<'_> {
    pub(super) fn assemble(
        &self,
        strategy: String,
        statistics: Statistics,
        run: Run,
        outcomes: BTreeMap<IntrabarPolicy, Outcome>,
    ) -> Report {
        let span = self.candles.timeframe().span();
        let at = |index: usize| self.candles.get(index).map_or(Timestamp::EPOCH, |candle| candle.open_time);
        let assumptions = self.assumptions(&run);
        let bound = |policy| {
            outcomes.get(&policy).cloned().unwrap_or(Outcome {
                policy,
                trades: 0,
                net_pnl: 0.0,
                final_equity: 0.0,
                max_drawdown_percent: 0.0,
                ambiguous_candles: 0,
            })
        };
        Report {
            strategy,
            instrument: self.config.instrument.id.clone(),
            timeframe: self.candles.timeframe(),
            start: at(self.traded.start),
            end: at(self.traded.end.saturating_sub(1)) + span,
            candles: self.traded.len(),
            quote: self.config.instrument.quote.clone(),
            initial_balance: self.config.initial_balance.to_f64(),
            final_equity: run.final_equity,
            policy: self.config.policy,
            pessimistic: bound(IntrabarPolicy::Pessimistic),
            optimistic: bound(IntrabarPolicy::Optimistic),
            ambiguous_candles: run.ambiguous_candles,
            statistics,
            skipped: run.skipped,
            assumptions,
            funding: run.funding,
            failures: run.failure.into_iter().collect(),
            trades: run.trades,
            equity: run.equity,
        }
    }

    fn assumptions(&self, run: &Run) -> Vec<String> {
        let config = &self.config;
        let mut lines: Vec<String> = run.failure.iter().map(ToString::to_string).collect();
        lines.extend([
            format!("taker fee {} %, maker fee {} %", percent(config.taker_fee), percent(config.maker_fee)),
            format!("slippage {} % on market and triggered fills", config.slippage_percent.normalize()),
            "limit orders fill at their price when touched, whole, without a queue".into(),
        ]);
        if self.data.mark.is_none() {
            lines.push("prices are trades; they stand for the mark price too".into());
        }
        lines.push(match &run.funding {
            Some(coverage) => funding(coverage),
            None => "no funding data: funding counts as 0 (coverage 0 %)".into(),
        });
        lines.push(margin(config));
        lines.push("inside a candle the order of events is a convention, not a proof of a bound".into());
        lines.extend(self.data.notes(self.candles, config, self.traded.clone()));
        let missing = self.candles.missing();
        if missing > 0 {
            lines.push(format!("{missing} candles are missing in the file and were not filled"));
        }
        if run.uncovered > 0 {
            let text = "exits lost more than the balance held; it was cut at 0, as a venue's insurance would";
            lines.push(format!("{} {text}", run.uncovered));
        }
        if !self.rules.is_empty() {
            lines.push(format!("{} risk rules reviewed every opening", self.rules.len()));
        }
        lines
    }
}

fn percent(fraction: Decimal) -> Decimal {
    fraction.checked_mul(Decimal::ONE_HUNDRED).unwrap_or(fraction).normalize()
}

fn margin(config: &Config) -> String {
    let mode = match config.trader.margin_mode {
        MarginMode::Isolated => "isolated",
        MarginMode::Cross => "cross",
    };
    let maintenance = match &config.maintenance_tiers {
        Some(tiers) => format!("by {} tiers", tiers.rows().len()),
        None => format!("{} % of the entry value", percent(config.maintenance_margin_rate)),
    };
    format!("leverage {} ({mode}), maintenance margin {maintenance}", config.trader.leverage)
}

/// Coverage over the whole range and over the time in position (TRADING 15.8).
fn funding(coverage: &FundingCoverage) -> String {
    let FundingCoverage { expected, known, expected_in_position, known_in_position } = *coverage;
    if expected == 0 {
        return "no funding was due in the range".into();
    }
    let mut line =
        format!("funding from data: coverage {} % ({known} of {expected} times)", share(known, expected));
    if expected_in_position > 0 {
        let held = share(known_in_position, expected_in_position);
        line += &format!(", {held} % ({known_in_position} of {expected_in_position}) while in position");
    }
    if known < expected {
        line += "; missing ones count as 0";
    }
    line
}
