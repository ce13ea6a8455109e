use super::data::{Data, Feed};
use super::drive::State;
use super::engine::{Engine, Fact};
use super::failure::{Silent, caught};
use super::intrabar::Walk;
use super::{
    BacktestError, Config, EquityCurve, FundingCoverage, IntrabarPolicy, Outcome, Report, Statistics,
    StrategyFailure,
};
use crate::account::Account;
use crate::model::{AccountId, Amount, TraderId};
use crate::position::Trade;
use crate::risk::RiskManager;
use crate::series::{Candles, FundingRates};
use crate::sim::{Venue, VenueConfig};
use crate::strategy::{DecisionRecord, Needs, Strategy};
use crate::trader::Trader;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// What one run under one policy made.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Run {
    /// Completed trades, in order of exit.
    pub trades: Vec<Trade>,
    /// Marked-to-market equity at each close.
    pub equity: EquityCurve,
    /// Openings that were decided but not made, by reason code.
    pub skipped: BTreeMap<String, u64>,
    /// Candles in which more than one order of events was possible.
    pub ambiguous_candles: usize,
    /// Candles at whose close a leg was open.
    pub candles_in_market: usize,
    /// Equity at the end.
    pub final_equity: f64,
    /// Decision records of the range asked for.
    pub records: Vec<DecisionRecord>,
    /// Records of what was done between the candles of that range: stops moved, closes, repairs.
    pub actions: Vec<DecisionRecord>,
    /// How much of the funding that was due the data knew; `None` without funding data.
    pub funding: Option<FundingCoverage>,
    /// Fills whose loss was cut because it would have taken the balance below zero.
    pub uncovered: u64,
    /// Where the strategy panicked, if it did: from then on it was not asked any more, and exits went on.
    pub failure: Option<StrategyFailure>,
}

/// A backtest: candles, assumptions, and as many runs over them as wanted.
///
/// ```
/// use hyperrsi_core::backtest::{Backtest, Config};
/// use hyperrsi_core::model::{Candle, Instrument, InstrumentId, Timeframe, Timestamp};
/// use hyperrsi_core::series::Candles;
/// use hyperrsi_core::strategy::Threshold;
/// let mut candles = Candles::new(Timeframe::M1);
/// for minute in 0..500_i64 {
///     let price = 100.0 + 10.0 * (minute as f64 / 9.0).sin();
///     let open_time = Timestamp::from_millis(minute * 60_000);
///     candles.push(Candle::new(open_time, price, price + 0.5, price - 0.5, price, 1.0))?;
/// }
/// let instrument = Instrument::linear(InstrumentId::new("sim", "BTCUSDT"), "BTC", "USDT");
/// let backtest = Backtest::new(&candles, Config::new(instrument))?;
/// let run = backtest.run(&mut Threshold::new(Timeframe::M1, 14)?)?;
/// assert!(!run.trades.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Backtest<'a> {
    pub(super) candles: &'a Candles,
    pub(super) config: Config,
    pub(super) traded: std::ops::Range<usize>,
    pub(super) data: Data<'a>,
    pub(super) rules: Vec<Arc<dyn RiskManager>>,
}

impl std::fmt::Debug for Backtest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Backtest")
            .field("config", &self.config)
            .field("traded", &self.traded)
            .field("rules", &self.rules.len())
            .finish_non_exhaustive()
    }
}

impl<'a> Backtest<'a> {
    /// Checks the assumptions and the range.
    ///
    /// # Errors
    /// [`BacktestError`] names the first setting that makes no sense.
    pub fn new(candles: &'a Candles, config: Config) -> Result<Self, BacktestError> {
        config.validate()?;
        let (Some(first), Some(last)) = (candles.first_open_time(), candles.last_open_time()) else {
            return Err(BacktestError::NoCandles);
        };
        let from = config.start.map_or(0, |start| candles.index_at(start));
        let to = config.end.map_or(candles.len(), |end| candles.index_at(end));
        if from >= to {
            return Err(BacktestError::EmptyRange {
                start: config.start.unwrap_or(first),
                end: config.end.unwrap_or(last),
                first,
                last,
            });
        }
        Ok(Self { candles, config, traded: from..to, data: Data::default(), rules: Vec::new() })
    }

    /// Gives candles of a further timeframe: read where a strategy needs that timeframe, in place of candles built from
    /// the traded ones, and by [`Config::detail_timeframe`]. Timeframes shorter than the traded one can only be had this
    /// way; a strategy hears of them at the close of the traded candle they lie in.
    ///
    /// ```
    /// use hyperrsi_core::backtest::{Backtest, Config};
    /// use hyperrsi_core::model::{Candle, Instrument, InstrumentId, Timeframe, Timestamp};
    /// use hyperrsi_core::series::{Candles, aggregate::resample};
    /// let mut minutes = Candles::new(Timeframe::M1);
    /// for n in 0..300_i64 {
    ///     minutes.push(Candle::new(Timestamp::from_millis(n * 60_000), 100.0, 101.0, 99.0, 100.0, 1.0))?;
    /// }
    /// let hours = resample(&minutes, Timeframe::H1)?;
    /// let mut config = Config::new(Instrument::linear(InstrumentId::new("sim", "BTCUSDT"), "BTC", "USDT"));
    /// config.detail_timeframe = Some(Timeframe::M1);
    /// let backtest = Backtest::new(&hours, config)?.with_series(&minutes);
    /// # let _ = backtest;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_series(mut self, candles: &'a Candles) -> Self {
        self.data.series.retain(|given| given.timeframe() != candles.timeframe());
        self.data.series.push(candles);
        self
    }

    /// Gives mark-price candles, of the traded timeframe (of the detail timeframe, if there is one) or finer: stops that
    /// watch the mark price, and liquidation, follow them.
    #[must_use]
    pub const fn with_mark(mut self, candles: &'a Candles) -> Self {
        self.data.mark = Some(candles);
        self
    }

    /// Gives funding rates. Times without one count as 0, and the report says how many.
    #[must_use]
    pub const fn with_funding(mut self, rates: &'a FundingRates) -> Self {
        self.data.funding = Some(rates);
        self
    }

    /// Adds a rule that every opening has to pass.
    ///
    /// ```
    /// # use hyperrsi_core::backtest::{Backtest, BacktestError};
    /// use hyperrsi_core::model::{Amount, Percent};
    /// use hyperrsi_core::risk::{DailyLossLimit, MaxDrawdown};
    /// use rust_decimal_macros::dec;
    /// # fn guard(backtest: Backtest<'_>) {
    /// let guarded = backtest
    ///     .with_risk(DailyLossLimit::amount(Amount::new(dec!(250))))
    ///     .with_risk(MaxDrawdown(Percent::new(dec!(20))));
    /// # let _ = guarded; }
    /// ```
    #[must_use]
    pub fn with_risk(mut self, rule: impl RiskManager + 'static) -> Self {
        self.rules.push(Arc::new(rule));
        self
    }

    /// What the runs assume.
    pub const fn config(&self) -> &Config {
        &self.config
    }
    /// Indices of the candles that are traded.
    pub fn traded(&self) -> std::ops::Range<usize> {
        self.traded.clone()
    }

    /// One run under the configured policy.
    ///
    /// # Errors
    /// [`BacktestError`] when the strategy's needs cannot be met or a number leaves the range of a decimal.
    pub fn run<S: Strategy + ?Sized>(&self, strategy: &mut S) -> Result<Run, BacktestError> {
        self.run_policy(strategy, self.config.policy, &|_| {})
    }

    /// One run under a stated policy. `progress` is told now and then how many candles are done.
    ///
    /// # Errors
    /// As [`Backtest::run`].
    pub fn run_policy<S: Strategy + ?Sized>(
        &self,
        strategy: &mut S,
        policy: IntrabarPolicy,
        progress: &dyn Fn(usize),
    ) -> Result<Run, BacktestError> {
        let mut run = self.run_in(strategy, policy, progress, Vec::new())?;
        let span = self.span().millis();
        run.equity.times.extend(self.open_times().iter().map(|open| open + span));
        Ok(run)
    }

    /// [`Backtest::run_policy`], its equity in `room`, which is cleared first, and without the times of its points.
    pub(super) fn run_in<S: Strategy + ?Sized>(
        &self,
        strategy: &mut S,
        policy: IntrabarPolicy,
        progress: &dyn Fn(usize),
        room: Vec<f64>,
    ) -> Result<Run, BacktestError> {
        self.run_taped(strategy, policy, progress, room, false).map(|(run, _)| run)
    }

    /// The same, and what market and venue did, if asked for.
    pub(crate) fn run_taped<S: Strategy + ?Sized>(
        &self,
        strategy: &mut S,
        policy: IntrabarPolicy,
        progress: &dyn Fn(usize),
        mut room: Vec<f64>,
        taped: bool,
    ) -> Result<(Run, Vec<(crate::model::Timestamp, Fact)>), BacktestError> {
        self.check()?;
        let needs = caught(|| strategy.needs()).map_err(BacktestError::Needs)?;
        let feed = self.feed(&needs)?;
        let config = &self.config;
        let mut account = Account::new(AccountId::new("backtest"), config.initial_balance, config.taker_fee);
        for rule in &self.rules {
            account.add_risk_manager(Box::new(Arc::clone(rule)));
        }
        let mut state = self.state(&feed, policy, &mut account)?;
        state.engine.account = account;
        state.engine.tape = taped.then(Vec::new);
        room.clear();
        room.reserve(self.traded.len());
        state.run.equity.equity = room;
        let mut from = 0;
        loop {
            let failed = state.run.failure.is_some();
            let driven = catch_unwind(AssertUnwindSafe(|| match failed {
                false => state.drive(strategy, from, progress),
                true => state.drive(&mut Silent, from, progress),
            }));
            match driven {
                Ok(done) => break done?,
                Err(panic) => {
                    let index = state.failed(panic)?;
                    from = state.after_failure(index)?;
                }
            }
        }
        let tape = state.engine.tape.take().unwrap_or_default();
        let last = state.end()?;
        let (fixed, quantity) = state.engine.account.equity_parts(state.engine.slot);
        let mut run = state.finish_untimed();
        if let Some(candle) = last {
            run.final_equity = fixed + quantity * candle.close;
            if let Some(last) = run.equity.equity.last_mut() {
                *last = run.final_equity;
            }
        }
        Ok((run, tape))
    }

    /// The statistics of one run.
    pub(super) fn statistics(&self, run: &Run) -> Statistics {
        let initial = self.config.initial_balance.to_f64();
        Statistics::of(&run.trades, initial, &run.equity, run.candles_in_market, self.traded.len())
    }

    /// Checks the data that was given against the candles.
    pub(super) fn check(&self) -> Result<(), BacktestError> {
        self.data.check(self.candles, &self.config)
    }

    /// What a run of a strategy with these needs reads.
    pub(super) fn feed(&self, needs: &Needs) -> Result<Feed<'a>, BacktestError> {
        self.data.feed(self.candles, &self.config, self.traded.clone(), needs)
    }

    /// A run before its first candle, registered with an account but without it.
    pub(super) fn state<'f>(
        &self,
        feed: &'f Feed<'f>,
        policy: IntrabarPolicy,
        account: &mut Account,
    ) -> Result<State<'f>, BacktestError> {
        let config = &self.config;
        let slot =
            account.register(config.instrument.clone(), config.trader.leverage, config.trader.margin_mode)?;
        let id = TraderId::new(format!("backtest:{}", config.instrument.id.symbol));
        let mut trading = config.trader.clone();
        // A level fills at its price, whether its order rested before or was sent when it was touched (TRADING 7.10).
        trading.venue.locks_quantity = false;
        let mut trader = Trader::new(id, config.instrument.clone(), trading);
        if config.trace_protection {
            trader = trader.tracing_protection();
        }
        let venue = Venue::new(
            config.instrument.clone(),
            VenueConfig {
                taker_fee: config.taker_fee,
                maker_fee: config.maker_fee,
                slippage_percent: config.slippage_percent,
                maintenance_margin_rate: config.maintenance_margin_rate,
                maintenance_tiers: config.maintenance_tiers.clone(),
                leverage: config.trader.leverage,
                margin_mode: config.trader.margin_mode,
                balance: config.initial_balance,
            },
        );
        let nobody = Account::new(AccountId::new("nobody"), Amount::ZERO, Decimal::ZERO);
        let engine = Engine::new(trader, nobody, slot, venue);
        let walk = Walk { policy, ambiguous: 0 };
        Ok(State::new(engine, feed, walk, config, !self.rules.is_empty()))
    }

    /// Runs the configured policy and both bounds, two at a time, and puts the report together. `make` builds the strategy
    /// for each run; `progress` is told how many candles of all runs are done and how many there are.
    ///
    /// # Errors
    /// As [`Backtest::run`].
    pub fn report<S: Strategy>(
        &self,
        make: impl Fn() -> S + Sync,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Report, BacktestError> {
        let strategy = make();
        let name = strategy.id().as_str().to_owned();
        let (chosen, run, outcomes) = self.runs(&make, progress)?;
        let mut report = self.assemble(name, chosen, run, outcomes);
        report.assumptions.extend(self.data.unavailable(self.candles, &strategy.needs()));
        Ok(report)
    }

    /// [`Backtest::report`] of a strategy that can be copied, without telling progress: each run starts from a copy of
    /// `strategy` as it is.
    ///
    /// # Errors
    /// As [`Backtest::run`].
    pub fn report_of<S: Strategy + Clone + Sync>(&self, strategy: &S) -> Result<Report, BacktestError> {
        self.report(|| strategy.clone(), &|_, _| {})
    }

    fn runs<S: Strategy>(
        &self,
        make: &(impl Fn() -> S + Sync),
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<(Statistics, Run, BTreeMap<IntrabarPolicy, Outcome>), BacktestError> {
        let mut policies = vec![self.config.policy];
        for bound in [IntrabarPolicy::Pessimistic, IntrabarPolicy::Optimistic] {
            if !policies.contains(&bound) {
                policies.push(bound);
            }
        }
        let total = policies.len() * self.traded.end;
        let done = std::sync::atomic::AtomicUsize::new(0);
        let one = |policy: IntrabarPolicy| -> Result<(Run, Statistics, Outcome), BacktestError> {
            let seen = std::cell::Cell::new(0);
            let tick = |candles: usize| {
                let step = candles.saturating_sub(seen.replace(candles));
                let all = done.fetch_add(step, std::sync::atomic::Ordering::Relaxed) + step;
                progress(all, total);
            };
            let mut strategy = make();
            let run = self.run_policy(&mut strategy, policy, &tick)?;
            let statistics = self.statistics(&run);
            let outcome = Outcome {
                policy,
                trades: run.trades.len(),
                net_pnl: statistics.net_pnl,
                final_equity: run.final_equity,
                max_drawdown_percent: statistics.max_drawdown.percent,
                ambiguous_candles: run.ambiguous_candles,
            };
            Ok((run, statistics, outcome))
        };
        let mut outcomes = BTreeMap::new();
        let mut chosen = None;
        for pair in policies.chunks(2) {
            let results: Vec<_> = std::thread::scope(|scope| {
                let workers: Vec<_> = pair
                    .iter()
                    .skip(1)
                    .map(|policy| scope.spawn(|| one(*policy).map(|r| (*policy, r))))
                    .collect();
                let mut results: Vec<_> =
                    pair.iter().take(1).map(|policy| one(*policy).map(|r| (*policy, r))).collect();
                results.extend(workers.into_iter().filter_map(|worker| worker.join().ok()));
                results
            });
            for result in results {
                let (policy, (run, statistics, outcome)) = result?;
                outcomes.insert(policy, outcome);
                if policy == self.config.policy {
                    chosen = Some((statistics, run));
                }
            }
        }
        let Some((statistics, run)) = chosen else { return Err(BacktestError::NoCandles) };
        Ok((statistics, run, outcomes))
    }
}
