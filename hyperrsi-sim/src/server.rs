use crate::{Call, Frame, Practice, Wire, World};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ws::{Message, WebSocket};
use axum::extract::{FromRequestParts, Request, State, WebSocketUpgrade};
use axum::http::Response;
use hyperrsi_core::model::{InstrumentId, Overflow, Price, Span, Timestamp};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc::unbounded_channel;
use tokio::task::JoinHandle;

/// How often the markets move.
const BEAT: Duration = Duration::from_millis(50);
/// The largest request body.
const BODY_LIMIT: usize = 1 << 20;

/// Why a practice venue does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address cannot be listened at.
    #[error("cannot listen at {address}: {source}; choose another port, or 0 for any free one")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// A price or balance is out of range.
    #[error(transparent)]
    Range(#[from] Overflow),
}

/// The venue's clock.
#[derive(Debug)]
enum Clock {
    /// Passes as the machine's does, so many times faster, from `start` when the machine's showed `begun`.
    Running { begun: Timestamp, start: Timestamp, speed: f64 },
    /// Stands still until it is moved, milliseconds.
    Stepped(AtomicI64),
}

impl Clock {
    fn now(&self, wall: Timestamp) -> Timestamp {
        match self {
            Self::Running { begun, start, speed } => {
                let elapsed = (wall - *begun).millis() as f64 * speed;
                *start + Span::millis_of(elapsed as i64)
            }
            Self::Stepped(at) => Timestamp::from_millis(at.load(Ordering::Relaxed)),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where the server reads the machine's clock")]
fn wall() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

struct Shared {
    world: Mutex<World>,
    wire: Box<dyn Wire>,
    clock: Clock,
}

impl Shared {
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The world as it is now.
    fn current(&self) -> MutexGuard<'_, World> {
        let mut world = self.world();
        // A price that leaves the range of a decimal stands still; the account is as it was.
        let _ = world.advance(&*self.wire, self.clock.now(wall()));
        world
    }
}

/// A running practice venue. Dropping it ends it.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<()>>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Server {
    /// Starts a venue at an address of this machine, at so many times the speed of time.
    ///
    /// # Errors
    /// [`StartError`] if the address is taken.
    pub async fn start(
        practice: Practice,
        wire: impl Wire + 'static,
        address: SocketAddr,
        speed: f64,
    ) -> Result<Self, StartError> {
        Self::starting_at(practice, wire, address, wall(), speed).await
    }

    /// The same, its time beginning at `start`: that of a recording, say, so that candles keep their times.
    ///
    /// # Errors
    /// [`StartError`] if the address is taken.
    pub async fn starting_at(
        practice: Practice,
        wire: impl Wire + 'static,
        address: SocketAddr,
        start: Timestamp,
        speed: f64,
    ) -> Result<Self, StartError> {
        Self::listen(practice, wire, address, start, Clock::Running { begun: wall(), start, speed }).await
    }

    /// Starts a venue whose time stands still until [`Server::step_to`] moves it: for replays that wait for whoever
    /// trades.
    ///
    /// # Errors
    /// [`StartError`] if the address is taken.
    pub async fn stepped(
        practice: Practice,
        wire: impl Wire + 'static,
        address: SocketAddr,
        start: Timestamp,
    ) -> Result<Self, StartError> {
        let clock = Clock::Stepped(AtomicI64::new(start.millis()));
        Self::listen(practice, wire, address, start, clock).await
    }

    async fn listen(
        practice: Practice,
        wire: impl Wire + 'static,
        address: SocketAddr,
        start: Timestamp,
        clock: Clock,
    ) -> Result<Self, StartError> {
        let shared =
            Arc::new(Shared { world: Mutex::new(World::new(practice, start)?), wire: Box::new(wire), clock });
        let listener =
            TcpListener::bind(address).await.map_err(|source| StartError::Listen { address, source })?;
        let address = listener.local_addr().map_err(|source| StartError::Listen { address, source })?;
        let beat = Arc::clone(&shared);
        let router = Router::new().fallback(serve).with_state(Arc::clone(&shared));
        let tasks = vec![
            tokio::spawn(async move {
                let mut ticks = tokio::time::interval(BEAT);
                loop {
                    ticks.tick().await;
                    drop(beat.current());
                }
            }),
            tokio::spawn(async move {
                let _ = axum::serve(listener, router).await;
            }),
        ];
        Ok(Self { address, shared, tasks })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Moves the time of a [stepped](Server::stepped) venue, never back; another one's passes by itself.
    ///
    /// # Errors
    /// [`Overflow`] when a value leaves the range of a decimal.
    pub fn step_to(&self, to: Timestamp) -> Result<(), Overflow> {
        if let Clock::Stepped(at) = &self.shared.clock {
            at.fetch_max(to.millis(), Ordering::Relaxed);
        }
        self.act(|_| {})
    }

    /// Acts on the venue as whoever runs it, or as the account's owner by hand; streams are told.
    ///
    /// # Errors
    /// [`Overflow`] when a value leaves the range of a decimal.
    pub fn act<T>(&self, act: impl FnOnce(&mut World) -> T) -> Result<T, Overflow> {
        let mut world = self.shared.current();
        let result = act(&mut world);
        world.advance(&*self.shared.wire, self.shared.clock.now(wall()))?;
        Ok(result)
    }

    /// Moves a market to a price, through everything between.
    ///
    /// # Errors
    /// [`Overflow`] when a value leaves the range of a decimal.
    pub fn go_to(&self, id: &InstrumentId, price: Price) -> Result<(), Overflow> {
        self.shared.current().go_to(&*self.shared.wire, id, price)
    }

    /// Waits until it ends, which it does only when it is aborted.
    pub async fn wait(mut self) {
        for task in std::mem::take(&mut self.tasks) {
            let _ = task.await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Runs a future to its end on this thread: for programs without a runtime of their own.
///
/// # Errors
/// The machine has no more threads or file handles to give.
pub fn block_on<F: Future>(future: F) -> std::io::Result<F::Output> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(future))
}

async fn serve(State(shared): State<Arc<Shared>>, request: Request) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let (mut parts, body) = request.into_parts();
    if shared.wire.stream(&path).is_some()
        && let Ok(upgrade) = WebSocketUpgrade::from_request_parts(&mut parts, &()).await
    {
        return upgrade.on_upgrade(move |socket| stream(shared, path, socket));
    }
    let body = to_bytes(body, BODY_LIMIT).await.unwrap_or_default();
    let header = |name: &&str| {
        let value = parts.headers.get(*name)?.to_str().ok()?;
        Some(((*name).to_owned(), value.to_owned()))
    };
    let call = Call {
        method: parts.method.as_str().to_owned(),
        path,
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: shared.wire.headers().iter().filter_map(header).collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
        wall: wall(),
    };
    let reply = shared.current().answer(&*shared.wire, &call);
    if reply.lost {
        // The client's own time-out ends it.
        return std::future::pending().await;
    }
    if reply.delay > Span::ZERO {
        tokio::time::sleep(Duration::from_millis(reply.delay.millis().unsigned_abs())).await;
    }
    let mut response = Response::builder().status(reply.status).header("content-type", reply.content_type);
    for (name, value) in &reply.headers {
        response = response.header(*name, value);
    }
    response.body(Body::from(reply.body)).unwrap_or_default()
}

async fn stream(shared: Arc<Shared>, path: String, mut socket: WebSocket) {
    let (out, mut frames) = unbounded_channel();
    let Some(id) = shared.current().connect(&*shared.wire, &path, out) else { return };
    loop {
        tokio::select! {
            frame = frames.recv() => match frame {
                Some(Frame::Text(text)) => {
                    if socket.send(Message::Text(text.into())).await.is_err() {
                        break;
                    }
                }
                Some(Frame::Close) | None => break,
            },
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => shared.current().heard(&*shared.wire, id, &text),
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                Some(Ok(_)) => {}
            },
        }
    }
    shared.world().disconnect(id);
}
