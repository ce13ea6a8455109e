//! Faults by the number of their row: what is provoked at the venue, the store, the clock or the process, in virtual
//! time, and what must come of it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub,
    dead_code,
    reason = "tests"
)]
#![cfg(feature = "runtime")]

#[path = "../runtime/double.rs"]
mod double;
#[path = "../support/oracles.rs"]
mod oracles;
#[path = "../runtime/rig.rs"]
mod rig;
#[path = "../runtime/stores.rs"]
mod stores;

mod account;
mod data;
mod instrument;
mod legs;
mod memory;
mod operator;
mod orders;
mod process;
mod protection;
mod restart;
mod store;
mod table;
mod venue;
