//! What a strategy is asked, one question at a time: its history, closed candles in order, fills.

use super::{Driver, Job, Question, SeatId, Verdict, Work};
use crate::desk::EventKind;
use crate::model::{Candle, Price, RequestId, Timeframe, Timestamp, decimal_from_f64};
use crate::risk::Refusal;
use crate::runtime::series::Shelf;
use crate::strategy::Decision;
use crate::trader::Input;

/// Candles after which a strategy's state is kept at the latest.
const KEPT_EVERY: i64 = 60;

impl Driver {
    /// Hands the strategy its next question, or the trader its next candle.
    pub(super) fn pump(&mut self, seat: SeatId, now: Timestamp) {
        let Some(entry) = self.seats.get_mut(seat.0) else { return };
        if std::mem::replace(&mut entry.pumping, true) {
            return; // what is below on the stack goes on
        }
        while self.pump_one(seat, now) {}
        if let Some(entry) = self.seats.get_mut(seat.0) {
            entry.pumping = false;
        }
    }

    fn pump_one(&mut self, seat: SeatId, now: Timestamp) -> bool {
        let Some(entry) = self.seats.get_mut(seat.0) else { return false };
        if entry.asked {
            return false;
        }
        if let Some((request, question, at)) = entry.questions.pop_front() {
            self.ask(seat, request, question, at, now);
            return true;
        }
        if let Some((timeframe, candle)) = entry.due.pop_front() {
            self.feed_candle(seat, timeframe, candle, now);
            return true;
        }
        let Some(shelf) = entry.shelf.as_ref().filter(|shelf| !shelf.base().is_empty()) else { return false };
        let Some(cursor) = entry.cursor else {
            entry.cursor = shelf.next();
            self.tell_history(seat, now);
            self.write_settings(seat, now);
            return true;
        };
        let index = shelf.base().index_at(cursor);
        let Some(candle) = shelf.base().get(index) else { return false };
        entry.due.extend(shelf.closing_with(index));
        entry.cursor = Some(candle.open_time + shelf.timeframe().span());
        true
    }

    /// The history is told to the strategy alone: a trader does not act on the past. Where its state of before is known
    /// and nothing is missing in between, it goes on from there; a restarted trader then decides as one that ran on, and
    /// as a backtest from the same anchor (TRADING 2.7).
    pub(super) fn tell_history(&mut self, seat: SeatId, now: Timestamp) {
        let Some(entry) = self.seats.get_mut(seat.0) else { return };
        let (Some(shelf), Some(cursor)) = (entry.shelf.clone(), entry.cursor) else { return };
        let span = shelf.timeframe().span();
        let base = shelf.timeframe();
        let undecided = entry.due.iter().find(|(timeframe, _)| *timeframe == base);
        let until = undecided.map_or(cursor, |(_, candle)| candle.open_time);
        let oldest = shelf.base().first_open_time().unwrap_or(until);
        let kept = entry.memory.state.as_ref().map(|(at, state)| (*at + span, state));
        let kept = kept.filter(|(next, _)| *next >= oldest && *next <= until);
        let resumed = match (&mut entry.strategy, kept) {
            (Some(strategy), Some((next, state))) => match strategy.restore(state) {
                Ok(()) => Some(next),
                Err(error) => {
                    tracing::warn!(trader = %entry.trader.id(), %error, "the strategy starts from its history");
                    None
                }
            },
            _ => None,
        };
        if resumed.is_none() {
            entry.memory.anchor = Some(entry.memory.anchor.map_or(oldest, |anchor| anchor.max(oldest)));
        }
        let from = resumed.or(entry.memory.anchor).unwrap_or(oldest);
        let question = Question::History { shelf, from, until };
        entry.questions.push_front((RequestId(0), question, now));
    }

    fn feed_candle(&mut self, seat: SeatId, timeframe: Timeframe, candle: Candle, now: Timestamp) {
        let Some(entry) = self.seats.get_mut(seat.0) else { return };
        let close = candle.close_time(timeframe.span());
        entry.candle = Some((candle, close));
        if entry.shelf.as_ref().is_some_and(|shelf| shelf.timeframe() == timeframe) {
            let number = candle.open_time.millis() / timeframe.millis().max(1);
            let turn = i64::try_from(seat.0).unwrap_or(0);
            entry.changed |= (number + turn) % KEPT_EVERY == 0;
        }
        if let Some(shelf) = entry.shelf.as_ref().filter(|shelf| shelf.timeframe() == timeframe) {
            if shelf.is_rescaled_at(candle.open_time) {
                self.cool_down(seat, candle.open, now);
            } else {
                self.warm_up(seat, close, now);
            }
        }
        self.lift_margin_block(seat, now.max(close));
        self.feed(seat, now.max(close), Input::Candle { timeframe, candle: &candle });
    }

    fn warm_up(&mut self, seat: SeatId, close: Timestamp, now: Timestamp) {
        let Some(entry) = self.seats.get_mut(seat.0) else { return };
        let deep = entry.shelf.as_ref().is_some_and(|shelf| shelf.is_deep(&entry.needs, close));
        if deep && !entry.warm {
            entry.warm = true;
            self.feed(seat, now, Input::Warm);
        }
    }

    /// A price of another unit than those before it is told and is no signal: openings wait until the strategy has its
    /// history in the new one. Exits go on (FAULTS 39).
    pub(super) fn cool_down(&mut self, seat: SeatId, price: f64, now: Timestamp) {
        let Some(entry) = self.seats.get_mut(seat.0) else { return };
        if !std::mem::replace(&mut entry.warm, false) {
            return;
        }
        self.feed(seat, now, Input::Gate { gate: Refusal::WarmingUp, closed: true });
        if let Some(price) = decimal_from_f64(price).map(Price::new) {
            self.tell(Some(seat), now, EventKind::PriceRejected { price });
        }
    }

    pub(super) fn ask(
        &mut self,
        seat: SeatId,
        request: RequestId,
        question: Question,
        at: Timestamp,
        now: Timestamp,
    ) {
        let Some(entry) = self.seats.get_mut(seat.0) else { return };
        let Some(strategy) = entry.strategy.take() else {
            return self.feed(seat, now, Input::StrategyFailed { request });
        };
        let Some(shelf) = &entry.shelf else {
            entry.strategy = Some(strategy);
            return;
        };
        entry.asked = true;
        entry.asking = match &question {
            Question::Candle(timeframe, candle) if *timeframe == shelf.timeframe() => Some(candle.open_time),
            Question::History { until, .. } => Some(*until - shelf.timeframe().span()),
            _ => None,
        };
        let view = entry.trader.view().clone();
        let job = Job { seat, request, strategy, question, closed: shelf.at(at), view, now: at };
        self.work.push_back(Work::Ask(Box::new(job)));
    }

    pub(super) fn decided(&mut self, verdict: Verdict, now: Timestamp) {
        let Verdict { seat, request, strategy, outcome } = verdict;
        let Some(entry) = self.seats.get_mut(seat.0) else { return };
        entry.asked = false;
        entry.strategy = strategy;
        let asking = entry.asking.take();
        if outcome.is_ok() {
            entry.memory.answered(asking);
        }
        if entry.successor.is_some() {
            // What the one before says about this candle still counts; if it failed, that is over with it.
            self.succeed(seat, now);
            match outcome {
                Ok(decision) if request != RequestId(0) => {
                    self.feed(seat, now, Input::Decision { request, decision });
                }
                Err(_) => self.feed(seat, now, Input::Decision { request, decision: Decision::hold() }),
                Ok(_) => self.pump(seat, now),
            }
            return;
        }
        match outcome {
            Ok(_) if request == RequestId(0) => {
                let newest = entry.shelf.as_ref().and_then(Shelf::next);
                if let Some(close) = newest {
                    self.warm_up(seat, close, now);
                }
                self.pump(seat, now);
            }
            Ok(decision) => self.feed(seat, now, Input::Decision { request, decision }),
            Err(why) => {
                tracing::error!(trader = %entry.trader.id(), why, "strategy failed; exits go on");
                entry.strategy = None;
                entry.failed = Some(why.clone());
                self.tell(Some(seat), now, EventKind::StrategyFailed { detail: why });
                self.feed(seat, now, Input::StrategyFailed { request });
            }
        }
    }
}
