//! The core of hyperrsi. See [`model`] for the values everything speaks in.
mod coded;
pub(crate) use coded::coded;

pub mod account;
pub mod backtest;
pub mod exchange;
pub mod indicator;
pub mod model;
pub mod position;
pub mod risk;
pub mod series;
pub mod sim;
pub mod store;
pub mod strategy;
pub mod trader;
