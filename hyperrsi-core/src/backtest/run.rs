use super::engine::{Engine, Fact};
use super::intrabar::{Walk, quiet};
use super::{BacktestError, Config, EquityCurve, IntrabarPolicy, Outcome, Report, Statistics};
use crate::account::Account;
use crate::model::{AccountId, Overflow, PositionSide, Timestamp, TraderId};
use crate::position::{ExitReason, Trade};
use crate::series::aggregate::resample;
use crate::series::{Candles, History};
use crate::sim::{Venue, VenueConfig};
use crate::strategy::{DecisionRecord, Needs, Strategy};
use crate::trader::{Command, Input, Trader};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

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
#[derive(Clone, Debug)]
pub struct Backtest<'a> {
    candles: &'a Candles,
    config: Config,
    traded: std::ops::Range<usize>,
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
        Ok(Self { candles, config, traded: from..to })
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
        self.run_taped(strategy, policy, progress, false).map(|(run, _)| run)
    }

    /// The same, and what market and venue did, if asked for.
    pub(crate) fn run_taped<S: Strategy + ?Sized>(
        &self,
        strategy: &mut S,
        policy: IntrabarPolicy,
        progress: &dyn Fn(usize),
        taped: bool,
    ) -> Result<(Run, Vec<(Timestamp, Fact)>), BacktestError> {
        let needs = strategy.needs();
        let own = needs.series.first().map_or(self.candles.timeframe(), |need| need.timeframe);
        if own != self.candles.timeframe() {
            return Err(BacktestError::Timeframe { wanted: own, found: self.candles.timeframe() });
        }
        let mut higher = Vec::new();
        for need in needs.series.iter().skip(1).filter(|need| need.timeframe != own) {
            match resample(self.candles, need.timeframe) {
                Ok(candles) => higher.push((candles, need.depth)),
                Err(_) if need.optional => {}
                Err(error) => return Err(error.into()),
            }
        }
        let depth = needs.series.iter().filter(|n| n.timeframe == own).map(|n| n.depth).max().unwrap_or(1);
        let config = &self.config;
        let mut account = Account::new(AccountId::new("backtest"), config.initial_balance, config.taker_fee);
        let slot =
            account.register(config.instrument.clone(), config.trader.leverage, config.trader.margin_mode)?;
        let id = TraderId::new(format!("backtest:{}", config.instrument.id.symbol));
        let mut trader = Trader::new(id, config.instrument.clone(), config.trader.clone());
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
                leverage: config.trader.leverage,
                balance: config.initial_balance,
            },
        );
        let mut engine = Engine::new(trader, account, slot, venue);
        engine.tape = taped.then(Vec::new);
        let mut state =
            State { engine, walk: Walk { policy, ambiguous: 0 }, run: Run::default(), depth, warm: false };
        state.drive(self, strategy, &higher, progress)?;
        let tape = state.engine.tape.take().unwrap_or_default();
        Ok((state.finish(self)?, tape))
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
        report.assumptions.extend(self.unavailable(&strategy.needs()));
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

    /// Timeframes the strategy would read but these candles cannot give.
    fn unavailable(&self, needs: &Needs) -> Option<String> {
        let base = self.candles.timeframe();
        let missing: Vec<&str> = needs
            .series
            .iter()
            .filter(|need| need.optional && (need.timeframe < base || !need.timeframe.is_multiple_of(base)))
            .map(|need| need.timeframe.as_str())
            .collect();
        (!missing.is_empty()).then(|| {
            format!(
                "no {} candles, which cannot be built from {base} ones: what is read from them stays unknown",
                missing.join(" and ")
            )
        })
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
            let statistics = Statistics::of(
                &run.trades,
                self.config.initial_balance.to_f64(),
                &run.equity,
                run.candles_in_market,
                self.traded.len(),
            );
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

    fn assemble(
        &self,
        strategy: String,
        statistics: Statistics,
        run: Run,
        outcomes: BTreeMap<IntrabarPolicy, Outcome>,
    ) -> Report {
        let span = self.candles.timeframe().span();
        let at = |index: usize| self.candles.get(index).map_or(Timestamp::EPOCH, |candle| candle.open_time);
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
            assumptions: self.assumptions(),
            trades: run.trades,
            equity: run.equity,
        }
    }

    fn assumptions(&self) -> Vec<String> {
        let config = &self.config;
        let percent = |fee: Decimal| (fee * Decimal::ONE_HUNDRED).normalize();
        let mut lines = vec![
            format!("taker fee {} %, maker fee {} %", percent(config.taker_fee), percent(config.maker_fee)),
            format!("slippage {} % on market and triggered fills", config.slippage_percent.normalize()),
            "limit orders fill at their price when touched, whole, without a queue".into(),
            "prices are trades; they stand for the mark price too".into(),
            "no funding data: funding counts as 0 (coverage 0 %)".into(),
            format!(
                "leverage {} ({}), maintenance margin {} % of the entry value",
                config.trader.leverage,
                match config.trader.margin_mode {
                    crate::model::MarginMode::Isolated => "isolated",
                    crate::model::MarginMode::Cross => "cross",
                },
                percent(config.maintenance_margin_rate)
            ),
            "inside a candle the order of events is a convention, not a proof of a bound".into(),
        ];
        let missing = self.candles.missing();
        if missing > 0 {
            lines.push(format!("{missing} candles are missing in the file and were not filled"));
        }
        lines
    }
}

struct State {
    engine: Engine,
    walk: Walk,
    run: Run,
    depth: usize,
    warm: bool,
}

/// How often progress is told, in candles.
const PROGRESS_EVERY: usize = 16_384;

impl State {
    fn drive<S: Strategy + ?Sized>(
        &mut self,
        test: &Backtest<'_>,
        strategy: &mut S,
        higher: &[(Candles, usize)],
        progress: &dyn Fn(usize),
    ) -> Result<(), Overflow> {
        let (candles, config) = (test.candles, &test.config);
        let timeframe = candles.timeframe();
        let span = timeframe.span();
        let mut closed = vec![0_usize; higher.len()];
        let mut histories: Vec<History<'_>> = Vec::with_capacity(higher.len() + 1);
        self.run.equity.equity.reserve_exact(test.traded.len());
        let mut watch = quiet(&self.engine)?;
        let mut deadline = Timestamp::from_millis(i64::MAX);
        let mut equity = self.engine.account.equity_parts(self.engine.slot);
        let mut exposed = false;
        let mut special = 0; // the next index at which more than a candle has to be looked after
        for (index, candle) in candles.iter().enumerate().take(test.traded.end) {
            let close = candle.open_time + span;
            if index == special {
                progress(index);
                if index == test.traded.start {
                    self.engine.skipped.clear();
                    self.engine.feed(candle.open_time, Input::Command(Command::Start))?;
                }
                special = index + PROGRESS_EVERY;
                if index < test.traded.start {
                    special = special.min(test.traded.start);
                }
            }
            if !watch.holds(&candle) {
                self.walk.candle(&mut self.engine, &candle, close)?;
            }
            if deadline <= close {
                self.engine.feed(close, Input::Wake)?;
            }
            if let Some((from, to)) = config.record {
                self.engine.recording = candle.open_time >= from && candle.open_time < to;
            }
            let own = (candles, index + 1);
            if !self.warm || !higher.is_empty() {
                self.close_others(strategy, close, own, higher, &mut closed, &mut histories)?;
            }
            if higher.is_empty() {
                let histories = [History::new(own.0, own.1)];
                self.engine.close_candle(strategy, close, timeframe, &candle, &histories)?;
            } else {
                fill_histories(&mut histories, own, higher, &closed);
                self.engine.close_candle(strategy, close, timeframe, &candle, &histories)?;
            }
            if self.engine.busy {
                self.engine.busy = false;
                watch = quiet(&self.engine)?;
                deadline = self.engine.trader.deadline().unwrap_or(Timestamp::from_millis(i64::MAX));
                equity = self.engine.account.equity_parts(self.engine.slot);
                exposed = self.engine.account.is_exposed(self.engine.slot);
            }
            if index >= test.traded.start {
                self.run.equity.equity.push(equity.0 + equity.1 * candle.close);
                self.run.candles_in_market += usize::from(exposed);
            }
        }
        let opens = candles.open_times().get(test.traded.clone()).unwrap_or_default();
        self.run.equity.times.extend(opens.iter().map(|open| open + span.millis()));
        progress(test.traded.end);
        Ok(())
    }

    /// Higher timeframes that close with a candle close first, so that its decision sees them. Once every series is deep
    /// enough, the trader is told.
    fn close_others<'h, S: Strategy + ?Sized>(
        &mut self,
        strategy: &mut S,
        close: Timestamp,
        own: (&'h Candles, usize),
        higher: &'h [(Candles, usize)],
        closed: &mut [usize],
        histories: &mut Vec<History<'h>>,
    ) -> Result<(), Overflow> {
        self.close_higher(strategy, close, own, higher, closed, histories)?;
        let deep = higher.iter().zip(closed.iter()).all(|((_, depth), closed)| closed >= depth);
        if !self.warm && own.1 >= self.depth && deep {
            self.warm = true;
            self.engine.feed(close, Input::Warm)?;
        }
        Ok(())
    }

    #[inline(never)]
    fn close_higher<'h, S: Strategy + ?Sized>(
        &mut self,
        strategy: &mut S,
        close: Timestamp,
        own: (&'h Candles, usize),
        higher: &'h [(Candles, usize)],
        closed: &mut [usize],
        histories: &mut Vec<History<'h>>,
    ) -> Result<(), Overflow> {
        for (position, (candles, _)) in higher.iter().enumerate() {
            let timeframe = candles.timeframe();
            while let Some(done) = closed.get_mut(position)
                && let Some(candle) = candles.get(*done)
                && candle.close_time(timeframe.span()) <= close
            {
                *done += 1;
                fill_histories(histories, own, higher, closed);
                self.engine.close_candle(strategy, close, timeframe, &candle, histories)?;
            }
        }
        Ok(())
    }

    fn finish(mut self, test: &Backtest<'_>) -> Result<Run, Overflow> {
        let span = test.candles.timeframe().span();
        if let Some(candle) = test.traded.end.checked_sub(1).and_then(|last| test.candles.get(last)) {
            let close = candle.close_time(span);
            if test.config.close_at_end {
                self.close_legs(close, candle.close)?;
            }
            let (fixed, quantity) = self.engine.account.equity_parts(self.engine.slot);
            self.run.final_equity = fixed + quantity * candle.close;
            if let Some(last) = self.run.equity.equity.last_mut() {
                *last = self.run.final_equity;
            }
        }
        self.run.trades = self.engine.trades;
        self.run.skipped = self.engine.skipped;
        self.run.records = self.engine.records;
        self.run.ambiguous_candles = self.walk.ambiguous;
        Ok(self.run)
    }

    /// TRADING 15.9: open legs are closed at the last close.
    fn close_legs(&mut self, now: Timestamp, price: f64) -> Result<(), Overflow> {
        let price = super::engine::money(price);
        self.engine.pass(now, price)?;
        for side in PositionSide::BOTH {
            let command = Input::CloseFor { side, reason: ExitReason::BacktestEnd };
            self.engine.feed(now, command)?;
        }
        // A close decided at the last close has no next open: it is made here, like all others.
        self.engine.venue.drop_queued(now);
        self.engine.settle(now)
    }
}

fn fill_histories<'h>(
    histories: &mut Vec<History<'h>>,
    own: (&'h Candles, usize),
    higher: &'h [(Candles, usize)],
    closed: &[usize],
) {
    histories.clear();
    histories.push(History::new(own.0, own.1));
    histories.extend(higher.iter().zip(closed).map(|((candles, _), len)| History::new(candles, *len)));
}
