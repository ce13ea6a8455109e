use super::*;
use hyperrsi_sim::Keys;

/// Every request another client signed is accepted, and none whose signature, body or secret is another.
#[test]
fn what_ccxt_signs_is_accepted_and_nothing_else() {
    let Some(folder) = oracles() else { return };
    let vectors = read(&folder.join("signatures.json"))["vectors"].clone();
    let mut seen = 0;
    for vector in vectors.as_array().unwrap().iter().filter(|one| one["venue"] == "okx") {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let keys = Keys {
            key: text(&vector["credentials"]["apiKey"]),
            secret: text(&vector["credentials"]["secret"]),
            passphrase: text(&vector["credentials"]["password"]),
        };
        let now = Timestamp::from_millis(vector["timestamp_ms"].as_i64().unwrap());
        let mut practice = okx::practice(false, None, 7, Script::default());
        practice.keys = keys;
        let mut world = World::new(practice, now).unwrap();
        let url = text(&vector["url"]);
        let target = url.strip_prefix("https://www.okx.com").unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut call = Call {
            method: text(&vector["method"]),
            path: path.into(),
            query: query.into(),
            headers: vector["headers"]
                .as_object()
                .unwrap()
                .iter()
                .map(|(name, value)| (name.to_lowercase(), text(value)))
                .collect(),
            body: text(&vector["body"]),
            wall: now,
        };
        if okx::Okx::default().kind(&call).is_none() {
            continue;
        }
        seen += 1;
        let mut answered = |call: &Call| okx::Okx::default().answer(&mut world, call);
        let reply = answered(&call);
        assert_ne!(reply.status, 401, "{}: {}", vector["id"], reply.body);
        call.body.push(' ');
        let reply = answered(&call);
        assert!(reply.status == 401 && reply.body.contains("50113"), "{}: {}", vector["id"], reply.body);
    }
    assert!(seen >= 4, "{seen}");
}

#[test]
fn each_wrong_header_has_its_own_code() {
    let mut client = Client::new(false);
    let right = client.reply("GET", "/api/v5/account/balance", "");
    assert_eq!(right.status, 200);
    let stamp = client.now.to_string();
    let signature = hmac("test-secret-0123456789abcdef", &format!("{stamp}GET/api/v5/account/balance"));
    let old = (client.now - Span::seconds(31)).to_string();
    let cases = [
        ("ok-access-key", "", "50103"),
        ("ok-access-passphrase", "", "50104"),
        ("ok-access-sign", "", "50106"),
        ("ok-access-timestamp", "", "50107"),
        ("ok-access-key", "other", "50111"),
        ("ok-access-timestamp", "soon", "50112"),
        ("ok-access-timestamp", old.as_str(), "50102"),
        ("ok-access-sign", "AAAA", "50113"),
        ("ok-access-passphrase", "other", "50105"),
    ];
    for (name, value, code) in cases {
        let headers = [
            ("ok-access-key", "test-key"),
            ("ok-access-sign", signature.as_str()),
            ("ok-access-timestamp", stamp.as_str()),
            ("ok-access-passphrase", "test-pass"),
        ];
        let headers =
            headers.map(|(key, right)| (key.to_owned(), if key == name { value } else { right }.to_owned()));
        let call = Call {
            method: "GET".into(),
            path: "/api/v5/account/balance".into(),
            headers: headers.to_vec(),
            wall: client.now,
            ..Call::default()
        };
        let reply = client.world.answer(&client.wire, &call);
        let body: Value = serde_json::from_str(&reply.body).unwrap();
        assert_eq!((reply.status, &body["code"]), (401, &Value::from(code)), "{name} = {value:?}");
    }
}
