use super::*;
use serde_json::json;

const SWAP: &str = "BTC-USDT-SWAP";

fn market(side: &str, size: &str) -> Value {
    json!({ "instId": SWAP, "tdMode": "cross", "side": side, "ordType": "market", "sz": size, "clOrdId": "a1" })
}

#[test]
fn an_order_is_told_from_its_life_to_its_fill() {
    let mut client = Client::new(false);
    let mut stream = client.private("/ws/v5/private");
    client.subscribe(&mut stream, &json!({ "channel": "orders", "instType": "ANY" }));
    client.done("trade/order", &market("buy", "2"));
    let rows: Vec<Value> = stream.all().into_iter().map(|one| one["data"][0].clone()).collect();
    let states: Vec<_> = rows.iter().map(|one| (&one["state"], &one["accFillSz"], &one["fillSz"])).collect();
    let told = [(json!("live"), json!("0"), json!("0")), (json!("filled"), json!("2"), json!("2"))];
    assert_eq!(states, told.iter().map(|(a, b, c)| (a, b, c)).collect::<Vec<_>>());
    // The trade is the one the REST side has.
    let fill = client.row("trade/fills");
    assert_eq!((&rows[1]["tradeId"], &rows[1]["execType"]), (&fill["tradeId"], &json!("T")));
    assert_eq!((&rows[1]["clOrdId"], &rows[1]["fillFee"]), (&json!("a1"), &fill["fee"]));
}

#[test]
fn a_stop_is_told_on_its_own_channel_and_its_order_on_the_other() {
    let mut client = Client::new(false);
    let mut orders = client.private("/ws/v5/private");
    let mut algos = client.private("/ws/v5/business");
    client.subscribe(&mut orders, &json!({ "channel": "orders", "instType": "SWAP" }));
    client.subscribe(&mut algos, &json!({ "channel": "orders-algo", "instType": "SWAP" }));
    client.done("trade/order", &market("buy", "1"));
    let stop = json!({ "instId": SWAP, "tdMode": "cross", "side": "sell", "ordType": "conditional", "sz": "1",
        "slTriggerPx": "50000", "slOrdPx": "-1", "reduceOnly": "true", "algoClOrdId": "sl1" });
    client.done("trade/order-algo", &stop);
    orders.texts();
    client.trade(SWAP, "49000");
    client.pass(Span::millis_of(0));
    let states: Vec<_> = algos.all().iter().map(|one| one["data"][0]["state"].clone()).collect();
    assert_eq!((states.first(), states.last()), (Some(&json!("live")), Some(&json!("effective"))));
    let last = orders.all().pop().unwrap()["data"][0].clone();
    assert_eq!(
        (&last["algoClOrdId"], &last["state"], &last["fillPx"]),
        (&json!("sl1"), &json!("filled"), &json!("49000"))
    );
}

#[test]
fn positions_and_balances_begin_with_what_is_and_follow() {
    let mut client = Client::new(true);
    let mut stream = client.private("/ws/v5/private");
    client.subscribe(&mut stream, &json!({ "channel": "positions", "instType": "SWAP" }));
    assert_eq!(stream.next()["data"], json!([]));
    client.subscribe(&mut stream, &json!({ "channel": "account" }));
    assert_eq!(stream.next()["data"][0]["details"].as_array().unwrap().len(), 4);
    let mut entry = market("buy", "1");
    entry["posSide"] = json!("long");
    client.done("trade/order", &entry);
    let told = stream.all();
    let of =
        |channel: &str| told.iter().find(|one| one["arg"]["channel"] == channel).unwrap()["data"][0].clone();
    assert_eq!((&of("positions")["pos"], &of("positions")["posSide"]), (&json!("1"), &json!("long")));
    let (pushed, read) = (of("account"), client.row("account/balance?ccy=USDT"));
    assert_eq!(pushed["details"][0]["cashBal"], read["details"][0]["cashBal"]);
    client.done("trade/close-position", &json!({ "instId": SWAP, "posSide": "long", "mgnMode": "cross" }));
    let told = stream.all();
    let flat = told.iter().find(|one| one["arg"]["channel"] == "positions").unwrap();
    assert_eq!(flat["data"][0]["pos"], "0");
}

#[test]
fn markets_are_told_as_they_move() {
    let mut client = Client::new(false);
    let mut public = client.connect("/ws/v5/public");
    let mut business = client.connect("/ws/v5/business");
    client.subscribe(&mut public, &json!({ "channel": "tickers", "instId": SWAP }));
    client.subscribe(&mut business, &json!({ "channel": "candle1m", "instId": SWAP }));
    public.texts();
    business.texts();
    client.pass(Span::seconds(61));
    let last = public.all().pop().unwrap()["data"][0]["last"].clone();
    assert_eq!(last, client.row(&format!("market/ticker?instId={SWAP}"))["last"]);
    let candles: Vec<Vec<String>> =
        business.all().iter().map(|one| serde_json::from_value(one["data"][0].clone()).unwrap()).collect();
    let closed: Vec<&Vec<String>> = candles.iter().filter(|row| row[8] == "1").collect();
    assert_eq!((closed.len(), closed[0][0].clone()), (1, START.to_string()));
    let answer = client.get(&format!("market/history-candles?instId={SWAP}&limit=1"));
    assert_eq!(answer["data"][0], json!(closed[0]));
}

#[test]
fn a_stream_answers_pings_and_says_what_it_does_not_have() {
    let mut client = Client::new(false);
    let mut stream = client.connect("/ws/v5/private");
    client.say(&stream, "ping");
    assert_eq!(stream.texts(), ["pong"]);
    let subscribe = |argument: Value| json!({ "op": "subscribe", "args": [argument] }).to_string();
    let cases = [
        (subscribe(json!({ "channel": "orders", "instType": "SWAP" })), "60011"),
        (subscribe(json!({ "channel": "tickers", "instId": SWAP })), "60018"),
        (subscribe(json!({ "channel": "nothing" })), "60018"),
        (json!({ "op": "login", "args": [{ "apiKey": "test-key", "passphrase": "test-pass", "timestamp": "1", "sign": "" }] }).to_string(), "60009"),
        ("no json".to_owned(), "60012"),
    ];
    for (text, code) in cases {
        client.say(&stream, &text);
        let said = stream.next();
        assert_eq!((&said["event"], &said["code"]), (&json!("error"), &json!(code)), "{text}");
    }
}

/// The login another client really sent is accepted.
#[test]
fn the_login_ccxt_sends_is_accepted() {
    let Some(folder) = oracles() else { return };
    let recorded = read(&folder.join("ws/okx.json"));
    let mut seen = 0;
    for vector in recorded["vectors"].as_array().unwrap() {
        for message in vector["connections"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|one| one["messages"].as_array().unwrap())
        {
            if message["op"] != "login" {
                continue;
            }
            seen += 1;
            let mut practice = okx::practice(false, None, 7, Script::default());
            let text = |name: &str| recorded["credentials"][name].as_str().unwrap().to_owned();
            practice.keys = hyperrsi_sim::Keys {
                key: text("apiKey"),
                secret: text("secret"),
                passphrase: text("password"),
            };
            let now = Timestamp::from_millis(recorded["clock_ms"].as_i64().unwrap());
            let mut client =
                Client { world: World::new(practice, now).unwrap(), wire: okx::Okx::default(), now };
            let mut stream = client.connect("/ws/v5/private");
            client.say(&stream, &message.to_string());
            assert_eq!(stream.next()["event"], "login");
        }
    }
    assert!(seen > 0);
}
