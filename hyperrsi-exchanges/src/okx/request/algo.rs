use super::protection::{AT_MARKET, Protection};
use super::{AlgoIds, Common, Setup, ids, json, kind_name, rules, size, trigger_source, unsupported};
use crate::net::{Call, Cost};
use crate::okx::pair;
use hyperrsi_core::exchange::{ErrorClass, ExchangeError, OrderName, Refused, Trailing, Urgency};
use hyperrsi_core::model::{Instrument, MarginMode, OrderKind, OrderSpec, Price, Quantity};
use serde::Serialize;

/// The kinds of algo orders that are listed; each needs a request of its own, but for the first two.
pub const ALGO_KINDS: [&str; 3] = [PAIRS, "trigger", "move_order_stop"];

/// The kind that lists pairs; single stops and take profits come along.
pub const PAIRS: &str = "conditional,oco";

/// The states in which an algo order is history.
pub const ALGO_STATES: [&str; 3] = ["effective", "canceled", "order_failed"];

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Triggers {
    #[serde(flatten)]
    protection: Protection,
    #[serde(skip_serializing_if = "Option::is_none")]
    trigger_px: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trigger_px_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_px: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    callback_ratio: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    active_px: Option<String>,
    /// Of a pair: the take profit's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(flatten)]
    common: Common<'a>,
    ord_type: &'static str,
    algo_cl_ord_id: &'a str,
    /// A spot purchase that fires at market is meant in quote units unless told otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    tgt_ccy: Option<&'static str>,
    #[serde(flatten)]
    triggers: Triggers,
}

fn post(
    instrument: &Instrument,
    common: Common<'_>,
    ord_type: &'static str,
    client_id: &str,
    triggers: Triggers,
    urgency: Urgency,
) -> Result<Call, ExchangeError> {
    let tgt_ccy = (instrument.is_spot() && common.side == "buy").then_some("base_ccy");
    let body = Body { common, ord_type, algo_cl_ord_id: client_id, tgt_ccy, triggers };
    let cost = rules::per_instrument(rules::PLACE_ALGO, instrument, 1);
    Ok(Call::post("/api/v5/trade/order-algo", json(&body)?, cost, urgency))
}

/// Places a conditional order: what reduces as `conditional`, what opens as `trigger`.
///
/// # Errors
/// A plain order, a short leg on spot, or a quantity that cannot be counted in contracts.
pub fn place_algo(
    instrument: &Instrument,
    order: &OrderSpec,
    margin: MarginMode,
    setup: Setup,
    urgency: Urgency,
) -> Result<Call, ExchangeError> {
    let common = Common::new(instrument, order, margin, setup, true)?;
    let mut triggers = Triggers::default();
    let ord_type = match order.kind {
        OrderKind::StopMarket { trigger, source } | OrderKind::TakeProfitMarket { trigger, source }
            if !order.reduce_only =>
        {
            triggers.trigger_px = Some(trigger.to_string());
            triggers.trigger_px_type = Some(trigger_source(source));
            triggers.order_px = Some(AT_MARKET);
            "trigger"
        }
        OrderKind::StopMarket { .. } => {
            triggers.protection = Protection::of(Some(order), None)?;
            "conditional"
        }
        OrderKind::TakeProfitMarket { .. } => {
            triggers.protection = Protection::of(None, Some(order))?;
            "conditional"
        }
        OrderKind::Market | OrderKind::Limit { .. } => {
            return Err(unsupported("plain orders among conditional ones"));
        }
    };
    post(instrument, common, ord_type, order.client_id.as_str(), triggers, urgency)
}

/// Places a stop and a take profit of which one cancels the other. The venue keeps one order with one size and one
/// client id, the stop's; the take profit's goes along in the tag.
///
/// # Errors
/// Different quantities, ids that have too little in common for a tag, a short leg on spot, or a quantity that cannot be counted in contracts.
pub fn linked(
    instrument: &Instrument,
    stop: &OrderSpec,
    take_profit: &OrderSpec,
    margin: MarginMode,
    setup: Setup,
) -> Result<Call, ExchangeError> {
    if stop.quantity != take_profit.quantity {
        let why = "linked orders have one size at okx; place them one by one";
        return Err(Refused::new(ErrorClass::InvalidRequest, None, why).into());
    }
    let triggers = Triggers {
        protection: Protection::of(Some(stop), Some(take_profit))?,
        tag: Some(pair::tag(stop.client_id, take_profit.client_id)?),
        ..Triggers::default()
    };
    let common = Common::new(instrument, stop, margin, setup, true)?;
    post(instrument, common, "oco", stop.client_id.as_str(), triggers, Urgency::Protection)
}

/// Places a stop that follows the price.
///
/// # Errors
/// A short leg on spot, or a quantity that cannot be counted in contracts.
pub fn trailing(
    instrument: &Instrument,
    order: &Trailing,
    margin: MarginMode,
    setup: Setup,
) -> Result<Call, ExchangeError> {
    let triggers = Triggers {
        callback_ratio: Some(order.callback.normalize().to_string()),
        active_px: order.activation.map(|price| price.to_string()),
        ..Triggers::default()
    };
    let common = Common::new(instrument, &order.spec(), margin, setup, true)?;
    let id = order.client_id.as_str();
    post(instrument, common, "move_order_stop", id, triggers, Urgency::Protection)
}

/// Changes trigger, quantity or both of a conditional order. `order` is the order as it is to become.
///
/// # Errors
/// A plain order, or a quantity that cannot be counted in contracts.
pub fn amend_algo(
    instrument: &Instrument,
    name: &OrderName,
    order: &OrderSpec,
    trigger: Option<Price>,
    quantity: Option<Quantity>,
    urgency: Urgency,
) -> Result<Call, ExchangeError> {
    #[derive(Default, Serialize)]
    #[serde(rename_all = "camelCase")]
    struct New {
        #[serde(skip_serializing_if = "Option::is_none")]
        new_sz: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        new_sl_trigger_px: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        new_sl_ord_px: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        new_sl_trigger_px_type: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        new_tp_trigger_px: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        new_tp_ord_px: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        new_tp_trigger_px_type: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        new_trigger_px: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        new_ord_px: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        new_trigger_px_type: Option<&'static str>,
    }
    #[derive(Serialize)]
    struct Amend<'a> {
        #[serde(flatten)]
        ids: AlgoIds<'a>,
        #[serde(flatten)]
        new: New,
    }
    let mut new =
        New { new_sz: quantity.map(|quantity| size(instrument, quantity)).transpose()?, ..New::default() };
    if let Some(price) = trigger {
        let price = Some(price.to_string());
        match order.kind {
            OrderKind::StopMarket { source, .. } | OrderKind::TakeProfitMarket { source, .. }
                if !order.reduce_only =>
            {
                new.new_trigger_px = price;
                new.new_ord_px = Some(AT_MARKET);
                new.new_trigger_px_type = Some(trigger_source(source));
            }
            OrderKind::StopMarket { source, .. } => {
                new.new_sl_trigger_px = price;
                new.new_sl_ord_px = Some(AT_MARKET);
                new.new_sl_trigger_px_type = Some(trigger_source(source));
            }
            OrderKind::TakeProfitMarket { source, .. } => {
                new.new_tp_trigger_px = price;
                new.new_tp_ord_px = Some(AT_MARKET);
                new.new_tp_trigger_px_type = Some(trigger_source(source));
            }
            OrderKind::Market | OrderKind::Limit { .. } => {
                return Err(unsupported("plain orders among conditional ones"));
            }
        }
    }
    let body = json(&Amend { ids: algo_ids(instrument, name), new })?;
    let cost = rules::per_instrument(rules::AMEND_ALGO, instrument, 1);
    Ok(Call::post("/api/v5/trade/amend-algos", body, cost, urgency))
}

fn algo_ids<'a>(instrument: &'a Instrument, name: &'a OrderName) -> AlgoIds<'a> {
    let (algo_id, algo_cl_ord_id) = ids(name);
    AlgoIds { inst_id: &instrument.id.symbol, algo_id, algo_cl_ord_id }
}

/// Cancels conditional orders, at most ten.
///
/// # Errors
/// Only if the body cannot be written.
pub fn cancel_algos(orders: &[(&Instrument, &OrderName)]) -> Result<Call, ExchangeError> {
    let bodies: Vec<_> = orders.iter().map(|(instrument, name)| algo_ids(instrument, name)).collect();
    let cost = Cost { rule: rules::CANCEL_ALGO, scope: None, weight: bodies.len() as u32 };
    Ok(Call::post("/api/v5/trade/cancel-algos", json(&bodies)?, cost, Urgency::Reduction))
}

/// One conditional order, live or ended.
pub fn query_algo(name: &OrderName) -> Call {
    let (venue, client) = ids(name);
    Call::read("/api/v5/trade/order-algo", Cost::one(rules::QUERY_ALGO))
        .signed()
        .urgency(Urgency::Settling)
        .maybe("algoId", venue.map(str::to_owned))
        .maybe("algoClOrdId", client.map(str::to_owned))
}

/// Live conditional orders of a kind, newest first, older than the order `older_than`.
pub fn open_algos(
    instrument: Option<&Instrument>,
    kind: &'static str,
    limit: u16,
    older_than: Option<&str>,
) -> Call {
    Call::read("/api/v5/trade/orders-algo-pending", Cost::one(rules::OPEN_ALGO))
        .signed()
        .with("ordType", kind)
        .maybe("instId", instrument.map(|instrument| instrument.id.symbol.to_string()))
        .with("limit", limit.to_string())
        .maybe("after", older_than.map(str::to_owned))
}

/// Ended conditional orders of a kind and state, newest first.
pub fn algo_history(
    instrument: &Instrument,
    kind: &'static str,
    state: &'static str,
    older_than: Option<&str>,
) -> Call {
    Call::read("/api/v5/trade/orders-algo-history", Cost::one(rules::HISTORY_ALGO))
        .signed()
        .with("ordType", kind)
        .with("state", state)
        .with("instType", kind_name(instrument))
        .with("instId", instrument.id.symbol.to_string())
        .maybe("after", older_than.map(str::to_owned))
}
