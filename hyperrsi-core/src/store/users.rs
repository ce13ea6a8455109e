use super::{Body, Code, LayerKey, Preset, PresetId, SettingsVersion, StoreError, UserId};
use crate::model::{AccountId, InstrumentId, StrategyId, Timeframe, Timestamp, TraderId, VenueId};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Role {
    /// See own accounts.
    Viewer,
    /// See and trade own accounts.
    Trader,
    /// Everything, for everybody.
    Admin,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The id.
    pub id: UserId,
    /// The name shown.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Language of texts, such as `en` or `ko`.
    pub language: String,
    /// Since when.
    pub created: Timestamp,
    /// Locked out: no command of theirs is taken.
    pub disabled: bool,
}

/// By what a user is known elsewhere: `telegram` and the chat id, `okx` and the UID.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// Where.
    pub provider: Code,
    /// The name there.
    pub subject: String,
}

/// Whether orders cost real money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// Real money.
    Live,
    /// The venue's test network or demo trading.
    Demo,
    /// The simulated venue behind live data.
    Paper,
}

/// One set of keys on one venue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountEntry {
    /// The id.
    pub id: AccountId,
    /// The owner.
    pub user: UserId,
    /// The venue.
    pub venue: VenueId,
    /// Live, demo or paper.
    pub environment: Environment,
    /// The name shown.
    pub label: String,
    /// The venue's id of the account, once its keys were used.
    pub venue_uid: Option<String>,
    /// Since when.
    pub created: Timestamp,
    /// Not to be run.
    pub disabled: bool,
}

/// A secret in its sealed form. The store never sees what is inside; debug output shows neither nonce nor content.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// The account it belongs to.
    pub account: AccountId,
    /// What it is: `api`, `signal_bot`, ...
    pub name: Code,
    /// Which key seals it, for rotation.
    pub key_id: String,
    /// The nonce of the sealing.
    pub nonce: Vec<u8>,
    /// The sealed content.
    pub ciphertext: Vec<u8>,
    /// When it was sealed.
    pub at: Timestamp,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealed")
            .field("account", &self.account)
            .field("name", &self.name)
            .field("key_id", &self.key_id)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

/// What a trader is meant to be doing, whatever runs now: what a restart goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Wanted {
    /// Trade.
    Running,
    /// Manage the open legs until flat, open nothing.
    ManageOnly,
    /// Nothing.
    Stopped,
}

/// A trader as it was set up. One per account and instrument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// The trader.
    pub trader: TraderId,
    /// The account.
    pub account: AccountId,
    /// The instrument.
    pub instrument: InstrumentId,
    /// The strategy.
    pub strategy: StrategyId,
    /// Its timeframe, if set at the start.
    pub timeframe: Option<Timeframe>,
    /// The preset assigned to it.
    pub preset: Option<PresetId>,
    /// What it is meant to do.
    pub wanted: Wanted,
    /// Entries held back by an operator.
    pub entries_paused: bool,
    /// Decides and records, sends nothing.
    pub dry_run: bool,
    /// When it was last started or stopped.
    pub since: Timestamp,
}

/// Users, their accounts, settings and sealed secrets, and what is meant to run.
#[async_trait]
pub trait Users: Send + Sync {
    /// Creates or replaces a user.
    async fn put_user(&self, user: User) -> Result<(), StoreError>;
    /// A user.
    async fn user(&self, id: &UserId) -> Result<Option<User>, StoreError>;
    /// At most `limit` users by id, after `after`.
    async fn users(&self, after: Option<&UserId>, limit: u32) -> Result<Vec<User>, StoreError>;
    /// Removes a user with identities, presets and items.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] while the user has accounts.
    async fn remove_user(&self, id: &UserId) -> Result<(), StoreError>;

    /// Links an identity to a user; again to the same user changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if it is another user's, [`StoreError::NotFound`] without that user.
    async fn link(&self, identity: Identity, user: &UserId) -> Result<(), StoreError>;
    /// Removes an identity.
    async fn unlink(&self, identity: &Identity) -> Result<(), StoreError>;
    /// Whose identity it is.
    async fn user_of(&self, identity: &Identity) -> Result<Option<UserId>, StoreError>;
    /// A user's identities.
    async fn identities(&self, user: &UserId) -> Result<Vec<Identity>, StoreError>;

    /// Creates or replaces an account.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without its user; [`StoreError::Conflict`] if the id is another user's.
    async fn put_account(&self, account: AccountEntry) -> Result<(), StoreError>;
    /// An account.
    async fn account(&self, id: &AccountId) -> Result<Option<AccountEntry>, StoreError>;
    /// The accounts of a user, or all.
    async fn accounts(&self, user: Option<&UserId>) -> Result<Vec<AccountEntry>, StoreError>;
    /// Removes an account with its sealed secrets and settings; its journal stays.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] while it has deployments that are not stopped.
    async fn remove_account(&self, id: &AccountId) -> Result<(), StoreError>;

    /// Stores a sealed secret, replacing the one of that account and name.
    async fn put_sealed(&self, sealed: Sealed) -> Result<(), StoreError>;
    /// A sealed secret.
    async fn sealed(&self, account: &AccountId, name: &Code) -> Result<Option<Sealed>, StoreError>;
    /// Forgets a sealed secret.
    async fn remove_sealed(&self, account: &AccountId, name: &Code) -> Result<(), StoreError>;

    /// Writes the next version of a layer. `expected` is the version the change was made from, 0 for none.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if another version came between.
    async fn put_settings(
        &self,
        key: &LayerKey,
        expected: u64,
        at: Timestamp,
        by: Option<&UserId>,
        body: Body,
    ) -> Result<SettingsVersion, StoreError>;
    /// The newest version of a layer, or the one asked for.
    async fn settings(
        &self,
        key: &LayerKey,
        version: Option<u64>,
    ) -> Result<Option<SettingsVersion>, StoreError>;

    /// Creates or replaces a preset. Making one the default ends the one before.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without its user; [`StoreError::Conflict`] if the id is another user's.
    async fn put_preset(&self, preset: Preset) -> Result<(), StoreError>;
    /// A user's presets.
    async fn presets(&self, user: &UserId) -> Result<Vec<Preset>, StoreError>;
    /// Removes a preset with its settings.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] while a deployment uses it.
    async fn remove_preset(&self, id: &PresetId) -> Result<(), StoreError>;

    /// Creates or replaces a deployment.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if another trader has the account's instrument (`instrument_in_use`).
    async fn put_deployment(&self, deployment: Deployment) -> Result<(), StoreError>;
    /// The deployments of an account.
    async fn deployments(&self, account: &AccountId) -> Result<Vec<Deployment>, StoreError>;
    /// Removes a deployment.
    async fn remove_deployment(&self, trader: &TraderId) -> Result<(), StoreError>;

    /// Keeps a piece of data of a user: what the bot, the API or an application wants to remember.
    async fn put_item(&self, user: &UserId, space: &Code, key: &str, body: Body) -> Result<(), StoreError>;
    /// A piece of data.
    async fn item(&self, user: &UserId, space: &Code, key: &str) -> Result<Option<Body>, StoreError>;
    /// Every piece of data in a space, by key.
    async fn items(&self, user: &UserId, space: &Code) -> Result<Vec<(String, Body)>, StoreError>;
    /// Forgets a piece of data.
    async fn remove_item(&self, user: &UserId, space: &Code, key: &str) -> Result<(), StoreError>;
}
