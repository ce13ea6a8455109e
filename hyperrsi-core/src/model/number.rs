//! Decimal newtypes and the checked arithmetic every money formula goes through.

use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A decimal result left the 96-bit range, or something was divided by zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a number is out of range in {0}; check price, quantity and leverage of the instrument")]
pub struct Overflow(pub &'static str);

/// Checked decimal arithmetic with short names, so that formulas stay readable. `Decimal`'s own operators panic.
///
/// ```
/// use hyperrsi_core::model::Arithmetic;
/// use rust_decimal::Decimal;
/// let average = Decimal::from(197).over(Decimal::TWO)?;
/// assert_eq!(average, Decimal::new(985, 1));
/// assert!(Decimal::ONE.over(Decimal::ZERO).is_err());
/// # Ok::<(), hyperrsi_core::model::Overflow>(())
/// ```
pub trait Arithmetic: Sized {
    /// `self + other`.
    fn plus(self, other: Decimal) -> Result<Decimal, Overflow>;
    /// `self - other`.
    fn minus(self, other: Decimal) -> Result<Decimal, Overflow>;
    /// `self × other`.
    fn times(self, other: Decimal) -> Result<Decimal, Overflow>;
    /// `self ÷ other`.
    fn over(self, other: Decimal) -> Result<Decimal, Overflow>;
    /// `self × percent ÷ 100`.
    fn percent(self, percent: Decimal) -> Result<Decimal, Overflow>;
}

impl Arithmetic for Decimal {
    fn plus(self, other: Decimal) -> Result<Decimal, Overflow> {
        self.checked_add(other).ok_or(Overflow("an addition"))
    }
    fn minus(self, other: Decimal) -> Result<Decimal, Overflow> {
        self.checked_sub(other).ok_or(Overflow("a subtraction"))
    }
    fn times(self, other: Decimal) -> Result<Decimal, Overflow> {
        self.checked_mul(other).ok_or(Overflow("a multiplication"))
    }
    fn over(self, other: Decimal) -> Result<Decimal, Overflow> {
        self.checked_div(other).ok_or(Overflow("a division"))
    }
    fn percent(self, percent: Decimal) -> Result<Decimal, Overflow> {
        self.times(percent)?.times(Decimal::from_parts(1, 0, 0, false, 2))
    }
}

/// The one bridge from `f64` series to money: the shortest decimal that reads back as the same `f64`, exact up to 15
/// significant digits. `None` for NaN, infinities and numbers out of range.
///
/// ```
/// use hyperrsi_core::model::decimal_from_f64;
/// assert_eq!(decimal_from_f64(46_670.58).unwrap().to_string(), "46670.58");
/// assert_eq!(decimal_from_f64(f64::NAN), None);
/// ```
pub fn decimal_from_f64(value: f64) -> Option<Decimal> {
    if !value.is_finite() {
        return None;
    }
    // A price is nearly always a whole number of some 10^-n: then n is found by trying, which is quick. An integer
    // below 2^53 divided by an exact power of ten reads back as the number it stands for.
    let mut power = 1.0_f64;
    for scale in 0..=8 {
        let steps = (value * power).round();
        if steps.abs() < 9_007_199_254_740_992.0 {
            #[expect(clippy::float_cmp, reason = "the very same number is what is looked for")]
            if steps / power == value {
                return Some(Decimal::new(steps as i64, scale));
            }
        }
        power *= 10.0;
    }
    Decimal::from_f64(value).map(|d| d.normalize())
}

/// Powers of ten an `f64` holds exactly.
const POWERS: [f64; 16] =
    [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// The nearest `f64`. An exact integer over an exact power of ten is rounded once, which is the quick way.
fn float(value: Decimal) -> f64 {
    use rust_decimal::prelude::ToPrimitive;
    let mantissa = value.mantissa();
    match (i64::try_from(mantissa), POWERS.get(value.scale() as usize)) {
        (Ok(whole), Some(power)) if whole.unsigned_abs() < 1 << 53 => whole as f64 / power,
        _ => value.to_f64().unwrap_or(f64::NAN),
    }
}

macro_rules! newtype {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(#[serde(with = "rust_decimal::serde::str")] Decimal);

        impl $name {
            /// Zero.
            pub const ZERO: Self = Self(Decimal::ZERO);

            /// Wraps a decimal; the number's meaning is the type's.
            pub const fn new(value: Decimal) -> Self {
                Self(value)
            }
            /// The bare decimal.
            pub const fn get(self) -> Decimal {
                self.0
            }
            /// The nearest `f64`.
            pub fn to_f64(self) -> f64 {
                float(self.0)
            }
            /// Whether the number is zero.
            pub fn is_zero(self) -> bool {
                self.0.is_zero()
            }
            /// Whether the number is above zero.
            pub fn is_positive(self) -> bool {
                self.0 > Decimal::ZERO
            }
            /// Checked sum.
            pub fn plus(self, other: Self) -> Result<Self, Overflow> {
                self.0.plus(other.0).map(Self)
            }
            /// Checked difference.
            pub fn minus(self, other: Self) -> Result<Self, Overflow> {
                self.0.minus(other.0).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.normalize().fmt(f)
            }
        }

        impl From<Decimal> for $name {
            fn from(value: Decimal) -> Self {
                Self(value)
            }
        }
    };
}

newtype! {
    /// A price in quote units per base unit.
    Price
}
newtype! {
    /// A quantity in **base units**. Never contracts: see [`Contracts`].
    Quantity
}
newtype! {
    /// An amount of money in quote units; may be negative.
    Amount
}
newtype! {
    /// A quantity in venue contracts. Only venue adapters and `count` sizing use it; an
    /// [`Instrument`](super::Instrument) converts it to base units.
    Contracts
}
newtype! {
    /// A percentage: `5` is five percent.
    Percent
}

impl Price {
    /// Value of `quantity` at this price, in quote units.
    pub fn value(self, quantity: Quantity) -> Result<Amount, Overflow> {
        self.0.times(quantity.0).map(Amount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_decimal_from_a_float_reads_back_as_the_same_float(units in 1_i64..999_999_999_999, scale in 0_u32..12) {
            let text = Decimal::new(units, scale).normalize().to_string();
            let number: f64 = text.parse().unwrap();
            prop_assert_eq!(decimal_from_f64(number).unwrap().normalize().to_string(), text.clone());
            prop_assert_eq!(Price::new(text.parse().unwrap()).to_f64().to_bits(), number.to_bits());
        }
    }
}
