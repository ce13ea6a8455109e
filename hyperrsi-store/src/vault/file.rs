use super::key::{Derivation, Key, about};
use super::{Credentials, Entry, Passphrase, VaultError};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// The version this program writes, and the newest it reads.
const VERSION: u32 = 1;

/// The outside of the file, the same in every version.
#[derive(Serialize, Deserialize)]
struct Cover {
    hyperrsi_vault: u32,
    /// SHA-256 of the content as it stands. It tells damage from a wrong passphrase; what protects is the seals.
    digest: String,
    content: Box<RawValue>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Content {
    pub(super) key_id: u32,
    derivation: Derivation,
    /// Nothing, sealed: it opens with the right key only.
    check: Seal,
    pub(super) entries: Vec<Sealed>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Seal {
    #[serde(with = "text")]
    nonce: Vec<u8>,
    #[serde(with = "text")]
    sealed: Vec<u8>,
}

/// The credentials of one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sealed {
    account: String,
    venue: String,
    seal: Seal,
}

impl Sealed {
    pub(super) fn entry(&self) -> Entry {
        Entry::new(&*self.account, &*self.venue)
    }
}

impl Content {
    /// No entries yet, under a fresh key.
    pub(super) fn empty(passphrase: &Passphrase, key_id: u32) -> Result<(Self, Key), VaultError> {
        let derivation = Derivation::fresh()?;
        let key = derivation.key(passphrase)?;
        let check = seal(&key, key_id, None, &[])?;
        Ok((Self { key_id, derivation, check, entries: Vec::new() }, key))
    }

    pub(super) fn unlock(&self, path: &Path, passphrase: &Passphrase) -> Result<Key, VaultError> {
        if !self.derivation.is_sound() {
            return Err(damaged(path, "its key derivation is out of bounds"));
        }
        let key = self.derivation.key(passphrase)?;
        match key.open(&about(VERSION, self.key_id, None), &self.check.nonce, &self.check.sealed) {
            Some(_) => Ok(key),
            None => Err(VaultError::WrongPassphrase { path: path.to_owned() }),
        }
    }

    pub(super) fn find(&self, entry: &Entry) -> Option<&Sealed> {
        self.entries.iter().find(|sealed| sealed.entry() == *entry)
    }

    pub(super) fn seal(
        &self,
        key: &Key,
        entry: &Entry,
        credentials: &Credentials,
    ) -> Result<Sealed, VaultError> {
        let seal = seal(key, self.key_id, Some(entry), &credentials.packed())?;
        Ok(Sealed { account: entry.account.clone(), venue: entry.venue.clone(), seal })
    }

    pub(super) fn unseal(&self, key: &Key, sealed: &Sealed) -> Option<Credentials> {
        let about = about(VERSION, self.key_id, Some(&sealed.entry()));
        Credentials::unpacked(&key.open(&about, &sealed.seal.nonce, &sealed.seal.sealed)?)
    }
}

fn seal(key: &Key, key_id: u32, entry: Option<&Entry>, content: &[u8]) -> Result<Seal, VaultError> {
    let (nonce, sealed) = key.seal(&about(VERSION, key_id, entry), content)?;
    Ok(Seal { nonce: nonce.to_vec(), sealed })
}

pub(super) fn read(path: &Path) -> Result<Content, VaultError> {
    let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
        ErrorKind::InvalidData => damaged(path, "it is no text"),
        _ => failed(path, error),
    })?;
    private(path)?;
    let cover: Cover =
        serde_json::from_str(&text).map_err(|_| damaged(path, "it is no vault, or cut off"))?;
    if cover.hyperrsi_vault > VERSION {
        let (found, supported) = (cover.hyperrsi_vault, VERSION);
        return Err(VaultError::Newer { path: path.to_owned(), found, supported });
    }
    if digest(cover.content.get()) != cover.digest {
        return Err(damaged(path, "its content is not what was written"));
    }
    serde_json::from_str(cover.content.get()).map_err(|_| damaged(path, "its content cannot be read"))
}

/// Writes a file that must not be there yet.
pub(super) fn create(path: &Path, content: &Content) -> Result<(), VaultError> {
    let text = text_of(content)?;
    let written = fresh(path).and_then(|file| write(file, &text));
    written.and_then(|()| sync_folder(path)).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => VaultError::Exists { path: path.to_owned() },
        _ => failed(path, error),
    })
}

/// Writes a file anew: the old one is there whole until the new one is.
pub(super) fn replace(path: &Path, content: &Content) -> Result<(), VaultError> {
    let text = text_of(content)?;
    let beside = beside(path);
    match std::fs::remove_file(&beside) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(&beside, error)),
        _ => {} // what a killed process left
    }
    let written = fresh(&beside).and_then(|file| write(file, &text));
    let moved = written.and_then(|()| std::fs::rename(&beside, path)).and_then(|()| sync_folder(path));
    moved.map_err(|error| failed(path, error))
}

fn text_of(content: &Content) -> Result<String, VaultError> {
    let unwritable = |error: serde_json::Error| VaultError::Machine { detail: error.to_string() };
    let content = serde_json::value::to_raw_value(content).map_err(unwritable)?;
    let cover = Cover { hyperrsi_vault: VERSION, digest: digest(content.get()), content };
    serde_json::to_string(&cover).map_err(unwritable)
}

fn digest(content: &str) -> String {
    text::encode(&Sha256::digest(content.as_bytes()))
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

fn fresh(path: &Path) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn write(mut file: File, text: &str) -> Result<(), Error> {
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// A name is durable once its folder is.
fn sync_folder(path: &Path) -> Result<(), Error> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    #[cfg(unix)]
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    Ok(())
}

#[cfg(unix)]
fn private(path: &Path) -> Result<(), VaultError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).map_err(|error| failed(path, error))?.permissions().mode() & 0o777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(VaultError::Exposed { path: path.to_owned(), mode }) }
}

#[cfg(not(unix))]
fn private(_: &Path) -> Result<(), VaultError> {
    Ok(())
}

fn failed(path: &Path, source: Error) -> VaultError {
    VaultError::Io { path: path.to_owned(), source }
}

fn damaged(path: &Path, detail: &str) -> VaultError {
    VaultError::Damaged { path: path.to_owned(), detail: detail.to_owned() }
}

/// Bytes as base64.
pub(super) mod text {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn encode(bytes: &[u8]) -> String {
        STANDARD.encode(bytes)
    }
    pub(in super::super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&encode(bytes))
    }
    pub(in super::super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(String::deserialize(from)?).map_err(D::Error::custom)
    }
}
