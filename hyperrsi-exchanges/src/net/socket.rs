//! One WebSocket connection that is kept alive: connect, speak as a [`Session`] says, notice silence, connect again.

use super::{Backoff, Clock, Endpoint, Trust};
use futures_util::{SinkExt as _, StreamExt as _};
use hyperrsi_core::exchange::{ExchangeError, Retry};
use hyperrsi_core::model::{Span, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config};
use tokio_util::sync::CancellationToken;

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How one connection is spoken to. It does no I/O: frames go in, frames come out, and what they mean goes wherever the
/// session sends it.
pub trait Session: Send + 'static {
    /// A connection is open: what to send first.
    fn opened(&mut self, now: Timestamp) -> Vec<String>;
    /// A text frame came: what to send.
    ///
    /// # Errors
    /// The connection is of no use any more and is opened again.
    fn text(&mut self, text: &str, now: Timestamp) -> Result<Vec<String>, ExchangeError>;
    /// Called every second.
    ///
    /// # Errors
    /// A stream is silent beyond its deadline; the connection is opened again.
    fn tick(&mut self, now: Timestamp) -> Result<(), ExchangeError>;
    /// The connection is gone.
    fn closed(&mut self, error: ExchangeError);
    /// Whether everything that was asked for has been confirmed.
    fn ready(&self) -> bool;
    /// The venue's heartbeat: what to send after this long without a frame.
    fn heartbeat(&self) -> (Duration, &'static str);
}

/// The times of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How long connecting may take.
    pub connect: Duration,
    /// How long login and subscriptions may take.
    pub handshake: Duration,
    /// How long an answer to a heartbeat may take.
    pub pong: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            handshake: Duration::from_secs(15),
            pong: Duration::from_secs(10),
        }
    }
}

/// Keeps one connection until it is cancelled or an error says that trying again is of no use.
pub async fn keep<S: Session>(
    endpoint: Endpoint,
    trust: Trust,
    clock: Arc<Clock>,
    mut session: S,
    pace: Pace,
    cancel: CancellationToken,
) {
    let mut backoff = Backoff::default();
    loop {
        let ended = tokio::select! {
            () = cancel.cancelled() => return,
            ended = hold(&endpoint, &trust, &clock, &mut session, pace, &mut backoff) => ended,
        };
        let hopeless = ended.retry() == Retry::Never;
        let not_before = match ended.retry() {
            Retry::NotBefore(until) => u64::try_from((until - clock.now()).millis()).unwrap_or(0),
            _ => 0,
        };
        tracing::debug!(error = %ended, "connection lost");
        session.closed(ended);
        if hopeless {
            return;
        }
        let wait = backoff.next_wait().max(Duration::from_millis(not_before));
        tokio::select! {
            () = cancel.cancelled() => return,
            () = sleep(wait) => {}
        }
    }
}

/// One connection from its opening to its end.
async fn hold<S: Session>(
    endpoint: &Endpoint,
    trust: &Trust,
    clock: &Clock,
    session: &mut S,
    pace: Pace,
    backoff: &mut Backoff,
) -> ExchangeError {
    let mut stream = match timeout(pace.connect, connect(endpoint, trust)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return error,
        Err(_) => return broken(false, "the connection could not be opened in time"),
    };
    let opened = Instant::now();
    let mut heard = opened;
    let mut pinged = false;
    if let Err(error) = say(&mut stream, session.opened(clock.now())).await {
        return error;
    }
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            frame = stream.next() => {
                heard = Instant::now();
                pinged = false;
                let answers = match frame {
                    Some(Ok(Message::Text(text))) => session.text(text.as_str(), clock.now()),
                    Some(Ok(Message::Binary(bytes))) => match std::str::from_utf8(&bytes) {
                        Ok(text) => session.text(text, clock.now()),
                        Err(_) => Ok(Vec::new()),
                    },
                    Some(Ok(Message::Close(_))) | None => return broken(true, "the venue closed the connection"),
                    Some(Ok(_)) => Ok(Vec::new()),
                    Some(Err(error)) => return broken(true, &error.to_string()),
                };
                match answers {
                    Ok(frames) => if let Err(error) = say(&mut stream, frames).await { return error },
                    Err(error) => return error,
                }
                if session.ready() {
                    backoff.reset();
                }
            }
            _ = seconds.tick() => {
                if let Err(error) = session.tick(clock.now()) {
                    return error;
                }
                if !session.ready() && opened.elapsed() >= pace.handshake {
                    return silent(pace.handshake);
                }
                let (after, ping) = session.heartbeat();
                if pinged && heard.elapsed() >= after + pace.pong {
                    return silent(after + pace.pong);
                }
                if !pinged && heard.elapsed() >= after {
                    pinged = true;
                    if let Err(error) = say(&mut stream, vec![ping.to_owned()]).await {
                        return error;
                    }
                }
            }
        }
    }
}

async fn connect(endpoint: &Endpoint, trust: &Trust) -> Result<Stream, ExchangeError> {
    let connector = if endpoint.encrypted() {
        let config = trust.config(&["http/1.1"]).map_err(|error| broken(false, &error.to_string()))?;
        Connector::Rustls(Arc::new(config))
    } else {
        Connector::Plain
    };
    let opened = connect_async_tls_with_config(endpoint.as_str(), None, true, Some(connector)).await;
    opened.map(|(stream, _)| stream).map_err(|error| broken(false, &error.to_string()))
}

async fn say(stream: &mut Stream, frames: Vec<String>) -> Result<(), ExchangeError> {
    for frame in frames {
        stream.send(Message::text(frame)).await.map_err(|error| broken(true, &error.to_string()))?;
    }
    Ok(())
}

fn broken(sent: bool, detail: &str) -> ExchangeError {
    ExchangeError::Connectivity { sent, detail: detail.chars().take(160).collect() }
}

fn silent(after: Duration) -> ExchangeError {
    ExchangeError::Timeout {
        after: Some(Span::millis_of(i64::try_from(after.as_millis()).unwrap_or(i64::MAX))),
    }
}
