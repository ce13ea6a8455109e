use super::{Entry, Passphrase, VaultError};
use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Bytes of a nonce: long enough to be drawn at random.
pub(super) const NONCE: usize = 24;
/// Bytes of a salt.
const SALT: usize = 16;

/// How a passphrase becomes a key: argon2id, version 19.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Derivation {
    memory_kib: u32,
    passes: u32,
    #[serde(with = "super::file::text")]
    salt: Vec<u8>,
}

impl Derivation {
    /// 64 MiB, three passes, a random salt.
    pub(super) fn fresh() -> Result<Self, VaultError> {
        Ok(Self { memory_kib: 64 * 1024, passes: 3, salt: random::<SALT>()?.to_vec() })
    }

    /// Whether a program should follow it: neither weakened, nor made to exhaust the machine.
    pub(super) fn is_sound(&self) -> bool {
        (19 * 1024..=1024 * 1024).contains(&self.memory_kib)
            && (1..=16).contains(&self.passes)
            && self.salt.len() == SALT
    }

    pub(super) fn key(&self, passphrase: &Passphrase) -> Result<Key, VaultError> {
        let machine = |error: argon2::Error| VaultError::Machine { detail: error.to_string() };
        let params = Params::new(self.memory_kib, self.passes, 1, Some(32)).map_err(machine)?;
        let mut key = Zeroizing::new([0_u8; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.bytes(), &self.salt, key.as_mut_slice())
            .map_err(machine)?;
        Ok(Key(key))
    }
}

/// The key of a vault; wiped on drop.
pub(super) struct Key(Zeroizing<[u8; 32]>);

impl Key {
    fn cipher(&self) -> Result<XChaCha20Poly1305, VaultError> {
        XChaCha20Poly1305::new_from_slice(self.0.as_slice())
            .map_err(|error| VaultError::Machine { detail: error.to_string() })
    }

    /// Nonce and sealed content, bound to what it is about.
    pub(super) fn seal(&self, about: &[u8], content: &[u8]) -> Result<([u8; NONCE], Vec<u8>), VaultError> {
        let nonce = random::<NONCE>()?;
        let sealed = self
            .cipher()?
            .encrypt(&XNonce::from(nonce), Payload { msg: content, aad: about })
            .map_err(|error| VaultError::Machine { detail: error.to_string() })?;
        Ok((nonce, sealed))
    }

    /// The content; `None` if it was sealed with another key, about something else, or has been changed.
    pub(super) fn open(&self, about: &[u8], nonce: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let nonce: [u8; NONCE] = nonce.try_into().ok()?;
        let payload = Payload { msg: sealed, aad: about };
        self.cipher().ok()?.decrypt(&XNonce::from(nonce), payload).ok().map(Zeroizing::new)
    }
}

/// What a sealed entry is about: version, key, account and venue, each behind its length, so that no two are alike.
pub(super) fn about(version: u32, key_id: u32, entry: Option<&Entry>) -> Vec<u8> {
    let mut bytes = b"hyperrsi vault".to_vec();
    bytes.extend_from_slice(&version.to_le_bytes());
    bytes.extend_from_slice(&key_id.to_le_bytes());
    for name in entry.map(|entry| [&entry.account, &entry.venue]).into_iter().flatten() {
        bytes.extend_from_slice(&(name.len() as u64).to_le_bytes());
        bytes.extend_from_slice(name.as_bytes());
    }
    bytes
}

fn random<const N: usize>() -> Result<[u8; N], VaultError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| VaultError::Machine { detail: error.to_string() })?;
    Ok(bytes)
}
