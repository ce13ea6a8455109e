//! The groups that take profit, trail and hedge.

use super::choices::{HedgeSizeUnit, HedgeSlKind, HedgeTpKind, StartLevel, TrailKind, Unit};
use rust_decimal::Decimal;
use rust_decimal_macros::dec;

/// The take-profit ladder.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tp {
    /// `tp_option`: unit of the distances.
    pub unit: Unit,
    /// The levels, nearest first.
    pub levels: [Level; 3],
}

/// One take-profit level.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Level {
    /// `use_tpN`.
    pub enabled: bool,
    /// `tpN_value`: the distance from the average entry fill price.
    pub value: Decimal,
    /// `tpN_ratio`: the share of the position, percent.
    pub ratio: Decimal,
}

impl Default for Tp {
    fn default() -> Self {
        let level = |value, ratio| Level { enabled: true, value, ratio };
        Self {
            unit: Unit::Percent,
            levels: [level(dec!(2), dec!(30)), level(dec!(3), dec!(30)), level(dec!(4), dec!(40))],
        }
    }
}

impl Tp {
    /// The enabled levels with their numbers 1 to 3, nearest first.
    pub fn enabled(&self) -> impl DoubleEndedIterator<Item = (u8, &Level)> {
        [1u8, 2, 3].into_iter().zip(&self.levels).filter(|(_, level)| level.enabled)
    }
    /// Whether level 1, 2 or 3 exists and is enabled.
    pub fn is_enabled(&self, number: u8) -> bool {
        self.enabled().any(|(k, _)| k == number)
    }
    /// The sum of all three ratios, disabled levels included (TRADING 7.3), percent.
    pub fn ratio_sum(&self) -> Decimal {
        self.levels.iter().fold(Decimal::ZERO, |sum, level| sum.saturating_add(level.ratio))
    }
}

/// Which fills move the stop to break-even (TRADING 8.1).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BreakEven {
    /// `use_break_even`: the first level's fill moves it to the average plus the offset.
    pub tp1: bool,
    /// `use_break_even_tp2`: the second level's fill moves it to the first level.
    pub tp2: bool,
    /// `use_break_even_tp3`: the third level's fill moves it to the second level.
    pub tp3: bool,
    /// `break_even_offset_percent`: towards profit; 0 loses the fees of both sides.
    pub offset: Decimal,
}

impl Default for BreakEven {
    fn default() -> Self {
        Self { tp1: true, tp2: true, tp3: true, offset: Decimal::ZERO }
    }
}

/// The trailing stop.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trailing {
    /// `trailing_stop_active`.
    pub enabled: bool,
    /// `trailing_start_point`: the level whose fill starts it.
    pub start: StartLevel,
    /// `trailing_stop_type` as given; nothing means not set. The rule in force is [`Trailing::rule`].
    pub kind: Option<TrailKind>,
    /// `trailing_stop_offset_value`: percent of the activation price.
    pub offset_percent: Decimal,
    /// `use_trailing_stop_value_with_tp2_tp3_difference`: true means kind `tp_diff`.
    pub tp_diff: bool,
    /// `trailing_atr_multiple`.
    pub atr_multiple: Decimal,
    /// `trailing_amend_interval`, seconds: least time between amendments of the venue stop.
    pub amend_interval: u32,
    /// `trailing_amend_step_percent`: the movement that makes an amendment due.
    pub amend_step: Decimal,
}

impl Default for Trailing {
    fn default() -> Self {
        Self {
            enabled: true,
            start: StartLevel::Tp3,
            kind: None,
            offset_percent: dec!(0.5),
            tp_diff: false,
            atr_multiple: dec!(2),
            amend_interval: 5,
            amend_step: dec!(0.05),
        }
    }
}

impl Trailing {
    /// The offset rule in force: the boolean decides first, then the type, then `percent`.
    pub fn rule(&self) -> TrailKind {
        if self.tp_diff { TrailKind::TpDiff } else { self.kind.unwrap_or(TrailKind::Percent) }
    }
    /// The number of the level that starts the trail; nothing while trailing is off.
    pub fn start_level(&self) -> Option<u8> {
        if self.enabled { self.start.number() } else { None }
    }
}

/// The hedge: a smaller leg opposite to the main one (TRADING 11).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dual {
    /// `use_dual_side_entry`.
    pub enabled: bool,
    /// `dual_side_entry_trigger`: opens once the main leg has that many entries.
    pub trigger: u32,
    /// How large it is.
    pub size: HedgeSize,
    /// How it takes profit.
    pub tp: HedgeTp,
    /// Where it is stopped out.
    pub sl: HedgeSl,
    /// `close_main_on_hedge_tp`.
    pub close_main: bool,
    /// `dual_side_pyramiding_limit`: hedge entries per main position.
    pub limit: u32,
    /// `activate_tp_sl_after_all_dca`: exits only once the main leg made its last entry.
    pub after_all_dca: bool,
    /// `dual_side_trend_close`: closed with a trend exit of the main leg.
    pub trend_close: bool,
    /// `dual_side_close_on_main_sl`: closed when the main leg is stopped out.
    pub close_on_main_sl: bool,
}

impl Default for Dual {
    fn default() -> Self {
        Self {
            enabled: false,
            trigger: 3,
            size: HedgeSize { unit: HedgeSizeUnit::PercentOfPosition, value: dec!(30) },
            tp: HedgeTp { kind: HedgeTpKind::LastDcaOnPosition, value: dec!(0.3) },
            sl: HedgeSl { enabled: false, kind: HedgeSlKind::Percent, value: dec!(5) },
            close_main: false,
            limit: 1,
            after_all_dca: false,
            trend_close: false,
            close_on_main_sl: false,
        }
    }
}

/// The hedge's target size.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HedgeSize {
    /// `dual_side_entry_ratio_type`.
    pub unit: HedgeSizeUnit,
    /// `dual_side_entry_ratio_value`: percent or contracts.
    pub value: Decimal,
}

/// The hedge's take profit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HedgeTp {
    /// `dual_side_entry_tp_trigger_type`.
    pub kind: HedgeTpKind,
    /// `dual_side_entry_tp_value`: percent from the hedge's average.
    pub value: Decimal,
}

/// The hedge's stop loss.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HedgeSl {
    /// `use_dual_sl`.
    pub enabled: bool,
    /// `dual_side_entry_sl_trigger_type`.
    pub kind: HedgeSlKind,
    /// `dual_side_entry_sl_value`: percent from the hedge's average, or the number of a main take-profit level.
    pub value: Decimal,
}

impl HedgeSl {
    /// The main take-profit level it stands for, 1 to 3; nothing for a percentage or any other number.
    pub fn level(&self) -> Option<u8> {
        let is_level = self.kind == HedgeSlKind::ExistingPosition;
        (1u8..=3).find(|k| is_level && Decimal::from(*k) == self.value)
    }
}
