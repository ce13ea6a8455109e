//! Suites that an implementation of one of the crate's contracts runs against itself.

pub mod store;
