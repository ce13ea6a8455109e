use hyperrsi_core::store::StoreError;
use std::path::Path;

/// Primary and extended result codes of SQLite (sqlite.org/rescode.html).
mod code {
    pub(super) const PERM: i32 = 3;
    pub(super) const READONLY: i32 = 8;
    pub(super) const CORRUPT: i32 = 11;
    pub(super) const FULL: i32 = 13;
    pub(super) const TOOBIG: i32 = 18;
    pub(super) const NOTADB: i32 = 26;
    pub(super) const IOERR_SHORT_READ: i32 = 522;
    pub(super) const IOERR_CORRUPTFS: i32 = 8458;
}

/// What an error of the database means to a caller.
pub(super) fn failed(error: sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::Database(error) => {
            let extended = error.code().and_then(|code| code.parse().ok()).unwrap_or(0);
            of_code(extended, error.message())
        }
        sqlx::Error::ColumnDecode { index, source } => damaged(format!("column {index}: {source}")),
        sqlx::Error::Decode(source) => damaged(source.to_string()),
        other => StoreError::Unavailable { detail: other.to_string() },
    }
}

fn of_code(extended: i32, message: &str) -> StoreError {
    let detail = format!("SQLite {extended}: {message}");
    match (extended, extended & 0xff) {
        (code::IOERR_SHORT_READ | code::IOERR_CORRUPTFS, _) | (_, code::CORRUPT | code::NOTADB) => {
            damaged(detail)
        }
        (_, code::FULL) => StoreError::Full { detail },
        (_, code::READONLY | code::PERM) => StoreError::ReadOnly { detail },
        (_, code::TOOBIG) => StoreError::Corrupt { what: "the record".into(), detail },
        _ => StoreError::Unavailable { detail },
    }
}

pub(super) fn damaged(detail: impl Into<String>) -> StoreError {
    StoreError::Corrupt { what: "the store".into(), detail: detail.into() }
}

/// What an error of the file system means, said of a path.
pub(super) fn of_file(path: &Path, error: &std::io::Error) -> StoreError {
    use std::io::ErrorKind;
    let detail = format!("{}: {error}", path.display());
    match error.kind() {
        ErrorKind::NotFound => StoreError::not_found(format!("the path {}", path.display())),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly { detail },
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::Full { detail },
        _ => StoreError::Unavailable { detail },
    }
}
