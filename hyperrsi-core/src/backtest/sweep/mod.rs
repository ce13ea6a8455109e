//! Sweeps: the same backtest under many combinations of settings.
//!
//! ```text
//! Axis (key, values) ─▶ Space ─ Search (grid, random) ─▶ combination ─ Subject::build ─▶ one run of the engine
//!                                                                                            │ Tally
//!                                    Ranking, Heatmap, Results (a file to resume from) ◀─ Row ◀─ Score
//! ```
//!
//! [`run`] does it on every core and keeps one [`Row`] of each run. What is best over the past is mostly what fits its
//! accidents: see [`walk_forward`](super::walk_forward) and [`statistics::overfitting`](super::statistics::overfitting)
//! before believing a ranking.

mod axis;
mod fingerprint;
pub mod heatmap;
mod metric;
pub(crate) mod ranking;
mod results;
mod runner;
mod space;
pub mod subject;

pub use axis::{Axis, SpaceError};
pub use fingerprint::{Fingerprint, Mark};
pub use heatmap::Heatmap;
pub use metric::{Metric, Score};
pub use ranking::{Entry, Ranking};
pub use results::{Found, Results, ResultsError};
pub(crate) use runner::each_combo;
pub use runner::{Row, run, tally};
pub use space::{Search, Space};
pub use subject::{Invalid, Subject};
