//! Where the levels lie and where a lot is left (TRADING 16.3, 16.5).

use crate::model::{Arithmetic, Instrument, Overflow, PositionSide, Price, StepRounding};
use rust_decimal::Decimal;
use rust_decimal_macros::dec;

/// The levels of a grid around its average.
///
/// ```
/// use hyperrsi_core::model::{Instrument, InstrumentId};
/// use hyperrsi_core::strategy::grid::Lattice;
/// use rust_decimal_macros::dec;
/// let btc = Instrument::linear(InstrumentId::new("sim", "BTCUSDT"), "BTC", "USDT");
/// let lattice = Lattice::new(&btc, dec!(50000), dec!(300), dec!(1), 3)?.ok_or("no lattice")?;
/// let levels: Vec<_> = lattice.levels.iter().map(|level| level.get()).collect();
/// assert_eq!(levels, [dec!(49700), dec!(50000), dec!(50300)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Lattice {
    /// Distance of two levels, quote units.
    pub step: Decimal,
    /// The levels, lowest first, on the tick; all above zero.
    pub levels: Vec<Price>,
}

impl Lattice {
    /// `count` levels around `centre`: `step = clamp(multiple × ATR, 0.004 C, min(0.05 C, 0.5 C / J))`, levels
    /// `C + j step` for `j = -⌊N/2⌋ … N-1-⌊N/2⌋`, `J = max(1, max|j|)`. `None` if the step is smaller than the tick or the
    /// average is not above zero.
    ///
    /// # Errors
    /// [`Overflow`] when a level leaves the range of a decimal.
    pub fn new(
        instrument: &Instrument,
        centre: Decimal,
        atr: Decimal,
        multiple: Decimal,
        count: u32,
    ) -> Result<Option<Self>, Overflow> {
        let below = i64::from(count / 2);
        let furthest = below.max(1); // there is never a level more above than below
        let widest = centre.times(dec!(0.05))?.min(centre.times(dec!(0.5))?.over(Decimal::from(furthest))?);
        let step = multiple.times(atr)?.max(centre.times(dec!(0.004))?).min(widest);
        if step < instrument.tick || centre <= Decimal::ZERO {
            return Ok(None);
        }
        let levels = (-below..i64::from(count) - below)
            .map(|j| {
                let raw = centre.plus(step.times(Decimal::from(j))?)?;
                instrument.round_price(raw, StepRounding::Nearest)
            })
            .collect::<Result<_, Overflow>>()?;
        Ok(Some(Self { step, levels }))
    }
}

/// Where a lot is left.
#[derive(Clone, Copy, Debug)]
pub(super) struct ExitRule {
    /// How many levels away.
    pub(super) levels: u32,
    /// Fee of both fills, a fraction.
    pub(super) fee: Decimal,
}

impl ExitRule {
    /// `fill + s k step`, but no nearer than what pays both fees and a tick; rounded away from the fill.
    pub(super) fn price(
        self,
        instrument: &Instrument,
        side: PositionSide,
        fill: Price,
        step: Decimal,
    ) -> Result<Price, Overflow> {
        let (sign, fill) = (side.sign(), fill.get());
        let far = fill.plus(sign.times(step)?.times(Decimal::from(self.levels))?)?;
        let fee = sign.times(self.fee)?;
        let even = fill.times(Decimal::ONE.plus(fee)?)?.over(Decimal::ONE.minus(fee)?)?;
        let paid = even.plus(sign.times(instrument.tick)?)?;
        match side {
            PositionSide::Long => instrument.round_price(far.max(paid), StepRounding::Up),
            PositionSide::Short => instrument.round_price(far.min(paid), StepRounding::Down),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::InstrumentId;

    #[test]
    fn an_exit_pays_both_fees_and_a_tick() {
        let btc = Instrument {
            tick: dec!(0.1),
            ..Instrument::linear(InstrumentId::new("sim", "BTCUSDT"), "BTC", "USDT")
        };
        // 100 × 1.005 / 0.995 = 101.00502…, + 0.1 = 101.10502… → 101.2; 100 × 0.995 / 1.005 = 99.00497…, - 0.1 → 98.9
        let rule = ExitRule { levels: 1, fee: dec!(0.005) };
        let at = |side, step| rule.price(&btc, side, Price::new(dec!(100)), step).unwrap().get();
        assert_eq!(at(PositionSide::Long, dec!(0.4)), dec!(101.2));
        assert_eq!(at(PositionSide::Short, dec!(0.4)), dec!(98.9));
        // Further away than that the step counts; rounded outward.
        assert_eq!(at(PositionSide::Long, dec!(2.01)), dec!(102.1));
        assert_eq!(at(PositionSide::Short, dec!(2.01)), dec!(97.9));
    }
}
