use rust_decimal::Decimal;
use std::str::FromStr;

/// Most values one key may have.
const MOST_VALUES: usize = 100_000;

/// What is wrong with what shall be tried.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpaceError {
    /// Neither values nor a range.
    #[error("\"{0}\" does not say what to try; write key=from..to:step or key=a,b,c")]
    Spelling(String),
    /// An end or step of a range that is no number.
    #[error("{key}: \"{text}\" is not a number; a range is written from..to:step")]
    Number {
        /// The key.
        key: String,
        /// What stands there.
        text: String,
    },
    /// A range that holds nothing.
    #[error("{key}: the range {text} is empty or endless; it needs from <= to and a step above 0")]
    Range {
        /// The key.
        key: String,
        /// The range.
        text: String,
    },
    /// Too many values of one key.
    #[error("{key} has more than {MOST_VALUES} values; take a larger step")]
    TooMany {
        /// The key.
        key: String,
    },
    /// One key on two axes.
    #[error("{key} is set twice; give all its values at once, as in {key}=1..5:1,10,20")]
    KeyTwice {
        /// The key.
        key: String,
    },
    /// One value twice on an axis.
    #[error("{key}: the value {value} is given twice")]
    ValueTwice {
        /// The key.
        key: String,
        /// The value.
        value: String,
    },
    /// The strategy does not know the key.
    #[error("{strategy} has no setting {key}{hint}")]
    UnknownKey {
        /// The key.
        key: String,
        /// The strategy.
        strategy: String,
        /// A similar key, as the end of a sentence.
        hint: String,
    },
    /// More combinations than can be numbered.
    #[error("there are more than 2^62 combinations; take fewer keys or larger steps")]
    TooLarge,
}

/// One settings key and the values to try, as texts: every settings key takes its value as text, exactly as written.
///
/// ```
/// use hyperrsi_core::backtest::sweep::Axis;
/// let axis: Axis = "sl_value=0.5..2:0.5,5".parse()?;
/// assert_eq!((axis.key(), axis.values()), ("sl_value", ["0.5", "1.0", "1.5", "2.0", "5"].map(String::from).as_slice()));
/// let modes: Axis = "entry_option=break_through,inflection".parse()?;
/// assert_eq!(modes.values().len(), 2);
/// # Ok::<(), hyperrsi_core::backtest::sweep::SpaceError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    key: String,
    values: Vec<String>,
}

impl Axis {
    /// A key and its values, in the order in which neighbours are neighbours.
    ///
    /// # Errors
    /// [`SpaceError`] without values, with too many, or with one given twice.
    pub fn new(key: impl Into<String>, values: Vec<String>) -> Result<Self, SpaceError> {
        let key = key.into();
        if key.is_empty() || values.is_empty() {
            return Err(SpaceError::Spelling(key));
        }
        if values.len() > MOST_VALUES {
            return Err(SpaceError::TooMany { key });
        }
        let mut sorted: Vec<&String> = values.iter().collect();
        sorted.sort_unstable();
        if let Some(twice) = sorted.array_windows::<2>().find(|[a, b]| a == b) {
            return Err(SpaceError::ValueTwice { value: twice[0].clone(), key });
        }
        Ok(Self { key, values })
    }

    /// The settings key.
    pub fn key(&self) -> &str {
        &self.key
    }
    /// The values, in order.
    pub fn values(&self) -> &[String] {
        &self.values
    }
}

impl FromStr for Axis {
    type Err = SpaceError;

    /// `key=` and pieces between commas, each a value or a range `from..to:step`. Both ends of a range belong to it if
    /// the steps meet them.
    fn from_str(text: &str) -> Result<Self, SpaceError> {
        let spelling = || SpaceError::Spelling(text.to_owned());
        let (key, pieces) = text.split_once('=').ok_or_else(spelling)?;
        let key = key.trim();
        let mut values = Vec::new();
        for piece in pieces.split(',').map(str::trim) {
            if piece.is_empty() {
                return Err(spelling());
            }
            match piece.split_once("..") {
                Some((from, rest)) => range(key, piece, from, rest, &mut values)?,
                None => values.push(piece.to_owned()),
            }
        }
        Self::new(key, values)
    }
}

fn range(key: &str, piece: &str, from: &str, rest: &str, values: &mut Vec<String>) -> Result<(), SpaceError> {
    let number = |text: &str| {
        text.trim()
            .parse::<Decimal>()
            .map_err(|_| SpaceError::Number { key: key.to_owned(), text: text.trim().to_owned() })
    };
    let wrong = || SpaceError::Range { key: key.to_owned(), text: piece.to_owned() };
    let (to, step) = rest.split_once(':').ok_or_else(|| SpaceError::Spelling(format!("{key}={piece}")))?;
    let (from, to, step) = (number(from)?, number(to)?, number(step)?);
    if step <= Decimal::ZERO || from > to {
        return Err(wrong());
    }
    let mut at = from;
    while at <= to {
        if values.len() >= MOST_VALUES {
            return Err(SpaceError::TooMany { key: key.to_owned() });
        }
        values.push(at.to_string());
        at = at.checked_add(step).ok_or_else(wrong)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Result<Vec<String>, SpaceError> {
        text.parse::<Axis>().map(|axis| axis.values().to_vec())
    }

    #[test]
    fn ranges_are_exact_and_hold_both_ends() {
        for (text, expected) in [
            ("k=1..3:1", vec!["1", "2", "3"]),
            ("k=0.1..0.3:0.1", vec!["0.1", "0.2", "0.3"]),
            ("k=10..14:3", vec!["10", "13"]),
            ("k=-1..1:1", vec!["-1", "0", "1"]),
            ("k=5..5:1", vec!["5"]),
            ("k = true, false", vec!["true", "false"]),
            ("k=1..2:1,9", vec!["1", "2", "9"]),
        ] {
            assert_eq!(values(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_name() {
        for (text, message) in [
            ("rsi_length", "\"rsi_length\" does not say what to try; write key=from..to:step or key=a,b,c"),
            ("k=1..5", "\"k=1..5\" does not say what to try; write key=from..to:step or key=a,b,c"),
            ("k=1,,2", "\"k=1,,2\" does not say what to try; write key=from..to:step or key=a,b,c"),
            ("k=a..5:1", "k: \"a\" is not a number; a range is written from..to:step"),
            ("k=5..1:1", "k: the range 5..1:1 is empty or endless; it needs from <= to and a step above 0"),
            ("k=1..5:0", "k: the range 1..5:0 is empty or endless; it needs from <= to and a step above 0"),
            ("k=1,2,1", "k: the value 1 is given twice"),
            ("k=0..1000000:1", "k has more than 100000 values; take a larger step"),
        ] {
            assert_eq!(values(text).unwrap_err().to_string(), message);
        }
    }
}
