use crate::model::{Arithmetic, Overflow, Percent};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// A distance from a reference price, in one of the three units of the settings.
///
/// ```
/// use hyperrsi_core::position::Distance;
/// use rust_decimal_macros::dec;
/// let atr = Some(dec!(20)); // below 0.1 % of the price: the floor of TRADING 2.3 applies
/// assert_eq!(Distance::Atr(dec!(2)).at(dec!(50000), atr)?, Some(dec!(100)));
/// assert_eq!(Distance::percent(dec!(5)).at(dec!(100), None)?, Some(dec!(5)));
/// # Ok::<(), hyperrsi_core::model::Overflow>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distance {
    /// Percent of the reference price.
    Percent(Percent),
    /// Quote units.
    PriceOffset(Decimal),
    /// Multiples of `ATR* = max(ATR, 0.001 × reference)`.
    Atr(Decimal),
}

impl Distance {
    /// Percent of the reference price.
    pub const fn percent(value: Decimal) -> Self {
        Self::Percent(Percent::new(value))
    }

    /// The distance at `reference` in quote units; `None` if it needs an ATR that is not known.
    ///
    /// # Errors
    /// [`Overflow`] when the result leaves the range of a decimal.
    pub fn at(self, reference: Decimal, atr: Option<Decimal>) -> Result<Option<Decimal>, Overflow> {
        match self {
            Self::Percent(percent) => reference.percent(percent.get()).map(Some),
            Self::PriceOffset(offset) => Ok(Some(offset)),
            Self::Atr(multiple) => match atr {
                Some(atr) => atr_star(atr, reference)?.times(multiple).map(Some),
                None => Ok(None),
            },
        }
    }

    /// Whether the distance depends on the ATR.
    pub const fn needs_atr(self) -> bool {
        matches!(self, Self::Atr(_))
    }
}

/// `ATR* = max(ATR, 0.001 × reference)` (TRADING 2.3).
pub(super) fn atr_star(atr: Decimal, reference: Decimal) -> Result<Decimal, Overflow> {
    Ok(atr.max(thousandth(reference)?))
}

/// 0.1 % of a price.
pub(super) fn thousandth(price: Decimal) -> Result<Decimal, Overflow> {
    price.times(Decimal::from_parts(1, 0, 0, false, 3))
}
