//! Ready-made rules: each pure over an [`AccountView`](super::AccountView), each with a [`Refusal`](super::Refusal) code of
//! its own and a message that names the numbers. [`All`] puts several together; a rule of one's own is another
//! [`RiskManager`](super::RiskManager).

mod all;
mod exposure;
mod kill_switch;
mod loss;
mod positions;

pub use all::All;
pub use exposure::{Cap, ExposureCap, Scope};
pub use kill_switch::KillSwitch;
pub use loss::{DailyLossLimit, LosingStreakLimit, MaxDrawdown};
pub use positions::MaxOpenPositions;

#[cfg(test)]
mod tests;
