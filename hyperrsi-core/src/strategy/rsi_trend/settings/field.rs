//! How one value of the record is read and written.

use super::choices::{Choice, ExecutionMode, listed};
use super::groups::SignalAge;
use super::secret::Secret;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Number, Value};
use std::collections::BTreeMap;

/// Why a value was not taken.
pub(in crate::strategy) enum Fault {
    /// It has another type; the word names the right one.
    Type(&'static str),
    /// It is none of the listed words.
    Choice { choices: String, text: String },
    /// A whole number too far out to be stored.
    Range(Decimal),
    /// Entries of a map.
    Entries(Vec<(String, Value, Fault)>),
}

/// What a key holds, for forms and menus.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// True or false.
    Bool,
    /// A whole number.
    Int,
    /// A whole number, or the word `auto`.
    IntOrAuto,
    /// A whole number, or the word `none`.
    IntOrNone,
    /// A decimal.
    Decimal,
    /// A list of decimals.
    Decimals,
    /// One of these words.
    Choice(Vec<&'static str>),
    /// Any text.
    Text,
    /// A text that must not be shown.
    Secret,
    /// Symbol to decimal.
    AmountBySymbol,
    /// Symbol to execution mode.
    ModeBySymbol,
}

/// A slot of the settings that a key stands for.
pub(in crate::strategy) trait Field {
    fn read(&mut self, value: &Value) -> Result<(), Fault>;
    fn write(&self) -> Value;
    fn kind(&self) -> Kind;
    /// The numbers a range applies to, each with its entry in a map.
    fn numbers(&self) -> Vec<(Option<&str>, Decimal)> {
        Vec::new()
    }
    /// A value set in code that is not among the words.
    fn unlisted(&self) -> Option<Fault> {
        None
    }
}

/// A decimal of a JSON number or text, without a detour through binary fractions and without rounding.
pub(in crate::strategy) fn decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::Number(number) => parse_decimal(&number.to_string()),
        Value::String(text) => parse_decimal(text),
        _ => None,
    }
}

fn parse_decimal(text: &str) -> Option<Decimal> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(w, f)| (w, Some(f)));
    if !(digits(whole) && fraction.is_none_or(digits) && exponent.is_none_or(digits)) {
        return None;
    }
    let parsed = match exponent {
        Some(_) => Decimal::from_scientific(text),
        None => Decimal::from_str_exact(text),
    };
    parsed.ok().map(|d| d.normalize())
}

/// A JSON number where that reads back as the same decimal, else a text.
pub(in crate::strategy) fn decimal_value(decimal_: Decimal) -> Value {
    let text = decimal_.normalize().to_string();
    let number = serde_json::from_str::<Number>(&text).ok().map(Value::Number);
    number.filter(|value| decimal(value) == Some(decimal_)).unwrap_or(Value::String(text))
}

impl Field for bool {
    fn read(&mut self, value: &Value) -> Result<(), Fault> {
        *self = match value {
            Value::Bool(given) => *given,
            Value::String(text) if text == "true" => true,
            Value::String(text) if text == "false" => false,
            _ => return Err(Fault::Type("boolean")),
        };
        Ok(())
    }
    fn write(&self) -> Value {
        Value::Bool(*self)
    }
    fn kind(&self) -> Kind {
        Kind::Bool
    }
}

fn whole(value: &Value, word: &'static str) -> Result<u32, Fault> {
    let given = decimal(value).filter(Decimal::is_integer).ok_or(Fault::Type(word))?;
    given.to_u32().ok_or(Fault::Range(given))
}

impl Field for u32 {
    fn read(&mut self, value: &Value) -> Result<(), Fault> {
        *self = whole(value, "whole number")?;
        Ok(())
    }
    fn write(&self) -> Value {
        Value::from(*self)
    }
    fn kind(&self) -> Kind {
        Kind::Int
    }
    fn numbers(&self) -> Vec<(Option<&str>, Decimal)> {
        vec![(None, Decimal::from(*self))]
    }
}

impl Field for SignalAge {
    fn read(&mut self, value: &Value) -> Result<(), Fault> {
        *self = match value {
            Value::String(text) if text == "auto" => Self::Auto,
            _ => Self::Seconds(whole(value, "whole number or \"auto\"")?),
        };
        Ok(())
    }
    fn write(&self) -> Value {
        match self {
            Self::Auto => Value::from("auto"),
            Self::Seconds(seconds) => Value::from(*seconds),
        }
    }
    fn kind(&self) -> Kind {
        Kind::IntOrAuto
    }
    fn numbers(&self) -> Vec<(Option<&str>, Decimal)> {
        match self {
            Self::Auto => Vec::new(),
            Self::Seconds(seconds) => vec![(None, Decimal::from(*seconds))],
        }
    }
}

impl Field for Decimal {
    fn read(&mut self, value: &Value) -> Result<(), Fault> {
        *self = decimal(value).ok_or(Fault::Type("number"))?;
        Ok(())
    }
    fn write(&self) -> Value {
        decimal_value(*self)
    }
    fn kind(&self) -> Kind {
        Kind::Decimal
    }
    fn numbers(&self) -> Vec<(Option<&str>, Decimal)> {
        vec![(None, *self)]
    }
}

impl Field for Option<Decimal> {
    fn read(&mut self, value: &Value) -> Result<(), Fault> {
        *self = Some(decimal(value).ok_or(Fault::Type("number"))?);
        Ok(())
    }
    fn write(&self) -> Value {
        self.map_or(Value::Null, decimal_value)
    }
    fn kind(&self) -> Kind {
        Kind::Decimal
    }
    fn numbers(&self) -> Vec<(Option<&str>, Decimal)> {
        self.iter().map(|number| (None, *number)).collect()
    }
}

fn choice<C: Choice>(value: &Value) -> Result<C, Fault> {
    let text = value.as_str().ok_or(Fault::Type("string"))?;
    C::parse(text).ok_or_else(|| Fault::Choice { choices: listed::<C>(), text: text.into() })
}

impl<C: Choice> Field for C {
    fn read(&mut self, value: &Value) -> Result<(), Fault> {
        *self = choice(value)?;
        Ok(())
    }
    fn write(&self) -> Value {
        Value::from(self.as_str())
    }
    fn kind(&self) -> Kind {
        Kind::Choice(C::ALL.iter().map(|choice| choice.as_str()).collect())
    }
    fn unlisted(&self) -> Option<Fault> {
        let fault = Fault::Choice { choices: listed::<C>(), text: self.as_str().into() };
        (!C::ALL.contains(self)).then_some(fault)
    }
}

impl<C: Choice> Field for Option<C> {
    fn read(&mut self, value: &Value) -> Result<(), Fault> {
        *self = Some(choice(value)?);
        Ok(())
    }
    fn write(&self) -> Value {
        self.map_or(Value::Null, |choice| Value::from(choice.as_str()))
    }
    fn kind(&self) -> Kind {
        Kind::Choice(C::ALL.iter().map(|choice| choice.as_str()).collect())
    }
}

impl Field for String {
    fn read(&mut self, value: &Value) -> Result<(), Fault> {
        *self = value.as_str().ok_or(Fault::Type("string"))?.into();
        Ok(())
    }
    fn write(&self) -> Value {
        Value::from(self.as_str())
    }
    fn kind(&self) -> Kind {
        Kind::Text
    }
}

impl Field for Option<Secret> {
    fn read(&mut self, value: &Value) -> Result<(), Fault> {
        *self = Some(Secret::new(value.as_str().ok_or(Fault::Type("string"))?));
        Ok(())
    }
    fn write(&self) -> Value {
        self.as_ref().map_or(Value::Null, |secret| Value::from(secret.expose()))
    }
    fn kind(&self) -> Kind {
        Kind::Secret
    }
}

/// Reads every entry, so that all faulty ones are reported; an entry that is null is not set.
fn entries<T>(
    value: &Value,
    read: impl Fn(&Value) -> Result<T, Fault>,
) -> Result<BTreeMap<String, T>, Fault> {
    let given = value.as_object().ok_or(Fault::Type("map"))?;
    let mut taken = BTreeMap::new();
    let mut faults = Vec::new();
    for (symbol, value) in given.iter().filter(|(_, value)| !value.is_null()) {
        match read(value) {
            Ok(entry) => drop(taken.insert(symbol.clone(), entry)),
            Err(fault) => faults.push((symbol.clone(), value.clone(), fault)),
        }
    }
    if faults.is_empty() { Ok(taken) } else { Err(Fault::Entries(faults)) }
}

impl Field for BTreeMap<String, Decimal> {
    fn read(&mut self, value: &Value) -> Result<(), Fault> {
        *self = entries(value, |entry| decimal(entry).ok_or(Fault::Type("number")))?;
        Ok(())
    }
    fn write(&self) -> Value {
        self.iter().map(|(symbol, amount)| (symbol.clone(), decimal_value(*amount))).collect()
    }
    fn kind(&self) -> Kind {
        Kind::AmountBySymbol
    }
    fn numbers(&self) -> Vec<(Option<&str>, Decimal)> {
        self.iter().map(|(symbol, amount)| (Some(symbol.as_str()), *amount)).collect()
    }
}

impl Field for BTreeMap<String, ExecutionMode> {
    fn read(&mut self, value: &Value) -> Result<(), Fault> {
        *self = entries(value, choice)?;
        Ok(())
    }
    fn write(&self) -> Value {
        self.iter().map(|(symbol, mode)| (symbol.clone(), Value::from(mode.as_str()))).collect()
    }
    fn kind(&self) -> Kind {
        Kind::ModeBySymbol
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_decimal_macros::dec;
    use serde_json::json;

    #[test]
    fn decimals_are_taken_exactly_or_not_at_all() {
        for (value, expected) in [
            (json!(0.1), Some(dec!(0.1))),
            (json!(2.0), Some(dec!(2))),
            (json!(1e-8), Some(dec!(0.00000001))),
            (json!("1e-8"), Some(dec!(0.00000001))),
            (json!("-3.50"), Some(dec!(-3.5))),
            (json!("0.1234567890123456789"), Some(dec!(0.1234567890123456789))),
            (json!("1_000"), None),
            (json!("NaN"), None),
            (json!("inf"), None),
            (json!(""), None),
            (json!("."), None),
            (json!("5e"), None),
            (json!(" 5"), None),
            (json!("1e40"), None),
            (json!("0.00000000000000000000000000000000001"), None),
            (json!(true), None),
        ] {
            assert_eq!(decimal(&value), expected, "{value}");
        }
    }

    #[test]
    fn decimals_are_written_as_numbers_unless_that_would_lose_digits() {
        assert_eq!(decimal_value(dec!(2.50)), json!(2.5));
        assert_eq!(decimal_value(dec!(20)), json!(20));
        assert_eq!(decimal_value(dec!(0.00000001)), json!(1e-8));
        assert_eq!(decimal_value(dec!(0.1234567890123456789)), json!("0.1234567890123456789"));
    }
}
