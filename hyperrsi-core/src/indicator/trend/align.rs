use super::{Machine, state::NEVER};
use crate::model::{Timeframe, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// What a machine said at the close of one candle.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Said<T> {
    /// When the candle closed.
    pub(super) closed: Timestamp,
    /// How many candles had closed before it.
    pub(super) index: u64,
    /// What it said.
    pub(super) value: T,
}

/// A machine on a higher timeframe, and what it has said so far: the part the base candles may see, and the rest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    bound = "M: Serialize + serde::de::DeserializeOwned, M::Output: Serialize + serde::de::DeserializeOwned"
)]
pub(super) struct Aligned<M: Machine> {
    timeframe: Timeframe,
    machine: M,
    candles: u64,
    last_open: Option<Timestamp>,
    current: Option<Said<M::Output>>,
    /// Values of candles that close after the newest base candle opened, oldest first.
    pending: VecDeque<Said<M::Output>>,
}

impl<M: Machine> Aligned<M> {
    pub(super) fn new(timeframe: Timeframe, machine: M) -> Self {
        Self {
            timeframe,
            machine,
            candles: 0,
            last_open: None,
            current: None,
            pending: VecDeque::with_capacity(8),
        }
    }

    pub(super) const fn timeframe(&self) -> Timeframe {
        self.timeframe
    }

    /// Feeds a closed candle of `timeframe`; false if it is another timeframe's or not newer than the last.
    pub(super) fn feed(&mut self, timeframe: Timeframe, open: Timestamp, close: f64) -> bool {
        if timeframe != self.timeframe || self.last_open.is_some_and(|last| open <= last) {
            return false;
        }
        self.last_open = Some(open);
        let value = self.machine.close(close);
        let closed = open + self.timeframe.span();
        self.pending.push_back(Said { closed, index: self.candles, value });
        self.candles += 1;
        true
    }

    /// What the last candle closed by `time` said. `time` must not go back.
    pub(super) fn at(&mut self, time: Timestamp) -> Option<Said<M::Output>> {
        while let Some(said) = self.pending.front() {
            if said.closed > time {
                break;
            }
            self.current = self.pending.pop_front();
        }
        self.current
    }

    /// When the next value may be seen.
    pub(super) fn due(&self) -> Timestamp {
        self.pending.front().map_or(NEVER, |said| said.closed)
    }
}
