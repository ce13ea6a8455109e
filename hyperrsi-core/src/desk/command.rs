//! What can be asked of the desk.

use crate::model::{
    AccountId, InstrumentId, Percent, PositionSide, Price, Quantity, StrategyId, Timeframe, TraderId,
};
use crate::store::{Layer, Preset, PresetId, UserId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Makes a command idempotent: the same key brings the first receipt again, whatever happened since (FAULTS 74).
///
/// ```
/// use hyperrsi_core::desk::CommandKey;
/// assert!("telegram-8812-3".parse::<CommandKey>().is_ok());
/// assert!("".parse::<CommandKey>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CommandKey(Arc<str>);

impl CommandKey {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text that cannot be a command key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an idempotency key has 1 to 128 visible ASCII characters; use a random one per command")]
pub struct InvalidKey;

impl std::str::FromStr for CommandKey {
    type Err = InvalidKey;
    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let fits = (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(Self(Arc::from(text))) } else { Err(InvalidKey) }
    }
}

impl TryFrom<String> for CommandKey {
    type Error = InvalidKey;
    fn try_from(text: String) -> Result<Self, InvalidKey> {
        text.parse()
    }
}

impl From<CommandKey> for String {
    fn from(key: CommandKey) -> Self {
        key.as_str().into()
    }
}

impl fmt::Display for CommandKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The way a command came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Via {
    /// The Telegram bot.
    Telegram,
    /// The HTTP API.
    Api,
    /// The dashboard.
    Dashboard,
    /// The terminal.
    Terminal,
    /// The program that embeds the library.
    Program,
}

/// Who asks. The edge has authenticated them; the desk decides what they may see and do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The user.
    pub user: UserId,
    /// The way they came.
    pub via: Via,
}

/// One leg.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LegRef {
    /// The trader.
    pub trader: TraderId,
    /// The side.
    pub side: PositionSide,
}

/// What a command covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// One trader.
    Trader(TraderId),
    /// Every trader of an account.
    Account(AccountId),
    /// Every trader of a user.
    User(UserId),
    /// Every trader there is; admins only.
    Everything,
}

/// What happens to open legs when trading stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopLegs {
    /// They are managed until flat; nothing is opened (TRADING 12.3).
    ManageOnly,
    /// They are closed at market.
    Close,
}

/// A rung of a ladder set by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LadderLevel {
    /// Its price.
    pub price: Price,
    /// The share of the open quantity, above 0; all together at most 100.
    pub share: Percent,
}

/// Settings to be changed, by key; null unsets a key in its layer.
pub type Changes = BTreeMap<String, serde_json::Value>;

/// One command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Command {
    /// Start trading an instrument, or start again what was stopped.
    Start {
        /// The account.
        account: AccountId,
        /// The instrument.
        instrument: InstrumentId,
        /// The strategy.
        strategy: StrategyId,
        /// Its timeframe; the settings' if not given.
        timeframe: Option<Timeframe>,
        /// The preset to assign; the user's default if not given.
        preset: Option<PresetId>,
        /// Changes to the symbol's own layer.
        #[serde(default)]
        settings: Changes,
        /// Decide and record, send nothing.
        #[serde(default)]
        dry_run: bool,
    },
    /// Stop trading.
    Stop {
        /// What.
        scope: Scope,
        /// What happens to open legs.
        legs: StopLegs,
    },
    /// Open nothing until resumed; legs are managed.
    PauseEntries {
        /// What.
        scope: Scope,
    },
    /// Open again: ends a pause by an operator and a failure pause (TRADING 12.5).
    Resume {
        /// What.
        scope: Scope,
    },
    /// Enter by hand, without a signal. Sizing, limits and every opening gate apply, and the leg gets its plan.
    Enter {
        /// The leg.
        leg: LegRef,
        /// Base units; sized by the settings if not given, never above what they allow.
        quantity: Option<Quantity>,
    },
    /// Close a leg at market, or a part of it.
    Close {
        /// The leg.
        leg: LegRef,
        /// The share of the open quantity, above 0 up to 100.
        share: Percent,
    },
    /// Close everything, cancel own orders, open nothing. Answered with [`Effect::Confirm`](super::Effect::Confirm);
    /// nothing happens before that is confirmed.
    Panic {
        /// What.
        scope: Scope,
    },
    /// Confirm what was asked for before.
    Confirm {
        /// The token of [`Effect::Confirm`](super::Effect::Confirm).
        token: String,
    },
    /// Set a leg's stop; also looser than it was, which begins a new epoch (TRADING 6.5).
    SetStop {
        /// The leg.
        leg: LegRef,
        /// The trigger price; `None` goes back to the plan's.
        price: Option<Price>,
    },
    /// Set a leg's take-profit levels.
    SetLadder {
        /// The leg.
        leg: LegRef,
        /// The levels, nearest first; empty goes back to the plan's.
        levels: Vec<LadderLevel>,
    },
    /// Cancel one order. Own protection that the plan wants is placed again.
    CancelOrder {
        /// The account.
        account: AccountId,
        /// The instrument.
        instrument: InstrumentId,
        /// Our id or the venue's.
        order: String,
    },
    /// Take a foreign position over and protect it (TRADING 13.4).
    Claim {
        /// The leg that is to own it.
        leg: LegRef,
        /// Ids of foreign orders to be treated as its own.
        adopt: Vec<String>,
        /// Ids of foreign orders to be cancelled. Every other foreign order stays.
        cancel: Vec<String>,
    },
    /// Leave a foreign position alone and stop reporting it; the leg stays closed to entries.
    Ignore {
        /// The account.
        account: AccountId,
        /// The instrument.
        instrument: InstrumentId,
        /// The side.
        side: PositionSide,
    },
    /// Change a layer of settings. Open legs keep their orders (TRADING 1.3).
    UpdateSettings {
        /// Whose keys they are.
        strategy: StrategyId,
        /// The layer.
        layer: Layer,
        /// The version the change was made from; `None` takes whatever is there.
        expected: Option<u64>,
        /// The changes.
        changes: Changes,
    },
    /// Move the orders of a trader's open legs to where the settings now want them.
    ApplySettings {
        /// The trader.
        trader: TraderId,
    },
    /// Assign a preset to a trader, or none.
    AssignPreset {
        /// The trader.
        trader: TraderId,
        /// The preset.
        preset: Option<PresetId>,
    },
    /// Create or rename a preset; its content is changed with `UpdateSettings`.
    SavePreset {
        /// The preset.
        preset: Preset,
    },
    /// Remove a preset that nothing uses.
    RemovePreset {
        /// The preset.
        preset: PresetId,
    },
    /// Read the account and repair what differs, now.
    Reconcile {
        /// What.
        scope: Scope,
    },
    /// End a margin block before its time (TRADING 12.4).
    LiftMarginBlock {
        /// The trader.
        trader: TraderId,
    },
}

impl Command {
    /// The name, for logs, permissions and audit.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Start { .. } => "start",
            Self::Stop { .. } => "stop",
            Self::PauseEntries { .. } => "pause_entries",
            Self::Resume { .. } => "resume",
            Self::Enter { .. } => "enter",
            Self::Close { .. } => "close",
            Self::Panic { .. } => "panic",
            Self::Confirm { .. } => "confirm",
            Self::SetStop { .. } => "set_stop",
            Self::SetLadder { .. } => "set_ladder",
            Self::CancelOrder { .. } => "cancel_order",
            Self::Claim { .. } => "claim",
            Self::Ignore { .. } => "ignore",
            Self::UpdateSettings { .. } => "update_settings",
            Self::ApplySettings { .. } => "apply_settings",
            Self::AssignPreset { .. } => "assign_preset",
            Self::SavePreset { .. } => "save_preset",
            Self::RemovePreset { .. } => "remove_preset",
            Self::Reconcile { .. } => "reconcile",
            Self::LiftMarginBlock { .. } => "lift_margin_block",
        }
    }
}

/// A command, who asks, and the key that makes it happen once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instruction {
    /// The idempotency key.
    pub key: CommandKey,
    /// Who asks.
    pub by: Actor,
    /// What.
    #[serde(flatten)]
    pub command: Command,
}
