//! Runs strategies on paper and live: the drivers of the backtest, with an exchange, a store and a clock.
//!
//! ```text
//! Session ── one account: lease, private stream, journal writer, one task that decides
//!    │  Hub ────── market data of a venue, shared
//!    │  Handle ─── commands and status; LocalDesk over many
//!    └─ layer ──── rate limit, retry, breaker, recording, dry run, chaos around an Exchange
//! paper ── a simulated account behind the trait, and recordings to trade it on
//! replay_identical, parity ── the same decisions as the backtest, and what differs if not
//! ```
//!
//! Inside a session, a driver without I/O owns the account and its traders: one input at a time goes in, work comes out,
//! and the task around it performs the work. The same driver runs in replays, and in tests that kill it at every step.
//!
//! Two features: `replay` is the driver and what compares it with the backtest, without tokio; `runtime` is all of it.
#![cfg_attr(
    not(feature = "runtime"),
    allow(dead_code, unused_imports, reason = "a replay asks less of the driver than a session does")
)]

#[cfg(feature = "runtime")]
mod calls;
#[cfg(feature = "runtime")]
mod clock;
#[cfg(feature = "runtime")]
mod desk;
#[cfg(feature = "runtime")]
pub mod doctor;
mod driver;
#[cfg(feature = "runtime")]
mod hub;
#[cfg(feature = "runtime")]
pub mod layer;
#[cfg(feature = "runtime")]
mod layers;
mod mapping;
mod meters;
mod options;
#[cfg(feature = "runtime")]
pub mod paper;
#[cfg(feature = "runtime")]
pub mod parity;
mod plan;
#[cfg(feature = "runtime")]
mod process;
mod replay;
mod series;
#[cfg(feature = "runtime")]
mod session;
mod terms;
#[cfg(feature = "runtime")]
mod writer;

#[cfg(feature = "runtime")]
pub use clock::{Clock, Sleep, VenueClock};
#[cfg(feature = "runtime")]
pub use desk::LocalDesk;
pub use driver::SeatId;
#[cfg(feature = "runtime")]
pub use hub::{Board, Hub, HubOptions, Prices};
pub use meters::{METERS, Meter, MeterKind, describe_metrics};
pub use options::Options;
pub use plan::{Plan, Source};
#[cfg(feature = "runtime")]
pub use process::{asked_to_end, block_on, first_of, spawn};
pub use replay::{Replay, replay_identical};
pub use series::{Shelf, Shelved};
#[cfg(feature = "runtime")]
pub use session::{Exit, Handle, Parts, Session, StartError, Unprotected};
pub use terms::{Grid, Hyperrsi, InForce, InvalidSettings, Prepared, Recipe, Surroundings, Terms};
