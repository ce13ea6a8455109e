use super::distance::{atr_star, thousandth};
use super::{Ladder, TrailOffset, Trailing};
use crate::model::{Arithmetic, Instrument, Overflow, PositionSide, Price, decimal_from_f64};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// A trailing stop that is active (TRADING 9).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trail {
    /// Price it was activated at, `X`.
    pub activation: Price,
    /// Distance behind the best price, `D`, fixed for its life.
    pub offset: Decimal,
    /// Best price since activation, `E`.
    pub extreme: f64,
    /// The stop, rounded towards the market.
    pub stop: Price,
}

impl Trail {
    /// Starts a trail at `activation`. `None` if its offset needs an ATR or levels that do not exist.
    ///
    /// # Errors
    /// [`Overflow`] when a number leaves the range of a decimal.
    pub fn start(
        plan: &Trailing,
        instrument: &Instrument,
        side: PositionSide,
        activation: Price,
        ladder: &Ladder,
        atr: Option<Decimal>,
    ) -> Result<Option<Self>, Overflow> {
        let x = activation.get();
        let raw = match plan.offset {
            TrailOffset::Percent(percent) => x.percent(percent.get())?,
            TrailOffset::LevelGap { from, to } => match (ladder.price(from), ladder.price(to)) {
                (Some(near), Some(far)) => far.get().minus(near.get())?.abs(),
                _ => return Ok(None),
            },
            TrailOffset::Atr(multiple) => match atr {
                Some(atr) => atr_star(atr, x)?.times(multiple)?,
                None => return Ok(None),
            },
        };
        let offset = raw.max(thousandth(x)?);
        let stop = stop_at(instrument, side, x, offset)?;
        Ok(Some(Self { activation, offset, extreme: activation.to_f64(), stop }))
    }

    /// Whether a trigger price moves the extreme.
    pub fn is_improved_by(&self, side: PositionSide, price: f64) -> bool {
        match side {
            PositionSide::Long => price > self.extreme,
            PositionSide::Short => price < self.extreme,
        }
    }

    /// Goes on from a stop that is nearer than its own.
    pub(crate) fn resume(&mut self, side: PositionSide, stop: Price) {
        let sign = side.sign();
        let nearer = match side {
            PositionSide::Long => stop > self.stop,
            PositionSide::Short => stop < self.stop,
        };
        if let (true, Ok(extreme)) = (nearer, sign.times(self.offset).and_then(|away| stop.get().plus(away)))
        {
            (self.stop, self.extreme) = (stop, Price::new(extreme).to_f64());
        }
    }

    /// Follows a trigger price; true if the stop moved. Prices that are no positive numbers are ignored.
    ///
    /// # Errors
    /// [`Overflow`] when a number leaves the range of a decimal.
    pub fn follow(
        &mut self,
        instrument: &Instrument,
        side: PositionSide,
        price: f64,
    ) -> Result<bool, Overflow> {
        if !(price.is_finite() && price > 0.0 && self.is_improved_by(side, price)) {
            return Ok(false);
        }
        let Some(extreme) = decimal_from_f64(price) else { return Ok(false) };
        let stop = stop_at(instrument, side, extreme, self.offset)?;
        self.extreme = price;
        let moved = stop != self.stop;
        self.stop = stop;
        Ok(moved)
    }
}

fn stop_at(
    instrument: &Instrument,
    side: PositionSide,
    extreme: Decimal,
    offset: Decimal,
) -> Result<Price, Overflow> {
    instrument.round_stop(side, extreme.minus(side.sign().times(offset)?)?)
}
