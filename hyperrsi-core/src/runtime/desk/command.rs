//! Commands: who may, once per key, journaled before anything happens.

use super::{CONFIRM_WITHIN, LocalDesk, Pending};
use crate::desk::{
    Actor, Command, CommandKey, DeskError, Effect, Instruction, Receipt, StopLegs, TraderResult,
};
use crate::model::{AccountId, PositionSide, TraderId};
use crate::runtime::driver::Errand;
use crate::runtime::session::Handle;
use crate::store::{Body, Code, Entry, RecordKind, Role, Tags};
use crate::trader;
use rust_decimal::Decimal;
use std::sync::PoisonError;

/// A running trader, with its account.
pub(super) type Target = (Handle, TraderId);

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

    /// Once per key: what was asked is in the journal before anything is done, the receipt before it is returned. Where
    /// the process dies in between, the same command with the same key is carried out to its end, and what each trader
    /// had done of it is not done again.
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
        let home = match targets.first() {
            Some((home, _)) => home.clone(),
            None => self.home(&by, &command).await?,
        };
        check(&command)?;
        let once = format!("{}:{key}", by.user);
        if let [(handle, trader)] = targets.as_slice() {
            for errand in errands(&command) {
                handle.may(trader, &once, errand).await?;
            }
        }
        self.write(&home, RecordKind::Command, &by, &key, asked, command.name()).await?;
        let effect = self.act(&by, &once, &command, &targets, *turn).await?;
        let receipt = Receipt { key: key.clone(), at: self.clock.now(), effect };
        let body = Body::of(&receipt)?;
        self.write(&home, RecordKind::Receipt, &by, &key, body, command.name()).await?;
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

    async fn act(
        &self,
        by: &Actor,
        once: &str,
        command: &Command,
        targets: &[Target],
        turn: u64,
    ) -> Result<Effect, DeskError> {
        match command {
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
            }
            Command::UpdateSettings { strategy, layer, expected, changes } => {
                return self.update_settings(by, strategy, layer, *expected, changes).await;
            }
            Command::AssignPreset { preset, .. } => {
                let Some((handle, trader)) = targets.first() else {
                    return Err(DeskError::NotFound { what: "the trader".into() });
                };
                return self.assign_preset(by, handle, trader, preset.as_ref()).await;
            }
            Command::SavePreset { preset } => return self.save_preset(by, preset).await,
            Command::RemovePreset { preset } => return self.remove_preset(by, preset).await,
            Command::Start { preset, settings, strategy, account, instrument, .. } => {
                if let (Some(preset), Some((handle, trader))) = (preset, targets.first()) {
                    self.assign_preset(by, handle, trader, Some(preset)).await?;
                }
                if !settings.is_empty() {
                    let layer = crate::store::Layer::Symbol(account.clone(), instrument.clone());
                    self.update_settings(by, strategy, &layer, None, settings).await?;
                }
            }
            _ => {}
        }
        self.send(once, command, targets).await
    }

    /// Lets every trader in scope do it.
    async fn send(&self, once: &str, command: &Command, targets: &[Target]) -> Result<Effect, DeskError> {
        let mut results = Vec::new();
        for (handle, trader) in targets {
            let mut error = None;
            for errand in errands(command) {
                error = handle.run(trader, Some(once.to_owned()), errand).await.err();
                if error.is_some() {
                    break;
                }
            }
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

    async fn ask_confirmation(&self, by: &Actor, targets: &[Target], turn: u64) -> Effect {
        let (mut legs, mut orders) = (0, 0);
        for (handle, trader) in targets {
            if let Some(status) = handle.trader(trader).await {
                let own = status.orders.iter().filter(|order| order.client_id.is_some()).count();
                legs += u32::try_from(status.legs.len()).unwrap_or(u32::MAX);
                orders += u32::try_from(own).unwrap_or(u32::MAX);
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

/// What a command is for each trader in its scope.
fn errands(command: &Command) -> Vec<Errand> {
    use trader::Command as Do;
    let errand = match command {
        Command::Start { .. } => Errand::Do(Do::Start),
        Command::Stop { legs: StopLegs::ManageOnly, .. } => Errand::Do(Do::Stop),
        Command::Stop { legs: StopLegs::Close, .. } => Errand::StopAndClose,
        Command::PauseEntries { .. } => Errand::Do(Do::Pause),
        Command::Resume { .. } => Errand::Do(Do::Resume),
        Command::Enter { leg, quantity } => Errand::Enter { side: leg.side, at_most: *quantity },
        Command::Close { leg, share } => {
            let fraction = share.get() / Decimal::ONE_HUNDRED;
            Errand::Do(Do::Close { side: leg.side, fraction })
        }
        Command::Confirm { .. } => Errand::Do(Do::Panic),
        Command::SetStop { leg, price: Some(price) } => {
            Errand::Do(Do::SetStop { side: leg.side, price: *price })
        }
        Command::SetStop { leg, price: None } => Errand::Do(Do::ResetStop { side: leg.side }),
        Command::SetLadder { leg, levels } => Errand::SetLadder { side: leg.side, levels: levels.clone() },
        Command::CancelOrder { order, .. } => Errand::CancelOrder(order.clone()),
        Command::Claim { leg, adopt, cancel } => {
            Errand::Claim { side: leg.side, adopt: adopt.clone(), cancel: cancel.clone() }
        }
        Command::Ignore { side, .. } => Errand::Do(Do::Ignore { side: *side }),
        Command::ApplySettings { .. } => Errand::ApplySettings,
        Command::LiftMarginBlock { .. } => Errand::Do(Do::LiftMarginBlock),
        Command::Panic { .. }
        | Command::Reconcile { .. }
        | Command::UpdateSettings { .. }
        | Command::AssignPreset { .. }
        | Command::SavePreset { .. }
        | Command::RemovePreset { .. } => return Vec::new(),
    };
    vec![errand]
}

/// Whether the values of a command can be meant; nothing has been done when they cannot.
fn check(command: &Command) -> Result<(), DeskError> {
    let invalid = |field: &str, why: String| Err(DeskError::Invalid { field: field.into(), why });
    match command {
        Command::Close { share, .. } => {
            let share = share.get();
            if share <= Decimal::ZERO || share > Decimal::ONE_HUNDRED {
                return invalid("share", format!("{share} is not above 0 and up to 100"));
            }
        }
        Command::SetStop { price: Some(price), .. } if !price.is_positive() => {
            return invalid("price", "it is not above zero".into());
        }
        Command::Enter { quantity: Some(quantity), .. } if !quantity.is_positive() => {
            return invalid("quantity", "it is not above zero".into());
        }
        Command::SetLadder { levels, leg } => {
            let mut sum = Decimal::ZERO;
            for level in levels {
                if !level.price.is_positive() || !level.share.is_positive() {
                    return invalid("levels", "each needs a price and a share above zero".into());
                }
                sum = sum.checked_add(level.share.get()).unwrap_or(Decimal::MAX);
            }
            if sum > Decimal::ONE_HUNDRED {
                return invalid("levels", format!("the shares add up to {} %", sum.normalize()));
            }
            let ordered = levels.windows(2).all(|pair| match pair {
                [near, far] if leg.side == PositionSide::Long => near.price < far.price,
                [near, far] => near.price > far.price,
                _ => true,
            });
            if !ordered {
                return invalid("levels", "the nearest comes first, and no two have one price".into());
            }
        }
        Command::Start { dry_run: true, .. } => {
            return Err(DeskError::Unsupported {
                what: "a dry run of a running account".into(),
                by: "this desk; start the account over the dry-run layer".into(),
            });
        }
        _ => {}
    }
    Ok(())
}
