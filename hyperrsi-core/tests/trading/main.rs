//! The trading core against its specification. Every number here comes from the text and the tables of the specification
//! (`TRADING.md`), never from what the code prints. Names begin with the table (`t06_…`), the law (`v2_…`, `i6_…`) or the
//! section (`s6_7_…`) they check.

#![allow(unreachable_pub, reason = "the modules share helpers")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, helpers outside #[test] included"
)]

mod laws_backtest;
mod laws_settings;
mod laws_trader;
mod lots;
mod market;
mod naive;
mod naive_hedge;
mod support;

mod accounting;
mod actions;
mod break_even;
mod claims;
mod cooldown;
mod dust;
mod extra_entries;
mod fills_heard;
mod gating;
mod grid;
mod grid_laws;
mod grid_settings;
mod hedge;
mod intrabar;
mod ladder;
mod late_fills;
mod locked;
mod naive_compare;
mod open_gaps;
mod protection;
mod records;
mod reports;
mod restart;
mod settings_update;
mod several_entries;
mod sizing;
mod stops;
mod trailing;
