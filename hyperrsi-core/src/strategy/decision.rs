use super::DecisionRecord;
use crate::model::{PositionSide, Price};
use crate::position::{EntryPlan, ExitPlan, ExitReason};
use crate::risk::{Refusal, Size};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One thing a strategy wants done. All of it is data: the trader sizes, places, protects and repairs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Intent {
    /// Open the main leg at market.
    Enter {
        /// Long or short.
        side: PositionSide,
        /// How large.
        size: Size,
        /// How it is left.
        exits: Arc<ExitPlan>,
        /// What may follow: further entries, a hedge.
        entries: Option<Arc<EntryPlan>>,
    },
    /// Add to the open main leg at market: a further entry.
    Add {
        /// The leg.
        side: PositionSide,
        /// How large.
        size: Size,
    },
    /// Close a part of a leg at market, reduce-only.
    Exit {
        /// The leg.
        side: PositionSide,
        /// How much of what is open, above 0 up to 1.
        fraction: Decimal,
        /// Why.
        reason: ExitReason,
    },
    /// Open the opposite side of the main leg at market, as its hedge.
    Hedge {
        /// Side of the hedge.
        side: PositionSide,
        /// How large.
        size: Size,
        /// How it is left.
        exits: Arc<ExitPlan>,
    },
    /// Withdraw the planned limit entry of an open leg, or let it rest again (TRADING 10.4).
    Withhold {
        /// The leg.
        side: PositionSide,
        /// Whether it must not rest.
        withheld: bool,
    },
    /// Other plans for an open leg, from its next entry on: what rests now stays (TRADING 1.3).
    Replan {
        /// The leg.
        side: PositionSide,
        /// How it is left.
        exits: Arc<ExitPlan>,
        /// What may follow.
        entries: Option<Arc<EntryPlan>>,
    },
    /// Replace the exits of an open leg, starting a new epoch.
    Retune {
        /// The leg.
        side: PositionSide,
        /// The new exits.
        exits: Arc<ExitPlan>,
    },
}

/// A limit entry that should rest on the venue now: a grid level, a price-only extra entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RestingEntry {
    /// Names the entry among those of the same leg; the same key is the same order.
    pub key: u16,
    /// The leg it opens or adds to.
    pub side: PositionSide,
    /// Its limit price; rounded away from the market.
    pub price: Price,
    /// How large.
    pub size: Size,
    /// How the leg is left that it opens or adds to.
    pub exits: Arc<ExitPlan>,
    /// Makes what it fills a lot: left by a reduce-only limit of its own at this price, and a trade of its own. The leg's
    /// plan should have a stop at most. Without a price what it fills is left by the plan, like any entry.
    pub lot: Option<Price>,
}

/// Which limit entries should rest: a desired state, never a stream of order commands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rest {
    /// What rests stays.
    #[default]
    Keep,
    /// Exactly these.
    Set(Vec<RestingEntry>),
}

/// What a strategy answers to a closed candle or a fill.
///
/// ```
/// use hyperrsi_core::position::{Distance, ExitPlan};
/// use hyperrsi_core::strategy::Decision;
/// use hyperrsi_core::risk::Size;
/// use hyperrsi_core::model::{Amount, PositionSide};
/// use rust_decimal_macros::dec;
/// let exits = ExitPlan::new()
///     .stop_loss(Distance::percent(dec!(1)))
///     .take_profit(Distance::percent(dec!(2)), dec!(100));
/// let decision = Decision::enter(PositionSide::Long, Size::Margin(Amount::new(dec!(20))), exits);
/// assert_eq!(decision.intents.len(), 1);
/// assert!(Decision::hold().intents.is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// What to do now, in order.
    pub intents: Vec<Intent>,
    /// What should rest.
    pub rest: Rest,
    /// ATR of the newest closed candle in quote units, for plans with ATR distances.
    pub atr: Option<f64>,
    /// A signal the strategy itself refused, to be counted and told.
    pub refused: Option<(PositionSide, Refusal)>,
    /// Why and why not, if the strategy was asked to say (see [`Context::recording`](super::Context::recording)).
    pub record: Option<Box<DecisionRecord>>,
}

impl Decision {
    /// No intents; keep what rests.
    pub const fn hold() -> Self {
        Self { intents: Vec::new(), rest: Rest::Keep, atr: None, refused: None, record: None }
    }
    /// Whether it asks for nothing and tells nothing.
    #[inline]
    pub fn is_hold(&self) -> bool {
        self.intents.is_empty()
            && matches!(self.rest, Rest::Keep)
            && self.refused.is_none()
            && self.record.is_none()
    }
    /// A single intent.
    pub fn of(intent: Intent) -> Self {
        Self { intents: vec![intent], ..Self::hold() }
    }
    /// Enter at market.
    pub fn enter(side: PositionSide, size: Size, exits: impl Into<Arc<ExitPlan>>) -> Self {
        Self::of(Intent::Enter { side, size, exits: exits.into(), entries: None })
    }
    /// The same entry with what may follow it: further entries, a hedge.
    ///
    /// ```
    /// use hyperrsi_core::model::{Amount, PositionSide};
    /// use hyperrsi_core::position::{Distance, EntryPlan, ExitPlan, ExtraEntries};
    /// use hyperrsi_core::risk::Size;
    /// use hyperrsi_core::strategy::Decision;
    /// use rust_decimal_macros::dec;
    /// let exits = ExitPlan::new().stop_loss(Distance::percent(dec!(9)));
    /// let further = ExtraEntries::new(3, Distance::percent(dec!(2))).resting();
    /// let decision = Decision::enter(PositionSide::Long, Size::Margin(Amount::new(dec!(20))), exits)
    ///     .followed_by(EntryPlan::extra(further));
    /// assert_eq!(decision.intents.len(), 1);
    /// ```
    #[must_use]
    pub fn followed_by(mut self, plan: impl Into<Arc<EntryPlan>>) -> Self {
        if let Some(Intent::Enter { entries, .. }) = self.intents.last_mut() {
            *entries = Some(plan.into());
        }
        self
    }
    /// Add to the open main leg at market.
    pub fn add(side: PositionSide, size: Size) -> Self {
        Self::of(Intent::Add { side, size })
    }
    /// Close a whole leg at market.
    pub fn exit(side: PositionSide, reason: ExitReason) -> Self {
        Self::of(Intent::Exit { side, fraction: Decimal::ONE, reason })
    }
}
