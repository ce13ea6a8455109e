use super::bench::Act;
use super::probe::{Outcome, Probe};
use crate::exchange::{
    ErrorClass, ExchangeExt, Feature, Lookup, OrderClass, OrderOutcome, Origin, VenueOrder,
};
use crate::model::{OrderKind, OrderStatus, PositionSide, Side, Span, TimeInForce};

use PositionSide::Long;
use TimeInForce::GoodTillCancelled;

pub(super) async fn an_order_is_found_by_its_id_in_every_state(probe: &Probe) -> Outcome {
    let resting = probe.spec(Long, true, probe.quantity, Probe::limit(probe.away(-3)?, GoodTillCancelled))?;
    probe.placed("a limit order", resting).await?;
    let named = probe.reference(resting.client_id, OrderClass::Plain);
    let found = probe.found("while it rests", "Open", &named, |one| one.status == OrderStatus::Open).await?;
    probe.same("whose it is", &found.origin, &Origin::Own(resting.client_id))?;
    probe.exchange.cancel(named.clone()).await;
    probe.found("after a cancel", "Cancelled", &named, |one| one.status == OrderStatus::Cancelled).await?;

    let entry = probe.enter(Long, probe.quantity).await?;
    let named = probe.reference(entry, OrderClass::Plain);
    probe.found("after its fill", "Filled", &named, |one| one.status == OrderStatus::Filled).await?;

    if !probe.can().has(Feature::StopMarket) {
        return Ok(());
    }
    let stop = probe.spec(Long, false, probe.quantity, probe.stop(probe.away(-3)?))?;
    probe.placed("a stop", stop).await?;
    let named = probe.reference(stop.client_id, OrderClass::Conditional);
    probe.found("a stop that waits", "Open", &named, |one| one.status == OrderStatus::Open).await?;
    probe.exchange.cancel(named.clone()).await;
    let is = |one: &VenueOrder| one.status == OrderStatus::Cancelled;
    probe.found("a stop after a cancel", "Cancelled", &named, is).await.map(|_| ())
}

pub(super) async fn a_used_id_makes_no_second_order(probe: &Probe) -> Outcome {
    let sent = probe.spec(Long, true, probe.quantity, Probe::limit(probe.away(-3)?, GoodTillCancelled))?;
    probe.placed("a limit order", sent).await?;
    match probe.place(sent).await? {
        // The venue's no proves that an earlier sending has arrived, and nothing else.
        OrderOutcome::Unknown { class: ErrorClass::DuplicateClientId, .. } => {}
        other => return probe.fail("the same order again", "Unknown as duplicate_client_id", &other),
    }
    let live = probe.rests("the order", &[sent.client_id]).await?;
    probe.same("orders with the id", &live.len(), &1)
}

pub(super) async fn an_unused_id_is_absent_after_the_grace(probe: &Probe) -> Outcome {
    let now = probe.ok("server_time", probe.exchange.server_time().await)?;
    let long_ago = now - probe.can().not_found_grace() - Span::seconds(60);
    for class in [OrderClass::Plain, OrderClass::Conditional] {
        let order = probe.reference(probe.id()?, class);
        let early = probe.exchange.order(order.clone(), now).await;
        let unknown = matches!(early, Lookup::Unknown { .. });
        probe.holds("an id that was sent a moment ago", "Unknown inside the grace", unknown, &early)?;
        let late = probe.exchange.order(order, long_ago).await;
        probe.same("an id that was sent long ago", &late, &Lookup::Absent)?;
    }
    Ok(())
}

pub(super) async fn an_order_of_somebody_else_is_foreign(probe: &Probe) -> Outcome {
    let mine = probe.spec(Long, true, probe.quantity, Probe::limit(probe.away(-3)?, GoodTillCancelled))?;
    probe.placed("a limit order", mine).await?;
    let price = probe.away(-4)?;
    probe.act(Act::OrderByHand(Side::Buy, price)).await?;
    let ask = || probe.exchange.open_orders(Some(probe.instrument.id.clone()));
    let live = probe.becomes("open_orders", "two orders", ask, |orders| orders.len() == 2).await?;
    let Some(theirs) = live.iter().find(|one| one.client_id().is_none()) else {
        return probe.fail("the order placed by hand", "a foreign one", &live);
    };
    let shown = matches!(theirs.kind, crate::exchange::VenueOrderKind::Known(OrderKind::Limit { price: at, .. }) if at == price);
    probe.holds("the order placed by hand", &format!("a limit order at {price}"), shown, theirs)?;
    match probe.exchange.cancel(theirs.reference()).await {
        OrderOutcome::Done(_) => {}
        other => return probe.fail("cancelling it by the venue's id", "Done", &other),
    }
    probe.rests("ours alone", &[mine.client_id]).await.map(|_| ())
}
