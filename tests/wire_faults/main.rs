//! Faults by the number of their row, over sockets: the live runtime, the OKX adapter and a SQLite journal against a
//! practice venue that speaks OKX's protocol and has a fault script. What is provoked in virtual time in
//! `hyperrsi-core/tests/faults` is provoked on the wire here.
//!
//! These tests run in real time, against a venue whose time runs faster; nothing waits for longer than what it waits for.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "tests; and these run in real time, against a server"
)]

mod account;
mod kills;
mod orders;
mod rig;
mod sound;
mod streams;
mod venue;
