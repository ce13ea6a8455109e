//! What must hold after every input, asserted in debug builds.

use super::orders::Tracked;
use super::{Role, Trader};

impl Trader {
    /// The invariants of the architecture that can be seen from inside, checked in debug builds after every input.
    pub(super) fn assert_invariants(&self) {
        for leg in [&self.long, &self.short] {
            let open = leg.book.quantity();
            let own = |o: &&Tracked| {
                matches!(o.role, Role::TakeProfit(..)) && !o.cancelling && o.epoch == leg.epoch
            };
            // What is under way has been asked for at different sizes of the leg; what is settled must fit.
            let settled = leg.closing.is_none()
                && !self.is_unread()
                && leg.take_profit_retry.is_none()
                && !self
                    .orders
                    .of(leg.side)
                    .filter(own)
                    .any(|o| o.is_busy() || o.awaits_fills() || o.cancel_retry.is_some());
            let take_profits: rust_decimal::Decimal =
                self.orders.of(leg.side).filter(own).filter_map(|o| o.left().ok()).map(|q| q.get()).sum();
            debug_assert!(
                leg.book.is_flat() || leg.foreign || !settled || take_profits <= open.get(),
                "I4: take profits {take_profits} exceed the leg's {open}"
            );
            let stops =
                self.orders.of(leg.side).filter(|o| matches!(o.role, Role::Stop(_)) && !o.cancelling).count();
            debug_assert!(stops <= 2, "I4: {stops} stops rest on one leg");
        }
    }
}
