//! Keys of accounts in an encrypted file.
//!
//! ```text
//! passphrase ─ argon2id, salt ─▶ key ─ XChaCha20-Poly1305, nonce, (account, venue) ─▶ sealed credentials
//! ```
//!
//! Names of accounts and venues are readable in the file, keys are not. A sealed entry belongs to its account and venue:
//! moved under another name it does not open.
//!
//! ```
//! use hyperrsi_store::vault::{Credentials, Entry, Passphrase, Vault};
//! # let folder = tempfile::tempdir()?;
//! let path = folder.path().join("keys.vault");
//! let mut vault = Vault::create(&path, &Passphrase::new("correct horse battery"))?;
//! vault.add(&Entry::new("main", "okx"), &Credentials::new("key", "secret").with_passphrase("pass"))?;
//!
//! let vault = Vault::open(&path, &Passphrase::new("correct horse battery"))?;
//! let found = vault.get(&Entry::new("main", "okx"))?;
//! assert_eq!(found.key(), "key");
//! assert_eq!(format!("{found:?}"), "Credentials(hidden)");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod credentials;
mod error;
mod file;
mod key;

pub use credentials::{Credentials, Passphrase};
pub use error::VaultError;

use file::{Content, Sealed};
use key::Key;
use std::path::{Path, PathBuf};

/// Whose credentials: an account of ours, and the venue it is at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The account's name here.
    pub account: String,
    /// The venue, such as `okx`.
    pub venue: String,
}

impl Entry {
    /// An account at a venue.
    pub fn new(account: impl Into<String>, venue: impl Into<String>) -> Self {
        Self { account: account.into(), venue: venue.into() }
    }
}

impl std::fmt::Display for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at {}", self.account, self.venue)
    }
}

/// An opened file of credentials. Every change is on the disk, whole, when it returns.
pub struct Vault {
    path: PathBuf,
    content: Content,
    key: Key,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Vault {
    /// A new, empty vault, readable by this user only.
    ///
    /// # Errors
    /// [`VaultError::Exists`] if there is a file, [`VaultError::Weak`] below twelve characters, and what writing can fail
    /// with.
    pub fn create(path: &Path, passphrase: &Passphrase) -> Result<Self, VaultError> {
        passphrase.check()?;
        let (content, key) = Content::empty(passphrase, 1)?;
        file::create(path, &content)?;
        Ok(Self { path: path.to_owned(), content, key })
    }

    /// Opens a vault. Deriving the key takes a fraction of a second and 64 MiB; within a runtime, do it on a thread where
    /// that does not matter.
    ///
    /// # Errors
    /// [`VaultError`]: no file, a wrong passphrase, a damaged file, one of a newer version, one that others may read.
    pub fn open(path: &Path, passphrase: &Passphrase) -> Result<Self, VaultError> {
        let content = file::read(path)?;
        let key = content.unlock(path, passphrase)?;
        Ok(Self { path: path.to_owned(), content, key })
    }

    /// Whose credentials there are, in order.
    pub fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        self.content.entries.iter().map(Sealed::entry)
    }

    /// The credentials of an account.
    ///
    /// # Errors
    /// [`VaultError::Unknown`] if there are none, [`VaultError::Damaged`] if they do not open under this name.
    pub fn get(&self, entry: &Entry) -> Result<Credentials, VaultError> {
        let sealed = self.content.find(entry).ok_or_else(|| self.unknown(entry))?;
        self.unseal(sealed)
    }

    /// Adds credentials, or replaces those of the same account and venue.
    ///
    /// # Errors
    /// [`VaultError::Changed`] if the file is not as it was opened, and what writing can fail with.
    pub fn add(&mut self, entry: &Entry, credentials: &Credentials) -> Result<(), VaultError> {
        let mut content = self.content.clone();
        let sealed = content.seal(&self.key, entry, credentials)?;
        content.entries.retain(|one| one.entry() != *entry);
        content.entries.push(sealed);
        content.entries.sort_by_key(Sealed::entry);
        self.replace(content)
    }

    /// Removes credentials.
    ///
    /// # Errors
    /// [`VaultError::Unknown`] if there are none; otherwise as [`Vault::add`].
    pub fn remove(&mut self, entry: &Entry) -> Result<(), VaultError> {
        self.content.find(entry).ok_or_else(|| self.unknown(entry))?;
        let mut content = self.content.clone();
        content.entries.retain(|one| one.entry() != *entry);
        self.replace(content)
    }

    /// Seals everything anew under another passphrase, with a fresh salt and the next key id.
    ///
    /// # Errors
    /// [`VaultError::Weak`], [`VaultError::Damaged`] if an entry does not open; otherwise as [`Vault::add`].
    pub fn rekey(&mut self, passphrase: &Passphrase) -> Result<(), VaultError> {
        passphrase.check()?;
        let (mut content, key) = Content::empty(passphrase, self.content.key_id.saturating_add(1))?;
        for sealed in &self.content.entries {
            let resealed = content.seal(&key, &sealed.entry(), &self.unseal(sealed)?)?;
            content.entries.push(resealed);
        }
        self.replace(content)?;
        self.key = key;
        Ok(())
    }

    fn unseal(&self, sealed: &Sealed) -> Result<Credentials, VaultError> {
        self.content.unseal(&self.key, sealed).ok_or_else(|| VaultError::Damaged {
            path: self.path.clone(),
            detail: format!("the credentials of {} do not open under this name", sealed.entry()),
        })
    }

    fn unknown(&self, entry: &Entry) -> VaultError {
        VaultError::Unknown { path: self.path.clone(), entry: entry.clone() }
    }

    fn replace(&mut self, content: Content) -> Result<(), VaultError> {
        if file::read(&self.path)? != self.content {
            return Err(VaultError::Changed { path: self.path.clone() });
        }
        file::replace(&self.path, &content)?;
        self.content = content;
        Ok(())
    }
}
