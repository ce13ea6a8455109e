use super::bench::Act;
use super::probe::{Outcome, Probe};
use crate::exchange::{Amendment, ErrorClass, ExchangeExt, Feature, OrderClass, OrderOutcome, VenueOrder};
use crate::model::{OrderKind, OrderSpec, OrderStatus, PositionSide, Price, Ticket};

use PositionSide::Long;

/// A leg, and a stop so many percent below.
async fn stopped(probe: &Probe, percent: i64) -> Outcome<OrderSpec> {
    probe.needs(Feature::StopMarket)?;
    probe.enter(Long, probe.quantity).await?;
    let stop = probe.spec(Long, false, probe.quantity, probe.stop(probe.away(percent)?))?;
    probe.placed("a stop", stop).await?;
    Ok(stop)
}

pub(super) async fn a_stop_rests_as_it_was_sent(probe: &Probe) -> Outcome {
    let stop = stopped(probe, -3).await?;
    let live = probe.rests("the stop", &[stop.client_id]).await?;
    let shown: Vec<_> = live.iter().map(|one| (one.class, one.spec(), one.triggered)).collect();
    probe.same("the stop as it rests", &shown, &vec![(OrderClass::Conditional, Some(stop), None)])
}

pub(super) async fn a_stop_fires_at_its_trigger(probe: &Probe) -> Outcome {
    let stop = stopped(probe, -3).await?;
    probe.act(Act::Price(probe.away(-2)?)).await?;
    probe.has_leg(Long, probe.quantity).await?;
    probe.act(Act::Price(probe.away(-4)?)).await?;
    probe.flat("after the trigger").await?;
    let named = probe.reference(stop.client_id, OrderClass::Conditional);
    let is = |one: &VenueOrder| one.status == OrderStatus::Filled && one.triggered.is_some();
    let order = probe.found("the stop", "Filled, with the time of its trigger", &named, is).await?;
    probe.same("filled", &order.filled, &probe.quantity)?;
    let ask = || probe.exchange.fills(Some(probe.instrument.id.clone()), probe.began, 100);
    let of_stop = |fill: &crate::exchange::VenueFill| {
        fill.order == order.id || Some(&fill.order) == order.spawned.as_ref()
    };
    let told = |page: &crate::exchange::Page<_>| page.items.iter().any(of_stop);
    probe.becomes("fills", "one of the stop, or of the order it sent", ask, told).await?;
    probe.rests("nothing any more", &[]).await.map(|_| ())
}

pub(super) async fn a_stop_that_is_through_never_rests(probe: &Probe) -> Outcome {
    probe.needs(Feature::StopMarket)?;
    probe.enter(Long, probe.quantity).await?;
    let through = probe.spec(Long, false, probe.quantity, probe.stop(probe.away(2)?))?;
    match probe.place(through).await? {
        OrderOutcome::Done(_) => probe.flat("after a stop that fires at once").await,
        outcome => {
            probe.refused("a stop above a long leg's market", &outcome, &[ErrorClass::AlreadyThrough])?;
            probe.rests("nothing", &[]).await?;
            probe.has_leg(Long, probe.quantity).await.map(|_| ())
        }
    }
}

pub(super) async fn a_stop_can_be_moved(probe: &Probe) -> Outcome {
    probe.needs(Feature::AmendConditional)?;
    let was = stopped(probe, -4).await?;
    let becomes = OrderSpec { kind: probe.stop(probe.away(-2)?), ..was };
    let to = Ticket::Reducing(probe.reducing(becomes)?);
    match Amendment::new(was, to) {
        Ok(amendment) => match probe.exchange.amend(amendment).await {
            OrderOutcome::Done(_) => {}
            other => return probe.fail("moving the stop", "Done", &other),
        },
        Err(error) => return probe.fail("the amendment of the check", "one that fits", &error),
    }
    let named = probe.reference(was.client_id, OrderClass::Conditional);
    let is = |one: &VenueOrder| one.spec() == Some(becomes);
    probe.found("the stop", &format!("{becomes:?}"), &named, is).await?;
    probe.rests("the one stop", &[was.client_id]).await?;
    probe.act(Act::Price(probe.away(-3)?)).await?;
    probe.flat("after the new trigger").await
}

pub(super) async fn two_stops_rest_side_by_side(probe: &Probe) -> Outcome {
    probe.needs(Feature::OverlappingStops)?;
    let old = stopped(probe, -4).await?;
    let new = probe.spec(Long, false, probe.quantity, probe.stop(probe.away(-3)?))?;
    probe.placed("a second stop", new).await?;
    probe.rests("both", &[old.client_id, new.client_id]).await?;
    let named = probe.reference(old.client_id, OrderClass::Conditional);
    let outcome = probe.exchange.cancel(named).await;
    probe.holds("cancelling the old one", "Done", matches!(outcome, OrderOutcome::Done(_)), &outcome)?;
    probe.rests("the new one", &[new.client_id]).await?;
    probe.has_leg(Long, probe.quantity).await.map(|_| ())
}

pub(super) async fn a_stop_without_a_leg_never_opens(probe: &Probe) -> Outcome {
    stopped(probe, -3).await?;
    let exit = probe.spec(Long, false, probe.quantity, OrderKind::Market)?;
    probe.placed("a close at the market", exit).await?;
    probe.flat("after the close").await?;
    probe.act(Act::Price(probe.away(-5)?)).await?;
    probe.flat("after the trigger of a stop whose leg is gone").await
}

pub(super) async fn a_take_profit_fires_the_other_way(probe: &Probe) -> Outcome {
    probe.needs(Feature::TakeProfitMarket)?;
    probe.enter(Long, probe.quantity).await?;
    let (source, trigger): (_, Price) = (probe.source(), probe.away(3)?);
    let half = probe.quarters(2)?;
    let goal = probe.spec(Long, false, half, OrderKind::TakeProfitMarket { trigger, source })?;
    probe.placed("a take profit", goal).await?;
    let live = probe.rests("the take profit", &[goal.client_id]).await?;
    probe.same("as it rests", &live.iter().find_map(VenueOrder::spec), &Some(goal))?;
    probe.act(Act::Price(probe.away(-2)?)).await?;
    probe.has_leg(Long, probe.quantity).await?;
    probe.act(Act::Price(probe.away(4)?)).await?;
    probe.has_leg(Long, half).await?;
    let named = probe.reference(goal.client_id, OrderClass::Conditional);
    probe
        .found("the take profit", "Filled", &named, |one| one.status == OrderStatus::Filled)
        .await
        .map(|_| ())
}
