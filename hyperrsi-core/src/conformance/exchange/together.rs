use super::bench::Act;
use super::probe::{Outcome, Probe};
use crate::exchange::{
    Attached, ExchangeExt, Feature, Linked, OrderClass, OrderOutcome, Trailing, VenueOrder,
};
use crate::model::{OrderKind, PositionSide};
use rust_decimal::Decimal;

use PositionSide::Long;

pub(super) async fn of_linked_orders_one_ends_the_other(probe: &Probe) -> Outcome {
    probe.needs(Feature::LinkedOrders)?;
    probe.enter(Long, probe.quantity).await?;
    let stop = probe.spec(Long, false, probe.quantity, probe.stop(probe.away(-3)?))?;
    let goal = OrderKind::TakeProfitMarket { trigger: probe.away(3)?, source: probe.source() };
    let goal = probe.spec(Long, false, probe.quantity, goal)?;
    let pair = match Linked::new(probe.reducing(stop)?, probe.reducing(goal)?) {
        Ok(pair) => pair,
        Err(error) => return probe.fail("the pair of the check", "one that fits", &error),
    };
    let outcomes = probe.exchange.place_linked(pair).await;
    let ids: Vec<_> = outcomes
        .iter()
        .filter_map(|one| match one {
            OrderOutcome::Done(done) => done.client_id,
            _ => None,
        })
        .collect();
    probe.same("what was taken of stop and take profit", &ids, &vec![stop.client_id, goal.client_id])?;
    // A venue may keep both as one order: each is found by its own id all the same.
    for id in ids {
        let named = probe.reference(id, OrderClass::Conditional);
        probe.found("each of the two", "a live order", &named, |one| one.status.is_live()).await?;
    }
    probe.act(Act::Price(probe.away(4)?)).await?;
    probe.flat("after the take profit").await?;
    probe.rests("neither of the two", &[]).await.map(|_| ())
}

pub(super) async fn attached_protection_lives_after_the_fill(probe: &Probe) -> Outcome {
    probe.needs(Feature::AttachedOrders)?;
    let entry = probe.spec(Long, true, probe.quantity, OrderKind::Market)?;
    let stop = probe.spec(Long, false, probe.quantity, probe.stop(probe.away(-3)?))?;
    let attached = match Attached::new(probe.approved(entry)?, Some(probe.reducing(stop)?), None) {
        Ok(attached) => attached,
        Err(error) => return probe.fail("the order of the check", "one that fits", &error),
    };
    match probe.exchange.place_attached(attached).await {
        OrderOutcome::Done(done) => probe.same("its id", &done.client_id, &Some(entry.client_id))?,
        other => return probe.fail("an entry with its stop", "Done", &other),
    }
    probe.has_leg(Long, probe.quantity).await?;
    let live = probe.rests("the stop it brought", &[stop.client_id]).await?;
    probe.same("as it rests", &live.iter().find_map(VenueOrder::spec), &Some(stop))
}

pub(super) async fn a_trailing_stop_follows_the_price(probe: &Probe) -> Outcome {
    probe.needs(Feature::TrailingStop)?;
    probe.enter(Long, probe.quantity).await?;
    let client_id = probe.id()?;
    let outcome = probe
        .exchange
        .place_trailing(Trailing {
            instrument: probe.instrument.id.clone(),
            client_id,
            leg: Long,
            quantity: probe.quantity,
            callback: Decimal::new(2, 2),
            activation: None,
        })
        .await;
    match outcome {
        OrderOutcome::Done(done) => probe.same("its id", &done.client_id, &Some(client_id))?,
        other => return probe.fail("a trailing stop", "Done", &other),
    }
    probe.rests("the trailing stop", &[client_id]).await?;
    // Up five percent, down one, which is inside its two; then below what it was placed at would have been.
    for percent in [5, 4] {
        probe.act(Act::Price(probe.away(percent)?)).await?;
        probe.has_leg(Long, probe.quantity).await?;
    }
    probe.act(Act::Price(probe.away(2)?)).await?;
    probe.flat("three percent below the best price").await?;
    probe.rests("nothing any more", &[]).await.map(|_| ())
}
