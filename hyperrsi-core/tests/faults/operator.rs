//! What operators ask for: its effect at the venue, the same key twice, and after the process died.

use crate::double::{Fault, refused};
use crate::rig::*;
use hyperrsi_core::desk::*;
use hyperrsi_core::exchange::{Answer, ErrorClass};
use hyperrsi_core::model::*;
use hyperrsi_core::runtime::{Clock, LocalDesk};
use hyperrsi_core::store::*;
use rust_decimal::Decimal;
use std::sync::Arc;

/// A running trader whose settings can be changed, and its desk.
async fn started() -> (Rig, LocalDesk) {
    let mut rig = Rig::cold().await;
    rig.start_plan(rig.plan_of_settings()).await;
    let desk = desk(&rig);
    (rig, desk)
}

fn desk(rig: &Rig) -> LocalDesk {
    let desk = LocalDesk::new(Arc::clone(&rig.store), Arc::clone(&rig.venue.clock) as Arc<dyn Clock>);
    desk.attach(rig.session.as_ref().unwrap().handle());
    desk
}

/// The process dies and another one goes on.
async fn restarted(rig: &mut Rig) -> LocalDesk {
    rig.kill().await;
    rig.start_plan(rig.plan_of_settings()).await;
    rig.pass(Span::seconds(5)).await;
    desk(rig)
}

fn by() -> Actor {
    Actor { user: "ann".into(), via: Via::Program }
}
fn ask(key: &str, command: Command) -> Instruction {
    Instruction { key: key.parse().unwrap(), by: by(), command }
}
fn leg(side: PositionSide) -> LegRef {
    LegRef { trader: "main:BTC".into(), side }
}
fn enter_by_hand(quantity: Option<Decimal>) -> Command {
    Command::Enter { leg: leg(LONG), quantity: quantity.map(Quantity::new) }
}
fn update(layer: Layer, changes: serde_json::Value) -> Command {
    let changes = serde_json::from_value(changes).unwrap();
    Command::UpdateSettings { strategy: StrategyId::new("custom"), layer, expected: None, changes }
}
fn account() -> Layer {
    Layer::Account("main".into())
}
fn prices(orders: &[OrderSpec]) -> Vec<Decimal> {
    let mut prices: Vec<_> = orders.iter().filter_map(|order| order.kind.price()).map(Price::get).collect();
    prices.sort();
    prices
}
fn stop_at(rig: &Rig) -> Vec<Decimal> {
    prices(&rig.venue.stops())
}

/// What a command leads to takes a moment, and a price.
async fn done(rig: &Rig, desk: &LocalDesk, key: &str, command: Command) -> Receipt {
    let receipt = desk.command(ask(key, command)).await.unwrap();
    rig.pass(Span::seconds(1)).await;
    receipt
}

async fn long_by_hand(rig: &Rig, desk: &LocalDesk, key: &str) {
    rig.price(100.0).await;
    done(rig, desk, key, enter_by_hand(None)).await;
    assert_eq!(rig.venue.held(LONG), dec!(1), "{:?}", rig.skipped().await);
}

#[tokio::test(start_paused = true)]
async fn an_entry_by_hand_is_sized_protected_and_made_once() {
    let (mut rig, desk) = started().await;
    rig.price(100.0).await;
    let first = done(&rig, &desk, "e1", enter_by_hand(Some(dec!(0.4)))).await;
    assert_eq!(rig.venue.held(LONG), dec!(0.4));
    assert_eq!(stop_at(&rig), [dec!(99)], "the plan's stop");
    rig.assert_sound().await;
    let manual = rig.events().await.into_iter().any(
        |event| matches!(event.kind, EventKind::Entered { role: EntryRole::Manual, quantity, .. } if quantity.get() == dec!(0.4)),
    );
    assert!(manual, "told as made by hand");
    rig.price(102.0).await;
    rig.pass(Span::seconds(3)).await;
    assert_eq!(rig.venue.held(LONG), dec!(0));
    assert_eq!(desk.command(ask("e1", enter_by_hand(Some(dec!(0.4))))).await.unwrap(), first);
    let desk = restarted(&mut rig).await;
    rig.price(100.0).await;
    assert_eq!(desk.command(ask("e1", enter_by_hand(Some(dec!(0.4))))).await.unwrap(), first);
    rig.pass(Span::seconds(1)).await;
    assert_eq!(rig.venue.held(LONG), dec!(0), "not made again, not by the next process either");
    done(&rig, &desk, "e2", enter_by_hand(Some(dec!(7)))).await;
    assert_eq!(rig.venue.held(LONG), dec!(1), "never more than the settings allow");
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn an_entry_by_hand_passes_the_gates_of_opening() {
    let (rig, desk) = started().await;
    rig.price(100.0).await;
    done(&rig, &desk, "p", Command::PauseEntries { scope: Scope::Account("main".into()) }).await;
    let gated = desk.command(ask("e", enter_by_hand(None))).await;
    assert_eq!(gated, Err(DeskError::Gated { reason: "paused".into() }));
    assert_eq!(rig.venue.placed(), []);
    done(&rig, &desk, "r", Command::Resume { scope: Scope::Account("main".into()) }).await;
    rig.price(100.0).await;
    done(&rig, &desk, "e", enter_by_hand(None)).await;
    assert_eq!(rig.venue.held(LONG), dec!(1), "a command that was refused may come again with its key");
}

#[tokio::test(start_paused = true)]
async fn a_ladder_set_by_hand_stays_over_a_restart_and_goes_back_to_the_plan() {
    let (mut rig, desk) = started().await;
    long_by_hand(&rig, &desk, "e").await;
    let level = |price, share| LadderLevel { price: Price::new(price), share: Percent::new(share) };
    let levels = vec![level(dec!(101), dec!(50)), level(dec!(103), dec!(50))];
    let set = Command::SetLadder { leg: leg(LONG), levels };
    done(&rig, &desk, "l1", set.clone()).await;
    assert_eq!(prices(&rig.venue.limits()), [dec!(101), dec!(103)]);
    assert!(rig.venue.limits().iter().all(|order| order.quantity.get() == dec!(0.5)));
    assert_eq!(stop_at(&rig), [dec!(99)], "the stop stays");
    rig.assert_sound().await;
    let desk = restarted(&mut rig).await;
    assert_eq!(prices(&rig.venue.limits()), [dec!(101), dec!(103)]);
    done(&rig, &desk, "l2", Command::SetLadder { leg: leg(LONG), levels: Vec::new() }).await;
    assert_eq!(prices(&rig.venue.limits()), [dec!(102)], "the plan's");
    done(&rig, &desk, "l1", set).await;
    assert_eq!(prices(&rig.venue.limits()), [dec!(102)], "the same key does nothing again");
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_set_by_hand_is_given_up_again() {
    let (rig, desk) = started().await;
    long_by_hand(&rig, &desk, "e").await;
    let set = |price: Option<Decimal>| Command::SetStop { leg: leg(LONG), price: price.map(Price::new) };
    done(&rig, &desk, "s1", set(Some(dec!(97.5)))).await;
    assert_eq!(stop_at(&rig), [dec!(97.5)], "looser, because an operator says so");
    done(&rig, &desk, "s2", set(None)).await;
    assert_eq!(stop_at(&rig), [dec!(99)]);
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn an_order_that_is_cancelled_by_command_comes_back_if_the_plan_wants_it() {
    let (rig, desk) = started().await;
    long_by_hand(&rig, &desk, "e").await;
    let before = rig.venue.limits()[0].client_id;
    let (account, instrument) = (AccountId::new("main"), rig.venue.instrument.id.clone());
    let cancel = |order: &str| Command::CancelOrder {
        account: account.clone(),
        instrument: instrument.clone(),
        order: order.into(),
    };
    done(&rig, &desk, "c1", cancel(before.as_str())).await;
    assert_eq!(prices(&rig.venue.limits()), [dec!(102)]);
    assert_ne!(rig.venue.limits()[0].client_id, before, "another order");
    let kind =
        OrderKind::Limit { price: Price::new(dec!(120)), time_in_force: TimeInForce::GoodTillCancelled };
    rig.venue.order_by_hand("x9", LONG, kind, dec!(1));
    rig.pass(Span::seconds(40)).await;
    let foreign = desk.command(ask("c2", cancel("x9"))).await;
    assert!(matches!(foreign, Err(DeskError::Nothing { .. })), "{foreign:?}");
    assert_eq!(rig.venue.foreign(), ["x9"], "what others placed is not touched");
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn a_claim_takes_the_orders_it_names_and_no_other() {
    let (mut rig, desk) = started().await;
    rig.price(100.0).await;
    let limit =
        |price| OrderKind::Limit { price: Price::new(price), time_in_force: TimeInForce::GoodTillCancelled };
    let stop = OrderKind::StopMarket { trigger: Price::new(dec!(95)), source: TriggerSource::Mark };
    rig.venue.hold(LONG, dec!(2), dec!(100));
    rig.venue.order_by_hand("stop", LONG, stop, dec!(2));
    rig.venue.order_by_hand("target", LONG, limit(dec!(110)), dec!(1));
    rig.venue.order_by_hand("other", LONG, limit(dec!(120)), dec!(1));
    rig.pass(Span::seconds(40)).await;
    assert!(rig.codes().await.contains(&"foreign_position"));
    let shown: Vec<_> = rig.trader().await.orders.into_iter().filter_map(|order| order.venue_id).collect();
    assert_eq!(shown, ["stop", "target", "other"], "a claim may name them");
    let claim = |adopt: &[&str], cancel: &[&str]| Command::Claim {
        leg: leg(LONG),
        adopt: adopt.iter().map(|name| (*name).into()).collect(),
        cancel: cancel.iter().map(|name| (*name).into()).collect(),
    };
    let unknown = desk.command(ask("k0", claim(&["nobody"], &[]))).await;
    assert!(matches!(unknown, Err(DeskError::Nothing { .. })), "{unknown:?}");
    assert!(rig.venue.placed().is_empty());

    let first = done(&rig, &desk, "k1", claim(&["stop"], &["target"])).await;
    rig.pass(Span::seconds(5)).await;
    assert_eq!(
        rig.venue.foreign(),
        ["other"],
        "one replaced by the plan's stop, one cancelled, one left alone"
    );
    assert_eq!(stop_at(&rig), [dec!(99)]);
    rig.assert_sound().await;
    let placed = rig.venue.placed().len();
    let desk = restarted(&mut rig).await;
    rig.assert_sound().await;
    assert_eq!(desk.command(ask("k1", claim(&["stop"], &["target"]))).await.unwrap(), first);
    rig.pass(Span::seconds(5)).await;
    assert_eq!((rig.venue.placed().len(), rig.venue.foreign()), (placed, vec!["other".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn a_margin_block_outlives_the_process_and_is_lifted_by_command() {
    let (mut rig, desk) = started().await;
    let no_margin = Fault::Answer(Answer::Order(refused(ErrorClass::InsufficientMargin)));
    rig.venue.fail_times(is_entry, no_margin, 3);
    for n in 0..3 {
        rig.price(100.0).await;
        done(&rig, &desk, &format!("e{n}"), enter_by_hand(None)).await;
    }
    let gates = |status: TraderStatus| -> Vec<String> {
        status.gates.iter().map(|gate| gate.code.to_string()).collect()
    };
    assert_eq!(gates(rig.trader().await), ["margin_blocked"]);
    let desk = restarted(&mut rig).await;
    assert_eq!(gates(rig.trader().await), ["margin_blocked"], "three in a row are not forgotten");
    done(&rig, &desk, "m", Command::LiftMarginBlock { trader: "main:BTC".into() }).await;
    assert!(gates(rig.trader().await).is_empty());
    long_by_hand(&rig, &desk, "e9").await;
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn who_was_stopped_by_an_operator_is_not_started_by_a_restart() {
    let (mut rig, desk) = started().await;
    long_by_hand(&rig, &desk, "e").await;
    let stop = Command::Stop { scope: Scope::Trader("main:BTC".into()), legs: StopLegs::ManageOnly };
    done(&rig, &desk, "s", stop).await;
    let desk = restarted(&mut rig).await;
    assert_eq!(rig.trader().await.state, TraderState::ManageOnly);
    rig.price(102.0).await;
    rig.pass(Span::seconds(3)).await;
    assert_eq!(rig.venue.held(LONG), dec!(0), "managed to its end");
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    assert_eq!(rig.venue.held(LONG), dec!(0));
    let start = Command::Start {
        account: "main".into(),
        instrument: rig.venue.instrument.id.clone(),
        strategy: StrategyId::new("custom"),
        timeframe: None,
        preset: None,
        settings: Changes::new(),
        dry_run: false,
    };
    done(&rig, &desk, "go", start).await;
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    assert_eq!(rig.venue.held(LONG), dec!(1), "{:?}", rig.skipped().await);
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f76_new_settings_are_for_the_next_entry_and_move_orders_only_on_request() {
    let (mut rig, desk) = started().await;
    long_by_hand(&rig, &desk, "e").await;
    let three = serde_json::json!({"stop": 3, "leverage": 2});
    let receipt = done(&rig, &desk, "u1", update(account(), three.clone())).await;
    let Effect::Settings { version: 1, changes, .. } = &receipt.effect else { panic!("{receipt:?}") };
    let change =
        |key: &str, from: serde_json::Value, to: i64| SettingChange { key: key.into(), from, to: to.into() };
    let null = serde_json::Value::Null;
    assert_eq!(*changes, [change("leverage", null.clone(), 2), change("stop", null, 3)]);
    assert_eq!(stop_at(&rig), [dec!(99)], "what rests stays");
    let pending = [change("leverage", 1.into(), 2), change("stop", 1.into(), 3)];
    let view = desk.settings(&by(), &"main:BTC".into()).await.unwrap();
    assert_eq!((view.version, view.pending.as_slice()), (2, pending.as_slice()), "the difference is shown");

    let desk = restarted(&mut rig).await;
    assert_eq!(desk.command(ask("u1", update(account(), three))).await.unwrap(), receipt);
    let view = desk.settings(&by(), &"main:BTC".into()).await.unwrap();
    assert_eq!((view.version, view.pending.as_slice()), (2, pending.as_slice()), "stored and current");
    assert_eq!(stop_at(&rig), [dec!(99)]);
    assert_eq!(rig.venue.state().leverage, 2, "set before the next entry");

    let apply = Command::ApplySettings { trader: "main:BTC".into() };
    done(&rig, &desk, "a", apply.clone()).await;
    assert_eq!(stop_at(&rig), [dec!(97)]);
    assert!(desk.settings(&by(), &"main:BTC".into()).await.unwrap().pending.is_empty());
    let set = Command::SetStop { leg: leg(LONG), price: Some(Price::new(dec!(98.5))) };
    done(&rig, &desk, "s", set).await;
    done(&rig, &desk, "a", apply).await;
    assert_eq!(stop_at(&rig), [dec!(98.5)], "the same key moves nothing again");
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f76_the_next_entry_uses_the_new_values() {
    let (mut rig, desk) = started().await;
    long_by_hand(&rig, &desk, "e1").await;
    done(&rig, &desk, "u", update(account(), serde_json::json!({"stop": 4, "target": 6, "size": 2}))).await;
    let desk = restarted(&mut rig).await;
    rig.price(102.0).await;
    rig.pass(Span::seconds(3)).await;
    assert_eq!(rig.venue.held(LONG), dec!(0), "the old target was still the leg's");
    rig.price(100.0).await;
    done(&rig, &desk, "e2", enter_by_hand(None)).await;
    assert_eq!(rig.venue.held(LONG), dec!(2));
    assert_eq!((stop_at(&rig), prices(&rig.venue.limits())), (vec![dec!(96)], vec![dec!(106)]));
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn settings_that_cannot_be_traded_are_not_stored() {
    let (rig, desk) = started().await;
    let wrong = desk.command(ask("u", update(account(), serde_json::json!({"stop": 0})))).await;
    assert!(
        matches!(&wrong, Err(DeskError::Settings { findings }) if findings[0].key == "stop"),
        "{wrong:?}"
    );
    let key = LayerKey { strategy: StrategyId::new("custom"), layer: account() };
    assert_eq!(rig.store.settings(&key, None).await.unwrap(), None);
    assert_eq!(rig.trader().await.settings_version, 1);
}

#[tokio::test(start_paused = true)]
async fn a_preset_applies_to_who_follows_it_and_cannot_be_removed_meanwhile() {
    let (mut rig, desk) = started().await;
    let user = User {
        id: "ann".into(),
        name: "Ann".into(),
        role: Role::Trader,
        language: "en".into(),
        created: rig.venue.now(),
        disabled: false,
    };
    rig.store.put_user(user).await.unwrap();
    let preset = Preset {
        id: "calm".into(),
        user: "ann".into(),
        strategy: StrategyId::new("custom"),
        name: "Calm".into(),
        description: String::new(),
        default: false,
    };
    done(&rig, &desk, "p1", Command::SavePreset { preset }).await;
    let calm = Layer::Preset("calm".into());
    done(&rig, &desk, "p2", update(calm.clone(), serde_json::json!({"stop": 5}))).await;
    assert_eq!(rig.trader().await.settings_version, 1, "nobody follows it yet");
    let assign = |preset: Option<&str>| Command::AssignPreset {
        trader: "main:BTC".into(),
        preset: preset.map(Into::into),
    };
    done(&rig, &desk, "p3", assign(Some("calm"))).await;
    long_by_hand(&rig, &desk, "e").await;
    assert_eq!(stop_at(&rig), [dec!(95)]);
    let removed = desk.command(ask("p4", Command::RemovePreset { preset: "calm".into() })).await;
    assert!(matches!(removed, Err(DeskError::Conflict { .. })), "{removed:?}");
    let desk = restarted(&mut rig).await;
    let view = desk.settings(&by(), &"main:BTC".into()).await.unwrap();
    assert_eq!(
        (view.version, view.effective["stop"].as_i64()),
        (2, Some(5)),
        "followed after a restart as well"
    );
    done(&rig, &desk, "p5", assign(None)).await;
    done(&rig, &desk, "p6", Command::RemovePreset { preset: "calm".into() }).await;
    assert!(desk.presets(&by()).await.unwrap().is_empty());
    rig.assert_sound().await;
}
