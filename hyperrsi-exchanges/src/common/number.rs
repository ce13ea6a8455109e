use hyperrsi_core::model::Timestamp;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

/// A text that is not a number this library can hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is not a number that can be used; the message that carries it is left out, please report it"
)]
pub struct NumberError(String);

/// Reads a decimal from what stands in JSON: digits, a point, a sign, an exponent. Nothing passes through `f64`.
///
/// Digits beyond what a [`Decimal`] holds (28) are rounded off behind the point; before the point they are an error,
/// as are `NaN`, infinities, blanks and underscores (FAULTS 65, 66).
///
/// ```
/// use hyperrsi_exchanges::common::parse_decimal;
/// assert_eq!(parse_decimal("1e-8")?.to_string(), "0.00000001");
/// assert_eq!(parse_decimal("0.1234567890123456789")?.to_string(), "0.1234567890123456789");
/// assert!(parse_decimal("NaN").is_err());
/// # Ok::<(), hyperrsi_exchanges::common::NumberError>(())
/// ```
///
/// # Errors
/// [`NumberError`] with the offending text.
pub fn parse_decimal(text: &str) -> Result<Decimal, NumberError> {
    if let Some(number) = plain(text) {
        return Ok(number);
    }
    let wrong = || NumberError(text.chars().take(40).collect());
    if text.bytes().any(|b| !matches!(b, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E')) {
        return Err(wrong());
    }
    if text.bytes().any(|b| matches!(b, b'e' | b'E')) {
        return Decimal::from_scientific(text).map_err(|_| wrong());
    }
    // The exact parser refuses what it would have to round; only then is rounding behind the point tried.
    Decimal::from_str_exact(text).or_else(|_| text.parse()).map_err(|_| wrong())
}

/// Digits with a point between them, as venues write nearly every number, in one pass; `None` for whatever else.
fn plain(text: &str) -> Option<Decimal> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let ends = digits.as_bytes().first().zip(digits.as_bytes().last());
    // 18 digits fit into an i64 whatever they are.
    if digits.len() > 18 || !ends.is_some_and(|(a, b)| a.is_ascii_digit() && b.is_ascii_digit()) {
        return None;
    }
    let (mut mantissa, mut scale, mut point) = (0_i64, 0_u32, false);
    for byte in digits.bytes() {
        match byte {
            b'0'..=b'9' => {
                mantissa = mantissa * 10 + i64::from(byte - b'0');
                scale += u32::from(point);
            }
            b'.' if !point => point = true,
            _ => return None,
        }
    }
    Decimal::try_new(if negative { -mantissa } else { mantissa }, scale).ok()
}

/// A number field: a JSON string or number; empty and `null` are absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Num(pub Option<Decimal>);

impl Num {
    /// The number; absent is zero.
    pub fn or_zero(self) -> Decimal {
        self.0.unwrap_or_default()
    }
    /// The number if it is above zero: venues write `0` and nothing alike for "no price".
    pub fn positive(self) -> Option<Decimal> {
        self.0.filter(|value| *value > Decimal::ZERO)
    }
}

impl<'de> Deserialize<'de> for Num {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = bare(<&RawValue>::deserialize(deserializer)?).map_err(D::Error::custom)?;
        if text.is_empty() {
            return Ok(Self(None));
        }
        parse_decimal(text).map(|value| Self(Some(value))).map_err(D::Error::custom)
    }
}

/// A time field in milliseconds since the epoch, as a string or a number; empty, `null` and zero are absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Millis(pub Option<Timestamp>);

impl Millis {
    /// The time; absent is the epoch.
    pub fn or_epoch(self) -> Timestamp {
        self.0.unwrap_or_default()
    }
}

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MillisVisitor)
    }
}

struct MillisVisitor;

impl Visitor<'_> for MillisVisitor {
    type Value = Millis;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time in milliseconds")
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        if text.is_empty() {
            return Ok(Millis(None));
        }
        let millis = text.parse().map_err(|_| E::custom(format_args!("\"{text}\" is not a time")))?;
        self.visit_i64(millis)
    }
    fn visit_i64<E: Error>(self, millis: i64) -> Result<Self::Value, E> {
        Ok(Millis((millis != 0).then(|| Timestamp::from_millis(millis))))
    }
    fn visit_u64<E: Error>(self, millis: u64) -> Result<Self::Value, E> {
        let millis = millis.try_into().map_err(|_| E::custom(format_args!("{millis} is not a time")))?;
        self.visit_i64(millis)
    }
    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Millis(None))
    }
}

/// A text field that some venues send as a whole number or a flag: ids, codes. `null` is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text<'a>(pub Cow<'a, str>);

impl Text<'_> {
    /// The text, if there is any.
    pub fn some(&self) -> Option<&str> {
        Some(&*self.0).filter(|text| !text.is_empty())
    }
}

impl Deref for Text<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor).map(Self)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a whole number")
    }
    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Cow::Owned(number.to_string()))
    }
    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Cow::Owned(number.to_string()))
    }
    fn visit_bool<E: Error>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(if flag { "true" } else { "false" }))
    }
    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(""))
    }
}

/// What stands between the quotes, or the bare token; empty for `null`. A text with escapes stays one, which is no number.
fn bare(raw: &RawValue) -> Result<&str, &'static str> {
    let text = raw.get();
    let Some(inner) = text.strip_prefix('"') else {
        return match text.as_bytes().first() {
            Some(b'{' | b'[') => Err("a text or a number is expected"),
            _ if text == "null" => Ok(""),
            _ => Ok(text),
        };
    };
    Ok(inner.strip_suffix('"').unwrap_or(inner))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rust_decimal_macros::dec;

    #[derive(Deserialize)]
    struct Row<'a> {
        #[serde(default)]
        n: Num,
        #[serde(default)]
        t: Millis,
        #[serde(borrow, default)]
        s: Text<'a>,
    }

    #[test]
    fn f65_wire_decimals_come_as_strings_numbers_exponents_and_nothing() {
        let cases = [
            (r#"{"n":"1e-8"}"#, Some(dec!(0.00000001))),
            (r#"{"n":1e-8}"#, Some(dec!(0.00000001))),
            (r#"{"n":"1.5E3"}"#, Some(dec!(1500))),
            (r#"{"n":-0.25}"#, Some(dec!(-0.25))),
            (r#"{"n":"0.1234567890123456789"}"#, Some(dec!(0.1234567890123456789))),
            (r#"{"n":0.1234567890123456789}"#, Some(dec!(0.1234567890123456789))),
            (r#"{"n":""}"#, None),
            (r#"{"n":null}"#, None),
            ("{}", None),
        ];
        for (json, expected) in cases {
            assert_eq!(serde_json::from_str::<Row<'_>>(json).unwrap().n.0, expected, "{json}");
        }
        for json in [
            r#"{"n":"NaN"}"#,
            r#"{"n":"1_000"}"#,
            r#"{"n":"Infinity"}"#,
            r#"{"n":"1 2"}"#,
            r#"{"n":{}}"#,
            r#"{"n":"1.2.3"}"#,
            r#"{"n":"--1"}"#,
            r#"{"n":"-"}"#,
            r#"{"n":"\u0031"}"#,
        ] {
            assert!(serde_json::from_str::<Row<'_>>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn f66_wire_too_many_digits_round_behind_the_point_and_fail_before_it() {
        let long = parse_decimal("-57693.044376796888536773622035980224609375").unwrap();
        assert_eq!(long.to_string(), "-57693.044376796888536773622036");
        assert!(parse_decimal("99999999999999999999999999999999").is_err());
        assert!(parse_decimal("1e40").is_err());
    }

    #[test]
    fn ids_and_times_are_read_from_strings_and_numbers() {
        let row: Row<'_> = serde_json::from_str(r#"{"t":"1746000000123","s":12}"#).unwrap();
        assert_eq!((row.t.or_epoch().millis(), &*row.s), (1_746_000_000_123, "12"));
        let row: Row<'_> = serde_json::from_str(r#"{"t":0,"s":"a\"b"}"#).unwrap();
        assert_eq!((row.t.0, &*row.s), (None, "a\"b"));
        for absent in [r#"{"t":""}"#, r#"{"t":null}"#, r#"{"t":"0"}"#, "{}"] {
            assert_eq!(serde_json::from_str::<Row<'_>>(absent).unwrap().t.0, None, "{absent}");
        }
        for json in [
            r#"{"t":"soon"}"#,
            r#"{"t":1.5}"#,
            r#"{"t":true}"#,
            r#"{"t":18446744073709551615}"#,
            r#"{"t":[]}"#,
        ] {
            assert!(serde_json::from_str::<Row<'_>>(json).is_err(), "{json}");
        }
    }

    proptest! {
        #[test]
        fn every_decimal_reads_back_as_itself(mantissa in any::<i64>(), scale in 0_u32..20) {
            let number = Decimal::new(mantissa, scale);
            prop_assert_eq!(parse_decimal(&number.to_string()).unwrap(), number);
            prop_assert_eq!(parse_decimal(&format!("{mantissa}e-{scale}")).unwrap(), number);
        }

        /// The decimal crate's own parser is the judge, of zeros at the end too.
        #[test]
        fn short_texts_read_as_the_decimal_crate_reads_them(text in "[-+]?[0-9]{0,12}[.]?[0-9]{0,12}") {
            let own = parse_decimal(&text).ok().map(|number| number.to_string());
            prop_assert_eq!(own, Decimal::from_str_exact(&text).ok().map(|number| number.to_string()));
        }
    }
}
