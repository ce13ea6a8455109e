use super::Epoch;
use crate::model::{AccountId, Span, Timestamp};
use serde::{Deserialize, Serialize};

/// Why a store did not do what it was asked.
///
/// ```
/// use hyperrsi_core::store::{Epoch, StoreError};
/// let fenced = StoreError::Fenced { account: "a".into(), epoch: Epoch(3), held: Epoch(4) };
/// assert!(fenced.lost_ownership()); // somebody else runs the account: stop it here
/// assert_eq!(fenced.retry_after(), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StoreError {
    /// It cannot be reached or does not answer in time.
    #[error(
        "the store is not available ({detail}); openings wait until it is, exits go on; check that it runs"
    )]
    Unavailable {
        /// What is wrong.
        detail: String,
    },
    /// No space is left.
    #[error("the store is full ({detail}); openings wait until there is space; free some or move it")]
    Full {
        /// What is full.
        detail: String,
    },
    /// The writer's epoch is not the newest: another process has taken the account over.
    #[error(
        "account {account} was taken over: epoch {} is older than {}; this process stops trading it", .epoch.0, .held.0
    )]
    Fenced {
        /// The account.
        account: AccountId,
        /// The writer's epoch.
        epoch: Epoch,
        /// The newest epoch.
        held: Epoch,
    },
    /// Another owner's lease still runs.
    #[error("account {account} is run by {owner} until {expires}; stop it there or wait")]
    Held {
        /// The account.
        account: AccountId,
        /// Who holds it.
        owner: String,
        /// When the lease ends unless it is renewed.
        expires: Timestamp,
    },
    /// It may be read but not written.
    #[error("the store cannot be written ({detail}); give this process the right to write it")]
    ReadOnly {
        /// What refuses to be written.
        detail: String,
    },
    /// Another process, or another handle of this one, has it open.
    #[error("{what} is in use by {by}; stop that first, or choose another")]
    InUse {
        /// What is in use.
        what: String,
        /// Who uses it.
        by: String,
    },
    /// What is stored was written by a newer version.
    #[error(
        "the data has schema {found}, this version reads up to {supported}; update the program, data is never downgraded"
    )]
    NewerSchema {
        /// The stored version.
        found: u32,
        /// The newest version this program reads.
        supported: u32,
    },
    /// What is stored, or was given to store, cannot be what it claims to be.
    #[error("{what} is damaged: {detail}; restore it from a backup or remove it")]
    Corrupt {
        /// What it is.
        what: String,
        /// What is wrong.
        detail: String,
    },
    /// The change contradicts what is stored: a stale version, a name in use, something that is still referred to.
    #[error("{what} conflicts with what is stored: {detail}; read it again and decide anew")]
    Conflict {
        /// What it is.
        what: String,
        /// What it conflicts with.
        detail: String,
    },
    /// There is no such thing.
    #[error("{what} does not exist; check the name or create it first")]
    NotFound {
        /// What was looked for.
        what: String,
    },
}

impl StoreError {
    /// A [`Conflict`](Self::Conflict), for implementations.
    pub fn conflict(what: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Conflict { what: what.into(), detail: detail.into() }
    }
    /// A [`NotFound`](Self::NotFound), for implementations.
    pub fn not_found(what: impl Into<String>) -> Self {
        Self::NotFound { what: what.into() }
    }

    /// When the same call may work; `None` if it would fail again.
    pub const fn retry_after(&self) -> Option<Span> {
        match self {
            Self::Unavailable { .. } => Some(Span::seconds(1)),
            Self::Full { .. } => Some(Span::seconds(30)),
            _ => None,
        }
    }

    /// Whether it means that another process owns the account, so that this one must stop trading it.
    pub const fn lost_ownership(&self) -> bool {
        matches!(self, Self::Fenced { .. } | Self::Held { .. })
    }
}
