//! From a decided opening to an order: it is sized at the first price at or after the decision, reviewed and reserved by
//! the account, made durable, and sent.

use super::{Output, PersistClass, Record, Reserve, Role, Trader};
use crate::model::{
    Amount, Approved, ClientOrderId, Opening, OrderKind, OrderSpec, Overflow, PositionSide, Price, Quantity,
    RequestId, Ticket, TimeInForce, Timestamp, TriggerSource, decimal_from_f64,
};
use crate::position::{EntryPlan, ExitPlan};
use crate::risk::{Refusal, Refused, Size};
use crate::strategy::{DecisionOutcome, DecisionRecord, LegState, RecordedOrder, RestingEntry};
use std::sync::Arc;

/// Which kind of opening an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryKind {
    First,
    Add,
    Hedge,
    /// A further entry that rests as a limit order.
    Limit,
    /// A limit entry that the strategy wants to rest, by its key.
    Resting(u16),
}

#[derive(Clone, Debug)]
enum Stage {
    Price,
    Reserving(RequestId),
    Storing(RequestId, Box<Approved<Opening>>),
}

/// A decided opening that has not been sent yet.
#[derive(Clone, Debug)]
pub(crate) struct PendingEntry {
    kind: EntryKind,
    side: PositionSide,
    size: Size,
    exits: Option<Arc<ExitPlan>>,
    entries: Option<Arc<EntryPlan>>,
    /// The price of a limit entry.
    limit: Option<Price>,
    /// The exit of the lot it opens.
    lot: Option<Price>,
    decided: Timestamp,
    stage: Stage,
    record: Option<Box<DecisionRecord>>,
    /// An operator asked for it, for that quantity at most.
    by_hand: Option<Option<Quantity>>,
}

impl PendingEntry {
    /// A market entry that waits for its price.
    pub(crate) fn market(
        kind: EntryKind,
        side: PositionSide,
        size: Size,
        (exits, entries): (Option<Arc<ExitPlan>>, Option<Arc<EntryPlan>>),
        decided: Timestamp,
        record: Option<Box<DecisionRecord>>,
    ) -> Self {
        Self {
            kind,
            side,
            size,
            exits,
            entries,
            limit: None,
            lot: None,
            decided,
            stage: Stage::Price,
            record,
            by_hand: None,
        }
    }
    /// A further entry at a limit price.
    pub(crate) const fn limit(side: PositionSide, size: Size, price: Price, decided: Timestamp) -> Self {
        Self {
            kind: EntryKind::Limit,
            side,
            size,
            exits: None,
            entries: None,
            limit: Some(price),
            lot: None,
            decided,
            stage: Stage::Price,
            record: None,
            by_hand: None,
        }
    }
    /// An entry that the strategy wants to rest.
    pub(crate) fn resting(entry: RestingEntry, decided: Timestamp) -> Self {
        Self {
            kind: EntryKind::Resting(entry.key),
            exits: Some(entry.exits),
            lot: entry.lot,
            ..Self::limit(entry.side, entry.size, entry.price, decided)
        }
    }
    /// A hedge entry of that quantity.
    pub(crate) const fn hedge(
        side: PositionSide,
        quantity: Quantity,
        exits: Arc<ExitPlan>,
        decided: Timestamp,
    ) -> Self {
        Self {
            kind: EntryKind::Hedge,
            side,
            size: Size::Base(quantity),
            exits: Some(exits),
            entries: None,
            limit: None,
            lot: None,
            decided,
            stage: Stage::Price,
            record: None,
            by_hand: None,
        }
    }
    /// An operator asked for it, for that quantity at most.
    pub(crate) fn asked_by_hand(self, at_most: Option<Quantity>) -> Self {
        Self { by_hand: Some(at_most), ..self }
    }
    pub(crate) const fn side(&self) -> PositionSide {
        self.side
    }
    pub(crate) const fn kind(&self) -> EntryKind {
        self.kind
    }
    pub(crate) const fn waits_for_price(&self) -> bool {
        matches!(self.stage, Stage::Price) && self.limit.is_none()
    }
}

impl Trader {
    /// A trade price: entries that wait for one are sized now.
    pub(super) fn size_entries(&mut self) {
        let mut index = 0;
        while index < self.entries.len() {
            let before = self.entries.len();
            self.size_entry(index);
            if self.entries.len() == before {
                index += 1;
            }
        }
    }

    /// Sizes one entry if it waits for a price and a recent one is known.
    pub(super) fn size_entry(&mut self, index: usize) {
        let Some(entry) = self.entries.get(index).filter(|entry| entry.waits_for_price()) else { return };
        let (side, kind, decided) = (entry.side, entry.kind, entry.decided);
        let refusal = if self.now - decided > self.policy.max_signal_age {
            Some(Refused::new(Refusal::SignalStale, format!("decided at {decided}, now {}", self.now)))
        } else if kind == EntryKind::Add && self.leg(side).state != LegState::Open {
            Some(Refusal::LegClosed.into())
        } else {
            self.gate(side).map(Refused::from)
        };
        let price = self.price(TriggerSource::Last).and_then(decimal_from_f64).map(Price::new);
        match (refusal, price) {
            (Some(refused), _) => self.drop_entry(index, refused),
            (None, None) => {}
            (None, Some(price)) => self.reserve(index, price),
        }
    }

    /// Asks the account to size, review and reserve an entry at a price.
    pub(super) fn reserve(&mut self, index: usize, price: Price) {
        let request = self.request();
        let Some(entry) = self.entries.get_mut(index) else { return };
        entry.stage = Stage::Reserving(request);
        if let Some(record) = &mut entry.record {
            record.inputs.reference = Some(price.to_string());
            record.inputs.reference_age = Some(0);
        }
        let (side, size, decided, first) =
            (entry.side, entry.size, entry.decided, entry.kind == EntryKind::First);
        let by_hand = entry.by_hand;
        let key = match entry.kind {
            EntryKind::Resting(key) => Some(key),
            _ => None,
        };
        let kind = match entry.limit {
            Some(price) => OrderKind::Limit { price, time_in_force: TimeInForce::GoodTillCancelled },
            None => OrderKind::Market,
        };
        let leg = self.leg(side);
        let number = u16::try_from(leg.entries + 1).unwrap_or(u16::MAX);
        let order = OrderSpec {
            client_id: self.ids.order(
                decided,
                side,
                key.map_or(Role::Entry(number), Role::Resting),
                leg.attempt,
            ),
            leg: side,
            side: side.opening(),
            reduce_only: false,
            quantity: Quantity::ZERO,
            kind,
        };
        let min_entry_notional = if first { self.policy.min_entry_notional } else { None };
        let reserve = Reserve {
            request,
            order,
            size,
            price,
            min_entry_notional,
            at_most: by_hand.flatten(),
            by_hand: by_hand.is_some(),
        };
        self.outputs.push_back(Output::Reserve(Box::new(reserve)));
    }

    /// Gives an entry up. The leg is as if it had never been decided.
    fn drop_entry(&mut self, index: usize, mut refused: Refused) {
        if index >= self.entries.len() {
            return;
        }
        let entry = self.entries.remove(index);
        if entry.kind == EntryKind::Hedge
            && matches!(refused.code, Refusal::BelowMinSize | Refusal::BelowMinNotional)
        {
            refused.code = Refusal::HedgeBelowMinSize;
        }
        let leg = self.leg_mut(entry.side);
        if leg.state == LegState::Entering && leg.book.is_flat() {
            leg.state = LegState::Flat;
            leg.hedge = false;
        }
        self.sync(entry.side);
        match entry.kind {
            EntryKind::Limit => self.rest_later(entry.side),
            EntryKind::Resting(key) => self.refuse_resting(entry.side, key),
            _ => {}
        }
        if refused.code == Refusal::InsufficientMargin {
            self.count_margin_failure();
        }
        self.refuse(entry.side, refused, entry.record);
    }

    /// Gives up every entry of a side that was decided and not sent.
    pub(super) fn drop_entries(&mut self, side: PositionSide, refusal: Refusal) {
        while let Some(index) = self.entries.iter().position(|entry| entry.side == side) {
            if let Some(Stage::Storing(_, approved)) = self.entries.get(index).map(|e| &e.stage) {
                let id = approved.get().order.client_id;
                self.outputs.push_back(Output::Release(id));
            }
            self.drop_entry(index, refusal.into());
        }
    }

    pub(super) fn on_reservation(
        &mut self,
        request: RequestId,
        outcome: Result<Box<Approved<Opening>>, Refused>,
    ) -> Result<(), Overflow> {
        let found = self.entries.iter().position(|e| matches!(e.stage, Stage::Reserving(r) if r == request));
        let Some(index) = found else {
            if let Ok(approved) = outcome {
                self.outputs.push_back(Output::Release(approved.get().order.client_id));
            }
            return Ok(());
        };
        if let (Ok(approved), Some(entry)) = (&outcome, self.entries.get(index)) {
            self.freeze_base(entry.side, entry.kind, entry.size, approved.get().planned_margin);
        }
        match outcome {
            Err(refused) => {
                let side = self.entries.get(index).map(|entry| entry.side);
                self.drop_entry(index, refused);
                return side.map_or(Ok(()), |side| self.refresh_hedge(side.opposite()));
            }
            Ok(approved) if self.policy.journal => {
                let request = self.request();
                let record = Record::Intent(approved.get().order);
                if let Some(entry) = self.entries.get_mut(index) {
                    entry.stage = Stage::Storing(request, approved);
                }
                self.outputs.push_back(Output::Persist {
                    request,
                    class: PersistClass::Before,
                    record: Box::new(record),
                });
            }
            Ok(approved) => self.send(index, *approved),
        }
        Ok(())
    }

    /// The first entry's amount is that of every further one, whatever the account holds then (TRADING 10.5).
    fn freeze_base(&mut self, side: PositionSide, kind: EntryKind, size: Size, planned: Amount) {
        if kind == EntryKind::First {
            self.leg_mut(side).base = Some(match size {
                Size::PercentOfAvailable(_) => Size::Margin(planned),
                size => size,
            });
        }
    }

    pub(super) fn on_stored(&mut self, request: RequestId) -> Result<(), Overflow> {
        self.set_gate(Refusal::Journal, false);
        let found = self.entries.iter().position(|e| matches!(e.stage, Stage::Storing(r, _) if r == request));
        if let Some(index) = found
            && let Some(entry) = self.entries.get_mut(index)
            && let Stage::Storing(_, approved) = std::mem::replace(&mut entry.stage, Stage::Price)
        {
            self.send(index, *approved);
        }
        Ok(())
    }

    pub(super) fn on_store_failed(&mut self, request: RequestId) -> Result<(), Overflow> {
        self.set_gate(Refusal::Journal, true);
        let found = self.entries.iter().position(|e| matches!(e.stage, Stage::Storing(r, _) if r == request));
        if let Some(index) = found {
            let side = self.entries.get(index).map_or(PositionSide::Long, |entry| entry.side);
            self.drop_entries(side, Refusal::Journal);
            self.refresh_hedge(side.opposite())?;
        }
        Ok(())
    }

    fn send(&mut self, index: usize, approved: Approved<Opening>) {
        if index >= self.entries.len() {
            return;
        }
        let mut entry = self.entries.remove(index);
        let spec = approved.get().order;
        if entry.limit.is_none() && self.now - entry.decided > self.policy.max_signal_age {
            self.outputs.push_back(Output::Release(spec.client_id));
            self.entries.insert(index, entry);
            return self.drop_entry(index, Refusal::SignalStale.into());
        }
        let request = self.request();
        let leg = self.leg_mut(entry.side);
        if entry.limit.is_none() {
            leg.begin_cycle(entry.decided);
        }
        let (role, resting) = match entry.kind {
            EntryKind::Resting(key) => {
                (Role::Resting(key), entry.exits.take().map(|exits| (exits, entry.lot)))
            }
            _ => (Role::Entry(u16::try_from(leg.entries + 1).unwrap_or(u16::MAX)), None),
        };
        if let Some(exits) = entry.exits.take() {
            leg.plan = Some(exits);
        }
        if entry.kind == EntryKind::First {
            leg.entry_plan = entry.entries.take();
        }
        let epoch = leg.epoch + 1;
        self.orders.add(spec, role, epoch, request, None);
        if let Some(order) = self.orders.get_mut(&spec.client_id) {
            order.resting = resting;
        }
        self.outputs.push_back(Output::Place { request, ticket: Box::new(Ticket::Opening(approved)) });
        if let Some(mut record) = entry.record.take() {
            record.outcome = match entry.kind {
                EntryKind::First => DecisionOutcome::Enter,
                EntryKind::Add | EntryKind::Limit | EntryKind::Resting(_) => DecisionOutcome::Add,
                EntryKind::Hedge => DecisionOutcome::Hedge,
            };
            record.orders.push(RecordedOrder {
                client_id: spec.client_id,
                side: spec.side,
                kind: spec.kind,
                quantity: spec.quantity,
            });
            self.finish_record(record);
        }
    }

    /// An opening order ended without filling: the leg is free again.
    pub(super) fn opening_failed(&mut self, side: PositionSide, client_id: ClientOrderId) {
        self.outputs.push_back(Output::Release(client_id));
        let still_opening = self.orders.has_opening(side);
        let leg = self.leg_mut(side);
        if leg.book.is_flat() && !still_opening {
            leg.state = LegState::Flat;
            leg.hedge = false;
        }
        leg.attempt = leg.attempt.wrapping_add(1);
        let open = !leg.book.is_flat();
        if open {
            self.rest_later(side);
        }
        self.sync(side);
    }
}
