//! The flat record: reading it with all faults at once, writing it back, and the text forms around it.

use super::bounds::{Bounds, shown};
use super::field::{Fault, Kind};
use super::issue::{Issue, Report};
use super::keys::{KEYS, Key, key};
use super::{Environment, Settings};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Why a text is not a settings record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The text is not JSON or TOML. It is not quoted, because it may hold a token.
    #[error("the settings cannot be read at line {line}: {cause}; correct the text there")]
    Syntax {
        /// Line number from 1.
        line: usize,
        /// What the parser expected.
        cause: String,
    },
    /// Keys with wrong values, all of them.
    #[error("{0}")]
    Invalid(Report),
}

impl Settings {
    /// Takes a flat record: keys that are absent or null keep their default, booleans and numbers may be texts, unknown
    /// keys are kept. Checks types and words only; ranges and rules are checked by [`Settings::validate`].
    ///
    /// # Errors
    /// Every key with a wrong type or an unknown word.
    ///
    /// ```
    /// use hyperrsi_core::strategy::rsi_trend::settings::Settings;
    /// use serde_json::json;
    /// let record = json!({"leverage": "5", "use_sl": true, "tp1_value": 0.1});
    /// let settings = Settings::from_map(record.as_object().ok_or("no map")?)?;
    /// assert_eq!(settings.market.leverage, 5);
    /// let report = Settings::from_map(json!({"leverage": [], "use_sl": 1}).as_object().ok_or("no map")?).unwrap_err();
    /// assert_eq!(report.errors.len(), 2);
    /// assert_eq!(report.errors[1].message, "use_sl must be a boolean, got 1");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_map(record: &Map<String, Value>) -> Result<Self, Report> {
        let (settings, errors) = Self::read(record);
        if errors.is_empty() { Ok(settings) } else { Err(Report { errors, warnings: Vec::new() }) }
    }

    /// Takes and validates a flat record in one step, so that faulty values and broken rules are reported together. A
    /// rule that looks at a faulty key is not applied. Gives the settings and the warnings.
    ///
    /// # Errors
    /// Everything that is wrong, and the warnings found besides.
    pub fn check(
        record: &Map<String, Value>,
        environment: &Environment,
    ) -> Result<(Self, Vec<Issue>), Report> {
        let (settings, mut errors) = Self::read(record);
        let faulty: Vec<String> = errors.iter().map(|issue| issue.root().to_owned()).collect();
        let mut report = super::validate::report(&settings, environment, &faulty);
        errors.append(&mut report.errors);
        report.errors = errors;
        if report.is_valid() { Ok((settings, report.warnings)) } else { Err(report) }
    }

    /// Takes a JSON object. See [`Settings::from_map`].
    ///
    /// # Errors
    /// [`LoadError::Syntax`] or every key with a wrong type or an unknown word.
    pub fn from_json_str(text: &str) -> Result<Self, LoadError> {
        let record = serde_json::from_str::<Map<String, Value>>(text)
            .map_err(|error| LoadError::Syntax { line: error.line(), cause: json_cause(&error).into() })?;
        Self::from_map(&record).map_err(LoadError::Invalid)
    }

    /// Takes a TOML document with the same flat keys; a table is used for map keys only.
    ///
    /// # Errors
    /// [`LoadError::Syntax`] or every key with a wrong type or an unknown word.
    ///
    /// ```
    /// use hyperrsi_core::strategy::rsi_trend::settings::Settings;
    /// let settings = Settings::from_toml_str("leverage = 5\n[symbol_investments]\nXRP-USDT-SWAP = 35.5\n")?;
    /// assert_eq!(settings.market.leverage, 5);
    /// assert_eq!(settings.sizing.by_symbol["XRP-USDT-SWAP"].to_string(), "35.5");
    /// # Ok::<(), hyperrsi_core::strategy::rsi_trend::settings::LoadError>(())
    /// ```
    pub fn from_toml_str(text: &str) -> Result<Self, LoadError> {
        let table = text.parse::<toml::Table>().map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            LoadError::Syntax { line: before.matches('\n').count() + 1, cause: "this is not TOML".into() }
        })?;
        Self::from_map(&json_of(table)).map_err(LoadError::Invalid)
    }

    /// The flat record with every key in its native value; null means not set. Unknown keys are included, and so is
    /// the signal bot's token: this is the stored form. See [`Settings::to_public_map`].
    pub fn to_map(&self) -> Map<String, Value> {
        let known = KEYS.iter().map(|key| (key.name().to_owned(), key.write(self)));
        self.unknown.clone().into_iter().chain(known).collect()
    }

    /// The flat record for eyes and hashes: known keys only, secrets that are set replaced by three stars.
    pub fn to_public_map(&self) -> Map<String, Value> {
        let hide = |key: &Key, value: Value| {
            if key.kind() == Kind::Secret && !value.is_null() { Value::from("***") } else { value }
        };
        KEYS.iter().map(|key| (key.name().to_owned(), hide(key, key.write(self)))).collect()
    }

    /// Keys of the record that no setting has; kept as they were.
    pub fn unknown(&self) -> &Map<String, Value> {
        &self.unknown
    }

    fn read(record: &Map<String, Value>) -> (Self, Vec<Issue>) {
        let mut settings = Self::default();
        let mut errors = Vec::new();
        for key in KEYS {
            let Some(value) = record.get(key.name()).filter(|value| !value.is_null()) else { continue };
            if let Err(fault) = key.read(&mut settings, value) {
                issues_of(key, key.name(), value, fault, &mut errors);
            }
        }
        settings.unknown = record
            .iter()
            .filter(|(name, _)| key(name).is_none())
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        (settings, errors)
    }
}

/// What is wrong with the value of a key, as issues.
pub(super) fn issues_of(key: &Key, name: &str, value: &Value, fault: Fault, issues: &mut Vec<Issue>) {
    let issue = match fault {
        Fault::Type(word) if key.kind() == Kind::Secret => {
            Issue::new("type", name, format!("{name} must be a {word}, got something else"))
        }
        Fault::Type(word) => {
            Issue::new("type", name, format!("{name} must be a {word}, got {}", shown(value)))
        }
        Fault::Choice { choices, text } => {
            Issue::new("enum", name, format!("{name} must be one of {choices}, got \"{text}\""))
        }
        Fault::Range(number) => {
            let bounds = key.bounds(&Settings::default(), &Environment::saving());
            let out_of_type = Bounds::Between(0.into(), u32::MAX.into());
            match bounds.check(name, number).or_else(|| out_of_type.check(name, number)) {
                Some(issue) => issue,
                None => return,
            }
        }
        Fault::Entries(faults) => {
            for (entry, value, fault) in faults {
                issues_of(key, &format!("{name}.{entry}"), &value, fault, issues);
            }
            return;
        }
    };
    issues.push(issue);
}

/// serde_json's own message may quote the text.
fn json_cause(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Eof => "the text ends too early",
        serde_json::error::Category::Data => "a JSON object is expected",
        _ => "this is not JSON",
    }
}

fn json_of(table: toml::Table) -> Map<String, Value> {
    table.into_iter().map(|(key, value)| (key, json_value(value))).collect()
}

fn json_value(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => Value::from(number),
        // NaN and infinities have no JSON number; as texts they are refused by every numeric key.
        toml::Value::Float(number) => serde_json::Number::from_f64(number)
            .map_or_else(|| Value::String(number.to_string()), Value::Number),
        toml::Value::Boolean(flag) => Value::Bool(flag),
        toml::Value::Datetime(time) => Value::String(time.to_string()),
        toml::Value::Array(items) => items.into_iter().map(json_value).collect(),
        toml::Value::Table(table) => Value::Object(json_of(table)),
    }
}

impl Serialize for Settings {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_map().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let record = Map::<String, Value>::deserialize(deserializer)?;
        Self::from_map(&record).map_err(serde::de::Error::custom)
    }
}
