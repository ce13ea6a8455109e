use super::{Clock, Endpoint, Method, Trust};
use bytes::Bytes;
use hyperrsi_core::exchange::ExchangeError;
use hyperrsi_core::model::Span;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How HTTP connections are kept.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HttpConfig {
    /// How long a connection may take to open.
    pub connect_timeout: Duration,
    /// How long a call may take, connecting included.
    pub timeout: Duration,
    /// After this long new connections are opened, so that a venue's change of address is followed.
    pub max_age: Duration,
    /// How often a connection is asked whether it lives (HTTP/2), in use or not.
    pub ping_every: Duration,
    /// How long it may take to answer before it is dropped.
    pub ping_within: Duration,
    /// Whom it trusts.
    pub trust: Trust,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(10),
            max_age: Duration::from_secs(600),
            ping_every: Duration::from_secs(10),
            ping_within: Duration::from_secs(5),
            trust: Trust::default(),
        }
    }
}

/// Pooled HTTP/2 connections of one account. Pings find dead ones before an order does; nothing is repeated and no redirect
/// followed.
#[derive(Debug)]
pub struct Http {
    config: HttpConfig,
    pool: Mutex<Pool>,
}

#[derive(Debug)]
struct Pool {
    client: reqwest::Client,
    born: Instant,
}

/// An answer, whatever it says.
#[derive(Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl Http {
    /// Opens nothing yet.
    ///
    /// # Errors
    /// [`ExchangeError::Connectivity`] if TLS cannot be set up.
    pub fn new(config: HttpConfig) -> Result<Self, ExchangeError> {
        let pool = Mutex::new(Pool { client: client(&config)?, born: Instant::now() });
        Ok(Self { config, pool })
    }

    /// The client of the day. The lock is not held across an await.
    fn client(&self) -> Result<reqwest::Client, ExchangeError> {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        if pool.born.elapsed() >= self.config.max_age {
            *pool = Pool { client: client(&self.config)?, born: Instant::now() };
        }
        Ok(pool.client.clone())
    }

    /// New connections from now on: the old ones did not answer.
    fn renew(&self) {
        if let Ok(client) = client(&self.config) {
            *self.pool.lock().unwrap_or_else(PoisonError::into_inner) = Pool { client, born: Instant::now() };
        }
    }

    /// Sends once.
    ///
    /// # Errors
    /// [`ExchangeError::Connectivity`] with whether anything may have left, or [`ExchangeError::Timeout`].
    pub async fn send(
        &self,
        endpoint: &Endpoint,
        method: Method,
        target: &str,
        headers: &[(&'static str, String)],
        body: Option<String>,
    ) -> Result<Reply, ExchangeError> {
        let method = match method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut request = self.client()?.request(method, endpoint.join(target));
        for (name, value) in headers {
            let header = HeaderName::try_from(*name).ok().zip(HeaderValue::try_from(value).ok());
            let Some((name, mut value)) = header else {
                // The value stays unnamed: it may be a key with a stray line break.
                let detail =
                    format!("the value of the header {name} cannot be sent; check key and passphrase");
                return Err(ExchangeError::Connectivity { sent: false, detail });
            };
            value.set_sensitive(true);
            request = request.header(name, value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let reply = request.send().await.map_err(|error| self.failed(&error))?;
        let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
        let body = reply.bytes().await.map_err(|error| self.failed(&error))?;
        Ok(Reply { status, headers, body })
    }

    fn failed(&self, error: &reqwest::Error) -> ExchangeError {
        // A connection that was never made cannot have carried the request.
        let sent = !(error.is_connect() || error.is_builder());
        if error.is_timeout() && sent {
            self.renew();
            let millis = i64::try_from(self.config.timeout.as_millis()).unwrap_or(i64::MAX);
            return ExchangeError::Timeout { after: Some(Span::millis_of(millis)) };
        }
        ExchangeError::Connectivity { sent, detail: cause(error) }
    }
}

/// The innermost cause. It names no address and no header.
fn cause(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string().chars().take(160).collect()
}

fn client(config: &HttpConfig) -> Result<reqwest::Client, ExchangeError> {
    let broken = |error: &dyn std::error::Error| ExchangeError::Connectivity {
        sent: false,
        detail: format!("TLS cannot be set up: {}", cause(error)),
    };
    let tls = config.trust.config(&["h2", "http/1.1"]).map_err(|error| broken(&error))?;
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .connect_timeout(config.connect_timeout)
        .timeout(config.timeout)
        .pool_idle_timeout(Duration::from_secs(90))
        .http2_keep_alive_interval(config.ping_every)
        .http2_keep_alive_timeout(config.ping_within)
        .http2_keep_alive_while_idle(true)
        .http2_adaptive_window(true)
        .tcp_nodelay(true)
        .tcp_keepalive(Duration::from_secs(30))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .user_agent(concat!("hyperrsi/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| broken(&error))
}

impl Reply {
    /// Whether the body looks like JSON. What does not is never parsed (FAULTS 35).
    pub fn is_json(&self) -> bool {
        self.body
            .iter()
            .find(|byte| !byte.is_ascii_whitespace())
            .is_some_and(|byte| matches!(byte, b'{' | b'['))
    }

    /// How long the venue asks to wait.
    pub fn retry_after(&self) -> Option<Span> {
        let text = self.headers.get(RETRY_AFTER)?.to_str().ok()?;
        text.trim().parse::<u32>().ok().map(|seconds| Span::seconds(i64::from(seconds)))
    }

    /// The error of an answer that is not the venue's JSON: a proxy's page, an empty body, a bare status. `None` if the
    /// body may be read.
    pub fn refusal(&self) -> Option<ExchangeError> {
        let status = self.status;
        if status == 429 {
            return Some(ExchangeError::RateLimited { retry_after: self.retry_after() });
        }
        if status == 418 {
            let until = self.retry_after().map(|span| Clock::local() + span);
            return Some(ExchangeError::Banned { until });
        }
        if self.is_json() {
            return None;
        }
        let detail = if self.body.is_empty() { "an empty answer" } else { "a page instead of an answer" };
        Some(ExchangeError::VenueFault { status, detail: detail.into() })
    }
}
