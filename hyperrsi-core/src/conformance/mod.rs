//! Suites that an implementation of one of the contracts can be run against, in a test of its own.

pub mod exchange;
mod failure;
pub mod store;
pub mod strategy;
