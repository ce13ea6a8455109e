//! What a leg is, what it plans, and what must rest on the venue for it. Pure: no time but what is passed in.
//!
//! A [`Book`] holds what is open. An [`EntryPlan`] says as data what may follow its first entry, an
//! [`ExitPlan`] how it is left. [`Exits`] carries the plan out for one
//! epoch (from one entry fill to the next): the [`Ladder`], the fixed stop, break-even and the [`Trail`], and the
//! [`EffectiveStop`] that results. A [`Trade`] is what a leg was from flat to flat.

mod book;
mod distance;
mod entries;
mod exits;
mod hedge;
mod ladder;
mod plan;
mod reason;
mod stop;
mod trade;
mod trail;

pub use book::Book;
pub use distance::Distance;
pub use entries::{EntryPlan, ExtraEntries, LevelReference};
pub use exits::{EpochStart, Exits, StopNotPositive};
pub use hedge::{HedgePlan, HedgeStop, HedgeTakeProfit, HedgeTarget, MainLeg};
pub use ladder::{Ladder, LadderInput, Level, LevelState};
pub use plan::{ExitPlan, StopLoss, TakeProfit, TakeProfitOrder, TrailOffset, Trailing};
pub use reason::ExitReason;
pub use stop::{EffectiveStop, StopKind};
pub use trade::{ProtectionPoint, Trade, TradeFill, TradeFillKind};
pub use trail::Trail;
