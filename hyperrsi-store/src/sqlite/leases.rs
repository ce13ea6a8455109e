use super::SqliteStore;
use super::error::failed;
use super::rows::{self, signed, unsigned};
use async_trait::async_trait;
use hyperrsi_core::model::{AccountId, Span, Timestamp};
use hyperrsi_core::store::{Epoch, Lease, Leases, StoreError};
use sqlx::SqliteConnection;

/// Who holds an account and until when.
async fn holder(
    connection: &mut SqliteConnection,
    account: &AccountId,
) -> Result<Option<(String, Timestamp)>, StoreError> {
    let row: Option<(Option<String>, Option<i64>)> =
        sqlx::query_as("SELECT lease_owner, lease_expires FROM book WHERE account = ?")
            .bind(account.as_str())
            .fetch_optional(connection)
            .await
            .map_err(failed)?;
    Ok(match row {
        Some((Some(owner), Some(expires))) => Some((owner, Timestamp::from_millis(expires))),
        _ => None,
    })
}

#[async_trait]
impl Leases for SqliteStore {
    async fn acquire(
        &self,
        account: &AccountId,
        owner: &str,
        ttl: Span,
        now: Timestamp,
    ) -> Result<Lease, StoreError> {
        self.within(async {
            let mut change = self.change().await?;
            if let Some((held, expires)) = holder(change.connection(), account).await?
                && held != owner
                && now < expires
            {
                return Err(StoreError::Held { account: account.clone(), owner: held, expires });
            }
            let expires = now + ttl;
            let epoch: i64 = sqlx::query_scalar(
                "INSERT INTO book (account, epoch, lease_owner, lease_epoch, lease_expires) \
                 VALUES (?1, 1, ?2, 1, ?3) \
                 ON CONFLICT (account) DO UPDATE SET epoch = epoch + 1, lease_owner = ?2, \
                 lease_epoch = epoch + 1, lease_expires = ?3 RETURNING epoch",
            )
            .bind(account.as_str())
            .bind(owner)
            .bind(expires.millis())
            .fetch_one(change.connection())
            .await
            .map_err(failed)?;
            change.commit().await?;
            let epoch = Epoch(unsigned(epoch)?);
            Ok(Lease { account: account.clone(), owner: owner.into(), epoch, expires })
        })
        .await
    }

    async fn renew(&self, lease: &Lease, ttl: Span, now: Timestamp) -> Result<Lease, StoreError> {
        self.within(async {
            let mut change = self.change().await?;
            let held = rows::book(change.connection(), &lease.account).await?.epoch;
            if held != lease.epoch {
                let account = lease.account.clone();
                return Err(StoreError::Fenced { account, epoch: lease.epoch, held });
            }
            let Some((owner, _)) = holder(change.connection(), &lease.account).await? else {
                return Err(StoreError::not_found(format!("the lease of account {}", lease.account)));
            };
            let expires = now + ttl;
            sqlx::query("UPDATE book SET lease_expires = ? WHERE account = ?")
                .bind(expires.millis())
                .bind(lease.account.as_str())
                .execute(change.connection())
                .await
                .map_err(failed)?;
            change.commit().await?;
            Ok(Lease { owner, expires, ..lease.clone() })
        })
        .await
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.within(async {
            let mut change = self.change().await?;
            sqlx::query(
                "UPDATE book SET lease_owner = NULL, lease_epoch = NULL, lease_expires = NULL \
                 WHERE account = ? AND lease_epoch = ?",
            )
            .bind(lease.account.as_str())
            .bind(signed(lease.epoch.0))
            .execute(change.connection())
            .await
            .map_err(failed)?;
            change.commit().await
        })
        .await
    }
}
