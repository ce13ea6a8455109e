use super::{FundingCoverage, IntrabarPolicy, Statistics, StrategyFailure};
use crate::model::{InstrumentId, Timeframe, Timestamp};
use crate::position::Trade;
use serde::Serialize;
use std::collections::BTreeMap;

/// Equity marked to market at the close of each candle, quote units, beside the times of the candles' closes.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct EquityCurve {
    /// Close times, UTC milliseconds.
    pub times: Vec<i64>,
    /// Equity, quote units.
    pub equity: Vec<f64>,
}

/// What one intrabar policy made of the same run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The policy.
    pub policy: IntrabarPolicy,
    /// Completed trades.
    pub trades: usize,
    /// Net profit of all trades, quote units.
    pub net_pnl: f64,
    /// Equity at the end.
    pub final_equity: f64,
    /// Largest drawdown in percent.
    pub max_drawdown_percent: f64,
    /// Candles in which more than one order of events was possible.
    pub ambiguous_candles: usize,
}

/// One finished backtest: what was run, on what, with which assumptions, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// Name of the strategy, such as `hyperrsi`.
    pub strategy: String,
    /// The instrument.
    pub instrument: InstrumentId,
    /// Timeframe of the candles.
    pub timeframe: Timeframe,
    /// Open time of the first traded candle.
    pub start: Timestamp,
    /// Close time of the last traded candle.
    pub end: Timestamp,
    /// Number of traded candles, warm-up included.
    pub candles: usize,
    /// The quote currency all amounts are in.
    pub quote: String,
    /// Balance at the start.
    pub initial_balance: f64,
    /// Equity at the end, marked to market.
    pub final_equity: f64,
    /// The intrabar policy that trades and equity below follow.
    pub policy: IntrabarPolicy,
    /// The result under `pessimistic`.
    pub pessimistic: Outcome,
    /// The result under `optimistic`.
    pub optimistic: Outcome,
    /// Candles in which more than one order of events was possible, under the chosen policy.
    pub ambiguous_candles: usize,
    /// The statistics of the chosen policy.
    pub statistics: Statistics,
    /// Openings that were decided but not made, by reason code.
    pub skipped: BTreeMap<String, u64>,
    /// How much of the funding that was due the data knew; `None` without funding data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub funding: Option<FundingCoverage>,
    /// Strategies that panicked: from then on they were not asked any more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<StrategyFailure>,
    /// What the run assumed (fees, slippage, missing funding, ...), one sentence each.
    pub assumptions: Vec<String>,
    /// Every completed trade, in order of exit.
    pub trades: Vec<Trade>,
    /// Marked-to-market equity at each close.
    #[serde(skip)]
    pub equity: EquityCurve,
}

impl Report {
    /// A run in which nothing happened yet: no candles, no trades, equity as at the start. Fill in its fields; useful to
    /// print or draw results that come from elsewhere.
    ///
    /// ```
    /// use hyperrsi_core::backtest::{Report, text};
    /// use hyperrsi_core::model::{InstrumentId, Timeframe};
    /// let instrument = InstrumentId::new("okx", "BTC-USDT-SWAP");
    /// let mut report = Report::new("mine", instrument, Timeframe::M15, "USDT", 10_000.0);
    /// report.final_equity = 10_250.0;
    /// assert!(text(&report, 80, false).contains("+250.00 USDT"));
    /// ```
    pub fn new(
        strategy: impl Into<String>,
        instrument: InstrumentId,
        timeframe: Timeframe,
        quote: impl Into<String>,
        initial_balance: f64,
    ) -> Self {
        let outcome = |policy| Outcome {
            policy,
            trades: 0,
            net_pnl: 0.0,
            final_equity: initial_balance,
            max_drawdown_percent: 0.0,
            ambiguous_candles: 0,
        };
        Self {
            strategy: strategy.into(),
            instrument,
            timeframe,
            start: Timestamp::EPOCH,
            end: Timestamp::EPOCH,
            candles: 0,
            quote: quote.into(),
            initial_balance,
            final_equity: initial_balance,
            policy: IntrabarPolicy::default(),
            pessimistic: outcome(IntrabarPolicy::Pessimistic),
            optimistic: outcome(IntrabarPolicy::Optimistic),
            ambiguous_candles: 0,
            statistics: Statistics::default(),
            skipped: BTreeMap::new(),
            assumptions: Vec::new(),
            funding: None,
            failures: Vec::new(),
            trades: Vec::new(),
            equity: EquityCurve::default(),
        }
    }

    /// The result under each policy that a reader must see: pessimistic first, optimistic last, the chosen one between
    /// them if it is neither.
    pub fn outcomes(&self) -> Vec<Outcome> {
        let chosen = Outcome {
            policy: self.policy,
            trades: self.statistics.trades,
            net_pnl: self.final_equity - self.initial_balance,
            final_equity: self.final_equity,
            max_drawdown_percent: self.statistics.max_drawdown.percent,
            ambiguous_candles: self.ambiguous_candles,
        };
        let mut all = vec![self.pessimistic.clone(), self.optimistic.clone()];
        if all.iter().all(|outcome| outcome.policy != self.policy) {
            all.insert(1, chosen);
        }
        all
    }
}
