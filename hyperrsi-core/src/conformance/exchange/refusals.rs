use super::bench::Act;
use super::probe::{Outcome, Probe};
use crate::exchange::{
    Attached, ErrorClass, ExchangeError, ExchangeExt, Feature, Linked, OrderOutcome, Trailing,
};
use crate::model::{
    Arithmetic, InstrumentId, OrderKind, PositionSide, Quantity, Reducing, Ticket, TimeInForce,
};
use rust_decimal::Decimal;

use PositionSide::Long;

pub(super) async fn an_unknown_instrument_is_named(probe: &Probe) -> Outcome {
    let nowhere = InstrumentId::new(probe.instrument.id.venue.as_str(), "NOSUCH-COIN");
    let order = probe.spec(Long, false, probe.quantity, OrderKind::Market)?;
    let Some(ticket) = Reducing::new(nowhere.clone(), order) else {
        return probe.fail("an order of the check", "one that reduces", &order);
    };
    let outcome = probe.exchange.place(Ticket::Reducing(ticket)).await;
    probe.refused("an order for it", &outcome, &[ErrorClass::InstrumentUnknown])?;
    if probe.can().has(Feature::Leverage) {
        let answer = probe.exchange.leverage(nowhere).await;
        let class = answer.as_ref().err().map(ExchangeError::class);
        probe.same("its leverage", &class, &Some(ErrorClass::InstrumentUnknown))?;
    }
    Ok(())
}

pub(super) async fn too_little_margin_is_named(probe: &Probe) -> Outcome {
    let balances = probe.ok("balances", probe.exchange.balances().await)?;
    let Some(money) = balances.iter().find(|one| one.asset == probe.instrument.quote) else {
        return probe.fail("balances", &format!("some {}", probe.instrument.quote), &balances);
    };
    // Everything at the leverage there is, and half as much again.
    let leverage = Decimal::from(probe.leverage);
    let value =
        probe.sum(money.total.get().times(leverage).and_then(|all| all.times(Decimal::new(15, 1))))?;
    let raw = probe.sum(value.over(probe.price.get()))?;
    let quantity = probe.sum(probe.instrument.floor_quantity(raw))?;
    if probe.instrument.max_size.is_some_and(|most| quantity.get() > most) {
        return Probe::skip("the venue takes no order as large as that");
    }
    let order = probe.spec(Long, true, quantity, OrderKind::Market)?;
    let outcome = probe.place(order).await?;
    let classes = [ErrorClass::InsufficientMargin, ErrorClass::PositionLimit];
    probe.refused("more than there is money for", &outcome, &classes)?;
    probe.flat("afterwards").await
}

pub(super) async fn too_many_requests_change_nothing(probe: &Probe) -> Outcome {
    probe.act(Act::TooMany).await?;
    let kind = Probe::limit(probe.away(-3)?, TimeInForce::GoodTillCancelled);
    let order = probe.spec(Long, true, probe.quantity, kind)?;
    let outcome = probe.place(order).await?;
    probe.refused("an order that was one too many", &outcome, &[ErrorClass::RateLimited])?;
    probe.rests("nothing", &[]).await.map(|_| ())
}

pub(super) async fn what_the_venue_lacks_is_refused_by_name(probe: &Probe) -> Outcome {
    let lacks = |feature| !probe.can().has(feature);
    let stop = probe.spec(Long, false, probe.quantity, probe.stop(probe.away(-3)?))?;
    let source = probe.source();
    let goal = OrderKind::TakeProfitMarket { trigger: probe.away(3)?, source };
    let goal = probe.spec(Long, false, probe.quantity, goal)?;
    let mut asked = 0;
    if lacks(Feature::TrailingStop) {
        asked += 1;
        let (instrument, client_id) = (probe.instrument.id.clone(), probe.id()?);
        let (quantity, callback): (Quantity, _) = (probe.quantity, Decimal::new(1, 2));
        let order = Trailing { instrument, client_id, leg: Long, quantity, callback, activation: None };
        named(probe, "a trailing stop", &probe.exchange.place_trailing(order).await)?;
    }
    if lacks(Feature::LinkedOrders)
        && let Ok(pair) = Linked::new(probe.reducing(stop)?, probe.reducing(goal)?)
    {
        asked += 1;
        for outcome in probe.exchange.place_linked(pair).await {
            named(probe, "linked orders", &outcome)?;
        }
    }
    if lacks(Feature::AttachedOrders) {
        let entry = probe.approved(probe.spec(Long, true, probe.quantity, OrderKind::Market)?)?;
        if let Ok(attached) = Attached::new(entry, Some(probe.reducing(stop)?), None) {
            asked += 1;
            named(probe, "attached orders", &probe.exchange.place_attached(attached).await)?;
        }
    }
    if lacks(Feature::StopMarket) {
        asked += 1;
        named(probe, "a stop", &probe.place(stop).await?)?;
    }
    if asked == 0 {
        return Probe::skip("the venue lacks none of them");
    }
    probe.rests("nothing", &[]).await?;
    probe.flat("afterwards").await
}

fn named(probe: &Probe, what: &str, outcome: &OrderOutcome) -> Outcome {
    probe.refused(what, outcome, &[ErrorClass::Unsupported])
}
