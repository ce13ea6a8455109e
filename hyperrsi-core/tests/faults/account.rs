//! What the account and its key are like.

use crate::double::Fault;
use crate::rig::*;
use hyperrsi_core::desk::EventKind;
use hyperrsi_core::exchange::*;
use hyperrsi_core::model::*;
use hyperrsi_core::risk::Policy;
use hyperrsi_core::runtime::{Options, Plan, Session};
use hyperrsi_core::store::Environment;

#[tokio::test(start_paused = true)]
async fn f48_leverage_that_cannot_be_set_keeps_entries_away() {
    let mut rig = Rig::cold().await;
    let setting = LeverageSetting {
        instrument: rig.venue.instrument.id.clone(),
        margin_mode: MarginMode::Isolated,
        long: 20,
        short: 20,
    };
    rig.venue.fail_times(named("leverage"), Fault::Answer(Answer::Leverage(setting)), 1_000);
    rig.start().await;
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    assert!(rig.venue.placed().is_empty());
    assert!(rig.skipped().await.contains(&"leverage_mismatch".to_owned()), "{:?}", rig.skipped().await);
    assert!(rig.codes().await.contains(&"mode_mismatch"), "told, with what is wanted");
}

#[tokio::test(start_paused = true)]
async fn f48_leverage_that_is_right_is_not_touched() {
    let rig = Rig::new().await;
    assert!(rig.venue.called("set_leverage").is_empty());
    assert!(!rig.venue.called("leverage").is_empty(), "but read");
}

#[tokio::test(start_paused = true)]
async fn f49_another_margin_mode_keeps_entries_away() {
    let mut rig = Rig::cold().await;
    let setting = LeverageSetting {
        instrument: rig.venue.instrument.id.clone(),
        margin_mode: MarginMode::Cross,
        long: 1,
        short: 1,
    };
    rig.venue.fail_times(named("leverage"), Fault::Answer(Answer::Leverage(setting)), 1_000);
    rig.start().await;
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    assert!(rig.venue.placed().is_empty());
    assert!(!rig.venue.called("set_margin_mode").is_empty(), "it was tried");
}

#[tokio::test(start_paused = true)]
async fn f50_the_position_mode_is_read_and_never_changed() {
    let mut rig = Rig::cold().await;
    let mut config = rig.venue.config();
    config.position_mode = PositionMode::OneWay;
    rig.venue.state().config = Some(config);
    rig.start().await;
    rig.long().await;
    assert!(rig.venue.called("set_position_mode").is_empty());
    let status = rig.session.as_ref().unwrap().handle().status().await.unwrap();
    assert_eq!(status.position_mode, Some(PositionMode::OneWay));
    rig.assert_sound().await;
}

#[tokio::test(start_paused = true)]
async fn f51_a_mode_changed_meanwhile_is_noticed_and_told() {
    let rig = Rig::new().await;
    let mut config = rig.venue.config();
    config.position_mode = PositionMode::OneWay;
    rig.venue.state().config = Some(config);
    let no = OrderOutcome::Refused(Refused::new(ErrorClass::ModeMismatch, None, "position side"));
    rig.venue.fail(is_entry, Fault::Answer(Answer::Order(no)));
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    rig.pass(Span::seconds(2)).await;
    let status = rig.session.as_ref().unwrap().handle().status().await.unwrap();
    assert_eq!(status.position_mode, Some(PositionMode::OneWay));
    assert!(rig.codes().await.contains(&"mode_mismatch"));
}

#[tokio::test(start_paused = true)]
async fn f52_funding_is_booked_once_as_its_own() {
    let rig = Rig::new().await;
    rig.long().await;
    let flow = CashFlow {
        id: "f1".into(),
        kind: CashFlowKind::Funding,
        instrument: Some(rig.venue.instrument.id.clone()),
        asset: "USDT".into(),
        amount: Amount::new(dec!(-0.75)),
        time: rig.venue.now(),
    };
    let handle = rig.session.as_ref().unwrap().handle();
    let before = handle.status().await.unwrap().equity;
    rig.venue.push(AccountEvent::CashFlow(flow.clone()));
    rig.venue.push(AccountEvent::CashFlow(flow));
    rig.settle().await;
    let after = handle.status().await.unwrap().equity;
    assert_eq!(after.get() - before.get(), dec!(-0.75));
    assert!(rig.codes().await.contains(&"funding"));
    rig.price(102.0).await;
    rig.pass(Span::seconds(3)).await;
    let net = |event: &hyperrsi_core::desk::Event| match &event.kind {
        EventKind::TradeClosed { net, .. } => Some(net.get()),
        _ => None,
    };
    let nets: Vec<_> = rig.events().await.iter().filter_map(net).collect();
    assert_eq!(nets, [dec!(1.25)], "2 gross less 0.75 funding");
}

#[tokio::test(start_paused = true)]
async fn f60_an_order_with_our_mark_that_we_do_not_know_stops_entries() {
    let rig = Rig::new().await;
    rig.long().await;
    // The same trader on another machine: same mark, same trader, another cycle.
    let own = rig.venue.stops()[0].client_id.to_string();
    let other: ClientOrderId = format!("{}zzzzzzz{}", &own[..9], &own[16..]).parse().unwrap();
    let mut order = rig.venue.state().orders.values().next().unwrap().clone();
    (order.origin, order.id) = (Origin::Own(other), VenueOrderId::new("v77"));
    rig.venue.push(AccountEvent::Order(Box::new(order)));
    rig.settle().await;
    assert!(rig.codes().await.contains(&"second_writer"));
    let status = rig.session.as_ref().unwrap().handle().trader(&"main:BTC".into()).await.unwrap();
    assert!(!status.gates.is_empty(), "nothing is opened");
}

#[tokio::test(start_paused = true)]
async fn f72_a_key_that_does_not_work_ends_the_calls_and_is_told_once() {
    let rig = Rig::new().await;
    rig.long().await;
    let no = || Fault::Say(ExchangeError::from_venue(ErrorClass::Auth, "401", "invalid key"));
    rig.venue.fail_times(|_| true, no(), u32::MAX);
    rig.pass(Span::seconds(35)).await;
    let before = rig.venue.state().calls.len();
    rig.pass(Span::minutes(10)).await;
    let more = rig.venue.state().calls.len() - before;
    assert!(more <= 25, "{more} calls in ten minutes with a dead key");
    let told = rig.codes().await.iter().filter(|code| **code == "key_rejected").count();
    assert_eq!(told, 1);
    let status = rig.session.as_ref().unwrap().handle().status().await.unwrap();
    assert_eq!(status.state, hyperrsi_core::desk::AccountState::Locked);
    assert_eq!(rig.venue.stops().len(), 1, "the stop rests at the venue");
}

#[tokio::test(start_paused = true)]
async fn f73_a_key_that_may_withdraw_is_warned_about() {
    let mut rig = Rig::cold().await;
    let mut config = rig.venue.config();
    config.permissions.withdraw = Some(true);
    rig.venue.state().config = Some(config);
    rig.start().await;
    assert!(rig.codes().await.contains(&"key_warning"));
}

#[tokio::test(start_paused = true)]
async fn f85_a_retired_endpoint_ends_entries_and_is_named() {
    let rig = Rig::new().await;
    let gone = || Fault::Say(ExchangeError::from_venue(ErrorClass::Retired, "-4120", "endpoint retired"));
    rig.venue.fail(is_entry, gone());
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    rig.minute(100.0, Some(enter(LONG, dec!(1)))).await;
    assert_eq!(rig.venue.placed().len(), 1, "no second attempt");
    assert!(rig.codes().await.contains(&"endpoint_retired"));
}

async fn open(rig: &Rig, environment: Environment) -> Result<Session, hyperrsi_core::runtime::StartError> {
    let mut options = Options::new("test");
    options.environment = environment;
    Session::open(rig.parts(), options, vec![rig.plan()]).await
}

#[tokio::test(start_paused = true)]
async fn f86_keys_of_the_other_world_are_refused_at_the_start() {
    let rig = Rig::cold().await;
    let error = open(&rig, Environment::Live).await.unwrap_err().to_string();
    assert!(error.contains("test network"), "{error}");
    let mut config = rig.venue.config();
    config.demo = false;
    rig.venue.state().config = Some(config);
    let error = open(&rig, Environment::Demo).await.unwrap_err().to_string();
    assert!(error.contains("live venue"), "{error}");
    assert!(open(&rig, Environment::Live).await.is_ok());
    assert!(rig.venue.placed().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_a_venue_lacks_is_an_error_before_the_start() {
    let mut rig = Rig::cold().await;
    rig.venue.can.features.remove(&Feature::Leverage);
    let mut policy = Policy::default();
    policy.leverage = 3;
    let plan = Plan::new("main:BTC", rig.venue.instrument.clone(), policy, rig.script.clone());
    let error = Session::open(rig.parts(), Options::new("test"), vec![plan]).await.unwrap_err().to_string();
    assert!(error.starts_with("double has no leverage"), "{error}");
}
