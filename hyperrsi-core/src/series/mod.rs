//! Candles in columns: one code for all drivers, shared per venue, instrument and timeframe.
//!
//! [`Candles`] holds closed candles by column. [`History`] is a borrow of the first `n` of them: what a decision may
//! see. A [`History`] cannot be turned back into the [`Candles`], so looking ahead is impossible by type.

pub mod aggregate;
mod columns;
pub mod file;
mod funding;
mod history;

pub use columns::{Candles, PushError};
pub use funding::{FundingError, FundingRate, FundingRates};
pub use history::History;
