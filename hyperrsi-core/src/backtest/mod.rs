//! Drives Trader and Account against the simulated venue over candles, and reports honestly what came of it.

mod assemble;
mod chart;
pub mod compare;
mod config;
mod data;
mod drive;
mod engine;
mod export;
mod failure;
mod figure;
mod file;
mod funding;
mod html;
mod intrabar;
mod keys;
mod policy;
mod portfolio;
mod report;
mod resampled;
mod run;
pub mod statistics;
pub mod sweep;
mod tally;
mod text;
pub mod walk_forward;
mod way;

#[cfg(feature = "replay")]
pub(crate) use engine::Fact;

pub use chart::{Chart, Pane, Plot};
pub use config::{BacktestError, Config};
pub use export::{ExportError, save_equity, save_trades, write_equity_csv, write_json};
pub use failure::StrategyFailure;
pub use file::save;
pub use funding::FundingCoverage;
pub use html::html;
pub use policy::IntrabarPolicy;
pub use portfolio::{Portfolio, PortfolioConfig, PortfolioReport, write_portfolio_json};
pub use report::{EquityCurve, Outcome, Report};
pub use resampled::Resampled;
pub use run::{Backtest, Run};
pub use statistics::{Drawdown, Split, Statistics};
pub use tally::{Room, Tally};
pub use text::text;
