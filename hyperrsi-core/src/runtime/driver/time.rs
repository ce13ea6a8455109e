//! What is done because time has passed.

use super::{Driver, SeatId};
use crate::model::Timestamp;
use crate::trader::{Answer, Input};

impl Driver {
    /// The time of [`Driver::deadline`] has come.
    pub(crate) fn tick(&mut self, now: Timestamp) {
        self.ask_for_listings(now);
        for index in 0..self.seats.len() {
            if self.seats.get(index).and_then(|seat| seat.wake).is_some_and(|at| at <= now) {
                if let Some(entry) = self.seats.get_mut(index) {
                    entry.wake = None;
                }
                self.feed(SeatId(index), now, Input::Wake);
            }
        }
        let late: Vec<_> =
            self.cancels.iter().filter(|(_, (.., until))| *until <= now).map(|(id, to)| (*id, *to)).collect();
        for (id, (seat, request, _)) in late {
            self.cancels.remove(&id);
            self.feed(seat, now, Input::Answer { request, answer: Answer::Unknown });
        }
        if self.reads.due.is_some_and(|due| due <= now) {
            self.reads.due = None;
            self.begin_read();
        }
    }

    /// When [`Driver::tick`] is wanted.
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        let wakes = self.seats.iter().filter_map(|seat| seat.wake);
        let cancels = self.cancels.values().map(|(.., until)| *until);
        wakes.chain(cancels).chain(self.reads.due).min()
    }
}
