//! What a venue's list says about an instrument: its steps, whether it trades, when it ends (FAULTS 38, 44).

use super::{Driver, Listed, SeatId, Work};
use crate::desk::EventKind;
use crate::exchange::TradingState;
use crate::model::{Span, Timestamp};
use crate::risk::Refusal;
use crate::store::Code;
use crate::trader::Input;

/// How often the list is asked.
const ASK_EVERY: Span = Span::days(1);

/// So long before trading in an instrument ends nothing is opened any more.
const NOTICE: Span = Span::days(7);

impl Driver {
    /// Asks once a day whether what is traded goes on being listed.
    pub(super) fn ask_for_listings(&mut self, now: Timestamp) {
        for index in 0..self.seats.len() {
            let Some(entry) = self.seats.get_mut(index) else { continue };
            if entry.running && entry.listed.is_none_or(|at| now - at >= ASK_EVERY) {
                entry.listed = Some(now);
                let instrument = entry.trader.view().instrument.id.clone();
                self.work.push_back(Work::Reload { seat: SeatId(index), instrument });
            }
        }
    }

    /// Openings end some days before the instrument does; what is open is managed on, and a person is told.
    pub(super) fn listed(&mut self, seat: SeatId, listed: Listed, now: Timestamp) {
        let (restricted, ends) = match listed {
            Listed::Unread => return,
            Listed::Gone => (Some(TradingState::Delisted), None),
            Listed::There(listing) => {
                let soon = listing.ends.is_some_and(|ends| ends - now <= NOTICE);
                let over = soon || listing.state == TradingState::Delisted;
                let restricted = over.then_some(listing.state);
                let ends = listing.ends;
                self.feed(seat, now, Input::Instrument(Box::new(listing.instrument)));
                (restricted, ends)
            }
        };
        let Some(entry) = self.seats.get_mut(seat.0) else { return };
        if std::mem::replace(&mut entry.restricted, restricted) == restricted {
            return;
        }
        self.feed(seat, now, Input::Gate { gate: Refusal::Delisting, closed: restricted.is_some() });
        if let Some(state) = restricted {
            let state = Code::from(format!("{state:?}").to_lowercase());
            self.tell(Some(seat), now, EventKind::InstrumentRestricted { state, ends });
        }
    }
}
