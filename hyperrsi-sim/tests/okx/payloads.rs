//! Every field a recorded payload has is in our answer, with the same JSON type.

use super::*;
use serde_json::json;

const SWAP: &str = "BTC-USDT-SWAP";

fn order(kind: &str, extra: &Value) -> Value {
    let mut all = json!({ "instId": SWAP, "tdMode": "isolated", "side": "buy", "ordType": kind, "sz": "1" });
    all.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    all
}

/// An account with one of everything: orders of each state, conditional ones too, a position, fills, funding.
fn busy() -> Client {
    let mut client = Client::new(false);
    client.done("trade/order", &order("market", &json!({ "clOrdId": "first" })));
    client.done("trade/order", &order("limit", &json!({ "px": "50000", "clOrdId": "rests" })));
    let fired = json!({ "side": "sell", "slTriggerPx": "59000", "slOrdPx": "-1", "reduceOnly": true });
    client.done("trade/order-algo", &order("conditional", &fired));
    client.trade(SWAP, "58900");
    client.done("trade/order", &order("market", &json!({})));
    let goal = json!({ "side": "sell", "tpTriggerPx": "70000", "tpOrdPx": "-1", "reduceOnly": true });
    client.done("trade/order-algo", &order("conditional", &goal));
    client.pass(Span::hours(8));
    client
}

/// What is missing or of another type in `ours`, by path.
fn differences(path: &str, theirs: &Value, ours: &Value, found: &mut Vec<String>) {
    match (theirs, ours) {
        (Value::Object(theirs), Value::Object(ours)) => {
            for (key, value) in theirs {
                match ours.get(key) {
                    Some(own) => differences(&format!("{path}.{key}"), value, own, found),
                    None => found.push(format!("{path}.{key} is missing")),
                }
            }
        }
        (Value::Array(theirs), Value::Array(ours)) => {
            if let (Some(value), Some(own)) = (theirs.first(), ours.first()) {
                differences(&format!("{path}[]"), value, own, found);
                if let (Value::Array(value), Value::Array(own)) = (value, own) {
                    assert_eq!(value.len(), own.len(), "{path}: another number of columns");
                }
            }
        }
        (Value::String(_), Value::String(_))
        | (Value::Number(_), Value::Number(_))
        | (Value::Bool(_), Value::Bool(_)) => {}
        (theirs, ours) => found.push(format!("{path} is {ours}, recorded {theirs}")),
    }
}

fn compare(file: &str, theirs: &Value, ours: &Value) -> Vec<String> {
    let mut found = Vec::new();
    differences("", theirs, ours, &mut found);
    found.into_iter().map(|one| format!("{file}: {one}")).collect()
}

#[test]
fn rest_answers_have_every_recorded_field() {
    let Some(folder) = oracles() else { return };
    let mut client = busy();
    let spot =
        json!({ "instId": "BTC-USDT", "tdMode": "cash", "side": "buy", "ordType": "market", "sz": "100" });
    client.done("trade/order", &spot);
    let cases = [
        ("nautilus_http_get_orders_pending", "trade/orders-pending"),
        ("jk_UnifiedApi_Trading_GetOrders", "trade/orders-pending"),
        ("nautilus_http_get_orders_history", "trade/orders-history?instType=SWAP"),
        ("jk_UnifiedApi_Trading_GetOrderHistory", "trade/orders-history?instType=SWAP"),
        ("jk_UnifiedApi_Trading_GetOrderArchive", "trade/orders-history-archive?instType=SWAP"),
        ("jk_UnifiedApi_Trading_GetOrderDetails", "trade/order?instId=BTC-USDT-SWAP&clOrdId=first"),
        (
            "nautilus_http_get_orders_algo_history",
            "trade/orders-algo-history?ordType=conditional&state=effective",
        ),
        ("jk_UnifiedApi_Trading_GetAlgoOrderHistory", "trade/orders-algo-history?ordType=conditional"),
        ("jk_UnifiedApi_Trading_GetAlgoOrderList", "trade/orders-algo-pending?ordType=conditional"),
        (
            "nautilus_http_get_orders_algo_pending_close_fraction",
            "trade/orders-algo-pending?ordType=conditional",
        ),
        ("nautilus_http_get_account_balance", "account/balance?ccy=USDT"),
        ("jk_UnifiedApi_Account_GetAccountBalance", "account/balance"),
        ("nautilus_http_get_positions", "account/positions"),
        ("jk_UnifiedApi_Account_GetAccountPositions", "account/positions"),
        ("nautilus_http_get_instruments_swap", "public/instruments?instType=SWAP"),
        ("nautilus_http_get_instruments_spot", "public/instruments?instType=SPOT"),
        ("jk_UnifiedApi_ExchangeData_GetSymbols", "public/instruments?instType=SPOT"),
        ("nautilus_http_get_candlesticks", "market/candles?instId=BTC-USDT-SWAP&bar=1m"),
        ("nautilus_http_get_candlesticks_full", "market/candles?instId=BTC-USDT-SWAP"),
        ("jk_UnifiedApi_ExchangeData_GetKlines", "market/candles?instId=BTC-USDT-SWAP&bar=5m"),
        ("jk_UnifiedApi_ExchangeData_GetKlineHistory", "market/history-candles?instId=BTC-USDT-SWAP"),
        ("jk_UnifiedApi_ExchangeData_GetTicker", "market/ticker?instId=BTC-USDT-SWAP"),
        ("jk_UnifiedApi_ExchangeData_GetTickers", "market/tickers?instType=SWAP"),
        ("nautilus_http_get_mark_price", "public/mark-price?instType=SWAP&instId=BTC-USDT-SWAP"),
        ("jk_UnifiedApi_ExchangeData_GetMarkPrices", "public/mark-price?instType=SWAP"),
        ("nautilus_http_get_funding_rate_history", "public/funding-rate-history?instId=BTC-USDT-SWAP"),
        (
            "jk_UnifiedApi_ExchangeData_GetFundingRateHistory",
            "public/funding-rate-history?instId=BTC-USDT-SWAP",
        ),
        ("nautilus_http_get_trades", "market/trades?instId=BTC-USDT"),
        ("nautilus_http_get_order_book", "market/books?instId=BTC-USDT"),
        ("jk_UnifiedApi_ExchangeData_GetServerTime", "public/time"),
    ];
    let mut found = Vec::new();
    for (file, target) in cases {
        let theirs = read(&folder.join(format!("responses/okx/{file}.json")));
        let ours = client.get(target);
        assert!(ours["data"].as_array().is_some_and(|rows| !rows.is_empty()), "{target}: {ours}");
        found.extend(compare(file, &theirs, &ours));
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn answers_to_orders_have_every_recorded_field() {
    let Some(folder) = oracles() else { return };
    let mut client = Client::new(true);
    let leg = |kind: &str, extra: Value| {
        let mut all = order(kind, &json!({ "posSide": "long", "tdMode": "cross" }));
        all.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        all
    };
    let recorded = |file: &str| read(&folder.join(format!("responses/okx/{file}.json")));
    let mut found = Vec::new();
    let mut check = |file: &str, ours: &Value| found.extend(compare(file, &recorded(file), ours));

    let placed = client.post("trade/order", &leg("market", json!({ "sz": "2" })));
    check("jk_UnifiedApi_Trading_PlaceOrder", &placed);
    check("nautilus_http_place_order_response", &placed["data"][0]);
    client.done("trade/order", &leg("limit", json!({ "px": "50000", "clOrdId": "a" })));
    let amended = client
        .post("trade/amend-batch-orders", &json!([{ "instId": SWAP, "clOrdId": "a", "newPx": "50001" }]));
    check("jk_UnifiedApi_Trading_AmendMultipleOrders", &amended);
    let cancelled = client.post("trade/cancel-order", &json!({ "instId": SWAP, "clOrdId": "a" }));
    check("jk_UnifiedApi_Trading_CancelOrder", &cancelled);
    let again = client.post("trade/cancel-batch-orders", &json!([{ "instId": SWAP, "clOrdId": "a" }]));
    check("jk_UnifiedApi_Trading_CancelMultipleOrders", &again);
    let stop = leg("conditional", json!({ "side": "sell", "slTriggerPx": "50000", "slOrdPx": "-1" }));
    let algo = client.post("trade/order-algo", &stop);
    check("jk_UnifiedApi_Trading_PlaceAlgoOrder", &algo);
    let refused = client.post("trade/order-algo", &leg("conditional", json!({ "instId": "NO" })));
    check("nautilus_http_place_algo_order_rejected", &refused);
    let gone =
        client.post("trade/cancel-algos", &json!([{ "instId": SWAP, "algoId": algo["data"][0]["algoId"] }]));
    check("nautilus_http_cancel_algo_order_response", &gone);
    let set = json!({ "instId": SWAP, "lever": "30", "mgnMode": "isolated", "posSide": "long" });
    check("jk_UnifiedApi_Account_SetAccountLeverage", &client.post("account/set-leverage", &set));
    let close = json!({ "instId": SWAP, "mgnMode": "cross", "posSide": "long" });
    check("jk_UnifiedApi_Trading_ClosePosition", &client.post("trade/close-position", &close));
    let mode = client.post("account/set-position-mode", &json!({ "posMode": "net_mode" }));
    check("nautilus_http_set_position_mode_response", &mode);
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn pushes_have_every_recorded_field() {
    let Some(folder) = oracles() else { return };
    let mut client = Client::new(false);
    let mut private = client.private("/ws/v5/private");
    let mut business = client.private("/ws/v5/business");
    let mut public = client.connect("/ws/v5/public");
    for channel in ["account", "orders", "positions", "fills"] {
        client.subscribe(&mut private, &json!({ "channel": channel, "instType": "SWAP" }));
        private.texts();
    }
    client.subscribe(&mut business, &json!({ "channel": "orders-algo", "instType": "SWAP" }));
    client.subscribe(&mut business, &json!({ "channel": "candle1m", "instId": SWAP }));
    for channel in ["tickers", "trades", "mark-price", "funding-rate"] {
        client.subscribe(&mut public, &json!({ "channel": channel, "instId": SWAP }));
        if channel != "funding-rate" {
            public.texts();
        }
    }
    client.done("trade/order", &order("market", &json!({})));
    let stop = json!({ "side": "sell", "slTriggerPx": "50000", "slOrdPx": "-1", "reduceOnly": true });
    client.done("trade/order-algo", &order("conditional", &stop));
    client.pass(Span::seconds(1));
    let mut pushed = private.all();
    pushed.extend(business.all());
    pushed.extend(public.all());
    let of = |channel: &str| {
        let found = pushed.iter().rfind(|one| one["arg"]["channel"] == channel && one["data"].is_array());
        found.unwrap_or_else(|| panic!("nothing on {channel}")).clone()
    };
    let cases = [
        ("nautilus_ws_orders", "orders"),
        ("jk_ws_Unified_Trading_Order", "orders"),
        ("nautilus_ws_orders_algo", "orders-algo"),
        ("jk_ws_Unified_Trading_AlgoOrder", "orders-algo"),
        ("nautilus_ws_account", "account"),
        ("jk_ws_Unified_Account_Balance", "account"),
        ("jk_ws_Unified_Trading_Position", "positions"),
        ("jk_ws_Unified_Trading_UserTrade", "fills"),
        ("nautilus_ws_candle", "candle1m"),
        ("jk_ws_Unified_ExchangeData_Klines", "candle1m"),
        ("nautilus_ws_tickers", "tickers"),
        ("jk_ws_Unified_ExchangeData_Ticker", "tickers"),
        ("nautilus_ws_trades", "trades"),
        ("jk_ws_Unified_ExchangeData_Trades", "trades"),
        ("jk_ws_Unified_ExchangeData_MarkPrice", "mark-price"),
        ("nautilus_ws_funding_rate", "funding-rate"),
    ];
    let mut found = Vec::new();
    for (file, channel) in cases {
        let theirs = read(&folder.join(format!("responses/okx/{file}.json")));
        // What the client said about a channel comes back as it said it.
        found.extend(compare(file, &theirs["data"], &of(channel)["data"]));
    }
    assert_eq!(found, Vec::<String>::new());
}
