use super::Entry;
use std::path::PathBuf;

/// Why a vault does not do what it is asked for. Nothing of what it holds is in here.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// The file cannot be read or written.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is a file already.
    #[error("{} exists; open it, or choose another name", .path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// It opens with another passphrase.
    #[error("{} does not open with this passphrase; try again", .path.display())]
    WrongPassphrase {
        /// The file.
        path: PathBuf,
    },
    /// It is not as it was written.
    #[error("{} is damaged: {detail}; restore a copy, or make a new vault and new keys", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// It was written by a newer version.
    #[error("{} has version {found}, this program reads {supported}; update the program", .path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The file's version.
        found: u32,
        /// The newest that can be read.
        supported: u32,
    },
    /// Other users of the machine may read it.
    #[error("{} may be read by others (mode {mode:o}); run chmod 600 on it", .path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Somebody else wrote it meanwhile.
    #[error("{} was changed since it was opened; open it again", .path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// It holds no such credentials.
    #[error("{} holds no credentials of {entry}; list its entries, or add them", .path.display())]
    Unknown {
        /// The file.
        path: PathBuf,
        /// Whose.
        entry: Entry,
    },
    /// The passphrase is too short.
    #[error("the passphrase is too short; take {shortest} characters or more")]
    Weak {
        /// The shortest that is taken.
        shortest: usize,
    },
    /// There is nobody to ask.
    #[error("nobody can be asked: {detail}; run it at a terminal, or use the environment")]
    Terminal {
        /// Why.
        detail: String,
    },
    /// The machine gives no randomness or too little memory.
    #[error("the machine cannot seal: {detail}")]
    Machine {
        /// Why.
        detail: String,
    },
}
