//! The desk over accounts that run in this process.

mod command;
mod events;
mod settings;
mod targets;

use super::clock::Clock;
use super::session::Handle;
use crate::desk::{
    AccountStatus, Actor, CommandKey, Desk, DeskError, EventStream, Instruction, Overview, Receipt,
    SettingsView, TraderStatus, Via,
};
use crate::model::{AccountId, Span, Timestamp, TraderId};
use crate::store::{
    JournalExt, JournaledDecision, LayerKey, Preset, RecordQuery, Role, Seq, SettingsVersion, Store,
    TradeRecord, UserId,
};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How long a confirmation may be given.
const CONFIRM_WITHIN: Span = Span::minutes(1);

/// A panic that waits for its confirmation.
#[derive(Clone, Debug)]
struct Pending {
    user: UserId,
    traders: Vec<TraderId>,
    expires: Timestamp,
}

/// The [`Desk`] of this process. Who asks through [`Via::Program`] is the program itself and may do everything; everybody
/// else is a user of the store and sees only their own accounts.
pub struct LocalDesk {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    accounts: Mutex<BTreeMap<AccountId, Handle>>,
    pending: Mutex<BTreeMap<String, Pending>>,
    /// One command at a time: the same key twice at once is the same command once.
    turn: tokio::sync::Mutex<u64>,
}

impl std::fmt::Debug for LocalDesk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalDesk").finish_non_exhaustive()
    }
}

impl LocalDesk {
    /// A desk without accounts.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            clock,
            accounts: Mutex::default(),
            pending: Mutex::default(),
            turn: tokio::sync::Mutex::new(0),
        }
    }

    /// Takes a running account on, or replaces the one of the same id.
    pub fn attach(&self, account: Handle) {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.insert(account.account().clone(), account);
    }

    fn handles(&self) -> Vec<Handle> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// What a user may do with an account; the same answer for what is not theirs and what is not there.
    async fn admit(&self, by: &Actor, account: &AccountId, needed: Role) -> Result<(), DeskError> {
        if by.via == Via::Program {
            return Ok(());
        }
        let refused = || DeskError::Forbidden { action: format!("account {account}") };
        let user = self.store.user(&by.user).await?.filter(|user| !user.disabled).ok_or_else(refused)?;
        if user.role < needed {
            return Err(refused());
        }
        if user.role == Role::Admin {
            return Ok(());
        }
        match self.store.account(account).await? {
            Some(entry) if entry.user == by.user => Ok(()),
            _ => Err(refused()),
        }
    }

    /// The running account, for who may use it so.
    async fn open(&self, by: &Actor, account: &AccountId, needed: Role) -> Result<Handle, DeskError> {
        self.admit(by, account, needed).await?;
        let found = self.accounts.lock().unwrap_or_else(PoisonError::into_inner).get(account).cloned();
        found.ok_or_else(|| DeskError::Elsewhere { account: account.clone(), owner: None })
    }

    /// The running account of a trader, for who may use it so.
    async fn open_of(&self, by: &Actor, trader: &TraderId, needed: Role) -> Result<Handle, DeskError> {
        let found = self.handles().into_iter().find(|handle| handle.traders().any(|id| id == trader));
        let handle = found.ok_or_else(|| DeskError::NotFound { what: format!("trader {trader}") })?;
        self.admit(by, handle.account(), needed).await?;
        Ok(handle)
    }

    /// Every running account the actor may use so.
    async fn own(&self, by: &Actor, needed: Role) -> Result<Vec<Handle>, DeskError> {
        let mut own = Vec::new();
        for handle in self.handles() {
            match self.admit(by, handle.account(), needed).await {
                Ok(()) => own.push(handle),
                Err(DeskError::Forbidden { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(own)
    }
}

fn ended(account: &AccountId) -> DeskError {
    DeskError::Elsewhere { account: account.clone(), owner: None }
}

#[async_trait]
impl Desk for LocalDesk {
    async fn command(&self, instruction: Instruction) -> Result<Receipt, DeskError> {
        self.carry_out(instruction).await
    }

    async fn receipt(&self, by: &Actor, key: &CommandKey) -> Result<Option<Receipt>, DeskError> {
        for handle in self.own(by, Role::Viewer).await? {
            if let Some(receipt) = self.stored_receipt(handle.account(), by, key).await? {
                return Ok(Some(receipt));
            }
        }
        Ok(None)
    }

    async fn overview(&self, by: &Actor) -> Result<Overview, DeskError> {
        let mut overview = Overview { at: self.clock.now(), ..Overview::default() };
        for handle in self.own(by, Role::Viewer).await? {
            overview.accounts.extend(handle.status().await);
            let traders: Vec<TraderId> = handle.traders().cloned().collect();
            for trader in traders {
                overview.traders.extend(handle.trader(&trader).await);
            }
        }
        Ok(overview)
    }

    async fn account(&self, by: &Actor, account: &AccountId) -> Result<AccountStatus, DeskError> {
        let handle = self.open(by, account, Role::Viewer).await?;
        handle.status().await.ok_or_else(|| ended(account))
    }

    async fn trader(&self, by: &Actor, trader: &TraderId) -> Result<TraderStatus, DeskError> {
        let handle = self.open_of(by, trader, Role::Viewer).await?;
        handle.trader(trader).await.ok_or_else(|| ended(handle.account()))
    }

    async fn decisions(&self, by: &Actor, query: &RecordQuery) -> Result<Vec<JournaledDecision>, DeskError> {
        self.admit(by, &query.account, Role::Viewer).await?;
        Ok(self.store.decisions(query).await?)
    }

    async fn trades(&self, by: &Actor, query: &RecordQuery) -> Result<Vec<TradeRecord>, DeskError> {
        self.admit(by, &query.account, Role::Viewer).await?;
        Ok(self.store.trades(query).await?)
    }

    async fn settings(&self, by: &Actor, trader: &TraderId) -> Result<SettingsView, DeskError> {
        let handle = self.open_of(by, trader, Role::Viewer).await?;
        self.settings_of(&handle, trader).await
    }

    async fn layer(&self, by: &Actor, key: &LayerKey) -> Result<Option<SettingsVersion>, DeskError> {
        if by.via != Via::Program {
            let user = self.store.user(&by.user).await?.filter(|user| !user.disabled);
            user.ok_or_else(|| DeskError::Forbidden { action: "reading settings".into() })?;
        }
        Ok(self.store.settings(key, None).await?)
    }

    async fn presets(&self, by: &Actor) -> Result<Vec<Preset>, DeskError> {
        Ok(self.store.presets(&by.user).await?)
    }

    async fn events(
        &self,
        by: &Actor,
        account: &AccountId,
        after: Option<Seq>,
    ) -> Result<EventStream, DeskError> {
        let handle = self.open(by, account, Role::Viewer).await?;
        let after = match after {
            Some(seq) => seq,
            None => self.store.last_seq(account).await?,
        };
        Ok(events::stream(&handle, after))
    }
}
