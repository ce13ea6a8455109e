//! What others have on the account: reported, never touched, but for what an operator names in a claim (TRADING 13.4).

use super::seat::Sent;
use super::{Driver, Purpose, SeatId, Work};
use crate::desk::{DeskError, EventKind, OrderLine};
use crate::exchange::{Origin, Request, VenueOrder, VenueOrderKind};
use crate::model::{
    ClientOrderId, InstrumentId, OrderKind, OrderSpec, PositionSide, PositionSnapshot, RequestId, Timestamp,
};
use crate::store::Code;
use crate::trader::{Command, IdSpace, Input, Role};

impl Driver {
    /// An order under our id, if it is one that was claimed.
    pub(super) fn ours(&self, order: &VenueOrder) -> VenueOrder {
        let mut order = order.clone();
        if order.client_id().is_none()
            && let Some(id) = self.names.get(&order.id)
        {
            order.origin = Origin::Own(*id);
        }
        order
    }

    /// Orders of others, as a read shows them; those that a claim said to cancel are cancelled until they are gone.
    pub(super) fn note_foreign_orders(&mut self, orders: &[VenueOrder]) {
        let foreign = || orders.iter().filter(|order| order.client_id().is_none() && order.status.is_live());
        for index in 0..self.seats.len() {
            let Some(entry) = self.seats.get_mut(index) else { continue };
            let id = &entry.trader.view().instrument.id;
            entry.foreign = foreign().filter(|order| order.instrument == *id).cloned().collect();
            let there: Vec<VenueOrder> =
                entry.foreign.iter().filter(|order| entry.withdraw.contains(&order.id)).cloned().collect();
            let before = entry.withdraw.len();
            entry.withdraw.retain(|id| there.iter().any(|order| order.id == *id));
            entry.changed |= entry.withdraw.len() != before;
            for order in there {
                self.withdraw(SeatId(index), &order);
            }
        }
        let strangers = foreign().filter(|order| self.seat_on(&order.instrument).is_none());
        self.strangers = strangers.cloned().collect();
    }

    fn withdraw(&mut self, seat: SeatId, order: &VenueOrder) {
        self.work.push_back(Work::Call {
            seat,
            request: RequestId(0),
            purpose: Purpose::Withdraw(order.id.clone()),
            call: Request::Cancel(order.reference()),
        });
    }

    /// A position on an instrument without a trader: reported once, never touched (FAULTS 22).
    pub(super) fn note_foreign(&mut self, snapshot: PositionSnapshot, now: Timestamp) {
        let key: (InstrumentId, PositionSide) = (snapshot.key.instrument.clone(), snapshot.key.side);
        if !snapshot.quantity.is_positive() {
            self.foreign.remove(&key);
            return;
        }
        let (side, quantity) = (key.1, snapshot.quantity);
        if self.foreign.insert(key, snapshot).is_none() {
            self.tell(None, now, EventKind::ForeignPosition { side, quantity });
        }
    }

    /// Orders of others on an instrument, for whoever looks.
    pub(super) fn foreign_lines<'a>(orders: impl IntoIterator<Item = &'a VenueOrder>) -> Vec<OrderLine> {
        let line = |order: &VenueOrder| OrderLine {
            client_id: None,
            venue_id: Some(order.id.to_string()),
            leg: order.leg,
            side: order.side,
            reduce_only: order.reduce_only,
            kind: match &order.kind {
                VenueOrderKind::Known(kind) => Some(*kind),
                VenueOrderKind::Other(_) => None,
            },
            quantity: order.quantity,
            filled: order.filled,
            status: order.status,
            role: Code::of("foreign"),
            since: order.created,
        };
        orders.into_iter().map(line).collect()
    }

    /// Whether a claim can be carried out: there is something to claim, a plan to protect it by, and every order it
    /// names is there.
    pub(super) fn may_claim(
        &self,
        seat: SeatId,
        side: PositionSide,
        adopt: &[String],
        cancel: &[String],
    ) -> Result<(), DeskError> {
        let Some(entry) = self.seats.get(seat.0) else {
            return Err(DeskError::NotFound { what: "the trader".into() });
        };
        if !entry.trader.is_foreign(side) {
            return Err(DeskError::Nothing { what: format!("foreign {side} position") });
        }
        if entry.terms.is_none() {
            return Err(DeskError::Unsupported {
                what: "claim".into(),
                by: "a trader whose plan has no terms; start it with them".into(),
            });
        }
        for name in adopt.iter().chain(cancel) {
            let found = entry.foreign.iter().find(|order| order.id.as_str() == name);
            let Some(order) = found else {
                return Err(DeskError::Nothing { what: format!("foreign order {name} on this instrument") });
            };
            if adopt.contains(name) && (cancel.contains(name) || adoptable(order, side).is_none()) {
                let why = format!(
                    "order {name} cannot be taken over as an exit of the {side} leg; cancel or leave it"
                );
                return Err(DeskError::Invalid { field: "adopt".into(), why });
            }
        }
        Ok(())
    }

    /// A foreign position becomes this trader's: the named orders are its own or go, every other one stays.
    pub(super) fn claim(
        &mut self,
        seat: SeatId,
        side: PositionSide,
        adopt: &[String],
        cancel: &[String],
        now: Timestamp,
    ) {
        let Some(entry) = self.seats.get(seat.0) else { return };
        let Some(terms) = &entry.terms else { return };
        let (exits, ids) = ((*terms.exits).clone(), IdSpace::new(entry.trader.id()));
        let named = |names: &[String]| -> Vec<VenueOrder> {
            entry.foreign.iter().filter(|o| names.iter().any(|n| n == o.id.as_str())).cloned().collect()
        };
        let (mut taken, gone) = (named(adopt), named(cancel));
        let price = |order: &VenueOrder| match order.kind {
            VenueOrderKind::Known(kind) => kind.price().unwrap_or_default(),
            VenueOrderKind::Other(_) => Default::default(),
        };
        taken.sort_by_key(price);
        if side == PositionSide::Short {
            taken.reverse();
        }
        let (mut stops, mut levels) = (0_u16, 0_u8);
        for order in taken {
            let Some((kind, stop)) = adoptable(&order, side) else { continue };
            let role = if stop {
                stops += 1;
                Role::Stop(u16::MAX - stops)
            } else {
                levels = levels.saturating_add(1);
                Role::TakeProfit(levels, u16::MAX)
            };
            let client_id = ids.order(now, side, role, 0);
            let quantity = order.quantity.unwrap_or_default();
            let spec =
                OrderSpec { client_id, leg: side, side: side.closing(), reduce_only: true, quantity, kind };
            self.names.insert(order.id.clone(), client_id);
            let sent = Sent::new(spec, order.created);
            self.sent.insert(client_id, Sent { claimed: Some(order.id.clone()), resting: true, ..sent });
            self.feed(seat, now, Input::Command(Command::AdoptOrder { order: spec, role }));
        }
        for order in gone {
            if let Some(entry) = self.seats.get_mut(seat.0) {
                entry.withdraw.insert(order.id.clone());
            }
            self.withdraw(seat, &order);
        }
        if let Some(entry) = self.seats.get_mut(seat.0) {
            entry.foreign.retain(|order| !adopt.iter().any(|name| name == order.id.as_str()));
        }
        self.mark_changed(seat);
        self.feed(seat, now, Input::Command(Command::Claim { side, exits }));
    }

    /// Our id of an order of a trader, by our id or the venue's.
    pub(super) fn own_order(&self, seat: SeatId, name: &str) -> Option<ClientOrderId> {
        let entry = self.seats.get(seat.0)?;
        entry.trader.orders().map(|order| order.spec.client_id).find(|id| {
            id.as_str() == name || self.names.iter().any(|(venue, own)| own == id && venue.as_str() == name)
        })
    }
}

/// As what an order of somebody else can be an exit of a leg: its kind, and whether it is a stop.
fn adoptable(order: &VenueOrder, side: PositionSide) -> Option<(OrderKind, bool)> {
    let VenueOrderKind::Known(kind) = order.kind else { return None };
    let of_leg = order.leg.is_none_or(|leg| leg == side) && order.side == side.closing();
    order.quantity?;
    match kind {
        OrderKind::StopMarket { .. } if of_leg => Some((kind, true)),
        OrderKind::Limit { .. } | OrderKind::TakeProfitMarket { .. } if of_leg => Some((kind, false)),
        _ => None,
    }
}
