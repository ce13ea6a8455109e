//! The take-profit ladder: which level gets which price and quantity (TRADING 7).

use super::ExitPlan;
use crate::model::{Arithmetic, Instrument, Overflow, PositionSide, Price, Quantity, StepRounding};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// What became of a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LevelState {
    /// Has an order.
    Resting,
    /// Its quantity went to another level or to the rest; it has no order and no fill of its own.
    Merged,
    /// Above the trailing start level: keeps its price, has no order.
    Inactive,
    /// The trailing start level without an order: reached when the trigger price touches it (TRADING 7.5, 7.8).
    Touch,
    /// Filled whole, or touched.
    Filled,
    /// Not enabled: no price, no share.
    Disabled,
}

/// One level of a ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// Its price; zero if disabled.
    pub price: Price,
    /// The quantity of its order in base units; zero without one.
    pub quantity: Quantity,
    /// What became of it.
    pub state: LevelState,
}

/// A ladder built for one epoch of a leg.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ladder {
    /// The levels in plan order; level `k` of the settings is element `k - 1`.
    pub levels: Vec<Level>,
    /// What has no take-profit order: the runner or the trailing part.
    pub rest: Quantity,
}

/// What a ladder is built from.
#[derive(Clone, Copy, Debug)]
pub struct LadderInput<'a> {
    /// The instrument's steps and minimums.
    pub instrument: &'a Instrument,
    /// The plan.
    pub plan: &'a ExitPlan,
    /// Side of the leg.
    pub side: PositionSide,
    /// Open quantity.
    pub quantity: Quantity,
    /// Average entry price.
    pub average: Decimal,
    /// Reference price at build time.
    pub reference: Decimal,
    /// ATR of the newest closed candle at the entry fill.
    pub atr: Option<Decimal>,
}

impl Ladder {
    /// Builds prices and quantities.
    ///
    /// # Errors
    /// [`Overflow`] when a number leaves the range of a decimal.
    pub fn build(input: LadderInput<'_>) -> Result<Self, Overflow> {
        let mut levels = Vec::with_capacity(input.plan.take_profits.len());
        for level in &input.plan.take_profits {
            let distance = if level.enabled { level.distance.at(input.average, input.atr)? } else { None };
            levels.push(match distance {
                Some(distance) => Level {
                    price: level_price(&input, distance)?,
                    quantity: Quantity::ZERO,
                    state: LevelState::Resting,
                },
                None => Level { price: Price::ZERO, quantity: Quantity::ZERO, state: LevelState::Disabled },
            });
        }
        let mut ladder = Self { levels, rest: input.quantity };
        ladder.divide(&input, input.quantity)?;
        Ok(ladder)
    }

    /// Divides `quantity` anew among the levels that have not filled, prices kept (TRADING 13.4: an adopted size).
    ///
    /// # Errors
    /// [`Overflow`] when a number leaves the range of a decimal.
    pub fn redistribute(&mut self, input: LadderInput<'_>) -> Result<(), Overflow> {
        let start = input.plan.trailing.map_or(0, |trail| trail.start_level);
        let trails_already = self.level(start).is_some_and(|level| level.state == LevelState::Filled);
        for level in &mut self.levels {
            let gone = match level.state {
                LevelState::Filled | LevelState::Disabled => true,
                LevelState::Inactive => trails_already,
                LevelState::Resting | LevelState::Merged | LevelState::Touch => false,
            };
            if !gone {
                level.state = LevelState::Resting;
                level.quantity = Quantity::ZERO;
            }
        }
        self.divide(&input, input.quantity)
    }

    fn divide(&mut self, input: &LadderInput<'_>, open: Quantity) -> Result<(), Overflow> {
        let start = input.plan.trailing.map(|trail| usize::from(trail.start_level.max(1)) - 1);
        let start_open =
            start.filter(|k| self.levels.get(*k).is_some_and(|l| l.state == LevelState::Resting));
        self.assign_shares(input, open)?;
        if let Some(start) = start_open {
            self.deactivate_above(start);
            let last = self.levels.iter().rposition(|l| l.state == LevelState::Resting);
            let covers_all = self.placed()? == open;
            if covers_all && last == Some(start) {
                self.touch(start);
            }
        }
        let carry = self.merge_small_levels(input)?;
        self.settle_rest(input, open, carry, start_open)
    }

    /// TRADING 7.4: multiply before dividing, the last level takes what flooring left.
    fn assign_shares(&mut self, input: &LadderInput<'_>, open: Quantity) -> Result<(), Overflow> {
        let total = input.plan.share_sum();
        let hundred = Decimal::ONE_HUNDRED;
        let ladder = if total >= hundred {
            open
        } else {
            input.instrument.floor_quantity(open.get().times(total)?.over(hundred)?)?
        };
        let shares = || self.levels.iter().zip(&input.plan.take_profits);
        let mut enabled = Decimal::ZERO;
        for (_, plan) in shares().filter(|(level, _)| level.state == LevelState::Resting) {
            enabled = enabled.plus(plan.share.get())?;
        }
        let Some(last) = self.levels.iter().rposition(|l| l.state == LevelState::Resting) else {
            return Ok(());
        };
        let mut left = ladder;
        for (k, (level, plan)) in self.levels.iter_mut().zip(&input.plan.take_profits).enumerate() {
            if level.state != LevelState::Resting {
                continue;
            }
            level.quantity = if k == last {
                input.instrument.floor_quantity(left.get())?
            } else if enabled.is_zero() {
                Quantity::ZERO
            } else {
                let share = ladder.get().times(plan.share.get())?.over(enabled)?;
                input.instrument.floor_quantity(share)?
            };
            left = left.minus(level.quantity)?;
        }
        Ok(())
    }

    fn deactivate_above(&mut self, start: usize) {
        for level in self.levels.iter_mut().skip(start + 1) {
            if level.state == LevelState::Resting {
                level.state = LevelState::Inactive;
                level.quantity = Quantity::ZERO;
            }
        }
    }

    fn touch(&mut self, k: usize) {
        if let Some(level) = self.levels.get_mut(k) {
            level.state = LevelState::Touch;
            level.quantity = Quantity::ZERO;
        }
    }

    /// TRADING 7.6: a level too small for the venue hands its quantity up. Returns what is left after the last level.
    fn merge_small_levels(&mut self, input: &LadderInput<'_>) -> Result<Quantity, Overflow> {
        let mut carry = Quantity::ZERO;
        for level in self.levels.iter_mut().filter(|l| l.state == LevelState::Resting) {
            let together = carry.plus(level.quantity)?;
            if input.instrument.is_placeable(together, level.price)? {
                level.quantity = together;
                carry = Quantity::ZERO;
            } else {
                level.state = LevelState::Merged;
                level.quantity = Quantity::ZERO;
                carry = together;
            }
        }
        Ok(carry)
    }

    fn settle_rest(
        &mut self,
        input: &LadderInput<'_>,
        open: Quantity,
        carry: Quantity,
        start: Option<usize>,
    ) -> Result<(), Overflow> {
        let mut rest = open.minus(self.placed()?)?;
        let at = |ladder: &Self, k: Option<usize>| {
            k.and_then(|k| ladder.levels.get(k)).map_or(Price::new(input.average), |level| level.price)
        };
        let last_placed = |ladder: &Self| ladder.levels.iter().rposition(|l| l.state == LevelState::Resting);
        match start {
            Some(start) => {
                // The rest trails. If it is too small, it takes the start level's quantity, then that of lower levels.
                if self.levels.get(start).is_some_and(|l| l.state == LevelState::Merged) {
                    self.touch(start);
                }
                let price = at(self, Some(start));
                if !rest.is_zero() && !input.instrument.is_placeable(rest, price)? {
                    if last_placed(self) == Some(start) {
                        self.touch(start);
                        rest = open.minus(self.placed()?)?;
                    }
                    if !input.instrument.is_placeable(rest, price)?
                        && let Some(level) = last_placed(self).and_then(|k| self.levels.get_mut(k))
                    {
                        level.quantity = level.quantity.plus(rest)?;
                        rest = Quantity::ZERO;
                    }
                }
            }
            None => {
                let runner_alone = rest.minus(carry)?;
                let last = last_placed(self);
                let joins_level = !input.instrument.is_placeable(rest, at(self, last))?;
                match last.and_then(|k| self.levels.get_mut(k)) {
                    Some(level) if !rest.is_zero() && (joins_level || runner_alone.is_zero()) => {
                        let whole = input.instrument.floor_quantity(rest.get())?;
                        level.quantity = level.quantity.plus(whole)?;
                        rest = rest.minus(whole)?;
                    }
                    // Nothing was placeable: one order for everything, at the last enabled level.
                    None if runner_alone.is_zero() || joins_level => {
                        let last_enabled =
                            self.levels.iter_mut().rev().find(|l| l.state == LevelState::Merged);
                        if let Some(level) = last_enabled {
                            level.state = LevelState::Resting;
                            level.quantity = rest;
                            rest = Quantity::ZERO;
                        }
                    }
                    _ => {}
                }
            }
        }
        self.rest = rest;
        Ok(())
    }

    /// Σ quantities that have orders.
    ///
    /// # Errors
    /// [`Overflow`] when the sum leaves the range of a decimal.
    pub fn placed(&self) -> Result<Quantity, Overflow> {
        self.levels
            .iter()
            .filter(|l| l.state == LevelState::Resting)
            .try_fold(Quantity::ZERO, |sum, level| sum.plus(level.quantity))
    }

    /// Level `k`, counted from 1.
    pub fn level(&self, k: u8) -> Option<&Level> {
        self.levels.get(usize::from(k).checked_sub(1)?)
    }

    /// Price of level `k`, counted from 1, if it is enabled.
    pub fn price(&self, k: u8) -> Option<Price> {
        self.level(k).filter(|level| level.state != LevelState::Disabled).map(|level| level.price)
    }

    /// The nearest enabled level below `k`.
    pub fn price_below(&self, k: u8) -> Option<Price> {
        (1..k).rev().find_map(|lower| self.price(lower))
    }

    pub(super) fn mark_filled(&mut self, k: u8) {
        if let Some(level) = usize::from(k).checked_sub(1).and_then(|i| self.levels.get_mut(i)) {
            level.state = LevelState::Filled;
        }
    }

    pub(super) fn set_quantity(&mut self, k: u8, quantity: Quantity) {
        if let Some(level) = usize::from(k).checked_sub(1).and_then(|i| self.levels.get_mut(i)) {
            level.quantity = quantity;
        }
    }
}

/// TRADING 7.2: from the average, clamped to at least 0.01 % beyond average and reference, nearest tick, never inside the
/// clamp.
fn level_price(input: &LadderInput<'_>, distance: Decimal) -> Result<Price, Overflow> {
    let sign = input.side.sign();
    let raw = input.average.plus(sign.times(distance)?)?;
    let factor = Decimal::ONE.plus(sign.times(Decimal::from_parts(1, 0, 0, false, 4))?)?;
    let at_average = input.average.times(factor)?;
    let at_reference = input.reference.times(factor)?;
    let (limit, clamped, outward) = match input.side {
        PositionSide::Long => {
            let limit = at_average.max(at_reference);
            (limit, raw.max(limit), StepRounding::Up)
        }
        PositionSide::Short => {
            let limit = at_average.min(at_reference);
            (limit, raw.min(limit), StepRounding::Down)
        }
    };
    let nearest = input.instrument.round_price(clamped, StepRounding::Nearest)?;
    let inside = match input.side {
        PositionSide::Long => nearest.get() < limit,
        PositionSide::Short => nearest.get() > limit,
    };
    if inside { input.instrument.round_price(clamped, outward) } else { Ok(nearest) }
}
