//! Plain orders.

use super::codes::{Code, Doing, NO_INSTRUMENT, NO_ORDER, PARAMETER, rejected};
use super::text::{base, field, kind, number};
use super::{Outcome, failed, id, outcomes, requests, rows};
use crate::{Call, Reply, World};
use hyperrsi_core::exchange::OrderClass;
use hyperrsi_core::model::{
    Amount, Instrument, MarginMode, PositionMode, PositionSide, Price, Side, TimeInForce, TriggerSource,
};
use hyperrsi_core::sim::account::{Attachment, Change, NewOrder, Order, Rejection, Size, Terms, Trigger};
use serde_json::{Value, json};

pub(super) fn answer(world: &mut World, call: &Call, path: &str) -> Reply {
    match path {
        "trade/order" if call.method == "GET" => match asked(world, call) {
            Some(order) => rows(json!([super::rows::order(world, order)])),
            None => failed(NO_ORDER),
        },
        "trade/order" | "trade/batch-orders" => each(world, call, place),
        "trade/cancel-order" | "trade/cancel-batch-orders" => each(world, call, cancel),
        "trade/amend-order" | "trade/amend-batch-orders" => each(world, call, amend),
        "trade/close-position" => close_position(world, &requests(call).pop().unwrap_or_default()),
        "trade/orders-pending" => list(world, call, |order| order.is_live()),
        "trade/orders-history" | "trade/orders-history-archive" => {
            list(world, call, |order| !order.is_live())
        }
        _ => fills(world, call),
    }
}

/// Does something for every order of a request.
pub(super) fn each(world: &mut World, call: &Call, act: fn(&mut World, &Value) -> Outcome) -> Reply {
    let all = requests(call);
    if all.is_empty() {
        return failed(("50000", "Body for POST request cannot be empty."));
    }
    if all.len() > 20 {
        return failed((PARAMETER, "Parameter orders error"));
    }
    let each = all.iter().map(|one| act(world, one)).collect();
    outcomes(world, each)
}

fn place(world: &mut World, request: &Value) -> Outcome {
    let number = read(world, request).and_then(|order| {
        let now = world.time();
        world.account_mut().place(now, order).map_err(|no| rejected(no, Doing::Place))
    });
    let row = json!({
        "clOrdId": field(request, "clOrdId"), "ordId": number.map(|number| number.to_string()).unwrap_or_default(),
        "tag": field(request, "tag"), "ts": super::text::millis(world.time()),
    });
    (row, number.map(|_| ()))
}

/// What every order has, plain or conditional.
pub(super) struct Common {
    pub(super) instrument: Instrument,
    pub(super) side: Side,
    pub(super) leg: Option<PositionSide>,
    pub(super) reduce_only: bool,
    pub(super) margin_mode: Option<MarginMode>,
}

/// Reads what every order has. The trade mode becomes the instrument's while nothing is open.
pub(super) fn common(world: &mut World, request: &Value) -> Result<Common, Code> {
    let symbol = field(request, "instId");
    let instrument = world.account().instrument(&id(&symbol)).cloned().ok_or(NO_INSTRUMENT)?;
    let side = match field(request, "side").as_str() {
        "buy" => Side::Buy,
        "sell" => Side::Sell,
        _ => return Err((PARAMETER, "Parameter side error")),
    };
    let spot = instrument.is_spot();
    let margin_mode = match (field(request, "tdMode").as_str(), spot) {
        ("cash", true) | ("cross", true) => None,
        ("cross", false) => Some(MarginMode::Cross),
        ("isolated", false) => Some(MarginMode::Isolated),
        _ => return Err((PARAMETER, "Parameter tdMode error")),
    };
    if let Some(wanted) = margin_mode {
        // Refused when the order is placed, should it differ then.
        let _ = world.account_mut().set_margin_mode(&instrument.id, wanted);
    }
    let hedged = world.account().position_mode() == PositionMode::Hedge && !spot;
    let named = field(request, "posSide");
    let leg = match (named.as_str(), hedged) {
        ("long", true) => Some(PositionSide::Long),
        ("short", true) => Some(PositionSide::Short),
        ("" | "net", false) => None,
        (_, false) if spot => None,
        _ => return Err((PARAMETER, "Parameter posSide error")),
    };
    // In long/short mode the leg says it all, and the flag is not looked at.
    let reduce_only = field(request, "reduceOnly") == "true" && !hedged && !spot;
    let closes = leg.is_some_and(|leg| side == leg.closing());
    Ok(Common { instrument, side, leg, reduce_only: reduce_only || closes, margin_mode })
}

pub(super) fn price(request: &Value, name: &'static str) -> Result<Option<Price>, Code> {
    if field(request, name).is_empty() {
        return Ok(None);
    }
    number(request, name).map(|one| Some(Price::new(one))).ok_or((PARAMETER, "Parameter price error"))
}

pub(super) fn client_id(request: &Value, name: &str) -> Result<Option<String>, Code> {
    let text = field(request, name);
    let fits = text.len() <= 32 && text.chars().all(|c| c.is_ascii_alphanumeric());
    if fits { Ok((!text.is_empty()).then_some(text)) } else { Err((PARAMETER, "Parameter clOrdId error")) }
}

fn read(world: &mut World, request: &Value) -> Result<NewOrder, Code> {
    let common = common(world, request)?;
    let limit = |time_in_force| match price(request, "px")? {
        Some(price) => Ok(Terms::Limit { price, time_in_force }),
        None => Err((PARAMETER, "Parameter px error")),
    };
    let ord_type = field(request, "ordType");
    let terms = match ord_type.as_str() {
        "market" => Terms::Market,
        "limit" => limit(TimeInForce::GoodTillCancelled)?,
        "ioc" => limit(TimeInForce::ImmediateOrCancel)?,
        "fok" => limit(TimeInForce::FillOrKill)?,
        "post_only" => limit(TimeInForce::PostOnly)?,
        _ => return Err((PARAMETER, "Parameter ordType error")),
    };
    let count = number(request, "sz").ok_or((PARAMETER, "Parameter sz error"))?;
    let quote = match field(request, "tgtCcy").as_str() {
        "quote_ccy" => true,
        "base_ccy" => false,
        _ => terms == Terms::Market && common.side == Side::Buy,
    };
    let size = if common.instrument.is_spot() && quote && terms == Terms::Market {
        Size::Quote(Amount::new(count))
    } else {
        Size::Base(base(&common.instrument, count).ok_or((PARAMETER, "Parameter sz error"))?)
    };
    let attached = match request.get("attachAlgoOrds") {
        Some(Value::Array(all)) => {
            let read: Result<Vec<Vec<Attachment>>, Code> = all.iter().map(attachments).collect();
            read?.into_iter().flatten().collect()
        }
        _ => Vec::new(),
    };
    Ok(NewOrder {
        instrument: common.instrument.id,
        client_id: client_id(request, "clOrdId")?,
        side: common.side,
        leg: common.leg,
        reduce_only: common.reduce_only,
        size,
        terms,
        margin_mode: common.margin_mode,
        attached,
        tag: super::rows::tagged(&ord_type, &field(request, "tag")),
    })
}

/// A trigger of a request: its price, its source, the price of the order it sends.
pub(super) fn trigger(request: &Value, names: [&'static str; 3]) -> Result<Option<Trigger>, Code> {
    let [at, source, sends] = names;
    let Some(price_of_trigger) = price(request, at)? else { return Ok(None) };
    let source = match field(request, source).as_str() {
        "mark" => TriggerSource::Mark,
        "" | "last" => TriggerSource::Last,
        _ => return Err((PARAMETER, "Parameter triggerPxType error")),
    };
    let limit = price(request, sends)?.filter(|price| price.is_positive());
    Ok(Some(Trigger { price: price_of_trigger, source, limit }))
}

const STOP: [&str; 3] = ["slTriggerPx", "slTriggerPxType", "slOrdPx"];
const GOAL: [&str; 3] = ["tpTriggerPx", "tpTriggerPxType", "tpOrdPx"];

/// Stop and take profit of a request.
pub(super) fn protection(request: &Value) -> Result<(Option<Trigger>, Option<Trigger>), Code> {
    Ok((trigger(request, STOP)?, trigger(request, GOAL)?))
}

fn attachments(request: &Value) -> Result<Vec<Attachment>, Code> {
    let client_id = client_id(request, "attachAlgoClOrdId")?;
    let (stop, goal) = protection(request)?;
    if field(request, "tpOrdKind") == "limit" {
        let rests = price(request, "tpOrdPx")?.ok_or((PARAMETER, "Parameter tpOrdPx error"))?;
        let goal = Terms::Limit { price: rests, time_in_force: TimeInForce::GoodTillCancelled };
        let goal = Attachment { client_id: None, terms: goal };
        let stop = stop.map(|stop| Attachment {
            client_id,
            terms: Terms::Trigger { stop: Some(stop), take_profit: None },
        });
        return Ok(stop.into_iter().chain([goal]).collect());
    }
    if stop.is_none() && goal.is_none() {
        return Err((PARAMETER, "Parameter attachAlgoOrds error"));
    }
    Ok(vec![Attachment { client_id, terms: Terms::Trigger { stop, take_profit: goal } }])
}

/// The order a request names, by the venue's id or the sender's.
pub(super) fn named<'a>(
    world: &'a World,
    class: OrderClass,
    symbol: &str,
    number: &str,
    client_id: &str,
) -> Option<&'a Order> {
    let account = world.account();
    let found = match number.parse().ok() {
        Some(number) => account.order(number),
        None => account.order_of(class, client_id),
    };
    found.filter(|one| one.class() == class && (symbol.is_empty() || *one.sent.instrument.symbol == *symbol))
}

fn asked<'a>(world: &'a World, call: &Call) -> Option<&'a Order> {
    let (symbol, number, client_id) = (call.param("instId"), call.param("ordId"), call.param("clOrdId"));
    named(world, OrderClass::Plain, &symbol, &number, &client_id)
}

/// The number of the order a cancel or amendment is about, and how to name it in the answer.
fn target(world: &World, request: &Value) -> (Option<u64>, Value) {
    let (symbol, number, client_id) =
        (field(request, "instId"), field(request, "ordId"), field(request, "clOrdId"));
    let found = named(world, OrderClass::Plain, &symbol, &number, &client_id);
    let client_id = found.and_then(|one| one.sent.client_id.clone()).unwrap_or(client_id);
    let number = found.map_or(number, |one| one.number.to_string());
    let row = json!({ "clOrdId": client_id, "ordId": number, "ts": super::text::millis(world.time()) });
    (found.map(|one| one.number), row)
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
        let quantity = new_size(world, number, request)?;
        let change = Change { price: price(request, "newPx")?, quantity, ..Change::default() };
        world.account_mut().amend(now, number, change).map_err(|no| rejected(no, Doing::Amend))
    })();
    (row, done)
}

/// The new size of an amendment in base units.
pub(super) fn new_size(
    world: &World,
    order: u64,
    request: &Value,
) -> Result<Option<hyperrsi_core::model::Quantity>, Code> {
    let Some(count) = number(request, "newSz") else { return Ok(None) };
    let order = world.account().order(order);
    let instrument = order.and_then(|order| world.account().instrument(&order.sent.instrument));
    instrument.and_then(|one| base(one, count)).map(Some).ok_or((PARAMETER, "Parameter newSz error"))
}

fn close_position(world: &mut World, request: &Value) -> Reply {
    let symbol = field(request, "instId");
    let wanted = field(request, "posSide");
    let open = world.account().positions().unwrap_or_default();
    let hedged = world.account().position_mode() == PositionMode::Hedge;
    let found = open.into_iter().find(|one| {
        let leg = if one.side == PositionSide::Long { "long" } else { "short" };
        *one.instrument.symbol == *symbol && (!hedged || wanted == leg)
    });
    let Some(position) = found else { return failed(("51023", "Position does not exist")) };
    let order = NewOrder {
        client_id: Some(field(request, "clOrdId")).filter(|id| !id.is_empty()),
        leg: hedged.then_some(position.side),
        reduce_only: true,
        tag: super::rows::tagged("market", &field(request, "tag")),
        ..NewOrder::new(position.instrument, position.side.closing(), position.quantity, Terms::Market)
    };
    let now = world.time();
    match world.account_mut().place(now, order) {
        Ok(_) => rows(json!([{ "clOrdId": field(request, "clOrdId"), "instId": symbol,
            "posSide": if hedged { wanted } else { "net".into() }, "tag": field(request, "tag") }])),
        Err(no) => failed(rejected(no, Doing::Place)),
    }
}

/// Orders, newest first, a page at a time.
fn list(world: &World, call: &Call, wanted: fn(&Order) -> bool) -> Reply {
    let ord_type = call.param("ordType");
    let state = call.param("state");
    let fits = |order: &&Order| {
        let plain = order.class() == OrderClass::Plain && wanted(order);
        let row = super::rows::order(world, order);
        let same = |name: &str, wanted: &str| {
            wanted.is_empty() || wanted.split(',').any(|one| row.get(name).is_some_and(|value| value == one))
        };
        plain
            && in_page(call, order.number, order.created.millis())
            && same("instId", &call.param("instId"))
            && same("instType", &call.param("instType"))
            && same("ordType", &ord_type)
            && same("state", &state)
    };
    let limit = call.param("limit").parse::<usize>().unwrap_or(100).min(100);
    let orders = world.account().orders().rev().filter(fits).take(limit);
    rows(orders.map(|order| super::rows::order(world, order)).collect::<Vec<_>>())
}

/// Whether a row with this id and time is in the page that is asked for: `after` is older than, `before` newer than.
pub(super) fn in_page(call: &Call, number: u64, time: i64) -> bool {
    let bound = |name: &str| call.param(name).parse::<u64>().ok();
    let moment = |name: &str| call.param(name).parse::<i64>().ok();
    bound("after").is_none_or(|after| number < after)
        && bound("before").is_none_or(|before| number > before)
        && moment("begin").is_none_or(|begin| time >= begin)
        && moment("end").is_none_or(|end| time <= end)
}

fn fills(world: &World, call: &Call) -> Reply {
    let (symbol, order, wanted) = (call.param("instId"), call.param("ordId"), call.param("instType"));
    let limit = call.param("limit").parse::<usize>().unwrap_or(100).min(100);
    let account = world.account();
    let fills = account.executions().iter().rev().filter(|one| {
        let instrument = account.instrument(&one.fill.instrument);
        (symbol.is_empty() || *one.fill.instrument.symbol == *symbol)
            && (order.is_empty() || one.order.to_string() == order)
            && (wanted.is_empty() || instrument.is_some_and(|one| kind(one) == wanted))
            && in_page(call, one.trade, one.fill.fill.time.millis())
    });
    rows(fills.take(limit).map(|one| super::rows::fill(world, one)).collect::<Vec<_>>())
}
