//! TRADING 12.6 and [T-15]: the cooldown, through the trader.

use crate::support::*;
use hyperrsi_core::model::*;
use hyperrsi_core::position::{Distance, ExitPlan};
use hyperrsi_core::risk::{Policy, Refusal, Size};
use hyperrsi_core::strategy::Decision;
use hyperrsi_core::trader::{Command, Input, Trader};

fn policy() -> Policy {
    let mut policy = Policy::default();
    (policy.leverage, policy.cooldown) = (10, Some(Span::seconds(300)));
    policy
}

fn at(rig: &mut Rig, time: &str) {
    rig.now = format!("2024-01-02T{time}Z").parse().unwrap();
}

fn try_to_enter(rig: &mut Rig, side: PositionSide, time: &str) -> Result<(), Refusal> {
    at(rig, time);
    let before = rig.refusals().len();
    rig.decide(Decision::enter(side, Size::Base(dec!(1).into()), ExitPlan::new()));
    match rig.refusals().get(before) {
        Some(refusal) => Err(*refusal),
        None => Ok(()),
    }
}

/// A long leg that was stopped out at 12:03:20.
fn exited() -> Rig {
    let mut rig = Rig::with(instrument(dec!(0.01), dec!(0.01), dec!(0.01)), policy());
    at(&mut rig, "12:02:00");
    rig.enter(LONG, dec!(1), dec!(100), ExitPlan::new().stop_loss(Distance::percent(dec!(5))));
    at(&mut rig, "12:03:20");
    let stop = rig.stop_order(LONG).unwrap();
    rig.fill_whole(&stop, dec!(95));
    assert_eq!(rig.trades.len(), 1);
    rig
}

#[test]
fn t15_the_same_side_rests() {
    let mut rig = exited();
    assert_eq!(try_to_enter(&mut rig, LONG, "12:08:00"), Err(Refusal::Cooldown));
    assert_eq!(try_to_enter(&mut rig, LONG, "12:09:00"), Ok(()));
}

#[test]
fn t15_the_opposite_side_may_enter_at_once() {
    let mut rig = exited();
    assert_eq!(try_to_enter(&mut rig, SHORT, "12:04:00"), Ok(()));
}

#[test]
fn t15_a_restart_at_12_05_changes_nothing() {
    let restarted = || {
        let exit = exited().trader.view().long.last_exit.unwrap();
        let instrument = instrument(dec!(0.01), dec!(0.01), dec!(0.01));
        let mut rig = Rig::with(instrument.clone(), policy());
        let trader = Trader::new(rig.trader.id().clone(), instrument, policy()).with_last_exit(LONG, exit);
        rig.trader = trader;
        at(&mut rig, "12:05:00");
        rig.feed(Input::Warm);
        rig.feed(Input::Command(Command::Start));
        rig
    };
    assert_eq!(try_to_enter(&mut restarted(), LONG, "12:08:00"), Err(Refusal::Cooldown));
    assert_eq!(try_to_enter(&mut restarted(), LONG, "12:09:00"), Ok(()));
    assert_eq!(try_to_enter(&mut restarted(), SHORT, "12:06:00"), Ok(()));
}

#[test]
fn t15_switching_the_cooldown_off_ends_it() {
    let mut rig = exited();
    at(&mut rig, "12:06:30");
    let mut off = policy();
    off.cooldown = None;
    rig.feed(Input::Policy(Box::new(off)));
    assert_eq!(try_to_enter(&mut rig, LONG, "12:07:00"), Ok(()));
}

#[test]
fn s12_6_a_decision_exactly_at_the_end_is_allowed() {
    let mut rig = exited();
    assert_eq!(try_to_enter(&mut rig, LONG, "12:08:19"), Err(Refusal::Cooldown));
    let mut rig = exited();
    assert_eq!(try_to_enter(&mut rig, LONG, "12:08:20"), Ok(()));
}

#[test]
fn s12_6_the_strategy_is_told_when_it_ends() {
    let rig = exited();
    let exit: Timestamp = "2024-01-02T12:03:20Z".parse().unwrap();
    assert_eq!(rig.trader.view().long.last_exit, Some(exit));
    assert_eq!(rig.trader.view().short.last_exit, None);
}
