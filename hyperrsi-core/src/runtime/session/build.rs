use super::serve::Server;
use super::{Handle, Message, Session};
use crate::account::Account;
use crate::desk::EventKind;
use crate::exchange::{Exchange, ExchangeError, ExchangeExt, Feature, Unsupported};
use crate::model::{AccountId, Amount, InstrumentError, Span, TraderId};
use crate::risk::{Refused, RiskManager};
use crate::runtime::clock::{Clock, duration};
use crate::runtime::driver::{Driver, Plan, SeatId};
use crate::runtime::hub::Hub;
use crate::runtime::options::Options;
use crate::runtime::writer::Writer;
use crate::store::{Code, Environment, Epoch, Fence, Lease, RecordKind, RecordQuery, Seq, Store, StoreError};
use crate::trader::TraderSnapshot;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use tracing::Instrument;

/// The newest snapshot format this version reads.
const SNAPSHOT: u32 = 1;

/// What an account runs on.
pub struct Parts {
    /// The account at its venue, with whatever layers are wanted around it.
    pub exchange: Arc<dyn Exchange>,
    /// The venue's market data.
    pub hub: Hub,
    /// What must survive.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Limits that span the account's traders.
    pub managers: Vec<Box<dyn RiskManager>>,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").field("account", self.exchange.account()).finish_non_exhaustive()
    }
}

/// Why an account was not started. Nothing was sent to the venue.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The store did not give the account.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The venue did not answer what has to be known before the start.
    #[error("the account cannot be read before the start: {0}")]
    Venue(#[from] ExchangeError),
    /// The venue lacks something the settings need.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// An instrument cannot be traded as it is described: coin-margined contracts, steps of zero.
    #[error(transparent)]
    Instrument(#[from] InstrumentError),
    /// A trader was refused.
    #[error("trader {trader} was refused: {refused}")]
    Trader {
        /// The trader.
        trader: TraderId,
        /// Why.
        refused: Refused,
    },
    /// The clocks differ too much.
    #[error("the venue's clock is {} s away; synchronise the system clock (NTP) and start again", .0.millis() / 1_000)]
    Clock(Span),
    /// The key may not trade, or is of the other world.
    #[error("{0}")]
    Key(String),
}

impl Session {
    /// Takes the account's lease, reads what must be known, and starts its traders. Call within a tokio runtime.
    ///
    /// # Errors
    /// [`StartError`]; nothing has been sent to the venue then.
    pub async fn open(parts: Parts, options: Options, plans: Vec<Plan>) -> Result<Self, StartError> {
        let Parts { exchange, hub, store, clock, managers } = parts;
        let id = exchange.account().clone();
        measure_clock(&*exchange, &*clock, &options).await?;
        let config = exchange.account_config().await?;
        check_key(&config, &options)?;
        for plan in &plans {
            check_plan(plan, &*exchange, &config)?;
        }
        let held = exchange.balances().await?;
        let quote = held.iter().find(|balance| balance.asset == options.quote);
        let deposit = quote.map_or(Amount::ZERO, |balance| balance.total);
        let (lease, fence, last) = take(&*store, &id, &options, &*clock).await?;

        let taker = config.fees.iter().map(|fees| fees.taker).max().unwrap_or(options.taker_fee);
        let mut account = Account::new(id.clone(), deposit, taker);
        for manager in managers {
            account.add_risk_manager(manager);
        }
        let now = clock.now();
        let can = exchange.capabilities().clone();
        let mut driver = Driver::new(account, can, fence.epoch, Some(config.position_mode), now);
        let mut seats = Vec::new();
        for plan in plans {
            let trader = plan.id.clone();
            let instrument = plan.instrument.id.clone();
            let snapshot = newest(&*store, &fence.account, &trader).await?;
            match driver.add(plan, snapshot, now) {
                Ok(seat) => seats.push((trader, seat, instrument)),
                Err(refused) => {
                    if let Some(lease) = &lease {
                        let _ = store.release(lease).await;
                    }
                    return Err(StartError::Trader { trader, refused });
                }
            }
        }
        if config.permissions.withdraw == Some(true) {
            let what = Code::of("withdraw");
            driver.notice(now, EventKind::KeyWarning { what, expires: config.key_expires });
        } else if config.key_expires.is_some_and(|at| at - now < Span::days(14)) {
            let what = Code::of("expires");
            driver.notice(now, EventKind::KeyWarning { what, expires: config.key_expires });
        }

        let (writer, intake, notes, published) = Writer::new(Arc::clone(&store), fence, last);
        let (inbox, messages) = mpsc::channel::<Message>(1_024);
        let (stop, stopping) = watch::channel(false);
        let handle = Handle {
            account: id,
            inbox: inbox.clone(),
            store: Arc::clone(&store),
            published,
            traders: seats.iter().map(|(trader, seat, _)| (trader.clone(), *seat)).collect::<Vec<_>>().into(),
        };
        let server = Server {
            driver,
            exchange,
            hub,
            store,
            clock,
            options,
            lease,
            intake: Some(intake),
            notes,
            messages,
            inbox,
            stopping,
            waiting: Vec::new(),
        };
        let seats: Vec<(SeatId, crate::model::InstrumentId)> =
            seats.into_iter().map(|(_, seat, instrument)| (seat, instrument)).collect();
        let span = tracing::info_span!("account", account = %handle.account, venue = %server.hub.venue());
        let task = tokio::spawn(server.run(writer, seats).instrument(span));
        Ok(Self { handle, task: Some(task), stop })
    }
}

/// The trader as the process before left it. A store that does not answer knows of none: the account is read, and what
/// is open counts as foreign until the store is back.
async fn newest(
    store: &dyn Store,
    account: &AccountId,
    trader: &TraderId,
) -> Result<Option<TraderSnapshot>, StartError> {
    let query = RecordQuery {
        trader: Some(trader.clone()),
        newest_first: true,
        limit: 1,
        ..RecordQuery::of(account.clone(), [RecordKind::SnapshotTaken])
    };
    let records = match store.read(&query).await {
        Ok(records) => records,
        Err(StoreError::Unavailable { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let snapshot: Option<TraderSnapshot> =
        records.first().map(|record| record.entry.body.parse()).transpose()?;
    match snapshot {
        Some(found) if found.version > SNAPSHOT => {
            Err(StoreError::NewerSchema { found: found.version, supported: SNAPSHOT }.into())
        }
        found => Ok(found),
    }
}

async fn measure_clock(
    exchange: &dyn Exchange,
    clock: &dyn Clock,
    options: &Options,
) -> Result<(), StartError> {
    let before = clock.now();
    let venue = exchange.server_time().await?;
    let middle = before + Span::millis_of((clock.now() - before).millis() / 2);
    let behind = venue - middle;
    if behind.millis().abs() > options.clock_bound.millis() {
        return Err(StartError::Clock(behind));
    }
    clock.correct(venue);
    Ok(())
}

fn check_key(config: &crate::exchange::AccountConfig, options: &Options) -> Result<(), StartError> {
    if !config.permissions.trade {
        let text = "the key may only read; allow trading (never withdrawals) for it and start again";
        return Err(StartError::Key(text.into()));
    }
    match (options.environment, config.demo) {
        (Environment::Live, true) => Err(StartError::Key(
            "the key belongs to the venue's test network, the account is set up as live; use a live key or environment demo".into(),
        )),
        (Environment::Demo, false) => Err(StartError::Key(
            "the key belongs to the live venue, the account is set up as demo; use a key of the test network".into(),
        )),
        _ => Ok(()),
    }
}

/// What a venue lacks is an error before the start, with its name.
fn check_plan(
    plan: &Plan,
    exchange: &dyn Exchange,
    config: &crate::exchange::AccountConfig,
) -> Result<(), StartError> {
    let can = exchange.capabilities();
    if plan.instrument.id.venue != can.venue {
        return Err(StartError::Unsupported(Unsupported::named(
            can.venue.clone(),
            "this instrument's venue",
        )));
    }
    plan.instrument.validate()?;
    if plan.policy.leverage > 1 {
        can.require(Feature::Leverage)?;
    }
    if !plan.instrument.is_spot() {
        can.require(match plan.policy.margin_mode {
            crate::model::MarginMode::Isolated => Feature::IsolatedMargin,
            crate::model::MarginMode::Cross => Feature::CrossMargin,
        })?;
        can.require(Feature::ReduceOnly)?;
        can.require(match config.position_mode {
            crate::model::PositionMode::Hedge => Feature::HedgeMode,
            crate::model::PositionMode::OneWay => Feature::OneWayMode,
        })?;
    }
    Ok(())
}

/// The lease. A store that does not answer does not keep an account from managing what is open: it runs without
/// openings until the store is back (FAULTS 55).
async fn take(
    store: &dyn Store,
    id: &AccountId,
    options: &Options,
    clock: &dyn Clock,
) -> Result<(Option<Lease>, Fence, Seq), StartError> {
    let attempt = store.acquire(id, &options.owner, options.lease, clock.now());
    let taken = tokio::time::timeout(duration(Span::seconds(5)), attempt).await;
    match taken {
        Ok(Ok(lease)) => {
            let last = store.last_seq(id).await.unwrap_or(Seq::START);
            let fence = lease.fence();
            Ok((Some(lease), fence, last))
        }
        Ok(Err(StoreError::Unavailable { .. } | StoreError::Full { .. })) | Err(_) => {
            Ok((None, Fence { account: id.clone(), epoch: Epoch(0) }, Seq::START))
        }
        Ok(Err(error)) => Err(error.into()),
    }
}
