//! Prices: touch activation, the trail, engine stops, and entries that waited for one.

use super::{Event, PriceSource, Seen, Trader};
use crate::model::{Overflow, PositionSide, Price, Span, TriggerSource};
use crate::position::ExitReason;
use crate::strategy::LegState;
use rust_decimal::Decimal;

/// How long a confirmed stop may lie beyond the market unfilled before the leg is closed at market (TRADING 6.10).
pub(super) const STOP_GRACE: Span = Span::seconds(2);

/// How far the last trade may be from the mark price, as a fraction of it, before somebody is told.
const APART: f64 = 0.1;

impl Trader {
    pub(super) fn on_price(&mut self, source: PriceSource, price: f64) -> Result<(), Overflow> {
        if !price.is_finite() || price <= 0.0 {
            return Ok(()); // a price of zero or NaN is no price (TRADING 9.3)
        }
        let seen = Some(Seen { price, at: self.now });
        if matches!(source, PriceSource::Mark | PriceSource::Both | PriceSource::Trigger) {
            self.mark = seen;
        }
        if matches!(source, PriceSource::Last | PriceSource::Both | PriceSource::Trigger) {
            self.last = seen;
        }
        if matches!(source, PriceSource::Mark | PriceSource::Last) {
            self.compare_prices();
        }
        for side in PositionSide::BOTH {
            if !self.leg(side).book.is_flat() {
                self.touch_levels(side, source, price)?;
                if self.watches(side, source) {
                    self.watch(side, price)?;
                }
            }
        }
        if matches!(source, PriceSource::Last | PriceSource::Both) && !self.entries.is_empty() {
            self.size_entries();
            for side in PositionSide::BOTH {
                self.refresh_hedge(side)?; // one that was to enlarge a hedge may have been given up
            }
        }
        Ok(())
    }

    /// Mark price and last trade that lie absurdly far apart are told once, until they meet again. Stops go by the price they
    /// are set to, and no exit is refused (FAULTS 41).
    fn compare_prices(&mut self) {
        let (Some(mark), Some(last)) = (self.price(TriggerSource::Mark), self.price(TriggerSource::Last))
        else {
            return;
        };
        let apart = (last - mark).abs() > APART * mark;
        if std::mem::replace(&mut self.prices_apart, apart) != apart && apart {
            self.emit(Event::PricesApart { mark, last });
        }
    }

    fn watches(&self, side: PositionSide, source: PriceSource) -> bool {
        let trigger = self.leg(side).plan.as_ref().map(|plan| plan.trigger).unwrap_or_default();
        match source {
            PriceSource::Both | PriceSource::Trigger => true,
            PriceSource::Mark => trigger == TriggerSource::Mark,
            PriceSource::Last => trigger == TriggerSource::Last,
        }
    }

    fn watch(&mut self, side: PositionSide, price: f64) -> Result<(), Overflow> {
        let touch = self.leg(side).exits.as_ref().and_then(|exits| exits.touch());
        let touched = touch.filter(|(_, level)| side.reaches(price, level.to_f64()));
        let mut changed = false;
        if let Some((level, at)) = touched {
            self.level_reached(side, level, at)?;
            changed = true;
        }
        let leg = match side {
            PositionSide::Long => &mut self.long,
            PositionSide::Short => &mut self.short,
        };
        if let Some(exits) = &mut leg.exits {
            changed |= exits.on_price(&self.view.instrument, price)?;
        }
        if self.leg(side).state != LegState::Closing {
            self.check_stop(side, price)?;
        }
        if changed && self.leg(side).state != LegState::Closing { self.reconcile(side) } else { Ok(()) }
    }

    /// The engine's own stop. Where the venue holds a confirmed one at that price, the venue goes first.
    fn check_stop(&mut self, side: PositionSide, price: f64) -> Result<(), Overflow> {
        let now = self.now;
        let Some(stop) = self.leg(side).stop() else { return Ok(()) };
        if !self.leg(side).is_hit(stop.price, price) {
            let leg = self.leg_mut(side);
            if !leg.triggered {
                leg.breached = None;
            }
            return Ok(());
        }
        let open = self.leg(side).book.quantity();
        let venue_holds = self.orders.stop(side).is_some_and(|order| {
            order.awaits_fills()
                || order.is_confirmed()
                    && order.left().is_ok_and(|left| left >= open)
                    && order.spec.kind.price().is_some_and(|at| self.covers(side, at, stop.price))
        });
        if venue_holds {
            let since = *self.leg_mut(side).breached.get_or_insert(now);
            if now - since < STOP_GRACE {
                return Ok(());
            }
        }
        self.close(side, Decimal::ONE, self.reason_of(side, stop.kind))
    }

    /// Whether a venue stop at `at` is at least as protective as `wanted`.
    fn covers(&self, side: PositionSide, at: Price, wanted: Price) -> bool {
        match side {
            PositionSide::Long => at >= wanted,
            PositionSide::Short => at <= wanted,
        }
    }

    /// Whether a stop at `price` would trigger at once, by the newest price of its source (TRADING 6.9).
    pub(super) fn is_already_through(&self, side: PositionSide, price: Price) -> bool {
        let trigger = self.leg(side).plan.as_ref().map(|plan| plan.trigger).unwrap_or_default();
        self.price(trigger).is_some_and(|now| self.leg(side).is_hit(price, now))
    }

    /// The reason an engine stop of the leg would have.
    pub(super) fn stop_reason(&self, side: PositionSide) -> ExitReason {
        self.leg(side).stop().map_or(ExitReason::StopLoss, |stop| self.reason_of(side, stop.kind))
    }
}
