use super::VaultError;
use std::fmt;
use zeroize::Zeroizing;

/// The shortest passphrase a vault is made with.
const SHORTEST: usize = 12;

/// What a vault is opened with. Wiped on drop, never shown.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// Takes the text over.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// From the environment, where one is set there.
    pub fn from_env(name: &str) -> Option<Self> {
        std::env::var(name).ok().map(Self::new)
    }

    /// Asks at the terminal; what is typed is not shown.
    ///
    /// # Errors
    /// [`VaultError::Io`] if there is no terminal.
    pub fn ask(question: &str) -> Result<Self, VaultError> {
        ask(question).map(Self)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    pub(super) fn check(&self) -> Result<(), VaultError> {
        if self.0.chars().count() < SHORTEST { Err(VaultError::Weak { shortest: SHORTEST }) } else { Ok(()) }
    }

    /// Whether both are the same text.
    pub fn is(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(hidden)")
    }
}

fn ask(question: &str) -> Result<Zeroizing<String>, VaultError> {
    let said = rpassword::prompt_password(format!("{question}: "));
    said.map(Zeroizing::new).map_err(|error| VaultError::Terminal { detail: error.to_string() })
}

/// Key, secret and, where the venue has one, passphrase of an account. Wiped on drop, never shown.
#[derive(Clone)]
pub struct Credentials {
    key: Zeroizing<String>,
    secret: Zeroizing<String>,
    passphrase: Zeroizing<String>,
}

impl Credentials {
    /// A key and its secret.
    pub fn new(key: impl Into<String>, secret: impl Into<String>) -> Self {
        let [key, secret] = [key.into(), secret.into()].map(Zeroizing::new);
        Self { key, secret, passphrase: Zeroizing::default() }
    }

    /// With the passphrase some venues want besides.
    #[must_use]
    pub fn with_passphrase(mut self, passphrase: impl Into<String>) -> Self {
        self.passphrase = Zeroizing::new(passphrase.into());
        self
    }

    /// Asks for all of it at the terminal; what is typed is not shown. An empty passphrase is none.
    ///
    /// # Errors
    /// [`VaultError::Terminal`] if there is no terminal.
    pub fn ask() -> Result<Self, VaultError> {
        Ok(Self {
            key: ask("API key")?,
            secret: ask("API secret")?,
            passphrase: ask("API passphrase (empty for none)")?,
        })
    }

    /// The key.
    pub fn key(&self) -> &str {
        &self.key
    }
    /// The secret.
    pub fn secret(&self) -> &str {
        &self.secret
    }
    /// The passphrase; empty if the venue has none.
    pub fn passphrase(&self) -> &str {
        &self.passphrase
    }

    /// The three texts, each behind its length, in one buffer that never grows: nothing is left behind in memory.
    pub(super) fn packed(&self) -> Zeroizing<Vec<u8>> {
        let parts = [&self.key, &self.secret, &self.passphrase];
        let size = parts.iter().map(|part| part.len() + size_of::<u64>()).sum();
        let mut bytes = Zeroizing::new(Vec::with_capacity(size));
        for part in parts {
            bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes
    }

    pub(super) fn unpacked(mut bytes: &[u8]) -> Option<Self> {
        let mut part = || {
            let (length, rest) = bytes.split_first_chunk()?;
            let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
            let (text, rest) = rest.split_at_checked(length)?;
            bytes = rest;
            Some(Zeroizing::new(std::str::from_utf8(text).ok()?.to_owned()))
        };
        let (key, secret, passphrase) = (part()?, part()?, part()?);
        bytes.is_empty().then_some(Self { key, secret, passphrase })
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(hidden)")
    }
}
