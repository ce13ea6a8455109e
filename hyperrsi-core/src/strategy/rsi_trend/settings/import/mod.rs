//! Records of the old system (TRADING, Appendix B).
//!
//! ```text
//! old record ─> names ─> words ─> conversions ─> read by the key table ─> native record, notes, what acts now
//! ```
//!
//! Types and words are checked here, all at once; ranges and rules by [`Settings::check`] on the result.
//!
//! ```
//! use hyperrsi_core::strategy::rsi_trend::settings::import::{Origin, legacy};
//! use serde_json::json;
//! let old = json!({"entry_option": "돌파", "trend_timeframe": "1시간", "use_sl": "true"});
//! let mut imported = legacy(old.as_object().ok_or("no map")?, Origin::Live)?;
//! assert_eq!(imported.settings["entry_option"], "break_through");
//! assert!(!imported.may_start()); // until someone has read what changed
//! imported.acknowledge();
//! assert!(imported.may_start());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod acts_now;
mod words;

use super::choices::{Choice, HedgeSizeUnit, TrailKind};
use super::field::{Fault, decimal, decimal_value};
use super::keys::{KEYS, key};
use super::record::issues_of;
use super::{Report, Settings};
use rust_decimal::Decimal;
use rust_decimal_macros::dec;
use serde::Serialize;
use serde_json::{Map, Value};
use std::fmt;

/// Which part of the old system a record comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// The live trader.
    Live,
    /// The back-test service, which counted additional entries only.
    Backtest,
}

/// Whether an imported record may be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum State {
    /// Not yet: the report was not acknowledged.
    Stopped,
    /// The report was acknowledged.
    Acknowledged,
}

/// Something the import did, or a key whose effect changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The key.
    pub key: String,
    /// What happened, in English.
    pub text: String,
}

impl Note {
    fn new(key: &str, text: impl Into<String>) -> Self {
        Self { key: key.into(), text: text.into() }
    }
}

/// A record in native values, and what its owner must know before starting it. `Debug` shows no values.
#[derive(Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Imported {
    /// The keys the old record had, under today's names and in native values; other keys take their default.
    pub settings: Map<String, Value>,
    /// What was renamed, converted, dropped or not known.
    pub notes: Vec<Note>,
    /// Keys that used to have no or another effect and now act (TRADING B.3).
    pub acts_now: Vec<Note>,
    /// Stopped until [`Imported::acknowledge`].
    pub state: State,
}

impl Imported {
    /// The owner has read the report.
    pub fn acknowledge(&mut self) {
        self.state = State::Acknowledged;
    }
    /// Whether the record may be started.
    pub fn may_start(&self) -> bool {
        self.state == State::Acknowledged
    }
}

impl fmt::Debug for Imported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Imported")
            .field("settings", &self.settings.keys().collect::<Vec<_>>())
            .field("notes", &self.notes)
            .field("acts_now", &self.acts_now)
            .field("state", &self.state)
            .finish()
    }
}

/// Turns an old record into a native one.
///
/// # Errors
/// Every key with a wrong type (`type`) or a word that means nothing (`enum`); there is no default for an unknown word.
pub fn legacy(record: &Map<String, Value>, origin: Origin) -> Result<Imported, Report> {
    let mut notes = Vec::new();
    let old = renamed(record, &mut notes);
    let mut native: Map<String, Value> =
        old.iter().map(|(name, value)| (name.clone(), words::native(name, value))).collect();
    convert(&mut native, origin, &mut notes);

    let mut settings = Settings::default();
    let mut errors = Vec::new();
    for key in KEYS {
        let Some(value) = native.get(key.name()) else { continue };
        let given = old.get(key.name()).unwrap_or(value);
        match key.read(&mut settings, value) {
            Ok(()) => {}
            // The message quotes what stands in the old record, not what it was turned into.
            Err(Fault::Choice { choices, .. }) => {
                let text = given.as_str().unwrap_or_default().into();
                issues_of(key, key.name(), given, Fault::Choice { choices, text }, &mut errors);
            }
            Err(fault) => issues_of(key, key.name(), given, fault, &mut errors),
        }
    }
    if !errors.is_empty() {
        return Err(Report { errors, warnings: Vec::new() });
    }
    for key in KEYS {
        if let Some(value) = native.get_mut(key.name()) {
            *value = key.write(&settings);
        }
    }
    let acts_now = acts_now::list(&settings);
    Ok(Imported { settings: native, notes, acts_now, state: State::Stopped })
}

const RENAMED: [(&str, &str); 2] = [("rsi_period", "rsi_length"), ("rsi_entry_option", "entry_option")];

/// The record under today's names, without what is dropped or not set.
fn renamed(record: &Map<String, Value>, notes: &mut Vec<Note>) -> Map<String, Value> {
    let is_set = |name: &str| record.get(name).is_some_and(|value| !value.is_null());
    let mut taken = Map::new();
    for (name, value) in record {
        if name == "trailing_start_point" && value.is_null() {
            // In the old system null was how trailing was switched off.
            taken.insert(name.clone(), Value::from("none"));
            notes.push(Note::new(name, "an empty start point is now the word none: trailing is off"));
        } else if value.is_null() {
            continue;
        } else if name == "pyramiding_type" {
            notes.push(Note::new(name, "dropped: it has no counterpart"));
        } else if let Some((_, today)) = RENAMED.iter().find(|(old, _)| old == name) {
            if is_set(today) {
                notes.push(Note::new(name, format!("dropped: {today} is given as well")));
            } else {
                taken.insert((*today).to_owned(), value.clone());
                notes.push(Note::new(name, format!("is now {today}")));
            }
        } else {
            if key(name).is_none() {
                notes.push(Note::new(name, "is not a known setting; it is kept but has no effect"));
            }
            taken.insert(name.clone(), value.clone());
        }
    }
    taken
}

/// The conversions of TRADING B.1 (trailing kind) and B.2.
fn convert(record: &mut Map<String, Value>, origin: Origin, notes: &mut Vec<Note>) {
    let mut set = |record: &mut Map<String, Value>, name: &str, value: Value, why: &str| {
        notes.push(Note::new(name, why));
        record.insert(name.to_owned(), value);
    };

    let number = |record: &Map<String, Value>, name: &str| record.get(name).and_then(decimal);
    let by_position = record
        .get("dual_side_entry_ratio_type")
        .is_none_or(|kind| kind.as_str() == Some(HedgeSizeUnit::PercentOfPosition.as_str()));
    let name = "dual_side_entry_ratio_value";
    if let Some(share) = number(record, name).filter(|n| by_position && *n > Decimal::ZERO && *n <= dec!(1)) {
        let percent = decimal_value(share.saturating_mul(dec!(100)));
        set(record, name, percent, "was a fraction of the position and is now a percentage");
    }

    let name = "trailing_stop_offset_value";
    if number(record, name).is_some_and(|offset| offset < dec!(0.1)) {
        set(record, name, decimal_value(dec!(0.1)), "raised to the floor of 0.1 that was applied anyway");
    }

    let name = "pyramiding_limit";
    if let Some(extra) = number(record, name).filter(|_| origin == Origin::Backtest) {
        let total = decimal_value(extra.saturating_add(dec!(1)));
        set(record, name, total, "counted additional entries only and now counts the first one too");
    }

    let name = "trailing_stop_type";
    let kind = record.get(name).map(|value| value.as_str().and_then(TrailKind::parse));
    let by_difference = match record.get("use_trailing_stop_value_with_tp2_tp3_difference") {
        Some(Value::Bool(flag)) => Some(*flag),
        Some(Value::String(text)) => text.parse().ok(),
        _ => None,
    };
    match (by_difference, kind) {
        // A word that means nothing is reported by the reader.
        (_, Some(None)) | (None, _) | (Some(true), Some(Some(TrailKind::TpDiff))) => {}
        (Some(true), _) => {
            set(record, name, TrailKind::TpDiff.as_str().into(), "the difference switch is on and decides");
        }
        (Some(false), Some(Some(TrailKind::TpDiff))) => {
            set(record, name, TrailKind::Percent.as_str().into(), "the difference switch is off and decides");
        }
        (Some(false), _) => {}
    }
}
