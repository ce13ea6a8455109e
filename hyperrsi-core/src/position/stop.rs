use super::ExitReason;
use crate::model::{PositionSide, Price};
use serde::{Deserialize, Serialize};

/// Which rule a stop comes from. On equal prices trailing names the exit before break-even before fixed (TRADING 6.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopKind {
    /// The fixed stop loss.
    Fixed,
    /// Moved to break-even after a take profit.
    BreakEven,
    /// Follows the price.
    Trailing,
    /// Set by an operator.
    Command,
}

impl StopKind {
    /// The reason of an exit by this stop.
    pub const fn reason(self) -> ExitReason {
        match self {
            Self::Fixed | Self::Command => ExitReason::StopLoss,
            Self::BreakEven => ExitReason::BreakEven,
            Self::Trailing => ExitReason::TrailingStop,
        }
    }
}

/// The most protective stop of a leg and the rule it comes from.
///
/// ```
/// use hyperrsi_core::model::{PositionSide, Price};
/// use hyperrsi_core::position::{EffectiveStop, StopKind};
/// use rust_decimal_macros::dec;
/// let fixed = EffectiveStop { price: Price::new(dec!(95)), kind: StopKind::Fixed };
/// let even = EffectiveStop { price: Price::new(dec!(100)), kind: StopKind::BreakEven };
/// assert_eq!(fixed.more_protective(even, PositionSide::Long), even);
/// assert_eq!(fixed.more_protective(even, PositionSide::Short), fixed);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectiveStop {
    /// Trigger price, rounded to the tick.
    pub price: Price,
    /// The rule it comes from.
    pub kind: StopKind,
}

impl EffectiveStop {
    /// The one closer to the market; on equal prices the kind that ranks higher.
    pub fn more_protective(self, other: Self, side: PositionSide) -> Self {
        let nearer = match side {
            PositionSide::Long => self.price.cmp(&other.price),
            PositionSide::Short => other.price.cmp(&self.price),
        };
        match nearer.then(self.kind.cmp(&other.kind)) {
            std::cmp::Ordering::Less => other,
            _ => self,
        }
    }
}
