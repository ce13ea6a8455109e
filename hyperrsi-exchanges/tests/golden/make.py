#!/usr/bin/env python3
"""Makes okx.json: requests that ccxt would send, without sending any.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt && venv/bin/python make.py

The clock and the random ids are fixed and the network is replaced, so that the file comes out the same every time.
"""

import json
import pathlib
from urllib.parse import parse_qsl, urlsplit

import ccxt

CLOCK = 1746000000123
CREDENTIALS = {"apiKey": "golden-key", "secret": "golden-secret-0123456789", "password": "golden-phrase"}
SPOT = {
    "instId": "BTC-USDT", "instType": "SPOT", "baseCcy": "BTC", "quoteCcy": "USDT", "tickSz": "0.1",
    "lotSz": "0.00000001", "minSz": "0.00001", "maxLmtSz": "9999", "maxMktSz": "1000000", "lever": "10",
    "state": "live", "listTime": "1548133413000",
}
SWAP = {
    "instId": "ETH-USDT-SWAP", "instType": "SWAP", "ctType": "linear", "ctVal": "0.1", "ctMult": "1",
    "ctValCcy": "ETH", "settleCcy": "USDT", "uly": "ETH-USDT", "instFamily": "ETH-USDT", "tickSz": "0.01",
    "lotSz": "0.01", "minSz": "0.01", "maxLmtSz": "100000000", "maxMktSz": "20000", "lever": "100",
    "state": "live", "listTime": "1573557408000", "baseCcy": "", "quoteCcy": "",
}
PAYLOADS = [{"code": "0", "msg": "", "data": [SPOT]}, {"code": "0", "msg": "", "data": [SWAP]}]

S = "ETH/USDT:USDT"
CID = {"clientOrderId": "hrgold1"}
CALLS = [
    ("market_open_isolated", "create_order", [S, "market", "buy", 3, None, {**CID, "marginMode": "isolated"}]),
    ("limit_post_only_fraction", "create_order", [S, "limit", "sell", 0.25, 1812.34, {**CID, "postOnly": True}]),
    ("hedge_close_short", "create_order", [S, "market", "buy", 1.5, None, {**CID, "positionSide": "short"}]),
    ("stop_mark_of_short", "create_order",
     [S, "market", "buy", 2, None, {**CID, "stopLossPrice": 1900.5, "slTriggerPxType": "mark", "reduceOnly": True}]),
    ("pair_of_short", "create_order",
     [S, "oco", "buy", 2, None, {**CID, "stopLossPrice": 1900.5, "takeProfitPrice": 1700.25, "reduceOnly": True}]),
    ("trailing", "create_order", [S, "market", "sell", 2, None, {**CID, "trailingPercent": "0.75", "reduceOnly": True}]),
    ("attached_stop", "create_order",
     [S, "market", "buy", 2, None, {**CID, "stopLoss": {"triggerPrice": 1700.5, "type": "market"}}]),
    ("spot_limit", "create_order", ["BTC/USDT", "limit", "buy", 0.0123, 90000.5, CID]),
    ("batch", "create_orders", [[
        {"symbol": S, "type": "limit", "side": "buy", "amount": 1, "price": 1800.5, "params": {"clientOrderId": "hrgold1"}},
        {"symbol": S, "type": "limit", "side": "buy", "amount": 2, "price": 1790.25, "params": {"clientOrderId": "hrgold2"}},
    ], {}]),
    ("cancel_own", "cancel_order", [None, S, CID]),
    ("cancel_own_conditional", "cancel_order", [None, S, {**CID, "trigger": True}]),
    ("query_own", "fetch_order", [None, S, CID]),
    ("query_own_conditional", "fetch_order", [None, S, {**CID, "trigger": True}]),
    ("open_orders", "fetch_open_orders", [S, None, 100, {}]),
    ("open_conditional", "fetch_open_orders", [S, None, 100, {"trigger": True, "ordType": "conditional"}]),
    ("fills", "fetch_my_trades", [S, 1745990000000, 100, {}]),
    ("leverage_of_a_leg", "set_leverage", [7, S, {"marginMode": "isolated", "posSide": "long"}]),
    ("leverage_read", "fetch_leverage", [S, {"marginMode": "isolated"}]),
    ("one_way", "set_position_mode", [False, None, {}]),
    ("position", "fetch_positions", [[S], {}]),
    ("candles_6h", "fetch_ohlcv", [S, "6h", 1745712000000, 10, {}]),
    ("funding_history", "fetch_funding_rate_history", [S, 1745712000000, 100, {}]),
    ("mark", "fetch_mark_price", [S, {}]),
    ("time", "fetch_time", [{}]),
    ("limit_of_one_way_net", "create_order", [S, "limit", "buy", 0.5, 1800.25, {**CID, "posSide": "net", "timeInForce": "IOC"}]),
    ("hedge_close_long_reduce_only", "create_order",
     [S, "limit", "sell", 1, 1900.5, {**CID, "positionSide": "long", "reduceOnly": True, "timeInForce": "FOK"}]),
    ("stop_that_says_nothing", "create_order", [S, "market", "sell", 2, None, {**CID, "stopLossPrice": 1700.5}]),
    ("take_profit_of_a_leg", "create_order",
     [S, "market", "buy", 2, None, {**CID, "takeProfitPrice": 1700.5, "positionSide": "short"}]),
    ("trigger_sell", "create_order", [S, "market", "sell", 2, None, {**CID, "triggerPrice": 1700.5, "triggerPxType": "mark"}]),
    ("trailing_of_short", "create_order", [S, "market", "buy", 2, None, {**CID, "trailingPercent": "1.5", "activePx": "1750"}]),
    ("attached_stop_by_mark", "create_order",
     [S, "limit", "buy", 2, 1800.5, {**CID, "stopLoss": {"triggerPrice": 1700.5, "triggerPriceType": "mark"}}]),
    ("spot_stop", "create_order", ["BTC/USDT", "market", "sell", 0.02, None, {**CID, "stopLossPrice": 90000.5}]),
    ("spot_trailing", "create_order", ["BTC/USDT", "market", "sell", 0.02, None, {**CID, "trailingPercent": "2"}]),
    ("amend_quantity", "edit_order", ["1234567890123456789", S, "limit", "buy", 3, None, {}]),
    ("cancel_several_of_ours", "cancel_orders", [[], S, {"clientOrderId": ["hrgold1", "hrgold2"]}]),
    ("cancel_several_conditional", "cancel_orders", [[], S, {"clientOrderId": ["hrgold1", "hrgold2"], "trigger": True}]),
    ("open_orders_of_all", "fetch_open_orders", [None, None, None, {}]),
    ("open_triggers", "fetch_open_orders", [S, None, None, {"trigger": True}]),
    ("open_trailing_by_type", "fetch_open_orders", [S, None, 20, {"ordType": "move_order_stop"}]),
    ("closed", "fetch_closed_orders", [S, None, None, {}]),
    ("cancelled_conditional", "fetch_canceled_orders", [S, None, 20, {"trigger": True, "ordType": "conditional"}]),
    ("one_position", "fetch_position", [S, {}]),
    ("candles_of_long_ago", "fetch_ohlcv", [S, "1m", 1745712000000, 10, {}]),
    ("leverage_of_the_other_leg", "set_leverage", [3, S, {"mgnMode": "isolated", "posSide": "short"}]),
    ("modes", "fetch_position_mode", [S, {}]),
]


class Offline(ccxt.okx):
    """Records requests and answers each with an empty success."""

    sent = None

    def milliseconds(self):
        return CLOCK

    def uuid16(self, length=16):
        return "0123456789abcdef"

    def fetch(self, url, method="GET", headers=None, body=None):
        self.sent.append((url, method, headers or {}, body))
        return {"code": "0", "msg": "", "data": []}


def vector(name, method, args, sent):
    url, verb, headers, body = sent
    parts = urlsplit(url)
    said = json.loads(body) if body else None
    ignore = ["tag"]
    return {
        "name": name,
        "ccxt_call": {"method": method, "args": args},
        "request_index": 0,
        "method": verb,
        "host": parts.netloc,
        "path": parts.path,
        "private": "OK-ACCESS-SIGN" in headers,
        "ignore_fields": ignore,
        "match_query": dict(parse_qsl(parts.query)),
        "match_body": said,
        "headers": {key: headers[key] for key in ("OK-ACCESS-SIGN", "OK-ACCESS-TIMESTAMP") if key in headers},
        "body": body,
        "target": parts.path + ("?" + parts.query if parts.query else ""),
    }


def main():
    venue = Offline({**CREDENTIALS, "enableRateLimit": False, "options": {
        "createOrder": "privatePostTradeOrder", "defaultMarginMode": "cross", "adjustForTimeDifference": False}})
    venue.sent = []
    rows = [row for payload in PAYLOADS for row in payload["data"]]
    venue.set_markets([venue.parse_market(row) for row in rows])
    vectors = []
    for name, method, args in CALLS:
        venue.sent = []
        try:
            getattr(venue, method)(*json.loads(json.dumps(args)))
        except Exception:  # the empty answer cannot be read; the request has been recorded
            pass
        if not venue.sent:
            raise SystemExit(f"{name}: ccxt sent nothing")
        vectors.append(vector(name, method, args, venue.sent[0]))
    fields = ("id", "symbol", "spot", "linear", "contractSize")
    out = {
        "generator": f"ccxt {ccxt.__version__} offline, make.py",
        "clock_ms": CLOCK,
        "credentials": CREDENTIALS,
        "markets": {
            "inputs": [{"payload": payload} for payload in PAYLOADS],
            "ccxt_markets": {key: {f: market[f] for f in fields} for key, market in sorted(venue.markets.items())},
        },
        "vectors": vectors,
    }
    path = pathlib.Path(__file__).with_name("okx.json")
    path.write_text(json.dumps(out, indent=1) + "\n")
    print(f"{path.name}: {len(vectors)} requests")


main()
