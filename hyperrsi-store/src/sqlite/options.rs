use super::SqliteStore;
use hyperrsi_core::store::StoreError;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How a [`SqliteStore`] is opened.
///
/// ```
/// use hyperrsi_store::SqliteOptions;
/// use std::time::Duration;
/// let options = SqliteOptions::at("hyperrsi.db").sync_commits(true).timeout(Duration::from_secs(2));
/// ```
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    pub(super) path: PathBuf,
    pub(super) sync_commits: bool,
    pub(super) verify: bool,
    pub(super) timeout: Duration,
    pub(super) readers: u32,
    pub(super) spool_records: usize,
    pub(super) spool_bytes: usize,
    pub(super) max_bytes: Option<u64>,
}

impl SqliteOptions {
    /// A file, created if it is not there; its directory must be. Not on a network file system: SQLite's log and the lock
    /// need a local one.
    pub fn at(path: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().into(),
            sync_commits: false,
            verify: true,
            timeout: Duration::from_secs(5),
            readers: 4,
            spool_records: 100_000,
            spool_bytes: 64 << 20,
            max_bytes: None,
        }
    }

    /// Whether each commit waits for the disk, so that it survives a power loss too. Off by default: a commit survives
    /// the end of the process, and what a power loss takes is derived again from the venue.
    #[must_use]
    pub const fn sync_commits(mut self, on: bool) -> Self {
        self.sync_commits = on;
        self
    }

    /// Whether opening reads through the whole file to find damage. On by default; takes about a second per gigabyte.
    #[must_use]
    pub const fn verify(mut self, on: bool) -> Self {
        self.verify = on;
        self
    }

    /// How long a call may take before it is [`Unavailable`](StoreError::Unavailable); five seconds by default.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How many reads run at once, at least 1; four by default.
    #[must_use]
    pub const fn readers(mut self, readers: u32) -> Self {
        self.readers = if readers == 0 { 1 } else { readers };
        self
    }

    /// How much may wait in memory while the file cannot be written: records, and bytes of their bodies. 100 000 and
    /// 64 MiB by default. Beyond it an append is refused with [`Full`](StoreError::Full); nothing that was accepted is
    /// dropped.
    #[must_use]
    pub const fn spool(mut self, records: usize, bytes: usize) -> Self {
        self.spool_records = records;
        self.spool_bytes = bytes;
        self
    }

    /// How large the file may become, bytes, beside its log. Not limited by default. At the limit writing is refused with
    /// [`Full`](StoreError::Full), so that the store cannot fill a disk that others need.
    #[must_use]
    pub const fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = Some(bytes);
        self
    }

    /// Opens it.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub async fn open(self) -> Result<SqliteStore, StoreError> {
        SqliteStore::open_with(self).await
    }
}
