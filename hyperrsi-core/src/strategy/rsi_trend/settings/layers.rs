use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;

/// A preset that is assigned does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no preset \"{0}\"; create it first or assign another one")]
pub struct UnknownPreset(pub String);

/// The records of an account that together make a symbol's settings (TRADING 1.2): account settings, the preset
/// assigned to the symbol, the symbol's own overrides. Later ones win key by key; a key that is absent or null is not
/// set. Map keys such as `symbol_investments` are one key: a later map replaces the earlier one.
///
/// ```
/// use hyperrsi_core::strategy::rsi_trend::settings::{Layers, Settings};
/// use serde_json::{Map, json};
/// let record = |value: serde_json::Value| value.as_object().cloned().unwrap_or_default();
/// let mut layers = Layers::default();
/// layers.account = record(json!({"leverage": 5, "rsi_length": 9, "use_sl": true}));
/// layers.presets.insert("calm".into(), record(json!({"leverage": 3, "rsi_length": null})));
/// layers.assign("ETH-USDT-SWAP", "calm")?;
/// layers.overrides.insert("ETH-USDT-SWAP".into(), record(json!({"use_sl": false})));
/// let settings = Settings::from_map(&layers.effective("ETH-USDT-SWAP")?)?;
/// assert_eq!((settings.market.leverage, settings.entry.rsi.length, settings.sl.enabled), (3, 9, false));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Layers {
    /// For every symbol of the account.
    pub account: Map<String, Value>,
    /// Records that can be assigned, by name.
    pub presets: BTreeMap<String, Map<String, Value>>,
    /// Symbol to name of a preset. See [`Layers::assign`].
    pub assigned: BTreeMap<String, String>,
    /// Symbol to its own record.
    pub overrides: BTreeMap<String, Map<String, Value>>,
}

impl Layers {
    /// Lets a symbol follow a preset, instead of the one it followed.
    ///
    /// # Errors
    /// The preset does not exist.
    pub fn assign(&mut self, symbol: &str, preset: &str) -> Result<(), UnknownPreset> {
        if !self.presets.contains_key(preset) {
            return Err(UnknownPreset(preset.into()));
        }
        self.assigned.insert(symbol.into(), preset.into());
        Ok(())
    }

    /// The symbols that follow a preset; one that is followed should not be deleted.
    pub fn followers<'a>(&'a self, preset: &'a str) -> impl Iterator<Item = &'a str> {
        self.assigned.iter().filter(move |(_, name)| *name == preset).map(|(symbol, _)| symbol.as_str())
    }

    /// The record of a symbol: only keys that some layer sets, and `symbol`. What is not in it has its default.
    ///
    /// # Errors
    /// The assigned preset does not exist: trading with other settings than meant is worse than not trading.
    pub fn effective(&self, symbol: &str) -> Result<Map<String, Value>, UnknownPreset> {
        let preset = match self.assigned.get(symbol) {
            Some(name) => Some(self.presets.get(name).ok_or_else(|| UnknownPreset(name.clone()))?),
            None => None,
        };
        let layers = std::iter::once(&self.account).chain(preset).chain(self.overrides.get(symbol));
        let set = layers.flatten().filter(|(_, value)| !value.is_null());
        let mut merged: Map<String, Value> = set.map(|(key, value)| (key.clone(), value.clone())).collect();
        merged.insert("symbol".into(), symbol.into());
        Ok(merged)
    }
}

/// Names only: the records may hold a token.
impl fmt::Debug for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layers")
            .field("account", &self.account.keys().collect::<Vec<_>>())
            .field("presets", &self.presets.keys().collect::<Vec<_>>())
            .field("assigned", &self.assigned)
            .field("overrides", &self.overrides.keys().collect::<Vec<_>>())
            .finish()
    }
}
