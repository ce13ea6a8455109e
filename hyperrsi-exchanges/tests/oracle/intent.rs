//! What a recorded ccxt call meant, in the library's own terms.

use super::{Market, decimal, market, text};
use hyperrsi_core::exchange::{OrderClass, OrderName, VenueOrderId};
use hyperrsi_core::model::{
    MarginMode, OrderKind, OrderSpec, PositionMode, PositionSide, Price, Quantity, Side, TimeInForce,
    Timeframe, Timestamp, TriggerSource,
};
use rust_decimal::Decimal;
use serde_json::Value;

/// An order as meant, with the account it was meant for.
#[derive(Clone, Debug)]
pub struct Order {
    pub market: Market,
    pub spec: OrderSpec,
    pub margin: MarginMode,
    pub mode: PositionMode,
    /// Stop and take profit that come with it.
    pub stop: Option<OrderKind>,
    pub take_profit: Option<OrderKind>,
    /// It is the pair of a stop (`spec.kind`) and this take profit.
    pub linked: Option<OrderKind>,
    /// Callback fraction and activation price of a trailing stop.
    pub trailing: Option<(Decimal, Option<Price>)>,
}

/// What a call meant.
#[derive(Clone, Debug)]
pub enum Intent {
    Instruments,
    Candles {
        market: Market,
        timeframe: Timeframe,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
        limit: u16,
        history: bool,
    },
    Ticker(Market),
    MarkPrice(Market),
    FundingRate(Market),
    FundingHistory {
        market: Market,
        from: Option<Timestamp>,
        limit: u16,
    },
    ServerTime,
    Status,
    Balance,
    AccountConfig,
    Positions(Option<Market>),
    TradingFee(Market),
    Leverage {
        market: Market,
        margin: MarginMode,
    },
    SetLeverage {
        market: Market,
        margin: MarginMode,
        leverage: u32,
        leg: Option<PositionSide>,
    },
    SetMarginMode {
        market: Market,
        margin: MarginMode,
    },
    SetPositionMode(PositionMode),
    Place(Box<Order>),
    PlaceBatch(Vec<Order>),
    Amend {
        market: Market,
        name: OrderName,
        class: OrderClass,
        side: Side,
        price: Option<Price>,
        quantity: Option<Quantity>,
        stop: Option<OrderKind>,
    },
    Cancel {
        market: Market,
        names: Vec<OrderName>,
        class: OrderClass,
        batch: bool,
    },
    Query {
        market: Market,
        name: OrderName,
        class: OrderClass,
    },
    OpenOrders {
        market: Option<Market>,
        class: OrderClass,
        kind: Option<String>,
        limit: Option<u16>,
    },
    History {
        kind: Option<String>,
        market: Market,
        class: OrderClass,
        cancelled: bool,
        from: Option<Timestamp>,
        limit: Option<u16>,
    },
    Fills {
        market: Option<Market>,
        order: Option<String>,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
        limit: Option<u16>,
    },
}

/// What the recorded software took for now.
const CLOCK: i64 = 1_746_000_000_123;

/// Why a call is no request of this library.
pub type Skip = String;

/// What a call meant, or why the library has no such request; `markets` is what ccxt had loaded.
pub fn read(markets: &Value, call: &Value) -> Result<Intent, Skip> {
    let method = text(&call["method"]);
    let args = call["args"].as_array().cloned().unwrap_or_default();
    let at = |index: usize| args.get(index).cloned().unwrap_or(Value::Null);
    let params = args.iter().rev().find(|value| value.is_object()).cloned().unwrap_or(Value::Null);
    let of = |value: &Value| {
        let symbol = value.as_str().ok_or_else(|| Skip::from("it names no symbol"))?;
        market(markets, symbol).ok_or_else(|| format!("{symbol} is not among the loaded markets"))
    };
    let some_market = |value: &Value| if value.is_null() { Ok(None) } else { of(value).map(Some) };
    let time = |value: &Value| value.as_i64().map(Timestamp::from_millis);
    let count = |value: &Value| value.as_u64().map(|n| n as u16);
    let margin = margin(&params);
    Ok(match method.as_str() {
        "fetch_markets" | "load_markets" => Intent::Instruments,
        "fetch_ohlcv" => {
            let timeframe: Timeframe =
                text(&at(1)).parse().map_err(|_| format!("no timeframe of {} in the library", at(1)))?;
            let limit = count(&at(3)).unwrap_or(100);
            let from = time(&at(2));
            let until = time(&params["until"]).or_else(|| {
                from.map(|from| Timestamp::from_millis(from.millis() + timeframe.millis() * i64::from(limit)))
            });
            if params.get("price").is_some() {
                return Err("candles of the mark or index price are not read".into());
            }
            // The recent list reaches back 1440 candles.
            let reach = timeframe.millis() * (1_440 - i64::from(limit) - 1);
            let old = from.is_some_and(|from| from.millis() < CLOCK - reach);
            let history = text(&params["type"]) == "HistoryCandles" || old;
            Intent::Candles { market: of(&at(0))?, timeframe, from, until, limit, history }
        }
        "fetch_ticker" => Intent::Ticker(of(&at(0))?),
        "fetch_mark_price" => Intent::MarkPrice(of(&at(0))?),
        "fetch_funding_rate" => Intent::FundingRate(of(&at(0))?),
        "fetch_funding_rate_history" => Intent::FundingHistory {
            market: of(&at(0))?,
            from: time(&at(1)),
            limit: count(&at(2)).unwrap_or(100),
        },
        "fetch_time" => Intent::ServerTime,
        "fetch_status" => Intent::Status,
        "fetch_balance" if text(&params["type"]) == "funding" || params.get("ccy").is_some() => {
            return Err("the trading account is read whole, and no other".into());
        }
        "fetch_balance" => Intent::Balance,
        "fetch_positions" => match at(0) {
            Value::Array(symbols) if symbols.len() > 1 => {
                return Err("the library asks for one or all positions".into());
            }
            Value::Array(symbols) => Intent::Positions(symbols.first().map(of).transpose()?),
            _ => Intent::Positions(None),
        },
        "fetch_position" => Intent::Positions(Some(of(&at(0))?)),
        "fetch_accounts" | "fetch_position_mode" => Intent::AccountConfig,
        name if name.ends_with("get_public_time") => Intent::ServerTime,
        name if name.ends_with("account_config") => Intent::AccountConfig,
        "fetch_trading_fee" => Intent::TradingFee(of(&at(0))?),
        "fetch_leverage" => Intent::Leverage { market: of(&at(0))?, margin },
        "set_leverage" => Intent::SetLeverage {
            leverage: decimal(&at(0))
                .and_then(|n| n.to_string().parse().ok())
                .ok_or("a leverage that is no whole number")?,
            market: of(&at(1))?,
            margin,
            leg: leg(&params),
        },
        "set_margin_mode" => Intent::SetMarginMode { market: of(&at(1))?, margin: mode_of(&text(&at(0))) },
        "set_position_mode" => Intent::SetPositionMode(position_mode(at(0).as_bool().unwrap_or(false))),
        "create_order" => {
            Intent::Place(Box::new(order(of(&at(0))?, &at(1), &at(2), &at(3), &at(4), &params)?))
        }
        "create_orders" => Intent::PlaceBatch(
            at(0)
                .as_array()
                .ok_or("it lists no orders")?
                .iter()
                .map(|o| {
                    order(of(&o["symbol"])?, &o["type"], &o["side"], &o["amount"], &o["price"], &o["params"])
                })
                .collect::<Result<_, _>>()?,
        ),
        "create_market_buy_order_with_cost" => {
            return Err("orders are sized in base units, never in quote".into());
        }
        "edit_order" => {
            let market = of(&at(1))?;
            if params.get("stopLoss").is_some() || params.get("takeProfit").is_some() {
                return Err("what an entry brings along is changed by its own id".into());
            }
            let source = source(&params);
            let stop = price(&params["stopLossPrice"])
                .map(|trigger| OrderKind::StopMarket { trigger, source })
                .or(price(&params["takeProfitPrice"])
                    .map(|trigger| OrderKind::TakeProfitMarket { trigger, source }));
            Intent::Amend {
                name: name(&at(0), &params)?,
                class: if stop.is_some() { OrderClass::Conditional } else { class(&params) },
                side: side(&at(3))?,
                price: price(&at(5)),
                quantity: decimal(&at(4)).map(|n| Quantity::new(n * market.contract_size)),
                stop,
                market,
            }
        }
        "cancel_order" => Intent::Cancel {
            market: of(&at(1))?,
            names: vec![name(&at(0), &params)?],
            class: class(&params),
            batch: false,
        },
        "cancel_orders" => {
            let client = at(0).as_array().is_none_or(Vec::is_empty);
            let listed = if client { params["clientOrderId"].clone() } else { at(0) };
            if class(&params) == OrderClass::Plain && listed.as_array().is_some_and(|all| all.len() == 1) {
                return Err("one order is cancelled where one is".into());
            }
            let names = listed.as_array().ok_or("it lists no ids")?.iter().map(|id| {
                if client { own(&text(id)) } else { Ok(OrderName::Venue(VenueOrderId::new(text(id)))) }
            });
            Intent::Cancel {
                market: of(&at(1))?,
                names: names.collect::<Result<_, _>>()?,
                class: class(&params),
                batch: true,
            }
        }
        "fetch_order" => {
            Intent::Query { market: of(&at(1))?, name: name(&at(0), &params)?, class: class(&params) }
        }
        "fetch_open_orders" => Intent::OpenOrders {
            market: some_market(&at(0))?,
            class: listed(&params)?,
            kind: params
                .get("ordType")
                .map(text)
                .or_else(|| flag(&params, "trailing").then(|| "trailing".into())),
            limit: count(&at(2)),
        },
        "fetch_closed_orders" | "fetch_canceled_orders"
            if ["until", "method"].iter().any(|name| params.get(*name).is_some()) =>
        {
            return Err("ended orders are read from a time on, out of the last week".into());
        }
        "fetch_closed_orders" | "fetch_canceled_orders" => Intent::History {
            kind: params
                .get("ordType")
                .map(text)
                .or_else(|| flag(&params, "trailing").then(|| "trailing".into())),
            market: of(&at(0))?,
            class: listed(&params)?,
            cancelled: method == "fetch_canceled_orders",
            from: time(&at(1)),
            limit: count(&at(2)),
        },
        "fetch_my_trades" => Intent::Fills {
            market: some_market(&at(0))?,
            order: None,
            from: time(&at(1)),
            until: time(&params["until"]),
            limit: count(&at(2)),
        },
        "fetch_order_trades" => Intent::Fills {
            order: Some(text(&at(0))),
            market: some_market(&at(1))?,
            from: time(&at(2)),
            until: None,
            limit: count(&at(3)),
        },
        "fetch_order_book" => return Err("the library trades on prices, it reads no order book".into()),
        "fetch_trades" => return Err("single trades are streamed, not read".into()),
        "close_position" | "close_all_positions" => {
            return Err("a leg is closed by an order with our id, never by a call without one".into());
        }
        "cancel_all_orders" => return Err("orders are cancelled by name, foreign ones stay".into()),
        other => return Err(format!("{other} is no request of the library")),
    })
}

fn flag(params: &Value, name: &str) -> bool {
    params.get(name).and_then(Value::as_bool).unwrap_or(false)
}

fn class(params: &Value) -> OrderClass {
    if ["trigger", "stop", "trailing", "algo"].iter().any(|name| flag(params, name)) {
        OrderClass::Conditional
    } else {
        OrderClass::Plain
    }
}

/// The class of the orders a list is asked for.
fn listed(params: &Value) -> Result<OrderClass, Skip> {
    match params.get("ordType").map(text).as_deref() {
        None => Ok(class(params)),
        Some("conditional" | "oco" | "trigger" | "move_order_stop") => Ok(OrderClass::Conditional),
        Some(other) => Err(format!("orders of type {other} alone are not listed")),
    }
}

fn mode_of(text: &str) -> MarginMode {
    if text.to_lowercase().starts_with("isolated") { MarginMode::Isolated } else { MarginMode::Cross }
}

/// Cross is what ccxt sends if nothing is said.
fn margin(params: &Value) -> MarginMode {
    let said = ["marginMode", "tdMode", "mgnMode"].iter().find_map(|name| params.get(*name));
    said.map_or(MarginMode::Cross, |mode| mode_of(&text(mode)))
}

const fn position_mode(hedge: bool) -> PositionMode {
    if hedge { PositionMode::Hedge } else { PositionMode::OneWay }
}

fn leg(params: &Value) -> Option<PositionSide> {
    let said = ["positionSide", "posSide", "holdSide"].iter().find_map(|name| params.get(*name))?;
    match text(said).to_lowercase().as_str() {
        "long" => Some(PositionSide::Long),
        "short" => Some(PositionSide::Short),
        _ => None,
    }
}

fn side(value: &Value) -> Result<Side, Skip> {
    match text(value).to_lowercase().as_str() {
        "buy" => Ok(Side::Buy),
        "sell" => Ok(Side::Sell),
        other => Err(format!("no side {other}")),
    }
}

fn price(value: &Value) -> Option<Price> {
    decimal(value).map(Price::new)
}

fn own(id: &str) -> Result<OrderName, Skip> {
    id.parse().map(OrderName::Client).map_err(|_| format!("{id} is no client id of the library"))
}

fn name(id: &Value, params: &Value) -> Result<OrderName, Skip> {
    let client = ["clientOrderId", "clOrdId", "algoClOrdId", "orderLinkId", "clientOid", "origClientOrderId"]
        .iter()
        .find_map(|name| params.get(*name));
    match (id, client) {
        (Value::String(id), _) if !id.is_empty() => Ok(OrderName::Venue(VenueOrderId::new(id))),
        (_, Some(client)) => own(&text(client)),
        _ => Err("it names no order".into()),
    }
}

/// Last unless a parameter of the venue asks for the mark price.
fn source(params: &Value) -> TriggerSource {
    let mark = params.as_object().is_some_and(|fields| {
        fields.iter().any(|(name, value)| {
            let name = name.to_lowercase();
            (name.contains("trigger") || name.contains("workingtype"))
                && text(value).to_lowercase().contains("mark")
        })
    });
    if mark { TriggerSource::Mark } else { TriggerSource::Last }
}

fn attached(params: &Value, name: &str) -> Result<Option<(Price, TriggerSource)>, Skip> {
    let Some(extra) = params.get(name).filter(|extra| extra.is_object()) else { return Ok(None) };
    if text(&extra["type"]) == "limit" || extra.get("price").is_some() {
        return Err(
            "a stop or take profit with a trigger and a limit price is no order of the library".into()
        );
    }
    Ok(price(&extra["triggerPrice"]).map(|trigger| (trigger, source(extra))))
}

fn order(
    market: Market,
    kind: &Value,
    side_said: &Value,
    amount: &Value,
    limit: &Value,
    params: &Value,
) -> Result<Order, Skip> {
    let side = side(side_said)?;
    let kind = text(kind);
    let source = source(params);
    let triggers = ["stopLossPrice", "takeProfitPrice", "triggerPrice", "stopPrice"];
    let conditional = triggers.iter().any(|name| params.get(*name).is_some());
    let [stop, take_profit, plain_trigger] = [
        price(&params["stopLossPrice"]),
        price(&params["takeProfitPrice"]),
        price(&params["triggerPrice"]).or_else(|| price(&params["stopPrice"])),
    ];
    if conditional && kind == "limit" {
        return Err("a trigger with a limit price is no order of the library".into());
    }
    if ["slTriggerPxType", "tpTriggerPxType", "triggerPxType"]
        .iter()
        .any(|name| text(&params[*name]) == "index")
    {
        return Err("the index price triggers nothing in the library".into());
    }
    if ["slOrdPx", "tpOrdPx"].iter().any(|name| params.get(*name).is_some_and(|price| text(price) != "-1")) {
        return Err("a trigger with a limit price is no order of the library".into());
    }
    if kind == "trigger" && conditional || plain_trigger.is_some() && kind != "market" {
        return Err(format!("{kind} does not say what is sent at the trigger"));
    }
    if params.get("trailingAmount").is_some() {
        return Err("trailing stops follow by a fraction of the price".into());
    }
    if text(&params["tgtCcy"]) == "quote_ccy" || params.get("cost").is_some() {
        return Err("orders are sized in base units, never in quote".into());
    }
    let hedge = leg(params).is_some() || flag(params, "hedged");
    // A stop loss, a take profit and a trailing stop close something, also where the call does not say so.
    let protects = stop.is_some() || take_profit.is_some() || params.get("trailingPercent").is_some();
    let closes = flag(params, "reduceOnly") || protects || (market.spot && side == Side::Sell);
    let opening_leg = if side == Side::Buy { PositionSide::Long } else { PositionSide::Short };
    let leg = leg(params).unwrap_or(if closes { opening_leg.opposite() } else { opening_leg });
    let reduce_only = side == leg.closing();
    if protects && (!reduce_only || (market.spot && side == Side::Buy)) {
        return Err("a stop loss, take profit or trailing stop that opens is no order of the library".into());
    }
    if plain_trigger.is_some() && reduce_only {
        return Err("what reduces at a price is a stop loss or a take profit in the library".into());
    }
    let spec_kind = match (stop, take_profit, plain_trigger) {
        (Some(trigger), _, _) => OrderKind::StopMarket { trigger, source },
        (None, Some(trigger), _) => OrderKind::TakeProfitMarket { trigger, source },
        (None, None, Some(trigger)) => OrderKind::StopMarket { trigger, source },
        (None, None, None) if kind == "limit" => OrderKind::Limit {
            price: price(limit).ok_or("a limit order without price")?,
            time_in_force: if flag(params, "postOnly") {
                TimeInForce::PostOnly
            } else {
                match text(&params["timeInForce"]).as_str() {
                    "IOC" => TimeInForce::ImmediateOrCancel,
                    "FOK" => TimeInForce::FillOrKill,
                    "PO" => TimeInForce::PostOnly,
                    _ => TimeInForce::GoodTillCancelled,
                }
            },
        },
        (None, None, None) if kind == "market" || params.get("trailingPercent").is_some() => {
            OrderKind::Market
        }
        _ => return Err(format!("no order of type {kind} in the library")),
    };
    let linked = match (stop, take_profit) {
        (Some(_), Some(trigger)) => Some(OrderKind::TakeProfitMarket { trigger, source }),
        _ => None,
    };
    let id = ["clientOrderId", "clOrdId", "algoClOrdId"]
        .iter()
        .find_map(|name| params.get(*name))
        .map_or_else(|| "hrtest1".to_owned(), text);
    let quantity = decimal(amount).ok_or("an order without amount")? * market.contract_size;
    Ok(Order {
        spec: OrderSpec {
            client_id: id.parse().map_err(|_| format!("{id} is no client id of the library"))?,
            leg,
            side,
            reduce_only,
            quantity: Quantity::new(quantity),
            kind: spec_kind,
        },
        margin: margin(params),
        mode: position_mode(hedge),
        stop: attached(params, "stopLoss")?
            .map(|(trigger, source)| OrderKind::StopMarket { trigger, source }),
        take_profit: attached(params, "takeProfit")?
            .map(|(trigger, source)| OrderKind::TakeProfitMarket { trigger, source }),
        linked,
        trailing: decimal(&params["trailingPercent"]).map(|percent| {
            let active = ["activePx", "activationPrice"].iter().find_map(|n| params.get(*n));
            (percent / Decimal::ONE_HUNDRED, active.and_then(price))
        }),
        market,
    })
}
