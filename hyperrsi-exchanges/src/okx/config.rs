use super::REST_HOST;
use crate::net::socket::Pace;
use crate::net::{Endpoint, EndpointError, HttpConfig};
use std::time::Duration;

/// Where and how OKX is reached.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The REST interface.
    pub rest: Endpoint,
    /// WebSocket with prices.
    pub public: Endpoint,
    /// WebSocket with orders, positions and balances.
    pub private: Endpoint,
    /// WebSocket with candles and conditional orders.
    pub business: Endpoint,
    /// Demo trading: the venue's own practice mode, with keys of its own.
    pub demo: bool,
    /// How HTTP connections are kept.
    pub http: HttpConfig,
    /// The times of a WebSocket connection.
    pub pace: Pace,
    /// A price or candle feed that says nothing for so long is down. The venue pushes prices when they change.
    pub stale_after: Duration,
    /// How long the connection may be quiet before a heartbeat is sent; the venue closes after thirty seconds.
    pub heartbeat: Duration,
    /// The clock's offset is measured again after this long.
    pub clock_every: Duration,
    /// How many times faster than the clock the server's time runs; the venue's limits are widened by it. 1, but for a
    /// practice server.
    pub speed: u32,
}

impl Config {
    /// The venue itself.
    ///
    /// # Errors
    /// Never: the addresses are constants.
    pub fn live() -> Result<Self, EndpointError> {
        Self::of(&format!("https://{REST_HOST}"), "wss://ws.okx.com:8443", false)
    }

    /// The venue's demo trading. The prices are the real ones.
    ///
    /// # Errors
    /// Never: the addresses are constants.
    pub fn demo() -> Result<Self, EndpointError> {
        Self::of(&format!("https://{REST_HOST}"), "wss://wspap.okx.com:8443", true)
    }

    /// A server that speaks the venue's protocol: a practice server on this machine (`http://127.0.0.1:8080`), or
    /// another of the venue's domains.
    ///
    /// ```
    /// let config = hyperrsi_exchanges::okx::Config::at("http://127.0.0.1:8080")?;
    /// assert_eq!(config.private.as_str(), "ws://127.0.0.1:8080/ws/v5/private");
    /// assert!(hyperrsi_exchanges::okx::Config::at("http://example.com").is_err());
    /// # Ok::<(), hyperrsi_exchanges::net::EndpointError>(())
    /// ```
    ///
    /// # Errors
    /// An address that is not encrypted and not on this machine.
    pub fn at(base_url: &str) -> Result<Self, EndpointError> {
        let base = Endpoint::new(base_url)?;
        let sockets = base.as_str().replacen("http", "ws", 1);
        Self::of(base.as_str(), &sockets, false)
    }

    fn of(rest: &str, sockets: &str, demo: bool) -> Result<Self, EndpointError> {
        let socket = |name: &str| Endpoint::new(&format!("{sockets}/ws/v5/{name}"));
        Ok(Self {
            rest: Endpoint::new(rest)?,
            public: socket("public")?,
            private: socket("private")?,
            business: socket("business")?,
            demo,
            http: HttpConfig::default(),
            pace: Pace::default(),
            stale_after: Duration::from_secs(60),
            heartbeat: Duration::from_secs(20),
            clock_every: Duration::from_secs(600),
            speed: 1,
        })
    }
}
