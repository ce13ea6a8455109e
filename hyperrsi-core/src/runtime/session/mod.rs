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
mod exit;
mod serve;

pub use build::{Parts, StartError};
pub use exit::{Exit, Unprotected};
pub(crate) use serve::Ask;

use super::driver::SeatId;
use super::hub::{Board, Prices};
use crate::desk::{AccountStatus, TraderStatus};
use crate::model::{AccountId, TraderId};
use crate::store::{Entry, Seq, Store};
use crate::trader::Command;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

#[cfg(doc)]
use crate::account::Account;

/// Something for the account's task.
#[derive(Debug)]
pub(crate) enum Message {
    Board(SeatId, Board),
    Prices(SeatId, Prices),
    Command(SeatId, Command, oneshot::Sender<bool>),
    Ask(Ask),
    Record(Entry, oneshot::Sender<bool>),
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
    traders: Arc<[(TraderId, SeatId)]>,
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
        self.traders.iter().map(|(trader, _)| trader)
    }
    pub(crate) fn seat(&self, trader: &TraderId) -> Option<SeatId> {
        self.traders.iter().find(|(id, _)| id == trader).map(|(_, seat)| *seat)
    }
    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }
    pub(crate) fn published(&self) -> watch::Receiver<Seq> {
        self.published.clone()
    }

    /// Asks a trader for something; returns once what it led to is durable, or the store has failed. False if the trader is
    /// not here or the account has ended.
    pub async fn command(&self, trader: &TraderId, command: Command) -> bool {
        let Some(seat) = self.seat(trader) else { return false };
        let (done, told) = oneshot::channel();
        self.inbox.send(Message::Command(seat, command, done)).await.is_ok() && told.await.is_ok()
    }

    /// Reads the account and repairs what differs, now; false if the account has ended.
    pub async fn reconcile(&self) -> bool {
        self.inbox.send(Message::ReadNow).await.is_ok()
    }

    /// Writes a record; true once it is durable.
    pub(crate) async fn record(&self, entry: Entry) -> bool {
        let (reply, told) = oneshot::channel();
        self.inbox.send(Message::Record(entry, reply)).await.is_ok() && told.await.unwrap_or(false)
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
