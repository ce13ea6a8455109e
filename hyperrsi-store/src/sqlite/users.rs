use super::SqliteStore;
use super::error::failed;
use super::rows::{signed, unsigned};
use super::texts::{json, own};
use async_trait::async_trait;
use hyperrsi_core::model::{AccountId, Timestamp, TraderId};
use hyperrsi_core::store::{
    AccountEntry, Body, Code, Deployment, Identity, Layer, LayerKey, Preset, PresetId, Sealed,
    SettingsVersion, StoreError, User, UserId, Users, Wanted,
};

type SealedRow = (String, Vec<u8>, Vec<u8>, i64);

const fn wanted_code(wanted: Wanted) -> &'static str {
    match wanted {
        Wanted::Stopped => "stopped",
        _ => "not_stopped",
    }
}

#[async_trait]
impl Users for SqliteStore {
    async fn put_user(&self, user: User) -> Result<(), StoreError> {
        let sql =
            "INSERT INTO person (id, body) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body";
        self.run(sql, &[user.id.as_str(), &json(&user)?]).await
    }

    async fn user(&self, id: &UserId) -> Result<Option<User>, StoreError> {
        self.one("SELECT body FROM person WHERE id = ?", &[id.as_str()]).await
    }

    async fn users(&self, after: Option<&UserId>, limit: u32) -> Result<Vec<User>, StoreError> {
        let limit = limit.to_string();
        match after {
            None => self.all("SELECT body FROM person ORDER BY id LIMIT CAST(? AS INTEGER)", &[&limit]).await,
            Some(id) => {
                let sql = "SELECT body FROM person WHERE id > ? ORDER BY id LIMIT CAST(? AS INTEGER)";
                self.all(sql, &[id.as_str(), &limit]).await
            }
        }
    }

    async fn remove_user(&self, id: &UserId) -> Result<(), StoreError> {
        self.within(async {
            let mut change = self.change().await?;
            let id = id.as_str();
            if let Some(account) = change.text("SELECT id FROM account WHERE person = ?", &[id]).await? {
                let detail = format!("account {account} is theirs");
                return Err(StoreError::conflict(format!("user {id}"), detail));
            }
            for sql in [
                "DELETE FROM settings WHERE preset IN (SELECT id FROM preset WHERE person = ?)",
                "DELETE FROM preset WHERE person = ?",
                "DELETE FROM identity WHERE person = ?",
                "DELETE FROM item WHERE person = ?",
                "DELETE FROM person WHERE id = ?",
            ] {
                change.run(sql, &[id]).await?;
            }
            change.commit().await
        })
        .await
    }

    async fn link(&self, identity: Identity, user: &UserId) -> Result<(), StoreError> {
        self.within(async {
            let mut change = self.change().await?;
            change.must_exist(user.as_str()).await?;
            let (provider, subject) = (identity.provider.as_str(), identity.subject.as_str());
            let sql = "SELECT person FROM identity WHERE provider = ? AND subject = ?";
            let owner = change.text(sql, &[provider, subject]).await?;
            own(&format!("{provider} {subject}"), owner, user.as_str())?;
            let sql = "INSERT OR REPLACE INTO identity (provider, subject, person) VALUES (?, ?, ?)";
            change.run(sql, &[provider, subject, user.as_str()]).await?;
            change.commit().await
        })
        .await
    }

    async fn unlink(&self, identity: &Identity) -> Result<(), StoreError> {
        let sql = "DELETE FROM identity WHERE provider = ? AND subject = ?";
        self.run(sql, &[identity.provider.as_str(), &identity.subject]).await
    }

    async fn user_of(&self, identity: &Identity) -> Result<Option<UserId>, StoreError> {
        let sql = "SELECT person FROM identity WHERE provider = ? AND subject = ?";
        let found = self.texts(sql, &[identity.provider.as_str(), &identity.subject]).await?;
        Ok(found.first().map(UserId::new))
    }

    async fn identities(&self, user: &UserId) -> Result<Vec<Identity>, StoreError> {
        self.within(async {
            let rows: Vec<(String, String)> = sqlx::query_as(
                "SELECT provider, subject FROM identity WHERE person = ? ORDER BY provider, subject",
            )
            .bind(user.as_str())
            .fetch_all(&self.readers)
            .await
            .map_err(failed)?;
            Ok(rows
                .into_iter()
                .map(|(provider, subject)| Identity { provider: provider.into(), subject })
                .collect())
        })
        .await
    }

    async fn put_account(&self, account: AccountEntry) -> Result<(), StoreError> {
        self.within(async {
            let mut change = self.change().await?;
            let (id, user) = (account.id.as_str(), account.user.as_str());
            change.must_exist(user).await?;
            let owner = change.text("SELECT person FROM account WHERE id = ?", &[id]).await?;
            own(&format!("account {id}"), owner, user)?;
            let sql = "INSERT OR REPLACE INTO account (id, person, body) VALUES (?, ?, ?)";
            change.run(sql, &[id, user, &json(&account)?]).await?;
            change.commit().await
        })
        .await
    }

    async fn account(&self, id: &AccountId) -> Result<Option<AccountEntry>, StoreError> {
        self.one("SELECT body FROM account WHERE id = ?", &[id.as_str()]).await
    }

    async fn accounts(&self, user: Option<&UserId>) -> Result<Vec<AccountEntry>, StoreError> {
        match user {
            None => self.all("SELECT body FROM account ORDER BY id", &[]).await,
            Some(user) => {
                self.all("SELECT body FROM account WHERE person = ? ORDER BY id", &[user.as_str()]).await
            }
        }
    }

    async fn remove_account(&self, id: &AccountId) -> Result<(), StoreError> {
        self.within(async {
            let mut change = self.change().await?;
            let id = id.as_str();
            let sql =
                "SELECT trader FROM deployment WHERE account = ? AND wanted <> 'stopped' ORDER BY trader";
            if let Some(trader) = change.text(sql, &[id]).await? {
                let detail = format!("trader {trader} is not stopped");
                return Err(StoreError::conflict(format!("account {id}"), detail));
            }
            for sql in [
                "DELETE FROM account WHERE id = ?",
                "DELETE FROM deployment WHERE account = ?",
                "DELETE FROM sealed WHERE account = ?",
                "DELETE FROM settings WHERE account = ?",
            ] {
                change.run(sql, &[id]).await?;
            }
            change.commit().await
        })
        .await
    }

    async fn put_sealed(&self, sealed: Sealed) -> Result<(), StoreError> {
        self.within(async {
            let mut change = self.change().await?;
            sqlx::query(
                "INSERT OR REPLACE INTO sealed (account, name, key_id, nonce, ciphertext, at) \
                 VALUES (?, ?, ?, ?, ?, ?)",
            )
            .bind(sealed.account.as_str())
            .bind(sealed.name.as_str())
            .bind(&sealed.key_id)
            .bind(&sealed.nonce)
            .bind(&sealed.ciphertext)
            .bind(sealed.at.millis())
            .execute(change.connection())
            .await
            .map_err(failed)?;
            change.commit().await
        })
        .await
    }

    async fn sealed(&self, account: &AccountId, name: &Code) -> Result<Option<Sealed>, StoreError> {
        self.within(async {
            let row: Option<SealedRow> = sqlx::query_as(
                "SELECT key_id, nonce, ciphertext, at FROM sealed WHERE account = ? AND name = ?",
            )
            .bind(account.as_str())
            .bind(name.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(failed)?;
            Ok(row.map(|(key_id, nonce, ciphertext, at)| Sealed {
                account: account.clone(),
                name: name.clone(),
                key_id,
                nonce,
                ciphertext,
                at: Timestamp::from_millis(at),
            }))
        })
        .await
    }

    async fn remove_sealed(&self, account: &AccountId, name: &Code) -> Result<(), StoreError> {
        self.run("DELETE FROM sealed WHERE account = ? AND name = ?", &[account.as_str(), name.as_str()])
            .await
    }

    async fn put_settings(
        &self,
        key: &LayerKey,
        expected: u64,
        at: Timestamp,
        by: Option<&UserId>,
        body: Body,
    ) -> Result<SettingsVersion, StoreError> {
        let layer = json(key)?;
        let (account, preset) = match &key.layer {
            Layer::Account(account) | Layer::Symbol(account, _) => (Some(account.as_str()), None),
            Layer::Preset(preset) => (None, Some(preset.as_str())),
        };
        self.within(async {
            let mut change = self.change().await?;
            let newest: Option<i64> = sqlx::query_scalar("SELECT max(version) FROM settings WHERE layer = ?")
                .bind(&layer)
                .fetch_one(change.connection())
                .await
                .map_err(failed)?;
            let newest = unsigned(newest.unwrap_or(0))?;
            if newest != expected {
                let detail = format!("version {newest} is the newest, the change was made from {expected}");
                return Err(StoreError::conflict("the settings", detail));
            }
            sqlx::query(
                "INSERT INTO settings (layer, version, account, preset, at, by, body) \
                 VALUES (?, ?, ?, ?, ?, ?, ?)",
            )
            .bind(&layer)
            .bind(signed(newest + 1))
            .bind(account)
            .bind(preset)
            .bind(at.millis())
            .bind(by.map(UserId::as_str))
            .bind(body.as_json())
            .execute(change.connection())
            .await
            .map_err(failed)?;
            change.commit().await?;
            Ok(SettingsVersion { key: key.clone(), version: newest + 1, at, by: by.cloned(), body })
        })
        .await
    }

    async fn settings(
        &self,
        key: &LayerKey,
        version: Option<u64>,
    ) -> Result<Option<SettingsVersion>, StoreError> {
        let layer = json(key)?;
        self.within(async {
            let row: Option<(i64, i64, Option<String>, String)> = sqlx::query_as(
                "SELECT version, at, by, body FROM settings WHERE layer = ?1 AND (?2 IS NULL OR version = ?2) \
                 ORDER BY version DESC LIMIT 1",
            )
            .bind(&layer)
            .bind(version.map(signed))
            .fetch_optional(&self.readers)
            .await
            .map_err(failed)?;
            let Some((version, at, by, body)) = row else { return Ok(None) };
            Ok(Some(SettingsVersion {
                key: key.clone(),
                version: unsigned(version)?,
                at: Timestamp::from_millis(at),
                by: by.map(UserId::new),
                body: Body::from_json(body)?,
            }))
        })
        .await
    }

    async fn put_preset(&self, preset: Preset) -> Result<(), StoreError> {
        self.within(async {
            let mut change = self.change().await?;
            let (id, user, strategy) =
                (preset.id.as_str(), preset.user.as_str(), preset.strategy.as_str());
            change.must_exist(user).await?;
            let owner = change.text("SELECT person FROM preset WHERE id = ?", &[id]).await?;
            own(&format!("preset {id}"), owner, user)?;
            if preset.default {
                let sql = "UPDATE preset SET is_default = 0, body = json_set(body, '$.default', json('false')) \
                           WHERE person = ? AND strategy = ? AND is_default";
                change.run(sql, &[user, strategy]).await?;
            }
            let sql = "INSERT OR REPLACE INTO preset (id, person, strategy, is_default, body) \
                       VALUES (?, ?, ?, CAST(? AS INTEGER), ?)";
            let default = if preset.default { "1" } else { "0" };
            change.run(sql, &[id, user, strategy, default, &json(&preset)?]).await?;
            change.commit().await
        })
        .await
    }

    async fn presets(&self, user: &UserId) -> Result<Vec<Preset>, StoreError> {
        self.all("SELECT body FROM preset WHERE person = ? ORDER BY id", &[user.as_str()]).await
    }

    async fn remove_preset(&self, id: &PresetId) -> Result<(), StoreError> {
        self.within(async {
            let mut change = self.change().await?;
            let id = id.as_str();
            let sql = "SELECT trader FROM deployment WHERE preset = ? ORDER BY trader";
            if let Some(trader) = change.text(sql, &[id]).await? {
                return Err(StoreError::conflict(format!("preset {id}"), format!("trader {trader} uses it")));
            }
            change.run("DELETE FROM settings WHERE preset = ?", &[id]).await?;
            change.run("DELETE FROM preset WHERE id = ?", &[id]).await?;
            change.commit().await
        })
        .await
    }

    async fn put_deployment(&self, deployment: Deployment) -> Result<(), StoreError> {
        self.within(async {
            let mut change = self.change().await?;
            let (trader, account) = (deployment.trader.as_str(), deployment.account.as_str());
            let (venue, symbol) = (deployment.instrument.venue.as_str(), &*deployment.instrument.symbol);
            let sql = "SELECT trader FROM deployment \
                       WHERE account = ? AND venue = ? AND symbol = ? AND trader <> ?";
            if let Some(other) = change.text(sql, &[account, venue, symbol, trader]).await? {
                let detail = format!("instrument_in_use: trader {other} has it");
                return Err(StoreError::conflict(deployment.instrument.to_string(), detail));
            }
            sqlx::query(
                "INSERT OR REPLACE INTO deployment (trader, account, venue, symbol, preset, wanted, body) \
                 VALUES (?, ?, ?, ?, ?, ?, ?)",
            )
            .bind(trader)
            .bind(account)
            .bind(venue)
            .bind(symbol)
            .bind(deployment.preset.as_ref().map(PresetId::as_str))
            .bind(wanted_code(deployment.wanted))
            .bind(json(&deployment)?)
            .execute(change.connection())
            .await
            .map_err(failed)?;
            change.commit().await
        })
        .await
    }

    async fn deployments(&self, account: &AccountId) -> Result<Vec<Deployment>, StoreError> {
        self.all("SELECT body FROM deployment WHERE account = ? ORDER BY trader", &[account.as_str()]).await
    }

    async fn remove_deployment(&self, trader: &TraderId) -> Result<(), StoreError> {
        self.run("DELETE FROM deployment WHERE trader = ?", &[trader.as_str()]).await
    }

    async fn put_item(&self, user: &UserId, space: &Code, key: &str, body: Body) -> Result<(), StoreError> {
        let sql = "INSERT OR REPLACE INTO item (person, space, key, body) VALUES (?, ?, ?, ?)";
        self.run(sql, &[user.as_str(), space.as_str(), key, body.as_json()]).await
    }

    async fn item(&self, user: &UserId, space: &Code, key: &str) -> Result<Option<Body>, StoreError> {
        let sql = "SELECT body FROM item WHERE person = ? AND space = ? AND key = ?";
        let found = self.texts(sql, &[user.as_str(), space.as_str(), key]).await?;
        found.into_iter().next().map(Body::from_json).transpose()
    }

    async fn items(&self, user: &UserId, space: &Code) -> Result<Vec<(String, Body)>, StoreError> {
        self.within(async {
            let rows: Vec<(String, String)> =
                sqlx::query_as("SELECT key, body FROM item WHERE person = ? AND space = ? ORDER BY key")
                    .bind(user.as_str())
                    .bind(space.as_str())
                    .fetch_all(&self.readers)
                    .await
                    .map_err(failed)?;
            rows.into_iter().map(|(key, body)| Ok((key, Body::from_json(body)?))).collect()
        })
        .await
    }

    async fn remove_item(&self, user: &UserId, space: &Code, key: &str) -> Result<(), StoreError> {
        let sql = "DELETE FROM item WHERE person = ? AND space = ? AND key = ?";
        self.run(sql, &[user.as_str(), space.as_str(), key]).await
    }
}
