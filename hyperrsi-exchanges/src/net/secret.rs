use std::fmt;
use zeroize::Zeroizing;

/// A key, secret or passphrase. Never shown: `Debug` prints a placeholder, there is no `Display`, and the memory is
/// wiped on drop.
///
/// ```
/// use hyperrsi_exchanges::net::Secret;
/// let secret = Secret::new("s3cret".to_owned());
/// assert_eq!(format!("{secret:?}"), "Secret(hidden)");
/// ```
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }
    /// The text, for signing, headers and digests only.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
    /// Whether nothing was given.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}
