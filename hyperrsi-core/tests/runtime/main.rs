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

mod doctor;
mod double;
mod layers;
mod logging;
mod meters;
mod neighbours;
mod paper;
mod parity;
mod parity_journal;
mod reconciliation;
mod rig;
mod spot;
mod stores;
mod thin;
