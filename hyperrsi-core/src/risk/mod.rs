//! What may be opened and how large: refusals, sizing, and the trait risk managers implement. Pure over an
//! [`AccountView`]; the [`Account`](crate::account::Account) asks and only it approves.

mod plan;
mod policy;
mod refusal;
mod rule;
mod sizing;
mod view;

pub use plan::check_plan;
pub use policy::{OnUnprotected, Policy, VenueTraits};
pub use refusal::{Refusal, Refused};
pub use rule::{
    All, Cap, DailyLossLimit, ExposureCap, KillSwitch, LosingStreakLimit, MaxDrawdown, MaxOpenPositions,
    Scope,
};
pub use sizing::{Size, Sized, SizingInput, size_entry};
pub use view::{AccountView, Exposure, RiskManager, Verdict};
