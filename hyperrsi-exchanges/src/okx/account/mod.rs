//! One account at OKX behind the [`Exchange`] contract.

mod facts;
mod lookup;
mod orders;

use super::rest::Rest;
use super::stream::{Hub, PrivateSession, Wing};
use super::{Config, Keys, VENUE, capabilities, parse, request};
use crate::net::socket;
use async_trait::async_trait;
use hyperrsi_core::exchange::{
    AccountEvent, AccountStream, Answer, Capabilities, Exchange, ExchangeError, Request, Unsupported,
    VenueOrderId,
};
use hyperrsi_core::model::{AccountId, Instrument, MarginMode, PositionMode, Ticket, VenueId};
use request::Setup;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use tokio_util::sync::{CancellationToken, DropGuard};

/// One account at OKX: spot and linear swaps, one-way and hedge.
///
/// - The venue keeps a linked or attached pair of stop and take profit as **one** order under the stop's client id. The
///   take profit's id goes along in the order's tag, by which it is found, also after a restart; as long as a pair of ours
///   without a readable tag is live on the instrument, an id that is nowhere else stays unknown. Cancelling the pair
///   takes the stop's id.
/// - Margin mode belongs to each order: openings carry it, reducing orders use that of the open position.
/// - Clones share everything. Streams begin with the first call of [`Exchange::events`], which needs a tokio runtime.
///
/// ```no_run
/// use hyperrsi_core::exchange::ExchangeExt;
/// use hyperrsi_exchanges::okx::{Account, Config, Keys};
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let keys = Keys::new(std::env::var("OKX_KEY")?, std::env::var("OKX_SECRET")?, std::env::var("OKX_PASSPHRASE")?);
/// let account = Account::new("main".into(), keys, Config::demo()?)?;
/// let setup = account.account_config().await?;
/// assert!(setup.demo);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Account {
    inner: Arc<Inner>,
}

struct Inner {
    id: AccountId,
    can: Capabilities,
    rest: Arc<Rest>,
    keys: Keys,
    setup: RwLock<Option<Setup>>,
    /// The margin mode last used or seen per symbol.
    margins: Mutex<BTreeMap<Arc<str>, MarginMode>>,
    /// Orders that were asked for what their fills do not tell.
    told: Mutex<BTreeMap<VenueOrderId, facts::Told>>,
    hub: Arc<Hub>,
    tasks: Mutex<Option<DropGuard>>,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("okx::Account").field("id", &self.inner.id).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Account {
    /// An account by its keys. Nothing is sent yet.
    ///
    /// # Errors
    /// [`ExchangeError::Connectivity`] if TLS cannot be set up.
    pub fn new(id: AccountId, keys: Keys, config: Config) -> Result<Self, ExchangeError> {
        let rest = Arc::new(Rest::new(config, Some(keys.clone()))?);
        Ok(Self {
            inner: Arc::new(Inner {
                id,
                can: capabilities(),
                rest,
                keys,
                setup: RwLock::new(None),
                margins: Mutex::default(),
                told: Mutex::default(),
                hub: Arc::new(Hub::new()),
                tasks: Mutex::new(None),
            }),
        })
    }

    /// Messages that could not be read since the start.
    pub fn unreadable(&self) -> u64 {
        self.inner.hub.unreadable()
    }
}

impl Inner {
    /// Position mode and account level, read once and again after the venue found them wrong.
    async fn setup(&self) -> Result<Setup, ExchangeError> {
        let kept = *self.setup.read().unwrap_or_else(PoisonError::into_inner);
        match kept {
            Some(setup) => Ok(setup),
            None => self.read_setup().await,
        }
    }

    async fn read_setup(&self) -> Result<Setup, ExchangeError> {
        let body = self.rest.send(&request::account_config()).await?;
        let rows: Vec<parse::ConfigRow<'_>> =
            parse::Envelope::read(&body)?.rows("the account's setup at okx")?;
        let row =
            rows.first().ok_or_else(|| parse::senseless("the account's setup at okx", "it is empty"))?;
        let setup = Setup { position_mode: row.position_mode()?, spot_on_margin: row.spot_on_margin() };
        *self.setup.write().unwrap_or_else(PoisonError::into_inner) = Some(setup);
        Ok(setup)
    }

    fn forget_setup(&self) {
        *self.setup.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn remember_margin(&self, instrument: &Instrument, mode: MarginMode) {
        lock(&self.margins).insert(Arc::clone(&instrument.id.symbol), mode);
    }

    /// The margin mode of an instrument: that of the last order or setting, of the open position, or isolated.
    async fn margin(&self, instrument: &Instrument) -> Result<MarginMode, ExchangeError> {
        if instrument.is_spot() {
            return Ok(MarginMode::Cross);
        }
        let kept = lock(&self.margins).get(&instrument.id.symbol).copied();
        if let Some(mode) = kept {
            return Ok(mode);
        }
        let positions = self.positions(Some(&instrument.id)).await?;
        let mode = positions.iter().find_map(|position| position.margin_mode).unwrap_or_default();
        self.remember_margin(instrument, mode);
        Ok(mode)
    }

    async fn margin_of(&self, ticket: &Ticket, instrument: &Instrument) -> Result<MarginMode, ExchangeError> {
        match ticket {
            Ticket::Opening(opening) => {
                self.remember_margin(instrument, opening.get().margin_mode);
                Ok(opening.get().margin_mode)
            }
            Ticket::Reducing(_) => self.margin(instrument).await,
        }
    }

    async fn answer(&self, request: Request) -> Result<Answer, ExchangeError> {
        Ok(match request {
            Request::Place(ticket) => Answer::Order(self.place(&ticket).await?),
            Request::PlaceAttached(order) => Answer::Order(self.place_attached(&order).await?),
            Request::PlaceLinked(pair) => Answer::Orders(self.place_linked(&pair).await?),
            Request::PlaceTrailing(order) => Answer::Order(self.place_trailing(&order).await?),
            Request::PlaceBatch(tickets) => Answer::Orders(self.place_batch(&tickets).await?),
            Request::Amend(amendment) => Answer::Order(self.amend(&amendment).await?),
            Request::Cancel(order) => Answer::Order(self.cancel(&order).await?),
            Request::CancelBatch(orders) => Answer::Orders(self.cancel_batch(&orders).await?),
            Request::QueryOrder { order, submitted } => Answer::Lookup(self.find(&order, submitted).await),
            Request::OpenOrders { instrument } => {
                Answer::OpenOrders(self.open_orders(instrument.as_ref()).await?)
            }
            Request::Fills { instrument, since, limit } => {
                Answer::Fills(self.fills(instrument.as_ref(), since, limit).await?)
            }
            Request::CashFlows { since, limit } => Answer::CashFlows(self.cash_flows(since, limit).await?),
            Request::Positions { instrument } => {
                Answer::Positions(self.positions(instrument.as_ref()).await?)
            }
            Request::Balances => Answer::Balances(self.balances().await?),
            Request::AccountConfig => Answer::AccountConfig(self.account_config().await?),
            Request::Leverage { instrument } => Answer::Leverage(self.leverage(&instrument).await?),
            Request::SetLeverage { instrument, margin_mode, leverage } => {
                Answer::Leverage(self.set_leverage(&instrument, margin_mode, leverage).await?)
            }
            Request::SetMarginMode { instrument, margin_mode } => {
                Answer::Leverage(self.set_margin_mode(&instrument, margin_mode).await?)
            }
            Request::SetPositionMode { mode } => Answer::PositionMode(self.set_position_mode(mode).await?),
            Request::ServerTime => Answer::ServerTime(self.rest.measure().await?),
            other => return Err(Unsupported::request(VenueId::new(VENUE), &other).into()),
        })
    }

    async fn set_position_mode(&self, mode: PositionMode) -> Result<PositionMode, ExchangeError> {
        self.rest.send(&request::set_position_mode(mode)?).await?;
        self.forget_setup();
        Ok(self.read_setup().await?.position_mode)
    }

    /// Opens both private connections, once.
    fn listen(&self) {
        let mut tasks = lock(&self.tasks);
        if tasks.is_some() {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            self.hub.down(ExchangeError::Connectivity {
                sent: false,
                detail: "streams need a tokio runtime; call events() inside one".into(),
            });
            return;
        };
        let cancel = CancellationToken::new();
        for wing in [Wing::Private, Wing::Business] {
            let (rest, hub, keys) = (Arc::clone(&self.rest), Arc::clone(&self.hub), self.keys.clone());
            let token = cancel.clone();
            runtime.spawn(async move {
                let Some(known) = Hub::instruments(&rest, &hub, &token).await else { return };
                let endpoint = match wing {
                    Wing::Private => rest.config.private.clone(),
                    Wing::Business => rest.config.business.clone(),
                };
                let session = PrivateSession::new(wing, keys, known, hub, rest.config.heartbeat);
                let (trust, clock) = (rest.config.http.trust.clone(), Arc::clone(&rest.clock));
                socket::keep(endpoint, trust, clock, session, rest.config.pace, token).await;
            });
        }
        *tasks = Some(cancel.drop_guard());
    }
}

#[async_trait]
impl Exchange for Account {
    fn account(&self) -> &AccountId {
        &self.inner.id
    }
    fn capabilities(&self) -> &Capabilities {
        &self.inner.can
    }
    async fn call(&self, request: Request) -> Result<Answer, ExchangeError> {
        self.inner.answer(request).await
    }
    fn events(&self) -> AccountStream {
        let (receiver, first) = self.inner.hub.subscribe();
        self.inner.listen();
        let lagged = |_| AccountEvent::Gap { since: None };
        crate::net::broadcast_stream(first, receiver, lagged)
    }
}
