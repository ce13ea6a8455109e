//! Decimal text to `f64`, bit for bit what `str::parse` gives, several times faster on the numbers found in candles.

/// Every power of ten that an `f64` holds exactly.
const EXACT_POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// The largest integer below which every integer is an `f64`.
const EXACT_INTEGER: u64 = 1 << 53;

/// Accumulates leading decimal digits onto `value` (wrapping) and returns what follows them.
#[inline(always)]
pub(super) fn digits(mut value: u64, mut rest: &[u8]) -> (u64, &[u8]) {
    while let [digit @ b'0'..=b'9', tail @ ..] = rest {
        value = value.wrapping_mul(10).wrapping_add(u64::from(*digit - b'0'));
        rest = tail;
    }
    (value, rest)
}

/// An unsigned number at the start of `text` and what follows it; `None` where there is none.
///
/// Mantissa and power of ten are exact in the usual case, so one division rounds correctly (Clinger 1990, "How to
/// read floating point numbers accurately"); anything longer goes to `str::parse`.
#[inline(always)]
pub(super) fn leading(text: &[u8]) -> Option<(f64, &[u8])> {
    let (mut mantissa, mut rest) = digits(0, text);
    let mut count = text.len() - rest.len();
    let mut exponent = 0_i64;
    if let [b'.', tail @ ..] = rest {
        (mantissa, rest) = digits(mantissa, tail);
        let decimals = tail.len() - rest.len();
        count += decimals;
        exponent = -(decimals as i64);
    }
    if count == 0 {
        return None;
    }
    if let [b'e' | b'E', ..] = rest {
        let (power, tail) = power(rest)?;
        exponent += power;
        rest = tail;
    }
    // 19 digits cannot wrap a u64.
    if count <= 19
        && mantissa <= EXACT_INTEGER
        && let Some(scale) = EXACT_POWERS.get(exponent.unsigned_abs() as usize)
    {
        let mantissa = mantissa as f64;
        return Some((if exponent < 0 { mantissa / scale } else { mantissa * scale }, rest));
    }
    long(text, rest)
}

/// The power of ten written as `e-05` and what follows it.
#[cold]
fn power(text: &[u8]) -> Option<(i64, &[u8])> {
    let (negative, start) = match text {
        [_, b'-', tail @ ..] => (true, tail),
        [_, b'+', tail @ ..] | [_, tail @ ..] => (false, tail),
        [] => return None,
    };
    let (value, rest) = digits(0, start);
    match start.len() - rest.len() {
        1..=4 => Some((if negative { -(value as i64) } else { value as i64 }, rest)),
        _ => None,
    }
}

#[cold]
#[inline(never)]
fn long<'a>(text: &[u8], rest: &'a [u8]) -> Option<(f64, &'a [u8])> {
    let number = text.get(..text.len() - rest.len())?;
    Some((std::str::from_utf8(number).ok()?.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::leading;
    use proptest::prelude::*;

    fn assert_same(text: &str) {
        let (value, rest) = leading(text.as_bytes()).unwrap_or_else(|| panic!("{text} is a number"));
        assert!(rest.is_empty(), "{text} is read to its end");
        assert_eq!(value.to_bits(), text.parse::<f64>().unwrap().to_bits(), "{text}");
    }

    #[test]
    fn numbers_are_the_ones_str_parse_gives() {
        for text in [
            "0",
            "0.0",
            "1",
            "1.",
            ".5",
            "46197.0",
            "66017927.774000004",
            "7.401e-05",
            "1E+3",
            "1e22",
            "1e23",
            "9007199254740992",
            "9007199254740993",
            "9007199254740993.5",
            "18446744073709551616",
            "1e-22",
            "1e-23",
            "0.1",
            "0.30000000000000004",
            "123456789012345678901234567890",
            "1e400",
            "1e-400",
            "179769313486231570000000000000000000000",
            "0.000000000000000000000000000001",
            "5e-324",
        ] {
            assert_same(text);
        }
    }

    #[test]
    fn text_without_a_number_is_refused() {
        for text in ["", ".", "e5", "-1", "+1", "nan", "inf", "abc", "1e", "1e+", "1e99999"] {
            assert!(leading(text.as_bytes()).is_none(), "{text}");
        }
        assert_eq!(leading(b"12.5,7"), Some((12.5, &b",7"[..])));
    }

    proptest! {
        #[test]
        fn any_decimal_text_equals_str_parse(text in "[0-9]{1,22}(\\.[0-9]{0,22})?([eE][+-]?[0-9]{1,3})?") {
            assert_same(&text);
        }

        #[test]
        fn any_price_like_text_equals_str_parse(text in "[0-9]{1,6}\\.[0-9]{1,9}") {
            assert_same(&text);
        }

        #[test]
        fn any_float_survives_being_written(bits in any::<u64>()) {
            let value = f64::from_bits(bits & !(1 << 63));
            if value.is_finite() {
                assert_same(&format!("{value}"));
                assert_same(&format!("{value:e}"));
            }
        }
    }
}
