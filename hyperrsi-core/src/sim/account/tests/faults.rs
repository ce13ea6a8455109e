use super::*;
use crate::exchange::ErrorClass;
use crate::model::Span;
use fault::{Fault, Script, Stream};

fn script(text: &str) -> Script {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_rule_counts_its_own_kind_of_call() {
    let mut script = script(
        r#"[{"call": "place", "nth": 2, "times": 2, "fault": "reject", "class": "insufficient_margin"},
            {"call": "*", "nth": 3, "fault": "drop_ack"}]"#,
    );
    let no = Fault::Reject { class: ErrorClass::InsufficientMargin, code: None };
    let calls = ["place", "cancel", "place", "place", "place"];
    let heard: Vec<_> = calls.iter().map(|kind| script.on_call(NOW, kind)).collect();
    assert_eq!(heard, [vec![], vec![], vec![no.clone(), Fault::DropAck], vec![no], vec![]]);
}

#[test]
fn a_rule_without_a_call_happens_once_at_its_time() {
    let mut script = script(
        r#"[{"at_ms": 5000, "fault": "mute_stream", "stream": "private", "for_ms": 1000},
            {"at_ms": 2000, "call": "place", "fault": "malformed"}]"#,
    );
    let mute = Fault::MuteStream { stream: Stream::Private, for_ms: Span::seconds(1) };
    assert_eq!(script.due(at(100)), []); // the script starts here
    assert_eq!(script.on_call(at(101), "place"), []);
    assert_eq!(script.on_call(at(102), "place"), [Fault::Malformed]);
    assert_eq!(script.due(at(104)), []);
    assert_eq!((script.due(at(106)), script.due(at(107))), (vec![mute], vec![]));
}

#[test]
fn a_script_reads_back_as_it_was_written() {
    let text = r#"[{"call":"place","nth":1,"times":1,"fault":"error_page","status":502,"after_effect":true},
        {"nth":1,"times":1,"at_ms":1,"fault":"cancel_by_hand","client_id":null,"conditional":true}]"#;
    let script = script(text);
    let written: serde_json::Value = serde_json::to_value(&script).unwrap();
    assert_eq!(written, serde_json::from_str::<serde_json::Value>(text).unwrap());
    assert!(serde_json::from_str::<Script>(r#"[{"fault": "no_such_fault"}]"#).is_err());
}
