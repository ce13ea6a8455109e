//! The core of hyperrsi. See [`model`] for the values everything speaks in.
pub mod model;
pub mod series;
pub mod strategy;
