use super::bench::Act;
use super::probe::{Outcome, Probe};
use crate::exchange::{
    Amendment, ErrorClass, ExchangeExt, Feature, OrderClass, OrderOutcome, Page, VenueFill, VenueOrder,
};
use crate::model::{OrderKind, OrderSpec, OrderStatus, PositionSide, Price, Quantity, Ticket, TimeInForce};
use rust_decimal::Decimal;

use PositionSide::{Long, Short};
use TimeInForce::{FillOrKill, GoodTillCancelled, ImmediateOrCancel, PostOnly};

pub(super) async fn a_market_order_fills_and_opens_its_leg(probe: &Probe) -> Outcome {
    opens_and_closes(probe, Long).await
}

pub(super) async fn a_short_leg_is_opened_and_closed(probe: &Probe) -> Outcome {
    probe.needs(Feature::ShortSelling)?;
    opens_and_closes(probe, Short).await
}

async fn opens_and_closes(probe: &Probe, leg: PositionSide) -> Outcome {
    let quantity = probe.quantity;
    let entry = probe.enter(leg, quantity).await?;
    let named = probe.reference(entry, OrderClass::Plain);
    let order = probe.found("the entry", "Filled", &named, |one| one.status == OrderStatus::Filled).await?;
    probe.same("filled", &order.filled, &quantity)?;
    probe.same("leg and side", &(order.leg, order.side), &(Some(leg), leg.opening()))?;
    probe.holds("its average", "a price", order.average.is_some_and(Price::is_positive), &order.average)?;
    let open = probe.has_leg(leg, quantity).await?;
    probe.same("legs that are open", &open.len(), &1)?;

    let exit = probe.spec(leg, false, quantity, OrderKind::Market)?;
    probe.placed("a close at the market", exit).await?;
    probe.flat("after the close").await?;
    let ask = || probe.exchange.fills(Some(probe.instrument.id.clone()), probe.began, 100);
    let both = |page: &Page<VenueFill>| {
        [entry, exit.client_id].iter().all(|id| {
            let filled = page.items.iter().filter(|one| one.fill.client_id == Some(*id));
            let sum = filled.map(|one| one.fill.quantity.get()).sum::<Decimal>();
            sum == quantity.get()
        })
    };
    let fills = probe.becomes("fills", "the whole quantity under both ids", ask, both).await?;
    for one in &fills.items {
        probe.same("the leg of a fill", &one.fill.leg, &leg)?;
        probe.holds(
            "a fill",
            "a price and a fee asset",
            one.fill.price.is_positive() && !one.fee_asset.is_empty(),
            one,
        )?;
    }
    Ok(())
}

pub(super) async fn a_resting_order_waits_and_is_cancelled(probe: &Probe) -> Outcome {
    let sent = probe.spec(Long, true, probe.quantity, Probe::limit(probe.away(-3)?, GoodTillCancelled))?;
    probe.placed("a limit order below the market", sent).await?;
    let live = probe.rests("the order", &[sent.client_id]).await?;
    let shown = live.iter().find_map(VenueOrder::spec);
    probe.same("the order as it rests", &shown, &Some(sent))?;
    probe.same("filled", &live.first().map(|one| one.filled), &Some(Quantity::ZERO))?;
    let named = probe.reference(sent.client_id, OrderClass::Plain);
    match probe.exchange.cancel(named.clone()).await {
        OrderOutcome::Done(_) => {}
        other => return probe.fail("cancel", "Done", &other),
    }
    probe.rests("after the cancel", &[]).await?;
    probe.found("the order", "Cancelled", &named, |one| one.status == OrderStatus::Cancelled).await?;
    probe.flat("after the cancel").await
}

pub(super) async fn a_resting_order_fills_at_its_price_or_better(probe: &Probe) -> Outcome {
    let limit = probe.away(-2)?;
    let sent = probe.spec(Long, true, probe.quantity, Probe::limit(limit, GoodTillCancelled))?;
    probe.placed("a limit order below the market", sent).await?;
    probe.act(Act::Price(probe.away(-3)?)).await?;
    probe.has_leg(Long, probe.quantity).await?;
    let named = probe.reference(sent.client_id, OrderClass::Plain);
    let order = probe.found("the order", "Filled", &named, |one| one.status == OrderStatus::Filled).await?;
    let better = order.average.is_some_and(|average| average.is_positive() && average <= limit);
    probe.holds("its average", &format!("at most {limit}"), better, &order.average)
}

pub(super) async fn what_was_cancelled_cannot_be_cancelled_again(probe: &Probe) -> Outcome {
    let sent = probe.spec(Long, true, probe.quantity, Probe::limit(probe.away(-3)?, GoodTillCancelled))?;
    probe.placed("a limit order", sent).await?;
    let named = probe.reference(sent.client_id, OrderClass::Plain);
    let first = probe.exchange.cancel(named.clone()).await;
    probe.holds("the first cancel", "Done", matches!(first, OrderOutcome::Done(_)), &first)?;
    probe.rests("after the cancel", &[]).await?;
    let again = probe.exchange.cancel(named).await;
    probe.refused("the second cancel", &again, &[ErrorClass::OrderNotLive])?;
    let never = probe.reference(probe.id()?, OrderClass::Plain);
    let none = probe.exchange.cancel(never).await;
    probe.refused("a cancel of an order that never was", &none, &[ErrorClass::OrderNotLive])
}

pub(super) async fn an_amended_order_is_what_it_became(probe: &Probe) -> Outcome {
    probe.needs(Feature::AmendLimit)?;
    let was = probe.spec(Long, true, probe.quantity, Probe::limit(probe.away(-3)?, GoodTillCancelled))?;
    probe.placed("a limit order", was).await?;
    let (kind, quantity) = (Probe::limit(probe.away(-4)?, GoodTillCancelled), probe.quarters(2)?);
    let becomes = OrderSpec { kind, quantity, ..was };
    match Amendment::new(was, probe.opening(becomes)?) {
        Ok(amendment) => match probe.exchange.amend(amendment).await {
            OrderOutcome::Done(_) => {}
            other => return probe.fail("amend", "Done", &other),
        },
        Err(error) => return probe.fail("the amendment of the check", "one that fits", &error),
    }
    let named = probe.reference(was.client_id, OrderClass::Plain);
    let is = |one: &VenueOrder| one.spec() == Some(becomes);
    probe.found("the order", &format!("{becomes:?}"), &named, is).await?;
    probe.rests("after the amendment", &[was.client_id]).await.map(|_| ())
}

pub(super) async fn immediate_orders_never_rest(probe: &Probe) -> Outcome {
    for force in [ImmediateOrCancel, FillOrKill] {
        let sent = probe.spec(Long, true, probe.quantity, Probe::limit(probe.away(-3)?, force))?;
        ends_without_a_fill(probe, sent, &[]).await?;
    }
    Ok(())
}

pub(super) async fn a_post_only_order_never_takes(probe: &Probe) -> Outcome {
    probe.needs(Feature::PostOnly)?;
    let sent = probe.spec(Long, true, probe.quantity, Probe::limit(probe.away(1)?, PostOnly))?;
    ends_without_a_fill(probe, sent, &[ErrorClass::WouldTake]).await
}

/// Refused, or taken and ended without a fill; in both cases nothing rests and nothing is open.
async fn ends_without_a_fill(probe: &Probe, sent: OrderSpec, classes: &[ErrorClass]) -> Outcome {
    match probe.place(sent).await? {
        OrderOutcome::Done(_) => {
            let named = probe.reference(sent.client_id, OrderClass::Plain);
            let is = |one: &VenueOrder| one.status == OrderStatus::Cancelled && one.filled.is_zero();
            probe.found("the order", "Cancelled without a fill", &named, is).await?;
        }
        outcome => probe.refused("the order", &outcome, classes)?,
    }
    probe.rests("afterwards", &[]).await?;
    probe.flat("afterwards").await
}

pub(super) async fn a_batch_is_answered_one_by_one(probe: &Probe) -> Outcome {
    if probe.can().place_batch < 3 || probe.can().cancel_batch < 2 {
        return Probe::skip("the venue has no batches");
    }
    let rest = |percent| {
        probe.spec(Long, true, probe.quantity, Probe::limit(probe.away(percent)?, GoodTillCancelled))
    };
    let (first, second) = (rest(-3)?, rest(-4)?);
    let mut torn =
        probe.spec(Long, false, probe.quantity, Probe::limit(probe.away(3)?, GoodTillCancelled))?;
    torn.quantity = probe.sum(probe.quantity.plus(super::rounding::half_a_lot(probe)?))?;
    let tickets =
        vec![probe.opening(first)?, Ticket::Reducing(probe.reducing(torn)?), probe.opening(second)?];
    let outcomes = probe.exchange.place_batch(tickets).await;
    match outcomes.as_slice() {
        [OrderOutcome::Done(a), OrderOutcome::Refused(_), OrderOutcome::Done(b)] => probe.same(
            "the ids of what was taken",
            &(a.client_id, b.client_id),
            &(Some(first.client_id), Some(second.client_id)),
        )?,
        _ => {
            return probe.fail("a batch of a good, a bad and a good order", "Done, Refused, Done", &outcomes);
        }
    }
    probe.rests("the good ones", &[first.client_id, second.client_id]).await?;
    let named = [first, second].map(|one| probe.reference(one.client_id, OrderClass::Plain));
    let outcomes = probe.exchange.cancel_batch(named.to_vec()).await;
    let done = outcomes.len() == 2 && outcomes.iter().all(|one| matches!(one, OrderOutcome::Done(_)));
    probe.holds("cancelling both", "Done, Done", done, &outcomes)?;
    probe.rests("after the cancels", &[]).await.map(|_| ())
}

pub(super) async fn reducing_never_turns_a_leg(probe: &Probe) -> Outcome {
    probe.needs(Feature::ReduceOnly)?;
    let half = probe.quarters(2)?;
    probe.enter(Long, half).await?;
    let sent = probe.spec(Long, false, probe.quantity, OrderKind::Market)?;
    let outcome = probe.place(sent).await?;
    match outcome {
        OrderOutcome::Done(_) => probe.flat("after closing more than there was").await?,
        outcome => {
            probe.refused("closing more than there is", &outcome, &[ErrorClass::ReduceOnlyRejected])?;
            probe.has_leg(Long, half).await?;
        }
    }
    let open = probe.ok("positions", probe.exchange.positions(Some(probe.instrument.id.clone())).await)?;
    probe.same("what is short", &probe.leg_of(&open, Short), &Quantity::ZERO)
}

pub(super) async fn with_nothing_open_nothing_is_reduced(probe: &Probe) -> Outcome {
    probe.needs(Feature::ReduceOnly)?;
    let sent = probe.spec(Long, false, probe.quantity, OrderKind::Market)?;
    ends_without_a_fill(probe, sent, &[ErrorClass::ReduceOnlyRejected]).await
}
