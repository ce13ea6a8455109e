//! Adapters of venues: each speaks one venue's REST and WebSocket protocol behind the contract of
//! [`hyperrsi_core::exchange`].
//!
//! | module | what lives there |
//! |---|---|
//! | [`net`] | what all venues share: TLS, pooled clients, clocks, rate limits, sockets, secrets |
//! | [`common`] | what all payloads share: numbers, times, ids |
//! | `okx` | OKX v5: spot and linear swaps (feature `okx`) |
//!
//! An adapter has four layers, each of which is data to the next: *requests* say what goes over the wire, *parsing*
//! says what came back, *sessions* say how a socket is spoken to, and the two types at the top put them to work.
//! There is no endpoint that withdraws or transfers.
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `okx` | the OKX adapter |
#![deny(clippy::print_stdout, clippy::print_stderr, reason = "a library does not print")]

pub mod common;
pub mod net;
#[cfg(feature = "okx")]
pub mod okx;
