//! Automated crypto trading: a strategy is written once, and the part that decides never does I/O.
//!
//! A [`Strategy`](strategy::Strategy) sees closed candles and answers with data: enter, how large, how to leave. The
//! library sizes the entry, checks it against the account, protects the position and carries the exits out: in a
//! [`Backtest`](backtest::Backtest), and with the feature `runtime` on paper or against a venue.
//!
//! ```
//! use hyperrsi::prelude::*;
//! use hyperrsi::{sample, strategy::Threshold};
//!
//! let candles = sample::btcusdt_1h()?;
//! let rule = Threshold::new(Timeframe::H1, 14)?.size(Size::Base(dec!(0.05).into()));
//! let report = Backtest::new(&candles, Config::new(sample::btcusdt()))?.report_of(&rule)?;
//! assert_eq!(report.candles, 8_784);
//! println!("{report}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where things are
//!
//! This crate re-exports [`hyperrsi_core`]; nothing else has to be in your `Cargo.toml`. From values up to drivers:
//!
//! | module | what lives there |
//! |---|---|
//! | [`prelude`] | the nouns nearly every program uses |
//! | [`sample`] | recorded candles and an instrument to try things on |
//! | [`model`] | values: time, candles, instruments, prices, orders, fills, positions |
//! | [`series`] | candles in columns, closed history, higher timeframes, [candle files](series::file) |
//! | [`indicator`] | streaming indicators, and the [trend state](indicator::trend) |
//! | [`position`] | what a leg is, how it is left ([`ExitPlan`](position::ExitPlan)), what a trade was |
//! | [`strategy`] | the trait, what it is told and answers; [HYPERRSI](strategy::rsi_trend), a [grid](strategy::grid) and a plain rule |
//! | [`risk`] | sizing, refusals, and the trait of risk managers |
//! | [`account`] | one account: reservations, approvals, ledger, equity |
//! | [`trader`] | one instrument of one account, as a state machine without I/O |
//! | [`sim`] | the simulated venue |
//! | [`backtest`] | the driver over candles, its statistics and its reports |
//! | `runtime` | the driver against a venue and a store, on paper and live (feature `runtime`) |
//! | `conformance` | suites for your own strategies and stores (feature `conformance`) |
//! | [`exchange`], [`store`] | what a venue and a durable store have to implement |
//! | [`desk`] | commands in, status and events out: what a bot, an API or a terminal talks to |
//!
//! The crates of the workspace:
//!
//! | crate | what it is |
//! |---|---|
//! | `hyperrsi` | this one: re-exports, the prelude, the sample candles |
//! | [`hyperrsi_core`] | everything above; for libraries that want no sample data |
//! | `hyperrsi-store` | durable stores; `hyperrsi::sqlite` with the feature `sqlite` |
//! | `hyperrsi_sim` | practice venues; `hyperrsi::practice` with the feature `practice` |
//! | `hyperrsi-exchanges` | adapters of venues; `hyperrsi::exchanges` with the feature `okx` |
//!
//! # Features
//!
//! None is on by default, and each only adds.
//!
//! | feature | what it adds |
//! |---|---|
//! | `replay` | checks that a strategy decides on paper as in a backtest, without tokio |
//! | `runtime` | runs strategies on paper and live, over tokio |
//! | `parquet` | reads candle files and writes trades and equity in Parquet |
//! | `catalogue` | lends several hundred further indicators from `wickra-core` |
//! | `conformance` | suites to run your own implementations against: strategies, exchanges, stores |
//! | `sqlite` | keeps everything that outlives the process in one SQLite file |
//! | `vault` | keeps keys of accounts in an encrypted file |
//! | `practice` | local servers that speak the protocols of real venues |
//! | `okx` | the OKX adapter, in `exchanges::okx` |
//!
//! # Numbers
//!
//! Money and everything that is sent to a venue is [`Decimal`], behind types that name what it is; [`dec!`] writes one
//! exactly. Market series and indicators are `f64`.
#![deny(clippy::print_stdout, clippy::print_stderr, reason = "a library does not print; its examples may")]

pub mod prelude;
pub mod sample;

#[doc(inline)]
pub use hyperrsi_core::*;
#[cfg(feature = "practice")]
#[doc(inline)]
pub use hyperrsi_sim as practice;

#[cfg(feature = "sqlite")]
#[doc(inline)]
pub use hyperrsi_store as sqlite;

#[cfg(feature = "vault")]
#[doc(inline)]
pub use hyperrsi_store::vault;

#[cfg(feature = "okx")]
#[doc(inline)]
pub use hyperrsi_exchanges as exchanges;

/// The README's code is compiled and run with the tests of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
