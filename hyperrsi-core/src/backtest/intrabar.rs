//! In which order things happen inside a candle (TRADING 15.2 to 15.5). A policy only picks the next event; the trader
//! reacts to each fill before the next pick.

use super::IntrabarPolicy;
use super::engine::{Engine, money};
use crate::model::{Candle, ClientOrderId, OrderKind, OrderSpec, Overflow, PositionSide, Price, Timestamp};

/// The next event a leg can have, with its price.
#[derive(Clone, Copy, Debug)]
enum Next {
    /// A take-profit order, or a resting entry.
    Order(ClientOrderId, Price),
    /// The touch level of a trail.
    Touch(Price),
}

impl Next {
    const fn price(self) -> Price {
        match self {
            Self::Order(_, price) | Self::Touch(price) => price,
        }
    }
}

/// What a run watches between candles that change nothing: outside these prices something may happen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quiet {
    low: f64,
    high: f64,
}

impl Quiet {
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
    /// Everything that happens from the open of a candle to its close, the close's decision excluded.
    #[inline(never)]
    pub(super) fn candle(
        &mut self,
        engine: &mut Engine,
        candle: &Candle,
        close: Timestamp,
    ) -> Result<(), Overflow> {
        at_open(engine, candle)?;
        let held = PositionSide::BOTH.map(|side| !engine.trader.book(side).is_flat());
        // A fill inside a candle lies before its close; one millisecond keeps it in its own candle.
        let inside = close - crate::model::Span::millis_of(1);
        match self.policy {
            IntrabarPolicy::OhlcPath => path(engine, candle, inside)?,
            IntrabarPolicy::Pessimistic | IntrabarPolicy::Optimistic => {
                for side in main_first(engine) {
                    let leg = LegCandle::new(side, candle, inside);
                    let flat = engine.trader.book(side).is_flat();
                    if flat && resting_entry(engine, side, leg.adverse).is_none() {
                        continue;
                    }
                    let was_flat = match side {
                        PositionSide::Long => !held[0],
                        PositionSide::Short => !held[1],
                    };
                    let ambiguous = match self.policy {
                        _ if was_flat && !flat => leg.from_the_close(engine)?,
                        IntrabarPolicy::Pessimistic => leg.pessimistic(engine)?,
                        _ => leg.optimistic(engine)?,
                    };
                    self.ambiguous += usize::from(ambiguous);
                }
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
        return Ok(Quiet { low: f64::INFINITY, high: f64::NEG_INFINITY });
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
        if engine.venue.liquidation(side)?.is_some_and(|at| is_beyond(side, candle.open, at)) {
            liquidate(engine, now, side)?;
        } else if engine.trader.armed(side).stop.is_some_and(|stop| is_beyond(side, candle.open, stop.price))
        {
            fire_stop(engine, now, side, open)?;
        }
    }
    if engine.venue.has_queued() {
        engine.venue.fill_queued(now, open, true)?;
        engine.settle(now)?;
    }
    for side in PositionSide::BOTH {
        while let Some(next) = next_favourable(engine, side, candle.open) {
            fire(engine, now, next, Some(open))?;
        }
        while let Some(next) = resting_entry(engine, side, candle.open) {
            fire(engine, now, next, Some(open))?;
        }
    }
    if engine.venue.has_queued() {
        engine.venue.fill_queued(now, open, false)?;
        engine.settle(now)?;
    }
    engine.trade_at(now, open)
}

/// One leg inside one candle.
struct LegCandle {
    side: PositionSide,
    adverse: f64,
    favourable: f64,
    close: f64,
    now: Timestamp,
}

impl LegCandle {
    const fn new(side: PositionSide, candle: &Candle, now: Timestamp) -> Self {
        let (adverse, favourable) = match side {
            PositionSide::Long => (candle.low, candle.high),
            PositionSide::Short => (candle.high, candle.low),
        };
        Self { side, adverse, favourable, close: candle.close, now }
    }

    /// TRADING 15.4, `pessimistic`. True if another order of events was possible.
    fn pessimistic(&self, engine: &mut Engine) -> Result<bool, Overflow> {
        let favourable_possible = next_favourable(engine, self.side, self.favourable).is_some();
        // What an entry of this candle armed needs the close beyond it.
        let mut armed_before: Option<Vec<ClientOrderId>> = None;
        loop {
            while let Some(entry) = self.nearer_entry(engine)? {
                armed_before.get_or_insert_with(|| ids(engine, self.side));
                fire(engine, self.now, entry, None)?;
            }
            if self.stopped_by(engine, self.adverse)? {
                return Ok(favourable_possible);
            }
            let next = match &armed_before {
                None => next_favourable(engine, self.side, self.favourable),
                Some(before) => next_favourable(engine, self.side, self.close)
                    .or_else(|| next_favourable_of(engine, self.side, self.favourable, before)),
            };
            match next {
                Some(next) => fire(engine, self.now, next, None)?,
                None => break,
            }
            let flat = engine.trader.book(self.side).is_flat();
            if flat && resting_entry(engine, self.side, self.adverse).is_none() {
                return Ok(false);
            }
        }
        if engine.trader.book(self.side).is_flat() {
            return Ok(false);
        }
        self.ratchet(engine)?;
        Ok(false)
    }

    /// A leg opened inside the candle, a hedge: which part of the candle came after is not known, so only its close is
    /// tested. True: another order of events was possible.
    fn from_the_close(&self, engine: &mut Engine) -> Result<bool, Overflow> {
        let possible =
            self.stop_or_liquidation(engine)?.is_some_and(|at| is_reached(self.side, self.adverse, at))
                || next_favourable(engine, self.side, self.favourable).is_some();
        if self.stopped_by(engine, self.close)? {
            return Ok(possible);
        }
        while let Some(next) = next_favourable(engine, self.side, self.close) {
            fire(engine, self.now, next, None)?;
        }
        Ok(possible)
    }

    /// The nearer of the stop in force and liquidation.
    fn stop_or_liquidation(&self, engine: &Engine) -> Result<Option<Price>, Overflow> {
        let stop = engine.trader.armed(self.side).stop.map(|stop| stop.price);
        let liquidation = engine.venue.liquidation(self.side)?;
        let nearer = |a: Price, b: Price| if is_nearer(self.side, b, a) { b } else { a };
        Ok(stop.into_iter().chain(liquidation).reduce(nearer))
    }

    /// TRADING 15.4, `optimistic`. True if another order of events was possible.
    fn optimistic(&self, engine: &mut Engine) -> Result<bool, Overflow> {
        let mut start_stop = engine.trader.armed(self.side).stop.map(|stop| stop.price);
        let mut favoured = false;
        while let Some(next) = next_favourable(engine, self.side, self.favourable) {
            favoured = true;
            fire(engine, self.now, next, None)?;
            if engine.trader.book(self.side).is_flat() {
                break;
            }
        }
        let adverse_possible = start_stop.is_some_and(|stop| is_reached(self.side, self.adverse, stop));
        if engine.trader.book(self.side).is_flat() && resting_entry(engine, self.side, self.adverse).is_none()
        {
            return Ok(adverse_possible);
        }
        while let Some(entry) = self.nearer_entry(engine)? {
            fire(engine, self.now, entry, None)?;
            start_stop = engine.trader.armed(self.side).stop.map(|stop| stop.price);
        }
        if self.liquidated_by(engine, self.adverse)? {
            return Ok(favoured);
        }
        if start_stop.is_some_and(|stop| is_reached(self.side, self.adverse, stop))
            && let Some(stop) = engine.trader.armed(self.side).stop
        {
            fire_stop(engine, self.now, self.side, stop.price)?;
            return Ok(favoured);
        }
        let moved_reached = engine
            .trader
            .armed(self.side)
            .stop
            .is_some_and(|stop| is_reached(self.side, self.adverse, stop.price));
        self.ratchet(engine)?;
        Ok(favoured && moved_reached)
    }

    /// The trail follows the favourable extreme; the ratcheted stop is tested only against the close.
    fn ratchet(&self, engine: &mut Engine) -> Result<(), Overflow> {
        let armed = engine.trader.armed(self.side);
        if armed.trail_extreme.is_some() {
            engine.pass(self.now, money(self.favourable))?;
        }
        if engine.trader.book(self.side).is_flat() {
            return Ok(());
        }
        if let Some(stop) = engine.trader.armed(self.side).stop
            && is_reached(self.side, self.close, stop.price)
        {
            return fire_stop(engine, self.now, self.side, stop.price);
        }
        Ok(())
    }

    /// The stop in force, or liquidation if it is nearer, acts if `price` reaches it.
    fn stopped_by(&self, engine: &mut Engine, price: f64) -> Result<bool, Overflow> {
        let stop = engine.trader.armed(self.side).stop;
        let liquidation = engine.venue.liquidation(self.side)?;
        let stop_first = match (stop, liquidation) {
            (Some(stop), Some(at)) => !is_nearer(self.side, at, stop.price),
            (Some(_), None) => true,
            (None, _) => false,
        };
        if let Some(stop) = stop.filter(|_| stop_first) {
            if is_reached(self.side, price, stop.price) {
                fire_stop(engine, self.now, self.side, stop.price)?;
                return Ok(true);
            }
            return Ok(false);
        }
        self.liquidated_by(engine, price)
    }

    fn liquidated_by(&self, engine: &mut Engine, price: f64) -> Result<bool, Overflow> {
        let Some(at) = engine.venue.liquidation(self.side)? else { return Ok(false) };
        let stop_nearer =
            engine.trader.armed(self.side).stop.is_some_and(|stop| !is_nearer(self.side, at, stop.price));
        if stop_nearer || !is_reached(self.side, price, at) {
            return Ok(false);
        }
        liquidate(engine, self.now, self.side)?;
        Ok(true)
    }

    /// A resting entry the adverse extreme reaches strictly before the stop, and before liquidation.
    fn nearer_entry(&self, engine: &Engine) -> Result<Option<Next>, Overflow> {
        let Some(next) = resting_entry(engine, self.side, self.adverse) else { return Ok(None) };
        let end = self.stop_or_liquidation(engine)?;
        Ok(end.is_none_or(|end| is_nearer(self.side, next.price(), end)).then_some(next))
    }
}

/// TRADING 15.4, `ohlc_path`: open, low, high, close of a rising candle; open, high, low, close of a falling one.
fn path(engine: &mut Engine, candle: &Candle, now: Timestamp) -> Result<(), Overflow> {
    let corners = if candle.close >= candle.open {
        [candle.low, candle.high, candle.close]
    } else {
        [candle.high, candle.low, candle.close]
    };
    let mut at = candle.open;
    for corner in corners {
        while let Some((side, event)) = next_on_path(engine, at, corner)? {
            at = match event {
                PathEvent::Next(next) => {
                    let price = next.price();
                    engine.pass(now, price)?;
                    fire(engine, now, next, None)?;
                    price.to_f64()
                }
                PathEvent::Stop(price) => {
                    fire_stop(engine, now, side, price)?;
                    price.to_f64()
                }
                PathEvent::Liquidation(price) => {
                    liquidate(engine, now, side)?;
                    price.to_f64()
                }
            };
        }
        let trailing = PositionSide::BOTH.into_iter().any(|s| engine.trader.armed(s).trail_extreme.is_some());
        if trailing {
            engine.pass(now, money(corner))?;
        }
        at = corner;
    }
    Ok(())
}

enum PathEvent {
    Next(Next),
    Stop(Price),
    Liquidation(Price),
}

/// The first event of any leg on the straight way from `from` to `to`.
fn next_on_path(engine: &Engine, from: f64, to: f64) -> Result<Option<(PositionSide, PathEvent)>, Overflow> {
    let mut best: Option<(f64, PositionSide, PathEvent)> = None;
    let mut offer = |side: PositionSide, price: Price, event: PathEvent| {
        let distance = (price.to_f64() - from).abs();
        if best.as_ref().is_none_or(|(nearest, ..)| distance < *nearest) {
            best = Some((distance, side, event));
        }
    };
    for side in PositionSide::BOTH {
        let favourable = (to > from) == (side == PositionSide::Long);
        if engine.trader.book(side).is_flat() {
            if let Some(next) = resting_entry(engine, side, to).filter(|_| !favourable) {
                offer(side, next.price(), PathEvent::Next(next));
            }
            continue;
        }
        if favourable {
            if let Some(next) = next_favourable(engine, side, to) {
                offer(side, next.price(), PathEvent::Next(next));
            }
            continue;
        }
        if let Some(stop) = engine.trader.armed(side).stop.filter(|stop| is_reached(side, to, stop.price)) {
            offer(side, stop.price, PathEvent::Stop(stop.price));
        }
        if let Some(next) = resting_entry(engine, side, to) {
            offer(side, next.price(), PathEvent::Next(next));
        }
        if let Some(at) = engine.venue.liquidation(side)?.filter(|at| is_reached(side, to, *at)) {
            offer(side, at, PathEvent::Liquidation(at));
        }
    }
    Ok(best.map(|(_, side, event)| (side, event)))
}

fn takes_profit(spec: &OrderSpec, side: PositionSide) -> bool {
    spec.leg == side
        && spec.reduce_only
        && matches!(spec.kind, OrderKind::Limit { .. } | OrderKind::TakeProfitMarket { .. })
}

/// The take profits of a leg that rest now.
fn ids(engine: &Engine, side: PositionSide) -> Vec<ClientOrderId> {
    let of_leg = engine.venue.resting().iter().filter(|order| takes_profit(&order.spec, side));
    of_leg.map(|order| order.spec.client_id).collect()
}

/// The nearest of some take profits of a leg that `reach` has reached.
fn next_favourable_of(engine: &Engine, side: PositionSide, reach: f64, of: &[ClientOrderId]) -> Option<Next> {
    let sign = side.sign_f64();
    let reached = engine.venue.resting().iter().filter(|order| {
        takes_profit(&order.spec, side)
            && of.contains(&order.spec.client_id)
            && (reach - order.price) * sign >= 0.0
    });
    let nearest = reached.min_by(|a, b| (a.price * sign).total_cmp(&(b.price * sign)))?;
    Some(Next::Order(nearest.spec.client_id, nearest.spec.kind.price()?))
}

/// The nearest take profit or touch level of a leg that `reach` has reached.
fn next_favourable(engine: &Engine, side: PositionSide, reach: f64) -> Option<Next> {
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
            best = Some((order.price * sign, Next::Order(spec.client_id, price)));
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
fn resting_entry(engine: &Engine, side: PositionSide, reach: f64) -> Option<Next> {
    let sign = side.sign_f64();
    let mut best: Option<(f64, Next)> = None;
    for order in engine.venue.resting() {
        if order.spec.leg == side
            && !order.spec.reduce_only
            && (order.price - reach) * sign >= 0.0
            && best.as_ref().is_none_or(|(nearest, _)| -order.price * sign < *nearest)
            && let Some(price) = order.spec.kind.price()
        {
            best = Some((-order.price * sign, Next::Order(order.spec.client_id, price)));
        }
    }
    best.map(|(_, next)| next)
}

/// Fires an order or a touch. `open` is given at the open of a candle: trigger orders that gapped fill there.
fn fire(engine: &mut Engine, now: Timestamp, next: Next, open: Option<Price>) -> Result<(), Overflow> {
    match next {
        Next::Touch(price) => engine.pass(now, price),
        Next::Order(id, price) => {
            engine.pass(now, price)?;
            engine.venue.fire(now, &id, open.unwrap_or(price))?;
            engine.settle(now)
        }
    }
}

/// The stop in force acts at `at`: the venue's own order where it is as good, the engine's otherwise.
fn fire_stop(engine: &mut Engine, now: Timestamp, side: PositionSide, at: Price) -> Result<(), Overflow> {
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

fn liquidate(engine: &mut Engine, now: Timestamp, side: PositionSide) -> Result<(), Overflow> {
    engine.venue.liquidate(now, side)?;
    engine.settle(now)
}

/// Whether an adverse move to `price` reaches a stop at `stop`.
fn is_reached(side: PositionSide, price: f64, stop: Price) -> bool {
    (stop.to_f64() - price) * side.sign_f64() >= 0.0
}

/// Whether `price` lies strictly beyond `stop`.
fn is_beyond(side: PositionSide, price: f64, stop: Price) -> bool {
    (stop.to_f64() - price) * side.sign_f64() > 0.0
}

/// Whether, on the adverse side, `a` comes strictly before `b`.
fn is_nearer(side: PositionSide, a: Price, b: Price) -> bool {
    match side {
        PositionSide::Long => a > b,
        PositionSide::Short => a < b,
    }
}
