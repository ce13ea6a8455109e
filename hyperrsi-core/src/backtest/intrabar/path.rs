//! The convention `ohlc_path`: straight ways between the four prices of a candle (TRADING 15.4).

use super::super::engine::{Engine, money};
use super::super::way::Way;
use super::event::{
    Next, fire, fire_crossed, fire_stop, is_reached, liquidate, next_favourable, resting_entry,
};
use crate::model::{Candle, Overflow, PositionSide, Price, Timestamp, TriggerSource};

/// TRADING 15.4, `ohlc_path`: open, low, high, close of a rising candle; open, high, low, close of a falling one.
pub(super) fn path(engine: &mut Engine, candle: &Candle, now: Timestamp) -> Result<(), Overflow> {
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
                // Crossed before it rested: it fills at its price, and the market stays where it is.
                PathEvent::Crossed(next) => fire_crossed(engine, now, next, money(way.at))?,
                PathEvent::Next(next) => {
                    let price = next.price();
                    fire(engine, now, next)?;
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
    Crossed(Next),
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
        let crossed = next_favourable(engine, side, from).or_else(|| resting_entry(engine, side, from));
        if let Some(next) = crossed {
            offer(side, 0.0, PathEvent::Crossed(next));
            continue;
        }
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
