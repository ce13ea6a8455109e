use super::StoreError;
use crate::model::{AccountId, Span, Timestamp};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// Counts the owners of an account. Each new owner gets a higher number; what an older one writes is refused. Never
/// part of an order id. The first owner has 1; 0 writes only where nobody ever leased (backtests).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub u64);

/// What a writer shows to prove that it owns an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fence {
    /// The account.
    pub account: AccountId,
    /// The writer's epoch.
    pub epoch: Epoch,
}

/// The right to run an account until it expires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The account.
    pub account: AccountId,
    /// Who holds it: one name per process.
    pub owner: String,
    /// Its number.
    pub epoch: Epoch,
    /// When it ends unless it is renewed. An expired lease may be taken; until it is, its holder may go on writing:
    /// exits must not wait for a clock.
    pub expires: Timestamp,
}

impl Lease {
    /// What the holder shows when it writes.
    pub fn fence(&self) -> Fence {
        Fence { account: self.account.clone(), epoch: self.epoch }
    }
}

/// One owner per account, across processes and machines.
///
/// `now` is the caller's time. A store with a clock of its own uses that instead, so that skewed callers cannot take
/// what is held; [`Lease::expires`] is then in the store's time.
#[async_trait]
pub trait Leases: Send + Sync {
    /// Takes an account that nobody holds, whose lease has expired, or that the same owner holds already (a restart).
    /// The epoch is higher than every one before, in each case.
    ///
    /// # Errors
    /// [`StoreError::Held`] while another owner's lease runs.
    async fn acquire(
        &self,
        account: &AccountId,
        owner: &str,
        ttl: Span,
        now: Timestamp,
    ) -> Result<Lease, StoreError>;

    /// Prolongs a lease to `now + ttl`; also an expired one that nobody has taken.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] if it was taken; [`StoreError::NotFound`] if it was released.
    async fn renew(&self, lease: &Lease, ttl: Span, now: Timestamp) -> Result<Lease, StoreError>;

    /// Gives a lease back. The epoch stays used. Releasing what is not held any more changes nothing.
    async fn release(&self, lease: &Lease) -> Result<(), StoreError>;
}
