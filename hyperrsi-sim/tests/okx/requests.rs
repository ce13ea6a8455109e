use super::*;

/// Every request another client makes is one the venue has, and its parameters are understood: it is carried out, or
/// refused for what the account or the market is like.
#[test]
fn every_request_of_ccxt_is_understood() {
    let Some(folder) = oracles() else { return };
    let recorded = read(&folder.join("requests/okx.json"));
    let (mut wrong, mut seen, mut done) = (Vec::new(), 0, 0);
    for vector in recorded["vectors"].as_array().unwrap() {
        let text = |name: &str| vector[name].as_str().unwrap_or_default().to_owned();
        let body = text("body");
        let mut client =
            Client::new(body.contains(r#""posSide":"long""#) || body.contains(r#""posSide":"short""#));
        // Between the stops and the goals of the recorded orders.
        for symbol in ["BTC-USDT-SWAP", "BTC-USDT"] {
            client.trade(symbol, "94000");
        }
        let query: Vec<String> = vector["query"]
            .as_array()
            .unwrap()
            .iter()
            .map(|pair| format!("{}={}", pair[0].as_str().unwrap(), pair[1].as_str().unwrap()))
            .collect();
        let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
        let reply = client.reply(&text("method"), &format!("{}{query}", text("path")), &body);
        let answer: Value = serde_json::from_str(&reply.body).unwrap();
        let row = answer["data"][0]["sCode"].as_str().unwrap_or_default();
        let code = if row.is_empty() { answer["code"].as_str().unwrap() } else { row };
        // Unknown path, empty body, wrong parameter, unknown instrument.
        if reply.status != 200 || ["404", "50000", "51000", "51001"].contains(&code) {
            wrong.push(format!("{}: {} {}", text("name"), reply.status, reply.body));
        }
        seen += 1;
        done += usize::from(code == "0");
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(seen > 60 && done > 40, "{done} of {seen}");
}
