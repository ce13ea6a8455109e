use super::trials::Collector;
use super::turn::{OpenOnPanic, Turn};
use super::{Step, WalkForward, Window, windows};
use crate::backtest::statistics::overfitting::{Sample, probabilistic_sharpe};
use crate::backtest::statistics::resampling::{Draws, Method, trade_returns};
use crate::backtest::sweep::{
    Entry, Invalid, Metric, Ranking, Row, Score, Search, Space, Subject, each_combo,
};
use crate::backtest::{Backtest, EquityCurve, Resampled, Room, Statistics, Tally};
use crate::model::{Amount, Span, Timestamp, decimal_from_f64};
use crate::position::Trade;
use crate::series::{Candles, FundingRates};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{ControlFlow, Range};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Why there can be no walk-forward analysis.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WalkForwardError {
    /// A length that is not a time.
    #[error("{0} must be longer than nothing")]
    Length(&'static str),
    /// Not even one window fits.
    #[error(
        "the candles from {start} to {end} are too few for a training of {train} and a test after it; use shorter ones"
    )]
    TooShort {
        /// First candle.
        start: Timestamp,
        /// End of the last candle.
        end: Timestamp,
        /// The training.
        train: String,
    },
    /// No combination can be run.
    #[error("no combination could be run; the first one: {0}")]
    NothingRuns(Invalid),
}

/// How to walk.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Plan {
    /// Length of a training; of the first one if anchored.
    pub train: Span,
    /// Length of a test.
    pub test: Span,
    /// Whether every training begins at the start.
    pub anchored: bool,
    /// What is best.
    pub metric: Metric,
    /// Combinations with fewer trades in training are not chosen.
    pub least_trades: usize,
    /// Which combinations are tried.
    pub search: Search,
    /// Candles before each stretch that only warm up; more if the strategy needs more, fewer at the start of the series.
    pub warm_up: usize,
    /// Blocks of the splits; as many as fit, up to 16, if not given.
    pub blocks: Option<usize>,
    /// Draws of each resampling.
    pub draws: usize,
    /// Names the draws.
    pub seed: u64,
    /// Threads.
    pub threads: usize,
}

impl Plan {
    /// Rolling windows, the Sharpe ratio, every combination, 3,000 candles of warm-up (200 candles of the longest
    /// timeframe the trend state reads from one-minute candles), 10,000 draws, one thread.
    pub const fn new(train: Span, test: Span) -> Self {
        Self {
            train,
            test,
            anchored: false,
            metric: Metric::Sharpe,
            least_trades: 1,
            search: Search::Grid,
            warm_up: 3_000,
            blocks: None,
            draws: 10_000,
            seed: 1,
            threads: 1,
        }
    }
}

/// Walks over `candles`. `progress` is told after each run how many are done and how many there are.
///
/// The subject's own range of time and `close_at_end` are replaced by those of the windows.
///
/// # Errors
/// [`WalkForwardError`].
pub fn run<S: Subject>(
    subject: &S,
    space: &Space,
    candles: &Candles,
    plan: &Plan,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<WalkForward, WalkForwardError> {
    run_sharing(subject, space, &Resampled::new(candles), plan, progress)
}

/// [`run`] over candles that may have funding rates beside them: every training and every test pays them.
///
/// # Errors
/// [`WalkForwardError`].
pub fn run_sharing<S: Subject>(
    subject: &S,
    space: &Space,
    shared: &Resampled<'_>,
    plan: &Plan,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<WalkForward, WalkForwardError> {
    let walk = Walk { subject, space, candles: shared.base(), funding: shared.funding(), plan };
    let windows = walk.windows()?;
    let depth = walk.depth()?;
    let count = plan.search.count(space.size());
    let all = count * (windows.len() as u64 + 1);
    let mut done = 0;
    let mut tell = || {
        done += 1;
        progress(done, all);
    };

    let whole = walk.whole();
    let mut collector = Collector::new(walk.ranking(), plan.blocks);
    walk.each(shared, &whole, &mut |combo, outcome| {
        collector.take(combo, outcome);
        tell();
    });

    let mut course = Course::new(walk.initial_balance());
    let mut room = Room::default();
    let mut steps = Vec::new();
    for window in windows {
        let best = walk.best(&window.train, depth, &mut tell);
        let stretch = walk.stretch(&window.test, depth);
        let test = best.as_ref().and_then(|best| {
            let shared = walk.share(&stretch);
            walk.one(&shared, &window.test, best.combo, Some(course.balance), &mut room).ok()
        });
        course.append(&stretch, &window.test, test.as_ref(), room.equity());
        steps.push(Step {
            chosen: best.as_ref().map(|best| best.combo),
            train: best.map(|best| best.score),
            test: test.as_ref().map(Score::of),
            window,
        });
    }
    Ok(course.finish(steps, collector, plan, all))
}

struct Walk<'a, S> {
    subject: &'a S,
    space: &'a Space,
    candles: &'a Candles,
    funding: Option<&'a FundingRates>,
    plan: &'a Plan,
}

impl<'a, S: Subject> Walk<'a, S> {
    /// The candles of a stretch with what is known of funding.
    fn share<'s>(&self, stretch: &'s Candles) -> Resampled<'s>
    where
        'a: 's,
    {
        let shared = Resampled::new(stretch);
        match self.funding {
            Some(rates) => shared.with_funding(rates),
            None => shared,
        }
    }

    const fn ranking(&self) -> Ranking {
        Ranking::new(self.plan.metric, 1).least_trades(self.plan.least_trades)
    }

    /// From the first candle to the close of the last, within the range the subject was given.
    fn whole(&self) -> Range<Timestamp> {
        let built = self.first_valid().ok();
        let config = built.as_ref().map(|(config, _)| config);
        let first = self.candles.first_open_time().unwrap_or(Timestamp::EPOCH);
        let last = self.candles.last_open_time().unwrap_or(first) + self.candles.timeframe().span();
        let start = config.and_then(|config| config.start).map_or(first, |start| start.max(first));
        let end = config.and_then(|config| config.end).map_or(last, |end| end.min(last));
        start..end
    }

    fn initial_balance(&self) -> f64 {
        self.first_valid().map_or(0.0, |(config, _)| config.initial_balance.to_f64())
    }

    fn windows(&self) -> Result<Vec<Window>, WalkForwardError> {
        let Plan { train, test, anchored, .. } = *self.plan;
        for (name, span) in [("the training", train), ("the test", test)] {
            if span.millis() <= 0 {
                return Err(WalkForwardError::Length(name));
            }
        }
        let range = self.whole();
        let windows = windows(range.clone(), train, test, anchored);
        if windows.is_empty() {
            let train = format!("{} days", train.millis() as f64 / 86_400_000.0);
            return Err(WalkForwardError::TooShort { start: range.start, end: range.end, train });
        }
        Ok(windows)
    }

    fn combos(&self) -> impl Iterator<Item = u64> + '_ {
        let size = self.space.size();
        (0..self.plan.search.count(size)).map(move |nth| self.plan.search.combo(size, nth))
    }

    fn first_valid(&self) -> Result<(crate::backtest::Config, S::Strategy), WalkForwardError> {
        let mut first = None;
        for combo in self.combos() {
            match self.subject.build(self.space.record(combo)) {
                Ok(built) => return Ok(built),
                Err(invalid) => {
                    first.get_or_insert(invalid);
                }
            }
        }
        Err(WalkForwardError::NothingRuns(first.unwrap_or_else(|| Invalid::new("none", "there is none"))))
    }

    /// Candles of warm-up: what is planned, or what the hungriest combination needs.
    fn depth(&self) -> Result<usize, WalkForwardError> {
        use crate::strategy::Strategy as _;
        self.first_valid()?;
        let base = self.candles.timeframe().span().millis();
        let need = |combo| {
            let (_, strategy) = self.subject.build(self.space.record(combo)).ok()?;
            let needs = strategy.needs().series;
            let in_base = needs.iter().map(|need| {
                let ratio = need.timeframe.span().millis().div_euclid(base).max(1);
                need.depth.saturating_mul(usize::try_from(ratio).unwrap_or(1))
            });
            in_base.max()
        };
        Ok(self.combos().filter_map(need).max().unwrap_or_default().max(self.plan.warm_up))
    }

    /// The candles of a range and those before it that warm up.
    fn stretch(&self, range: &Range<Timestamp>, depth: usize) -> Candles {
        let (from, to) = (self.candles.index_at(range.start), self.candles.index_at(range.end));
        let from = from.saturating_sub(depth);
        let mut stretch = Candles::with_capacity(self.candles.timeframe(), to.saturating_sub(from));
        self.candles.iter().take(to).skip(from).for_each(|candle| stretch.push_unchecked(candle));
        stretch
    }

    /// One combination over one range.
    fn one(
        &self,
        candles: &Resampled<'_>,
        range: &Range<Timestamp>,
        combo: u64,
        balance: Option<f64>,
        room: &mut Room,
    ) -> Result<Tally, Invalid> {
        let once = AssertUnwindSafe(|| {
            let (mut config, mut strategy) = self.subject.build(self.space.record(combo))?;
            (config.start, config.end) = (Some(range.start), Some(range.end));
            config.close_at_end = true;
            if let Some(balance) = balance.and_then(decimal_from_f64) {
                config.initial_balance = Amount::new(balance.round_dp(8));
            }
            Ok(Backtest::sharing(candles, config)?.tally(&mut strategy, room)?)
        });
        catch_unwind(once).unwrap_or_else(|_| Err(Invalid::new("panic", "the strategy panicked")))
    }

    /// What is best in a training.
    fn best(&self, range: &Range<Timestamp>, depth: usize, tell: &mut dyn FnMut()) -> Option<Entry> {
        let stretch = self.stretch(range, depth);
        let mut ranking = self.ranking();
        self.each(&self.share(&stretch), range, &mut |combo, outcome| {
            let outcome = outcome.map(|tally| Score::of(&tally));
            ranking.offer(&Row { combo, outcome });
            tell();
        });
        ranking.best().first().map(|entry| Entry::clone(entry))
    }

    /// Every combination over one range, in the order of the search whatever thread is first.
    fn each(
        &self,
        candles: &Resampled<'_>,
        range: &Range<Timestamp>,
        take: &mut dyn FnMut(u64, Result<Tally, Invalid>),
    ) {
        let turn = Turn::default();
        let work = |nth: u64, combo: u64, room: &mut Room| {
            turn.wait(nth);
            let mut outcome = self.one(candles, range, combo, None, room);
            if let Ok(tally) = &mut outcome {
                tally.trades = Vec::new(); // only counted
            }
            (nth, combo, outcome)
        };
        let mut waiting = BTreeMap::new();
        let mut next = 0;
        let done = BTreeSet::new();
        let (search, threads) = (self.plan.search, self.plan.threads);
        let _: ControlFlow<()> =
            each_combo(self.space, search, threads, &done, &work, &mut |(nth, combo, outcome)| {
                waiting.insert(nth, (combo, outcome));
                let _open = OpenOnPanic(&turn);
                while let Some((combo, outcome)) = waiting.remove(&next) {
                    take(combo, outcome);
                    next += 1;
                }
                turn.advance(next);
                ControlFlow::Continue(())
            });
    }
}

/// The tests, one after the other.
struct Course {
    initial: f64,
    balance: f64,
    equity: EquityCurve,
    trades: Vec<Trade>,
    in_market: f64,
}

impl Course {
    const fn new(initial: f64) -> Self {
        Self {
            initial,
            balance: initial,
            equity: EquityCurve { times: Vec::new(), equity: Vec::new() },
            trades: Vec::new(),
            in_market: 0.0,
        }
    }

    /// Adds a test, or a stretch without a trade.
    fn append(&mut self, candles: &Candles, range: &Range<Timestamp>, test: Option<&Tally>, equity: &[f64]) {
        let span = candles.timeframe().span().millis();
        let opens = candles.open_times().get(candles.index_at(range.start)..).unwrap_or_default();
        self.equity.times.extend(opens.iter().map(|open| open + span));
        match test {
            Some(tally) => {
                self.equity.equity.extend_from_slice(equity);
                self.trades.extend_from_slice(&tally.trades);
                self.in_market += tally.statistics.time_in_market * opens.len() as f64;
                self.balance = tally.final_equity.max(0.0);
            }
            None => self.equity.equity.extend(opens.iter().map(|_| self.balance)),
        }
    }

    fn finish(self, steps: Vec<Step>, collector: Collector, plan: &Plan, all: u64) -> WalkForward {
        let points = (self.equity.times.as_slice(), 0, self.equity.equity.as_slice());
        let in_market = self.in_market.round() as usize;
        let (statistics, daily) = Statistics::with_days(&self.trades, self.initial, points, in_market);
        let returns = trade_returns(&self.trades, self.initial);
        let draws = |method| Draws::new(method, &returns, plan.draws, plan.seed);
        let tests = steps.iter().filter(|step| step.test.is_some()).count() as u64;
        WalkForward {
            efficiency: efficiency(&steps),
            steps,
            test: plan.test,
            statistics,
            initial_balance: self.initial,
            final_equity: self.balance,
            probabilistic_sharpe: Sample::of(&daily).and_then(|sample| probabilistic_sharpe(&sample, 0.0)),
            trials: collector.finish(),
            shuffled: draws(Method::Shuffle),
            bootstrapped: draws(Method::Bootstrap),
            runs: all + tests,
            equity: self.equity,
            trades: self.trades,
        }
    }
}

/// Growth per day of the tests over growth per day of the chosen in training.
fn efficiency(steps: &[Step]) -> Option<f64> {
    let growth = |score: &Option<Score>| {
        let percent = score.as_ref()?.get(Metric::ReturnPercent)?;
        Some((1.0 + percent / 100.0).max(f64::MIN_POSITIVE).ln())
    };
    let days = |range: &Range<Timestamp>| (range.end - range.start).millis() as f64;
    let (mut trained, mut train_days, mut tested, mut test_days) = (0.0, 0.0, 0.0, 0.0);
    for step in steps {
        let (Some(train), Some(test)) = (growth(&step.train), growth(&step.test)) else { continue };
        trained += train;
        tested += test;
        train_days += days(&step.window.train);
        test_days += days(&step.window.test);
    }
    (trained > 0.0 && test_days > 0.0).then(|| (tested / test_days) / (trained / train_days))
}
