//! Drives Trader and Account against the simulated venue over candles, and reports honestly what came of it.

mod policy;
mod report;
mod statistics;

pub use policy::IntrabarPolicy;
pub use report::{EquityCurve, Outcome, Report};
pub use statistics::{Drawdown, Split, Statistics};
