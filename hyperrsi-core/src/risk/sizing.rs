//! From an amount to a quantity (TRADING 4). A size is never raised to reach a minimum.

use super::{Refusal, Refused};
use crate::model::{Amount, Arithmetic, Contracts, Instrument, Overflow, Percent, Price, Quantity};
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

/// How large an entry should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Size {
    /// Margin in quote units; the notional is margin × leverage.
    Margin(Amount),
    /// Margin as a percentage of the available balance.
    PercentOfAvailable(Percent),
    /// Venue contracts.
    Contracts(Contracts),
    /// Base units.
    Base(Quantity),
}

impl Size {
    /// The size times a factor (TRADING 10.5).
    ///
    /// # Errors
    /// [`Overflow`] when the product leaves the range of a decimal.
    pub fn scaled(self, factor: Decimal) -> Result<Self, Overflow> {
        Ok(match self {
            Self::Margin(amount) => Self::Margin(Amount::new(amount.get().times(factor)?)),
            Self::PercentOfAvailable(percent) => {
                Self::PercentOfAvailable(Percent::new(percent.get().times(factor)?))
            }
            Self::Contracts(contracts) => Self::Contracts(Contracts::new(contracts.get().times(factor)?)),
            Self::Base(quantity) => Self::Base(Quantity::new(quantity.get().times(factor)?)),
        })
    }

    /// Whether the number is one an entry can have.
    pub fn is_positive(self) -> bool {
        match self {
            Self::Margin(amount) => amount.is_positive(),
            Self::PercentOfAvailable(percent) => percent.is_positive(),
            Self::Contracts(contracts) => contracts.is_positive(),
            Self::Base(quantity) => quantity.is_positive(),
        }
    }
}

/// What sizing needs to know.
#[derive(Clone, Copy, Debug)]
pub struct SizingInput<'a> {
    /// The instrument.
    pub instrument: &'a Instrument,
    /// The amount asked for.
    pub size: Size,
    /// Reference price.
    pub price: Price,
    /// Leverage, at least 1.
    pub leverage: u32,
    /// Taker fee as a fraction: `0.0005` is 0.05 %.
    pub taker_fee: Decimal,
    /// Free balance of the quote currency, unrealised profit excluded.
    pub available: Amount,
    /// Least planned notional; `None` for extra and hedge entries, which have none.
    pub min_entry_notional: Option<Amount>,
}

/// A quantity with the margin and fee it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sized {
    /// Quantity in base units, a multiple of the lot.
    pub quantity: Quantity,
    /// Margin that was asked for, before flooring.
    pub planned_margin: Amount,
    /// Margin at the reference price.
    pub margin: Amount,
    /// Taker fee at the reference price.
    pub fee: Amount,
}

/// Sizes an entry and checks it, first failure first (TRADING 4.3).
///
/// # Errors
/// A [`Refused`] whose detail names the smallest sufficient amount where one exists.
pub fn size_entry(input: SizingInput<'_>) -> Result<Sized, Refused> {
    let leverage = Decimal::from(input.leverage.max(1));
    let price = input.price.get();
    let (planned, raw) = plan(&input, leverage, price)?;
    if let Some(floor) = input.min_entry_notional
        && planned < floor.get()
    {
        return Err(too_small(&input, Refusal::BelowMinEntryNotional, "planned value", planned)?);
    }
    let quantity = input.instrument.floor_quantity(raw)?;
    if !quantity.is_positive() || quantity.get() < input.instrument.min_size {
        return Err(too_small(&input, Refusal::BelowMinSize, "quantity", quantity.get())?);
    }
    let notional = input.price.value(quantity)?.get();
    if notional < input.instrument.min_notional {
        return Err(too_small(&input, Refusal::BelowMinNotional, "order value", notional)?);
    }
    if let Some(max) = input.instrument.max_size
        && quantity.get() > max
    {
        return Err(Refused::new(
            Refusal::AboveMaxSize,
            format!("quantity {quantity} is above the venue's maximum {max}; lower the amount"),
        ));
    }
    let margin = Amount::new(notional.over(leverage)?);
    let fee = Amount::new(notional.times(input.taker_fee)?);
    let needed = margin.plus(fee)?;
    if needed > input.available {
        return Err(Refused::new(
            Refusal::InsufficientMargin,
            format!(
                "{needed} {quote} needed (margin {margin}, fee {fee}), {} {quote} available",
                input.available,
                quote = input.instrument.quote
            ),
        ));
    }
    Ok(Sized { quantity, planned_margin: Amount::new(planned.over(leverage)?), margin, fee })
}

/// Planned notional before flooring, and raw quantity in base units (TRADING 4.1).
fn plan(input: &SizingInput<'_>, leverage: Decimal, price: Decimal) -> Result<(Decimal, Decimal), Overflow> {
    let by_margin = |margin: Decimal| -> Result<(Decimal, Decimal), Overflow> {
        let notional = margin.times(leverage)?;
        Ok((notional, notional.over(price)?))
    };
    match input.size {
        Size::Margin(amount) => by_margin(amount.get()),
        Size::PercentOfAvailable(percent) => {
            let (planned, raw) = by_margin(input.available.get().percent(percent.get())?)?;
            // So that 100 % works: margin and fee together never exceed what is available.
            let per_unit = price.times(Decimal::ONE.over(leverage)?.plus(input.taker_fee)?)?;
            Ok((planned, raw.min(input.available.get().over(per_unit)?)))
        }
        Size::Contracts(contracts) => {
            let raw = input.instrument.base_units(contracts)?.get();
            Ok((raw.times(price)?, raw))
        }
        Size::Base(quantity) => Ok((quantity.get().times(price)?, quantity.get())),
    }
}

fn too_small(
    input: &SizingInput<'_>,
    code: Refusal,
    what: &str,
    value: Decimal,
) -> Result<Refused, Overflow> {
    let smallest = smallest_sufficient(input)?;
    let unit = match input.size {
        Size::Contracts(_) => "contracts",
        Size::Base(_) => input.instrument.base.as_str(),
        Size::Margin(_) | Size::PercentOfAvailable(_) => input.instrument.quote.as_str(),
    };
    Ok(Refused::new(
        code,
        format!(
            "{what} {} is too small; the smallest sufficient amount is {smallest} {unit}",
            value.normalize()
        ),
    ))
}

/// The smallest amount that would pass checks 1 to 3, rounded up to 0.01 quote units (TRADING 4.3).
fn smallest_sufficient(input: &SizingInput<'_>) -> Result<Decimal, Overflow> {
    let (instrument, price) = (input.instrument, input.price.get());
    let by_value = instrument.min_notional.over(price)?;
    let lots = instrument.min_size.max(by_value).over(instrument.lot)?.ceil();
    let quantity = lots.times(instrument.lot)?;
    let notional = quantity.times(price)?.max(input.min_entry_notional.unwrap_or_default().get());
    Ok(match input.size {
        Size::Margin(_) | Size::PercentOfAvailable(_) => notional
            .over(Decimal::from(input.leverage.max(1)))?
            .round_dp_with_strategy(2, RoundingStrategy::ToPositiveInfinity),
        Size::Contracts(_) | Size::Base(_) => {
            let lots = notional.over(price)?.over(instrument.lot)?.ceil();
            let quantity = Quantity::new(lots.times(instrument.lot)?);
            match input.size {
                Size::Base(_) => quantity.get(),
                _ => instrument.contracts(quantity)?.get(),
            }
        }
    }
    .normalize())
}
