//! What a command covers.

use super::LocalDesk;
use super::command::Target;
use crate::desk::{Actor, Command, DeskError, Scope, Via};
use crate::model::{InstrumentId, TraderId};
use crate::runtime::session::Handle;
use crate::store::{Layer, Role};
use std::sync::PoisonError;

impl LocalDesk {
    async fn one(&self, by: &Actor, trader: &TraderId) -> Result<Vec<Target>, DeskError> {
        Ok(vec![(self.open_of(by, trader, Role::Trader).await?, trader.clone())])
    }

    /// The running traders a command is about, each with its account.
    pub(super) async fn targets(&self, by: &Actor, command: &Command) -> Result<Vec<Target>, DeskError> {
        match command {
            Command::Stop { scope, .. }
            | Command::PauseEntries { scope }
            | Command::Resume { scope }
            | Command::Panic { scope }
            | Command::Reconcile { scope } => {
                let targets = self.in_scope(by, scope).await?;
                if targets.is_empty() {
                    return Err(DeskError::NotFound { what: "a running trader in this scope".into() });
                }
                Ok(targets)
            }
            Command::Enter { leg, .. }
            | Command::Close { leg, .. }
            | Command::SetStop { leg, .. }
            | Command::SetLadder { leg, .. }
            | Command::Claim { leg, .. } => self.one(by, &leg.trader).await,
            Command::ApplySettings { trader }
            | Command::AssignPreset { trader, .. }
            | Command::LiftMarginBlock { trader } => self.one(by, trader).await,
            Command::Ignore { account, instrument, .. }
            | Command::Start { account, instrument, .. }
            | Command::CancelOrder { account, instrument, .. } => {
                let handle = self.open(by, account, Role::Trader).await?;
                on_instrument(&handle, instrument)
            }
            Command::Confirm { token } => {
                let pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner).get(token).cloned();
                let pending =
                    pending.filter(|pending| pending.user == by.user).ok_or(DeskError::NotConfirmed)?;
                let mut found = Vec::new();
                for trader in &pending.traders {
                    found.extend(self.one(by, trader).await?);
                }
                Ok(found)
            }
            Command::UpdateSettings { .. } | Command::SavePreset { .. } | Command::RemovePreset { .. } => {
                Ok(Vec::new())
            }
        }
    }

    async fn in_scope(&self, by: &Actor, scope: &Scope) -> Result<Vec<Target>, DeskError> {
        match scope {
            Scope::Trader(trader) => self.one(by, trader).await,
            Scope::Account(account) => Ok(every(vec![self.open(by, account, Role::Trader).await?])),
            Scope::User(user) if by.user == *user || by.via == Via::Program => {
                Ok(every(self.own(by, Role::Trader).await?))
            }
            Scope::User(_) | Scope::Everything => Ok(every(self.own(by, Role::Admin).await?)),
        }
    }

    /// The account whose journal keeps a command that is about no trader.
    pub(super) async fn home(&self, by: &Actor, command: &Command) -> Result<Handle, DeskError> {
        if let Command::UpdateSettings {
            layer: Layer::Account(account) | Layer::Symbol(account, _), ..
        } = command
        {
            return self.open(by, account, Role::Trader).await;
        }
        let own = self.own(by, Role::Trader).await?;
        let what = "a running account of yours, whose journal keeps what you ask for".into();
        own.into_iter().next().ok_or(DeskError::NotFound { what })
    }
}

fn every(handles: Vec<Handle>) -> Vec<Target> {
    let of = |handle: Handle| {
        let traders: Vec<TraderId> = handle.traders().cloned().collect();
        traders.into_iter().map(move |trader| (handle.clone(), trader))
    };
    handles.into_iter().flat_map(of).collect()
}

fn on_instrument(handle: &Handle, instrument: &InstrumentId) -> Result<Vec<Target>, DeskError> {
    let found = handle.list().iter().find(|listed| listed.instrument.id == *instrument);
    let what = || format!("a trader on {instrument}");
    let listed = found.ok_or_else(|| DeskError::NotFound { what: what() })?;
    Ok(vec![(handle.clone(), listed.id.clone())])
}
