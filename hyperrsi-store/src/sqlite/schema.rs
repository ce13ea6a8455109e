//! The layout: migrations that only go forward.

use super::error::{damaged, failed, of_file};
use super::file::{Claim, with_suffix};
use hyperrsi_core::store::StoreError;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, SqlSafeStr, SqliteConnection};

/// Marks a file as ours: `hrsi` in ASCII.
const APPLICATION: i64 = 0x6872_7369;

/// Every migration there has been. Released ones are never edited: their checksum is in the files.
pub(super) fn migrations() -> Vec<Migration> {
    [("initial", include_str!("../../migrations/sqlite/0001_initial.sql"))]
        .into_iter()
        .zip(1..)
        .map(|((name, sql), version)| {
            Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
        })
        .collect()
}

/// The version of the layout this program writes.
pub(super) fn newest(migrations: &[Migration]) -> u32 {
    migrations.iter().filter_map(|migration| u32::try_from(migration.version).ok()).max().unwrap_or(0)
}

/// Checks that the file is ours and not newer, keeps a copy if it is older, and brings it up to date.
pub(super) async fn prepare(
    connection: &mut SqliteConnection,
    claim: &Claim,
    migrations: Vec<Migration>,
    verify: bool,
) -> Result<(), StoreError> {
    let supported = newest(&migrations);
    let found = found(connection).await?;
    if found > supported {
        return Err(StoreError::NewerSchema { found, supported });
    }
    if verify && found > 0 {
        sound(connection).await?;
    }
    if found > 0 && found < supported {
        keep_copy(connection, claim, found).await?;
    }
    let mode: String =
        sqlx::query_scalar("PRAGMA journal_mode = WAL").fetch_one(&mut *connection).await.map_err(failed)?;
    if mode != "wal" {
        let detail = format!("the log cannot be used on this file system (journal mode {mode})");
        return Err(StoreError::Unavailable { detail });
    }
    if found == 0 {
        sqlx::query("PRAGMA application_id = 0x68727369").execute(&mut *connection).await.map_err(failed)?;
    }
    // Not `run`: its bound on connections keeps the future from being known as `Send`.
    Migrator::with_migrations(migrations).run_direct(None, connection, false).await.map_err(refused)
}

/// The version of the file's layout; 0 for an empty file.
async fn found(connection: &mut SqliteConnection) -> Result<u32, StoreError> {
    let tables: Vec<String> = sqlx::query_scalar("SELECT name FROM sqlite_master WHERE type = 'table'")
        .fetch_all(&mut *connection)
        .await
        .map_err(failed)?;
    if tables.is_empty() {
        return Ok(0);
    }
    let application: i64 =
        sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *connection).await.map_err(failed)?;
    if application != APPLICATION || !tables.iter().any(|table| table == "_sqlx_migrations") {
        return Err(StoreError::conflict("the file", "it is a database of another program"));
    }
    let version: Option<i64> = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations WHERE success")
        .fetch_one(connection)
        .await
        .map_err(failed)?;
    u32::try_from(version.unwrap_or(0)).map_err(|_| damaged("its version is not a version"))
}

async fn sound(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let answer: String =
        sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(connection).await.map_err(failed)?;
    if answer == "ok" { Ok(()) } else { Err(damaged(answer)) }
}

/// Copies the file beside itself before it is changed. An earlier copy of the same version is replaced.
async fn keep_copy(connection: &mut SqliteConnection, claim: &Claim, found: u32) -> Result<(), StoreError> {
    let copy = with_suffix(&claim.path, &format!(".schema-{found}"));
    if let Err(error) = std::fs::remove_file(&copy)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        return Err(of_file(&copy, &error));
    }
    // Created first, for its permissions; SQLite writes into an empty file.
    super::file::create(&copy)?;
    let target = copy.display().to_string();
    sqlx::query("VACUUM INTO ?").bind(target).execute(connection).await.map_err(failed)?;
    Ok(())
}

fn refused(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => failed(error),
        MigrateError::VersionMismatch(version) => {
            damaged(format!("its layout {version} is not the one that was released"))
        }
        other => damaged(other.to_string()),
    }
}

/// Sets a limit on the size of the file.
pub(super) async fn limit(connection: &mut SqliteConnection, bytes: u64) -> Result<(), StoreError> {
    let size: i64 =
        sqlx::query_scalar("PRAGMA page_size").fetch_one(&mut *connection).await.map_err(failed)?;
    let pages = bytes / u64::try_from(size.max(1)).unwrap_or(1);
    sqlx::query(AssertSqlSafe(format!("PRAGMA max_page_count = {}", pages.clamp(1, 0xffff_fffe))))
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::{ConnectOptions, Connection};
    use std::path::Path;

    fn two() -> Vec<Migration> {
        let sql = "CREATE TABLE later (id INTEGER PRIMARY KEY)".into_sql_str();
        let mut migrations = migrations();
        migrations.push(Migration::new(2, "later".into(), MigrationType::Simple, sql, false));
        migrations
    }

    async fn open(path: &Path) -> SqliteConnection {
        sqlx::sqlite::SqliteConnectOptions::new().filename(path).connect().await.unwrap()
    }

    async fn prepared(path: &Path, migrations: Vec<Migration>) -> Result<(), StoreError> {
        let claim = Claim::on(path)?;
        let mut connection = open(path).await;
        let done = prepare(&mut connection, &claim, migrations, true).await;
        connection.close().await.unwrap();
        done
    }

    #[tokio::test]
    async fn an_older_file_is_copied_before_it_is_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        prepared(&path, migrations()).await.unwrap();
        let mut connection = open(&path).await;
        sqlx::query("UPDATE pulse SET beats = 41").execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        let copy = folder.path().join("x.db.schema-1");
        assert!(!copy.exists(), "a new file needs none");

        prepared(&path, two()).await.unwrap();
        let tables = "SELECT count(*) FROM sqlite_master WHERE name = 'later'";
        for (path, expected) in [(&path, 1_i64), (&copy, 0)] {
            let mut connection = open(path).await;
            let later: i64 = sqlx::query_scalar(tables).fetch_one(&mut connection).await.unwrap();
            let beats: i64 =
                sqlx::query_scalar("SELECT beats FROM pulse").fetch_one(&mut connection).await.unwrap();
            assert_eq!((later, beats), (expected, 41), "{}", path.display());
            connection.close().await.unwrap();
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(copy.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
        // The copy is what an older program goes back to; the file itself is refused by it.
        let refused = prepared(&path, migrations()).await;
        assert_eq!(refused, Err(StoreError::NewerSchema { found: 2, supported: 1 }));
        prepared(&copy, migrations()).await.unwrap();
    }

    #[tokio::test]
    async fn an_edited_migration_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        prepared(&path, migrations()).await.unwrap();
        let sql = "CREATE TABLE other (id INTEGER)".into_sql_str();
        let edited = vec![Migration::new(1, "initial".into(), MigrationType::Simple, sql, false)];
        let refused = prepared(&path, edited).await.unwrap_err();
        assert!(matches!(refused, StoreError::Corrupt { .. }), "{refused:?}");
    }
}
