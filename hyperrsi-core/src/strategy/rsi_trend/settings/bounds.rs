use super::field::decimal_value;
use super::issue::Issue;
use rust_decimal::Decimal;

/// The numbers a key may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bounds {
    /// Any; or a rule of its own says which.
    Free,
    /// From the first to the second, both allowed.
    Between(Decimal, Decimal),
    /// This or more.
    AtLeast(Decimal),
    /// Above zero.
    Positive,
    /// Above zero, up to and including this.
    UpTo(Decimal),
    /// Above zero and below this.
    Below(Decimal),
}

impl Bounds {
    /// What is wrong with a value, if anything: `positive` where only the lower end is open at zero, else `range`.
    pub(in crate::strategy) fn check(self, key: &str, value: Decimal) -> Option<Issue> {
        let range = |min: Decimal, max: Decimal| {
            let (min, max, got) = (plain(min), plain(max), plain(value));
            Some(Issue::new("range", key, format!("{key} must be between {min} and {max}, got {got}")))
        };
        match self {
            Self::Between(min, max) if value < min || value > max => range(min, max),
            Self::AtLeast(min) if value < min => {
                let message = format!("{key} must be at least {}, got {}", plain(min), plain(value));
                Some(Issue::new("range", key, message))
            }
            Self::Positive | Self::UpTo(_) | Self::Below(_) if value <= Decimal::ZERO => {
                let message = format!("{key} must be greater than 0, got {}", plain(value));
                Some(Issue::new("positive", key, message))
            }
            Self::UpTo(max) if value > max => range(Decimal::ZERO, max),
            Self::Below(max) if value >= max => range(Decimal::ZERO, max),
            _ => None,
        }
    }
}

/// A decimal as messages show it: without trailing zeros.
pub(in crate::strategy) fn plain(value: Decimal) -> String {
    value.normalize().to_string()
}

/// A value as messages show it: JSON, so that `"30"` and `30` can be told apart.
pub(in crate::strategy) fn shown(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Number(_) => {
            super::field::decimal(value).map_or_else(|| value.to_string(), |d| decimal_value(d).to_string())
        }
        _ => value.to_string(),
    }
}
