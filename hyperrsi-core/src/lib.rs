//! The core of hyperrsi: everything that decides, and nothing that does I/O on its own account.
//!
//! Most programs use the crate `hyperrsi`, which re-exports this one and adds a prelude and sample candles.
//!
//! # How data flows
//!
//! ```text
//! candle file ─▶ series ─▶ strategy ─ Decision ─▶ trader ─ Reserve ─▶ account
//!                                                   │ ▲                 │
//!                                    place, cancel  ▼ │ fills           ▼ approval
//!                                                  sim ─▶ statistics ─▶ report
//! ```
//!
//! [`Trader`](trader::Trader) and [`Account`](account::Account) are deterministic state machines: one input and the time
//! go in, outputs come out. They open no socket, read no clock, draw no random number. A driver performs the outputs and
//! feeds back the answers; [`backtest`] is the driver over recorded candles.
//!
//! # Layers
//!
//! Each may use what stands below it.
//!
//! | | |
//! |---|---|
//! | [`backtest`] | drives the machines over candles; statistics and reports |
//! | `runtime` | drives them against an exchange and a store, on paper and live (features `replay` and `runtime`) |
//! | [`trader`], [`account`], [`sim`] | one instrument; one account; the simulated venue |
//! | [`strategy`], [`risk`] | what is wanted; what is allowed and how large |
//! | [`position`] | a leg, and what must rest on the venue for it |
//! | [`indicator`], [`series`] | streaming indicators; candles in columns and their files |
//! | [`model`] | values everything speaks in |
//!
//! Beside them stand the contracts with the world: [`exchange`], [`store`] and [`desk`]. They know the model and records
//! only.
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `replay` | the driver of paper and live accounts without tokio, to compare it with a backtest |
//! | `runtime` | sessions for paper and live trading, over tokio; on by default |
//! | `parquet` | reads candle files and writes trades and equity in Parquet |
//! | `catalogue` | lends several hundred further indicators from `wickra-core` |
//! | `conformance` | suites to run implementations of the contracts against: a strategy, a store |
#![deny(clippy::print_stdout, clippy::print_stderr, reason = "a library does not print")]

mod coded;
pub(crate) use coded::coded;

pub mod account;
pub mod backtest;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod desk;
pub mod exchange;
pub mod indicator;
pub mod model;
pub mod position;
pub mod risk;
#[cfg(feature = "replay")]
pub mod runtime;
pub mod series;
pub mod sim;
pub mod store;
pub mod strategy;
pub mod trader;

pub use rust_decimal::{self, Decimal};
