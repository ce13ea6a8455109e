//! The core of hyperrsi. See [`model`] for the values everything speaks in.
pub mod indicator;
pub mod model;
pub mod series;
