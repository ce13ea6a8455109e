//! What a process before left at the venue and did not live to write down (FAULTS 1 to 4): protection is never waited for
//! by the journal, so that its newest orders may be unknown to the trader that goes on.

use super::{Role, Trader};
use crate::model::{
    ClientOrderId, Fill, OrderKind, OrderSpec, Overflow, PositionSide, Quantity, Span, TimeInForce,
    Timestamp, TriggerSource,
};
use crate::risk::Refusal;

/// How long after the first read a request of the process before may still arrive.
const IN_FLIGHT: Span = Span::seconds(15);

/// What a restored trader expects to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inherited {
    /// It is not restored, or it has found everything.
    Nothing,
    /// The account has not been read yet: what rests may be newer than what is known.
    Unread,
    /// It has; until then something may still arrive.
    Until(Timestamp),
}

impl Trader {
    /// Whether what rests at the venue may be newer than what is known of it: nothing of it is changed until then.
    pub(super) const fn is_unread(&self) -> bool {
        matches!(self.inherited, Inherited::Unread)
    }

    /// Whether an unknown order of that id may be one of the process before: one that reduces. What opens is written about
    /// before it is sent.
    pub(super) fn may_inherit_order(&self, id: &ClientOrderId) -> bool {
        let reduces = !matches!(Role::of(id), Some(Role::Entry(_) | Role::Resting(_)) | None);
        reduces && self.may_inherit() && self.ids.owns(id)
    }

    /// Whether orders of the process before may turn up.
    pub(super) fn may_inherit(&self) -> bool {
        match self.inherited {
            Inherited::Nothing => false,
            Inherited::Unread => true,
            Inherited::Until(end) => self.now < end,
        }
    }

    /// Takes the venue's word for what rests: for orders that were being changed, and for reducing ones of ours that
    /// nothing was written about.
    pub(super) fn inherit(&mut self, resting: &[OrderSpec]) {
        if !self.may_inherit() {
            return;
        }
        let unread = self.is_unread();
        for spec in resting {
            let stop = spec.kind.price().filter(|_| matches!(Role::of(&spec.client_id), Some(Role::Stop(_))));
            if let Some(order) = self.orders.get_mut(&spec.client_id) {
                if unread {
                    (order.spec, order.doubtful) = (*spec, false);
                    self.leg_mut(spec.leg).amended_price = stop.or(self.leg(spec.leg).amended_price);
                }
                continue;
            }
            let Some(role) = Role::of(&spec.client_id) else { continue };
            if !self.may_inherit_order(&spec.client_id) || self.orders.has_finished(&spec.client_id) {
                continue;
            }
            let leg = self.leg_mut(spec.leg);
            leg.revision = leg.revision.max(role.revision());
            leg.amended_price = stop.or(leg.amended_price);
            let epoch = leg.epoch;
            self.orders.adopt(*spec, role, epoch);
        }
    }

    /// A fill of an order that nothing was written about: the order was what its id says and has filled what it did.
    pub(super) fn inherit_order_of(&mut self, fill: &Fill, all: &[Fill]) {
        let Some(id) = fill.client_id.filter(|id| self.may_inherit_order(id)) else { return };
        let Some(role) = Role::of(&id) else { return };
        if self.orders.for_fill(&id).is_some() || self.applied.has(&fill.trade_id, fill.time) {
            return;
        }
        let (price, source) = (fill.price, TriggerSource::default());
        let kind = match role {
            Role::Stop(_) => OrderKind::StopMarket { trigger: price, source },
            Role::Close(_) => OrderKind::Market,
            _ => OrderKind::Limit { price, time_in_force: TimeInForce::GoodTillCancelled },
        };
        let own = all.iter().filter(|other| other.client_id == Some(id));
        let quantity = own.map(|other| other.quantity.get()).sum();
        let spec = OrderSpec {
            client_id: id,
            leg: fill.leg,
            side: fill.side,
            reduce_only: true,
            quantity: Quantity::new(quantity),
            kind,
        };
        let leg = self.leg_mut(fill.leg);
        leg.revision = leg.revision.max(role.revision());
        let epoch = leg.epoch;
        self.orders.adopt(spec, role, epoch);
    }

    /// After the fills of the first read: a trail that had come further goes on from there (I6).
    pub(super) fn resume_trails(&mut self) {
        for side in PositionSide::BOTH {
            let Some(price) = self.orders.stop(side).and_then(|order| order.spec.kind.price()) else {
                continue;
            };
            if let Some(exits) = &mut self.leg_mut(side).exits {
                exits.resume_trail(price);
            }
        }
    }

    /// The account has been read.
    pub(super) fn has_read(&mut self) {
        if self.is_unread() {
            self.inherited = Inherited::Until(self.now + IN_FLIGHT);
            (self.long.found_stop, self.short.found_stop) = (None, None);
        }
    }

    /// Whether a hedge that is due waits for a restart to be over.
    pub(super) fn starts(&self) -> bool {
        let start =
            [Refusal::NotRunning, Refusal::NotReconciled, Refusal::LeverageMismatch, Refusal::WarmingUp];
        self.inherited != Inherited::Nothing && self.gates.closed().any(|gate| start.contains(&gate))
    }

    /// A hedge that was due before the restart, or that a fill during it called for, is opened once it is over.
    pub(super) fn hedge_after_restart(&mut self) -> Result<(), Overflow> {
        for side in PositionSide::BOTH {
            if self.leg(side).hedge_due && !self.leg(side).book.is_flat() && !self.starts() {
                self.follow_up(side)?;
            }
        }
        Ok(())
    }
}
