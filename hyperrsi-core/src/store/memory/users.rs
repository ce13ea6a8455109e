use super::{MemoryStore, lock};
use crate::model::{AccountId, Timestamp, TraderId};
use crate::store::{
    AccountEntry, Body, Code, Deployment, Identity, Layer, LayerKey, Preset, PresetId, Sealed,
    SettingsVersion, StoreError, User, UserId, Users, Wanted,
};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::ops::Bound;

/// Users and what belongs to them.
#[derive(Debug, Default)]
pub(super) struct People {
    users: BTreeMap<UserId, User>,
    identities: BTreeMap<Identity, UserId>,
    accounts: BTreeMap<AccountId, AccountEntry>,
    sealed: BTreeMap<(AccountId, Code), Sealed>,
    settings: BTreeMap<LayerKey, Vec<SettingsVersion>>,
    presets: BTreeMap<PresetId, Preset>,
    deployments: BTreeMap<TraderId, Deployment>,
    items: BTreeMap<(UserId, Code, String), Body>,
}

impl People {
    fn must_exist(&self, user: &UserId) -> Result<(), StoreError> {
        if self.users.contains_key(user) {
            Ok(())
        } else {
            Err(StoreError::not_found(format!("user {user}")))
        }
    }
}

fn foreign(what: String, owner: &UserId) -> StoreError {
    StoreError::conflict(what, format!("it belongs to user {owner}"))
}

#[async_trait]
impl Users for MemoryStore {
    async fn put_user(&self, user: User) -> Result<(), StoreError> {
        lock(&self.people).users.insert(user.id.clone(), user);
        Ok(())
    }

    async fn user(&self, id: &UserId) -> Result<Option<User>, StoreError> {
        Ok(lock(&self.people).users.get(id).cloned())
    }

    async fn users(&self, after: Option<&UserId>, limit: u32) -> Result<Vec<User>, StoreError> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let people = lock(&self.people);
        let range = people.users.range::<UserId, _>((start, Bound::Unbounded));
        Ok(range.take(wanted).map(|(_, user)| user.clone()).collect())
    }

    async fn remove_user(&self, id: &UserId) -> Result<(), StoreError> {
        let mut people = lock(&self.people);
        if let Some(account) = people.accounts.values().find(|account| account.user == *id) {
            return Err(StoreError::conflict(
                format!("user {id}"),
                format!("account {} is theirs", account.id),
            ));
        }
        people.users.remove(id);
        people.identities.retain(|_, user| user != id);
        let gone: Vec<_> = people.presets.values().filter(|p| p.user == *id).map(|p| p.id.clone()).collect();
        people.presets.retain(|_, preset| preset.user != *id);
        people
            .settings
            .retain(|key, _| !matches!(&key.layer, Layer::Preset(preset) if gone.contains(preset)));
        people.items.retain(|(user, _, _), _| user != id);
        Ok(())
    }

    async fn link(&self, identity: Identity, user: &UserId) -> Result<(), StoreError> {
        let mut people = lock(&self.people);
        people.must_exist(user)?;
        match people.identities.get(&identity) {
            Some(owner) if owner != user => {
                Err(foreign(format!("{} {}", identity.provider, identity.subject), owner))
            }
            _ => {
                people.identities.insert(identity, user.clone());
                Ok(())
            }
        }
    }

    async fn unlink(&self, identity: &Identity) -> Result<(), StoreError> {
        lock(&self.people).identities.remove(identity);
        Ok(())
    }

    async fn user_of(&self, identity: &Identity) -> Result<Option<UserId>, StoreError> {
        Ok(lock(&self.people).identities.get(identity).cloned())
    }

    async fn identities(&self, user: &UserId) -> Result<Vec<Identity>, StoreError> {
        let people = lock(&self.people);
        Ok(people.identities.iter().filter(|(_, owner)| *owner == user).map(|(id, _)| id.clone()).collect())
    }

    async fn put_account(&self, account: AccountEntry) -> Result<(), StoreError> {
        let mut people = lock(&self.people);
        people.must_exist(&account.user)?;
        if let Some(known) = people.accounts.get(&account.id).filter(|known| known.user != account.user) {
            return Err(foreign(format!("account {}", account.id), &known.user));
        }
        people.accounts.insert(account.id.clone(), account);
        Ok(())
    }

    async fn account(&self, id: &AccountId) -> Result<Option<AccountEntry>, StoreError> {
        Ok(lock(&self.people).accounts.get(id).cloned())
    }

    async fn accounts(&self, user: Option<&UserId>) -> Result<Vec<AccountEntry>, StoreError> {
        let people = lock(&self.people);
        Ok(people.accounts.values().filter(|a| user.is_none_or(|user| a.user == *user)).cloned().collect())
    }

    async fn remove_account(&self, id: &AccountId) -> Result<(), StoreError> {
        let mut people = lock(&self.people);
        let mut own = people.deployments.values().filter(|d| d.account == *id);
        if let Some(running) = own.find(|d| d.wanted != Wanted::Stopped) {
            let detail = format!("trader {} is not stopped", running.trader);
            return Err(StoreError::conflict(format!("account {id}"), detail));
        }
        people.accounts.remove(id);
        people.deployments.retain(|_, deployment| deployment.account != *id);
        people.sealed.retain(|(account, _), _| account != id);
        people.settings.retain(|key, _| match &key.layer {
            Layer::Account(account) | Layer::Symbol(account, _) => account != id,
            Layer::Preset(_) => true,
        });
        Ok(())
    }

    async fn put_sealed(&self, sealed: Sealed) -> Result<(), StoreError> {
        lock(&self.people).sealed.insert((sealed.account.clone(), sealed.name.clone()), sealed);
        Ok(())
    }

    async fn sealed(&self, account: &AccountId, name: &Code) -> Result<Option<Sealed>, StoreError> {
        Ok(lock(&self.people).sealed.get(&(account.clone(), name.clone())).cloned())
    }

    async fn remove_sealed(&self, account: &AccountId, name: &Code) -> Result<(), StoreError> {
        lock(&self.people).sealed.remove(&(account.clone(), name.clone()));
        Ok(())
    }

    async fn put_settings(
        &self,
        key: &LayerKey,
        expected: u64,
        at: Timestamp,
        by: Option<&UserId>,
        body: Body,
    ) -> Result<SettingsVersion, StoreError> {
        let mut people = lock(&self.people);
        let versions = people.settings.entry(key.clone()).or_default();
        let newest = versions.last().map_or(0, |version| version.version);
        if newest != expected {
            let detail = format!("version {newest} is the newest, the change was made from {expected}");
            return Err(StoreError::conflict("the settings", detail));
        }
        let next = SettingsVersion { key: key.clone(), version: newest + 1, at, by: by.cloned(), body };
        versions.push(next.clone());
        Ok(next)
    }

    async fn settings(
        &self,
        key: &LayerKey,
        version: Option<u64>,
    ) -> Result<Option<SettingsVersion>, StoreError> {
        let people = lock(&self.people);
        let Some(versions) = people.settings.get(key) else { return Ok(None) };
        Ok(match version {
            None => versions.last().cloned(),
            Some(wanted) => versions.iter().find(|known| known.version == wanted).cloned(),
        })
    }

    async fn put_preset(&self, preset: Preset) -> Result<(), StoreError> {
        let mut people = lock(&self.people);
        people.must_exist(&preset.user)?;
        if let Some(known) = people.presets.get(&preset.id).filter(|known| known.user != preset.user) {
            return Err(foreign(format!("preset {}", preset.id), &known.user));
        }
        if preset.default {
            let same = |p: &&mut Preset| p.user == preset.user && p.strategy == preset.strategy;
            people.presets.values_mut().filter(same).for_each(|other| other.default = false);
        }
        people.presets.insert(preset.id.clone(), preset);
        Ok(())
    }

    async fn presets(&self, user: &UserId) -> Result<Vec<Preset>, StoreError> {
        Ok(lock(&self.people).presets.values().filter(|preset| preset.user == *user).cloned().collect())
    }

    async fn remove_preset(&self, id: &PresetId) -> Result<(), StoreError> {
        let mut people = lock(&self.people);
        if let Some(user) = people.deployments.values().find(|d| d.preset.as_ref() == Some(id)) {
            return Err(StoreError::conflict(
                format!("preset {id}"),
                format!("trader {} uses it", user.trader),
            ));
        }
        people.presets.remove(id);
        people.settings.retain(|key, _| key.layer != Layer::Preset(id.clone()));
        Ok(())
    }

    async fn put_deployment(&self, deployment: Deployment) -> Result<(), StoreError> {
        let mut people = lock(&self.people);
        let taken = people.deployments.values().find(|other| {
            other.trader != deployment.trader
                && other.account == deployment.account
                && other.instrument == deployment.instrument
        });
        if let Some(other) = taken {
            let detail = format!("instrument_in_use: trader {} has it", other.trader);
            return Err(StoreError::conflict(deployment.instrument.to_string(), detail));
        }
        people.deployments.insert(deployment.trader.clone(), deployment);
        Ok(())
    }

    async fn deployments(&self, account: &AccountId) -> Result<Vec<Deployment>, StoreError> {
        Ok(lock(&self.people).deployments.values().filter(|d| d.account == *account).cloned().collect())
    }

    async fn remove_deployment(&self, trader: &TraderId) -> Result<(), StoreError> {
        lock(&self.people).deployments.remove(trader);
        Ok(())
    }

    async fn put_item(&self, user: &UserId, space: &Code, key: &str, body: Body) -> Result<(), StoreError> {
        lock(&self.people).items.insert((user.clone(), space.clone(), key.into()), body);
        Ok(())
    }

    async fn item(&self, user: &UserId, space: &Code, key: &str) -> Result<Option<Body>, StoreError> {
        Ok(lock(&self.people).items.get(&(user.clone(), space.clone(), key.into())).cloned())
    }

    async fn items(&self, user: &UserId, space: &Code) -> Result<Vec<(String, Body)>, StoreError> {
        let first = (user.clone(), space.clone(), String::new());
        let people = lock(&self.people);
        let range = people.items.range(first..).take_while(|((u, s, _), _)| u == user && s == space);
        Ok(range.map(|((_, _, key), body)| (key.clone(), body.clone())).collect())
    }

    async fn remove_item(&self, user: &UserId, space: &Code, key: &str) -> Result<(), StoreError> {
        lock(&self.people).items.remove(&(user.clone(), space.clone(), key.into()));
        Ok(())
    }
}
