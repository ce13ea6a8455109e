//! One leg inside one candle, under the conventions `pessimistic` and `optimistic` (TRADING 15.4).

use super::super::engine::{Engine, money};
use super::event::{
    Next, fire, fire_stop, ids, is_nearer, is_reached, liquidate, next_favourable, next_favourable_of,
    resting_entry,
};
use crate::model::{Candle, ClientOrderId, Overflow, PositionSide, Price, Timestamp};

/// One leg inside one candle.
pub(super) struct LegCandle {
    side: PositionSide,
    pub(super) adverse: f64,
    favourable: f64,
    close: f64,
    /// What triggers the leg's stops: adverse and favourable extreme, close.
    trigger: (f64, f64, f64),
    /// What liquidates: adverse extreme, close.
    marked: (f64, f64),
    now: Timestamp,
}

impl LegCandle {
    pub(super) fn new(engine: &Engine, side: PositionSide, candle: &Candle, now: Timestamp) -> Self {
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
    pub(super) fn pessimistic(&self, engine: &mut Engine) -> Result<bool, Overflow> {
        let favourable_possible = next_favourable(engine, self.side, self.favourable).is_some();
        // What an entry of this candle armed needs the close beyond it.
        let mut armed_before: Option<Vec<ClientOrderId>> = None;
        loop {
            while let Some(entry) = self.nearer_entry(engine)? {
                armed_before.get_or_insert_with(|| ids(engine, self.side));
                fire(engine, self.now, entry)?;
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
                Some(next) => fire(engine, self.now, next)?,
                None => break,
            }
            let flat = engine.trader.book(self.side).is_flat();
            if flat && resting_entry(engine, self.side, self.adverse).is_none() {
                break;
            }
        }
        // An entry and a level in one candle: which came first is not known.
        let entered = armed_before.is_some();
        let ambiguous =
            entered && (favourable_possible || next_favourable(engine, self.side, self.favourable).is_some());
        if !engine.trader.book(self.side).is_flat() {
            self.ratchet(engine)?;
        }
        Ok(ambiguous)
    }

    /// A leg opened inside the candle, a hedge: which part of the candle came after is not known, so only its close is
    /// tested. True: another order of events was possible.
    pub(super) fn only_the_close(&self, engine: &mut Engine) -> Result<bool, Overflow> {
        let possible =
            self.stop_or_liquidation(engine)?.is_some_and(|at| is_reached(self.side, self.adverse, at))
                || next_favourable(engine, self.side, self.favourable).is_some();
        if self.stopped_by(engine, self.trigger.2, self.marked.1)? {
            return Ok(possible);
        }
        while let Some(next) = next_favourable(engine, self.side, self.close) {
            fire(engine, self.now, next)?;
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
    pub(super) fn optimistic(&self, engine: &mut Engine) -> Result<bool, Overflow> {
        let mut start_stop = engine.trader.armed(self.side).stop.map(|stop| stop.price);
        let mut favoured = false;
        while let Some(next) = next_favourable(engine, self.side, self.favourable) {
            favoured = true;
            fire(engine, self.now, next)?;
            if engine.trader.book(self.side).is_flat() {
                break;
            }
        }
        let adverse_possible = start_stop.is_some_and(|stop| is_reached(self.side, self.trigger.0, stop));
        if engine.trader.book(self.side).is_flat() && resting_entry(engine, self.side, self.adverse).is_none()
        {
            return Ok(adverse_possible);
        }
        let mut entered = false;
        while let Some(entry) = self.nearer_entry(engine)? {
            entered = true;
            fire(engine, self.now, entry)?;
            start_stop = engine.trader.armed(self.side).stop.map(|stop| stop.price);
        }
        let favoured = favoured || entered && next_favourable(engine, self.side, self.favourable).is_some();
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
        Ok(favoured && (moved_reached || entered))
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
