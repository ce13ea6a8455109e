//! Limit entries that a strategy wants to rest: a desired state, kept like protection (TRADING 16.4, 16.5).

use super::entry::{EntryKind, PendingEntry};
use super::orders::Tracked;
use super::{Role, Trader};
use crate::model::{ClientOrderId, Overflow, PositionSide};
use crate::risk::{Refusal, Refused};
use crate::strategy::RestingEntry;
use std::sync::Arc;

/// An entry that should rest.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Wanted {
    pub(crate) entry: RestingEntry,
    /// It was refused or has filled; the strategy has to ask for it anew.
    pub(crate) refused: bool,
}

impl Trader {
    /// Exactly these entries should rest from now on.
    pub(super) fn set_rest(&mut self, entries: Vec<RestingEntry>) -> Result<(), Overflow> {
        let mut wanted: Vec<Wanted> = Vec::with_capacity(entries.len());
        for mut entry in entries {
            let side = entry.side;
            entry.price = self.view.instrument.round_resting_entry(side, entry.price.get())?;
            let twice = wanted.iter().any(|w| w.entry.side == side && w.entry.key == entry.key);
            let refused = if !entry.price.is_positive() || !entry.size.is_positive() {
                Some((Refusal::InvalidIntent, "price and size of a resting entry must be above zero"))
            } else if twice {
                Some((Refusal::InvalidIntent, "two resting entries of a leg have the same key"))
            } else if self.view.instrument.is_spot() && side == PositionSide::Short {
                Some((Refusal::Unsupported, "a spot market cannot be sold short"))
            } else if !self.leg(side).lots.is_empty() && entry.lot.is_none() {
                Some((Refusal::Unsupported, "a leg of lots takes no entry without an exit of its own"))
            } else if entry.exits.needs_atr() && self.atr.is_none() {
                Some((Refusal::WarmingUp, "the exits need an ATR that is not known yet"))
            } else {
                None
            };
            match refused {
                Some((code, detail)) => self.refuse(side, Refused::new(code, detail), None),
                None => wanted.push(Wanted { entry, refused: false }),
            }
        }
        self.rest = wanted;
        self.renew_resting();
        PositionSide::BOTH.into_iter().for_each(|side| self.reconcile_rest(side));
        Ok(())
    }

    /// What an order fills that stays where it is is left as its newest entry says, not as the one it was placed by.
    fn renew_resting(&mut self) {
        for wanted in &self.rest {
            let RestingEntry { key, side, price, ref exits, lot, .. } = wanted.entry;
            let same = |order: &&Tracked| {
                order.role == Role::Resting(key)
                    && order.filled.is_zero()
                    && order.spec.kind.price() == Some(price)
            };
            let id = self.orders.of(side).find(same).map(|order| order.spec.client_id);
            if let Some(order) = id.and_then(|id| self.orders.get_mut(&id)) {
                order.resting = Some((Arc::clone(exits), lot));
            }
        }
    }

    /// Nothing rests on a side any more, and what fills of it nevertheless is late.
    pub(super) fn wipe_rest(&mut self, side: PositionSide) {
        self.rest.retain(|wanted| wanted.entry.side != side);
        self.orders.mark_late(side);
    }

    /// Brings the limit entries of a side in line with what should rest.
    pub(super) fn reconcile_rest(&mut self, side: PositionSide) {
        if self.rest.is_empty() && !self.orders.of(side).any(|o| matches!(o.role, Role::Resting(_))) {
            return;
        }
        let leg = self.leg(side);
        let allowed = self.gate(side).is_none() && leg.closing.is_none();
        let of_side = |wanted: &&Wanted| wanted.entry.side == side;
        let unwanted: Vec<ClientOrderId> = self
            .orders
            .of(side)
            .filter(|order| match order.role {
                Role::Resting(key) => {
                    let wanted = self.rest.iter().filter(of_side).find(|wanted| wanted.entry.key == key);
                    let moved =
                        |w: &Wanted| order.filled.is_zero() && order.spec.kind.price() != Some(w.entry.price);
                    !allowed || wanted.is_none_or(moved)
                }
                _ => false,
            })
            .map(|order| order.spec.client_id)
            .collect();
        unwanted.into_iter().for_each(|id| self.cancel(id));
        if !allowed {
            self.rest_waits |= self.rest.iter().any(|wanted| wanted.entry.side == side);
            return;
        }
        let missing: Vec<RestingEntry> = self
            .rest
            .iter()
            .filter(of_side)
            .filter(|wanted| !wanted.refused && self.is_free(side, wanted.entry.key))
            .map(|wanted| wanted.entry.clone())
            .collect();
        for entry in missing {
            let (price, index) = (entry.price, self.entries.len());
            // The same key may come again within a second: another attempt, another id.
            let leg = self.leg_mut(side);
            leg.attempt = leg.attempt.wrapping_add(1);
            self.entries.push(PendingEntry::resting(entry, self.now));
            self.reserve(index, price);
        }
    }

    /// At most one order or lot per (key, side).
    fn is_free(&self, side: PositionSide, key: u16) -> bool {
        !self.orders.of(side).any(|order| order.role == Role::Resting(key))
            && !self.leg(side).lots.iter().any(|lot| lot.key == key)
            && !self.entries.iter().any(|e| e.side() == side && e.kind() == EntryKind::Resting(key))
    }

    /// A resting entry was refused, or has filled: it does not rest again until the strategy asks anew.
    pub(super) fn refuse_resting(&mut self, side: PositionSide, key: u16) {
        let found = self.rest.iter_mut().find(|w| w.entry.side == side && w.entry.key == key);
        if let Some(wanted) = found {
            wanted.refused = true;
        }
    }
}
