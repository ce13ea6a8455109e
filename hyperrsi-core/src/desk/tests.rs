use super::*;
use crate::model::{InstrumentId, Percent, PositionSide, Price, Timestamp};
use crate::position::{EffectiveStop, StopKind};
use crate::store::StoreError;
use rust_decimal_macros::dec;

#[test]
fn commands_have_a_readable_json_form() {
    let text = r#"{"key":"k1","by":{"user":"ann","via":"api"},"command":"start","account":"main",
        "instrument":{"venue":"okx","symbol":"BTC-USDT-SWAP"},"strategy":"hyperrsi","timeframe":"5m","preset":null,
        "settings":{"leverage":5,"preset_note":null}}"#;
    let instruction: Instruction = serde_json::from_str(text).unwrap();
    match &instruction.command {
        Command::Start { instrument, settings, dry_run, .. } => {
            assert_eq!(*instrument, InstrumentId::new("okx", "BTC-USDT-SWAP"));
            assert_eq!(settings.get("leverage"), Some(&5.into()));
            assert!(!dry_run);
        }
        other => panic!("{other:?}"),
    }
    let again = serde_json::to_string(&instruction).unwrap();
    assert_eq!(serde_json::from_str::<Instruction>(&again).unwrap(), instruction);
}

#[test]
fn a_commands_name_is_its_tag() {
    let leg = || LegRef { trader: "t1".into(), side: PositionSide::Long };
    let commands = [
        Command::Stop { scope: Scope::Everything, legs: StopLegs::Close },
        Command::Panic { scope: Scope::Account("main".into()) },
        Command::Confirm { token: "t".into() },
        Command::Close { leg: leg(), share: Percent::new(dec!(50)) },
        Command::SetStop { leg: leg(), price: None },
        Command::Claim { leg: leg(), adopt: vec![], cancel: vec!["9".into()] },
        Command::LiftMarginBlock { trader: "t1".into() },
    ];
    for command in commands {
        let value = serde_json::to_value(&command).unwrap();
        assert_eq!(value["command"], command.name());
        assert_eq!(serde_json::from_value::<Command>(value).unwrap(), command);
    }
}

#[test]
fn receipts_and_events_survive_json() {
    let receipt = Receipt {
        key: "k".parse().unwrap(),
        at: Timestamp::EPOCH,
        effect: Effect::Each {
            results: vec![TraderResult { trader: "t1".into(), error: Some(DeskError::NotConfirmed) }],
        },
    };
    let text = serde_json::to_string(&receipt).unwrap();
    assert_eq!(serde_json::from_str::<Receipt>(&text).unwrap(), receipt, "{text}");

    let stop = EffectiveStop { price: Price::new(dec!(100)), kind: StopKind::BreakEven };
    for kind in [
        EventKind::StopMoved { side: PositionSide::Long, from: None, to: stop },
        EventKind::LeaseLost,
        EventKind::StoreDown { detail: "disk full".into() },
    ] {
        let event = Event {
            seq: Seq(7),
            account: "main".into(),
            trader: Some("t1".into()),
            instrument: None,
            at: Timestamp::EPOCH,
            kind,
        };
        let value = serde_json::to_value(Update::Event(event.clone())).unwrap();
        assert_eq!(value["kind"]["type"], event.kind.code());
        assert_eq!(serde_json::from_value::<Update>(value).unwrap(), Update::Event(event));
    }
}

#[test]
fn what_needs_a_person_now_is_critical() {
    let lost = EventKind::LeaseLost.severity();
    let gap = EventKind::DataGap { from: Timestamp::EPOCH, until: Timestamp::EPOCH }.severity();
    assert!(lost == Severity::Critical && gap < lost && EventKind::DataRestored.severity() < gap);
}

#[test]
fn a_bad_key_is_refused_at_the_door() {
    for text in ["", "with space", "ümlaut", &"x".repeat(129)] {
        assert!(text.parse::<CommandKey>().is_err(), "{text}");
        assert!(serde_json::from_value::<CommandKey>(text.into()).is_err(), "{text}");
    }
}

#[test]
fn a_settings_error_names_the_first_of_all_findings() {
    let finding =
        |code: &'static str| Finding { code: code.into(), key: "k".into(), message: format!("{code}!") };
    let error = DeskError::Settings { findings: vec![finding("a"), finding("b")] };
    assert!(error.to_string().starts_with("2 of the settings are not valid, the first: a!"), "{error}");
}

#[test]
fn a_taken_over_account_is_elsewhere() {
    let held = StoreError::Held { account: "main".into(), owner: "host-2".into(), expires: Timestamp::EPOCH };
    let error = DeskError::from(held);
    assert_eq!(error.code(), "elsewhere");
    assert!(error.to_string().contains("host-2"), "{error}");
}
