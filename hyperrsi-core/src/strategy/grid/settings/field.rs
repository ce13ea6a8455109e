//! Values that only the grid has, and what is wrong with a value as issues.

use crate::strategy::rsi_trend::settings::{Fault, Field, Issue, Kind, decimal, decimal_value, plain, shown};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::Value;

impl Field for Option<Vec<Decimal>> {
    fn read(&mut self, value: &Value) -> Result<(), Fault> {
        let given = value.as_array().ok_or(Fault::Type("list of numbers"))?;
        let mut faults = Vec::new();
        let mut taken = Vec::with_capacity(given.len());
        for (index, entry) in given.iter().enumerate() {
            match decimal(entry) {
                Some(number) => taken.push(number),
                None => faults.push(((index + 1).to_string(), entry.clone(), Fault::Type("number"))),
            }
        }
        if !faults.is_empty() {
            return Err(Fault::Entries(faults));
        }
        *self = Some(taken);
        Ok(())
    }
    fn write(&self) -> Value {
        match self {
            Some(amounts) => amounts.iter().copied().map(decimal_value).collect(),
            None => Value::Null,
        }
    }
    fn kind(&self) -> Kind {
        Kind::Decimals
    }
}

impl Field for Option<u32> {
    fn read(&mut self, value: &Value) -> Result<(), Fault> {
        *self = match value {
            Value::String(text) if text == "none" => None,
            _ => {
                let number = decimal(value).filter(Decimal::is_integer);
                let number = number.ok_or(Fault::Type("whole number or \"none\""))?;
                Some(number.to_u32().ok_or(Fault::Range(number))?)
            }
        };
        Ok(())
    }
    fn write(&self) -> Value {
        self.map_or_else(|| Value::from("none"), Value::from)
    }
    fn kind(&self) -> Kind {
        Kind::IntOrNone
    }
    fn numbers(&self) -> Vec<(Option<&str>, Decimal)> {
        self.iter().map(|number| (None, Decimal::from(*number))).collect()
    }
}

/// What is wrong with the value of a key, as issues.
pub(super) fn issues_of(name: &str, value: &Value, fault: Fault, issues: &mut Vec<Issue>) {
    issues.push(match fault {
        Fault::Type(word) => {
            Issue::new("type", name, format!("{name} must be a {word}, got {}", shown(value)))
        }
        Fault::Choice { choices, text } => {
            Issue::new("enum", name, format!("{name} must be one of {choices}, got \"{text}\""))
        }
        Fault::Range(number) => {
            let bounds = super::keys::bounds(name);
            let message = || format!("{name} must be between 0 and {}, got {}", u32::MAX, plain(number));
            bounds
                .and_then(|bounds| bounds.check(name, number))
                .unwrap_or_else(|| Issue::new("range", name, message()))
        }
        Fault::Entries(faults) => {
            for (entry, value, fault) in faults {
                issues_of(&format!("{name}.{entry}"), &value, fault, issues);
            }
            return;
        }
    });
}
