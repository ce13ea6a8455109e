//! Decimal text to `f64`, bit for bit what `str::parse` gives, several times faster on the numbers found in candles.

/// Every power of ten that an `f64` holds exactly.
const EXACT_POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// The largest integer below which every integer is an `f64`.
const EXACT_INTEGER: u64 = 1 << 53;

/// Powers of ten up to a whole group of digits; sixteen entries, so that a masked index needs no check.
const GROUP_POWERS: [u64; 16] =
    [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 0, 0, 0, 0, 0, 0, 0];

/// Accumulates leading decimal digits onto `value` (wrapping) and returns what follows them.
#[inline(always)]
pub(super) fn digits(mut value: u64, mut rest: &[u8]) -> (u64, &[u8]) {
    while let Some(chunk) = rest.first_chunk::<8>() {
        let (count, group) = group(u64::from_le_bytes(*chunk));
        let scale = GROUP_POWERS.get(count & 15).copied().unwrap_or_default();
        value = value.wrapping_mul(scale).wrapping_add(group);
        rest = rest.get(count..).unwrap_or_default();
        if count < 8 || !rest.first().is_some_and(u8::is_ascii_digit) {
            return (value, rest);
        }
    }
    while let [digit @ b'0'..=b'9', tail @ ..] = rest {
        value = value.wrapping_mul(10).wrapping_add(u64::from(*digit - b'0'));
        rest = tail;
    }
    (value, rest)
}

const EVERY_BYTE: u64 = 0x0101_0101_0101_0101;

/// Eight characters, the first in the lowest byte, as digits, and a bit at the top of every byte that is none. Bits
/// behind a character beyond ASCII may be wrong.
#[inline(always)]
fn classify(characters: u64) -> (u64, u64) {
    // Digits become 0..=9; adding 0x76 sets the top bit of every larger byte.
    let digits = characters ^ (EVERY_BYTE * 0x30);
    (digits, (digits.wrapping_add(EVERY_BYTE * 0x76) | digits) & (EVERY_BYTE * 0x80))
}

/// The number that the lowest `count` bytes write, most significant digit lowest.
#[inline(always)]
fn join(digits: u64, count: u32) -> u64 {
    // To the top, zeros in front; then add up pairs, fours and all eight.
    let ones = digits.unbounded_shl(64 - 8 * count);
    let pairs = ones.wrapping_mul(10).wrapping_add(ones >> 8);
    let high = (pairs & 0x0000_00ff_0000_00ff).wrapping_mul(100 + (1_000_000 << 32));
    let low = ((pairs >> 16) & 0x0000_00ff_0000_00ff).wrapping_mul(1 + (10_000 << 32));
    high.wrapping_add(low) >> 32
}

/// How many of eight characters are digits before the first that is none, and their value. All eight are looked at
/// together, without a branch that would depend on the length of the number.
#[inline(always)]
fn group(characters: u64) -> (usize, u64) {
    let (digits, others) = classify(characters);
    let count = others.trailing_zeros() / 8;
    (count as usize, join(digits, count))
}

/// An unsigned number at the start of `text` and what follows it; `None` where there is none.
///
/// Mantissa and power of ten are exact in the usual case, so one division rounds correctly (Clinger 1990, "How to
/// read floating point numbers accurately"); anything longer goes to `str::parse`.
#[inline(always)]
pub(super) fn leading(text: &[u8]) -> Option<(f64, &[u8])> {
    // Most prices have their point within eight characters, many their end too. Branches are better here than
    // arithmetic: a predicted one lets the next number begin before this one is read.
    if let Some(chunk) = text.first_chunk::<8>() {
        let characters = u64::from_le_bytes(*chunk);
        let (digits, others) = classify(characters);
        let (point, behind) = (others.trailing_zeros() & !7, others & others.wrapping_sub(1));
        let whole = point as usize / 8;
        if characters.unbounded_shr(point) & 0xff == u64::from(b'.') {
            if behind == 0 {
                let (mantissa, rest) = self::digits(join(digits, point / 8), text.get(whole + 1..)?);
                return scale(mantissa, whole, text, rest);
            }
            let end = behind.trailing_zeros() / 8;
            let before = 1_u64.unbounded_shl(point).wrapping_sub(1);
            let mantissa = join((digits & before) | ((digits >> 8) & !before), end - 1);
            return scale(mantissa, whole, text, text.get(end as usize..)?);
        }
    }
    let (mantissa, rest) = digits(0, text);
    let whole = text.len() - rest.len();
    match rest {
        [b'.', tail @ ..] => {
            let (mantissa, rest) = digits(mantissa, tail);
            scale(mantissa, whole, text, rest)
        }
        _ => scale(mantissa, whole, text, rest),
    }
}

/// The number whose digits are `mantissa`, the first `whole` of them before the point, and which ends where `rest`
/// begins or goes on there with a power of ten.
#[inline(always)]
fn scale<'a>(mantissa: u64, whole: usize, text: &[u8], rest: &'a [u8]) -> Option<(f64, &'a [u8])> {
    let decimals = (text.len() - rest.len() - whole).saturating_sub(1);
    if whole + decimals == 0 {
        return None;
    }
    if let [b'e' | b'E', ..] = rest {
        return long(text, behind_power(rest)?);
    }
    // 19 digits cannot wrap a u64.
    match EXACT_POWERS.get(decimals) {
        Some(scale) if whole + decimals <= 19 && mantissa <= EXACT_INTEGER => {
            Some((mantissa as f64 / scale, rest))
        }
        _ => long(text, rest),
    }
}

/// What follows a power of ten such as `e-05`; `None` if it has no digits or more than anybody means.
#[cold]
fn behind_power(text: &[u8]) -> Option<&[u8]> {
    let ([_, b'-' | b'+', start @ ..] | [_, start @ ..]) = text else {
        return None;
    };
    let (_, rest) = digits(0, start);
    (1..=4).contains(&(start.len() - rest.len())).then_some(rest)
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
        // Within a file more text follows, and digits are read eight at a time up to its end.
        for tail in [",1", ",12345678901234567890", "\n1640995200000,1", ";\u{ff}\u{ff}\u{ff}\u{ff}\u{ff}"] {
            let line = format!("{text}{tail}");
            let (value, rest) =
                leading(line.as_bytes()).unwrap_or_else(|| panic!("{line} begins with a number"));
            assert_eq!(rest, tail.as_bytes(), "{line}");
            assert_eq!(value.to_bits(), text.parse::<f64>().unwrap().to_bits(), "{line}");
        }
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
