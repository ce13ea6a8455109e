//! Claims: a position that somebody else opened becomes ours (TRADING 13.4, A50). What becomes of their orders is the
//! driver's to see to: a trader knows only orders of its own.

use super::action::Action;
use super::{Event, Trader};
use crate::model::{Overflow, PositionSide, Price, Quantity};
use crate::position::ExitPlan;
use std::sync::Arc;

impl Trader {
    pub(super) fn claim(&mut self, side: PositionSide, exits: ExitPlan) -> Result<(), Overflow> {
        let leg = self.leg_mut(side);
        if !leg.foreign {
            return Ok(());
        }
        (leg.foreign, leg.ignored, leg.claimed) = (false, false, true);
        leg.plan = Some(Arc::new(exits));
        let (quantity, average) = (leg.book.quantity(), leg.book.average());
        match average {
            Some(average) => self.take_over(side, quantity, average),
            None => {
                self.read_account();
                Ok(())
            }
        }
    }

    /// A claimed position becomes an open leg with one entry, protected by the plan of the claim.
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
}
