//! What an order, a fill, a position and a balance look like.

use super::text::{contracts, decimal, kind, millis, or_empty};
use crate::World;
use hyperrsi_core::model::{
    Fill, FillKind, Instrument, Liquidity, MarginMode, OrderStatus, PositionMode, PositionSide, Side,
    TimeInForce,
};
use hyperrsi_core::sim::account::{Attachment, Ended, Execution, Order, Size, Terms, Trigger};
use serde_json::{Value, json};

/// What the sender's type of an order was; kept in the order's tag in front of the sender's own.
pub(super) fn tagged(kind: &str, tag: &str) -> String {
    format!("{kind}|{tag}")
}

fn untagged(order: &Order) -> (&str, &str) {
    order.sent.tag.split_once('|').unwrap_or(("", &order.sent.tag))
}

pub(super) fn trade_mode(world: &World, order: &Order) -> &'static str {
    let spot = world.account().instrument(&order.sent.instrument).is_some_and(Instrument::is_spot);
    match (spot, order.margin_mode) {
        (true, _) => "cash",
        (false, MarginMode::Cross) => "cross",
        (false, MarginMode::Isolated) => "isolated",
    }
}

pub(super) const fn margin_mode(mode: MarginMode) -> &'static str {
    match mode {
        MarginMode::Cross => "cross",
        MarginMode::Isolated => "isolated",
    }
}

pub(super) const fn leg(side: PositionSide) -> &'static str {
    match side {
        PositionSide::Long => "long",
        PositionSide::Short => "short",
    }
}

fn order_leg(order: &Order) -> &'static str {
    order.sent.leg.map_or("net", leg)
}

fn state(order: &Order) -> &'static str {
    match order.status {
        OrderStatus::PartiallyFilled => "partially_filled",
        OrderStatus::Filled => "filled",
        OrderStatus::Cancelled | OrderStatus::Rejected => "canceled",
        OrderStatus::Open | OrderStatus::Pending | OrderStatus::Unknown => "live",
    }
}

fn cancel_source(order: &Order) -> &'static str {
    match order.ended {
        Some(Ended::Asked) => "1",
        Some(Ended::TimeInForce) => "14",
        Some(Ended::WouldTake) => "31",
        Some(Ended::NothingToReduce) => "23",
        Some(Ended::Liquidated) => "4",
        _ => "",
    }
}

fn size(instrument: &Instrument, order: &Order) -> String {
    match order.sent.size {
        Size::Base(quantity) => contracts(instrument, quantity),
        Size::Quote(amount) => decimal(amount.get()),
        Size::Position => order.quantity.map(|quantity| contracts(instrument, quantity)).unwrap_or_default(),
    }
}

fn trigger_price(trigger: Option<Trigger>) -> String {
    or_empty(trigger, |one| decimal(one.price.get()))
}
fn order_price(trigger: Option<Trigger>) -> String {
    or_empty(trigger, |one| one.limit.map_or("-1".into(), |limit| decimal(limit.get())))
}
fn trigger_source(trigger: Option<Trigger>) -> &'static str {
    trigger.map_or("", |one| super::text::source(one.source))
}

const fn triggers(terms: &Terms) -> (Option<Trigger>, Option<Trigger>) {
    match terms {
        Terms::Trigger { stop, take_profit } => (*stop, *take_profit),
        _ => (None, None),
    }
}

fn attachment(one: &Attachment) -> Value {
    let (stop, goal) = triggers(&one.terms);
    let limit = match one.terms {
        Terms::Limit { price, .. } => decimal(price.get()),
        _ => order_price(goal),
    };
    json!({
        "amendPxOnTriggerType": "0", "attachAlgoClOrdId": one.client_id.clone().unwrap_or_default(),
        "attachAlgoId": "", "failCode": "", "failReason": "",
        "slOrdPx": order_price(stop), "slTriggerPx": trigger_price(stop), "slTriggerPxType": trigger_source(stop),
        "sz": "", "tpOrdKind": if matches!(one.terms, Terms::Limit { .. }) { "limit" } else { "condition" },
        "tpOrdPx": limit, "tpTriggerPx": trigger_price(goal), "tpTriggerPxType": trigger_source(goal),
    })
}

/// A plain order, as the REST endpoints show it.
pub(super) fn order(world: &World, order: &Order) -> Value {
    let account = world.account();
    let Some(instrument) = account.instrument(&order.sent.instrument) else { return Value::Null };
    let spot = instrument.is_spot();
    let (ord_type, price) = match order.sent.terms {
        Terms::Limit { price, time_in_force } => {
            let name = match time_in_force {
                TimeInForce::GoodTillCancelled => "limit",
                TimeInForce::ImmediateOrCancel => "ioc",
                TimeInForce::FillOrKill => "fok",
                TimeInForce::PostOnly => "post_only",
            };
            (name, decimal(price.get()))
        }
        _ => ("market", String::new()),
    };
    let fill = order.last_fill.and_then(|index| account.executions().get(index));
    let parent = order.parent.and_then(|number| account.order(number));
    let target = match (spot, ord_type, order.sent.size) {
        (true, _, Size::Quote(_)) => "quote_ccy",
        (true, "market", _) => "base_ccy",
        _ => "",
    };
    let fee_asset = if !order.fee_asset.is_empty() {
        &order.fee_asset
    } else if spot && order.sent.side == Side::Buy {
        &instrument.base
    } else {
        &instrument.quote
    };
    json!({
        "accFillSz": contracts(instrument, order.filled),
        "algoClOrdId": parent.and_then(|one| one.sent.client_id.clone()).unwrap_or_default(),
        "algoId": or_empty(order.parent, |number| number.to_string()),
        "attachAlgoClOrdId": "",
        "attachAlgoOrds": order.sent.attached.iter().map(attachment).collect::<Vec<_>>(),
        "avgPx": or_empty(order.average(), |price| decimal(price.get())),
        "cTime": millis(order.created), "cancelSource": cancel_source(order), "cancelSourceReason": "",
        "category": "normal", "ccy": "", "clOrdId": order.sent.client_id.clone().unwrap_or_default(),
        "fee": decimal(-order.fees.get()), "feeCcy": fee_asset,
        "fillPx": or_empty(fill, |one| decimal(one.fill.fill.price.get())),
        "fillSz": fill.map_or("0".into(), |one| contracts(instrument, one.fill.fill.quantity)),
        "fillTime": or_empty(fill, |one| millis(one.fill.fill.time)),
        "instId": &*instrument.id.symbol, "instType": kind(instrument), "isTpLimit": "false",
        "lever": if spot { String::new() } else { order.leverage.to_string() },
        "linkedAlgoOrd": { "algoId": "" }, "ordId": order.number.to_string(), "ordType": ord_type,
        "pnl": decimal(order.realised.get()), "posSide": order_leg(order), "px": price,
        "pxType": "", "pxUsd": "", "pxVol": "", "quickMgnType": "",
        "rebate": "0", "rebateCcy": &instrument.quote, "reduceOnly": order.sent.reduce_only.to_string(),
        "side": super::text::side(order.sent.side),
        "slOrdPx": "", "slTriggerPx": "", "slTriggerPxType": "",
        "source": if order.parent.is_some() { "7" } else { "" },
        "state": state(order), "stpId": "", "stpMode": "cancel_maker", "sz": size(instrument, order),
        "tag": untagged(order).1, "tdMode": trade_mode(world, order), "tgtCcy": target,
        "tpOrdPx": "", "tpTriggerPx": "", "tpTriggerPxType": "",
        "tradeId": or_empty(fill, |one| one.trade.to_string()), "uTime": millis(order.updated),
    })
}

/// A plain order, as the stream shows it: with the fill that is news, if one is.
pub(super) fn pushed_order(world: &World, one: &Order) -> Value {
    let mut row = order(world, one);
    let account = world.account();
    let Some(instrument) = account.instrument(&one.sent.instrument) else { return row };
    let fill = one.last_fill.and_then(|index| account.executions().get(index));
    let fresh = fill.filter(|fill| fill.fill.fill.time == one.updated);
    let value = fill.map(|fill| fill.fill.fill.price.value(fill.fill.fill.quantity));
    let more = json!({
        "amendResult": "", "amendSource": "", "code": "0",
        "execType": fresh.map_or("", |fill| liquidity(fill.fill.fill.liquidity)),
        "fillFee": fresh.map_or("0".into(), |fill| decimal(-fill.fill.fee_paid.get())),
        "fillFeeCcy": fresh.map_or(String::new(), |fill| fill.fill.fee_asset.clone()),
        "fillFwdPx": "", "fillMarkPx": or_empty(fresh, |fill| decimal(fill.mark.get())), "fillMarkVol": "",
        "fillNotionalUsd": value.and_then(Result::ok).map_or(String::new(), |value| decimal(value.get())),
        "fillPnl": fresh.map_or("0".into(), |fill| decimal(fill.realised.get())),
        "fillPxUsd": "", "fillPxVol": "",
        "lastPx": or_empty(account.last_price(&instrument.id), |price| decimal(price.get())),
        "msg": "", "notionalUsd": decimal(one.value.get()), "reqId": "",
    });
    if let (Value::Object(row), Value::Object(more)) = (&mut row, more) {
        row.extend(more);
        if fresh.is_none() {
            for (key, value) in [("fillPx", ""), ("fillSz", "0"), ("fillTime", ""), ("tradeId", "")] {
                row.insert(key.into(), value.into());
            }
        }
    }
    row
}

/// A conditional order.
pub(super) fn algo(world: &World, order: &Order) -> Value {
    let account = world.account();
    let Some(instrument) = account.instrument(&order.sent.instrument) else { return Value::Null };
    let (stop, goal) = triggers(&order.sent.terms);
    let kept = untagged(order).0;
    let ord_type = algo_type(order);
    let as_trigger = kept == "trigger";
    let (shown_stop, shown_goal) = if as_trigger { (None, None) } else { (stop, goal) };
    let plain = if as_trigger { stop.or(goal) } else { None };
    let (ratio, spread, active, moving) = match order.sent.terms {
        Terms::Trailing(trailing) => {
            use hyperrsi_core::sim::account::Callback;
            let (ratio, spread) = match trailing.callback {
                Callback::Ratio(ratio) => (decimal(ratio), String::new()),
                Callback::Offset(offset) => (String::new(), decimal(offset)),
            };
            let price =
                |price: Option<hyperrsi_core::model::Price>| or_empty(price, |price| decimal(price.get()));
            (ratio, spread, price(trailing.activation), price(trailing.best))
        }
        _ => Default::default(),
    };
    let failed = match order.ended {
        Some(Ended::Failed(rejection)) => super::codes::rejected(rejection, super::codes::Doing::Place).0,
        _ => "",
    };
    let spawned = or_empty(order.spawned, |number| number.to_string());
    let target = if instrument.is_spot() { "base_ccy" } else { "" };
    let spot = instrument.is_spot();
    json!({
        "activePx": active, "actualPx": or_empty(order.average(), |price| decimal(price.get())),
        "actualSide": if order.triggered.is_none() { "" } else if order.stopped { "sl" } else { "tp" },
        "actualSz": contracts(instrument, order.filled),
        "algoClOrdId": order.sent.client_id.clone().unwrap_or_default(), "algoId": order.number.to_string(),
        "amendPxOnTriggerType": "0", "amendResult": "", "attachAlgoOrds": [], "cTime": millis(order.created),
        "callbackRatio": ratio, "callbackSpread": spread, "ccy": "", "clOrdId": "",
        "closeFraction": if order.sent.size == Size::Position { "1" } else { "" }, "failCode": failed,
        "instId": &*instrument.id.symbol, "instType": kind(instrument),
        "last": or_empty(account.last_price(&instrument.id), |price| decimal(price.get())),
        "lever": if spot { String::new() } else { order.leverage.to_string() },
        "linkedOrd": { "ordId": or_empty(order.brought_by, |number| number.to_string()) }, "moveTriggerPx": moving,
        "notionalUsd": decimal(order.value.get()),
        "ordId": spawned, "ordIdList": if spawned.is_empty() { json!([]) } else { json!([spawned]) },
        "ordPx": if as_trigger { order_price(plain) } else { String::new() }, "ordType": ord_type,
        "posSide": order_leg(order), "pxLimit": "", "pxSpread": "", "pxVar": "", "quickMgnType": "",
        "reduceOnly": order.sent.reduce_only.to_string(), "reqId": "", "side": super::text::side(order.sent.side),
        "slOrdPx": order_price(shown_stop), "slTriggerPx": trigger_price(shown_stop),
        "slTriggerPxType": trigger_source(shown_stop),
        "state": algo_state(order), "sz": size(instrument, order), "szLimit": "", "tag": untagged(order).1,
        "tdMode": trade_mode(world, order), "tgtCcy": target, "timeInterval": "",
        "tpOrdPx": order_price(shown_goal), "tpTriggerPx": trigger_price(shown_goal),
        "tpTriggerPxType": trigger_source(shown_goal),
        "triggerPx": trigger_price(plain), "triggerPxType": trigger_source(plain),
        "triggerTime": or_empty(order.triggered, millis), "uTime": millis(order.updated),
    })
}

/// The type of a conditional order.
pub(super) fn algo_type(order: &Order) -> &'static str {
    match (&order.sent.terms, untagged(order).0) {
        (Terms::Trailing(_), _) => "move_order_stop",
        (_, "trigger") => "trigger",
        (Terms::Trigger { stop: Some(_), take_profit: Some(_) }, _) => "oco",
        _ => "conditional",
    }
}

/// The state of a conditional order: what its own order does after it fired is that order's.
pub(super) fn algo_state(order: &Order) -> &'static str {
    match order.status {
        OrderStatus::Rejected => "order_failed",
        _ if order.spawned.is_some() => "effective",
        OrderStatus::Filled => "effective",
        OrderStatus::Cancelled => "canceled",
        _ => "live",
    }
}

/// The kind of bill of a fill: bought, sold, or liquidated whole.
const fn bill_type(fill: &Fill) -> &'static str {
    match (fill.kind, fill.leg, fill.side) {
        (FillKind::Liquidation, PositionSide::Long, _) => "104",
        (FillKind::Liquidation, PositionSide::Short, _) => "105",
        (_, _, Side::Buy) => "1",
        (_, _, Side::Sell) => "2",
    }
}

const fn liquidity(liquidity: Liquidity) -> &'static str {
    match liquidity {
        Liquidity::Maker => "M",
        Liquidity::Taker => "T",
    }
}

/// A fill.
pub(super) fn fill(world: &World, one: &Execution) -> Value {
    let fill = &one.fill.fill;
    let Some(instrument) = world.account().instrument(&one.fill.instrument) else { return Value::Null };
    let order = world.account().order(one.order);
    json!({
        "billId": one.trade.to_string(), "clOrdId": order.and_then(|one| one.sent.client_id.clone()).unwrap_or_default(),
        "execType": liquidity(fill.liquidity), "fee": decimal(-one.fill.fee_paid.get()), "feeCcy": one.fill.fee_asset,
        "feeRate": "", "fillFwdPx": "", "fillIdxPx": decimal(one.mark.get()), "fillMarkPx": decimal(one.mark.get()),
        "fillMarkVol": "", "fillPnl": decimal(one.realised.get()), "fillPx": decimal(fill.price.get()),
        "fillPxUsd": "", "fillPxVol": "", "fillSz": contracts(instrument, fill.quantity),
        "fillTime": millis(fill.time), "instId": &*instrument.id.symbol, "instType": kind(instrument),
        "ordId": one.order.to_string(),
        "posSide": if instrument.is_spot() || world.account().position_mode() == PositionMode::OneWay { "net" } else { leg(fill.leg) },
        "side": super::text::side(fill.side), "subType": bill_type(fill),
        "tag": order.map_or("", |order| untagged(order).1), "tradeId": one.trade.to_string(), "ts": millis(fill.time),
    })
}
