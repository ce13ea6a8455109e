//! hyperrsi: automated crypto trading. See the README.
pub use hyperrsi_core::*;
