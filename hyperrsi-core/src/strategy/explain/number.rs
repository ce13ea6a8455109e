//! Numbers for reading.

use rust_decimal::Decimal;
use rust_decimal::prelude::RoundingStrategy;

/// An RSI movement and its line, as text.
pub(super) struct RsiMove {
    pub(super) p: String,
    pub(super) c: String,
    pub(super) line: String,
    /// Whether it came from below the line onto it or above.
    pub(super) upwards: bool,
    /// Whether it came from above the line onto it or below.
    pub(super) downwards: bool,
}

/// A number with at most two decimals from a thousand on and six significant digits below; other text as it is.
pub(super) fn tidy(text: &str) -> String {
    let Ok(number) = text.parse::<Decimal>() else { return text.to_owned() };
    let places = places(number);
    rounded(number, places).normalize().to_string()
}

fn places(number: Decimal) -> u32 {
    let mut places = 2;
    let mut bound = Decimal::ONE_THOUSAND;
    let size = number.abs();
    while size < bound && places < 12 && !size.is_zero() {
        bound /= Decimal::TEN;
        places += 1;
    }
    places
}

fn rounded(number: Decimal, places: u32) -> Decimal {
    number.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero)
}

/// Two numbers that are compared, rounded no further than that they still compare alike.
pub(super) fn pair(left: &str, right: &str) -> Option<(String, String)> {
    let (left, right) = (left.parse::<Decimal>().ok()?, right.parse::<Decimal>().ok()?);
    let least = places(left).min(places(right));
    for places in least..=28 {
        let (a, b) = (rounded(left, places), rounded(right, places));
        if a.cmp(&b) == left.cmp(&right) {
            return Some((a.normalize().to_string(), b.normalize().to_string()));
        }
    }
    None
}

/// RSI values with one decimal, or with up to four where they would otherwise change sides of the line or stand still.
pub(super) fn rsi(p: &str, c: &str, line: &str) -> Option<RsiMove> {
    let line = line.parse::<Decimal>().ok()?;
    let (p, c) = (p.parse::<Decimal>().ok()?, c.parse::<Decimal>().ok()?);
    let kept = |places: &u32| {
        let (a, b) = (rounded(p, *places), rounded(c, *places));
        a.cmp(&line) == p.cmp(&line) && b.cmp(&line) == c.cmp(&line) && a.cmp(&b) == p.cmp(&c)
    };
    let places = (1..=4).find(kept).unwrap_or(4);
    let width = places as usize;
    let text = |number| format!("{:.width$}", rounded(number, places));
    Some(RsiMove {
        p: text(p),
        c: text(c),
        line: line.normalize().to_string(),
        upwards: p < line && c >= line,
        downwards: p > line && c <= line,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_digits_or_two_decimals() {
        for (text, read) in [
            ("50123.449999999997", "50123.45"),
            ("1234.5678", "1234.57"),
            ("999.98765", "999.988"),
            ("0.00012345678", "0.000123457"),
            ("0.0040", "0.004"),
            ("50000", "50000"),
            ("-2", "-2"),
            ("0", "0"),
            ("none", "none"),
        ] {
            assert_eq!(tidy(text), read);
        }
    }

    #[test]
    fn rounding_never_says_the_opposite() {
        let near = rsi("30.04", "30.0004", "30").unwrap();
        assert_eq!((near.p.as_str(), near.c.as_str()), ("30.0400", "30.0004"));
        let far = rsi("41.2174", "38.9031", "30.0").unwrap();
        assert_eq!((far.p.as_str(), far.c.as_str(), far.line.as_str()), ("41.2", "38.9", "30"));
        assert_eq!(pair("48500.001", "48500"), Some(("48500.001".into(), "48500".into())));
        assert_eq!(pair("48500.106", "48500"), Some(("48500.11".into(), "48500".into())));
    }
}
