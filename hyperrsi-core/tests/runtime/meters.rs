//! Every metric, as a recorder sees it.

use crate::double::Fault;
use crate::rig::*;
use hyperrsi_core::exchange::{AccountEvent, ExchangeError};
use hyperrsi_core::model::*;
use hyperrsi_core::runtime::{METERS, MeterKind, describe_metrics};
use metrics_util::MetricKind;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use std::collections::BTreeMap;

/// Name and labels, with every value there is.
type Seen = BTreeMap<(String, Vec<(String, String)>), DebugValue>;

fn seen(snapshotter: &Snapshotter) -> Seen {
    let all = snapshotter.snapshot().into_vec().into_iter();
    let named = all.map(|(key, unit, text, value)| {
        let (kind, key) = key.into_parts();
        let labels: Vec<_> = key.labels().map(|one| (one.key().to_owned(), one.value().to_owned())).collect();
        let meter = METERS.iter().find(|meter| meter.name == key.name());
        let meter = meter.unwrap_or_else(|| panic!("{} is not in the table", key.name()));
        let wanted = match meter.kind {
            MeterKind::Counter => MetricKind::Counter,
            MeterKind::Gauge => MetricKind::Gauge,
            _ => MetricKind::Histogram,
        };
        assert_eq!(kind, wanted, "{}", meter.name);
        let keys: Vec<&str> = labels.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, meter.labels, "{}", meter.name);
        assert!(unit.is_some() && text.is_some(), "{} is described", meter.name);
        ((meter.name.to_owned(), labels), value)
    });
    named.collect()
}

fn count(seen: &Seen, name: &str) -> u64 {
    let of = seen.iter().filter(|((one, _), _)| one == name);
    of.map(|(_, value)| if let DebugValue::Counter(count) = value { *count } else { 0 }).sum()
}
fn gauge(seen: &Seen, name: &str, label: (&str, &str)) -> f64 {
    let key = (name.to_owned(), vec![(label.0.to_owned(), label.1.to_owned())]);
    match seen.get(&key) {
        Some(DebugValue::Gauge(value)) => value.into_inner(),
        other => panic!("{key:?}: {other:?}"),
    }
}
fn samples(seen: &Seen, name: &str, label: Option<(&str, &str)>) -> Vec<f64> {
    let labels = label.map(|(key, value)| (key.to_owned(), value.to_owned())).into_iter().collect();
    match seen.get(&(name.to_owned(), labels)) {
        Some(DebugValue::Histogram(values)) => values.iter().map(|value| value.into_inner()).collect(),
        other => panic!("{name}: {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_account_goes_through_is_measured() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _installed = metrics::set_default_local_recorder(&recorder);
    describe_metrics();
    let rig = Rig::new().await;
    // The answer to the entry comes after 3 s, the stop is refused once, so that the leg is bare for a second.
    rig.venue.fail(is_entry, Fault::AnswerLate(Span::seconds(3)));
    rig.venue.fail(is_stop, Fault::Say(ExchangeError::RateLimited { retry_after: None }));
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    rig.pass(Span::seconds(10)).await;
    let first = seen(&snapshotter);
    assert!(!samples(&first, "hyperrsi_decision_seconds", None).is_empty());
    let trips = samples(&first, "hyperrsi_call_seconds", Some(("call", "place")));
    assert!(trips.iter().any(|took| (2.999..3.1).contains(took)), "{trips:?}");
    let bare = gauge(&first, "hyperrsi_unprotected_seconds", ("trader", "main:BTC"));
    assert!((0.5..10.0).contains(&bare), "{bare} s");
    assert!(gauge(&first, "hyperrsi_calls_under_way", ("account", "main")) < 1.5);
    assert!(gauge(&first, "hyperrsi_journal_queue", ("account", "main")).abs() < 0.5);
    assert_eq!(count(&first, "hyperrsi_venue_errors_total"), 1, "the refused stop");

    // An answer that never comes, a stream that breaks, a read that fails, a price that is none.
    rig.venue.fail(is_stop, Fault::LoseAnswer);
    let stop = rig.venue.stops()[0].client_id;
    rig.venue.cancel_by_hand(stop);
    rig.pass(Span::minutes(1)).await;
    rig.venue.drop_account_stream();
    rig.pass(Span::seconds(40)).await;
    rig.venue.drop_market();
    rig.venue.fail(named("positions"), Fault::Say(ExchangeError::Timeout { after: None }));
    rig.pass(Span::minutes(2)).await;
    rig.venue.push(AccountEvent::Gap { since: None });
    rig.settle().await;
    let second = seen(&snapshotter);
    assert!(count(&second, "hyperrsi_orders_unknown_total") >= 1);
    assert!(count(&second, "hyperrsi_orders_queried_total") >= 1);
    assert!(count(&second, "hyperrsi_reads_failed_total") >= 1);
    for link in ["account", "candles", "prices"] {
        let key = ("hyperrsi_reconnects_total".to_owned(), vec![("link".to_owned(), link.to_owned())]);
        assert!(matches!(second.get(&key), Some(DebugValue::Counter(1..))), "{link}: {:?}", second.get(&key));
    }
}

#[test]
fn the_book_lists_every_metric_with_its_kind_and_labels() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src/live.md");
    let Ok(book) = std::fs::read_to_string(path) else { return }; // a package without its book
    for meter in METERS {
        let kind = format!("{:?}", meter.kind).to_lowercase();
        let labels = meter.labels.join(", ");
        let unit = meter.unit.as_str();
        let row = format!("| `{}` | {kind} | {labels} | {unit} | {} |", meter.name, meter.text);
        assert!(book.contains(&row.replace("|  |", "| |")), "missing: {row}");
    }
}
