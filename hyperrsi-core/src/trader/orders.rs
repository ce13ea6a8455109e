//! The order ledger of one trader: every order it sent and what is known of it.

use super::id::Role;
use super::late::TWICE;
use crate::model::{
    Arithmetic, ClientOrderId, OrderSpec, OrderStatus, Overflow, PositionSide, Price, Quantity, RequestId,
    Timestamp,
};
use crate::position::{ExitPlan, ExitReason};
use rust_decimal::Decimal;
use std::collections::VecDeque;
use std::sync::Arc;

/// What is under way for an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Pending {
    Place(RequestId),
    Amend(RequestId, OrderSpec),
    Cancel(RequestId),
    Query(RequestId),
}

impl Pending {
    pub(crate) const fn request(self) -> RequestId {
        match self {
            Self::Place(id) | Self::Amend(id, _) | Self::Cancel(id) | Self::Query(id) => id,
        }
    }
}

/// One order of ours.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Tracked {
    pub(crate) spec: OrderSpec,
    pub(crate) role: Role,
    /// Which epoch of the leg it belongs to.
    pub(crate) epoch: u32,
    pub(crate) status: OrderStatus,
    pub(crate) filled: Quantity,
    /// What the venue says has filled; fills of the difference are on their way.
    pub(crate) reported: Quantity,
    /// When a read of the account first lacked those fills.
    #[serde(default)]
    missed: Option<Timestamp>,
    /// What its fills mean: of a close, why; of a stop, which rule it carries out.
    pub(crate) reason: Option<ExitReason>,
    /// The same once a change under way is confirmed.
    pub(crate) next_reason: Option<ExitReason>,
    value: Decimal,
    pub(crate) pending: Option<Pending>,
    pub(crate) cancelling: bool,
    /// Of a resting entry: how the leg is left that it fills, and the exit of its lot.
    pub(crate) resting: Option<(Arc<ExitPlan>, Option<Price>)>,
    /// What it fills from now on is closed at once.
    pub(crate) late: bool,
    /// A change of it was asked for and never answered: what it is at the venue now is not known.
    pub(crate) doubtful: bool,
    /// When a refused cancel is tried again.
    pub(crate) cancel_retry: Option<super::leg::Retry>,
    /// Placed by hand and claimed: it goes by the venue's id, so that it is replaced where others are amended.
    #[serde(default)]
    pub(crate) adopted: bool,
}

impl Tracked {
    pub(crate) fn average(&self) -> Option<Price> {
        self.value.checked_div(self.filled.get()).map(Price::new)
    }
    pub(crate) fn book(&mut self, price: Price, quantity: Quantity) -> Result<(), Overflow> {
        self.filled = self.filled.plus(quantity)?;
        self.value = self.value.plus(price.value(quantity)?.get())?;
        Ok(())
    }
    /// Ended at the venue, while fills that it told of have not arrived.
    pub(crate) fn awaits_fills(&self) -> bool {
        !self.status.is_live() && self.reported > self.filled
    }
    /// May still change the leg.
    pub(crate) fn is_live(&self) -> bool {
        self.status.is_live() || self.awaits_fills()
    }
    pub(crate) fn is_complete(&self) -> bool {
        self.filled >= self.spec.quantity
    }
    /// What may still fill.
    pub(crate) fn left(&self) -> Result<Quantity, Overflow> {
        let whole = if self.status.is_live() { self.spec.quantity } else { self.reported };
        whole.minus(self.filled.min(whole))
    }
    /// Something is under way for it, or its outcome is not known: nothing else is sent in its place.
    pub(crate) const fn is_busy(&self) -> bool {
        self.pending.is_some() || matches!(self.status, OrderStatus::Unknown)
    }
    /// Rests at the venue, whatever change of it is under way.
    pub(crate) const fn protects(&self) -> bool {
        matches!(self.status, OrderStatus::Open | OrderStatus::PartiallyFilled)
    }
    /// Confirmed by the venue, with nothing under way that could change that.
    pub(crate) const fn is_confirmed(&self) -> bool {
        self.protects() && self.pending.is_none() && !self.doubtful
    }
}

/// Ended orders that are remembered, so that a report or a fill that comes late keeps its meaning.
const FINISHED: usize = 128;

/// Live orders, and the newest of those that ended with nothing under way for them.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Orders {
    live: Vec<Tracked>,
    /// Shared with snapshots: they seldom change, and each snapshot has all of them.
    finished: VecDeque<Arc<Tracked>>,
}

impl Orders {
    pub(crate) fn add(
        &mut self,
        spec: OrderSpec,
        role: Role,
        epoch: u32,
        request: RequestId,
        reason: Option<ExitReason>,
    ) {
        self.live.push(Tracked {
            spec,
            role,
            epoch,
            status: OrderStatus::Pending,
            filled: Quantity::ZERO,
            reported: Quantity::ZERO,
            missed: None,
            reason,
            next_reason: None,
            value: Decimal::ZERO,
            pending: Some(Pending::Place(request)),
            cancelling: false,
            resting: None,
            late: false,
            doubtful: false,
            cancel_retry: None,
            adopted: false,
        });
    }
    /// An order that rests at the venue and that nothing was known of.
    pub(crate) fn adopt(&mut self, spec: OrderSpec, role: Role, epoch: u32) {
        self.add(spec, role, epoch, RequestId(0), None);
        if let Some(order) = self.live.last_mut() {
            (order.status, order.pending) = (OrderStatus::Open, None);
        }
    }
    /// An order that somebody else placed, under an id of ours.
    pub(crate) fn claim(&mut self, spec: OrderSpec, role: Role, epoch: u32) {
        self.adopt(spec, role, epoch);
        if let Some(order) = self.live.last_mut() {
            order.adopted = true;
        }
    }
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Tracked> {
        self.live.iter()
    }
    pub(crate) fn of(&self, side: PositionSide) -> impl DoubleEndedIterator<Item = &Tracked> {
        self.live.iter().filter(move |order| order.spec.leg == side && order.is_live())
    }
    pub(crate) fn get_mut(&mut self, id: &ClientOrderId) -> Option<&mut Tracked> {
        self.live.iter_mut().rev().find(|order| order.spec.client_id == *id)
    }
    /// An order a fill may belong to: one that ended a while ago, too.
    pub(crate) fn for_fill(&mut self, id: &ClientOrderId) -> Option<&mut Tracked> {
        let live = self.live.iter_mut().rev().find(|order| order.spec.client_id == *id);
        live.or_else(|| {
            let ended = self.finished.iter_mut().rev().find(|order| order.spec.client_id == *id);
            ended.map(Arc::make_mut)
        })
    }
    /// Whether an order was placed by hand and claimed.
    pub(crate) fn is_adopted(&self, id: &ClientOrderId) -> bool {
        self.get(id).is_some_and(|order| order.adopted)
    }
    /// Whether an order of that id has ended.
    pub(crate) fn has_finished(&self, id: &ClientOrderId) -> bool {
        self.finished.iter().any(|order| order.spec.client_id == *id)
    }
    /// Whether a take profit of that level and epoch has ended without filling, and not because we asked for it.
    pub(crate) fn was_taken_away(&self, side: PositionSide, level: u8, epoch: u32) -> bool {
        self.finished
            .iter()
            .rev()
            .find(|o| {
                o.spec.leg == side
                    && o.epoch == epoch
                    && matches!(o.role, Role::TakeProfit(k, _) if k == level)
            })
            .is_some_and(|o| !o.cancelling && o.status == OrderStatus::Cancelled)
    }
    /// A read lacks fills that orders which reduce await. Once a second one does they are not to be had: the position says
    /// what they did.
    pub(crate) fn miss_fills(&mut self, now: Timestamp) {
        for order in self.live.iter_mut().filter(|o| o.spec.reduce_only && o.awaits_fills()) {
            if now - *order.missed.get_or_insert(now) >= TWICE {
                order.reported = order.filled;
            }
        }
    }
    /// Whether fills of an order that reduces have been told of and have not arrived.
    pub(crate) fn awaits_exit(&self, side: PositionSide) -> bool {
        self.of(side).any(|order| order.spec.reduce_only && order.awaits_fills())
    }
    pub(crate) fn get(&self, id: &ClientOrderId) -> Option<&Tracked> {
        self.live.iter().rev().find(|order| order.spec.client_id == *id)
    }
    pub(crate) fn by_request(&mut self, request: RequestId) -> Option<&mut Tracked> {
        self.live.iter_mut().rev().find(|order| order.pending.is_some_and(|p| p.request() == request))
    }
    pub(crate) fn stop(&self, side: PositionSide) -> Option<&Tracked> {
        self.of(side).rev().find(|order| matches!(order.role, Role::Stop(_)) && !order.cancelling)
    }
    pub(crate) fn has_unknown(&self, side: PositionSide) -> bool {
        self.of(side).any(|order| order.status == OrderStatus::Unknown)
    }
    /// An opening order that may still fill.
    pub(crate) fn has_opening(&self, side: PositionSide) -> bool {
        self.of(side).any(|order| !order.spec.reduce_only)
    }
    pub(crate) fn sweep(&mut self) {
        let mut index = 0;
        while let Some(order) = self.live.get(index) {
            if order.is_live() || order.pending.is_some() {
                index += 1;
                continue;
            }
            if self.finished.len() == FINISHED {
                self.finished.pop_front();
            }
            self.finished.push_back(Arc::new(self.live.remove(index)));
        }
    }
    /// What entries of a side fill from now on is closed at once.
    pub(crate) fn mark_late(&mut self, side: PositionSide) {
        for order in self.live.iter_mut().filter(|o| o.spec.leg == side && !o.spec.reduce_only) {
            order.late = true;
        }
    }
    /// The process that waited for answers is gone: whatever was under way has an unknown outcome.
    pub(crate) fn lose_answers(&mut self) {
        for order in &mut self.live {
            let pending = order.pending.take();
            order.cancelling = false;
            order.doubtful |= matches!(pending, Some(Pending::Amend(..)));
            if order.status.is_live() && (pending.is_some() || order.status == OrderStatus::Pending) {
                order.status = OrderStatus::Unknown;
            }
        }
    }
    pub(crate) fn is_empty(&self) -> bool {
        self.live.is_empty()
    }
}
