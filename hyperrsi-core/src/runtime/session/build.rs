use super::feeds::Feeds;
use super::guard::Guard;
use super::load::{Loaded, load};
use super::serve::Server;
use super::{Handle, Listed, Message, Session, check};
use crate::account::Account;
use crate::desk::EventKind;
use crate::exchange::{AccountConfig, Exchange, ExchangeError, ExchangeExt, Unsupported};
use crate::model::{Amount, InstrumentError, InstrumentId, Span, TraderId};
use crate::risk::{Refused, RiskManager};
use crate::runtime::clock::Clock;
use crate::runtime::driver::{Driver, SeatId};
use crate::runtime::hub::Hub;
use crate::runtime::options::Options;
use crate::runtime::plan::Plan;
use crate::runtime::terms::InvalidSettings;
use crate::runtime::writer::Writer;
use crate::store::{Code, Seq, Store, StoreError};
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use tracing::Instrument;

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
    /// What is stored as a trader's settings is not valid.
    #[error("the settings of {trader} are not valid, correct them and start again:\n{wrong}")]
    Settings {
        /// The trader.
        trader: TraderId,
        /// Everything that is wrong.
        wrong: InvalidSettings,
    },
    /// The clocks differ too much.
    #[error("the venue's clock is {} s away; synchronise the system clock (NTP) and start again", .0.millis() / 1_000)]
    Clock(Span),
    /// The key may not trade, or is of the other world.
    #[error("{0}")]
    Key(String),
}

/// Everything an account is made of, once it may be run.
pub(super) struct Kit {
    pub(super) parts: Parts,
    pub(super) options: Options,
    pub(super) plans: Vec<Plan>,
    pub(super) traders: Arc<[Listed]>,
    pub(super) config: AccountConfig,
    pub(super) deposit: Amount,
    pub(super) messages: mpsc::Receiver<Message>,
    pub(super) stopping: watch::Receiver<bool>,
    pub(super) published: watch::Sender<Seq>,
}

/// What an account is run with: its server, its writer, and the instruments of its seats.
pub(super) type Running = (Server, Writer, Vec<(SeatId, InstrumentId)>);

impl Session {
    /// Takes the account's lease, reads what must be known, and starts its traders. Call within a tokio runtime.
    ///
    /// A store that does not answer does not keep the account from being looked after: until it is back nothing is
    /// opened, stops at the venue stay, and a position without one gets [`Options::emergency_stop`] (FAULTS 55).
    ///
    /// # Errors
    /// [`StartError`]; nothing has been sent to the venue then.
    pub async fn open(parts: Parts, options: Options, plans: Vec<Plan>) -> Result<Self, StartError> {
        let id = parts.exchange.account().clone();
        check::measure_clock(&*parts.exchange, &*parts.clock, &options).await?;
        let config = parts.exchange.account_config().await?;
        check::check_key(&config, &options)?;
        for plan in &plans {
            check::check_plan(plan, &*parts.exchange, &config)?;
        }
        let held = parts.exchange.balances().await?;
        let quote = held.iter().find(|balance| balance.asset == options.quote);
        let deposit = quote.map_or(Amount::ZERO, |balance| balance.total);

        let traders = Listed::of(&plans, config.position_mode);
        let (inbox, messages) = mpsc::channel::<Message>(1_024);
        let (stop, stopping) = watch::channel(false);
        let (published, seen) = watch::channel(Seq::START);
        let handle = Handle {
            account: id.clone(),
            inbox: inbox.clone(),
            store: Arc::clone(&parts.store),
            published: seen,
            environment: options.environment,
            traders: Arc::clone(&traders),
        };
        let span = tracing::info_span!("account", account = %id, venue = %parts.hub.venue());
        let loaded = load(&*parts.store, &id, &options, &*parts.clock, &traders).await;
        let kit = Kit { parts, options, plans, traders, config, deposit, messages, stopping, published };
        let task = match loaded {
            Ok(loaded) => {
                let (server, writer, seats) = assemble(kit, loaded).await?;
                tokio::spawn(server.run(writer, seats).instrument(span))
            }
            Err(StartError::Store(StoreError::Unavailable { .. } | StoreError::Full { .. })) => {
                tokio::spawn(Guard::new(kit).run().instrument(span))
            }
            Err(error) => return Err(error),
        };
        Ok(Self { handle, task: Some(task), stop })
    }
}

/// Puts an account together from what its plans say and what the process before left.
///
/// # Errors
/// If a trader is refused; the lease is given back then.
pub(super) async fn assemble(kit: Kit, loaded: Loaded) -> Result<Running, StartError> {
    let Kit { parts, options, plans, config, deposit, messages, stopping, published, .. } = kit;
    let Parts { exchange, hub, store, clock, managers } = parts;
    let fence = loaded.lease.fence();
    let taker = config.fees.iter().map(|fees| fees.taker).max().unwrap_or(options.taker_fee);
    let mut account = Account::new(fence.account.clone(), deposit, taker);
    for manager in managers {
        account.add_risk_manager(manager);
    }
    let now = clock.now();
    let can = exchange.capabilities().clone();
    let mut driver = Driver::new(account, can, fence.epoch, Some(config.position_mode), now);
    driver.dry_run = options.dry_run;
    if let Some(books) = loaded.books {
        driver.remember(books);
    }
    let mut seats = Vec::new();
    for (mut plan, found) in plans.into_iter().zip(loaded.seats) {
        if let Some((version, prepared)) = found.settings {
            plan.settings_version = version;
            (plan.strategy, plan.policy) = (prepared.strategy, prepared.policy);
            (plan.terms, plan.record) = (prepared.terms, Some(prepared.record));
        }
        let (trader, instrument) = (plan.id.clone(), plan.instrument.id.clone());
        match driver.add(plan, found.snapshot, now) {
            Ok(seat) => {
                for cooldown in loaded.cooldowns.iter().filter(|rest| rest.key.instrument == instrument) {
                    driver.note_cooldown(seat, cooldown.key.side, cooldown.since);
                }
                seats.push((seat, instrument));
            }
            Err(refused) => {
                let _ = store.release(&loaded.lease).await;
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
    published.send_replace(loaded.last);
    let under_way = metrics::gauge!("hyperrsi_calls_under_way", "account" => fence.account.to_string());
    let (writer, intake, notes) = Writer::new(Arc::clone(&store), fence, published);
    let server = Server {
        driver,
        exchange,
        hub,
        store,
        clock,
        options,
        lease: loaded.lease,
        intake: Some(intake),
        notes,
        messages,
        stopping,
        under_way,
        waiting: Vec::new(),
        feeds: Feeds::default(),
        back: VecDeque::new(),
    };
    Ok((server, writer, seats))
}
