//! What a read of the account, or an answer that was not expected, led to: in a line for people.

use super::Driver;
use crate::desk::{EventKind, Reconciliation};
use crate::exchange::VenueOrder;
use crate::model::{OrderKind, Ticket, Timestamp};
use crate::trader::{Event, Output, Record};

impl Driver {
    /// An output that follows from a read is a repair.
    pub(super) fn count_repair(&mut self, output: &Output) {
        let Some(found) = &mut self.reads.found else { return };
        match output {
            Output::Place { ticket, .. } => match **ticket {
                Ticket::Opening(_) => {}
                Ticket::Reducing(ref reducing) => match reducing.order().kind {
                    OrderKind::StopMarket { .. } => found.stops += 1,
                    OrderKind::Market => found.closes += 1,
                    OrderKind::Limit { .. } | OrderKind::TakeProfitMarket { .. } => found.take_profits += 1,
                },
            },
            Output::Amend { .. } => found.amended += 1,
            Output::Cancel { .. } => found.cancelled += 1,
            Output::Persist { record, .. } if matches!(**record, Record::Fill(_)) => found.fills += 1,
            Output::Event(event) if matches!(**event, Event::Adopted { .. }) => found.adopted += 1,
            _ => {}
        }
    }

    /// Somebody asks how things are: the next read is told, whatever it leads to.
    pub(crate) fn tell_next_read(&mut self) {
        self.reads.quiet = false;
    }

    /// Tells what a read led to: after a start, a reconnect or a question always, else if something was repaired.
    pub(super) fn tell_reconciled(&mut self, orders: &[VenueOrder], now: Timestamp) {
        let Some(mut found) = self.reads.found.take() else { return };
        let count = |many: usize| u32::try_from(many).unwrap_or(u32::MAX);
        let foreign = orders.iter().filter(|order| order.client_id().is_none() && order.status.is_live());
        found.foreign_orders = count(foreign.count());
        let on_seats = self.seats.iter().flat_map(|seat| {
            crate::model::PositionSide::BOTH.into_iter().filter(|side| seat.trader.is_foreign(*side))
        });
        found.foreign_positions = count(self.foreign.len() + on_seats.count());
        if !std::mem::replace(&mut self.reads.quiet, true) || found.repairs() > 0 {
            self.tell_found(found, now);
        }
    }

    /// Tells what an answer led to, if it led to repairs.
    pub(super) fn tell_repaired(&mut self, now: Timestamp) {
        if let Some(found) = self.reads.found.take().filter(|found| found.repairs() > 0) {
            self.tell_found(found, now);
        }
    }

    fn tell_found(&mut self, found: Reconciliation, now: Timestamp) {
        tracing::info!(account = %self.id, dry_run = self.dry_run, "reconciled: {found}");
        let (repairs, dry_run) = (found.repairs(), self.dry_run);
        self.tell(None, now, EventKind::Reconciled { repairs, found, dry_run });
    }
}
