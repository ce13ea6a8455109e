//! Looks at the venue after everything that happens there: how long legs are without their stop, whether one loosens,
//! whether more is held than was ever wanted.

use crate::double::Venue;
use hyperrsi_core::model::*;
use rust_decimal::Decimal;
use std::sync::Mutex;

#[derive(Debug, Default)]
struct Leg {
    naked: Option<Timestamp>,
    held: Decimal,
    stop: Option<Decimal>,
    /// It has grown: its stop is made anew.
    grown: bool,
}

#[derive(Debug, Default)]
struct Seen {
    legs: [Leg; 2],
    /// Nobody runs since then.
    dead: Option<Timestamp>,
    /// The longest time a leg was without its stop while a process ran.
    naked: Span,
    most: [Decimal; 2],
    loosened: Vec<String>,
    /// Somebody asked for another stop.
    told: bool,
}

/// What was seen at the venue.
#[derive(Debug, Default)]
pub struct Watch(Mutex<Seen>);

impl Watch {
    pub fn look(&self, venue: &Venue) {
        let now = venue.now();
        let mut seen = self.0.lock().unwrap();
        let seen = &mut *seen;
        for (index, side) in PositionSide::BOTH.into_iter().enumerate() {
            let held = venue.held(side);
            let stops: Vec<OrderSpec> = venue.stops().into_iter().filter(|stop| stop.leg == side).collect();
            let leg = &mut seen.legs[index];
            seen.most[index] = seen.most[index].max(held);
            let whole = stops.iter().any(|stop| stop.quantity.get() >= held);
            if held.is_zero() || whole {
                if let Some(since) = leg.naked.take() {
                    seen.naked = seen.naked.max(now - since);
                }
            } else if seen.dead.is_none() {
                leg.naked.get_or_insert(now);
            }
            // I6: the tightest of a leg's stops never moves back while the leg does not grow.
            let sign = if side == PositionSide::Long { Decimal::ONE } else { Decimal::NEGATIVE_ONE };
            let tightest =
                stops.iter().filter_map(|stop| stop.kind.price()).map(|price| sign * price.get()).max();
            if held.is_zero() || seen.told {
                leg.stop = None;
            }
            leg.grown |= held > leg.held;
            if let (Some(before), Some(after)) = (leg.stop, tightest)
                && before != after
                && !std::mem::take(&mut leg.grown)
                && after < before
            {
                seen.loosened.push(format!("{now}: {side} from {} to {}", sign * before, sign * after));
            }
            leg.stop = tightest.or(leg.stop);
            leg.held = held;
        }
        seen.told = false;
    }

    /// The next stop may be looser: somebody asks for it.
    pub fn told(&self) {
        self.0.lock().unwrap().told = true;
    }
    pub fn dead(&self, now: Timestamp) {
        let mut seen = self.0.lock().unwrap();
        seen.dead = Some(now);
        for leg in 0..2 {
            if let Some(since) = seen.legs[leg].naked.take() {
                seen.naked = seen.naked.max(now - since);
            }
        }
    }
    pub fn alive(&self, venue: &Venue) {
        self.0.lock().unwrap().dead = None;
        self.look(venue);
    }

    pub fn longest_naked(&self) -> Span {
        self.0.lock().unwrap().naked
    }
    pub fn most_held(&self) -> [Decimal; 2] {
        self.0.lock().unwrap().most
    }
    pub fn loosened(&self) -> Vec<String> {
        self.0.lock().unwrap().loosened.clone()
    }
}
