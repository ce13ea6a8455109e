use super::{Context, Decision, Needs, Strategy};
use crate::indicator::{Indicator, LengthError, Rsi};
use crate::model::{Candle, PositionSide, Quantity, StrategyId, Timeframe};
use crate::position::{Distance, ExitPlan};
use crate::risk::Size;
use rust_decimal::Decimal;
use std::sync::Arc;

/// The plain rule other engines are compared with: buy when the RSI crosses up through a level, leave by take profit or
/// stop, both trigger orders at a percentage of the entry price.
///
/// ```
/// use hyperrsi_core::model::Timeframe;
/// use hyperrsi_core::strategy::{Strategy, Threshold};
/// let rule = Threshold::new(Timeframe::M1, 14)?;
/// assert_eq!(rule.needs().series[0].depth, 15); // what RSI(14) needs, nothing more
/// # Ok::<(), hyperrsi_core::indicator::LengthError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Threshold {
    timeframe: Timeframe,
    length: usize,
    rsi: Rsi,
    previous: Option<f64>,
    level: f64,
    size: Size,
    exits: Arc<ExitPlan>,
}

impl Threshold {
    /// RSI(`length`) through 30, 1 base unit, take profit 2 %, stop 1 %.
    ///
    /// # Errors
    /// If `length` is no RSI length.
    pub fn new(timeframe: Timeframe, length: usize) -> Result<Self, LengthError> {
        let mut rule = Self {
            timeframe,
            length,
            rsi: Rsi::new(length)?,
            previous: None,
            level: 30.0,
            size: Size::Base(Quantity::new(Decimal::ONE)),
            exits: Arc::default(),
        };
        rule = rule.exits(Decimal::TWO, Decimal::ONE);
        Ok(rule)
    }

    /// The level to cross, 0 to 100.
    #[must_use]
    pub const fn level(mut self, level: f64) -> Self {
        self.level = level;
        self
    }

    /// How large an entry is.
    #[must_use]
    pub const fn size(mut self, size: Size) -> Self {
        self.size = size;
        self
    }

    /// Take profit and stop, percent of the entry price.
    #[must_use]
    pub fn exits(mut self, take_profit: Decimal, stop: Decimal) -> Self {
        let plan = ExitPlan::new()
            .take_profit(Distance::percent(take_profit), Decimal::ONE_HUNDRED)
            .stop_loss(Distance::percent(stop))
            .trigger_take_profits();
        self.exits = Arc::new(plan);
        self
    }
}

impl Strategy for Threshold {
    fn id(&self) -> StrategyId {
        StrategyId::new("threshold")
    }

    fn needs(&self) -> Needs {
        Needs::candles(self.timeframe, self.length + 1)
    }

    fn is_prompt(&self) -> bool {
        true
    }

    #[inline(always)]
    fn on_candle(&mut self, ctx: &Context<'_>, candle: &Candle) -> Decision {
        let rsi = self.rsi.update(candle.close);
        let previous = std::mem::replace(&mut self.previous, rsi);
        match (previous, rsi) {
            (Some(before), Some(now)) if before < self.level && now >= self.level && ctx.is_flat() => {
                Decision::enter(PositionSide::Long, self.size, Arc::clone(&self.exits))
            }
            _ => Decision::hold(),
        }
    }
}
