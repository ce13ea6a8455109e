//! What the venue says, for the traders it concerns.

use super::seat::Sent;
use super::{Done, Driver, Purpose, Reading, SeatId};
use crate::desk::{EventKind, Reconciliation};
use crate::exchange::{self, AccountEvent, ErrorClass, ExchangeError, VenueFill, VenueOrder};
use crate::model::{
    ClientOrderId, InstrumentId, OrderReport, OrderStatus, PositionKey, RequestId, Span, Timestamp,
};
use crate::risk::Refusal;
use crate::runtime::mapping;
use crate::store::Code;
use crate::trader::{AccountRead, Answer, Input, Link};

/// When a failed read is tried again.
const READ_AGAIN: Span = Span::seconds(2);
/// When the account is read again while its key does not work.
const READ_LOCKED: Span = Span::minutes(1);
/// How often an instrument is read again at most.
const RELOAD_INTERVAL: Span = Span::minutes(1);

impl Driver {
    /// Work is done.
    pub(crate) fn done(&mut self, done: Done, now: Timestamp) {
        match done {
            Done::Called { seat, request, purpose: Purpose::Order(asked, id), result } => {
                let outcome = mapping::outcome(result);
                // What follows from an order that is not as it was thought is a repair as well.
                self.reads.found = mapping::failure(&outcome).map(|_| Reconciliation::default());
                self.called(seat, request, asked, id, &outcome, now);
                self.tell_repaired(now);
            }
            Done::Called { seat, request, purpose: Purpose::Query(id), result } => {
                if let Err(error) = &result {
                    self.on_failure(seat, error.class(), None, now);
                }
                let result = result.map(|answer| match answer {
                    exchange::Answer::Lookup(exchange::Lookup::Found(order)) => {
                        let order = self.ours(&order);
                        self.learn(&order);
                        exchange::Answer::Lookup(exchange::Lookup::Found(Box::new(order)))
                    }
                    other => other,
                });
                let lookup = mapping::lookup(id, result);
                if !matches!(lookup, crate::trader::Lookup::Unknown) {
                    let found = matches!(lookup, crate::trader::Lookup::Found(_));
                    self.tell(Some(seat), now, EventKind::OrderSettled { order: id, found });
                }
                self.reads.found = Some(Reconciliation::default());
                self.feed(seat, now, Input::Queried { request, lookup });
                self.tell_repaired(now);
            }
            Done::Called { seat, purpose: Purpose::Missing(id), result, .. } => {
                self.found_missing(seat, id, result, now);
            }
            Done::Called { seat, purpose: Purpose::Withdraw(order), result, .. } => {
                let outcome = mapping::outcome(result);
                if let Some(class) = mapping::failure(&outcome) {
                    tracing::warn!(account = %self.id, %order, class = class.code(), "a claimed order was not cancelled");
                    self.on_failure(seat, class, None, now); // tried again while it is there
                }
            }
            Done::Read(result) => self.on_read(result, now),
            Done::Configured { seat, request, outcome } => {
                if let (Err(refusal), Some(entry)) = (&outcome, self.seats.get(seat.0)) {
                    let policy = entry.trader.policy();
                    let wanted = format!("leverage {}, {:?} margin", policy.leverage, policy.margin_mode);
                    let kind = EventKind::ModeMismatch {
                        what: Code::of(refusal.code()),
                        found: refusal.meaning().to_owned(),
                        wanted,
                    };
                    self.tell(Some(seat), now, kind);
                }
                self.feed(seat, now, Input::Configured { request, outcome });
            }
            Done::Reloaded { seat, listed } => self.listed(seat, listed, now),
            Done::Stored { seat, request, durable } => self.stored(seat, request, durable, now),
            Done::Journal(writable) => self.on_journal(writable, now),
            Done::Decided(verdict) => self.decided(*verdict, now),
        }
    }

    /// The journal as a whole works again, or does not: the gate of every trader (FAULTS 54, 61).
    fn on_journal(&mut self, writable: bool, now: Timestamp) {
        if self.journal_down != writable {
            return;
        }
        self.journal_down = !writable;
        for index in 0..self.seats.len() {
            // No record waits under this number: only the gate hears of it.
            let request = RequestId(0);
            let input = if writable { Input::Stored { request } } else { Input::StoreFailed { request } };
            self.feed(SeatId(index), now, input);
        }
        if !writable {
            let detail = "records are kept in memory until it answers".to_owned();
            self.tell(None, now, EventKind::StoreDown { detail });
        }
    }

    pub(super) fn seat_on(&self, instrument: &InstrumentId) -> Option<SeatId> {
        self.seats.iter().position(|seat| seat.trader.view().instrument.id == *instrument).map(SeatId)
    }

    /// An event of the account's private stream.
    pub(crate) fn event(&mut self, event: AccountEvent, now: Timestamp) {
        match event {
            AccountEvent::Order(order) => self.on_order(&order, now),
            AccountEvent::Fill(fill) => self.on_fill(*fill, now),
            AccountEvent::Position(position) => {
                let snapshot = position.position;
                match self.seat_on(&snapshot.key.instrument) {
                    Some(seat) => self.feed(seat, now, Input::Position(&snapshot)),
                    None => self.note_foreign(snapshot, now),
                }
            }
            AccountEvent::Balance(balance) => {
                self.on_balances(&[balance]);
            }
            AccountEvent::Mode(config) => self.on_mode(config.position_mode, now),
            AccountEvent::Leverage(setting) => {
                if let Some(seat) = self.seat_on(&setting.instrument) {
                    let ours = self.seats.get(seat.0).map(|entry| entry.trader.policy().leverage);
                    // Both sides have to be ours; the one that differs is told.
                    let leverage = if Some(setting.long) == ours { setting.short } else { setting.long };
                    self.feed(seat, now, Input::Leverage(leverage, setting.margin_mode));
                }
            }
            AccountEvent::CashFlow(flow) => self.on_cash_flow(&flow, now),
            AccountEvent::Gap { since } => {
                self.tell_next_read();
                if let Some(since) = since {
                    self.reads.newest_fill = Some(self.reads.newest_fill.map_or(since, |at| at.min(since)));
                }
                self.on_link(Link::Gap, now);
            }
            AccountEvent::Up => {
                self.unlock(now);
                if let Some(since) = self.link_down.take() {
                    self.tell_next_read(); // whatever was missed meanwhile
                    metrics::counter!("hyperrsi_reconnects_total", "link" => "account").increment(1);
                    self.tell(None, now, EventKind::LinkUp { link: Code::of("account"), down: now - since });
                }
                self.on_link(Link::Up, now);
            }
            AccountEvent::Down { error } => {
                if self.link_down.is_none() {
                    self.link_down = Some(now);
                    let class = Code::of(error.class().code());
                    self.tell(None, now, EventKind::LinkDown { link: Code::of("account"), class });
                }
                if let Some(seat) = (!self.seats.is_empty()).then_some(SeatId(0)) {
                    self.on_failure(seat, error.class(), None, now);
                }
                self.on_link(Link::Down, now);
            }
        }
    }

    fn on_link(&mut self, link: Link, now: Timestamp) {
        for index in 0..self.seats.len() {
            let gap = self.seats.get(index).is_some_and(|seat| seat.market_gap);
            self.feed(SeatId(index), now, Input::Link(link));
            if gap && link != Link::Down {
                self.feed(SeatId(index), now, Input::DataGap); // the market's own gap stays
            }
        }
        if link != Link::Down && self.seats.is_empty() {
            self.read_within(Span::ZERO, now); // traders ask for it by themselves
        }
    }

    fn on_mode(&mut self, mode: crate::model::PositionMode, now: Timestamp) {
        if self.mode == Some(mode) {
            return;
        }
        if let Some(before) = self.mode.replace(mode) {
            let kind = EventKind::ModeMismatch {
                what: Code::of("position_mode"),
                found: format!("{mode:?}"),
                wanted: format!("{before:?}"),
            };
            self.tell(None, now, kind);
        }
        for index in 0..self.seats.len() {
            self.feed(SeatId(index), now, Input::PositionMode(mode));
        }
    }

    /// What a report teaches about an order: its names, and how it rests.
    fn learn(&mut self, order: &VenueOrder) {
        let Some(id) = order.client_id() else { return };
        self.names.insert(order.id.clone(), id);
        if let Some(spawned) = &order.spawned {
            self.names.insert(spawned.clone(), id);
        }
        let live = order.status.is_live();
        if self.sent.get(&id).is_some_and(|sent| order.updated < sent.known) {
            return; // a read that began before the newest change was answered (TRADING 13.7)
        }
        if let Some(spec) = order.spec().filter(|_| live) {
            if self.seat_on(&order.instrument).is_none() {
                return;
            }
            let sent = self.sent.entry(id).or_insert_with(|| Sent::new(spec, order.created));
            sent.spec = spec;
            if sent.next == Some(spec) {
                sent.next = None;
            }
        }
        if let Some(sent) = self.sent.get_mut(&id) {
            sent.known = sent.known.max(order.updated);
            sent.resting = live && sent.spec.kind != crate::model::OrderKind::Market;
            sent.filled = sent.filled.max(order.filled);
        }
    }

    pub(super) fn on_order(&mut self, order: &VenueOrder, now: Timestamp) {
        let order = &self.ours(order);
        self.learn(order);
        let (Some(report), Some(seat)) = (order.report(), self.seat_on(&order.instrument)) else { return };
        if report.status == OrderStatus::Unknown {
            return; // a status nobody knows is not a fact (FAULTS 64); the next read tells
        }
        self.reported(seat, report, now);
    }

    /// What became of an order of ours.
    pub(super) fn reported(&mut self, seat: SeatId, report: OrderReport, now: Timestamp) {
        self.note_removal(seat, &report, now);
        self.feed(seat, now, Input::Order(report));
        self.settle_cancel(report.client_id, report.status, now);
    }

    /// A stop that ended without our asking for it was taken away by hand (FAULTS 21).
    fn note_removal(&mut self, seat: SeatId, report: &OrderReport, now: Timestamp) {
        let Some(trader) = self.seats.get(seat.0).map(|entry| &entry.trader) else { return };
        let side = trader
            .orders()
            .find(|order| order.spec.client_id == report.client_id)
            .filter(|order| report.status == OrderStatus::Cancelled && order.status.is_live() && !order.busy)
            .filter(|order| matches!(order.spec.kind, crate::model::OrderKind::StopMarket { .. }))
            .map(|order| order.spec.leg)
            .filter(|side| !trader.book(*side).is_flat());
        if let Some(side) = side {
            self.tell(Some(seat), now, EventKind::ProtectionRemoved { side });
        }
    }

    /// A cancel that was taken note of is answered by the report that ends the order.
    fn settle_cancel(&mut self, id: ClientOrderId, status: OrderStatus, now: Timestamp) {
        if status.is_live() {
            return;
        }
        if let Some((seat, request, _)) = self.cancels.remove(&id) {
            let answer = if status == OrderStatus::Cancelled { Answer::Done } else { Answer::Unknown };
            self.feed(seat, now, Input::Answer { request, answer });
        }
    }

    fn on_fill(&mut self, fill: VenueFill, now: Timestamp) {
        let Some(seat) = self.seat_on(&fill.instrument) else { return };
        let fill = self.named(fill);
        self.feed(seat, now, Input::Fill(&fill));
    }

    /// The fill with our id, where the venue only gave its own.
    fn named(&self, fill: VenueFill) -> crate::model::Fill {
        let mut named = fill.fill;
        named.client_id = named.client_id.or_else(|| self.names.get(&fill.order).copied());
        named
    }

    fn on_read(&mut self, result: Result<Box<Reading>, ExchangeError>, now: Timestamp) {
        self.reads.running = false;
        let answering = std::mem::take(&mut self.reads.answering);
        match result {
            Ok(reading) => {
                self.reads.last = Some(now);
                self.reads.done += 1;
                self.unlock(now);
                self.on_balances(&reading.balances);
                if let Some(mode) = reading.position_mode() {
                    self.on_mode(mode, now);
                }
                self.fan_out(&reading, &answering, now);
                self.read_within(super::READ_INTERVAL, now);
            }
            Err(error) => {
                metrics::counter!("hyperrsi_reads_failed_total").increment(1);
                tracing::warn!(account = %self.id, %error, "the account could not be read");
                match &error {
                    ExchangeError::Banned { until } => {
                        metrics::counter!("hyperrsi_venue_errors_total", "class" => "banned").increment(1);
                        self.tell(None, now, EventKind::Banned { until: *until });
                    }
                    _ if self.seats.is_empty() => {}
                    _ => self.on_failure(SeatId(0), error.class(), None, now),
                }
                for (seat, request) in answering {
                    // A failed read counts as nothing (TRADING 13.2).
                    self.feed(seat, now, Input::AccountRead { request, read: None });
                }
                let again = match error.retry() {
                    // By the clock of whoever said so, which may be behind ours.
                    crate::exchange::Retry::NotBefore(at) => (at - now).max(READ_AGAIN),
                    crate::exchange::Retry::After(span) => span.max(READ_AGAIN),
                    _ => READ_AGAIN,
                };
                let again = if self.locked.is_some() { again.max(READ_LOCKED) } else { again };
                self.read_within(again, now);
            }
        }
        let again = std::mem::take(&mut self.reads.again);
        if (again || !self.reads.waiting.is_empty()) && self.locked.is_none() {
            self.begin_read();
        }
    }

    /// One read of the account, for every trader its part.
    fn fan_out(&mut self, reading: &Reading, answering: &[(SeatId, RequestId)], now: Timestamp) {
        let orders: Vec<VenueOrder> = reading.orders.iter().map(|order| self.ours(order)).collect();
        for order in &orders {
            self.learn(order);
        }
        self.reads.found = Some(Reconciliation::default());
        self.adopt_emergency_stops(&orders, now);
        self.note_foreign_orders(&orders);
        for index in 0..self.seats.len() {
            let Some(entry) = self.seats.get(index) else { continue };
            let instrument = entry.trader.view().instrument.id.clone();
            let asked = answering.iter().find(|(seat, _)| seat.0 == index).map(|(_, request)| *request);
            let own = |order: &&VenueOrder| order.instrument == instrument;
            let read = AccountRead {
                positions: reading
                    .positions
                    .iter()
                    .filter(|position| position.position.key.instrument == instrument)
                    .map(|position| position.position.clone())
                    .collect(),
                orders: orders
                    .iter()
                    .filter(own)
                    .filter_map(VenueOrder::report)
                    .filter(|report| report.status != OrderStatus::Unknown)
                    .collect(),
                resting: orders.iter().filter(own).filter_map(VenueOrder::spec).collect(),
                foreign_orders: orders.iter().filter(own).filter(|o| o.client_id().is_none()).count(),
                fills: reading
                    .fills
                    .iter()
                    .filter(|fill| fill.instrument == instrument)
                    .map(|fill| self.named(fill.clone()))
                    .collect(),
            };
            let (request, read) = (asked.unwrap_or(RequestId(0)), Some(Box::new(read)));
            self.feed(SeatId(index), now, Input::AccountRead { request, read });
        }
        let held: Vec<_> = reading.positions.iter().map(|held| held.position.clone()).collect();
        let open = |key: &PositionKey| held.iter().any(|p| p.key == *key && p.quantity.is_positive());
        self.foreign.retain(|(instrument, side), _| {
            open(&PositionKey { instrument: instrument.clone(), side: *side })
        });
        for snapshot in held {
            if self.seat_on(&snapshot.key.instrument).is_none() {
                self.note_foreign(snapshot, now);
            }
        }
        self.tell_reconciled(&orders, now);
        self.look_for_missing(&orders, now);
    }

    /// What a failure means for more than the order it happened to.
    pub(super) fn on_failure(
        &mut self,
        seat: SeatId,
        class: ErrorClass,
        order: Option<ClientOrderId>,
        now: Timestamp,
    ) {
        metrics::counter!("hyperrsi_venue_errors_total", "class" => class.code()).increment(1);
        match class {
            ErrorClass::Auth | ErrorClass::Permission if self.locked.is_none() => {
                self.locked = Some(class);
                self.tell(None, now, EventKind::KeyRejected { class: Code::of(class.code()) });
                self.set_gate(true, now);
            }
            ErrorClass::Retired => {
                self.retired = true;
                self.tell(None, now, EventKind::EndpointRetired { request: Code::of("order") });
                self.set_gate(true, now);
            }
            ErrorClass::FilterChanged => {
                let Some(entry) = self.seats.get_mut(seat.0) else { return };
                if now - entry.reloaded >= RELOAD_INTERVAL {
                    entry.reloaded = now;
                    let instrument = entry.trader.view().instrument.id.clone();
                    self.work.push_back(super::Work::Reload { seat, instrument });
                }
            }
            ErrorClass::ModeMismatch => self.read_within(Span::ZERO, now),
            ErrorClass::Banned => self.tell(None, now, EventKind::Banned { until: None }),
            ErrorClass::Maintenance => self.tell(None, now, EventKind::Maintenance { until: None }),
            _ => {}
        }
        if let Some(order) = order {
            tracing::warn!(account = %self.id, order = %order, class = class.code(), "an order request failed");
        }
    }

    /// Openings on the whole account are of no use now, or are again.
    fn set_gate(&mut self, closed: bool, now: Timestamp) {
        for index in 0..self.seats.len() {
            self.feed(SeatId(index), now, Input::Gate { gate: Refusal::VenueRejected, closed });
        }
    }

    /// The venue takes the key again.
    fn unlock(&mut self, now: Timestamp) {
        if self.locked.take().is_some() && !self.retired {
            self.set_gate(false, now);
        }
    }

    fn on_balances(&mut self, balances: &[crate::model::Balance]) {
        for balance in balances {
            self.balances.retain(|known| known.asset != balance.asset);
            self.balances.push(balance.clone());
        }
        let quote = self.seats.first().map(|seat| seat.trader.view().instrument.quote.clone());
        if let Some(held) = self.balances.iter().find(|held| Some(held.asset.as_str()) == quote.as_deref()) {
            self.account.set_free(Some(held.free));
        }
    }
}
