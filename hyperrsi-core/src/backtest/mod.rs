//! Drives Trader and Account against the simulated venue over candles, and reports honestly what came of it.

mod chart;
mod config;
mod engine;
mod export;
mod figure;
mod html;
mod intrabar;
mod keys;
mod policy;
mod report;
mod run;
mod statistics;
mod text;

#[cfg(feature = "runtime")]
pub(crate) use engine::Fact;

pub use chart::{Chart, Pane, Plot};
pub use config::{BacktestError, Config};
pub use export::{write_equity_csv, write_json};
pub use html::html;
pub use policy::IntrabarPolicy;
pub use report::{EquityCurve, Outcome, Report};
pub use run::{Backtest, Run};
pub use statistics::{Drawdown, Split, Statistics};
pub use text::text;
