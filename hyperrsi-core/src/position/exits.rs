//! The exits of one leg in one epoch: ladder, fixed stop, break-even, trailing, and the stop that results.

use super::ladder::LadderInput;
use super::{EffectiveStop, ExitPlan, Ladder, Level, LevelState, StopKind, Trail};
use crate::model::{Arithmetic, Instrument, Overflow, PositionSide, Price, Quantity};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What an entry fill tells the exits.
#[derive(Clone, Copy, Debug)]
pub struct EpochStart {
    /// Entries of the leg so far, the first included.
    pub entries: u32,
    /// Open quantity.
    pub quantity: Quantity,
    /// Average entry price.
    pub average: Price,
    /// Reference price at that moment.
    pub reference: Price,
    /// ATR of the newest closed candle, quote units.
    pub atr: Option<Decimal>,
}

/// A fixed stop that would lie at or below zero: treated as missing protection (TRADING 6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StopNotPositive;

/// The exits of a leg from one entry fill to the next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exits {
    plan: Arc<ExitPlan>,
    side: PositionSide,
    average: Price,
    atr: Option<Decimal>,
    /// The ladder as it stands.
    pub ladder: Ladder,
    fixed: Option<Price>,
    break_even: Option<Price>,
    command: Option<Price>,
    trail: Option<Trail>,
    stop_unplaceable: bool,
    /// The highest level that a price has touched, from 1; 0 for none. Counts only where the venue locks quantity.
    #[serde(default)]
    touched: u8,
}

impl Exits {
    /// Builds ladder and stop for a new epoch: break-even and trail start anew (TRADING 6.4, 7.9).
    ///
    /// # Errors
    /// [`Overflow`] when a number leaves the range of a decimal.
    pub fn build(
        plan: Arc<ExitPlan>,
        instrument: &Instrument,
        side: PositionSide,
        start: EpochStart,
    ) -> Result<Self, Overflow> {
        let ladder = Ladder::build(LadderInput {
            instrument,
            plan: &plan,
            side,
            quantity: start.quantity,
            average: start.average.get(),
            reference: start.reference.get(),
            atr: start.atr,
        })?;
        let (fixed, stop_unplaceable) = match fixed_stop(&plan, instrument, side, start)? {
            Some(Ok(price)) => (Some(price), false),
            Some(Err(StopNotPositive)) => (None, true),
            None => (None, false),
        };
        Ok(Self {
            plan,
            side,
            average: start.average,
            atr: start.atr,
            ladder,
            fixed,
            break_even: None,
            command: None,
            trail: None,
            stop_unplaceable,
            touched: 0,
        })
    }

    /// Exits at given prices for the whole quantity: those of a hedge. `plan` has one level, if there is a take profit.
    pub(crate) fn fixed(
        plan: Arc<ExitPlan>,
        side: PositionSide,
        (quantity, average): (Quantity, Price),
        take_profit: Option<Price>,
        stop: Option<Price>,
    ) -> Self {
        let level = |price| Level { price, quantity, state: LevelState::Resting };
        let levels: Vec<_> = take_profit.into_iter().map(level).collect();
        let rest = if levels.is_empty() { quantity } else { Quantity::ZERO };
        Self {
            plan,
            side,
            average,
            atr: None,
            ladder: Ladder { levels, rest },
            fixed: stop,
            break_even: None,
            command: None,
            trail: None,
            stop_unplaceable: false,
            touched: 0,
        }
    }

    /// The plan carried out.
    pub fn plan(&self) -> &Arc<ExitPlan> {
        &self.plan
    }
    /// The average entry price the epoch was built on.
    pub const fn average(&self) -> Price {
        self.average
    }
    /// The fixed stop, whatever else protects the leg.
    pub(crate) const fn fixed_stop(&self) -> Option<Price> {
        self.fixed
    }
    /// The stop an operator set.
    pub(crate) const fn command(&self) -> Option<Price> {
        self.command
    }
    /// The trail, if active.
    pub const fn trail(&self) -> Option<&Trail> {
        self.trail.as_ref()
    }
    /// Whether the plan wants a fixed stop that cannot be placed, because its price is not positive.
    pub const fn stop_unplaceable(&self) -> bool {
        self.stop_unplaceable
    }

    /// The most protective of fixed, break-even and trailing stop (TRADING 6.5).
    pub fn stop(&self) -> Option<EffectiveStop> {
        let kinds = [
            (self.fixed, StopKind::Fixed),
            (self.break_even, StopKind::BreakEven),
            (self.trail.map(|trail| trail.stop), StopKind::Trailing),
        ];
        let best = kinds
            .into_iter()
            .filter_map(|(price, kind)| price.map(|price| EffectiveStop { price, kind }))
            .reduce(|best, next| best.more_protective(next, self.side));
        match (self.command, best) {
            (None, best) => best,
            (Some(price), best) => {
                let own = EffectiveStop { price, kind: StopKind::Command };
                // An operator's stop replaces the fixed one; break-even and trailing may still be nearer.
                best.filter(|best| best.kind != StopKind::Fixed)
                    .map_or(Some(own), |best| Some(own.more_protective(best, self.side)))
            }
        }
    }

    /// Level `k` (from 1) has filled whole at `price` on average: break-even, then trailing (TRADING 8.1, 9.1).
    /// `left` is what is still open, `atr` that of the newest closed candle. Each level acts once per epoch.
    ///
    /// # Errors
    /// [`Overflow`] when a number leaves the range of a decimal.
    pub fn on_level_filled(
        &mut self,
        instrument: &Instrument,
        k: u8,
        price: Price,
        left: Quantity,
        atr: Option<Decimal>,
    ) -> Result<(), Overflow> {
        if self.ladder.level(k).is_none_or(|level| level.state == LevelState::Filled) {
            return Ok(());
        }
        self.ladder.mark_filled(k);
        if left.is_zero() {
            return Ok(());
        }
        let moves_stop = usize::from(k)
            .checked_sub(1)
            .and_then(|i| self.plan.take_profits.get(i))
            .is_some_and(|l| l.break_even);
        if moves_stop {
            let price = match self.ladder.price_below(k) {
                Some(below) => below,
                None => self.entry_break_even(instrument)?,
            };
            let better = |old: Price| match self.side {
                PositionSide::Long => old.max(price),
                PositionSide::Short => old.min(price),
            };
            self.break_even = Some(self.break_even.map_or(price, better));
        }
        if let Some(plan) = self.plan.trailing
            && plan.start_level == k
            && self.trail.is_none()
        {
            self.trail = Trail::start(&plan, instrument, self.side, price, &self.ladder, atr)?;
        }
        Ok(())
    }

    /// The venue's copy of the trail's stop rests at `stop`: if that is nearer, the trail had come so far.
    pub(crate) fn resume_trail(&mut self, stop: Price) {
        if let Some(trail) = &mut self.trail {
            trail.resume(self.side, stop);
        }
    }

    /// The price at which the trailing start level without an order counts as filled (TRADING 7.8), with its level.
    pub fn touch(&self) -> Option<(u8, Price)> {
        let k = self.plan.trailing?.start_level;
        let level = self.ladder.level(k)?;
        (level.state == LevelState::Touch).then_some((k, level.price))
    }

    /// Notes which levels with an order of their own a traded price has touched; true if that changed (TRADING 7.10).
    pub(crate) fn touch_levels(&mut self, price: f64) -> bool {
        let reached = |level: &Level| {
            level.state == LevelState::Resting && self.side.reaches(price, level.price.to_f64())
        };
        let highest = self.ladder.levels.iter().rposition(reached).map_or(0, |index| index + 1);
        let before = self.touched;
        self.touched = before.max(u8::try_from(highest).unwrap_or(u8::MAX));
        self.touched > before
    }

    /// Whether a price has touched level `k`, counted from 1.
    pub(crate) const fn is_touched(&self, k: u8) -> bool {
        k <= self.touched
    }

    /// Σ of what touched levels still have to sell.
    pub(crate) fn touched_quantity(&self) -> Result<Quantity, Overflow> {
        let touched = self.ladder.levels.iter().take(usize::from(self.touched));
        touched
            .filter(|level| level.state == LevelState::Resting)
            .try_fold(Quantity::ZERO, |sum, level| sum.plus(level.quantity))
    }

    /// A trigger price: moves the trail; true if the stop changed.
    ///
    /// # Errors
    /// [`Overflow`] when a number leaves the range of a decimal.
    pub fn on_price(&mut self, instrument: &Instrument, price: f64) -> Result<bool, Overflow> {
        match &mut self.trail {
            Some(trail) => trail.follow(instrument, self.side, price),
            None => Ok(false),
        }
    }

    /// A part of level `k`'s order has filled: its quantity shrinks, nothing is triggered.
    ///
    /// # Errors
    /// [`Overflow`] when the difference leaves the range of a decimal.
    pub fn on_level_partly_filled(&mut self, k: u8, quantity: Quantity) -> Result<(), Overflow> {
        if let Some(level) = self.ladder.level(k) {
            let left = level.quantity.minus(quantity.min(level.quantity))?;
            self.ladder.set_quantity(k, left);
        }
        Ok(())
    }

    /// The venue's quantity differs from what fills explain: the ladder is divided anew among levels not yet filled;
    /// stops stay (TRADING 13.4).
    ///
    /// # Errors
    /// [`Overflow`] when a number leaves the range of a decimal.
    pub fn on_size_adopted(
        &mut self,
        instrument: &Instrument,
        quantity: Quantity,
        reference: Price,
    ) -> Result<(), Overflow> {
        let plan = Arc::clone(&self.plan);
        self.ladder.redistribute(LadderInput {
            instrument,
            plan: &plan,
            side: self.side,
            quantity,
            average: self.average.get(),
            reference: reference.get(),
            atr: self.atr,
        })
    }

    /// An operator sets the stop by hand; the only thing that may loosen it within an epoch.
    pub fn set_stop(&mut self, price: Price) {
        self.command = Some(price);
    }

    /// The operator's stop is withdrawn: the plan's counts again.
    pub(crate) const fn forget_command(&mut self) {
        self.command = None;
    }

    /// The same ladder under the stops as they stand: break-even, trail and an operator's stop stay what they are.
    #[must_use]
    pub(crate) fn with_stops_of(self, old: &Self) -> Self {
        Self {
            atr: old.atr,
            fixed: old.fixed,
            break_even: old.break_even,
            command: old.command,
            trail: old.trail,
            stop_unplaceable: old.stop_unplaceable,
            ..self
        }
    }

    fn entry_break_even(&self, instrument: &Instrument) -> Result<Price, Overflow> {
        let entry = self.average.get();
        let offset = entry.percent(self.plan.break_even_offset.get())?;
        let moved = instrument.round_stop(self.side, entry.plus(self.side.sign().times(offset)?)?)?;
        let first = (1..=self.ladder.levels.len()).find_map(|k| self.ladder.price(u8::try_from(k).ok()?));
        let beyond = first.is_some_and(|first| match self.side {
            PositionSide::Long => moved >= first,
            PositionSide::Short => moved <= first,
        });
        if beyond { instrument.round_stop(self.side, entry) } else { Ok(moved) }
    }
}

fn fixed_stop(
    plan: &ExitPlan,
    instrument: &Instrument,
    side: PositionSide,
    start: EpochStart,
) -> Result<Option<Result<Price, StopNotPositive>>, Overflow> {
    let Some(stop) = plan.stop.filter(|stop| start.entries >= stop.from_entry) else { return Ok(None) };
    let average = start.average.get();
    let Some(distance) = stop.distance.at(average, start.atr)? else { return Ok(Some(Err(StopNotPositive))) };
    let price = instrument.round_stop(side, average.minus(side.sign().times(distance)?)?)?;
    Ok(Some(if price.is_positive() { Ok(price) } else { Err(StopNotPositive) }))
}
