//! Statements whose values are texts and whose answers are JSON bodies.

use super::SqliteStore;
use super::error::failed;
use super::hand::Change;
use hyperrsi_core::store::{Body, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A value as the JSON that is stored.
pub(super) fn json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    Ok(Body::of(value)?.as_json().to_owned())
}

fn parsed<T: DeserializeOwned>(text: String) -> Result<T, StoreError> {
    Body::from_json(text)?.parse()
}

impl SqliteStore {
    /// The first column of every row.
    pub(super) async fn texts(&self, sql: &'static str, values: &[&str]) -> Result<Vec<String>, StoreError> {
        self.within(async {
            let mut query = sqlx::query_scalar(sql);
            for value in values {
                query = query.bind((*value).to_owned());
            }
            query.fetch_all(&self.readers).await.map_err(failed)
        })
        .await
    }

    /// The first column of every row, parsed.
    pub(super) async fn all<T: DeserializeOwned>(
        &self,
        sql: &'static str,
        values: &[&str],
    ) -> Result<Vec<T>, StoreError> {
        self.texts(sql, values).await?.into_iter().map(parsed).collect()
    }

    /// The first column of the row, parsed.
    pub(super) async fn one<T: DeserializeOwned>(
        &self,
        sql: &'static str,
        values: &[&str],
    ) -> Result<Option<T>, StoreError> {
        Ok(self.all(sql, values).await?.into_iter().next())
    }

    /// One statement as a change of its own.
    pub(super) async fn run(&self, sql: &'static str, values: &[&str]) -> Result<(), StoreError> {
        self.within(async {
            let mut change = self.change().await?;
            change.run(sql, values).await?;
            change.commit().await
        })
        .await
    }
}

impl Change<'_> {
    /// One statement.
    pub(super) async fn run(&mut self, sql: &'static str, values: &[&str]) -> Result<(), StoreError> {
        let mut query = sqlx::query(sql);
        for value in values {
            query = query.bind((*value).to_owned());
        }
        query.execute(self.connection()).await.map_err(failed)?;
        Ok(())
    }

    /// The first column of the first row.
    pub(super) async fn text(
        &mut self,
        sql: &'static str,
        values: &[&str],
    ) -> Result<Option<String>, StoreError> {
        let mut query = sqlx::query_scalar(sql);
        for value in values {
            query = query.bind((*value).to_owned());
        }
        query.fetch_optional(self.connection()).await.map_err(failed)
    }

    /// That a user exists.
    pub(super) async fn must_exist(&mut self, user: &str) -> Result<(), StoreError> {
        match self.text("SELECT id FROM person WHERE id = ?", &[user]).await? {
            Some(_) => Ok(()),
            None => Err(StoreError::not_found(format!("user {user}"))),
        }
    }
}

/// Refuses what belongs to somebody else.
pub(super) fn own(what: &str, owner: Option<String>, user: &str) -> Result<(), StoreError> {
    match owner {
        Some(owner) if owner != user => {
            Err(StoreError::conflict(what, format!("it belongs to user {owner}")))
        }
        _ => Ok(()),
    }
}
