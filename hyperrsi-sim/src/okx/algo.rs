//! Conditional orders.

use super::codes::{Code, Doing, PARAMETER, rejected};
use super::text::{base, field, number};
use super::trade::{self, client_id, common, each, in_page, named, new_size, price, protection};
use super::{Outcome, failed, rows};
use crate::{Call, Reply, World};
use hyperrsi_core::exchange::OrderClass;
use hyperrsi_core::model::{Price, Side, TriggerSource};
use hyperrsi_core::sim::account::{Callback, Change, NewOrder, Order, Rejection, Size, Terms, Trailing};
use serde_json::{Value, json};

pub(super) fn answer(world: &mut World, call: &Call, path: &str) -> Reply {
    match path {
        "trade/order-algo" if call.method == "GET" => {
            let (number, client_id) = (call.param("algoId"), call.param("algoClOrdId"));
            match named(world, OrderClass::Conditional, "", &number, &client_id) {
                Some(order) => rows(json!([super::rows::algo(world, order)])),
                None => failed(super::codes::NO_ORDER),
            }
        }
        "trade/order-algo" => each(world, call, place),
        "trade/cancel-algos" => each(world, call, cancel),
        "trade/amend-algos" => each(world, call, amend),
        "trade/orders-algo-pending" => list(world, call, true),
        _ => list(world, call, false),
    }
}

fn place(world: &mut World, request: &Value) -> Outcome {
    let number = read(world, request).and_then(|order| {
        let now = world.time();
        world.account_mut().place(now, order).map_err(|no| rejected(no, Doing::Place))
    });
    let row = json!({
        "algoClOrdId": field(request, "algoClOrdId"),
        "algoId": number.map(|number| number.to_string()).unwrap_or_default(),
        "clOrdId": field(request, "clOrdId"), "tag": field(request, "tag"),
    });
    (row, number.map(|_| ()))
}

fn read(world: &mut World, request: &Value) -> Result<NewOrder, Code> {
    let common = common(world, request)?;
    let ord_type = field(request, "ordType");
    let terms = match ord_type.as_str() {
        "conditional" | "oco" => {
            let (stop, take_profit) = protection(request)?;
            Terms::Trigger { stop, take_profit }
        }
        "trigger" => entry(world, request, &common)?,
        "move_order_stop" => Terms::Trailing(Trailing {
            callback: match (number(request, "callbackRatio"), number(request, "callbackSpread")) {
                (Some(ratio), _) => Callback::Ratio(ratio),
                (None, Some(offset)) => Callback::Offset(offset),
                (None, None) => return Err((PARAMETER, "Parameter callbackRatio error")),
            },
            activation: price(request, "activePx")?,
            source: TriggerSource::Last,
            best: None,
        }),
        _ => return Err((PARAMETER, "Parameter ordType error")),
    };
    let size = if field(request, "closeFraction").is_empty() {
        let count = number(request, "sz").ok_or((PARAMETER, "Parameter sz error"))?;
        Size::Base(base(&common.instrument, count).ok_or((PARAMETER, "Parameter sz error"))?)
    } else {
        Size::Position
    };
    Ok(NewOrder {
        instrument: common.instrument.id,
        client_id: client_id(request, "algoClOrdId")?,
        side: common.side,
        leg: common.leg,
        reduce_only: common.reduce_only,
        size,
        terms,
        margin_mode: common.margin_mode,
        attached: Vec::new(),
        tag: super::rows::tagged(&ord_type, &field(request, "tag")),
    })
}

/// A trigger order fires from whichever side the price comes.
fn entry(world: &World, request: &Value, common: &trade::Common) -> Result<Terms, Code> {
    let names = ["triggerPx", "triggerPxType", "orderPx"];
    let trigger = trade::trigger(request, names)?.ok_or((PARAMETER, "Parameter triggerPx error"))?;
    let account = world.account();
    let now = match trigger.source {
        TriggerSource::Last => account.last_price(&common.instrument.id),
        TriggerSource::Mark => account.mark_price(&common.instrument.id),
    };
    let rises = trigger.price > now.unwrap_or(Price::ZERO);
    let is_stop = rises == (common.side == Side::Buy);
    Ok(Terms::Trigger { stop: is_stop.then_some(trigger), take_profit: (!is_stop).then_some(trigger) })
}

/// The number of the order a cancel or amendment is about, and how to name it in the answer.
fn target(world: &World, request: &Value) -> (Option<u64>, Value) {
    let (number, client_id) = (field(request, "algoId"), field(request, "algoClOrdId"));
    let found = named(world, OrderClass::Conditional, &field(request, "instId"), &number, &client_id);
    let client_id = found.and_then(|one| one.sent.client_id.clone()).unwrap_or(client_id);
    let number = found.map_or(number, |one| one.number.to_string());
    (found.map(|one| one.number), json!({ "algoClOrdId": client_id, "algoId": number }))
}

fn cancel(world: &mut World, request: &Value) -> Outcome {
    let (number, row) = target(world, request);
    let now = world.time();
    let done =
        number.ok_or(Rejection::UnknownOrder).and_then(|number| world.account_mut().cancel(now, number));
    (row, done.map_err(|no| rejected(no, Doing::Cancel)))
}

fn amend(world: &mut World, request: &Value) -> Outcome {
    let (number, mut row) = target(world, request);
    if let Value::Object(row) = &mut row {
        row.insert("reqId".into(), field(request, "reqId").into());
    }
    let now = world.time();
    let done = (|| {
        let number = number.ok_or(rejected(Rejection::UnknownOrder, Doing::Amend))?;
        let change = Change {
            price: None,
            stop: price(request, "newSlTriggerPx")?,
            take_profit: price(request, "newTpTriggerPx")?,
            quantity: new_size(world, number, request)?,
        };
        world.account_mut().amend(now, number, change).map_err(|no| rejected(no, Doing::Amend))
    })();
    (row, done)
}

/// Conditional orders, newest first. The venue wants to be told the type.
fn list(world: &World, call: &Call, live: bool) -> Reply {
    let types = call.param("ordType");
    if types.is_empty() {
        return failed((PARAMETER, "Parameter ordType error"));
    }
    let (symbol, state, wanted) = (call.param("instId"), call.param("state"), call.param("algoId"));
    let limit = call.param("limit").parse::<usize>().unwrap_or(100).min(100);
    let fits = |order: &&Order| {
        let waiting = order.is_live() && order.spawned.is_none();
        order.class() == OrderClass::Conditional
            && waiting == live
            && types.split(',').any(|one| one == super::rows::algo_type(order))
            && (symbol.is_empty() || *order.sent.instrument.symbol == *symbol)
            && (state.is_empty() || state == super::rows::algo_state(order))
            && (wanted.is_empty() || wanted == order.number.to_string())
            && in_page(call, order.number, order.created.millis())
    };
    let orders = world.account().orders().rev().filter(fits).take(limit);
    rows(orders.map(|order| super::rows::algo(world, order)).collect::<Vec<_>>())
}
