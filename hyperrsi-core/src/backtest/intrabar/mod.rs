//! In which order things happen inside a candle (TRADING 15.2 to 15.5). A policy only picks the next event; the trader
//! reacts to each fill before the next pick.
//!
//! [`Walk`] goes through a candle. `leg` holds the two conventions for one leg, `path` the walk along the four prices, and
//! `event` what can happen next and makes it happen.

mod event;
mod leg;
mod path;

use super::IntrabarPolicy;
use super::engine::{Engine, money};
use crate::model::{Candle, OrderKind, Overflow, PositionSide, Price, Timestamp};
use event::{fire_crossed, fire_stop, is_beyond, is_reached, liquidate, next_favourable, resting_entry};
use leg::LegCandle;
use path::path;

/// What a run watches between candles that change nothing: outside these prices something may happen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quiet {
    low: f64,
    high: f64,
}

impl Quiet {
    /// Something may happen at any price.
    pub(super) const NEVER: Self = Self { low: f64::INFINITY, high: f64::NEG_INFINITY };

    #[inline]
    pub(super) fn holds(&self, candle: &Candle) -> bool {
        candle.low > self.low && candle.high < self.high
    }
}

/// Walks candles under one policy.
pub(super) struct Walk {
    pub(super) policy: IntrabarPolicy,
    pub(super) ambiguous: usize,
}

impl Walk {
    /// What happens at the open of a candle. With [`Walk::inside`] it is everything up to the close's decision.
    pub(super) fn open(&self, engine: &mut Engine, candle: &Candle) -> Result<(), Overflow> {
        at_open(engine, candle)
    }

    /// What happens between the open of a candle and its close.
    pub(super) fn inside(
        &mut self,
        engine: &mut Engine,
        candle: &Candle,
        close: Timestamp,
    ) -> Result<(), Overflow> {
        let held = PositionSide::BOTH.map(|side| !engine.trader.book(side).is_flat());
        // A fill inside a candle lies before its close; one millisecond keeps it in its own candle.
        let inside = close - crate::model::Span::millis_of(1);
        match self.policy {
            IntrabarPolicy::OhlcPath => path(engine, candle, inside)?,
            IntrabarPolicy::Pessimistic | IntrabarPolicy::Optimistic => {
                let mut ambiguous = false;
                for side in main_first(engine) {
                    let leg = LegCandle::new(engine, side, candle, inside);
                    let flat = engine.trader.book(side).is_flat();
                    if flat && resting_entry(engine, side, leg.adverse).is_none() {
                        continue;
                    }
                    let was_flat = match side {
                        PositionSide::Long => !held[0],
                        PositionSide::Short => !held[1],
                    };
                    ambiguous |= match self.policy {
                        _ if was_flat && !flat => leg.only_the_close(engine)?,
                        IntrabarPolicy::Pessimistic => leg.pessimistic(engine)?,
                        _ => leg.optimistic(engine)?,
                    };
                }
                self.ambiguous += usize::from(ambiguous);
            }
        }
        engine.venue.halt();
        Ok(())
    }
}

/// The main leg before its hedge, which may be closed with it.
fn main_first(engine: &Engine) -> [PositionSide; 2] {
    if engine.trader.view().long.hedge {
        [PositionSide::Short, PositionSide::Long]
    } else {
        PositionSide::BOTH
    }
}

/// Below and above which prices a candle can change anything.
pub(super) fn quiet(engine: &Engine) -> Result<Quiet, Overflow> {
    let mut quiet = Quiet { low: f64::NEG_INFINITY, high: f64::INFINITY };
    if engine.venue.has_queued() || engine.trader.waits_for_price() {
        return Ok(Quiet::NEVER);
    }
    for order in engine.venue.resting() {
        // A leg's stop and resting entries lie on the adverse side, take profits on the other.
        let below = match order.spec.kind {
            OrderKind::StopMarket { .. } => order.spec.leg == PositionSide::Long,
            OrderKind::Limit { .. } => order.spec.side == crate::model::Side::Buy,
            _ => order.spec.leg == PositionSide::Short,
        };
        if below {
            quiet.low = quiet.low.max(order.price);
        } else {
            quiet.high = quiet.high.min(order.price);
        }
    }
    for side in PositionSide::BOTH {
        if engine.trader.book(side).is_flat() {
            continue;
        }
        let armed = engine.trader.armed(side);
        let stop = armed.stop.map(|stop| stop.price.to_f64());
        let liquidation = engine.venue.liquidation(side)?.map(Price::to_f64);
        let adverse = [stop, liquidation].into_iter().flatten();
        let favourable = [armed.touch.map(Price::to_f64), armed.trail_extreme].into_iter().flatten();
        match side {
            PositionSide::Long => {
                quiet.low = adverse.fold(quiet.low, f64::max);
                quiet.high = favourable.fold(quiet.high, f64::min);
            }
            PositionSide::Short => {
                quiet.high = adverse.fold(quiet.high, f64::min);
                quiet.low = favourable.fold(quiet.low, f64::max);
            }
        }
    }
    Ok(quiet)
}

/// TRADING 15.2 (b): gap-through of liquidation and stops, market closes, limits crossed, then opening market orders.
fn at_open(engine: &mut Engine, candle: &Candle) -> Result<(), Overflow> {
    let now = candle.open_time;
    let open = money(candle.open);
    engine.venue.move_to(open);
    for side in PositionSide::BOTH {
        if engine.trader.book(side).is_flat() {
            continue;
        }
        let (marked, trigger) = (engine.marked(candle).open, engine.triggering(side, candle).open);
        if engine.venue.liquidation(side)?.is_some_and(|at| is_beyond(side, marked, at)) {
            liquidate(engine, now, side)?;
        } else if engine.trader.armed(side).stop.is_some_and(|stop| is_reached(side, trigger, stop.price)) {
            fire_stop(engine, now, side, open)?;
        }
    }
    if engine.venue.has_queued() {
        engine.venue.fill_queued(now, open, true)?;
        engine.settle(now)?;
    }
    // What fills here may bring limits of the other leg that the open has crossed already.
    let mut crossed = true;
    while crossed {
        crossed = false;
        for side in PositionSide::BOTH {
            let limit = |engine: &Engine| {
                next_favourable(engine, side, candle.open)
                    .or_else(|| resting_entry(engine, side, candle.open))
            };
            while let Some(next) = limit(engine) {
                fire_crossed(engine, now, next, open)?;
                crossed = true;
            }
        }
    }
    if engine.venue.has_queued() {
        engine.venue.fill_queued(now, open, false)?;
        engine.settle(now)?;
    }
    engine.trade_at(now, open)
}
