use super::{CommandKey, DeskError};
use crate::model::{Timestamp, TraderId};
use crate::store::{Code, Preset};
use serde::{Deserialize, Serialize};

/// Something about a settings record: an error blocks saving and starting, a warning does not (TRADING 1.6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule, such as `tp.not_monotonic`.
    pub code: Code,
    /// The key it is about.
    pub key: String,
    /// The rule's message.
    pub message: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} [{}]", self.message, self.code)
    }
}

/// A setting that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingChange {
    /// The key.
    pub key: String,
    /// What it was; null if it was not set.
    pub from: serde_json::Value,
    /// What it is; null if it is not set.
    pub to: serde_json::Value,
}

/// What a command over several traders did to one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraderResult {
    /// The trader.
    pub trader: TraderId,
    /// Why not, if it was not done.
    pub error: Option<DeskError>,
}

/// What came of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Effect {
    /// Done, or taken on for certain: journaled, and carried out across restarts. Events tell how it goes.
    Done,
    /// Done for several traders, or not, each by itself.
    Each {
        /// One result per trader in scope.
        results: Vec<TraderResult>,
    },
    /// Started.
    Started {
        /// The trader.
        trader: TraderId,
        /// Warnings about its settings.
        warnings: Vec<Finding>,
    },
    /// Nothing yet: send [`Command::Confirm`](super::Command::Confirm) with a key of its own.
    Confirm {
        /// The token; works once, for the same user.
        token: String,
        /// Until when.
        expires: Timestamp,
        /// How many open legs would be closed.
        legs: u32,
        /// How many own orders would be cancelled.
        orders: u32,
    },
    /// Settings were written.
    Settings {
        /// The layer's new version.
        version: u64,
        /// What changed in the layer.
        changes: Vec<SettingChange>,
        /// Warnings about the result.
        warnings: Vec<Finding>,
    },
    /// A preset was saved.
    Preset {
        /// The preset.
        preset: Preset,
    },
}

/// The answer to a command. Kept: the same key brings the same receipt. A command that was refused has no receipt and
/// no effect, and its key may be used again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The command's key.
    pub key: CommandKey,
    /// When it was taken.
    pub at: Timestamp,
    /// What came of it.
    #[serde(flatten)]
    pub effect: Effect,
}
