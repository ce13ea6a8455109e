use super::Distance;
use crate::model::{Percent, Span, TriggerSource};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// How a take-profit level leaves the position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TakeProfitOrder {
    /// A resting limit order: maker, exactly its price.
    #[default]
    Limit,
    /// A trigger order: taker, the market's price once touched.
    Trigger,
}

/// One level of the take-profit ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeProfit {
    /// How far from the average entry price.
    pub distance: Distance,
    /// Share of the position, percent. Shares of disabled levels count for the sum (TRADING 7.3).
    pub share: Percent,
    /// Whether the level exists.
    pub enabled: bool,
    /// Whether its full fill moves the stop (TRADING 8.1).
    pub break_even: bool,
    /// Limit or trigger.
    pub order: TakeProfitOrder,
}

/// The fixed stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopLoss {
    /// How far from the average entry price.
    pub distance: Distance,
    /// Wanted once the leg has at least that many entries; `1` from the first on.
    pub from_entry: u32,
}

/// How far a trailing stop stays behind the best price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrailOffset {
    /// Percent of the activation price.
    Percent(Percent),
    /// Distance between two ladder levels, counted from 1.
    LevelGap {
        /// The nearer level.
        from: u8,
        /// The farther level.
        to: u8,
    },
    /// Multiples of ATR*.
    Atr(Decimal),
}

/// The trailing stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trailing {
    /// The level whose full fill activates it, counted from 1.
    pub start_level: u8,
    /// Its distance.
    pub offset: TrailOffset,
    /// Least time between amendments of the venue's copy.
    pub amend_interval: Span,
    /// Least improvement of the venue's copy, percent of the activation price.
    pub amend_step: Percent,
}

/// Everything about how a leg is left, as data. The trader carries it out, whatever the strategy.
///
/// ```
/// use hyperrsi_core::position::{Distance, ExitPlan};
/// use rust_decimal_macros::dec;
/// let plan = ExitPlan::new()
///     .stop_loss(Distance::percent(dec!(1)))
///     .take_profit(Distance::percent(dec!(2)), dec!(50))
///     .take_profit(Distance::percent(dec!(4)), dec!(50))
///     .break_even_after(1);
/// assert_eq!(plan.take_profits.len(), 2);
/// assert!(plan.has_stop_from_start());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExitPlan {
    /// The ladder, nearest level first.
    pub take_profits: Vec<TakeProfit>,
    /// The fixed stop, if any.
    pub stop: Option<StopLoss>,
    /// Added to the entry price by break-even after level 1, percent.
    pub break_even_offset: Percent,
    /// The trailing stop, if any.
    pub trailing: Option<Trailing>,
    /// Which price triggers every stop.
    pub trigger: TriggerSource,
}

impl ExitPlan {
    /// A plan with no exits at all; add them.
    pub fn new() -> Self {
        Self::default()
    }
    /// A fixed stop from the first entry on.
    #[must_use]
    pub fn stop_loss(mut self, distance: Distance) -> Self {
        self.stop = Some(StopLoss { distance, from_entry: 1 });
        self
    }
    /// A further take-profit level: a limit order for `share` percent of the position.
    #[must_use]
    pub fn take_profit(mut self, distance: Distance, share: Decimal) -> Self {
        self.take_profits.push(TakeProfit {
            distance,
            share: Percent::new(share),
            enabled: true,
            break_even: false,
            order: TakeProfitOrder::Limit,
        });
        self
    }
    /// Moves the stop to break-even (level 1) or to the level below once `level`, counted from 1, has filled.
    #[must_use]
    pub fn break_even_after(mut self, level: usize) -> Self {
        if let Some(entry) = level.checked_sub(1).and_then(|i| self.take_profits.get_mut(i)) {
            entry.break_even = true;
        }
        self
    }
    /// Trails the rest by `percent` of the activation price once `level`, counted from 1, has filled.
    #[must_use]
    pub fn trail_after(mut self, level: u8, percent: Decimal) -> Self {
        self.trailing = Some(Trailing {
            start_level: level,
            offset: TrailOffset::Percent(Percent::new(percent)),
            amend_interval: Span::seconds(5),
            amend_step: Percent::new(Decimal::new(5, 2)),
        });
        self
    }
    /// All take profits as trigger (market) orders instead of limits.
    #[must_use]
    pub fn trigger_take_profits(mut self) -> Self {
        for level in &mut self.take_profits {
            level.order = TakeProfitOrder::Trigger;
        }
        self
    }
    /// Triggers every stop by the last trade instead of the mark price.
    #[must_use]
    pub const fn trigger_by(mut self, source: TriggerSource) -> Self {
        self.trigger = source;
        self
    }
    /// Whether a leg has a stop from its first entry on.
    pub fn has_stop_from_start(&self) -> bool {
        self.stop.is_some_and(|stop| stop.from_entry <= 1)
    }
    /// Whether any distance needs an ATR.
    pub fn needs_atr(&self) -> bool {
        self.take_profits.iter().any(|level| level.enabled && level.distance.needs_atr())
            || self.stop.is_some_and(|stop| stop.distance.needs_atr())
            || self.trailing.is_some_and(|trail| matches!(trail.offset, TrailOffset::Atr(_)))
    }
    /// Sum of all shares, those of disabled levels included, percent.
    pub(crate) fn share_sum(&self) -> Decimal {
        self.take_profits
            .iter()
            .fold(Decimal::ZERO, |sum, level| sum.checked_add(level.share.get()).unwrap_or(Decimal::MAX))
    }
}
