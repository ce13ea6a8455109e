//! The OKX practice venue: its answers against recorded payloads, its signatures against another client's, the lives of
//! orders, what a fault script does, and the sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod faults;
#[path = "../../../hyperrsi-core/tests/support/oracles.rs"]
mod oracles;
mod orders;
mod payloads;
mod requests;
mod settings;
mod signatures;
mod sockets;
mod streams;

use base64::Engine;
use hmac::{Hmac, KeyInit, Mac};
use hyperrsi_core::model::{InstrumentId, Price, Span, Timestamp};
use hyperrsi_core::sim::account::fault::Script;
use hyperrsi_sim::{Call, Frame, Reply, Wire, World, okx};
use serde_json::Value;
use std::path::{Path, PathBuf};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// 2025-04-30T08:00:00Z.
const START: i64 = 1_746_000_000_000;

fn hmac(secret: &str, text: &str) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
}

/// A practice venue and a client that signs.
struct Client {
    world: World,
    wire: okx::Okx,
    now: Timestamp,
}

impl Client {
    fn new(hedged: bool) -> Self {
        Self::with(hedged, "[]")
    }

    fn with(hedged: bool, faults: &str) -> Self {
        let script: Script = serde_json::from_str(faults).unwrap();
        let now = Timestamp::from_millis(START);
        let mut practice = okx::practice(hedged, None, 7, script);
        practice.rate_limits = false;
        Self { world: World::new(practice, now).unwrap(), wire: okx::Okx::default(), now }
    }

    fn reply(&mut self, method: &str, target: &str, body: &str) -> Reply {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let stamp = self.now.to_string();
        let signature = hmac("test-secret-0123456789abcdef", &format!("{stamp}{method}{target}{body}"));
        let headers = [
            ("ok-access-key", "test-key"),
            ("ok-access-sign", &signature),
            ("ok-access-timestamp", &stamp),
            ("ok-access-passphrase", "test-pass"),
        ];
        let call = Call {
            method: method.into(),
            path: path.into(),
            query: query.into(),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            body: body.into(),
            wall: self.now,
        };
        self.world.answer(&self.wire, &call)
    }

    fn get(&mut self, target: &str) -> Value {
        serde_json::from_str(&self.reply("GET", &format!("/api/v5/{target}"), "").body).unwrap()
    }

    fn post(&mut self, target: &str, body: &Value) -> Value {
        let reply = self.reply("POST", &format!("/api/v5/{target}"), &body.to_string());
        serde_json::from_str(&reply.body).unwrap()
    }

    /// The only row of an answer that went well.
    fn row(&mut self, target: &str) -> Value {
        only(self.get(target))
    }

    fn done(&mut self, target: &str, body: &Value) -> Value {
        only(self.post(target, body))
    }

    /// Moves a market by hand. What it sets off is told with the next call.
    fn trade(&mut self, symbol: &str, price: &str) {
        let (now, id) = (self.now, InstrumentId::new("okx", symbol));
        self.world.account_mut().trade(now, &id, Price::new(price.parse().unwrap())).unwrap();
    }

    fn last(&self, symbol: &str) -> hyperrsi_core::Decimal {
        self.world.account().last_price(&InstrumentId::new("okx", symbol)).unwrap().get()
    }

    fn pass(&mut self, span: Span) {
        self.now = self.now + span;
        self.world.advance(&self.wire, self.now).unwrap();
    }

    fn connect(&mut self, path: &str) -> Stream {
        let (out, frames) = unbounded_channel();
        Stream { id: self.world.connect(&self.wire, path, out).unwrap(), frames }
    }

    fn say(&mut self, stream: &Stream, text: &str) {
        self.world.heard(&self.wire, stream.id, text);
    }

    /// A stream that is logged in.
    fn private(&mut self, path: &str) -> Stream {
        let mut stream = self.connect(path);
        let stamp = self.now.seconds().to_string();
        let sign = hmac("test-secret-0123456789abcdef", &format!("{stamp}GET/users/self/verify"));
        let login = serde_json::json!({ "op": "login", "args": [
            { "apiKey": "test-key", "passphrase": "test-pass", "timestamp": stamp, "sign": sign }] });
        self.say(&stream, &login.to_string());
        assert_eq!(stream.next()["event"], "login");
        stream
    }

    fn subscribe(&mut self, stream: &mut Stream, argument: &Value) {
        let request = serde_json::json!({ "op": "subscribe", "args": [argument] });
        self.say(stream, &request.to_string());
        assert_eq!(stream.next()["event"], "subscribe");
    }
}

fn only(answer: Value) -> Value {
    assert_eq!(answer["code"], "0", "{answer}");
    let rows = answer["data"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{answer}");
    rows[0].clone()
}

struct Stream {
    id: u64,
    frames: UnboundedReceiver<Frame>,
}

impl Stream {
    fn texts(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.frames.try_recv().ok())
            .map(|frame| match frame {
                Frame::Text(text) => text,
                Frame::Close => "closed".into(),
            })
            .collect()
    }
    fn all(&mut self) -> Vec<Value> {
        self.texts().iter().map(|text| serde_json::from_str(text).unwrap()).collect()
    }
    fn next(&mut self) -> Value {
        match self.frames.try_recv() {
            Ok(Frame::Text(text)) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    }
}

/// The folder `venues` of the oracles, if it is there.
fn oracles() -> Option<PathBuf> {
    oracles::folder("venues")
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}
