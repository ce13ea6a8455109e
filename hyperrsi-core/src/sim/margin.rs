//! Maintenance margin and where legs are liquidated (TRADING 15.6).

use crate::model::{Amount, Arithmetic, Overflow, PositionSide, Price};
use crate::position::Book;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// A table of maintenance margins that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TierError {
    /// There is no tier.
    #[error("maintenance_tiers has no tier; give at least one, or leave it out")]
    Empty,
    /// A rate out of range or below the one before.
    #[error(
        "maintenance_tiers, tier {tier}: rate {rate} must be between 0 and 0.5 and not below that of the tier before"
    )]
    Rate {
        /// From 1.
        tier: usize,
        /// What was given.
        rate: Decimal,
    },
    /// Limits that do not rise, or a last tier with one.
    #[error("maintenance_tiers, tier {tier}: up_to must rise from tier to tier; only the last one has none")]
    Limit {
        /// From 1.
        tier: usize,
    },
    /// A negative deduction.
    #[error("maintenance_tiers, tier {tier}: deduction {deduction} is below zero")]
    Deduction {
        /// From 1.
        tier: usize,
        /// What was given.
        deduction: Decimal,
    },
}

/// One row of a venue's table: positions of up to that value need `rate × value − deduction` as maintenance margin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// Largest position value of the tier, quote units; `None` in the last.
    #[serde(default)]
    pub up_to: Option<Amount>,
    /// Maintenance margin as a fraction of the value.
    pub rate: Decimal,
    /// Taken off, quote units; without one, what makes the margin continuous from tier to tier.
    #[serde(default)]
    pub deduction: Option<Amount>,
}

/// A venue's table of maintenance margins, smallest positions first.
///
/// ```
/// use hyperrsi_core::model::Amount;
/// use hyperrsi_core::sim::{MaintenanceTiers, Tier};
/// use rust_decimal_macros::dec;
/// let tiers = MaintenanceTiers::new(vec![
///     Tier { up_to: Some(Amount::new(dec!(50_000))), rate: dec!(0.004), deduction: None },
///     Tier { up_to: None, rate: dec!(0.005), deduction: None },
/// ])?;
/// // 50 000 × (0.005 − 0.004) = 50: at 50 000 both tiers ask for 200.
/// assert_eq!(tiers.of(Amount::new(dec!(50_001))), (dec!(0.005), dec!(50)));
/// # Ok::<(), hyperrsi_core::sim::TierError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct MaintenanceTiers(Vec<Tier>);

impl MaintenanceTiers {
    /// Checks a table and completes its deductions: `d₁ = 0`, `dₖ = dₖ₋₁ + limitₖ₋₁ × (rateₖ − rateₖ₋₁)`.
    ///
    /// # Errors
    /// [`TierError`] names the first row that makes no sense.
    pub fn new(mut tiers: Vec<Tier>) -> Result<Self, TierError> {
        let count = tiers.len();
        let mut before: Option<(Decimal, Decimal, Decimal)> = None; // limit, rate, deduction
        for (tier, row) in (1..).zip(&mut tiers) {
            let least = before.map_or(Decimal::ZERO, |(_, rate, _)| rate);
            if row.rate < least || row.rate > Decimal::new(5, 1) {
                return Err(TierError::Rate { tier, rate: row.rate });
            }
            let continuous = before.map_or(Some(Decimal::ZERO), |(limit, rate, deduction)| {
                row.rate.checked_sub(rate)?.checked_mul(limit)?.checked_add(deduction)
            });
            let deduction = match row.deduction {
                Some(deduction) => deduction.get(),
                None => continuous.ok_or(TierError::Limit { tier })?,
            };
            if deduction < Decimal::ZERO {
                return Err(TierError::Deduction { tier, deduction });
            }
            row.deduction = Some(Amount::new(deduction));
            match row.up_to {
                Some(limit)
                    if tier < count && limit.get() > before.map_or(Decimal::ZERO, |(limit, ..)| limit) =>
                {
                    before = Some((limit.get(), row.rate, deduction));
                }
                None if tier == count => {}
                _ => return Err(TierError::Limit { tier }),
            }
        }
        if tiers.is_empty() { Err(TierError::Empty) } else { Ok(Self(tiers)) }
    }

    /// Rate and deduction of a position of that entry value. A value on a limit belongs to the tier it ends.
    pub fn of(&self, value: Amount) -> (Decimal, Decimal) {
        let tier = self.0.iter().find(|tier| tier.up_to.is_none_or(|limit| value <= limit));
        tier.map_or((Decimal::ZERO, Decimal::ZERO), |tier| {
            (tier.rate, tier.deduction.unwrap_or_default().get())
        })
    }

    /// The rows.
    pub fn rows(&self) -> &[Tier] {
        &self.0
    }
}

/// TRADING 15.6 with tier rate `m` and deduction `d`: long `(A·q − M − d)/(q·(1 − m))`, short `(A·q + M + d)/(q·(1 + m))`,
/// `M = A·q/leverage`. Not rounded to the tick.
///
/// # Errors
/// [`Overflow`] when a value leaves the range of a decimal, or nothing is open.
pub fn liquidation_price(
    side: PositionSide,
    book: &Book,
    leverage: u32,
    rate: Decimal,
    deduction: Decimal,
) -> Result<Price, Overflow> {
    let (cost, quantity) = (book.cost().get(), book.quantity().get());
    let margin = cost.over(Decimal::from(leverage.max(1)))?;
    let price = match side {
        PositionSide::Long => {
            cost.minus(margin)?.minus(deduction)?.over(quantity.times(Decimal::ONE.minus(rate)?)?)?
        }
        PositionSide::Short => {
            cost.plus(margin)?.plus(deduction)?.over(quantity.times(Decimal::ONE.plus(rate)?)?)?
        }
    };
    Ok(Price::new(price))
}

/// Where an account in cross margin is liquidated as one instrument moves, and which of its legs goes. `funds` is what
/// stands behind the instrument: balance, plus unrealised profit less maintenance margin of everything else.
///
/// With `k = qL·(1 − mL) − qS·(1 + mS)`, equity equals maintenance at `(costL − costS − funds − dL − dS)/k`: `k > 0` is
/// hurt by falling prices (the long leg goes), `k < 0` by rising ones (the short leg). `None` where no price above zero
/// does it. `rates` are rate and deduction of the long and of the short leg. Not rounded to the tick.
///
/// ```
/// use hyperrsi_core::model::{PositionSide, Price, Quantity};
/// use hyperrsi_core::position::Book;
/// use hyperrsi_core::sim::cross_liquidation_price;
/// use rust_decimal_macros::dec;
/// let mut long = Book::EMPTY;
/// long.enter(Price::new(dec!(100)), Quantity::new(dec!(10)))?;
/// let rate = (dec!(0.005), dec!(0));
/// // (1 000 − 105) / (10 × 0.995)
/// let at = cross_liquidation_price(&long, &Book::EMPTY, dec!(105), [rate, rate])?;
/// assert_eq!(at.map(|(side, price)| (side, price.get().round_dp(4))), Some((PositionSide::Long, dec!(89.9497))));
/// # Ok::<(), hyperrsi_core::model::Overflow>(())
/// ```
///
/// # Errors
/// [`Overflow`] when a value leaves the range of a decimal.
pub fn cross_liquidation_price(
    long: &Book,
    short: &Book,
    funds: Decimal,
    rates: [(Decimal, Decimal); 2],
) -> Result<Option<(PositionSide, Price)>, Overflow> {
    let [(long_rate, long_deduction), (short_rate, short_deduction)] = rates;
    let falls = long.quantity().get().times(Decimal::ONE.minus(long_rate)?)?;
    let rises = short.quantity().get().times(Decimal::ONE.plus(short_rate)?)?;
    let slope = falls.minus(rises)?;
    if slope.is_zero() {
        return Ok(None);
    }
    let mut at = long.cost().get().minus(short.cost().get())?.minus(funds)?;
    for (book, deduction) in [(long, long_deduction), (short, short_deduction)] {
        if !book.is_flat() {
            at = at.minus(deduction)?;
        }
    }
    let price = at.over(slope)?;
    let side = if slope > Decimal::ZERO { PositionSide::Long } else { PositionSide::Short };
    // Rising prices hurt a short; where they never did enough, the price at which they do is not below zero.
    Ok((price > Decimal::ZERO).then_some((side, Price::new(price))))
}

/// What the rest of the account means for one instrument, where several share it. All zero where none does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Elsewhere {
    /// Realised by other instruments: balance of the account less that of this venue's own ledger.
    pub wallet: Amount,
    /// Initial margin of other instruments.
    pub margin: Amount,
    /// The part of it that is isolated, and so stands behind nothing else.
    pub isolated: Amount,
    /// Unrealised profit less maintenance margin of the other legs in cross margin.
    pub cross: Amount,
}
