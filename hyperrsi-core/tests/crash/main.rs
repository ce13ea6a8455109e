//! The process dies: at every request it sends, at every write to its journal, before and after each takes effect, and is
//! started again from what the journal holds. In virtual time.
//!
//! What happens between two such moments is seen by nobody outside of the process, so that a kill there is the same as a
//! kill at the next of them: together they are every await of the order path.

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
#[path = "../runtime/stores.rs"]
mod stores;

mod disk;
mod life;
mod matrix;
mod outcome;
mod scenario;
mod watch;
mod world;
