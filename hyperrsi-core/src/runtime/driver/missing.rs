//! Orders of ours that should rest and are not among what a read shows (TRADING 13.4): each is looked up, since only that
//! proves what became of it. The stream may have said nothing, or nobody was there to hear it.

use super::{Driver, Purpose, SeatId, Work};
use crate::desk::Reconciliation;
use crate::exchange::{Answer, ExchangeError, Lookup, VenueOrder};
use crate::model::{ClientOrderId, OrderKind, OrderReport, OrderStatus, RequestId, Span, Timestamp};

/// How long nothing was heard of an order before a read without it counts: one placed while a read is under way is not
/// in it.
const SETTLED: Span = Span::seconds(5);

impl Driver {
    /// Looks up what should be among the orders of a read.
    pub(super) fn look_for_missing(&mut self, orders: &[VenueOrder], now: Timestamp) {
        let mut missing = Vec::new();
        for (index, entry) in self.seats.iter().enumerate() {
            for order in entry.trader.orders() {
                let id = order.spec.client_id;
                let rests = matches!(order.status, OrderStatus::Open | OrderStatus::PartiallyFilled)
                    && !order.busy
                    && order.spec.kind != OrderKind::Market;
                let settled = self.sent.get(&id).is_none_or(|sent| now - sent.known >= SETTLED);
                if rests && settled && !orders.iter().any(|one| one.client_id() == Some(id)) {
                    missing.push((SeatId(index), id));
                }
            }
        }
        for (seat, id) in missing {
            let Some(call) = self.lookup(seat, id) else { continue };
            metrics::counter!("hyperrsi_orders_queried_total").increment(1);
            let purpose = Purpose::Missing(id);
            self.work.push_back(Work::Call { seat, request: RequestId(0), purpose, call });
        }
    }

    /// What became of one: as if the stream had said it. What cannot be told is looked up again after the next read.
    pub(super) fn found_missing(
        &mut self,
        seat: SeatId,
        id: ClientOrderId,
        result: Result<Answer, ExchangeError>,
        now: Timestamp,
    ) {
        self.reads.found = Some(Reconciliation::default());
        match result {
            Ok(Answer::Lookup(Lookup::Found(order))) => self.on_order(&order, now),
            Ok(Answer::Lookup(Lookup::Absent)) => {
                let entry = self.seats.get(seat.0);
                let known =
                    entry.and_then(|one| one.trader.orders().find(|order| order.spec.client_id == id));
                if let Some(order) = known {
                    let status = OrderStatus::Cancelled;
                    self.reported(
                        seat,
                        OrderReport { client_id: id, status, filled: order.filled, time: now },
                        now,
                    );
                }
            }
            Ok(_) => {}
            Err(error) => self.on_failure(seat, error.class(), None, now),
        }
        self.tell_repaired(now);
    }
}
