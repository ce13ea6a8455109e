//! TLS and HTTP/2 as they are, against a server on this machine with a root certificate of its own: whom connections
//! trust, how long they are kept, and how a dead one is noticed.
#![cfg(feature = "okx")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use futures_util::{SinkExt as _, StreamExt as _};
use hyperrsi_core::exchange::{
    Channel, ExchangeError, Feed, MarketData as _, MarketDataExt as _, MarketEvent,
};
use hyperrsi_core::model::InstrumentId;
use hyperrsi_exchanges::net::Trust;
use hyperrsi_exchanges::okx::{Config, Market, VENUE};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::server::TlsStream;
use tokio_tungstenite::tungstenite::Message;

/// What the server has seen and how it behaves.
#[derive(Default)]
struct Log {
    connections: AtomicUsize,
    /// Of each request, which connection it came on.
    requests: Mutex<Vec<usize>>,
    /// Connections that are open now neither answer nor answer pings.
    mute: AtomicBool,
}

struct Secure {
    url: String,
    root: String,
    log: Arc<Log>,
}

impl Secure {
    /// A server whose certificate is for `name`.
    async fn start(name: &str) -> Self {
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf =
            CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![leaf.der().clone()],
                PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
            )
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let log = Arc::new(Log::default());
        let seen = Arc::clone(&log);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, log) = (acceptor.clone(), Arc::clone(&seen));
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    match stream.get_ref().1.alpn_protocol() {
                        Some(b"h2") => two(stream, &log).await,
                        _ => socket(stream).await,
                    }
                });
            }
        });
        Self { url, root: authority.pem(), log }
    }

    fn config(&self) -> Config {
        let mut config = Config::at(&self.url).unwrap();
        config.http.trust = Trust::default().and(&self.root).unwrap();
        config
    }

    fn market(&self, change: impl FnOnce(&mut Config)) -> Market {
        let mut config = self.config();
        change(&mut config);
        Market::new(config).unwrap()
    }
}

fn answer(path: &str) -> Value {
    let rows = match path {
        "/api/v5/public/instruments?instType=SWAP" => json!([{
            "instId": "BTC-USDT-SWAP", "instType": "SWAP", "ctType": "linear", "ctVal": "0.01", "ctMult": "1",
            "ctValCcy": "BTC", "settleCcy": "USDT", "tickSz": "0.1", "lotSz": "0.01", "minSz": "0.01",
            "maxLmtSz": "100000", "maxMktSz": "12000", "lever": "100", "state": "live",
        }]),
        "/api/v5/public/time" => json!([{"ts": "1746000000123"}]),
        _ => json!([]),
    };
    json!({"code": "0", "msg": "", "data": rows})
}

/// Speaks HTTP/2 until it is muted; then the connection stays open and says nothing, not even to pings.
async fn two(stream: TlsStream<TcpStream>, log: &Log) {
    let number = log.connections.fetch_add(1, Ordering::SeqCst);
    let mut connection = h2::server::handshake(stream).await.unwrap();
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        log.requests.lock().unwrap().push(number);
        if log.mute.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        let target = request.uri().path_and_query().unwrap().to_string();
        let head = http::Response::builder().status(200).body(()).unwrap();
        let mut body = respond.send_response(head, false).unwrap();
        body.send_data(answer(&target).to_string().into(), true).unwrap();
    }
}

/// Confirms what is subscribed to.
async fn socket(stream: TlsStream<TcpStream>) {
    let mut stream = tokio_tungstenite::accept_async(stream).await.unwrap();
    while let Some(Ok(Message::Text(text))) = stream.next().await {
        let asked: Value = serde_json::from_str(&text).unwrap();
        for arg in asked["args"].as_array().unwrap() {
            let said = json!({"event": "subscribe", "arg": arg, "connId": "1"});
            stream.send(Message::text(said.to_string())).await.unwrap();
        }
    }
}

#[tokio::test]
async fn calls_share_one_connection_of_http_2_until_it_is_too_old() {
    let server = Secure::start("localhost").await;
    let market = server.market(|_| {});
    for _ in 0..5 {
        assert_eq!(market.market_time().await.unwrap().millis(), 1_746_000_000_123);
    }
    assert_eq!(*server.log.requests.lock().unwrap(), [0; 5], "five calls, one connection");

    let market = server.market(|config| config.http.max_age = Duration::ZERO);
    for _ in 0..3 {
        market.market_time().await.unwrap();
    }
    assert_eq!(
        server.log.requests.lock().unwrap()[5..],
        [1, 2, 3],
        "each connection was too old for the next call"
    );
}

#[tokio::test]
async fn a_root_nobody_named_and_a_name_that_is_another_are_refused_before_anything_is_sent() {
    let server = Secure::start("localhost").await;
    let stranger = server.market(|config| config.http.trust = Trust::default());
    let elsewhere = Secure::start("elsewhere.test").await;
    for market in [stranger, elsewhere.market(|_| {})] {
        let error = market.market_time().await.unwrap_err();
        assert!(matches!(error, ExchangeError::Connectivity { sent: false, .. }), "{error:?}");
        assert!(error.outcome_known());
    }
    assert!(server.log.requests.lock().unwrap().is_empty());
    assert!(elsewhere.log.requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_connection_that_answers_no_ping_is_left_long_before_the_call_times_out() {
    let server = Secure::start("localhost").await;
    let market = server.market(|config| {
        config.http.timeout = Duration::from_secs(60);
        config.http.ping_every = Duration::from_millis(100);
        config.http.ping_within = Duration::from_millis(100);
    });
    market.market_time().await.unwrap();
    server.log.mute.store(true, Ordering::SeqCst);
    let answer = tokio::time::timeout(Duration::from_secs(30), market.market_time()).await;
    let error = answer.expect("the pings end it, not the call's own time").unwrap_err();
    assert!(!error.outcome_known(), "it was sent: {error:?}");
    server.log.mute.store(false, Ordering::SeqCst);
    market.market_time().await.unwrap();
    assert_eq!(*server.log.requests.lock().unwrap(), [0, 0, 1], "the next call has a new connection");
}

#[tokio::test]
async fn sockets_trust_the_same_roots() {
    let server = Secure::start("localhost").await;
    let feed = Feed { instrument: InstrumentId::new(VENUE, "BTC-USDT-SWAP"), channel: Channel::Last };
    let mut events = server.market(|_| {}).subscribe(vec![feed.clone()]).await.unwrap();
    let first = tokio::time::timeout(Duration::from_secs(30), events.next()).await.unwrap();
    assert_eq!(first, Some(MarketEvent::Up { feed }));
}
