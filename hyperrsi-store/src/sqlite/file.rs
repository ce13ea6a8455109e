//! The file: one handle at a time, for nobody else to read.

use super::error::of_file;
use hyperrsi_core::store::StoreError;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

/// The right to use a database file: a locked file beside it, given back by the system when the process ends, however it
/// ends.
#[derive(Debug)]
pub(super) struct Claim {
    _lock: File,
    /// The file, through every link.
    pub(super) path: PathBuf,
}

impl Claim {
    /// Locks and creates the file. SQLite must not have it open in this process yet: closing a second descriptor would
    /// drop its locks.
    pub(super) fn on(path: &Path) -> Result<Self, StoreError> {
        let path = resolved(path)?;
        let lock = locked(&path)?;
        create(&path)?;
        for part in ["", "-wal", "-shm"] {
            hide(&with_suffix(&path, part))?;
        }
        Ok(Self { _lock: lock, path })
    }
}

pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The one path of a file, so that two links to it meet at the same lock.
fn resolved(path: &Path) -> Result<PathBuf, StoreError> {
    let Some(name) = path.file_name() else {
        return Err(StoreError::not_found(format!("a file name in {}", path.display())));
    };
    if path.exists() {
        return path.canonicalize().map_err(|error| of_file(path, &error));
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let folder = folder.canonicalize().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => StoreError::not_found(format!("the directory {}", folder.display())),
        _ => of_file(folder, &error),
    })?;
    Ok(folder.join(name))
}

fn locked(path: &Path) -> Result<File, StoreError> {
    let beside = with_suffix(path, ".lock");
    let mut file = private().open(&beside).map_err(|error| of_file(&beside, &error))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut by = String::new();
            let named = file.read_to_string(&mut by).is_ok() && !by.trim().is_empty();
            let by = if named { by.trim().into() } else { "another process".into() };
            return Err(StoreError::InUse { what: path.display().to_string(), by });
        }
        Err(TryLockError::Error(error)) => return Err(of_file(&beside, &error)),
    }
    // For people only; the lock is what counts, so a disk that is full must not keep the store from being read.
    let _ = file
        .set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "process {}", std::process::id()));
    Ok(file)
}

/// Creates a file that only its owner may read; one that is there stays as it is.
pub(super) fn create(path: &Path) -> Result<(), StoreError> {
    private().open(path).map(drop).map_err(|error| of_file(path, &error))
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Takes group's and others' rights away.
#[cfg(unix)]
fn hide(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt;
    let Ok(found) = path.metadata() else { return Ok(()) };
    if found.permissions().mode() & 0o077 == 0 {
        return Ok(());
    }
    let private = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(path, private).map_err(|error| of_file(path, &error))
}

#[cfg(not(unix))]
fn hide(_: &Path) -> Result<(), StoreError> {
    Ok(())
}
