//! The core of hyperrsi. See [`model`] for the values everything speaks in.
pub mod backtest;
pub mod desk;
pub mod exchange;
pub mod model;
pub mod position;
pub mod series;
pub mod store;
