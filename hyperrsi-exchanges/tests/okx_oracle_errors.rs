//! Every error code other software knows of OKX, and what it makes of it, against the adapter's table.
#![cfg(feature = "okx")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod oracle;

use hyperrsi_core::exchange::ErrorClass::{self, *};
use hyperrsi_exchanges::okx::{error, error_class};

/// The classes an exception of ccxt can be. `None`: the exception says no more than that something failed.
fn allowed(exception: &str) -> Option<&'static [ErrorClass]> {
    Some(match exception {
        "AuthenticationError" => &[Auth, Permission, ClockSkew],
        "PermissionDenied" => &[Permission, Auth],
        "AccountSuspended" | "ManualInteractionNeeded" | "RestrictedLocation" => &[Permission],
        "AccountNotEnabled" => &[Permission, ModeMismatch],
        "RateLimitExceeded" | "DDoSProtection" => &[RateLimited],
        "InsufficientFunds" => &[InsufficientMargin],
        "OrderNotFound" | "CancelPending" => &[OrderNotLive],
        "OnMaintenance" => &[Maintenance],
        "ExchangeNotAvailable" => &[Maintenance, VenueFault, RateLimited, Connectivity],
        "RequestTimeout" => &[Timeout],
        "NetworkError" => &[Connectivity],
        "InvalidNonce" => &[ClockSkew],
        "BadSymbol" => &[InstrumentUnknown, InvalidRequest],
        "ContractUnavailable" => &[InstrumentHalted, InstrumentUnknown],
        "ArgumentsRequired" | "NotSupported" => &[InvalidRequest],
        _ => return None,
    })
}

/// Classes that would make the engine do something it must not do for an order that is merely wrong.
const NEVER_FOR_ORDERS: &[ErrorClass] =
    &[Auth, RateLimited, Banned, ClockSkew, Connectivity, Timeout, Maintenance];

#[test]
fn oracle_error_codes_map_to_their_classes() {
    let Some(file) = oracle::load("error_codes.json") else { return };
    let codes = file["codes"]["okx"].as_object().unwrap();
    let (mut checked, mut wrong, mut unknown) = (0, Vec::new(), Vec::new());
    for (code, row) in codes {
        let exception = row["ccxt_class"].as_str().unwrap();
        let ours = error_class(code);
        let trading = code.starts_with("50") || code.starts_with("51");
        match allowed(exception) {
            Some(classes) if !classes.contains(&ours) => wrong.push(format!("{code} {exception}: {ours}")),
            None if exception == "InvalidOrder" && NEVER_FOR_ORDERS.contains(&ours) => {
                wrong.push(format!("{code} {exception}: {ours}"));
            }
            _ if ours == Other && trading && !row["comment"].as_str().unwrap_or("").contains("OKUSD") => {
                unknown.push(code.clone());
            }
            _ => checked += 1,
        }
    }
    println!("okx: {checked} error codes checked");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Limits of a savings product no order meets.
    unknown.retain(|code| !matches!(code.as_str(), "51766" | "51769" | "51771"));
    assert!(unknown.is_empty(), "trading codes without a class: {unknown:?}");
    assert!(checked >= codes.len() * 9 / 10);
}

/// The hand notes of the oracles (`limits.md`, "classes asked for").
#[test]
fn oracle_hand_notes_of_the_error_classes_hold() {
    let cases = [
        ("50111", Auth),
        ("50113", Auth),
        ("50105", Auth),
        ("50102", ClockSkew),
        ("51008", InsufficientMargin),
        ("51603", OrderNotLive),
        ("51400", OrderNotLive),
        ("51401", OrderNotLive),
        ("51402", OrderNotLive),
        ("51016", DuplicateClientId),
        ("51169", ReduceOnlyRejected),
        ("51170", ReduceOnlyRejected),
        ("51020", MinNotional),
        ("51121", FilterChanged),
        ("50001", Maintenance),
    ];
    for (code, class) in cases {
        assert_eq!(error_class(code), class, "{code}");
    }
    assert!(
        !error("50004", "Endpoint request timeout").outcome_known(),
        "says itself that it proves nothing"
    );
    assert!(!error("59999", "a code nobody knows").outcome_known());
}
