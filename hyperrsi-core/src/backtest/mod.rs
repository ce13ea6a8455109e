//! Drives Trader and Account against the simulated venue over candles, and reports honestly what came of it.

mod chart;
pub mod compare;
mod config;
mod engine;
mod export;
mod figure;
mod html;
mod intrabar;
mod keys;
mod policy;
mod report;
mod resampled;
mod run;
pub mod statistics;
pub mod sweep;
mod tally;
mod text;
pub mod walk_forward;

pub use chart::{Chart, Pane, Plot};
pub use config::{BacktestError, Config};
pub use export::{ExportError, save_equity, save_trades, write_equity_csv, write_json};
pub use html::html;
pub use policy::IntrabarPolicy;
pub use report::{EquityCurve, Outcome, Report};
pub use resampled::Resampled;
pub use run::{Backtest, Run};
pub use statistics::{Drawdown, Split, Statistics};
pub use tally::{Room, Tally};
pub use text::text;
