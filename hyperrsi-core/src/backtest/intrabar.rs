//! In which order things happen inside a candle (TRADING 15.2 to 15.5). A policy only picks the next event; the trader
//! reacts to each fill before the next pick.

use super::IntrabarPolicy;
use super::engine::{Engine, money};
use super::way::Way;
use crate::model::{
    Candle, ClientOrderId, OrderKind, OrderSpec, Overflow, PositionSide, Price, Timestamp, TriggerSource,
};

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
                    let ambiguous = match self.policy {
                        _ if was_flat && !flat => leg.only_the_close(engine)?,
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
        } else if engine.trader.armed(side).stop.is_some_and(|stop| is_beyond(side, trigger, stop.price)) {
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
    /// What triggers the leg's stops: adverse and favourable extreme, close.
    trigger: (f64, f64, f64),
    /// What liquidates: adverse extreme, close.
    marked: (f64, f64),
    now: Timestamp,
}

impl LegCandle {
    fn new(engine: &Engine, side: PositionSide, candle: &Candle, now: Timestamp) -> Self {
        let extremes = |candle: &Candle| match side {
            PositionSide::Long => (candle.low, candle.high, candle.close),
            PositionSide::Short => (candle.high, candle.low, candle.close),
        };
        let (adverse, favourable, close) = extremes(candle);
        let trigger = extremes(&engine.triggering(side, candle));
        let (marked, _, marked_close) = extremes(&engine.marked(candle));
        Self { side, adverse, favourable, close, trigger, marked: (marked, marked_close), now }
    }

    /// The price a stop triggered at `price` trades at: where the mark price triggered it, within the traded candle.
    fn traded(&self, engine: &Engine, price: Price) -> Price {
        if engine.mark.is_none() {
            return price;
        }
        let (low, high) = (self.adverse.min(self.favourable), self.adverse.max(self.favourable));
        let at = price.to_f64();
        if at < low {
            money(low)
        } else if at > high {
            money(high)
        } else {
            price
        }
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
            if self.stopped_by(engine, self.trigger.0, self.marked.0)? {
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
    fn only_the_close(&self, engine: &mut Engine) -> Result<bool, Overflow> {
        let possible =
            self.stop_or_liquidation(engine)?.is_some_and(|at| is_reached(self.side, self.adverse, at))
                || next_favourable(engine, self.side, self.favourable).is_some();
        if self.stopped_by(engine, self.trigger.2, self.marked.1)? {
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
        let adverse_possible = start_stop.is_some_and(|stop| is_reached(self.side, self.trigger.0, stop));
        if engine.trader.book(self.side).is_flat() && resting_entry(engine, self.side, self.adverse).is_none()
        {
            return Ok(adverse_possible);
        }
        while let Some(entry) = self.nearer_entry(engine)? {
            fire(engine, self.now, entry, None)?;
            start_stop = engine.trader.armed(self.side).stop.map(|stop| stop.price);
        }
        if self.liquidated_by(engine, self.marked.0)? {
            return Ok(favoured);
        }
        if start_stop.is_some_and(|stop| is_reached(self.side, self.trigger.0, stop))
            && let Some(stop) = engine.trader.armed(self.side).stop
        {
            fire_stop(engine, self.now, self.side, self.traded(engine, stop.price))?;
            return Ok(favoured);
        }
        let moved_reached = engine
            .trader
            .armed(self.side)
            .stop
            .is_some_and(|stop| is_reached(self.side, self.trigger.0, stop.price));
        self.ratchet(engine)?;
        Ok(favoured && moved_reached)
    }

    /// The trail follows the favourable extreme; the ratcheted stop is tested only against the close.
    fn ratchet(&self, engine: &mut Engine) -> Result<(), Overflow> {
        let armed = engine.trader.armed(self.side);
        if armed.trail_extreme.is_some() {
            engine.pass(self.now, money(self.trigger.1))?;
        }
        if engine.trader.book(self.side).is_flat() {
            return Ok(());
        }
        if let Some(stop) = engine.trader.armed(self.side).stop
            && is_reached(self.side, self.trigger.2, stop.price)
        {
            return fire_stop(engine, self.now, self.side, self.traded(engine, stop.price));
        }
        Ok(())
    }

    /// The stop in force, or liquidation if it is nearer, acts if its price reaches it.
    fn stopped_by(&self, engine: &mut Engine, trigger: f64, marked: f64) -> Result<bool, Overflow> {
        let stop = engine.trader.armed(self.side).stop;
        let liquidation = engine.venue.liquidation(self.side)?;
        let stop_first = match (stop, liquidation) {
            (Some(stop), Some(at)) => !is_nearer(self.side, at, stop.price),
            (Some(_), None) => true,
            (None, _) => false,
        };
        if let Some(stop) = stop.filter(|_| stop_first) {
            if is_reached(self.side, trigger, stop.price) {
                fire_stop(engine, self.now, self.side, self.traded(engine, stop.price))?;
                return Ok(true);
            }
            return Ok(false);
        }
        self.liquidated_by(engine, marked)
    }

    fn liquidated_by(&self, engine: &mut Engine, marked: f64) -> Result<bool, Overflow> {
        let Some(at) = engine.venue.liquidation(self.side)? else { return Ok(false) };
        let stop_nearer =
            engine.trader.armed(self.side).stop.is_some_and(|stop| !is_nearer(self.side, at, stop.price));
        if stop_nearer || !is_reached(self.side, marked, at) {
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
    let rising = candle.close >= candle.open;
    let corners = |candle: &Candle| match rising {
        true => [candle.low, candle.high, candle.close],
        false => [candle.high, candle.low, candle.close],
    };
    // Mark prices walk along: corner by corner, in the same order and at the same pace.
    let mark = engine.mark;
    let marks = mark.as_ref().map(corners);
    let mut way = Way { at: candle.open, to: candle.open, mark: mark.map(|mark| (mark.open, mark.open)) };
    for (index, corner) in corners(candle).into_iter().enumerate() {
        way.to = corner;
        if let (Some((_, to)), Some(next)) = (&mut way.mark, marks.and_then(|m| m.get(index).copied())) {
            *to = next;
        }
        while let Some((side, event)) = next_on_path(engine, &way)? {
            match event {
                PathEvent::Next(next) => {
                    let price = next.price();
                    engine.pass(now, price)?;
                    fire(engine, now, next, None)?;
                    way.go_to(price.to_f64());
                }
                PathEvent::Stop(price) => {
                    let at = way.trade_at(engine.trader.trigger(side), price);
                    fire_stop(engine, now, side, at)?;
                    way.go_to(at.to_f64());
                }
                PathEvent::Liquidation(price) => {
                    let at = way.trade_at(TriggerSource::Mark, price);
                    liquidate(engine, now, side)?;
                    way.go_to(at.to_f64());
                }
            }
        }
        let trailing = PositionSide::BOTH.into_iter().any(|s| engine.trader.armed(s).trail_extreme.is_some());
        if trailing {
            match way.mark {
                Some((_, mark)) => engine.pass_both(now, money(corner), money(mark))?,
                None => engine.pass(now, money(corner))?,
            }
        }
        way.go_to(corner);
    }
    Ok(())
}

enum PathEvent {
    Next(Next),
    Stop(Price),
    Liquidation(Price),
}

/// The first event of any leg on a straight way.
fn next_on_path(engine: &Engine, way: &Way) -> Result<Option<(PositionSide, PathEvent)>, Overflow> {
    let (from, to) = (way.at, way.to);
    let mut best: Option<(f64, PositionSide, PathEvent)> = None;
    let mut offer = |side: PositionSide, distance: f64, event: PathEvent| {
        if best.as_ref().is_none_or(|(nearest, ..)| distance < *nearest) {
            best = Some((distance, side, event));
        }
    };
    for side in PositionSide::BOTH {
        let favourable = (to > from) == (side == PositionSide::Long);
        if engine.trader.book(side).is_flat() {
            if let Some(next) = resting_entry(engine, side, to).filter(|_| !favourable) {
                offer(side, (next.price().to_f64() - from).abs(), PathEvent::Next(next));
            }
            continue;
        }
        let hurts = |(from, to): (f64, f64)| (to > from) != (side == PositionSide::Long);
        let source = engine.trader.trigger(side);
        if let (_, to) = way.of(source)
            && hurts(way.of(source))
            && let Some(stop) = engine.trader.armed(side).stop.filter(|stop| is_reached(side, to, stop.price))
        {
            offer(side, way.distance(source, stop.price.to_f64()), PathEvent::Stop(stop.price));
        }
        if !hurts((from, to)) {
            if let Some(next) = next_favourable(engine, side, to) {
                offer(side, (next.price().to_f64() - from).abs(), PathEvent::Next(next));
            }
        } else if let Some(next) = resting_entry(engine, side, to) {
            offer(side, (next.price().to_f64() - from).abs(), PathEvent::Next(next));
        }
        if let (_, to) = way.of(TriggerSource::Mark)
            && hurts(way.of(TriggerSource::Mark))
            && let Some(at) = engine.venue.liquidation(side)?.filter(|at| is_reached(side, to, *at))
        {
            offer(side, way.distance(TriggerSource::Mark, at.to_f64()), PathEvent::Liquidation(at));
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
