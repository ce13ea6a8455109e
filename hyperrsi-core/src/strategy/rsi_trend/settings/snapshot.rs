use super::Settings;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use std::sync::Arc;

/// Names the content of a settings record in decision records: 64-bit FNV-1a over the compact JSON of all known keys,
/// sorted, in native values. Secrets do not enter, only whether they are set. Written as 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SettingsHash(u64);

impl SettingsHash {
    /// The hash of settings.
    pub fn of(settings: &Settings) -> Self {
        Self::of_record(settings.to_public_map())
    }
    /// The hash of a record of native values.
    pub(in crate::strategy) fn of_record(record: serde_json::Map<String, Value>) -> Self {
        let sorted: std::collections::BTreeMap<String, Value> = record.into_iter().collect();
        // Cannot fail: every key is a text.
        Self(fnv1a(&serde_json::to_vec(&sorted).unwrap_or_default()))
    }
    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// FNV-1a, 64 bit: <http://www.isthe.com/chongo/tech/comp/fnv/>.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

impl fmt::Display for SettingsHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl std::str::FromStr for SettingsHash {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let is_hex = text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
        let parsed = u64::from_str_radix(text, 16).ok().filter(|_| is_hex);
        parsed.map(Self).ok_or_else(|| format!("\"{text}\" is not a settings hash of 16 hexadecimal digits"))
    }
}

impl Serialize for SettingsHash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SettingsHash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The settings of one decision: built once, passed everywhere, never re-read (TRADING 1.2, 1.3).
///
/// ```
/// use hyperrsi_core::strategy::rsi_trend::settings::{Settings, Snapshot};
/// let first = Snapshot::new(1, Settings::default());
/// let mut changed = Settings::default();
/// changed.entry.rsi.length = 9;
/// let second = Snapshot::new(2, changed);
/// assert_ne!(first.hash, second.hash);
/// assert_eq!(first.hash, Snapshot::new(3, Settings::default()).hash);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    /// Rises with every change of the settings.
    pub version: u64,
    /// Names the content.
    pub hash: SettingsHash,
    /// The settings.
    pub settings: Arc<Settings>,
}

impl Snapshot {
    /// The settings of a version.
    pub fn new(version: u64, settings: Settings) -> Self {
        Self { version, hash: SettingsHash::of(&settings), settings: Arc::new(settings) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fnv1a_gives_the_published_values() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
