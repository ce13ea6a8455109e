use super::{MemoryStore, lock};
use crate::model::{AccountId, Span, Timestamp};
use crate::store::{Epoch, Lease, Leases, StoreError};
use async_trait::async_trait;

#[async_trait]
impl Leases for MemoryStore {
    async fn acquire(
        &self,
        account: &AccountId,
        owner: &str,
        ttl: Span,
        now: Timestamp,
    ) -> Result<Lease, StoreError> {
        let mut ledger = lock(&self.ledger);
        let book = ledger.books.entry(account.clone()).or_default();
        if let Some(held) = book.lease.as_ref().filter(|held| held.owner != owner && now < held.expires) {
            return Err(StoreError::Held {
                account: account.clone(),
                owner: held.owner.clone(),
                expires: held.expires,
            });
        }
        book.epoch = Epoch(book.epoch.0 + 1);
        let lease =
            Lease { account: account.clone(), owner: owner.into(), epoch: book.epoch, expires: now + ttl };
        book.lease = Some(lease.clone());
        Ok(lease)
    }

    async fn renew(&self, lease: &Lease, ttl: Span, now: Timestamp) -> Result<Lease, StoreError> {
        let mut ledger = lock(&self.ledger);
        let book = ledger.books.entry(lease.account.clone()).or_default();
        if book.epoch != lease.epoch {
            return Err(StoreError::Fenced {
                account: lease.account.clone(),
                epoch: lease.epoch,
                held: book.epoch,
            });
        }
        match &mut book.lease {
            Some(held) => {
                held.expires = now + ttl;
                Ok(held.clone())
            }
            None => Err(StoreError::not_found(format!("the lease of account {}", lease.account))),
        }
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        let mut ledger = lock(&self.ledger);
        if let Some(book) = ledger.books.get_mut(&lease.account) {
            book.lease.take_if(|held| held.epoch == lease.epoch);
        }
        Ok(())
    }
}
