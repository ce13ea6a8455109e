//! The control plane. Bot, API, dashboard and terminal use [`Desk`] and nothing else.
//!
//! ```text
//! Instruction { key, by, command } ─▶ command() ─▶ Receipt        the same key brings the same receipt
//! overview / account / trader / decisions / trades / settings     how things are, and why
//! events(account, after) ─▶ Event … Gap … Event                   what happens, resumable by its place
//! ```
//!
//! Nothing here is prose: texts in English or Korean are made from codes and numbers at the edges.

mod account;
mod command;
mod error;
mod event;
mod receipt;
mod reconciliation;
mod trader;

pub use account::{AccountState, AccountStatus, ForeignPosition, LinkStatus, Overview, Reservation};
pub use command::{
    Actor, Changes, Command, CommandKey, Instruction, InvalidKey, LadderLevel, LegRef, Scope, StopLegs, Via,
};
pub use error::DeskError;
pub use event::{EntryRole, Event, EventKind, EventStream, Severity, Update};
pub use receipt::{Effect, Finding, Receipt, SettingChange, TraderResult};
pub use reconciliation::Reconciliation;
pub use trader::{
    Gate, LastDecision, LegState, LegStatus, LevelStatus, OrderLine, SettingsView, StopHolder, StopStatus,
    TraderState, TraderStatus,
};

use crate::model::{AccountId, TraderId};
use crate::store::{JournaledDecision, LayerKey, Preset, RecordQuery, Seq, SettingsVersion, TradeRecord};
use async_trait::async_trait;
use std::sync::Arc;

/// What people and programs use to run traders.
///
/// Every method takes who asks, shows only what is theirs, and refuses the rest with [`DeskError::Forbidden`].
///
/// ```
/// use hyperrsi_core::desk::*;
/// # use hyperrsi_core::{model::*, store::*};
/// # use std::{pin::pin, sync::Mutex, task::{Context, Poll, Waker}};
/// # struct Fake { seen: Mutex<Vec<Receipt>> }
/// # fn missing<T>() -> Result<T, DeskError> { Err(DeskError::NotFound { what: "it".into() }) }
/// # #[async_trait::async_trait]
/// # impl Desk for Fake {
/// #     async fn command(&self, instruction: Instruction) -> Result<Receipt, DeskError> {
/// #         let mut seen = self.seen.lock().unwrap();
/// #         if let Some(first) = seen.iter().find(|receipt| receipt.key == instruction.key) {
/// #             return Ok(first.clone());
/// #         }
/// #         let at = Timestamp::from_millis(seen.len() as i64);
/// #         let receipt = Receipt { key: instruction.key, at, effect: Effect::Done };
/// #         seen.push(receipt.clone());
/// #         Ok(receipt)
/// #     }
/// #     async fn receipt(&self, _: &Actor, _: &CommandKey) -> Result<Option<Receipt>, DeskError> { Ok(None) }
/// #     async fn overview(&self, _: &Actor) -> Result<Overview, DeskError> { Ok(Overview::default()) }
/// #     async fn account(&self, _: &Actor, _: &AccountId) -> Result<AccountStatus, DeskError> { missing() }
/// #     async fn trader(&self, _: &Actor, _: &TraderId) -> Result<TraderStatus, DeskError> { missing() }
/// #     async fn decisions(&self, _: &Actor, _: &RecordQuery) -> Result<Vec<JournaledDecision>, DeskError> { missing() }
/// #     async fn trades(&self, _: &Actor, _: &RecordQuery) -> Result<Vec<TradeRecord>, DeskError> { missing() }
/// #     async fn settings(&self, _: &Actor, _: &TraderId) -> Result<SettingsView, DeskError> { missing() }
/// #     async fn layer(&self, _: &Actor, _: &LayerKey) -> Result<Option<SettingsVersion>, DeskError> { missing() }
/// #     async fn presets(&self, _: &Actor) -> Result<Vec<Preset>, DeskError> { missing() }
/// #     async fn events(&self, _: &Actor, _: &AccountId, _: Option<Seq>) -> Result<EventStream, DeskError> { missing() }
/// # }
/// # fn ready<F: Future>(future: F) -> F::Output {
/// #     match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
/// #         Poll::Ready(output) => output,
/// #         Poll::Pending => unreachable!("the example never waits"),
/// #     }
/// # }
/// # let desk = Fake { seen: Mutex::default() };
/// let by = Actor { user: "ann".into(), via: Via::Api };
/// let leg = LegRef { trader: "t1".into(), side: PositionSide::Long };
/// let close = Instruction {
///     key: "close-17".parse().unwrap(),
///     by: by.clone(),
///     command: Command::Close { leg, share: Percent::new(100.into()) },
/// };
/// let first = ready(desk.command(close.clone()))?;
/// let second = ready(desk.command(close))?; // sent again after a time-out: closes nothing more
/// assert_eq!(first, second);
/// assert!(ready(desk.overview(&by))?.traders.is_empty());
/// # Ok::<(), DeskError>(())
/// ```
#[async_trait]
pub trait Desk: Send + Sync {
    /// Carries out a command, once per key. The receipt is durable before it is returned; what takes longer goes on by
    /// itself and is told by events.
    ///
    /// # Errors
    /// A [`DeskError`] means that nothing was done; [`DeskError::KeyReused`] if the key came with another command.
    async fn command(&self, instruction: Instruction) -> Result<Receipt, DeskError>;

    /// The receipt of an earlier command of the same user.
    async fn receipt(&self, by: &Actor, key: &CommandKey) -> Result<Option<Receipt>, DeskError>;

    /// Everything the actor may see, at a glance.
    async fn overview(&self, by: &Actor) -> Result<Overview, DeskError>;

    /// One account.
    async fn account(&self, by: &Actor, account: &AccountId) -> Result<AccountStatus, DeskError>;

    /// One trader.
    async fn trader(&self, by: &Actor, trader: &TraderId) -> Result<TraderStatus, DeskError>;

    /// Decision records; the query's `kinds` are set for you.
    async fn decisions(&self, by: &Actor, query: &RecordQuery) -> Result<Vec<JournaledDecision>, DeskError>;

    /// Trades; the query's `kinds` are set for you.
    async fn trades(&self, by: &Actor, query: &RecordQuery) -> Result<Vec<TradeRecord>, DeskError>;

    /// The settings of a trader, merged and by layer.
    async fn settings(&self, by: &Actor, trader: &TraderId) -> Result<SettingsView, DeskError>;

    /// The newest version of one layer; `None` if nothing was ever set there.
    async fn layer(&self, by: &Actor, key: &LayerKey) -> Result<Option<SettingsVersion>, DeskError>;

    /// The actor's presets.
    async fn presets(&self, by: &Actor) -> Result<Vec<Preset>, DeskError>;

    /// Events of an account behind `after`, then live ones; from now on if `after` is `None`. What cannot be shown is
    /// a [`Gap`](Update::Gap), never silence. The stream ends when the account stops here.
    async fn events(
        &self,
        by: &Actor,
        account: &AccountId,
        after: Option<Seq>,
    ) -> Result<EventStream, DeskError>;
}

#[async_trait]
impl<T: Desk + ?Sized> Desk for Arc<T> {
    async fn command(&self, instruction: Instruction) -> Result<Receipt, DeskError> {
        (**self).command(instruction).await
    }
    async fn receipt(&self, by: &Actor, key: &CommandKey) -> Result<Option<Receipt>, DeskError> {
        (**self).receipt(by, key).await
    }
    async fn overview(&self, by: &Actor) -> Result<Overview, DeskError> {
        (**self).overview(by).await
    }
    async fn account(&self, by: &Actor, account: &AccountId) -> Result<AccountStatus, DeskError> {
        (**self).account(by, account).await
    }
    async fn trader(&self, by: &Actor, trader: &TraderId) -> Result<TraderStatus, DeskError> {
        (**self).trader(by, trader).await
    }
    async fn decisions(&self, by: &Actor, query: &RecordQuery) -> Result<Vec<JournaledDecision>, DeskError> {
        (**self).decisions(by, query).await
    }
    async fn trades(&self, by: &Actor, query: &RecordQuery) -> Result<Vec<TradeRecord>, DeskError> {
        (**self).trades(by, query).await
    }
    async fn settings(&self, by: &Actor, trader: &TraderId) -> Result<SettingsView, DeskError> {
        (**self).settings(by, trader).await
    }
    async fn layer(&self, by: &Actor, key: &LayerKey) -> Result<Option<SettingsVersion>, DeskError> {
        (**self).layer(by, key).await
    }
    async fn presets(&self, by: &Actor) -> Result<Vec<Preset>, DeskError> {
        (**self).presets(by).await
    }
    async fn events(
        &self,
        by: &Actor,
        account: &AccountId,
        after: Option<Seq>,
    ) -> Result<EventStream, DeskError> {
        (**self).events(by, account, after).await
    }
}

#[cfg(test)]
mod tests;
