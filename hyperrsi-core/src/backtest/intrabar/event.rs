//! What can happen next to a leg, and making it happen.

use super::super::engine::Engine;
use crate::model::{ClientOrderId, OrderKind, OrderSpec, Overflow, PositionSide, Price, Timestamp};

/// The next event a leg can have, with its price.
#[derive(Clone, Copy, Debug)]
pub(super) enum Next {
    /// A take-profit order.
    TakeProfit(ClientOrderId, Price),
    /// A resting entry.
    Entry(ClientOrderId, Price),
    /// The touch level of a trail.
    Touch(Price),
}

impl Next {
    pub(super) const fn price(self) -> Price {
        match self {
            Self::TakeProfit(_, price) | Self::Entry(_, price) | Self::Touch(price) => price,
        }
    }
}

pub(super) fn takes_profit(spec: &OrderSpec, side: PositionSide) -> bool {
    spec.leg == side
        && spec.reduce_only
        && matches!(spec.kind, OrderKind::Limit { .. } | OrderKind::TakeProfitMarket { .. })
}

/// The take profits of a leg that rest now.
pub(super) fn ids(engine: &Engine, side: PositionSide) -> Vec<ClientOrderId> {
    let of_leg = engine.venue.resting().iter().filter(|order| takes_profit(&order.spec, side));
    of_leg.map(|order| order.spec.client_id).collect()
}

/// The nearest of some take profits of a leg that `reach` has reached.
pub(super) fn next_favourable_of(
    engine: &Engine,
    side: PositionSide,
    reach: f64,
    of: &[ClientOrderId],
) -> Option<Next> {
    let sign = side.sign_f64();
    let reached = engine.venue.resting().iter().filter(|order| {
        takes_profit(&order.spec, side)
            && of.contains(&order.spec.client_id)
            && (reach - order.price) * sign >= 0.0
    });
    let nearest = reached.min_by(|a, b| (a.price * sign).total_cmp(&(b.price * sign)))?;
    Some(Next::TakeProfit(nearest.spec.client_id, nearest.spec.kind.price()?))
}

/// The nearest take profit or touch level of a leg that `reach` has reached.
pub(super) fn next_favourable(engine: &Engine, side: PositionSide, reach: f64) -> Option<Next> {
    if engine.trader.book(side).is_flat() {
        return None;
    }
    let sign = side.sign_f64();
    let mut best: Option<(f64, Next)> = None;
    for order in engine.venue.resting() {
        let spec = &order.spec;
        if takes_profit(spec, side)
            && (reach - order.price) * sign >= 0.0
            && best.as_ref().is_none_or(|(nearest, _)| order.price * sign < *nearest)
            && let Some(price) = spec.kind.price()
        {
            best = Some((order.price * sign, Next::TakeProfit(spec.client_id, price)));
        }
    }
    if let Some(touch) = engine.trader.armed(side).touch {
        let at = touch.to_f64();
        if (reach - at) * sign >= 0.0 && best.as_ref().is_none_or(|(nearest, _)| at * sign < *nearest) {
            best = Some((at * sign, Next::Touch(touch)));
        }
    }
    best.map(|(_, next)| next)
}

/// The nearest resting entry of a leg that `reach` has reached.
pub(super) fn resting_entry(engine: &Engine, side: PositionSide, reach: f64) -> Option<Next> {
    let sign = side.sign_f64();
    let mut best: Option<(f64, Next)> = None;
    for order in engine.venue.resting() {
        if order.spec.leg == side
            && !order.spec.reduce_only
            && (order.price - reach) * sign >= 0.0
            && best.as_ref().is_none_or(|(nearest, _)| -order.price * sign < *nearest)
            && let Some(price) = order.spec.kind.price()
        {
            best = Some((-order.price * sign, Next::Entry(order.spec.client_id, price)));
        }
    }
    best.map(|(_, next)| next)
}

/// Fires an order or a touch on the market's way.
pub(super) fn fire(engine: &mut Engine, now: Timestamp, next: Next) -> Result<(), Overflow> {
    engine.pass(now, next.price())?;
    fill(engine, now, next, next.price())
}

/// The same where the market is beyond it, at an open or because it was placed there: a limit keeps its price, trigger
/// orders fill where the market is, and so do the market orders that follow (TRADING 15.3).
pub(super) fn fire_crossed(
    engine: &mut Engine,
    now: Timestamp,
    next: Next,
    market: Price,
) -> Result<(), Overflow> {
    match next {
        // What the entry brings, a stop or a hedge, is judged by where the market is.
        Next::Entry(..) => engine.open_at(now, market)?,
        // Levels between here and there come one by one.
        Next::TakeProfit(..) | Next::Touch(_) => engine.pass_while(now, next.price(), market)?,
    }
    fill(engine, now, next, market)
}

fn fill(engine: &mut Engine, now: Timestamp, next: Next, at: Price) -> Result<(), Overflow> {
    match next {
        Next::Touch(_) => Ok(()),
        Next::TakeProfit(id, _) | Next::Entry(id, _) => {
            engine.venue.fire(now, &id, at)?;
            engine.settle(now)
        }
    }
}

/// The stop in force acts at `at`: the venue's own order where it is as good, the engine's otherwise.
pub(super) fn fire_stop(
    engine: &mut Engine,
    now: Timestamp,
    side: PositionSide,
    at: Price,
) -> Result<(), Overflow> {
    let wanted = engine.trader.armed(side).stop.map(|stop| stop.price);
    let order = engine
        .venue
        .resting()
        .iter()
        .find(|order| {
            order.spec.leg == side
                && matches!(order.spec.kind, OrderKind::StopMarket { .. })
                && order.spec.kind.price() == wanted
        })
        .map(|order| order.spec.client_id);
    engine.venue.move_to(at);
    match order {
        Some(id) => {
            engine.venue.fire(now, &id, at)?;
            engine.settle(now)
        }
        None => engine.pass(now, at),
    }
}

pub(super) fn liquidate(engine: &mut Engine, now: Timestamp, side: PositionSide) -> Result<(), Overflow> {
    engine.venue.liquidate(now, side)?;
    engine.settle(now)
}

/// Whether an adverse move to `price` reaches a stop at `stop`.
pub(super) fn is_reached(side: PositionSide, price: f64, stop: Price) -> bool {
    (stop.to_f64() - price) * side.sign_f64() >= 0.0
}

/// Whether `price` lies strictly beyond `stop`.
pub(super) fn is_beyond(side: PositionSide, price: f64, stop: Price) -> bool {
    (stop.to_f64() - price) * side.sign_f64() > 0.0
}

/// Whether, on the adverse side, `a` comes strictly before `b`.
pub(super) fn is_nearer(side: PositionSide, a: Price, b: Price) -> bool {
    match side {
        PositionSide::Long => a > b,
        PositionSide::Short => a < b,
    }
}
