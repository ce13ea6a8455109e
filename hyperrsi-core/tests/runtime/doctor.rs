//! Every finding of the doctor, provoked, with what to do about it.

use crate::double::Fault;
use crate::rig::*;
use crate::stores::{Mood, Moody};
use hyperrsi_core::exchange::{ErrorClass, ExchangeError, Permissions};
use hyperrsi_core::model::*;
use hyperrsi_core::position::{EntryPlan, HedgePlan, HedgeTarget};
use hyperrsi_core::runtime::doctor::{Checked, Health, examine};
use hyperrsi_core::runtime::{Clock, Hub, Plan, Sleep, Terms};
use std::sync::Arc;

async fn examined(rig: &Rig, plans: &[Plan]) -> Vec<Checked> {
    let parts = rig.parts();
    examine(&*parts.exchange, &parts.hub, &*parts.store, &*parts.clock, plans).await
}

/// The finding about something, which is not good and says what to do.
fn finding<'a>(all: &'a [Checked], what: &str, health: Health) -> &'a Checked {
    let found = all.iter().find(|one| one.what == what && one.health == health);
    let found = found.unwrap_or_else(|| panic!("{what} {health:?}: {all:#?}"));
    let fix = found.fix.as_deref().unwrap_or_else(|| panic!("no fix: {found:?}"));
    assert!(fix.len() > 10 && found.told().ends_with(fix), "{found:?}");
    found
}

#[tokio::test(start_paused = true)]
async fn a_sound_account_has_nothing_to_be_done() {
    let rig = Rig::cold().await;
    let all = examined(&rig, &[rig.plan()]).await;
    assert!(all.iter().all(|one| one.health == Health::Good && one.fix.is_none()), "{all:#?}");
    let what: Vec<&str> = all.iter().map(|one| one.what).collect();
    let every =
        ["clock", "key", "position mode", "balance", "orders", "instrument", "leverage", "margin mode"];
    assert!(every.iter().chain(&["history", "store", "journal"]).all(|one| what.contains(one)), "{what:?}");
}

/// A clock that is so far behind.
struct Behind(Arc<dyn Clock>, Span);

impl Clock for Behind {
    fn now(&self) -> Timestamp {
        self.0.now() - self.1
    }
    fn sleep_until(&self, at: Timestamp) -> Sleep {
        self.0.sleep_until(at + self.1)
    }
    fn correct(&self, venue: Timestamp) -> Span {
        venue - self.now()
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_off() {
    let rig = Rig::cold().await;
    for (off, health) in [(5, Health::Poor), (60, Health::Bad)] {
        let parts = rig.parts();
        let clock = Behind(parts.clock, Span::seconds(off));
        let all = examine(&*parts.exchange, &parts.hub, &*parts.store, &clock, &[]).await;
        let found = finding(&all, "clock", health);
        assert!(found.found.contains(&format!("{} ms ahead", off * 1_000)), "{found:?}");
        assert!(found.told().contains("NTP"));
    }
}

#[tokio::test(start_paused = true)]
async fn keys_that_may_too_little_too_much_or_not_for_long() {
    let rig = Rig::cold().await;
    let config = |trade, withdraw, key_expires| {
        let permissions = Permissions { read: true, trade, withdraw };
        Some(hyperrsi_core::exchange::AccountConfig { permissions, key_expires, ..rig.venue.config() })
    };
    rig.venue.state().config = config(false, Some(false), None);
    assert!(finding(&examined(&rig, &[]).await, "key", Health::Bad).found.contains("only read"));
    rig.venue.state().config = config(true, Some(true), None);
    assert!(finding(&examined(&rig, &[]).await, "key", Health::Poor).found.contains("withdraw"));
    rig.venue.state().config = config(true, Some(false), Some(rig.venue.now() + Span::days(3)));
    assert!(finding(&examined(&rig, &[]).await, "key", Health::Poor).found.contains("ends"));
    rig.venue.state().config = None;
    rig.venue
        .fail(named("account_config"), Fault::Say(ExchangeError::from_venue(ErrorClass::Auth, "1", "no")));
    finding(&examined(&rig, &[]).await, "key", Health::Bad);
}

#[tokio::test(start_paused = true)]
async fn modes_and_leverage_that_are_not_the_plans() {
    let rig = Rig::cold().await;
    let config =
        hyperrsi_core::exchange::AccountConfig { position_mode: PositionMode::OneWay, ..rig.venue.config() };
    rig.venue.state().config = Some(config);
    let one_way = examined(&rig, &[rig.plan()]).await;
    assert!(one_way.iter().any(|one| one.what == "position mode" && one.health == Health::Good));
    let hedge = HedgePlan::new(1, HedgeTarget::PercentOfMain(Percent::new(dec!(50))));
    let entries = EntryPlan { hedge: Some(hedge), ..EntryPlan::default() };
    let mut terms = Terms::new(hyperrsi_core::risk::Size::Base(dec!(1).into()), exits());
    terms.entries = Some(Arc::new(entries));
    let all = examined(&rig, &[rig.plan().with_terms(terms)]).await;
    assert!(finding(&all, "position mode", Health::Poor).told().contains("hedge mode"));

    let mut plan = rig.plan();
    (plan.policy.leverage, plan.policy.margin_mode) = (5, MarginMode::Cross);
    let all = examined(&rig, &[plan]).await;
    for what in ["leverage", "margin mode"] {
        let found = finding(&all, what, Health::Good);
        assert!(found.told().contains("set at the start"), "{found:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_instrument_that_is_gone_or_has_other_filters() {
    let rig = Rig::cold().await;
    let mut plan = rig.plan();
    (plan.instrument.tick, plan.instrument.min_size) = (dec!(0.5), dec!(1));
    let all = examined(&rig, &[plan]).await;
    let found = finding(&all, "instrument", Health::Poor);
    assert!(
        found.found.contains("tick is 0.1, not 0.5") && found.found.contains("smallest size is 0.001, not 1")
    );
    rig.venue.state().unlisted = true;
    assert!(
        finding(&examined(&rig, &[rig.plan()]).await, "instrument", Health::Bad).found.contains("not listed")
    );
}

#[tokio::test(start_paused = true)]
async fn what_others_have_there_money_history_and_store() {
    let rig = Rig::cold().await;
    rig.venue.hold(LONG, dec!(1), dec!(100));
    let kind = OrderKind::Limit { price: dec!(150).into(), time_in_force: TimeInForce::GoodTillCancelled };
    rig.venue.order_by_hand("theirs1", LONG, kind, dec!(1));
    rig.venue.state().balance = dec!(0);
    rig.venue.state().candles.clear();
    let all = examined(&rig, &[rig.plan()]).await;
    assert!(finding(&all, "position", Health::Poor).found.contains("is open"));
    assert!(finding(&all, "orders", Health::Poor).found.contains("theirs1"));
    finding(&all, "balance", Health::Poor);
    finding(&all, "history", Health::Poor);
    for call in ["server_time", "balances", "positions", "open_orders", "leverage"] {
        rig.venue
            .fail(named(call), Fault::Say(ExchangeError::VenueFault { status: 502, detail: "down".into() }));
    }
    let all = examined(&rig, &[rig.plan()]).await;
    for what in ["clock", "balance", "positions", "orders", "leverage"] {
        finding(&all, what, Health::Bad);
    }
    assert_eq!(rig.venue.called("place").len() + rig.venue.called("cancel").len(), 0, "it only looks");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_answer() {
    let rig = Rig::cold().await;
    let store = Moody::default();
    store.be(Mood::Down);
    let parts = rig.parts();
    let all = examine(
        &*parts.exchange,
        &Hub::new(Arc::new(rig.venue.clone()), parts.clock.clone()),
        &store,
        &*parts.clock,
        &[],
    )
    .await;
    finding(&all, "store", Health::Bad);
}
