//! Claims: a position that somebody else opened becomes ours, with exactly those of their orders that an operator named
//! (TRADING 13.4, A50).

use super::action::Action;
use super::{Event, Output, Trader};
use crate::model::{Overflow, PositionSide, Price, Quantity, VenueOrderId};
use crate::position::ExitPlan;
use crate::strategy::LegState;
use std::sync::Arc;

/// An order of somebody else that a claim names.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Named {
    order: VenueOrderId,
    /// It stays until our own stop is confirmed.
    adopted: bool,
}

impl Trader {
    pub(super) fn claim(
        &mut self,
        side: PositionSide,
        exits: ExitPlan,
        adopt: Vec<VenueOrderId>,
        cancel: Vec<VenueOrderId>,
    ) -> Result<(), Overflow> {
        let locks = self.policy.venue.locks_quantity;
        let leg = self.leg_mut(side);
        if !leg.foreign {
            return Ok(());
        }
        (leg.foreign, leg.ignored, leg.claimed) = (false, false, true);
        leg.plan = Some(Arc::new(exits));
        // Where orders lock what they would sell, there is no room for a stop of ours beside one that is adopted.
        let adopted = adopt.into_iter().map(|order| Named { order, adopted: !locks });
        leg.named = adopted.chain(cancel.into_iter().map(|order| Named { order, adopted: false })).collect();
        let (quantity, average) = (leg.book.quantity(), leg.book.average());
        self.cancel_named(side, |named| !named.adopted);
        match average {
            Some(average) => self.take_over(side, quantity, average),
            None => {
                self.read_account();
                Ok(())
            }
        }
    }

    /// A claimed position becomes an open leg with one entry, protected by the plan of the claim (TRADING 13.4).
    pub(super) fn take_over(
        &mut self,
        side: PositionSide,
        quantity: Quantity,
        average: Price,
    ) -> Result<(), Overflow> {
        let (now, leverage) = (self.now, self.policy.leverage);
        let leg = self.leg_mut(side);
        leg.claimed = false;
        leg.claim(now, quantity, average, leverage)?;
        leg.begin_cycle(now);
        self.start_epoch(side, average)?;
        self.emit(Event::Adopted { side, quantity, average });
        self.acted(Some(side), Action::Commanded);
        self.reconcile(side)
    }

    /// Our own stop is confirmed, or none is wanted: what was adopted has done its part.
    pub(super) fn retire_adopted(&mut self, side: PositionSide) {
        let leg = self.leg(side);
        if leg.state != LegState::Open || leg.unprotected_since.is_some() {
            return;
        }
        if leg.named.iter().any(|named| named.adopted) {
            self.cancel_named(side, |named| named.adopted);
            self.leg_mut(side).named.iter_mut().for_each(|named| named.adopted = false);
        }
    }

    /// A read of the account shows which orders of others there are: named ones that are gone are done with, those that
    /// should be gone and are not are cancelled again.
    pub(super) fn check_named(&mut self, side: PositionSide, live: &[VenueOrderId]) {
        if !self.leg(side).named.is_empty() {
            self.leg_mut(side).named.retain(|named| live.contains(&named.order));
            self.cancel_named(side, |named| !named.adopted);
        }
    }

    /// Cancels those of the named orders.
    pub(super) fn cancel_named(&mut self, side: PositionSide, which: impl Fn(&Named) -> bool) {
        let orders: Vec<_> =
            self.leg(side).named.iter().filter(|n| which(n)).map(|n| n.order.clone()).collect();
        for order in orders {
            let request = self.request();
            self.outputs.push_back(Output::CancelForeign { request, order });
        }
    }
}
