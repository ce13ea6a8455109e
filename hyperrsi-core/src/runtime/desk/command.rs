use super::{CONFIRM_WITHIN, LocalDesk, Pending};
use crate::desk::{
    Actor, Command, CommandKey, DeskError, Effect, Instruction, Receipt, Scope, StopLegs, TraderResult, Via,
};
use crate::model::{AccountId, PositionSide, TraderId};
use crate::runtime::session::Handle;
use crate::store::{Body, Code, Entry, RecordKind, Role, Tags};
use crate::trader;
use rust_decimal::Decimal;
use std::sync::PoisonError;

impl LocalDesk {
    pub(super) async fn stored_receipt(
        &self,
        account: &AccountId,
        by: &Actor,
        key: &CommandKey,
    ) -> Result<Option<Receipt>, DeskError> {
        let record = self.store.record(account, &format!("receipt:{}:{key}", by.user)).await?;
        Ok(record.map(|record| record.entry.body.parse()).transpose()?)
    }

    /// Once per key: what was asked is in the journal before anything is done, the receipt before it is returned.
    pub(super) async fn carry_out(&self, instruction: Instruction) -> Result<Receipt, DeskError> {
        let mut turn = self.turn.lock().await;
        *turn += 1;
        let Instruction { key, by, command } = instruction;
        let asked = Body::of(&command)?;
        for handle in self.own(&by, Role::Viewer).await? {
            let account = handle.account();
            if let Some(known) = self.store.record(account, &format!("command:{}:{key}", by.user)).await? {
                if known.entry.body != asked {
                    return Err(DeskError::KeyReused);
                }
                if let Some(receipt) = self.stored_receipt(account, &by, &key).await? {
                    return Ok(receipt);
                }
            }
        }
        let targets = self.targets(&by, &command).await?;
        let Some((home, _)) = targets.first() else {
            return Err(DeskError::NotFound { what: "a running trader in this scope".into() });
        };
        self.check(&command)?;
        self.write(home, RecordKind::Command, &by, &key, asked, command.name()).await?;
        let effect = self.act(&by, &command, &targets, *turn).await?;
        let receipt = Receipt { key: key.clone(), at: self.clock.now(), effect };
        let body = Body::of(&receipt)?;
        self.write(home, RecordKind::Receipt, &by, &key, body, command.name()).await?;
        Ok(receipt)
    }

    async fn write(
        &self,
        home: &Handle,
        kind: RecordKind,
        by: &Actor,
        key: &CommandKey,
        body: Body,
        name: &'static str,
    ) -> Result<(), DeskError> {
        let key = format!("{}:{}:{key}", kind.code(), by.user);
        let via = serde_json::to_value(by.via).ok().and_then(|via| via.as_str().map(str::to_owned));
        let tags = Tags { outcome: Some(Code::of(name)), reason: via.map(Code::from), ..Tags::default() };
        let entry = Entry { tags, ..Entry::new(kind, key, None, self.clock.now(), body) };
        if home.record(entry).await {
            Ok(())
        } else {
            Err(DeskError::Store { detail: "the journal did not take it".into() })
        }
    }

    /// The running traders a command is about, each with its account.
    async fn targets(&self, by: &Actor, command: &Command) -> Result<Vec<(Handle, TraderId)>, DeskError> {
        let one = async |trader: &TraderId| -> Result<Vec<(Handle, TraderId)>, DeskError> {
            Ok(vec![(self.open_of(by, trader, Role::Trader).await?, trader.clone())])
        };
        let all = |handles: Vec<Handle>| -> Vec<(Handle, TraderId)> {
            let of = |handle: Handle| {
                let traders: Vec<TraderId> = handle.traders().cloned().collect();
                traders.into_iter().map(move |trader| (handle.clone(), trader))
            };
            handles.into_iter().flat_map(of).collect()
        };
        match command {
            Command::Stop { scope, .. }
            | Command::PauseEntries { scope }
            | Command::Resume { scope }
            | Command::Panic { scope }
            | Command::Reconcile { scope } => match scope {
                Scope::Trader(trader) => one(trader).await,
                Scope::Account(account) => Ok(all(vec![self.open(by, account, Role::Trader).await?])),
                Scope::User(user) if by.user == *user || by.via == Via::Program => {
                    Ok(all(self.own(by, Role::Trader).await?))
                }
                Scope::User(_) | Scope::Everything => Ok(all(self.own(by, Role::Admin).await?)),
            },
            Command::Enter { leg, .. }
            | Command::Close { leg, .. }
            | Command::SetStop { leg, .. }
            | Command::SetLadder { leg, .. }
            | Command::Claim { leg, .. } => one(&leg.trader).await,
            Command::ApplySettings { trader }
            | Command::AssignPreset { trader, .. }
            | Command::LiftMarginBlock { trader } => one(trader).await,
            Command::Ignore { account, instrument, .. }
            | Command::Start { account, instrument, .. }
            | Command::CancelOrder { account, instrument, .. } => {
                let handle = self.open(by, account, Role::Trader).await?;
                let mut found = Vec::new();
                let traders: Vec<TraderId> = handle.traders().cloned().collect();
                for trader in traders {
                    if handle.trader(&trader).await.is_some_and(|status| status.instrument == *instrument) {
                        found.push((handle.clone(), trader));
                    }
                }
                Ok(found)
            }
            Command::Confirm { token } => {
                let pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner).get(token).cloned();
                let pending =
                    pending.filter(|pending| pending.user == by.user).ok_or(DeskError::NotConfirmed)?;
                let mut found = Vec::new();
                for trader in &pending.traders {
                    found.push((self.open_of(by, trader, Role::Trader).await?, trader.clone()));
                }
                Ok(found)
            }
            Command::UpdateSettings { .. } | Command::SavePreset { .. } | Command::RemovePreset { .. } => {
                Err(unsupported(command))
            }
        }
    }

    /// Whether a command can be carried out at all; nothing has been done when it cannot.
    fn check(&self, command: &Command) -> Result<(), DeskError> {
        match command {
            Command::Close { share, .. } => {
                let share = share.get();
                if share <= Decimal::ZERO || share > Decimal::ONE_HUNDRED {
                    let why = format!("{share} is not above 0 and up to 100");
                    return Err(DeskError::Invalid { field: "share".into(), why });
                }
                Ok(())
            }
            Command::SetStop { price: Some(price), .. } if !price.is_positive() => {
                Err(DeskError::Invalid { field: "price".into(), why: "it is not above zero".into() })
            }
            Command::SetStop { price: None, .. }
            | Command::Enter { .. }
            | Command::SetLadder { .. }
            | Command::Claim { .. }
            | Command::CancelOrder { .. }
            | Command::ApplySettings { .. }
            | Command::AssignPreset { .. }
            | Command::LiftMarginBlock { .. } => Err(unsupported(command)),
            _ => Ok(()),
        }
    }

    async fn act(
        &self,
        by: &Actor,
        command: &Command,
        targets: &[(Handle, TraderId)],
        turn: u64,
    ) -> Result<Effect, DeskError> {
        use trader::Command as Do;
        let close = |side, fraction| Do::Close { side, fraction };
        let orders: Vec<Do> = match command {
            Command::Stop { legs: StopLegs::ManageOnly, .. } => vec![Do::Stop],
            Command::Stop { legs: StopLegs::Close, .. } => {
                vec![
                    Do::Stop,
                    close(PositionSide::Long, Decimal::ONE),
                    close(PositionSide::Short, Decimal::ONE),
                ]
            }
            Command::PauseEntries { .. } => vec![Do::Pause],
            Command::Resume { .. } => vec![Do::Resume],
            Command::Start { .. } => vec![Do::Start],
            Command::Close { leg, share } => {
                let status = match targets.first() {
                    Some((handle, trader)) => handle.trader(trader).await,
                    None => None,
                };
                if status.is_none_or(|status| status.leg(leg.side).is_none()) {
                    return Err(DeskError::Nothing { what: format!("open {} leg", leg.side) });
                }
                vec![close(leg.side, share.get() / Decimal::ONE_HUNDRED)]
            }
            Command::SetStop { leg, price: Some(price) } => {
                vec![Do::SetStop { side: leg.side, price: *price }]
            }
            Command::Ignore { side, .. } => vec![Do::Ignore { side: *side }],
            Command::Reconcile { .. } => {
                for (handle, _) in targets {
                    handle.reconcile().await;
                }
                return Ok(Effect::Done);
            }
            Command::Panic { .. } => return Ok(self.ask_confirmation(by, targets, turn).await),
            Command::Confirm { token } => {
                let taken = self.pending.lock().unwrap_or_else(PoisonError::into_inner).remove(token);
                let valid = taken.is_some_and(|pending| pending.expires > self.clock.now());
                if !valid {
                    return Err(DeskError::NotConfirmed);
                }
                vec![Do::Panic]
            }
            other => return Err(unsupported(other)),
        };
        let mut results = Vec::new();
        for (handle, trader) in targets {
            let mut here = true;
            for order in &orders {
                here &= handle.command(trader, order.clone()).await;
            }
            let error = (!here).then(|| super::ended(handle.account()));
            results.push(TraderResult { trader: trader.clone(), error });
        }
        match results.as_slice() {
            [TraderResult { error: Some(error), .. }] => Err(error.clone()),
            [_] => Ok(match (command, targets.first()) {
                (Command::Start { .. }, Some((_, trader))) => {
                    Effect::Started { trader: trader.clone(), warnings: Vec::new() }
                }
                _ => Effect::Done,
            }),
            _ => Ok(Effect::Each { results }),
        }
    }

    async fn ask_confirmation(&self, by: &Actor, targets: &[(Handle, TraderId)], turn: u64) -> Effect {
        let (mut legs, mut orders) = (0, 0);
        for (handle, trader) in targets {
            if let Some(status) = handle.trader(trader).await {
                legs += u32::try_from(status.legs.len()).unwrap_or(u32::MAX);
                orders += u32::try_from(status.orders.len()).unwrap_or(u32::MAX);
            }
        }
        let now = self.clock.now();
        let expires = now + CONFIRM_WITHIN;
        // Unique and good for one user and one minute: it confirms, it does not authenticate.
        let token = format!("c{turn}-{}", now.millis());
        let traders = targets.iter().map(|(_, trader)| trader.clone()).collect();
        let pending = Pending { user: by.user.clone(), traders, expires };
        let mut all = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, pending| pending.expires > now);
        all.insert(token.clone(), pending);
        Effect::Confirm { token, expires, legs, orders }
    }
}

fn unsupported(command: &Command) -> DeskError {
    DeskError::Unsupported {
        what: command.name().into(),
        by: "a desk over accounts that a program started".into(),
    }
}
