//! The suite for exchanges: the paper venue passes it, and each planted fault is found where it is.

#![cfg(all(feature = "conformance", feature = "runtime"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests"
)]

mod broken;
mod paper;

use hyperrsi_core::conformance::exchange::{CHECKS, run_all};
use hyperrsi_core::model::PositionMode;
use std::collections::BTreeSet;

#[tokio::test]
async fn the_paper_venue_conforms() {
    let report = run_all(&paper::Desk::default()).await;
    println!("{report}");
    assert!(report.failures.is_empty(), "{report}");
    let all = report.passed.len() + report.skipped.len();
    assert_eq!(all, 2 * CHECKS.len(), "every check is accounted for, in both modes");
    // What a simulated account has no line to: its stream never breaks, and it has no market data.
    let skipped: BTreeSet<_> = report.skipped.iter().map(|one| one.check).collect();
    let expected = BTreeSet::from([
        "repeated_messages_carry_the_same_ids",
        "a_cut_stream_comes_back_with_a_gap",
        "a_garbled_message_is_a_gap",
        "the_instrument_is_listed_with_its_steps",
        "candles_are_closed_and_oldest_first",
        "prices_are_those_of_the_market",
        "a_feed_begins_with_up_and_tells_prices",
        "markets_nobody_has_are_refused",
        "what_the_venue_lacks_is_refused_by_name",
        "two_legs_are_held_apart", // in one-way mode
    ]);
    assert_eq!(skipped, expected);
    let apart = ("two_legs_are_held_apart", PositionMode::Hedge);
    assert!(report.passed.contains(&apart), "in hedge mode it is run");
}

#[tokio::test]
async fn every_fault_is_found_where_it_is() {
    let mut missed = Vec::new();
    for (fault, expected) in broken::FAULTS {
        let report = run_all(&paper::Desk { fault: Some(*fault) }).await;
        let found: BTreeSet<&str> = report.failures.iter().map(|(_, failure)| failure.check).collect();
        for check in *expected {
            assert!(CHECKS.iter().any(|known| known.name() == *check), "{check} is in the suite");
            if !found.contains(check) {
                missed.push(format!("{fault:?}: {check} did not see it, only {found:?}"));
            }
        }
        assert!(found.len() < CHECKS.len() / 2, "{fault:?}: the suite says where, not only that: {found:?}");
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn the_checks_have_names_of_their_own() {
    let names: BTreeSet<_> = CHECKS.iter().map(|check| check.name()).collect();
    assert_eq!(names.len(), CHECKS.len());
}
