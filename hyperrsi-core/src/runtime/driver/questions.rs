//! What a strategy is asked, one question at a time: its history, closed candles in order, fills.

use super::{Driver, Job, Question, SeatId, Verdict, Work};
use crate::desk::EventKind;
use crate::model::{Candle, RequestId, Timeframe, Timestamp};
use crate::runtime::series::Shelf;
use crate::trader::Input;

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
            // The history is told to the strategy alone: a trader does not act on the past.
            entry.cursor = shelf.next();
            let question = Question::History(shelf.clone());
            entry.questions.push_back((RequestId(0), question, now));
            return true;
        };
        let index = shelf.base().index_at(cursor);
        let Some(candle) = shelf.base().get(index) else { return false };
        entry.due.extend(shelf.closing_with(index));
        entry.cursor = Some(candle.open_time + shelf.timeframe().span());
        true
    }

    fn feed_candle(&mut self, seat: SeatId, timeframe: Timeframe, candle: Candle, now: Timestamp) {
        let Some(entry) = self.seats.get_mut(seat.0) else { return };
        let close = candle.close_time(timeframe.span());
        entry.candle = Some((candle, close));
        if entry.shelf.as_ref().is_some_and(|shelf| shelf.timeframe() == timeframe) {
            self.warm_up(seat, close, now);
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
        let view = entry.trader.view().clone();
        let job = Job { seat, request, strategy, question, closed: shelf.at(at), view, now: at };
        self.work.push_back(Work::Ask(Box::new(job)));
    }

    pub(super) fn decided(&mut self, verdict: Verdict, now: Timestamp) {
        let Verdict { seat, request, strategy, outcome } = verdict;
        let Some(entry) = self.seats.get_mut(seat.0) else { return };
        entry.asked = false;
        entry.strategy = strategy;
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
