//! Practice venues: local servers that speak the REST and WebSocket protocols of real ones over a simulated account.
//!
//! An adapter, a bot or a program of anybody else's that trades at a venue can be pointed at one of these instead: the
//! paths, signatures, error codes, rate limits, order life cycles and streams are the venue's, the money is not. Markets
//! are replayed from candles or walk at random from a seed, at any speed; a script makes things go wrong.
//!
//! ```text
//!            ┌─ Server ─────────────────────────────────────────┐
//! client ──▶ │ Call ─▶ World: faults, limits ─▶ Wire ─▶ Account │ ──▶ Reply
//!        ◀── │ Session ◀─ faults ◀─ Wire ◀─ News ◀─ Feed, time  │
//!            └──────────────────────────────────────────────────┘
//! ```
//!
//! * [`World`] is the state: markets ([`Feed`]), the simulated
//!   [`Account`](hyperrsi_core::sim::account::Account), sessions, the fault script. It does no I/O and reads no clock.
//! * [`Wire`] is a venue's protocol, and all that differs from venue to venue: [`okx::Okx`].
//! * [`Server`] is sockets and the clock.
//!
//! | feature | what it adds |
//! |---|---|
//! | `okx` | the protocol of OKX v5 (on by default) |
//!
//! ```no_run
//! # async fn start() -> Result<(), hyperrsi_sim::StartError> {
//! use hyperrsi_core::sim::account::fault::Script;
//! use hyperrsi_sim::{Server, okx};
//! let practice = okx::practice(false, None, 7, Script::default());
//! let server = Server::start(practice, okx::Okx::default(), ([127, 0, 0, 1], 0).into(), 1.0).await?;
//! let base_url = server.url(); // what a client takes for https://www.okx.com
//! # Ok(()) }
//! ```
#![recursion_limit = "512"] // rows of the venues are long, and json! counts their fields
#![deny(clippy::print_stdout, clippy::print_stderr, reason = "a library does not print")]

mod call;
mod feed;
mod limit;
mod server;
mod session;
mod wire;
mod world;

#[cfg(feature = "okx")]
pub mod okx;

pub use call::{Call, Reply};
pub use feed::{Feed, Move, Source};
pub use limit::{Limiter, Rate};
pub use server::{Server, StartError, block_on};
pub use session::{Frame, Session};
pub use wire::{News, Turned, Wire};
pub use world::{Keys, Practice, World};
