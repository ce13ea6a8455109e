//! A small server on this machine that answers as a test says: JSON, error pages, cut-off bodies, silence, dropped
//! connections; and WebSocket connections that a test speaks on itself.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub,
    reason = "tests; each test file uses its part"
)]

#[cfg(feature = "okx")]
pub mod okx;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::{Message, protocol::Role};

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Heard {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Heard {
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// What the server does with a request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// 200 with this JSON.
    Json(Value),
    /// A status, headers and a body.
    Raw(u16, Vec<(&'static str, String)>, String),
    /// Says that more follows, then closes.
    CutOff(String),
    /// Closes without a word.
    Drop,
}

/// The venue's envelope around rows.
pub fn rows(data: Value) -> Answer {
    Answer::Json(serde_json::json!({"code": "0", "msg": "", "data": data}))
}

/// The venue's envelope around an error.
pub fn refuses(code: &str) -> Answer {
    Answer::Json(serde_json::json!({"code": code, "msg": "no", "data": []}))
}

/// One WebSocket connection, spoken by the test.
pub struct Socket {
    pub path: String,
    stream: WebSocketStream<TcpStream>,
}

impl Socket {
    /// The next text frame.
    pub async fn hear(&mut self) -> Option<String> {
        loop {
            match self.stream.next().await? {
                Ok(Message::Text(text)) => return Some(text.to_string()),
                Ok(_) => {}
                Err(_) => return None,
            }
        }
    }
    pub async fn say(&mut self, frame: impl ToString) {
        let _ = self.stream.send(Message::text(frame.to_string())).await;
    }
    /// Confirms a login and every subscription that follows in one frame.
    pub async fn accept(&mut self) {
        loop {
            let Some(text) = self.hear().await else { return };
            let frame: Value = serde_json::from_str(&text).unwrap();
            if frame["op"] == "login" {
                self.say(serde_json::json!({"event": "login", "code": "0", "msg": ""})).await;
                continue;
            }
            for arg in frame["args"].as_array().unwrap() {
                self.say(serde_json::json!({"event": "subscribe", "arg": arg, "connId": "1"})).await;
            }
            return;
        }
    }
}

/// The server; it ends with the test.
pub struct Server {
    pub url: String,
    pub heard: Arc<Mutex<Vec<Heard>>>,
    pub sockets: mpsc::UnboundedReceiver<Socket>,
}

impl Server {
    pub async fn start(answer: impl Fn(&Heard) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (sender, sockets) = mpsc::unbounded_channel();
        let (log, answer) = (Arc::clone(&heard), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (log, answer, sender) = (Arc::clone(&log), Arc::clone(&answer), sender.clone());
                tokio::spawn(async move { serve(stream, &log, &*answer, &sender).await });
            }
        });
        Self { url, heard, sockets }
    }

    /// The requests so far on a path.
    pub fn on(&self, path: &str) -> Vec<Heard> {
        self.heard.lock().unwrap().iter().filter(|heard| heard.path() == path).cloned().collect()
    }
}

async fn serve(
    mut stream: TcpStream,
    log: &Mutex<Vec<Heard>>,
    answer: &(impl Fn(&Heard) -> Answer + Send + Sync),
    sockets: &mpsc::UnboundedSender<Socket>,
) -> Option<()> {
    loop {
        let heard = request(&mut stream).await?;
        if let Some(key) = heard.header("sec-websocket-key") {
            let accept = derive_accept_key(key.as_bytes());
            let head = format!(
                "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: {accept}\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).await.ok()?;
            let path = heard.path().to_owned();
            let stream = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
            let _ = sockets.send(Socket { path, stream });
            return None;
        }
        let said = answer(&heard);
        log.lock().unwrap().push(heard);
        let (status, headers, body, extra) = match said {
            Answer::Json(value) => {
                (200, vec![("content-type", "application/json".into())], value.to_string(), 0)
            }
            Answer::Raw(status, headers, body) => (status, headers, body, 0),
            Answer::CutOff(body) => (200, vec![], body, 100),
            Answer::Drop => return None,
        };
        let mut head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n", body.len() + extra);
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        stream.write_all(format!("{head}\r\n{body}").as_bytes()).await.ok()?;
        if extra > 0 {
            return None;
        }
    }
}

async fn request(stream: &mut TcpStream) -> Option<Heard> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
    };
    let text = String::from_utf8(bytes[..head].to_vec()).unwrap();
    let mut lines = text.lines();
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':').map(|(k, v)| (k.to_owned(), v.trim().to_owned())))
        .collect();
    let length = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, value)| value.parse().unwrap());
    let mut body = bytes[head + 4..].to_vec();
    while body.len() < length {
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
        body.extend_from_slice(&chunk[..count]);
    }
    Some(Heard { method, target, headers, body: String::from_utf8(body).unwrap() })
}
