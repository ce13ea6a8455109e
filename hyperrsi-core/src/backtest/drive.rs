//! One instrument's way through its candles: what happens at the open, inside, and at the close of each (TRADING 15.2).

use super::data::{Feed, Held};
use super::engine::{Engine, money};
use super::funding::{FundingCoverage, Payments};
use super::intrabar::{Quiet, Walk, quiet};
use super::{Config, Run};
use crate::model::{Candle, MarginMode, Overflow, PositionSide, Price, Timestamp};
use crate::position::ExitReason;
use crate::series::{Candles, History};
use crate::strategy::Strategy;
use crate::trader::{Command, Input};

/// How often progress is told, in candles.
const PROGRESS_EVERY: usize = 16_384;

/// The state of one instrument in a run.
pub(super) struct State<'a> {
    pub(super) engine: Engine,
    pub(super) feed: &'a Feed<'a>,
    pub(super) run: Run,
    pub(super) walk: Walk,
    record: Option<(Timestamp, Timestamp)>,
    close_at_end: bool,
    /// Whether what can happen depends on more than the traded candle: mark prices, other instruments.
    pub(super) restless: bool,
    /// Whether risk managers look at equity's peak, and from which equity point on it was not looked at.
    guarded: bool,
    peaked: usize,
    warm: bool,
    /// Closed candles of each further timeframe.
    closed: Vec<usize>,
    payments: Payments,
}

impl<'a> State<'a> {
    pub(super) fn new(
        mut engine: Engine,
        feed: &'a Feed<'a>,
        walk: Walk,
        config: &Config,
        guarded: bool,
    ) -> Self {
        engine.record_actions(config.record);
        Self {
            restless: feed.mark.is_some(),
            closed: vec![0; feed.others.len()],
            engine,
            feed,
            run: Run::default(),
            walk,
            record: config.record,
            close_at_end: config.close_at_end,
            guarded,
            peaked: 0,
            warm: false,
            payments: Payments::default(),
        }
    }

    /// Drives every candle from index `from` on to the end of the range.
    pub(super) fn drive<S: Strategy + ?Sized>(
        &mut self,
        strategy: &mut S,
        from: usize,
        progress: &dyn Fn(usize),
    ) -> Result<(), Overflow> {
        let feed = self.feed;
        let (candles, traded) = (feed.candles, feed.traded.clone());
        let timeframe = candles.timeframe();
        let span = timeframe.span();
        let mut histories: Vec<History<'_>> = Vec::with_capacity(feed.others.len() + 1);
        let plain = feed.others.is_empty();
        let mut watch = self.watch()?;
        let mut deadline = self.deadline();
        let mut equity = self.engine.account.equity_parts(self.engine.slot);
        let mut exposed = self.engine.account.is_exposed(self.engine.slot);
        let (record, guarded) = (self.record, self.guarded);
        let mut special = from; // the next index at which more than a candle has to be looked after
        let mut ahead = candles.iter();
        if let Some(done) = from.checked_sub(1) {
            ahead.nth(done);
        }
        for (index, candle) in (from..traded.end).zip(ahead) {
            let close = candle.open_time + span;
            if index == special {
                progress(index);
                special = self.attend(index, &candle)?;
                if self.engine.busy {
                    watch = self.watch()?;
                    equity = self.engine.account.equity_parts(self.engine.slot);
                }
            }
            if !watch.holds(&candle) {
                self.walk(&candle, close)?;
            }
            if deadline <= close {
                self.engine.feed(close, Input::Wake)?;
            }
            if let Some((from, to)) = record {
                self.engine.recording = candle.open_time >= from && candle.open_time < to;
            }
            let own = (candles, index + 1);
            if !self.warm || !plain {
                self.close_others(strategy, close, own)?;
            }
            if plain {
                let histories = [History::new(own.0, own.1)];
                self.engine.close_candle(strategy, close, timeframe, &candle, &histories)?;
            } else {
                fill_histories(&mut histories, own, &feed.others, &self.closed);
                self.engine.close_candle(strategy, close, timeframe, &candle, &histories)?;
            }
            if self.engine.busy {
                self.engine.busy = false;
                watch = self.watch()?;
                deadline = self.deadline();
                equity = self.engine.account.equity_parts(self.engine.slot);
                exposed = self.engine.account.is_exposed(self.engine.slot);
                if guarded {
                    self.raise_peak(equity.0 + equity.1 * candle.close);
                }
            }
            if index >= traded.start {
                self.run.equity.equity.push(equity.0 + equity.1 * candle.close);
                self.run.candles_in_market += usize::from(exposed);
            }
        }
        progress(traded.end);
        Ok(())
    }

    /// What is due at the open of a candle besides its prices: the start of trading, funding. Answers at which candle to
    /// look again.
    #[inline(never)]
    pub(super) fn attend(&mut self, index: usize, candle: &Candle) -> Result<usize, Overflow> {
        let start = self.feed.traded.start;
        if index == start {
            self.engine.skipped.clear();
            self.engine.feed(candle.open_time, Input::Command(Command::Start))?;
        }
        self.pay_funding(index, candle)?;
        let mut next = index + PROGRESS_EVERY;
        if index < start {
            next = next.min(start);
        }
        let due = self.feed.schedule.as_ref().and_then(|schedule| self.payments.next_index(schedule));
        Ok(due.map_or(next, |due| next.min(due.max(index + 1))))
    }

    /// TRADING 15.2 (a): funding due at or before the open, on what was open before it.
    pub(super) fn pay_funding(&mut self, index: usize, candle: &Candle) -> Result<(), Overflow> {
        let feed = self.feed;
        let Some(schedule) = &feed.schedule else { return Ok(()) };
        let mark = feed.mark(candle, feed.candles.timeframe());
        let price = money(mark.map_or(candle.open, |mark| mark.open));
        self.payments.pay(schedule, index, &mut self.engine, candle.open_time, price)
    }

    /// Between which prices a candle changes nothing.
    pub(super) fn watch(&self) -> Result<Quiet, Overflow> {
        if self.restless && self.engine.account.is_exposed(self.engine.slot) {
            return Ok(Quiet::NEVER);
        }
        quiet(&self.engine)
    }

    fn deadline(&self) -> Timestamp {
        self.engine.trader.deadline().unwrap_or(Timestamp::from_millis(i64::MAX))
    }

    /// A candle inside which something can happen: itself, or the shorter candles it is made of.
    #[inline(never)]
    pub(super) fn walk(&mut self, candle: &Candle, close: Timestamp) -> Result<(), Overflow> {
        self.walk_open(candle)?;
        self.walk_inside(candle, close)
    }

    /// The first of the candles that are followed.
    fn first(&self, candle: &Candle) -> (Candle, Option<Candle>) {
        match self.feed.detail(candle) {
            Some((detail, range)) => {
                let first = detail.get(range.start).unwrap_or(*candle);
                (first, self.feed.mark(&first, detail.timeframe()))
            }
            None => (*candle, self.feed.mark(candle, self.feed.candles.timeframe())),
        }
    }

    /// What happens at the open.
    pub(super) fn walk_open(&mut self, candle: &Candle) -> Result<(), Overflow> {
        let (first, mark) = self.first(candle);
        self.engine.mark = mark;
        self.walk.open(&mut self.engine, &first)
    }

    /// What happens between open and close.
    pub(super) fn walk_inside(&mut self, candle: &Candle, close: Timestamp) -> Result<(), Overflow> {
        let Some((detail, range)) = self.feed.detail(candle) else {
            return self.walk.inside(&mut self.engine, candle, close);
        };
        let span = detail.timeframe().span();
        let first = range.start;
        for inner in range.filter_map(|index| Some((index, detail.get(index)?))) {
            let (index, inner) = inner;
            if index > first {
                self.engine.mark = self.feed.mark(&inner, detail.timeframe());
                self.walk.open(&mut self.engine, &inner)?;
            }
            self.walk.inside(&mut self.engine, &inner, inner.close_time(span))?;
        }
        Ok(())
    }

    /// Risk managers measure drawdowns from the highest equity, marked to market.
    #[cold]
    fn raise_peak(&mut self, now: f64) {
        let fresh = self.run.equity.equity.get(self.peaked..).unwrap_or_default();
        let highest = fresh.iter().copied().fold(now, f64::max);
        self.peaked = self.run.equity.equity.len();
        self.engine.account.raise_peak(highest);
    }

    /// Further timeframes that close with a candle close first, so that its decision sees them. Once every series is deep
    /// enough, the trader is told.
    pub(super) fn close_others<S: Strategy + ?Sized>(
        &mut self,
        strategy: &mut S,
        close: Timestamp,
        own: (&'a Candles, usize),
    ) -> Result<(), Overflow> {
        let feed = self.feed;
        let mut histories = Vec::new();
        for (position, (candles, _)) in feed.others.iter().enumerate() {
            let timeframe = candles.timeframe();
            while let Some(done) = self.closed.get_mut(position)
                && let Some(candle) = candles.get(*done)
                && candle.close_time(timeframe.span()) <= close
            {
                *done += 1;
                fill_histories(&mut histories, own, &feed.others, &self.closed);
                self.engine.close_candle(strategy, close, timeframe, &candle, &histories)?;
            }
        }
        let deep = feed.others.iter().zip(&self.closed).all(|((_, depth), closed)| closed >= depth);
        if !self.warm && own.1 >= self.feed.depth && deep {
            self.warm = true;
            self.engine.feed(close, Input::Warm)?;
        }
        Ok(())
    }

    /// The strategy's part of a close, with its own histories: the way of portfolios and of candles after a failure.
    pub(super) fn decide<S: Strategy + ?Sized>(
        &mut self,
        strategy: &mut S,
        index: usize,
        candle: &Candle,
    ) -> Result<(), Overflow> {
        let feed = self.feed;
        let timeframe = feed.candles.timeframe();
        let close = candle.close_time(timeframe.span());
        if self.deadline() <= close {
            self.engine.feed(close, Input::Wake)?;
        }
        if let Some((from, to)) = self.record {
            self.engine.recording = candle.open_time >= from && candle.open_time < to;
        }
        let own = (feed.candles, index + 1);
        self.close_others(strategy, close, own)?;
        let mut histories = Vec::with_capacity(feed.others.len() + 1);
        fill_histories(&mut histories, own, &feed.others, &self.closed);
        self.engine.close_candle(strategy, close, timeframe, candle, &histories)
    }

    /// The rest of a candle after a strategy panicked in its decision: the next index to go on from.
    pub(super) fn after_failure(&mut self, index: usize) -> Result<usize, Overflow> {
        let Some(candle) = self.feed.candles.get(index) else { return Ok(self.feed.traded.end) };
        self.engine.busy = true;
        let (fixed, quantity) = self.engine.account.equity_parts(self.engine.slot);
        let points = (index + 1).saturating_sub(self.feed.traded.start);
        if self.run.equity.equity.len() < points {
            self.run.equity.equity.push(fixed + quantity * candle.close);
            self.run.candles_in_market += usize::from(self.engine.account.is_exposed(self.engine.slot));
        }
        Ok(index + 1)
    }

    /// The end of the range: funding that was still due, the close of open legs.
    pub(super) fn end(&mut self) -> Result<Option<Candle>, Overflow> {
        let (candles, end) = (self.feed.candles, self.feed.traded.end);
        let Some(candle) = end.checked_sub(1).and_then(|last| candles.get(last)) else { return Ok(None) };
        let close = candle.close_time(candles.timeframe().span());
        if let Some(schedule) = &self.feed.schedule {
            self.payments.pay(schedule, end, &mut self.engine, close, money(candle.close))?;
        }
        if self.close_at_end {
            self.close_legs(close, candle.close)?;
        }
        Ok(Some(candle))
    }

    /// What the run made.
    pub(super) fn finish(self) -> Run {
        let span = self.feed.candles.timeframe().millis();
        let opens = self.feed.candles.open_times().get(self.feed.traded.clone()).unwrap_or_default();
        let mut run = self.finish_untimed();
        run.equity.times.extend(opens.iter().map(|open| open + span));
        run
    }

    /// The same without the times of the equity points.
    pub(super) fn finish_untimed(mut self) -> Run {
        self.run.funding = self.coverage();
        self.run.uncovered = self.engine.venue.uncovered();
        self.run.trades = self.engine.trades;
        self.run.skipped = self.engine.skipped;
        self.run.records = self.engine.records;
        self.run.actions = self.engine.actions;
        self.run.ambiguous_candles = self.walk.ambiguous;
        self.run
    }

    fn coverage(&self) -> Option<FundingCoverage> {
        self.feed.schedule.as_ref().map(|schedule| self.payments.coverage(schedule))
    }

    /// TRADING 15.9: open legs are closed at the last close.
    fn close_legs(&mut self, now: Timestamp, price: f64) -> Result<(), Overflow> {
        let price: Price = money(price);
        self.engine.pass(now, price)?;
        for side in PositionSide::BOTH {
            let command = Input::CloseFor { side, reason: ExitReason::BacktestEnd };
            self.engine.feed(now, command)?;
        }
        // A close decided at the last close has no next open: it is made here, like all others.
        self.engine.venue.drop_queued(now);
        self.engine.settle(now)
    }

    /// Whether the account's other instruments can liquidate this one's legs.
    pub(super) fn is_cross(&self) -> bool {
        self.engine.trader.policy().margin_mode == MarginMode::Cross
    }
}

fn fill_histories<'h>(
    histories: &mut Vec<History<'h>>,
    own: (&'h Candles, usize),
    others: &'h [(Held<'_>, usize)],
    closed: &[usize],
) {
    histories.clear();
    histories.push(History::new(own.0, own.1));
    histories.extend(others.iter().zip(closed).map(|((candles, _), len)| History::new(candles, *len)));
}
