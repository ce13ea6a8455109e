use super::*;
use serde_json::json;

const SWAP: &str = "BTC-USDT-SWAP";

#[test]
fn modes_and_leverage_are_set_read_back_and_refused_while_in_use() {
    let mut client = Client::new(false);
    assert_eq!(client.row("account/config")["posMode"], "net_mode");
    client.done("account/set-position-mode", &json!({ "posMode": "long_short_mode" }));
    assert_eq!(client.row("account/config")["posMode"], "long_short_mode");
    for (side, leverage) in [("long", "7"), ("short", "9")] {
        let set = json!({ "instId": SWAP, "mgnMode": "isolated", "posSide": side, "lever": leverage });
        client.done("account/set-leverage", &set);
    }
    let read = client.get(&format!("account/leverage-info?instId={SWAP}&mgnMode=isolated"));
    let read: Vec<_> = read["data"].as_array().unwrap().iter().map(|one| one["lever"].clone()).collect();
    assert_eq!(read, ["7", "9"]);
    let side_missing = json!({ "instId": SWAP, "mgnMode": "isolated", "lever": "7" });
    assert_eq!(client.post("account/set-leverage", &side_missing)["code"], "51000");
    let high = json!({ "instId": SWAP, "mgnMode": "cross", "lever": "101" });
    assert_eq!(client.post("account/set-leverage", &high)["code"], "59102");
    let entry = json!({ "instId": SWAP, "tdMode": "cross", "side": "buy", "posSide": "long", "ordType": "market", "sz": "1" });
    client.done("trade/order", &entry);
    assert_eq!(client.post("account/set-position-mode", &json!({ "posMode": "net_mode" }))["code"], "59000");
}

#[test]
fn funding_is_charged_every_eight_hours_and_billed() {
    let mut client = Client::new(false);
    let entry = json!({ "instId": SWAP, "tdMode": "cross", "side": "buy", "ordType": "market", "sz": "10" });
    client.done("trade/order", &entry);
    client.pass(Span::millis_of(8 * 3_600_000 - 1));
    assert_eq!(client.get("account/bills?type=8")["data"], json!([]));
    client.pass(Span::millis_of(1));
    let bill = client.row("account/bills?type=8");
    assert_eq!((&bill["subType"], &bill["ts"]), (&json!("173"), &json!((START + 8 * 3_600_000).to_string())));
    // 0.1 BTC at the mark price × 0.0001, paid by the long.
    let paid = bill["balChg"].as_str().unwrap().parse::<hyperrsi_core::Decimal>().unwrap();
    let expected = -client.last(SWAP) * hyperrsi_core::dec!(0.1) * hyperrsi_core::dec!(0.0001);
    assert_eq!(paid, expected);
}

#[test]
fn candles_close_one_after_another_and_bars_are_made_of_them() {
    let mut client = Client::new(false);
    let rows =
        |answer: Value| -> Vec<Vec<String>> { serde_json::from_value(answer["data"].clone()).unwrap() };
    client.pass(Span::seconds(90));
    let minutes = rows(client.get(&format!("market/candles?instId={SWAP}&bar=1m&limit=300")));
    let times: Vec<i64> = minutes.iter().map(|row| row[0].parse().unwrap()).collect();
    assert_eq!(times[0], START + 60_000);
    assert!(times.windows(2).all(|pair| pair[0] - pair[1] == 60_000));
    let closed: Vec<&str> = minutes.iter().map(|row| row[8].as_str()).collect();
    assert!(closed[0] == "0" && closed[1..].iter().all(|one| *one == "1"));
    // Where one minute ends the next begins, and five of them are a bar.
    assert!(minutes.windows(2).all(|pair| pair[0][1] == pair[1][4]));
    let fives = rows(client.get(&format!("market/candles?instId={SWAP}&bar=5m&limit=2")));
    let inside: Vec<_> =
        minutes.iter().filter(|row| (row[0] < fives[0][0]) && (row[0] >= fives[1][0])).collect();
    let price = |text: &str| text.parse::<f64>().unwrap();
    let high = inside.iter().map(|row| price(&row[2])).fold(0.0, f64::max);
    let low = inside.iter().map(|row| price(&row[3])).fold(f64::MAX, f64::min);
    assert_eq!(inside.len(), 5);
    assert_eq!((price(&fives[1][2]), price(&fives[1][3])), (high, low));
    assert_eq!((&fives[1][1], &fives[1][4]), (&inside[4][1], &inside[0][4]));
    // Windows exclude both ends.
    let window = rows(
        client.get(&format!("market/candles?instId={SWAP}&bar=1m&before={}&after={}", times[5], times[2])),
    );
    assert_eq!(window.iter().map(|row| row[0].parse().unwrap()).collect::<Vec<i64>>(), times[3..5]);
    assert_eq!(client.get(&format!("market/candles?instId={SWAP}&bar=7m"))["code"], "51000");
}

#[test]
fn recorded_candles_go_on_from_now_and_then_stand_still() {
    use hyperrsi_core::model::{Candle, Timeframe};
    let mut candles = hyperrsi_core::series::Candles::new(Timeframe::M1);
    for minute in 0..601_i64 {
        let price = 100.0 + minute as f64;
        let at = Timestamp::from_millis(minute * 60_000);
        candles.push(Candle::new(at, price, price + 2.0, price - 1.0, price + 1.0, 1.0)).unwrap();
    }
    let now = Timestamp::from_millis(START);
    let practice = okx::practice(false, Some(candles), 7, Script::default());
    let mut client = Client { world: World::new(practice, now).unwrap(), wire: okx::Okx::default(), now };
    client.pass(Span::minutes(3));
    let answer = client.get(&format!("market/candles?instId={SWAP}&limit=4"));
    let rows: Vec<Vec<String>> = serde_json::from_value(answer["data"].clone()).unwrap();
    let shown: Vec<[&str; 5]> = rows.iter().map(|row| [1, 2, 3, 4, 8].map(|at| row[at].as_str())).collect();
    // The 601st candle is drawn from the start on; 701 is its close.
    let still = ["701", "701", "701", "701", "1"];
    assert_eq!(shown[1..], [still, still, ["700", "702", "699", "701", "1"]]);
    assert_eq!(shown[0][..4], still[..4]);
}

#[test]
fn calls_that_come_too_fast_are_turned_away_for_two_seconds() {
    let now = Timestamp::from_millis(START);
    let practice = okx::practice(false, None, 7, Script::default());
    let mut client = Client { world: World::new(practice, now).unwrap(), wire: okx::Okx::default(), now };
    let statuses: Vec<u16> =
        (0..11).map(|_| client.reply("GET", "/api/v5/account/positions", "").status).collect();
    assert_eq!((statuses.iter().filter(|one| **one == 200).count(), statuses[10]), (10, 429));
    let body = client.reply("GET", "/api/v5/account/positions", "").body;
    assert!(body.contains("50011"), "{body}");
    client.pass(Span::seconds(2));
    assert_eq!(client.reply("GET", "/api/v5/account/positions", "").status, 200);
}
