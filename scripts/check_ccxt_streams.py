#!/usr/bin/env python3
"""Listens to a practice venue's streams with ccxt.pro while it trades there; prints a PASS or FAIL line per stream.

usage: check_ccxt_streams.py VENUE http://127.0.0.1:PORT
"""
import asyncio
import re
import sys

import ccxt.pro as pro

venue, base = sys.argv[1], sys.argv[2].rstrip("/")
symbol = "BTC/USDT:USDT"
failed = 0


def local(urls):
    if isinstance(urls, dict):
        return {key: local(value) for key, value in urls.items()}
    if not isinstance(urls, str):
        return urls
    address = base if urls.startswith("http") else base.replace("http", "ws", 1)
    return re.sub(r"^(https?|wss?)://[^/]+", address, urls)


def told(name, right, seen):
    global failed
    failed += not right
    print("PASS" if right else "FAIL", name, "" if right else str(seen)[:300])


async def main():
    exchange = getattr(pro, venue)(
        {"apiKey": "test-key", "secret": "test-secret-0123456789abcdef", "password": "test-pass", "timeout": 5000}
    )
    exchange.urls["api"] = local(exchange.urls["api"])
    exchange.has["fetchCurrencies"] = False
    exchange.options.update(createOrder="privatePostTradeOrder", fetchMarkets={"types": ["spot", "swap"]})

    async def within(name, future, right):
        try:
            seen = await asyncio.wait_for(future, 10)
            told(name, right(seen), seen)
            return seen
        except Exception as error:  # a line for everything that goes wrong
            told(name, False, repr(error))

    async def first_position():
        while not (seen := await exchange.watch_positions([symbol])):
            pass  # the stream begins with what is open, which is nothing
        return seen

    try:
        await exchange.load_markets()
        await within("watch_ticker", exchange.watch_ticker(symbol), lambda seen: seen["last"] > 0)
        await within("watch_trades", exchange.watch_trades(symbol), lambda seen: seen[-1]["price"] > 0)
        await within("watch_ohlcv", exchange.watch_ohlcv(symbol, "1m"), lambda seen: seen[-1][0] % 60_000 == 0)
        listening = {
            "watch_orders": asyncio.create_task(exchange.watch_orders(symbol)),
            "watch_my_trades": asyncio.create_task(exchange.watch_my_trades(symbol)),
            "watch_positions": asyncio.create_task(first_position()),
        }
        await asyncio.sleep(1)
        placed = await exchange.create_order(symbol, "market", "buy", 1)
        await within("watch_orders", listening["watch_orders"], lambda seen: seen[-1]["id"] == placed["id"])
        await within("watch_my_trades", listening["watch_my_trades"], lambda seen: seen[-1]["order"] == placed["id"])
        await within("watch_positions", listening["watch_positions"], lambda seen: seen[-1]["contracts"] == 1)
        await within("watch_balance", exchange.watch_balance(), lambda seen: seen["USDT"]["total"] > 0)
    finally:
        await exchange.close()
    sys.exit(min(failed, 100))


asyncio.run(main())
