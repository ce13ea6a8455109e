//! The runtime over a scripted venue, in virtual time.

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

mod double;
mod layers;
mod neighbours;
mod paper;
mod parity;
mod rig;
mod spot;
mod thin;
