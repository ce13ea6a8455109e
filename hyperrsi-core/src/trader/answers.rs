//! What the venue answers to requests and reports of itself.

use super::late::TWICE;
use super::orders::Pending;
use super::reconcile::later;
use super::{AccountRead, Answer, Event, Lookup, Output, RejectClass, Role, Trader};
use crate::model::{
    ClientOrderId, OrderReport, OrderStatus, Overflow, PositionSide, PositionSnapshot, Quantity, RequestId,
    Span,
};
use crate::position::ExitReason;
use crate::risk::Refusal;
use rust_decimal::Decimal;

/// How long fills that explain a position may take after it.
const FILLS_ARRIVE: Span = Span::seconds(1);

impl Trader {
    pub(super) fn on_answer(&mut self, request: RequestId, answer: Answer) -> Result<(), Overflow> {
        let now = self.now;
        let Some(order) = self.orders.by_request(request) else { return Ok(()) };
        let pending = order.pending.take();
        let (id, side) = (order.spec.client_id, order.spec.leg);
        match (pending, answer) {
            (Some(Pending::Place(_)), Answer::Done) => {
                if order.status == OrderStatus::Pending {
                    order.status = OrderStatus::Open;
                }
                let role = order.role;
                self.end_retry(side, role);
                if matches!(role, Role::Stop(_)) {
                    self.retire_old_stops(side);
                }
            }
            (Some(Pending::Amend(_, spec)), Answer::Done) => {
                order.spec = spec;
                order.doubtful = false;
                order.reason = order.next_reason.or(order.reason);
                let role = order.role;
                self.end_retry(side, role);
            }
            (Some(Pending::Cancel(_)), Answer::Done) => {
                if let Ok(status) = order.status.transition(OrderStatus::Cancelled) {
                    order.status = status;
                }
                let (opening, unfilled) = (!order.spec.reduce_only, order.filled.is_zero());
                if opening && unfilled {
                    self.opening_failed(side, id);
                } else if opening {
                    self.outputs.push_back(Output::Release(id));
                }
            }
            (Some(Pending::Place(_)), Answer::Refused(RejectClass::DuplicateId, _))
            | (Some(_), Answer::Unknown | Answer::Refused(RejectClass::NotFound, _)) => {
                // Nothing may be assumed: look it up before anything else happens on the leg.
                if order.status == OrderStatus::Pending {
                    order.status = OrderStatus::Unknown;
                }
                order.cancelling = false;
                order.doubtful |= matches!(pending, Some(Pending::Amend(..)));
                if matches!(pending, Some(Pending::Cancel(_))) {
                    // One that is found after all is cancelled again: at once, then with growing pauses.
                    let again = order.cancel_retry.map(|last| later(now, Some(last)));
                    order.cancel_retry = again.or(Some((now, 0)));
                }
                self.query(id);
            }
            (Some(Pending::Place(_)), Answer::Refused(class, message)) => {
                order.status = OrderStatus::Rejected;
                self.emit(Event::Rejected { client_id: id, message });
                self.on_place_refused(id, class)?;
            }
            (Some(Pending::Amend(..)), Answer::Refused(class, message)) => {
                let (role, price) = (order.role, order.spec.kind.price());
                self.emit(Event::Rejected { client_id: id, message });
                if matches!(role, Role::Stop(_)) {
                    if class == RejectClass::AlreadyThrough {
                        let reason = self.stop_reason(side);
                        self.close(side, Decimal::ONE, reason)?;
                    } else {
                        // The old stop stays; the engine's own stop is armed; another try in a moment.
                        self.retry_stop(side);
                        self.leg_mut(side).amended_price = price;
                    }
                } else {
                    self.retry_take_profits(side);
                }
            }
            (Some(Pending::Cancel(_)), Answer::Refused(_, message)) => {
                order.cancelling = false;
                order.cancel_retry = Some(later(now, order.cancel_retry));
                self.emit(Event::Rejected { client_id: id, message });
                self.query(id);
            }
            (Some(Pending::Query(_)) | None, _) => {}
        }
        self.orders.sweep();
        self.reconcile(side)
    }

    fn on_place_refused(&mut self, id: ClientOrderId, class: RejectClass) -> Result<(), Overflow> {
        let Some((side, role)) = self.orders.get(&id).map(|o| (o.spec.leg, o.role)) else { return Ok(()) };
        self.orders.sweep();
        match role {
            Role::Entry(_) | Role::Resting(_) => {
                if class == RejectClass::InsufficientMargin {
                    self.count_margin_failure();
                } else if self.gates.count_entry_failure(side, self.policy.entry_failure_limit) {
                    self.emit(Event::Gate(Refusal::FailurePaused, true));
                }
                if class == RejectClass::ModeMismatch {
                    self.set_gate(Refusal::LeverageMismatch, true);
                    self.configure();
                }
                self.opening_failed(side, id);
                self.emit(Event::Refused { side, refused: Refusal::VenueRejected.into() });
            }
            Role::Stop(_) if class == RejectClass::AlreadyThrough => {
                let reason = self.stop_reason(side);
                self.close(side, Decimal::ONE, reason)?;
            }
            Role::Stop(_) => self.retry_stop(side),
            Role::TakeProfit(..) | Role::Close(_) | Role::LotExit(_) => {
                if matches!(role, Role::Close(_)) {
                    let now = self.now;
                    let leg = self.leg_mut(side);
                    leg.attempt = leg.attempt.wrapping_add(1);
                    leg.close_retry = Some(later(now, leg.close_retry));
                    self.keep_dust(side, class)?;
                } else {
                    self.retry_take_profits(side);
                }
                if class == RejectClass::ReduceOnly {
                    self.read_account(); // perhaps there is nothing left to reduce
                }
            }
        }
        Ok(())
    }

    /// The venue took what it had refused: the next failure waits a second again.
    fn end_retry(&mut self, side: PositionSide, role: Role) {
        let leg = self.leg_mut(side);
        match role {
            Role::Stop(_) => leg.stop_retry = None,
            Role::TakeProfit(..) => leg.take_profit_retry = None,
            Role::Close(_) => leg.close_retry = None,
            _ => {}
        }
    }

    /// A rejected take profit is tried again, a little later each time (TRADING 7.11).
    fn retry_take_profits(&mut self, side: PositionSide) {
        let now = self.now;
        let leg = self.leg_mut(side);
        if leg.take_profit_retry.is_none_or(|(at, _)| at <= now) {
            leg.take_profit_retry = Some(later(now, leg.take_profit_retry));
        }
        leg.attempt = leg.attempt.wrapping_add(1);
    }

    fn query(&mut self, client_id: ClientOrderId) {
        let request = self.request();
        if let Some(order) = self.orders.get_mut(&client_id) {
            order.pending = Some(Pending::Query(request));
            self.outputs.push_back(Output::QueryOrder { request, client_id });
        }
    }

    pub(super) fn on_queried(&mut self, request: RequestId, lookup: Lookup) -> Result<(), Overflow> {
        let Some(order) = self.orders.by_request(request) else { return Ok(()) };
        order.pending = None;
        let (id, side, opening) = (order.spec.client_id, order.spec.leg, !order.spec.reduce_only);
        let ended = !order.status.is_live();
        match lookup {
            // What ended meanwhile stays ended (TRADING 13.7).
            _ if ended => self.orders.sweep(),
            Lookup::Found(report) => return self.on_order(report),
            Lookup::Absent => {
                order.status = OrderStatus::Rejected;
                self.orders.sweep();
                if opening {
                    let hedge = self.leg(side).hedge && self.leg(side).book.is_flat();
                    self.opening_failed(side, id);
                    // One that died with its sender follows its main leg all the same.
                    self.leg_mut(side.opposite()).hedge_due |= hedge && self.may_inherit();
                    self.hedge_after_restart()?;
                } else {
                    let leg = self.leg_mut(side);
                    leg.attempt = leg.attempt.wrapping_add(1);
                }
            }
            Lookup::Unknown => order.status = OrderStatus::Unknown, // asked again at the next wake
        }
        self.reconcile(side)
    }

    /// Asks again for every order whose outcome is unknown.
    pub(super) fn query_unknown(&mut self) {
        let unknown: Vec<_> = self
            .orders
            .iter()
            .filter(|o| o.status == OrderStatus::Unknown && o.pending.is_none())
            .map(|o| o.spec.client_id)
            .collect();
        for id in unknown {
            self.query(id);
        }
    }

    pub(super) fn on_order(&mut self, report: OrderReport) -> Result<(), Overflow> {
        let Some(order) = self.orders.get_mut(&report.client_id) else {
            let ended = self.orders.has_finished(&report.client_id);
            if !ended && self.may_inherit_order(&report.client_id) && report.status.is_live() {
                if !self.is_unread() {
                    self.read_account(); // it arrived after its sender had died
                }
                return Ok(());
            }
            if !ended && self.ids.owns(&report.client_id) && report.status.is_live() {
                self.emit(Event::SecondWriter { client_id: report.client_id });
                self.set_gate(Refusal::ForeignPosition, true);
            }
            return Ok(());
        };
        let side = order.spec.leg;
        // Fills carry quantities; a report that is older than what is known changes nothing.
        let Ok(status) = order.status.transition(report.status) else { return Ok(()) };
        let unexplained = report.filled > order.filled;
        order.reported = order.reported.max(report.filled);
        order.status = status;
        let found_stop = status.is_live() && matches!(order.role, Role::Stop(_));
        if !status.is_live() && !matches!(order.pending, Some(Pending::Query(_))) {
            order.pending = None;
        }
        let failed_opening =
            !status.is_live() && !order.spec.reduce_only && order.filled.is_zero() && !unexplained;
        let ended = !status.is_live() && !order.spec.reduce_only;
        if found_stop && self.is_unread() {
            self.leg_mut(side).found_stop = Some(report.time);
        }
        if unexplained {
            self.read_account(); // the fills are on their way or were missed
        }
        if failed_opening {
            self.opening_failed(side, report.client_id);
        } else if ended && !unexplained {
            self.outputs.push_back(Output::Release(report.client_id));
        }
        self.orders.sweep();
        self.reconcile(side)
    }

    pub(super) fn on_account_read(&mut self, read: Option<Box<AccountRead>>) -> Result<(), Overflow> {
        let Some(read) = read else {
            // A failed read counts as nothing (TRADING 13.2); after a restart, protection does not wait for a second one.
            if self.is_unread() {
                self.has_read();
                for side in PositionSide::BOTH {
                    self.reconcile(side)?;
                }
            }
            return Ok(());
        };
        self.inherit(&read.resting);
        for fill in &read.fills {
            self.inherit_order_of(fill, &read.fills);
            self.on_fill(fill)?;
        }
        for report in &read.orders {
            self.on_order(*report)?;
        }
        if self.is_unread() {
            self.resume_trails();
            self.has_read();
        }
        self.orders.miss_fills(self.now);
        self.orders.sweep();
        for side in PositionSide::BOTH {
            match read.positions.iter().find(|p| p.key.side == side && p.quantity.is_positive()) {
                Some(position) => self.on_position_read(position)?,
                None => self.on_flat_read(side)?,
            }
        }
        for side in PositionSide::BOTH {
            self.reconcile(side)?;
        }
        self.set_gate(Refusal::NotReconciled, false);
        self.hedge_after_restart()
    }

    /// A position on the stream. Where fills do not explain it they may be on their way: the account is read soon.
    pub(super) fn on_position(&mut self, position: &PositionSnapshot) -> Result<(), Overflow> {
        let at = self.now + FILLS_ARRIVE;
        let leg = self.leg_mut(position.key.side);
        if position.updated < leg.last_fill || leg.ignored {
            return Ok(()); // older than what is known (TRADING 13.7)
        }
        if position.quantity.is_positive() {
            leg.flat_since = None;
        }
        leg.doubt = (position.quantity != leg.held()?).then_some((at, position.quantity));
        if leg.doubt.is_none() {
            leg.unexplained = None;
        }
        Ok(())
    }

    /// A position as a read of the account shows it; its fills have been applied.
    fn on_position_read(&mut self, position: &PositionSnapshot) -> Result<(), Overflow> {
        let side = position.key.side;
        let in_flight = self.orders.of(side).any(|o| o.pending.is_some());
        let awaited = self.orders.awaits_exit(side);
        let soon = self.now + FILLS_ARRIVE;
        let leg = self.leg_mut(side);
        leg.flat_since = None;
        let known = leg.book.quantity();
        if leg.claimed && known.is_zero() {
            return self.take_over(side, position.quantity, position.average);
        }
        let leg = self.leg_mut(side);
        if position.quantity == leg.held()? {
            leg.unexplained = None;
            leg.doubt = awaited.then_some((soon, position.quantity));
            return Ok(());
        }
        if leg.ignored || leg.foreign || position.updated < leg.last_fill {
            return Ok(());
        }
        if in_flight || !known.is_zero() && self.fills_may_come(position, known) {
            self.leg_mut(side).doubt = Some((soon, position.quantity));
            return Ok(());
        }
        if known.is_zero() {
            if !self.orders.has_opening(side) {
                self.leg_mut(side).foreign = true;
                self.emit(Event::Foreign { side });
            }
            return Ok(());
        }
        let dust = self.leg(side).dust.min(position.quantity);
        let quantity = position.quantity.minus(dust)?;
        self.note_adjustment(position, quantity)?;
        self.adopt(side, quantity, position.average).map(|_| ())
    }

    /// A read of the account shows no position. A leg is dropped only after two of them, 2 s apart (TRADING 13.2).
    fn on_flat_read(&mut self, side: PositionSide) -> Result<(), Overflow> {
        let now = self.now;
        let leg = self.leg_mut(side);
        leg.dust = Quantity::ZERO;
        let gone = leg.foreign && leg.book.is_flat();
        if !gone && (leg.book.is_flat() || leg.ignored || leg.foreign) {
            return Ok(());
        }
        let since = *leg.flat_since.get_or_insert(now);
        if now - since < TWICE {
            leg.doubt = (!gone).then_some((since + TWICE, Quantity::ZERO));
            return Ok(());
        }
        if gone {
            // Whoever opened it closed it: the leg is free again.
            (leg.foreign, leg.ignored, leg.claimed, leg.flat_since) = (false, false, false, None);
            return Ok(());
        }
        self.leg_flat(side, now, ExitReason::Manual)
    }
}
