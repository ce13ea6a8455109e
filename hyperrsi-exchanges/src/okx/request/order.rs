use super::protection::Protection;
use super::{Common, OrderIds, Setup, ids, json, kind_name, rules, size, unsupported};
use crate::net::{Call, Cost};
use crate::okx::pair;
use hyperrsi_core::exchange::{ExchangeError, OrderName, Urgency};
use hyperrsi_core::model::{
    Instrument, MarginMode, OrderKind, OrderSpec, Price, Quantity, TimeInForce, Timestamp,
};
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(flatten)]
    common: Common<'a>,
    cl_ord_id: &'a str,
    ord_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    px: Option<String>,
    /// In which currency a spot order's size is meant; base, always.
    #[serde(skip_serializing_if = "Option::is_none")]
    tgt_ccy: Option<&'static str>,
    /// Of an entry that brings a pair: the take profit's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attach_algo_ords: Vec<AttachedBody<'a>>,
}

/// A stop, a take profit, or both, that come to life when the entry fills.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AttachedBody<'a> {
    attach_algo_cl_ord_id: &'a str,
    #[serde(flatten)]
    protection: Protection,
}

fn body<'a>(
    instrument: &'a Instrument,
    order: &'a OrderSpec,
    margin: MarginMode,
    setup: Setup,
) -> Result<Body<'a>, ExchangeError> {
    let (ord_type, px) = match order.kind {
        OrderKind::Market => ("market", None),
        OrderKind::Limit { price, time_in_force } => {
            let kind = match time_in_force {
                TimeInForce::GoodTillCancelled => "limit",
                TimeInForce::ImmediateOrCancel => "ioc",
                TimeInForce::FillOrKill => "fok",
                TimeInForce::PostOnly => "post_only",
            };
            (kind, Some(price.to_string()))
        }
        OrderKind::StopMarket { .. } | OrderKind::TakeProfitMarket { .. } => {
            return Err(unsupported("conditional orders among plain ones"));
        }
    };
    Ok(Body {
        common: Common::new(instrument, order, margin, setup, false)?,
        cl_ord_id: order.client_id.as_str(),
        ord_type,
        px,
        tgt_ccy: instrument.is_spot().then_some("base_ccy"),
        tag: None,
        attach_algo_ords: Vec::new(),
    })
}

/// Places a market or limit order.
///
/// # Errors
/// A conditional order, a short leg on spot, or a quantity that cannot be counted in contracts.
pub fn place_order(
    instrument: &Instrument,
    order: &OrderSpec,
    margin: MarginMode,
    setup: Setup,
    urgency: Urgency,
) -> Result<Call, ExchangeError> {
    let body = json(&body(instrument, order, margin, setup)?)?;
    Ok(Call::post("/api/v5/trade/order", body, rules::per_instrument(rules::PLACE, instrument, 1), urgency))
}

/// Places several market and limit orders, at most twenty.
///
/// # Errors
/// As [`place_order`].
pub fn place_batch<'a>(
    orders: impl IntoIterator<Item = (&'a Instrument, &'a OrderSpec, MarginMode)>,
    setup: Setup,
    urgency: Urgency,
) -> Result<Call, ExchangeError> {
    let bodies = orders
        .into_iter()
        .map(|(instrument, order, margin)| body(instrument, order, margin, setup))
        .collect::<Result<Vec<_>, _>>()?;
    let cost = Cost { rule: rules::BATCH, scope: None, weight: bodies.len() as u32 };
    Ok(Call::post("/api/v5/trade/batch-orders", json(&bodies)?, cost, urgency))
}

/// Places an entry with its stop and take profit. The venue keeps both in one order, which carries the id of the stop;
/// a take profit alone carries its own, and one in a pair goes along in the entry's tag.
///
/// # Errors
/// As [`place_order`], and a pair whose ids have too little in common for a tag.
pub fn attached(
    instrument: &Instrument,
    entry: &OrderSpec,
    stop: Option<&OrderSpec>,
    take_profit: Option<&OrderSpec>,
    margin: MarginMode,
    setup: Setup,
) -> Result<Call, ExchangeError> {
    let mut body = body(instrument, entry, margin, setup)?;
    if let Some((stop, take_profit)) = stop.zip(take_profit) {
        body.tag = Some(pair::tag(stop.client_id, take_profit.client_id)?);
    }
    if let Some(named) = stop.or(take_profit) {
        body.attach_algo_ords.push(AttachedBody {
            attach_algo_cl_ord_id: named.client_id.as_str(),
            protection: Protection::of(stop, take_profit)?,
        });
    }
    let cost = rules::per_instrument(rules::PLACE, instrument, 1);
    Ok(Call::post("/api/v5/trade/order", json(&body)?, cost, Urgency::Opening))
}

/// Changes price, whole quantity or both of a plain order.
///
/// # Errors
/// A quantity that cannot be counted in contracts.
pub fn amend_order(
    instrument: &Instrument,
    name: &OrderName,
    price: Option<Price>,
    quantity: Option<Quantity>,
    urgency: Urgency,
) -> Result<Call, ExchangeError> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Amend<'a> {
        #[serde(flatten)]
        ids: OrderIds<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        new_sz: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        new_px: Option<String>,
    }
    let amend = Amend {
        ids: order_ids(instrument, name),
        new_sz: quantity.map(|quantity| size(instrument, quantity)).transpose()?,
        new_px: price.map(|price| price.to_string()),
    };
    let cost = rules::per_instrument(rules::AMEND, instrument, 1);
    Ok(Call::post("/api/v5/trade/amend-order", json(&amend)?, cost, urgency))
}

fn order_ids<'a>(instrument: &'a Instrument, name: &'a OrderName) -> OrderIds<'a> {
    let (ord_id, cl_ord_id) = ids(name);
    OrderIds { inst_id: &instrument.id.symbol, ord_id, cl_ord_id }
}

/// Cancels plain orders: one by the single endpoint, several by the batch one, at most twenty.
///
/// # Errors
/// Only if the body cannot be written.
pub fn cancel_orders(orders: &[(&Instrument, &OrderName)]) -> Result<Call, ExchangeError> {
    let urgency = Urgency::Reduction;
    if let [(instrument, name)] = orders {
        let cost = rules::per_instrument(rules::CANCEL, instrument, 1);
        return Ok(Call::post(
            "/api/v5/trade/cancel-order",
            json(&order_ids(instrument, name))?,
            cost,
            urgency,
        ));
    }
    let bodies: Vec<_> = orders.iter().map(|(instrument, name)| order_ids(instrument, name)).collect();
    let cost = Cost { rule: rules::CANCEL_BATCH, scope: None, weight: bodies.len() as u32 };
    Ok(Call::post("/api/v5/trade/cancel-batch-orders", json(&bodies)?, cost, urgency))
}

/// One plain order, live or ended.
pub fn query_order(instrument: &Instrument, name: &OrderName) -> Call {
    let (venue, client) = ids(name);
    Call::read("/api/v5/trade/order", rules::per_instrument(rules::QUERY, instrument, 1))
        .signed()
        .urgency(Urgency::Settling)
        .with("instId", instrument.id.symbol.to_string())
        .maybe("ordId", venue.map(str::to_owned))
        .maybe("clOrdId", client.map(str::to_owned))
}

/// Live plain orders, newest first, a hundred at a time, older than the order `older_than`.
pub fn open_orders(instrument: Option<&Instrument>, limit: u16, older_than: Option<&str>) -> Call {
    Call::read("/api/v5/trade/orders-pending", Cost::one(rules::OPEN))
        .signed()
        .maybe("instId", instrument.map(|instrument| instrument.id.symbol.to_string()))
        .with("limit", limit.to_string())
        .maybe("after", older_than.map(str::to_owned))
}

/// Ended plain orders of the last seven days, newest first.
pub fn order_history(
    instrument: &Instrument,
    state: Option<&'static str>,
    begin: Option<Timestamp>,
    limit: u16,
    older_than: Option<&str>,
) -> Call {
    Call::read("/api/v5/trade/orders-history", Cost::one(rules::HISTORY))
        .signed()
        .with("instType", kind_name(instrument))
        .with("instId", instrument.id.symbol.to_string())
        .maybe("state", state)
        .maybe("begin", begin.map(|time| time.millis().to_string()))
        .maybe("after", older_than.map(str::to_owned))
        .with("limit", limit.to_string())
}
