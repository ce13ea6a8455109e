//! Exit plans that make no sense: a stop beyond the wrong side of the entry, shares above the whole, levels that do not
//! exist. An entry with such a plan is refused before anything is sent.

use super::{Refusal, Refused};
use crate::model::PositionSide;
use crate::position::{Distance, ExitPlan, TrailOffset};
use rust_decimal::Decimal;

/// Refuses an exit plan that cannot be meant for a leg of `side`.
///
/// ```
/// use hyperrsi_core::model::PositionSide;
/// use hyperrsi_core::position::{Distance, ExitPlan};
/// use hyperrsi_core::risk::check_plan;
/// use rust_decimal_macros::dec;
/// let plan = ExitPlan::new().stop_loss(Distance::percent(dec!(-1)));
/// let refused = check_plan(&plan, PositionSide::Long).unwrap_err();
/// assert_eq!(refused.to_string(), "invalid_intent: the stop of a long leg is -1 % away: it would lie on the wrong side");
/// ```
///
/// # Errors
/// [`Refusal::InvalidIntent`] with the first thing that is wrong.
pub fn check_plan(plan: &ExitPlan, side: PositionSide) -> Result<(), Refused> {
    let wrong = |text: String| Err(Refused::new(Refusal::InvalidIntent, text));
    if let Some(stop) = plan.stop {
        if !is_away(stop.distance) {
            return wrong(format!(
                "the stop of a {side} leg is {} away: it would lie on the wrong side",
                shown(stop.distance)
            ));
        }
        if side == PositionSide::Long
            && matches!(stop.distance, Distance::Percent(p) if p.get() >= Decimal::ONE_HUNDRED)
        {
            return wrong(format!(
                "the stop of a long leg is {} away: it would lie at or below zero",
                shown(stop.distance)
            ));
        }
    }
    let mut sum = Decimal::ZERO;
    for (level, take_profit) in (1..).zip(&plan.take_profits) {
        let share = take_profit.share.get();
        if share < Decimal::ZERO {
            return wrong(format!("take profit {level} has a share of {} %", share.normalize()));
        }
        sum = sum.checked_add(share).unwrap_or(Decimal::MAX);
        if !take_profit.enabled {
            continue;
        }
        if !is_away(take_profit.distance) {
            let away = shown(take_profit.distance);
            return wrong(format!(
                "take profit {level} of a {side} leg is {away} away: it would lie on the wrong side"
            ));
        }
        if side == PositionSide::Short
            && matches!(take_profit.distance, Distance::Percent(p) if p.get() >= Decimal::ONE_HUNDRED)
        {
            let away = shown(take_profit.distance);
            return wrong(format!(
                "take profit {level} of a short leg is {away} away: it would lie at or below zero"
            ));
        }
    }
    if sum > Decimal::ONE_HUNDRED {
        return wrong(format!("the shares of the take profits add up to {} %", sum.normalize()));
    }
    if let Some(trail) = plan.trailing {
        let levels = plan.take_profits.len();
        let exists = |level: u8| level >= 1 && usize::from(level) <= levels;
        if !exists(trail.start_level) {
            return wrong(format!("the trail starts at level {} of {levels}", trail.start_level));
        }
        let positive = match trail.offset {
            TrailOffset::Percent(percent) => percent.is_positive(),
            TrailOffset::Atr(multiple) => multiple > Decimal::ZERO,
            TrailOffset::LevelGap { from, to } => exists(from) && exists(to) && from != to,
        };
        if !positive {
            return wrong("the trail's distance is not above zero".into());
        }
    }
    Ok(())
}

fn is_away(distance: Distance) -> bool {
    match distance {
        Distance::Percent(percent) => percent.is_positive(),
        Distance::PriceOffset(offset) => offset > Decimal::ZERO,
        Distance::Atr(multiple) => multiple > Decimal::ZERO,
    }
}

fn shown(distance: Distance) -> String {
    match distance {
        Distance::Percent(percent) => format!("{} %", percent.get().normalize()),
        Distance::PriceOffset(offset) => offset.normalize().to_string(),
        Distance::Atr(multiple) => format!("{} ATR", multiple.normalize()),
    }
}
