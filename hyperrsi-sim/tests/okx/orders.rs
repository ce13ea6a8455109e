use super::*;
use hyperrsi_core::dec;
use serde_json::json;

const SWAP: &str = "BTC-USDT-SWAP";

fn market(side: &str, size: &str) -> Value {
    json!({ "instId": SWAP, "tdMode": "cross", "side": side, "ordType": "market", "sz": size })
}

fn with(mut order: Value, more: &Value) -> Value {
    order.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    order
}

/// The row's own code, in an answer whose own code says that all failed.
fn refused(answer: &Value) -> &str {
    assert_eq!(answer["code"], "1", "{answer}");
    answer["data"][0]["sCode"].as_str().unwrap()
}

#[test]
fn contracts_become_base_and_come_back_as_contracts() {
    let mut client = Client::new(false);
    client.trade(SWAP, "60000");
    let placed = client.done("trade/order", &with(market("buy", "2.5"), &json!({ "clOrdId": "abc" })));
    // 2.5 contracts of 0.01 BTC.
    let position = client.world.account().positions().unwrap().remove(0);
    assert_eq!(position.quantity.get(), dec!(0.025));
    let row = client.row(&format!("trade/order?instId={SWAP}&ordId={}", placed["ordId"].as_str().unwrap()));
    assert_eq!(
        (&row["state"], &row["accFillSz"], &row["avgPx"]),
        (&"filled".into(), &"2.5".into(), &"60000".into())
    );
    // Fee 0.025 × 60 000 × 0.0005 = 0.75, a cost.
    assert_eq!(
        (&row["fee"], &row["feeCcy"], &row["clOrdId"]),
        (&"-0.75".into(), &"USDT".into(), &"abc".into())
    );
    client.trade(SWAP, "61000");
    let row = client.row("account/positions");
    assert_eq!((&row["pos"], &row["posSide"], &row["upl"]), (&"2.5".into(), &"net".into(), &"25".into()));
}

#[test]
fn a_short_of_a_net_account_has_a_minus_and_a_leg_of_a_hedged_one_has_none() {
    let mut client = Client::new(false);
    client.done("trade/order", &market("sell", "1"));
    assert_eq!(client.row("account/positions")["pos"], "-1");
    let mut client = Client::new(true);
    client.done("trade/order", &with(market("sell", "1"), &json!({ "posSide": "short" })));
    client.done("trade/order", &with(market("buy", "2"), &json!({ "posSide": "long" })));
    let all = client.get("account/positions");
    let rows: Vec<_> =
        all["data"].as_array().unwrap().iter().map(|one| (&one["posSide"], &one["pos"])).collect();
    assert_eq!(rows, [(&json!("long"), &json!("2")), (&json!("short"), &json!("1"))]);
}

#[test]
fn each_wrong_order_has_the_venues_code() {
    let mut client = Client::new(false);
    let limit = |price: &str| with(market("buy", "1"), &json!({ "ordType": "limit", "px": price }));
    client.done("trade/order", &with(limit("50000"), &json!({ "clOrdId": "used" })));
    let cases = [
        ("instrument", with(market("buy", "1"), &json!({ "instId": "NO-USDT" })), "51001"),
        ("lot", market("buy", "0.015"), "51121"),
        ("margin", market("buy", "100000"), "51008"),
        ("leg", with(market("buy", "1"), &json!({ "posSide": "long" })), "51000"),
        ("twice", with(market("buy", "1"), &json!({ "clOrdId": "used" })), "51016"),
        ("reduce", with(market("sell", "1"), &json!({ "reduceOnly": true })), "51169"),
        ("type", with(market("buy", "1"), &json!({ "ordType": "best" })), "51000"),
        ("mode", with(market("buy", "1"), &json!({ "tdMode": "isolated" })), "51000"),
        ("id", with(market("buy", "1"), &json!({ "clOrdId": "a-b" })), "51000"),
        ("price", limit("50000.05"), "51000"),
    ];
    for (name, order, code) in cases {
        assert_eq!(refused(&client.post("trade/order", &order)), code, "{name}");
    }
    let stop = json!({ "side": "sell", "ordType": "conditional", "slTriggerPx": "99999", "slOrdPx": "-1" });
    assert_eq!(refused(&client.post("trade/order-algo", &with(market("sell", "1"), &stop))), "51280");
}

#[test]
fn cancelling_and_amending_what_is_over_have_their_codes() {
    let mut client = Client::new(false);
    let done = client.done("trade/order", &market("buy", "1"))["ordId"].clone();
    let rests = with(market("buy", "1"), &json!({ "ordType": "limit", "px": "50000" }));
    let open = client.done("trade/order", &rests)["ordId"].clone();
    let of = |number: &Value| json!({ "instId": SWAP, "ordId": number });
    assert_eq!(refused(&client.post("trade/cancel-order", &of(&json!("999")))), "51400");
    assert_eq!(refused(&client.post("trade/cancel-order", &of(&done))), "51402");
    let amended =
        client.done("trade/amend-order", &with(of(&open), &json!({ "newPx": "50001", "newSz": "3" })));
    assert_eq!(amended["sCode"], "0");
    let row = client.row(&format!("trade/order?instId={SWAP}&ordId={}", open.as_str().unwrap()));
    assert_eq!((&row["px"], &row["sz"], &row["state"]), (&json!("50001"), &json!("3"), &json!("live")));
    client.done("trade/cancel-order", &of(&open));
    assert_eq!(refused(&client.post("trade/cancel-order", &of(&open))), "51401");
    assert_eq!(
        refused(&client.post("trade/amend-order", &with(of(&open), &json!({ "newPx": "50002" })))),
        "51509"
    );
    assert_eq!(
        refused(&client.post("trade/amend-order", &with(of(&done), &json!({ "newPx": "50002" })))),
        "51510"
    );
    assert_eq!(client.get(&format!("trade/order?instId={SWAP}&ordId=999"))["code"], "51603");
}

#[test]
fn a_batch_says_of_each_order_what_became_of_it() {
    let mut client = Client::new(false);
    let both = json!([market("buy", "1"), market("buy", "0.001")]);
    let answer = client.post("trade/batch-orders", &both);
    assert_eq!(answer["code"], "2");
    let codes: Vec<_> = answer["data"].as_array().unwrap().iter().map(|one| one["sCode"].clone()).collect();
    assert_eq!(codes, ["0", "51121"]);
}

#[test]
fn a_post_only_order_that_would_take_is_accepted_and_cancelled() {
    let mut client = Client::new(false);
    client.trade(SWAP, "60000");
    let order = with(market("buy", "1"), &json!({ "ordType": "post_only", "px": "60000" }));
    let number = client.done("trade/order", &order)["ordId"].clone();
    let row = client.row(&format!("trade/order?instId={SWAP}&ordId={}", number.as_str().unwrap()));
    assert_eq!((&row["state"], &row["cancelSource"]), (&json!("canceled"), &json!("31")));
}

#[test]
fn protection_comes_with_its_entry_and_one_price_ends_both() {
    let mut client = Client::new(false);
    client.trade(SWAP, "60000");
    let attached = json!({ "attachAlgoOrds": [{ "attachAlgoClOrdId": "prot", "slTriggerPx": "59000", "slOrdPx": "-1",
        "tpTriggerPx": "62000", "tpOrdPx": "-1" }] });
    client.done("trade/order", &with(market("buy", "1"), &attached));
    let algo = client.row("trade/orders-algo-pending?ordType=oco");
    assert_eq!(
        (&algo["algoClOrdId"], &algo["sz"], &algo["side"]),
        (&json!("prot"), &json!("1"), &json!("sell"))
    );
    client.trade(SWAP, "62500");
    let done = client.row("trade/order-algo?algoClOrdId=prot");
    assert_eq!(
        (&done["state"], &done["actualSide"], &done["actualPx"]),
        (&json!("effective"), &json!("tp"), &json!("62500"))
    );
    // The order it sent is the venue's own: no client id, but its maker's.
    let sent = client.row(&format!("trade/order?instId={SWAP}&ordId={}", done["ordId"].as_str().unwrap()));
    assert_eq!(
        (&sent["clOrdId"], &sent["algoClOrdId"], &sent["state"]),
        (&json!(""), &json!("prot"), &json!("filled"))
    );
    assert_eq!(client.get("account/positions")["data"], json!([]));
}

#[test]
fn a_trailing_order_follows_and_a_trigger_order_fires_from_either_side() {
    let mut client = Client::new(false);
    client.trade(SWAP, "60000");
    client.done("trade/order", &market("buy", "2"));
    let trailing = json!({ "ordType": "move_order_stop", "callbackRatio": "0.01", "reduceOnly": true });
    client.done("trade/order-algo", &with(market("sell", "2"), &trailing));
    client.trade(SWAP, "64000");
    client.trade(SWAP, "63400");
    assert_eq!(client.row("account/positions")["pos"], "2");
    client.trade(SWAP, "63360"); // 64 000 less 1 %
    assert_eq!(client.get("account/positions")["data"], json!([]));
    for (side, at) in [("buy", "64000"), ("buy", "62000")] {
        client.trade(SWAP, "63000");
        client.done(
            "trade/order-algo",
            &with(market(side, "1"), &json!({ "ordType": "trigger", "triggerPx": at, "orderPx": "-1" })),
        );
        client.trade(SWAP, at);
    }
    assert_eq!(client.row("account/positions")["pos"], "2");
}

#[test]
fn spot_buys_for_quote_unless_told_otherwise() {
    let mut client = Client::new(false);
    client.trade("BTC-USDT", "50000");
    let spot = |side: &str, size: &str| json!({ "instId": "BTC-USDT", "tdMode": "cash", "side": side, "ordType": "market", "sz": size });
    client.done("trade/order", &spot("buy", "1000"));
    client.done("trade/order", &with(spot("buy", "0.01"), &json!({ "tgtCcy": "base_ccy" })));
    client.done("trade/order", &spot("sell", "0.5"));
    let fills = client.get("trade/fills-history?instType=SPOT&instId=BTC-USDT");
    let rows: Vec<_> = fills["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (&one["fillSz"], &one["fee"], &one["feeCcy"]))
        .collect();
    // Newest first; the fee is 0.1 % of what was received.
    let expected = [("0.5", "-25", "USDT"), ("0.01", "-0.00001", "BTC"), ("0.02", "-0.00002", "BTC")];
    let expected: Vec<_> = expected.map(|(a, b, c)| (json!(a), json!(b), json!(c))).to_vec();
    assert_eq!(rows, expected.iter().map(|(a, b, c)| (a, b, c)).collect::<Vec<_>>());
}

#[test]
fn lists_are_read_a_page_at_a_time() {
    let mut client = Client::new(false);
    for _ in 0..5 {
        client.done("trade/order", &market("buy", "1"));
    }
    let ids = |answer: &Value| -> Vec<String> {
        let rows = answer["data"].as_array().unwrap();
        rows.iter().map(|one| one["ordId"].as_str().unwrap().to_owned()).collect()
    };
    let first = ids(&client.get("trade/orders-history?instType=SWAP&limit=3"));
    let rest = ids(&client.get(&format!("trade/orders-history?instType=SWAP&limit=3&after={}", first[2])));
    let mut all: Vec<String> = first.into_iter().chain(rest).collect();
    assert_eq!(all.len(), 5);
    all.dedup();
    assert!(all.len() == 5 && all.is_sorted_by(|a, b| a > b), "{all:?}");
}
