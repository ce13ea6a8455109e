use super::Finding;
use crate::model::{AccountId, InstrumentId, Span, Timestamp, TraderId};
use crate::store::{Code, StoreError};
use serde::{Deserialize, Serialize};

/// Why the desk did not do or tell what it was asked.
///
/// ```
/// use hyperrsi_core::desk::DeskError;
/// let error = DeskError::NotFound { what: "trader t9".into() };
/// assert_eq!(error.code(), "not_found"); // for machines; Display is for people
/// assert_eq!(error.retry_after(), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "error", rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeskError {
    /// The actor may not do or see this. Also the answer about things of others, so that nobody can probe for them.
    #[error("{action} is not allowed for this user; ask an admin for the role it needs")]
    Forbidden {
        /// What was tried.
        action: String,
    },
    /// There is no such thing.
    #[error("{what} does not exist; list what there is and try again")]
    NotFound {
        /// What was looked for.
        what: String,
    },
    /// A value cannot be what it should be.
    #[error("{field} is not usable: {why}; correct it and send the command again")]
    Invalid {
        /// The field.
        field: String,
        /// What is wrong.
        why: String,
    },
    /// The settings that would result are not valid. All findings at once.
    #[error("{} of the settings are not valid, the first: {}; correct them all and try again", .findings.len(),
        .findings.first().map_or("", |finding| finding.message.as_str()))]
    Settings {
        /// Every error.
        findings: Vec<Finding>,
    },
    /// Somebody else changed it in between.
    #[error("{what} was changed in between: {detail}; read it again and decide anew")]
    Conflict {
        /// What it is.
        what: String,
        /// What it conflicts with.
        detail: String,
    },
    /// The instrument of the account has a trader already.
    #[error(
        "instrument_in_use: {instrument} is traded by {trader}; stop that first, or combine both in one strategy"
    )]
    InstrumentInUse {
        /// The instrument.
        instrument: InstrumentId,
        /// Its trader.
        trader: TraderId,
    },
    /// The user runs as many traders as allowed.
    #[error("{max} traders run already, which is the limit; stop one first")]
    TooMany {
        /// The limit.
        max: u32,
        /// What runs.
        running: Vec<TraderId>,
    },
    /// The venue or mode lacks something the command needs.
    #[error("{what} is not supported by {by}; choose other settings or another venue")]
    Unsupported {
        /// What is missing.
        what: String,
        /// What lacks it.
        by: String,
    },
    /// A gate of opening is closed; [`Code`]s as in decision records.
    #[error("no opening now: {reason}; the status lists every gate, try again when it is open")]
    Gated {
        /// The first closed gate.
        reason: Code,
    },
    /// There is nothing to act on: no open leg, no such order, no foreign position.
    #[error("there is no {what}; look at the status")]
    Nothing {
        /// What is missing.
        what: String,
    },
    /// The key was used for another command.
    #[error("this idempotency key belongs to another command; use a new key per command")]
    KeyReused,
    /// The token is unknown, used, expired or another user's.
    #[error("the confirmation is not valid any more; ask for it again")]
    NotConfirmed,
    /// The account does not run in this process.
    #[error(
        "account {account} does not run here{}; send the command there, or start it",
        .owner.as_ref().map(|owner| format!(" but at {owner}")).unwrap_or_default()
    )]
    Elsewhere {
        /// The account.
        account: AccountId,
        /// Who runs it, if known.
        owner: Option<String>,
    },
    /// The account is not ready: starting, reconciling, without connection.
    #[error("account {account} is not ready ({reason}); try again in a moment")]
    NotReady {
        /// The account.
        account: AccountId,
        /// Why.
        reason: Code,
        /// When it is expected, if known.
        until: Option<Timestamp>,
    },
    /// The store does not answer, so that the command could not be journaled. Nothing was done.
    #[error(
        "the command could not be stored and was not carried out ({detail}); try again, exits run by themselves"
    )]
    Store {
        /// What the store said.
        detail: String,
    },
}

impl DeskError {
    /// A stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Forbidden { .. } => "forbidden",
            Self::NotFound { .. } => "not_found",
            Self::Invalid { .. } => "invalid",
            Self::Settings { .. } => "settings",
            Self::Conflict { .. } => "conflict",
            Self::InstrumentInUse { .. } => "instrument_in_use",
            Self::TooMany { .. } => "too_many",
            Self::Unsupported { .. } => "unsupported",
            Self::Gated { .. } => "gated",
            Self::Nothing { .. } => "nothing",
            Self::KeyReused => "key_reused",
            Self::NotConfirmed => "not_confirmed",
            Self::Elsewhere { .. } => "elsewhere",
            Self::NotReady { .. } => "not_ready",
            Self::Store { .. } => "store",
        }
    }

    /// When the same command may work; `None` if something has to change first.
    pub const fn retry_after(&self) -> Option<Span> {
        match self {
            Self::NotReady { .. } => Some(Span::seconds(2)),
            Self::Store { .. } => Some(Span::seconds(1)),
            Self::Gated { .. } => Some(Span::seconds(30)),
            _ => None,
        }
    }
}

impl From<StoreError> for DeskError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict { what, detail } => Self::Conflict { what, detail },
            StoreError::NotFound { what } => Self::NotFound { what },
            StoreError::Held { account, owner, .. } => Self::Elsewhere { account, owner: Some(owner) },
            StoreError::Fenced { account, .. } => Self::Elsewhere { account, owner: None },
            other => Self::Store { detail: other.to_string() },
        }
    }
}
