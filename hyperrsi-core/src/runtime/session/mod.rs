//! One account, run: one lease, one private stream, one journal writer, one [`Account`] and its traders, one task that
//! decides.
//!
//! ```text
//! lease ─┐                      ┌─▶ calls ──▶ Exchange ──┐
//! stream ┼─▶ the account's task ┼─▶ records ▶ writer ──▶ Store
//! hub ───┘    (one input at a   └─▶ questions ▶ Strategy ┤
//! desk ──────  time, in order) ◀──────── how it went ────┘
//! ```

mod build;
mod check;
mod exit;
mod feeds;
mod guard;
mod load;
mod serve;
mod work;

pub use build::{Parts, StartError};
pub use exit::{Exit, Unprotected};
pub(crate) use serve::Ask;

use super::driver::{Errand, SeatId};
use super::plan::{Plan, Source};
use super::terms::Surroundings;
use crate::desk::{AccountStatus, DeskError, TraderStatus};
use crate::model::{AccountId, Instrument, PositionMode, StrategyId, TraderId};
use crate::store::{Code, Entry, Environment, Seq, Store};
use crate::trader::Command;
use std::future::Future;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

#[cfg(doc)]
use crate::account::Account;

/// What an account answers while its store does not.
fn not_ready(account: &AccountId) -> DeskError {
    DeskError::NotReady { account: account.clone(), reason: Code::of("store_down"), until: None }
}

/// Something for the account's task. Small, as every account has room for some of them.
#[derive(Debug)]
pub(crate) enum Message {
    /// To be done once per key. What it led to is durable once the receiver has something, or nothing more to come.
    Errand {
        seat: SeatId,
        key: Option<String>,
        errand: Box<Errand>,
        reply: oneshot::Sender<Result<oneshot::Receiver<bool>, DeskError>>,
    },
    /// Whether it could be done now.
    May {
        seat: SeatId,
        key: String,
        errand: Box<Errand>,
        reply: oneshot::Sender<Result<(), DeskError>>,
    },
    /// A trader's settings may need other candles.
    NewNeeds(SeatId),
    Ask(Ask),
    Record(Box<Entry>, oneshot::Sender<bool>),
    ReadNow,
}

/// An account that runs. Dropping it stops its task at once; [`Session::shut_down`] does it in order.
#[derive(Debug)]
pub struct Session {
    handle: Handle,
    task: Option<JoinHandle<Exit>>,
    stop: watch::Sender<bool>,
}

/// Speaks with a running account; cheap to copy.
#[derive(Clone)]
pub struct Handle {
    account: AccountId,
    inbox: mpsc::Sender<Message>,
    store: Arc<dyn Store>,
    published: watch::Receiver<Seq>,
    environment: Environment,
    traders: Arc<[Listed]>,
}

/// A trader of a running account, as it was set up.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) id: TraderId,
    pub(crate) seat: SeatId,
    pub(crate) instrument: Instrument,
    pub(crate) strategy: StrategyId,
    /// Where its settings come from, if they can be changed.
    pub(crate) settings: Option<Source>,
    /// What its settings are checked against besides.
    pub(crate) surroundings: Surroundings,
}

impl Listed {
    fn of(plans: &[Plan], mode: PositionMode) -> Arc<[Self]> {
        let neighbour = |own: usize, plan: &Plan| {
            let others = plans.iter().enumerate().filter(|(index, _)| *index != own).map(|(_, other)| other);
            others.into_iter().find(|o| o.instrument.id == plan.instrument.id).map(|o| o.strategy.id())
        };
        let listed = plans.iter().enumerate().map(|(index, plan)| Self {
            id: plan.id.clone(),
            seat: SeatId(index),
            instrument: plan.instrument.clone(),
            strategy: plan.strategy.id(),
            settings: plan.settings.clone(),
            surroundings: Surroundings {
                hedge_mode: mode == PositionMode::Hedge,
                neighbour: neighbour(index, plan),
            },
        });
        listed.collect()
    }
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle").field("account", &self.account).finish_non_exhaustive()
    }
}

impl Session {
    /// To speak with it.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Ends in order: no new entries, what is under way is finished or recorded as unknown, protection is verified.
    pub async fn shut_down(mut self) -> Exit {
        let _ = self.stop.send(true);
        self.ended().await
    }

    /// Runs until `stop` resolves and then ends in order, as [`Session::shut_down`] does, or until it ends by itself.
    pub async fn run_until(mut self, stop: impl Future<Output = ()>) -> Exit {
        tokio::select! {
            exit = self.ended() => return exit,
            () = stop => {}
        }
        self.shut_down().await
    }

    /// Waits until it ends by itself: when the account was taken over, or its task failed.
    pub async fn ended(&mut self) -> Exit {
        match &mut self.task {
            Some(task) => {
                let exit = task.await.unwrap_or_else(Exit::from_panic);
                self.task = None;
                exit
            }
            None => Exit::Failed("it has ended before".into()),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort(); // as if the process died; the next start looks up what was under way
        }
    }
}

impl Handle {
    /// The account.
    pub const fn account(&self) -> &AccountId {
        &self.account
    }
    /// Its traders.
    pub fn traders(&self) -> impl Iterator<Item = &TraderId> {
        self.traders.iter().map(|listed| &listed.id)
    }
    pub(crate) fn listed(&self, trader: &TraderId) -> Option<&Listed> {
        self.traders.iter().find(|listed| listed.id == *trader)
    }
    pub(crate) fn list(&self) -> &[Listed] {
        &self.traders
    }
    pub(crate) const fn environment(&self) -> Environment {
        self.environment
    }
    fn seat(&self, trader: &TraderId) -> Option<SeatId> {
        self.listed(trader).map(|listed| listed.seat)
    }
    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }
    pub(crate) fn published(&self) -> watch::Receiver<Seq> {
        self.published.clone()
    }

    /// Asks a trader for something; returns once what it led to is durable, or the store has failed. False if the trader is
    /// not here, the account has ended, or there is nothing to do.
    pub async fn command(&self, trader: &TraderId, command: Command) -> bool {
        self.run(trader, None, Errand::Do(command)).await.is_ok()
    }

    /// Lets a trader do something, once per key.
    pub(crate) async fn run(
        &self,
        trader: &TraderId,
        key: Option<String>,
        errand: Errand,
    ) -> Result<(), DeskError> {
        let news = matches!(errand, Errand::Settings(_));
        let seat = self.seat(trader).ok_or_else(|| self.ended())?;
        let (reply, told) = oneshot::channel();
        let message = Message::Errand { seat, key, errand: Box::new(errand), reply };
        self.inbox.send(message).await.map_err(|_| self.ended())?;
        let durable = told.await.map_err(|_| self.ended())??;
        let _ = durable.await;
        if news {
            let _ = self.inbox.send(Message::NewNeeds(seat)).await;
        }
        Ok(())
    }

    /// Whether a trader could do it now, or has done it already.
    pub(crate) async fn may(&self, trader: &TraderId, key: &str, errand: Errand) -> Result<(), DeskError> {
        let seat = self.seat(trader).ok_or_else(|| self.ended())?;
        let (reply, told) = oneshot::channel();
        let message = Message::May { seat, key: key.to_owned(), errand: Box::new(errand), reply };
        self.inbox.send(message).await.map_err(|_| self.ended())?;
        told.await.map_err(|_| self.ended())?
    }

    fn ended(&self) -> DeskError {
        DeskError::Elsewhere { account: self.account.clone(), owner: None }
    }

    /// Reads the account and repairs what differs, now; false if the account has ended.
    pub async fn reconcile(&self) -> bool {
        self.inbox.send(Message::ReadNow).await.is_ok()
    }

    /// Writes a record; true once it is durable.
    pub(crate) async fn record(&self, entry: Entry) -> bool {
        let (reply, told) = oneshot::channel();
        self.inbox.send(Message::Record(Box::new(entry), reply)).await.is_ok() && told.await.unwrap_or(false)
    }

    /// Returns once everything that has come in has been dealt with and nothing is under way.
    pub async fn settle(&self) {
        // What feeds the account's task gets its turn first.
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        let (reply, told) = oneshot::channel();
        if self.inbox.send(Message::Ask(Ask::Idle(reply))).await.is_ok() {
            let _ = told.await;
        }
    }

    /// How the account is; `None` once it has ended.
    pub async fn status(&self) -> Option<AccountStatus> {
        let (reply, told) = oneshot::channel();
        self.inbox.send(Message::Ask(Ask::Account(reply))).await.ok()?;
        told.await.ok()
    }

    /// How a trader is; `None` if it is not here or the account has ended.
    pub async fn trader(&self, trader: &TraderId) -> Option<TraderStatus> {
        let (reply, told) = oneshot::channel();
        self.inbox.send(Message::Ask(Ask::Trader(self.seat(trader)?, reply))).await.ok()?;
        told.await.ok().flatten()
    }
}
