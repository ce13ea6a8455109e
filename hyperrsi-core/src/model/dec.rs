use rust_decimal::Decimal;

/// An exact decimal from a literal, checked and built by the compiler: `dec!(0.1)` is a tenth, which no `f64` is.
///
/// Digits with at most one point, underscores and a minus sign are taken; at most 28 decimal places and 28 digits in
/// all. A constant, so it may stand in a `const` too.
///
/// ```
/// use hyperrsi_core::{Decimal, dec};
/// const TICK: Decimal = dec!(0.1);
/// assert_eq!(TICK + dec!(0.2), dec!(0.3));
/// assert_eq!(dec!(-1_000.50).to_string(), "-1000.50");
/// ```
///
/// What is no decimal does not compile:
///
/// ```compile_fail
/// hyperrsi_core::dec!(1e3);
/// ```
// Not the macro of rust_decimal_macros: that one needs `rust_decimal` in its user's Cargo.toml.
#[macro_export]
macro_rules! dec {
    ($value:literal) => {
        const { $crate::model::decimal_literal(stringify!($value)) }
    };
}

/// The digits of [`dec!`], at compile time.
#[doc(hidden)]
#[expect(clippy::panic, reason = "evaluated by the compiler only, where a panic is an error message")]
pub const fn decimal_literal(text: &str) -> Decimal {
    let mut rest = text.as_bytes();
    let mut negative = false;
    let mut mantissa: u128 = 0;
    let (mut digits, mut scale, mut point) = (0, 0, false);
    while let [byte, tail @ ..] = rest {
        match *byte {
            b'-' if digits == 0 && !point => negative = true,
            b'_' | b' ' => {}
            b'.' if !point => point = true,
            digit @ b'0'..=b'9' => {
                mantissa = mantissa * 10 + (digit - b'0') as u128;
                digits += 1;
                if point {
                    scale += 1;
                }
            }
            _ => panic!("dec! takes digits with at most one point, such as dec!(-0.25)"),
        }
        rest = tail;
    }
    if digits == 0 || digits > 28 {
        panic!("dec! takes 1 to 28 digits");
    }
    let [low, middle, high] = [mantissa, mantissa >> 32, mantissa >> 64];
    #[expect(clippy::cast_possible_truncation, reason = "28 digits fit 96 bits, cut into three words")]
    Decimal::from_parts(low as u32, middle as u32, high as u32, negative, scale)
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    #[test]
    fn a_literal_is_what_its_text_parses_to() {
        let cases: [(Decimal, &str); 8] = [
            (crate::dec!(0), "0"),
            (crate::dec!(5), "5"),
            (crate::dec!(-5), "-5"),
            (crate::dec!(0.05), "0.05"),
            (crate::dec!(-0.10), "-0.10"),
            (crate::dec!(1_000_000.5), "1000000.5"),
            (crate::dec!(46_639.3564), "46639.3564"),
            (crate::dec!(9999999999999999999999.999999), "9999999999999999999999.999999"),
        ];
        for (made, text) in cases {
            let parsed: Decimal = text.parse().unwrap();
            assert_eq!((made, made.scale()), (parsed, parsed.scale()), "{text}");
        }
    }
}
