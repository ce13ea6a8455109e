use super::bench::Act;
use super::probe::{Outcome, Probe};
use crate::exchange::{ExchangeExt, Lookup, OrderClass, VenueOrder};
use crate::model::{OrderSpec, OrderStatus, PositionSide, Span, TimeInForce};

use PositionSide::Long;

fn resting(probe: &Probe) -> Outcome<OrderSpec> {
    probe.spec(Long, true, probe.quantity, Probe::limit(probe.away(-3)?, TimeInForce::GoodTillCancelled))
}

/// The order whose answer did not come is there, once, and goes by its id.
async fn is_there_once(probe: &Probe, sent: OrderSpec) -> Outcome {
    let named = probe.reference(sent.client_id, OrderClass::Plain);
    let is = |one: &VenueOrder| one.spec() == Some(sent) && one.status == OrderStatus::Open;
    probe.found("the order", "Open, as it was sent", &named, is).await?;
    let live = probe.rests("the order", &[sent.client_id]).await?;
    probe.same("orders with the id", &live.len(), &1)
}

pub(super) async fn a_lost_answer_is_unknown_and_the_order_is_found(probe: &Probe) -> Outcome {
    let sent = resting(probe)?;
    probe.act(Act::LoseAnswer).await?;
    probe.unknown("an order whose answer was lost", &probe.place(sent).await?)?;
    is_there_once(probe, sent).await
}

pub(super) async fn a_lost_request_is_unknown_and_nothing_is_there(probe: &Probe) -> Outcome {
    let sent = resting(probe)?;
    probe.act(Act::LoseRequest).await?;
    probe.unknown("an order that was lost on its way", &probe.place(sent).await?)?;
    let named = probe.reference(sent.client_id, OrderClass::Plain);
    let now = probe.ok("server_time", probe.exchange.server_time().await)?;
    let long_ago = now - probe.can().not_found_grace() - Span::seconds(60);
    let late = probe.exchange.order(named, long_ago).await;
    probe.same("the order, after the grace", &late, &Lookup::Absent)?;
    probe.rests("nothing", &[]).await.map(|_| ())
}

pub(super) async fn an_error_page_is_unknown(probe: &Probe) -> Outcome {
    let sent = resting(probe)?;
    probe.act(Act::ErrorPage).await?;
    probe.unknown("an order that was answered with a page", &probe.place(sent).await?)?;
    is_there_once(probe, sent).await
}

pub(super) async fn a_lost_answer_to_a_cancel_is_unknown(probe: &Probe) -> Outcome {
    let sent = resting(probe)?;
    probe.placed("a limit order", sent).await?;
    probe.act(Act::LoseAnswer).await?;
    let named = probe.reference(sent.client_id, OrderClass::Plain);
    probe.unknown("a cancel whose answer was lost", &probe.exchange.cancel(named.clone()).await)?;
    let is = |one: &VenueOrder| one.status == OrderStatus::Cancelled;
    probe.found("the order", "Cancelled", &named, is).await.map(|_| ())
}
