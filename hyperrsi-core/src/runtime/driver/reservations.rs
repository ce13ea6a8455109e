//! What fills and funding do to the account's books.

use super::{Driver, SeatId};
use crate::desk::EventKind;
use crate::exchange::{CashFlow, CashFlowKind};
use crate::model::{Fill, PositionSide, Timestamp};
use crate::risk::Refusal;
use crate::trader::Input;

/// Cash flows that are remembered, so that each is booked once.
const FLOWS: usize = 4_096;

impl Driver {
    pub(super) fn book(&mut self, seat: SeatId, fill: &Fill) {
        let Some(entry) = self.seats.get_mut(seat.0) else { return };
        entry.last_fill = Some(fill.clone());
        if let Err(overflow) = self.account.apply(entry.slot, fill) {
            tracing::error!(%overflow, "a fill was not booked");
            return;
        }
        self.reads.newest_fill = self.reads.newest_fill.max(Some(fill.time));
    }

    /// Openings that rest for want of margin go on as soon as it is there again (TRADING 12.4).
    pub(super) fn lift_margin_block(&mut self, seat: SeatId, now: Timestamp) {
        let Some(entry) = self.seats.get(seat.0) else { return };
        if entry.trader.margin_blocked_until().is_some() && self.account.margin_is_back(entry.slot) {
            self.feed(seat, now, Input::Gate { gate: Refusal::MarginBlocked, closed: false });
        }
    }

    /// Money that moved without a fill. Each is booked once, by the venue's id.
    pub(super) fn on_cash_flow(&mut self, flow: &CashFlow, now: Timestamp) {
        if !self.flows.insert(flow.id.clone()) {
            return;
        }
        if self.flows.len() > FLOWS {
            self.flows.pop_first();
        }
        if flow.kind == CashFlowKind::Transfer {
            if let Err(overflow) = self.account.transfer(flow.time, flow.amount) {
                tracing::error!(%overflow, "a transfer was not booked");
            }
            return;
        }
        if flow.kind != CashFlowKind::Funding {
            return; // the rest is the venue's balance, which is read
        }
        if let Err(overflow) = self.account.fund(flow.time, flow.amount) {
            tracing::error!(%overflow, "funding was not booked");
        }
        let seat = flow.instrument.as_ref().and_then(|instrument| self.seat_on(instrument));
        self.tell(seat, now, EventKind::Funding { amount: flow.amount });
        let Some(seat) = seat else { return };
        let Some(entry) = self.seats.get(seat.0) else { return };
        let open = |side| !entry.trader.book(side).is_flat();
        let side = if open(PositionSide::Long) { PositionSide::Long } else { PositionSide::Short };
        self.feed(seat, now, Input::Funding { side, amount: flow.amount });
    }
}
