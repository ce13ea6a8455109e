//! One pass of all instruments through time, under one policy.

use super::super::data::Feed;
use super::super::drive::State;
use super::super::failure::{Silent, caught};
use super::super::intrabar::Quiet;
use super::super::{Backtest, BacktestError, EquityCurve, IntrabarPolicy, Run};
use super::{Portfolio, PortfolioConfig};
use crate::account::Account;
use crate::model::{AccountId, Amount, Candle, Overflow, PositionSide, Price, Timestamp};
use crate::sim::Elsewhere;
use crate::strategy::Strategy;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// What one pass made.
pub(super) struct Passed {
    pub(super) runs: Vec<Run>,
    pub(super) equity: EquityCurve,
    /// Times at which any leg was open.
    pub(super) in_market: usize,
    pub(super) final_equity: f64,
}

/// One instrument on its way.
struct Rider<'f> {
    state: State<'f>,
    strategy: Box<dyn Strategy>,
    /// The candle that comes next, or that is open.
    index: usize,
    opened: bool,
    /// Whether something can happen inside the open candle.
    walked: bool,
    watch: Quiet,
    /// Own result so far without open legs, and the signed quantity open.
    parts: (f64, f64),
    /// The newest candle whose open has come, by the prices that liquidate, and when it closes.
    window: Option<(Candle, Timestamp)>,
    last_price: f64,
}

/// What happens next to an instrument. Candles end before others begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Close,
    Open,
}

impl Rider<'_> {
    fn candle(&self) -> Option<Candle> {
        let feed = self.state.feed;
        (self.index < feed.traded.end).then(|| feed.candles.get(self.index)).flatten()
    }

    fn next(&self) -> Option<(Timestamp, Phase)> {
        let candle = self.candle()?;
        Some(match self.opened {
            false => (candle.open_time, Phase::Open),
            true => (candle.close_time(self.state.feed.candles.timeframe().span()), Phase::Close),
        })
    }

    /// The price that hurts the account most while `close` is reached: an extreme of the candle that is under way, or the
    /// stop that acts before it.
    fn worst(&self, close: Option<Timestamp>) -> Result<Option<Price>, Overflow> {
        let under_way = self.window.filter(|(_, end)| self.opened || Some(*end) == close);
        let Some((candle, _)) = under_way.filter(|_| close.is_some()) else {
            return Ok(crate::model::decimal_from_f64(self.last_price).map(Price::new));
        };
        let (engine, mut worst) = (&self.state.engine, None::<(Amount, Price)>);
        for (side, extreme) in [(PositionSide::Long, candle.low), (PositionSide::Short, candle.high)] {
            let mut at = super::super::engine::money(extreme);
            if let Some(stop) = engine.trader.armed(side).stop {
                at = if side == PositionSide::Long { at.max(stop.price) } else { at.min(stop.price) };
            }
            let left = engine.venue.unrealised_at(at)?.minus(engine.venue.maintenance_at(at)?)?;
            if worst.is_none_or(|(least, _)| left < least) {
                worst = Some((left, at));
            }
        }
        Ok(worst.map(|(_, at)| at))
    }

    /// Reads again what changes only when something happened.
    fn refresh(&mut self) -> Result<(), Overflow> {
        let venue = &self.state.engine.venue;
        let (long, short) = (venue.book(PositionSide::Long), venue.book(PositionSide::Short));
        let cost = long.cost().to_f64() - short.cost().to_f64();
        self.parts = (venue.wallet().to_f64() - cost, long.quantity().to_f64() - short.quantity().to_f64());
        self.watch = self.state.watch()?;
        Ok(())
    }
}

/// All instruments and the account they share.
struct Pass<'f> {
    riders: Vec<Rider<'f>>,
    account: Account,
    equity: EquityCurve,
    in_market: usize,
    guarded: bool,
}

pub(super) fn run(
    portfolio: &Portfolio<'_>,
    tests: &[Backtest<'_>],
    config: &PortfolioConfig,
    policy: IntrabarPolicy,
) -> Result<Passed, BacktestError> {
    let mut account = Account::new(AccountId::new("backtest"), config.initial_balance, config.taker_fee);
    for rule in &portfolio.rules {
        account.add_risk_manager(Box::new(Arc::clone(rule)));
    }
    let mut strategies = Vec::with_capacity(tests.len());
    let mut feeds: Vec<Feed<'_>> = Vec::with_capacity(tests.len());
    for (leg, test) in portfolio.legs.iter().zip(tests) {
        let strategy = (leg.make)();
        let needs = caught(|| strategy.needs()).map_err(BacktestError::Needs)?;
        feeds.push(test.feed(&needs)?);
        strategies.push(strategy);
    }
    let mut riders = Vec::with_capacity(tests.len());
    for ((test, feed), strategy) in tests.iter().zip(&feeds).zip(strategies) {
        let mut state = test.state(feed, policy, &mut account)?;
        state.restless |= state.is_cross() && tests.len() > 1;
        let last_price = feed.candles.get(0).map_or(0.0, |candle| candle.open);
        let mut rider = Rider {
            watch: Quiet::NEVER,
            state,
            strategy,
            index: 0,
            opened: false,
            walked: false,
            parts: (0.0, 0.0),
            window: None,
            last_price,
        };
        rider.refresh()?;
        riders.push(rider);
    }
    let mut pass = Pass {
        riders,
        account,
        equity: EquityCurve::default(),
        in_market: 0,
        guarded: !portfolio.rules.is_empty(),
    };
    pass.ride()?;
    Ok(pass.finish())
}

impl Pass<'_> {
    fn ride(&mut self) -> Result<(), Overflow> {
        let mut closed: Option<Timestamp> = None;
        while let Some((time, phase, at)) = self.next() {
            if let Some(ended) = closed.filter(|ended| phase == Phase::Open || *ended != time) {
                self.note_equity(ended);
                closed = None;
            }
            match phase {
                Phase::Open => self.open(at)?,
                Phase::Close => {
                    if self.close(at, time)? {
                        closed = Some(time);
                    }
                }
            }
        }
        if let Some(ended) = closed {
            self.note_equity(ended);
        }
        Ok(())
    }

    fn next(&self) -> Option<(Timestamp, Phase, usize)> {
        let events = self.riders.iter().enumerate();
        events.filter_map(|(at, rider)| rider.next().map(|(time, phase)| (time, phase, at))).min()
    }

    /// A candle begins: funding, what the open does, entries.
    fn open(&mut self, at: usize) -> Result<(), Overflow> {
        let elsewhere = self.elsewhere(at, None)?;
        let Some(rider) = self.riders.get_mut(at) else { return Ok(()) };
        let Some(candle) = rider.candle() else { return Ok(()) };
        let feed = rider.state.feed;
        let marked = feed.mark(&candle, feed.candles.timeframe()).unwrap_or(candle);
        let close = candle.close_time(feed.candles.timeframe().span());
        rider.state.engine.venue.share(elsewhere);
        std::mem::swap(&mut rider.state.engine.account, &mut self.account);
        rider.state.attend(rider.index, &candle)?;
        if rider.state.engine.busy {
            rider.refresh()?;
        }
        rider.window = Some((marked, close));
        rider.last_price = marked.open;
        rider.opened = true;
        rider.walked = !rider.watch.holds(&candle);
        if rider.walked {
            rider.state.walk_open(&candle)?;
        }
        rider.state.engine.account.mark(rider.state.engine.slot, candle.open);
        std::mem::swap(&mut rider.state.engine.account, &mut self.account);
        Ok(())
    }

    /// A candle ends: what happened inside, the decision. True if the candle was traded.
    fn close(&mut self, at: usize, time: Timestamp) -> Result<bool, Overflow> {
        let walked = self.riders.get(at).is_some_and(|rider| rider.walked);
        let elsewhere = if walked { Some(self.elsewhere(at, Some(time))?) } else { None };
        let Some(rider) = self.riders.get_mut(at) else { return Ok(false) };
        let Some(candle) = rider.candle() else { return Ok(false) };
        let index = rider.index;
        std::mem::swap(&mut rider.state.engine.account, &mut self.account);
        if let Some(elsewhere) = elsewhere {
            rider.state.engine.venue.share(elsewhere);
            rider.state.walk_inside(&candle, time)?;
        }
        let decided =
            catch_unwind(AssertUnwindSafe(|| rider.state.decide(&mut *rider.strategy, index, &candle)));
        match decided {
            Ok(done) => done?,
            Err(panic) => {
                rider.state.failed(panic)?;
                rider.strategy = Box::new(Silent);
            }
        }
        let feed = rider.state.feed;
        rider.last_price =
            feed.mark(&candle, feed.candles.timeframe()).map_or(candle.close, |mark| mark.close);
        rider.opened = false;
        rider.index += 1;
        rider.state.engine.account.mark(rider.state.engine.slot, candle.close);
        if rider.index == feed.traded.end {
            rider.state.end()?;
        }
        if rider.state.engine.busy || rider.index == feed.traded.end {
            rider.state.engine.busy = false;
            rider.refresh()?;
        }
        let traded = index >= feed.traded.start;
        if traded {
            let exposed = rider.state.engine.account.is_exposed(rider.state.engine.slot);
            rider.state.run.candles_in_market += usize::from(exposed);
            rider.state.run.final_equity = rider.parts.0 + rider.parts.1 * candle.close;
            rider.state.run.equity.equity.push(rider.state.run.final_equity);
        }
        std::mem::swap(&mut rider.state.engine.account, &mut self.account);
        Ok(traded)
    }

    /// What all other instruments mean for one: at their newest prices, or, while a candle goes on until `close`, at the
    /// prices in it that hurt the account most (TRADING 15.6).
    fn elsewhere(&self, at: usize, close: Option<Timestamp>) -> Result<Elsewhere, Overflow> {
        let mut sum = Elsewhere::default();
        let Some(own) = self.riders.get(at) else { return Ok(sum) };
        sum.wallet = self.account.balance().minus(own.state.engine.venue.wallet())?;
        for (_, other) in self.riders.iter().enumerate().filter(|(index, _)| *index != at) {
            let venue = &other.state.engine.venue;
            let margin = venue.margin()?;
            if margin.is_zero() {
                continue;
            }
            sum.margin = sum.margin.plus(margin)?;
            if !other.state.is_cross() {
                sum.isolated = sum.isolated.plus(margin)?;
            } else if let Some(price) = other.worst(close)? {
                let left = venue.unrealised_at(price)?.minus(venue.maintenance_at(price)?)?;
                sum.cross = sum.cross.plus(left)?;
            }
        }
        Ok(sum)
    }

    /// A point of the account's equity.
    fn note_equity(&mut self, time: Timestamp) {
        let equity = self.account.equity();
        self.equity.times.push(time.millis());
        self.equity.equity.push(equity);
        let exposed = self.riders.iter().any(|rider| self.account.is_exposed(rider.state.engine.slot));
        self.in_market += usize::from(exposed);
        if self.guarded {
            self.account.raise_peak(equity);
        }
    }

    fn finish(self) -> Passed {
        let final_equity = self.account.equity();
        let runs = self.riders.into_iter().map(|rider| rider.state.finish()).collect();
        Passed { runs, equity: self.equity, in_market: self.in_market, final_equity }
    }
}
