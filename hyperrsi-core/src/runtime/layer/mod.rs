//! Layers around an [`Exchange`](crate::exchange::Exchange): each wraps one, is one, and looks at one method.
//!
//! ```text
//! Breaker ▶ Retried ▶ Limited ▶ Recorded ▶ the adapter          usual order, outermost first
//! ```

mod breaker;
mod chaos;
mod dry_run;
mod limit;
mod record;
mod retry;

pub use breaker::Breaker;
pub use chaos::{Chaos, Mishap};
pub use dry_run::DryRun;
pub use limit::{Budget, Limited};
pub use record::{Recorded, ReplayError, Replayed, Taped};
pub use retry::Retried;
