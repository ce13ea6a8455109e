//! Settings in layers. Effective settings of a trader = defaults, then its account's, then its preset's, then its
//! symbol's, merged key by key (TRADING 1.2); merging is the reader's.

use super::{Body, PresetId, UserId};
use crate::model::{AccountId, InstrumentId, StrategyId, Timestamp};
use serde::{Deserialize, Serialize};

/// Which layer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// Of an account: all its instruments.
    Account(AccountId),
    /// Of a preset: all traders it is assigned to.
    Preset(PresetId),
    /// Of one instrument of an account.
    Symbol(AccountId, InstrumentId),
}

/// One layer of one strategy's settings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LayerKey {
    /// Whose keys they are: `hyperrsi`, `grid`, ...
    pub strategy: StrategyId,
    /// The layer.
    pub layer: Layer,
}

/// One version of a layer. Versions are never changed and never removed while their layer exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsVersion {
    /// The layer.
    pub key: LayerKey,
    /// Counted from 1.
    pub version: u64,
    /// When it was written.
    pub at: Timestamp,
    /// Who wrote it; `None` for an import or the program itself.
    pub by: Option<UserId>,
    /// A flat JSON object; keys that are absent or null are not set. Never secrets: those are
    /// [`Sealed`](super::Sealed).
    pub body: Body,
}

/// A named set of settings. Its content is [`Layer::Preset`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preset {
    /// Its id.
    pub id: PresetId,
    /// Its owner.
    pub user: UserId,
    /// The strategy it is for.
    pub strategy: StrategyId,
    /// Its name, 1 to 50 characters.
    pub name: String,
    /// What it is for, up to 200 characters.
    pub description: String,
    /// Whether new traders of the user get it; at most one per user and strategy.
    pub default: bool,
}
