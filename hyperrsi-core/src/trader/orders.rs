//! The order ledger of one trader: every order it sent and what is known of it.

use super::id::Role;
use crate::model::{
    Arithmetic, ClientOrderId, OrderSpec, OrderStatus, Overflow, PositionSide, Price, Quantity, RequestId,
};
use rust_decimal::Decimal;

/// What is under way for an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug)]
pub(crate) struct Tracked {
    pub(crate) spec: OrderSpec,
    pub(crate) role: Role,
    /// Which epoch of the leg it belongs to.
    pub(crate) epoch: u32,
    pub(crate) status: OrderStatus,
    pub(crate) filled: Quantity,
    value: Decimal,
    pub(crate) pending: Option<Pending>,
    pub(crate) cancelling: bool,
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
    pub(crate) fn is_complete(&self) -> bool {
        self.filled >= self.spec.quantity
    }
    pub(crate) fn left(&self) -> Result<Quantity, Overflow> {
        self.spec.quantity.minus(self.filled.min(self.spec.quantity))
    }
    /// Confirmed by the venue, with nothing under way that could change that.
    pub(crate) const fn is_confirmed(&self) -> bool {
        matches!(self.status, OrderStatus::Open | OrderStatus::PartiallyFilled) && self.pending.is_none()
    }
}

/// Live orders; terminal ones are dropped once nothing is under way for them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Orders {
    live: Vec<Tracked>,
}

impl Orders {
    pub(crate) fn add(&mut self, spec: OrderSpec, role: Role, epoch: u32, request: RequestId) {
        self.live.push(Tracked {
            spec,
            role,
            epoch,
            status: OrderStatus::Pending,
            filled: Quantity::ZERO,
            value: Decimal::ZERO,
            pending: Some(Pending::Place(request)),
            cancelling: false,
        });
    }
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Tracked> {
        self.live.iter()
    }
    pub(crate) fn of(&self, side: PositionSide) -> impl DoubleEndedIterator<Item = &Tracked> {
        self.live.iter().filter(move |order| order.spec.leg == side && order.status.is_live())
    }
    pub(crate) fn get_mut(&mut self, id: &ClientOrderId) -> Option<&mut Tracked> {
        self.live.iter_mut().rev().find(|order| order.spec.client_id == *id)
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
        self.live.retain(|order| order.status.is_live() || order.pending.is_some());
    }
    pub(crate) fn is_empty(&self) -> bool {
        self.live.is_empty()
    }
}
