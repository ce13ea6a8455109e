use super::probe::{Outcome, Probe};
use crate::exchange::{OrderOutcome, VenueOrder};
use crate::model::{Arithmetic, OrderSpec, PositionSide, Price, Quantity, TimeInForce};
use rust_decimal::Decimal;

use PositionSide::Long;
use TimeInForce::GoodTillCancelled;

/// Half a step of quantities.
pub(super) fn half_a_lot(probe: &Probe) -> Outcome<Quantity> {
    probe.sum(probe.instrument.lot.over(Decimal::TWO)).map(Quantity::new)
}

pub(super) async fn base_units_go_in_and_come_out(probe: &Probe) -> Outcome {
    let (mut sent, mut ids) = (Vec::new(), Vec::new());
    for lots in [0_u32, 1, 7] {
        let extra = probe.sum(probe.instrument.lot.times(lots.into()))?;
        let quantity = probe.sum(probe.quantity.plus(Quantity::new(extra)))?;
        let kind = Probe::limit(probe.away(-3)?, GoodTillCancelled);
        let order = probe.spec(Long, true, quantity, kind)?;
        probe.placed("a limit order", order).await?;
        ids.push(order.client_id);
        sent.push((order.client_id, Some(quantity)));
    }
    let live = probe.rests("the orders", &ids).await?;
    let mut shown: Vec<_> = live.iter().filter_map(|one| Some((one.client_id()?, one.quantity))).collect();
    shown.sort_unstable_by_key(|(id, _)| *id);
    probe.same("quantities in base units", &shown, &sent)
}

pub(super) async fn a_quantity_between_lots_is_refused(probe: &Probe) -> Outcome {
    probe.enter(Long, probe.quantity).await?;
    let quantity = probe.sum(probe.quarters(2)?.plus(half_a_lot(probe)?))?;
    let torn = probe.spec(Long, false, quantity, Probe::limit(probe.away(3)?, GoodTillCancelled))?;
    is_refused(probe, "half a lot", torn).await
}

pub(super) async fn a_price_between_ticks_is_refused(probe: &Probe) -> Outcome {
    probe.enter(Long, probe.quantity).await?;
    let half = probe.sum(probe.instrument.tick.over(Decimal::TWO))?;
    let price = Price::new(probe.sum(probe.away(3)?.get().plus(half))?);
    let torn = probe.spec(Long, false, probe.quantity, Probe::limit(price, GoodTillCancelled))?;
    is_refused(probe, "half a tick", torn).await
}

async fn is_refused(probe: &Probe, what: &str, torn: OrderSpec) -> Outcome {
    let outcome = probe.place(torn).await?;
    if !matches!(outcome, OrderOutcome::Refused(_)) {
        return probe.fail(what, "Refused, and not rounded", &outcome);
    }
    let live = probe.open_orders().await?;
    let ours: Vec<_> = live.iter().filter_map(VenueOrder::client_id).collect();
    probe.same("orders of ours that rest", &ours, &Vec::new())
}
