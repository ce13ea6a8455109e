//! What a trader puts out, as work.

use super::seat::Sent;
use super::{Driver, Purpose, Question, READ_AFTER_FILL, SeatId, Work};
use crate::exchange::{OrderRef, Request};
use crate::model::{ClientOrderId, OrderKind, OrderSpec, RequestId, Span, Ticket, Timestamp, TriggerSource};
use crate::runtime::mapping::{self, Asked, NotAmended};
use crate::trader::{Answer, Configure, Input, Lookup, Output, PersistClass, Record, RejectClass};

/// Orders that are remembered before old ones are let go.
const ORDERS: usize = 4_096;

impl Driver {
    pub(super) fn perform(&mut self, seat: SeatId, output: Output, now: Timestamp) {
        self.count_repair(&output);
        match output {
            Output::Evaluate { request, timeframe } => {
                let Some(entry) = self.seats.get_mut(seat.0) else { return };
                if let Some((candle, close)) = entry.candle {
                    entry.questions.push_back((request, Question::Candle(timeframe, candle), close));
                }
            }
            Output::EvaluateFill { request, fill } => {
                let Some(entry) = self.seats.get_mut(seat.0) else { return };
                match &entry.shelf {
                    Some(shelf) => {
                        let question = Question::Fill(shelf.timeframe(), fill);
                        entry.questions.push_back((request, question, now));
                    }
                    None => {
                        let decision = crate::strategy::Decision::hold();
                        self.answer(seat, now, Input::Decision { request, decision });
                    }
                }
            }
            Output::Reserve(ask) => {
                let Some(entry) = self.seats.get(seat.0) else { return };
                self.account.mark(entry.slot, ask.price.to_f64()); // risk managers see equity at this price
                let slot = entry.slot;
                if ask.by_hand
                    && let Some(entry) = self.seats.get_mut(seat.0)
                {
                    entry.note_by_hand(ask.order.client_id);
                }
                let outcome = self.account.review(now, slot, &ask);
                self.answer(seat, now, Input::Reservation { request: ask.request, outcome });
            }
            Output::Release(id) => {
                if let Some(entry) = self.seats.get(seat.0) {
                    self.account.release(entry.slot, id);
                }
            }
            Output::Persist { request, class, record } => self.persist(seat, request, class, *record, now),
            Output::Place { request, ticket } => self.place(seat, request, *ticket, now),
            Output::Amend { request, order } => self.amend(seat, request, *order, now),
            Output::Cancel { request, client_id } => self.cancel(seat, request, client_id, now),
            Output::QueryOrder { request, client_id } => self.query(seat, request, client_id, now),
            Output::Configure { request, setting } => self.configure(seat, request, setting),
            Output::ReadAccount { request } => {
                self.reads.waiting.push((seat, request));
                self.begin_read();
            }
            Output::Backfill { .. } => self.work.push_back(Work::Backfill { seat }),
            Output::Event(event) => self.on_trader_event(seat, *event, now),
        }
    }

    /// Feeds an answer that is known at once; the drain that is under way goes on with what follows.
    fn answer(&mut self, seat: SeatId, now: Timestamp, input: Input<'_>) {
        if let Some(entry) = self.seats.get_mut(seat.0)
            && let Err(overflow) = entry.trader.handle(now, input)
        {
            tracing::error!(trader = %entry.trader.id(), %overflow, "an answer was not applied in full");
        }
    }

    fn persist(
        &mut self,
        seat: SeatId,
        request: RequestId,
        class: PersistClass,
        record: Record,
        now: Timestamp,
    ) {
        if let Record::Fill(fill) = &record {
            // The trader tells of each fill exactly once (I3): that is when the account books it.
            self.book(seat, fill);
            self.read_within(READ_AFTER_FILL, now);
        }
        if !matches!(record, Record::Decision(_)) {
            self.mark_changed(seat);
        }
        match self.record(seat, record, now) {
            Ok(draft) => {
                self.records.push(draft);
                if class == PersistClass::Before {
                    self.acknowledge.push((seat, request));
                }
            }
            Err(error) => {
                tracing::error!(%error, "a record cannot be written");
                if class == PersistClass::Before {
                    self.answer(seat, now, Input::StoreFailed { request });
                }
            }
        }
    }

    /// Writes what one input led to, together with the trader as it is then: a restart is the newest of these and a look
    /// at the venue.
    pub(super) fn flush(&mut self, seat: SeatId, now: Timestamp) {
        let changed = self.seats.get_mut(seat.0).is_some_and(|entry| {
            // That nothing is open any more is worth a snapshot of its own: it stands for everything before.
            std::mem::take(&mut entry.changed) || !entry.at_rest && entry.trader.is_idle()
        });
        if changed && let Some((trader, checkpoint)) = self.snapshot(seat, now) {
            let books = self.books(checkpoint, now);
            self.records.extend(std::iter::once(trader).chain(books));
        }
        let acknowledge = std::mem::take(&mut self.acknowledge);
        self.stores += acknowledge.len();
        let entries = std::mem::take(&mut self.records);
        if !entries.is_empty() {
            self.work.push_back(Work::Store { entries, acknowledge });
        }
    }

    /// What waited for a record may go, or may not.
    pub(super) fn stored(&mut self, seat: SeatId, request: RequestId, durable: bool, now: Timestamp) {
        self.stores = self.stores.saturating_sub(1);
        match (self.held.remove(&(seat, request)), durable) {
            (Some(call), true) => self.work.push_back(*call),
            (Some(_), false) => {
                let answer = Answer::Refused(RejectClass::Other, "the journal could not be written".into());
                self.feed(seat, now, Input::Answer { request, answer });
            }
            (None, true) => self.feed(seat, now, Input::Stored { request }),
            (None, false) => self.feed(seat, now, Input::StoreFailed { request }),
        }
    }

    fn instrument(&self, seat: SeatId) -> Option<&crate::model::InstrumentId> {
        self.seats.get(seat.0).map(|entry| &entry.trader.view().instrument.id)
    }

    fn place(&mut self, seat: SeatId, request: RequestId, ticket: Ticket, now: Timestamp) {
        let spec = *ticket.order();
        self.sent.insert(spec.client_id, Sent::new(spec, now));
        self.forget_old_orders(now);
        if matches!(ticket, Ticket::Opening(_)) {
            self.tell_entry_sent(seat, &ticket, now);
        }
        let purpose = Purpose::Order(Asked::Place, spec.client_id);
        let opening = matches!(ticket, Ticket::Opening(_));
        let call = Work::Call { seat, request, purpose, call: Request::Place(ticket) };
        if opening {
            // Not sent before the trader that knows of it is durable: whoever starts next looks it up (FAULTS 1, 2).
            self.mark_changed(seat);
            self.acknowledge.push((seat, request));
            self.held.insert((seat, request), Box::new(call));
        } else {
            self.work.push_back(call);
        }
    }

    /// What ended long ago is of no use any more.
    fn forget_old_orders(&mut self, now: Timestamp) {
        if self.sent.len() > ORDERS {
            let live = |sent: &Sent| sent.resting || sent.next.is_some();
            self.sent.retain(|_, sent| live(sent) || now - sent.submitted < Span::days(1));
            self.names.retain(|_, id| self.sent.contains_key(id));
        }
    }

    fn amend(&mut self, seat: SeatId, request: RequestId, to: OrderSpec, now: Timestamp) {
        let Some(instrument) = self.instrument(seat) else { return };
        let was = self.sent.get(&to.client_id).map(|sent| sent.spec);
        let call =
            was.ok_or(NotAmended::Impossible).and_then(|was| mapping::amend(instrument, was, to, None));
        match call {
            Ok(call) => {
                let purpose = Purpose::Order(Asked::Amend, to.client_id);
                if let Some(sent) = self.sent.get_mut(&to.client_id) {
                    sent.next = Some(to);
                }
                self.work.push_back(Work::Call { seat, request, purpose, call });
            }
            Err(NotAmended::Nothing) => {
                self.answer(seat, now, Input::Answer { request, answer: Answer::Done });
            }
            Err(NotAmended::Impossible) => {
                let message = "the order cannot be changed in place; it is cancelled and placed again".into();
                let answer = Answer::Refused(RejectClass::Other, message);
                self.answer(seat, now, Input::Answer { request, answer });
            }
        }
    }

    fn cancel(&mut self, seat: SeatId, request: RequestId, id: ClientOrderId, now: Timestamp) {
        let Some(instrument) = self.instrument(seat) else { return };
        let Some(sent) = self.sent.get(&id) else {
            let answer = Answer::Refused(RejectClass::NotFound, "the order is not known here".into());
            return self.answer(seat, now, Input::Answer { request, answer });
        };
        let call = match &sent.claimed {
            Some(venue) => {
                let class = (&sent.spec.kind).into();
                Request::Cancel(OrderRef::foreign(instrument.clone(), venue.clone(), class))
            }
            None => mapping::cancel(instrument, &sent.spec),
        };
        let purpose = Purpose::Order(Asked::Cancel, id);
        self.work.push_back(Work::Call { seat, request, purpose, call });
    }

    fn query(&mut self, seat: SeatId, request: RequestId, id: ClientOrderId, now: Timestamp) {
        let Some(call) = self.lookup(seat, id) else { return };
        metrics::counter!("hyperrsi_orders_queried_total").increment(1);
        if self.locked.is_some() {
            return self.answer(seat, now, Input::Queried { request, lookup: Lookup::Unknown });
        }
        self.work.push_back(Work::Call { seat, request, purpose: Purpose::Query(id), call });
    }

    /// The request that finds an order wherever it could be.
    pub(super) fn lookup(&self, seat: SeatId, id: ClientOrderId) -> Option<Request> {
        let instrument = self.instrument(seat)?;
        Some(match self.sent.get(&id) {
            Some(sent) => match &sent.claimed {
                Some(venue) => {
                    let class = (&sent.spec.kind).into();
                    let order = OrderRef::foreign(instrument.clone(), venue.clone(), class);
                    Request::QueryOrder { order, submitted: sent.submitted }
                }
                None => mapping::query(instrument, &sent.spec, sent.submitted),
            },
            // Sent by a process that is gone; only its id is left, and with it the world it lives in.
            None => {
                let kind = match super::role_code(&id).as_str() {
                    "stop" => {
                        OrderKind::StopMarket { trigger: Default::default(), source: TriggerSource::Mark }
                    }
                    _ => OrderKind::Market,
                };
                mapping::query_by_id(instrument, id, (&kind).into(), self.started)
            }
        })
    }

    fn configure(&mut self, seat: SeatId, request: RequestId, setting: Configure) {
        let Some(instrument) = self.instrument(seat).cloned() else { return };
        match setting {
            Configure::Leverage(leverage, margin_mode) => {
                self.work.push_back(Work::Configure { seat, request, instrument, leverage, margin_mode });
            }
        }
    }

    /// An order request came back.
    pub(super) fn called(
        &mut self,
        seat: SeatId,
        request: RequestId,
        asked: Asked,
        id: ClientOrderId,
        outcome: &crate::exchange::OrderOutcome,
        now: Timestamp,
    ) {
        if let crate::exchange::OrderOutcome::Done(accepted) = outcome
            && let Some(venue) = &accepted.venue_id
        {
            self.names.insert(venue.clone(), id);
        }
        if let Some(sent) = self.sent.get_mut(&id) {
            let next = sent.next.take();
            if let crate::exchange::OrderOutcome::Done(accepted) = outcome {
                sent.spec = next.unwrap_or(sent.spec);
                sent.known = sent.known.max(accepted.time);
                sent.resting = accepted.status.is_live() && sent.spec.kind != OrderKind::Market;
            }
        }
        if let Some(class) = mapping::failure(outcome) {
            self.on_failure(seat, class, Some(id), now);
        }
        match mapping::answer(asked, outcome) {
            Some(answer) => {
                if matches!(answer, Answer::Unknown) {
                    metrics::counter!("hyperrsi_orders_unknown_total").increment(1);
                    self.tell(Some(seat), now, crate::desk::EventKind::OrderUnknown { order: id });
                }
                self.feed(seat, now, Input::Answer { request, answer });
            }
            None => {
                self.cancels.insert(id, (seat, request, now + super::CANCEL_TAKES));
            }
        }
    }
}
