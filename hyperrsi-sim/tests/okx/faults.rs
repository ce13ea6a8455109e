use super::*;
use serde_json::json;

const SWAP: &str = "BTC-USDT-SWAP";

fn entry(id: &str) -> Value {
    json!({ "instId": SWAP, "tdMode": "cross", "side": "buy", "ordType": "market", "sz": "1", "clOrdId": id })
}

fn place(client: &mut Client, id: &str) -> Reply {
    client.reply("POST", "/api/v5/trade/order", &entry(id).to_string())
}

fn fills(client: &Client) -> usize {
    client.world.account().executions().len()
}

#[test]
fn a_lost_answer_has_its_effect_and_a_lost_call_has_none() {
    let mut client = Client::with(
        false,
        r#"[{"call": "place", "fault": "drop_ack"}, {"call": "place", "nth": 2, "fault": "drop_call"}]"#,
    );
    assert!(place(&mut client, "a").lost);
    assert_eq!(fills(&client), 1);
    assert!(place(&mut client, "b").lost);
    assert_eq!(fills(&client), 1);
    let found = client.row(&format!("trade/order?instId={SWAP}&clOrdId=a"));
    assert_eq!(found["state"], "filled");
    assert_eq!(client.get(&format!("trade/order?instId={SWAP}&clOrdId=b"))["code"], "51603");
}

#[test]
fn an_order_is_refused_with_a_class_or_a_code() {
    let mut client = Client::with(
        false,
        r#"[{"call": "place", "fault": "reject", "class": "insufficient_margin"},
            {"call": "place", "nth": 2, "fault": "reject", "class": "other", "code": "51999"},
            {"call": "balances", "fault": "reject", "class": "auth"}]"#,
    );
    let codes: Vec<Value> = ["a", "b"]
        .iter()
        .map(|id| client.post("trade/order", &entry(id))["data"][0]["sCode"].clone())
        .collect();
    assert_eq!((codes, fills(&client)), (vec![json!("51008"), json!("51999")], 0));
    let reply = client.reply("GET", "/api/v5/account/balance", "");
    assert!(reply.status == 401 && reply.body.contains("50111"));
    assert_eq!(client.reply("GET", "/api/v5/account/balance", "").status, 200);
}

#[test]
fn limits_pages_and_cut_answers_come_as_they_do_at_the_venue() {
    let mut client = Client::with(
        false,
        r#"[{"call": "place", "fault": "rate_limit", "retry_after_ms": 1500},
            {"call": "place", "nth": 2, "fault": "error_page", "status": 502, "after_effect": true},
            {"call": "place", "nth": 3, "fault": "error_page", "status": 503},
            {"call": "place", "nth": 4, "fault": "malformed"},
            {"call": "place", "nth": 5, "fault": "delay", "by_ms": 700}]"#,
    );
    let limited = place(&mut client, "a");
    assert_eq!((limited.status, limited.headers), (429, vec![("retry-after", "2".to_owned())]));
    let page = place(&mut client, "b");
    assert!(page.status == 502 && page.body.starts_with("<!DOCTYPE html>") && fills(&client) == 1);
    assert_eq!((place(&mut client, "c").status, fills(&client)), (503, 1));
    let cut = place(&mut client, "d");
    assert!(serde_json::from_str::<Value>(&cut.body).is_err() && fills(&client) == 2);
    assert_eq!(place(&mut client, "e").delay, Span::millis_of(700));
}

#[test]
fn maintenance_and_bans_end_by_themselves() {
    let mut client = Client::with(
        false,
        r#"[{"at_ms": 1000, "fault": "maintenance", "for_ms": 2000}, {"at_ms": 5000, "fault": "ban", "for_ms": 1000}]"#,
    );
    client.pass(Span::ZERO);
    let mut status = |seconds| {
        client.pass(Span::seconds(seconds));
        client.reply("GET", "/api/v5/account/balance", "").status
    };
    assert_eq!([status(0), status(1), status(2), status(2), status(1)], [200, 503, 200, 418, 200]);
}

#[test]
fn a_skewed_clock_is_told_and_refuses_old_requests() {
    let mut client = Client::with(false, r#"[{"at_ms": 0, "fault": "clock_skew", "by_ms": 60000}]"#);
    client.pass(Span::ZERO);
    assert_eq!(client.row("public/time")["ts"], (START + 60_000).to_string());
    let reply = client.reply("GET", "/api/v5/account/balance", "");
    assert!(reply.body.contains("50102"), "{}", reply.body);
}

#[test]
fn streams_repeat_swap_cut_and_swallow_messages() {
    let faults = |fault: &str| format!(r#"[{{"at_ms": 1000, "stream": "private", {fault}}}]"#);
    let told = |fault: &str| {
        let mut client = Client::with(false, &faults(fault));
        let mut stream = client.private("/ws/v5/private");
        client.subscribe(&mut stream, &json!({ "channel": "orders", "instType": "SWAP" }));
        client.pass(Span::ZERO);
        client.pass(Span::seconds(1));
        client.done("trade/order", &entry("a"));
        let states = stream.texts();
        states
            .iter()
            .map(|text| {
                serde_json::from_str::<Value>(text)
                    .map_or("cut".to_owned(), |one| one["data"][0]["state"].as_str().unwrap().to_owned())
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(told(r#""fault": "duplicate""#), ["live", "live", "filled"]);
    assert_eq!(told(r#""fault": "reorder""#), ["filled", "live"]);
    assert_eq!(told(r#""fault": "malformed_message""#), ["cut", "filled"]);
    assert_eq!(told(r#""fault": "mute_stream", "for_ms": 5000"#), Vec::<String>::new());
    let mut client = Client::with(false, &faults(r#""fault": "cut_stream""#));
    let mut stream = client.private("/ws/v5/private");
    client.pass(Span::ZERO);
    client.pass(Span::seconds(1));
    assert_eq!(stream.texts(), ["closed"]);
}

#[test]
fn hands_flip_cancel_and_close() {
    let mut client = Client::with(
        false,
        r#"[{"at_ms": 1000, "fault": "cancel_by_hand", "client_id": "sl", "conditional": true},
            {"at_ms": 2000, "fault": "close_by_hand"}, {"at_ms": 3000, "fault": "flip_position_mode"}]"#,
    );
    client.pass(Span::ZERO);
    client.done("trade/order", &entry("a"));
    let stop = json!({ "instId": SWAP, "tdMode": "cross", "side": "sell", "ordType": "conditional", "sz": "1",
        "slTriggerPx": "50000", "slOrdPx": "-1", "reduceOnly": true, "algoClOrdId": "sl" });
    client.done("trade/order-algo", &stop);
    client.pass(Span::seconds(1));
    assert_eq!(client.row("trade/order-algo?algoClOrdId=sl")["state"], "canceled");
    assert_eq!(client.row("account/positions")["pos"], "1");
    client.pass(Span::seconds(1));
    assert_eq!(client.get("account/positions")["data"], json!([]));
    client.pass(Span::seconds(1));
    assert_eq!(client.row("account/config")["posMode"], "long_short_mode");
    assert_eq!(client.post("trade/order", &entry("b"))["data"][0]["sCode"], "51000");
}
