//! TRADING 7.10: where resting orders lock what they would sell, the stop rests, take profits are watched and sent once
//! touched, after the stop has made room. The venue of these
//! tests takes nothing that the position does not cover.

use crate::support::*;
use hyperrsi_core::model::*;
use hyperrsi_core::position::{Distance, ExitPlan, StopKind};
use hyperrsi_core::risk::{Policy, Size};
use hyperrsi_core::strategy::{Decision, LegState};
use hyperrsi_core::trader::{Command, Input, Output};
use rust_decimal::Decimal;
use std::sync::Arc;

fn spot() -> Instrument {
    let mut instrument = instrument(dec!(0.01), dec!(0.01), dec!(0.01));
    instrument.kind = InstrumentKind::Spot;
    instrument.max_leverage = 1;
    instrument
}

fn locking() -> Policy {
    let mut policy = leverage(1);
    policy.venue.locks_quantity = true;
    policy
}

/// Long 1 at 100: levels at 102, 103 and 104 for 0.3, 0.3 and 0.4, stop at 95, break-even on.
fn laddered() -> Rig {
    let mut rig = Rig::with(spot(), locking());
    rig.enter(
        LONG,
        dec!(1),
        dec!(100),
        break_even(ladder([30, 30, 40])).stop_loss(Distance::percent(dec!(5))),
    );
    rig
}

/// What was sent since the last look, in order.
fn sent(rig: &mut Rig) -> Vec<String> {
    let order = |spec: &OrderSpec| match spec.kind {
        OrderKind::Market => format!("close {}", spec.quantity.get().normalize()),
        OrderKind::StopMarket { trigger, .. } => {
            format!("stop {} at {}", spec.quantity.get().normalize(), trigger.get().normalize())
        }
        kind => format!(
            "limit {} at {}",
            spec.quantity.get().normalize(),
            kind.price().unwrap().get().normalize()
        ),
    };
    let mut out = Vec::new();
    for output in std::mem::take(&mut rig.log) {
        match output {
            Output::Place { ticket, .. } if ticket.order().reduce_only => {
                out.push(order(ticket.order()));
            }
            Output::Amend { order: spec, .. } => out.push(format!("amend {}", order(&spec))),
            Output::Cancel { .. } => out.push("cancel".into()),
            _ => {}
        }
    }
    out
}

#[test]
fn s7_10_only_the_stop_rests_until_a_level_is_touched() {
    let mut rig = laddered();
    assert_eq!(sent(&mut rig), ["stop 1 at 95"]);
    rig.price(101.99);
    assert_eq!(sent(&mut rig), [""; 0]);
    rig.price(102.0);
    assert_eq!(sent(&mut rig), ["amend stop 0.7 at 95", "limit 0.3 at 102"]);
}

#[test]
fn s7_10_a_ladder_is_carried_out_level_by_level() {
    let mut rig = laddered();
    rig.price(102.0);
    sent(&mut rig);
    rig.fill_take_profit(LONG);
    assert_eq!(sent(&mut rig), ["amend stop 0.7 at 100"], "break-even for what is left");
    rig.price(103.0);
    assert_eq!(sent(&mut rig), ["amend stop 0.4 at 100", "limit 0.3 at 103"]);
    rig.fill_take_profit(LONG);
    assert_eq!(sent(&mut rig), ["amend stop 0.4 at 102"]);
    rig.price(104.0);
    assert_eq!(sent(&mut rig), ["cancel", "limit 0.4 at 104"], "the last level needs all that is left");
    assert_eq!(rig.stop(LONG), stop_at(dec!(102), StopKind::BreakEven), "the engine watches it");
    rig.fill_take_profit(LONG);
    assert_eq!(rig.trades[0].reason.code(), "tp3");
    // 0.3 × 2 + 0.3 × 3 + 0.4 × 4, without fees
    assert_eq!(rig.trades[0].gross_pnl.get().normalize(), dec!(3.1));
}

#[test]
fn s7_10_a_jump_over_two_levels_sends_both() {
    let mut rig = laddered();
    sent(&mut rig);
    rig.price(103.5);
    assert_eq!(sent(&mut rig), ["amend stop 0.4 at 95", "limit 0.3 at 102", "limit 0.3 at 103"]);
}

#[test]
fn s7_10_the_limit_waits_until_the_smaller_stop_is_confirmed() {
    let mut rig = laddered();
    sent(&mut rig);
    rig.mode = Mode::Silent;
    rig.price(102.0);
    assert_eq!(sent(&mut rig), ["amend stop 0.7 at 95"]);
    rig.oblige_all();
    assert_eq!(sent(&mut rig), ["limit 0.3 at 102"]);
}

#[test]
fn s7_10_a_price_that_falls_back_is_closed_by_the_engine_after_all_made_room() {
    let mut rig = laddered();
    rig.price(102.0);
    sent(&mut rig);
    // The limit of 0.3 has not filled, the venue's stop covers 0.7: the engine's own stop holds the rest.
    rig.price(95.0);
    assert_eq!(sent(&mut rig), ["cancel", "cancel", "close 1"]);
    let close = rig.close_order().unwrap();
    rig.fill_whole(&close, dec!(95));
    assert_eq!(rig.trades[0].reason.code(), "stop_loss");
    assert_eq!(rig.live, []);
}

#[test]
fn s7_10_a_close_by_hand_cancels_the_stop_first_and_closes_once_it_is_gone() {
    let mut rig = laddered();
    sent(&mut rig);
    rig.mode = Mode::Silent;
    rig.feed(Input::Command(Command::Close { side: LONG, fraction: dec!(1) }));
    assert_eq!(sent(&mut rig), ["cancel"]);
    rig.oblige_all();
    assert_eq!(rig.trader.view().long.state, LegState::Closing);
    assert_eq!(sent(&mut rig), ["close 1"]);
}

#[test]
fn s7_10_a_part_is_closed_after_the_stop_made_room() {
    let mut rig = laddered();
    sent(&mut rig);
    rig.feed(Input::Command(Command::Close { side: LONG, fraction: dec!(0.5) }));
    assert_eq!(sent(&mut rig), ["amend stop 0.5 at 95", "close 0.5"]);
    let close = rig.close_order().unwrap();
    rig.fill_whole(&close, dec!(101));
    assert_eq!(sent(&mut rig), [""; 0], "the stop is as large as what is left");
    // 7.4 of 0.5: 0.15, 0.15, 0.2
    rig.price(102.0);
    assert_eq!(sent(&mut rig), ["amend stop 0.35 at 95", "limit 0.15 at 102"]);
}

#[test]
fn s7_10_an_entry_takes_touched_levels_back_before_the_stop_grows() {
    let mut rig = laddered();
    rig.price(102.0);
    sent(&mut rig);
    rig.add(LONG, dec!(1), dec!(101));
    // A = 100.5: stop 95.475 → 95.48. It grows over the new coins at once, over the withdrawn 0.3 once they are free.
    let all = sent(&mut rig);
    assert_eq!(all.last().map(String::as_str), Some("amend stop 2 at 95.48"), "{all:?}");
    assert!(rig.take_profits(LONG).is_empty());
    assert_eq!(prices(&rig.stop_orders(LONG)), [(dec!(95.48), dec!(2))]);
}

#[test]
fn s7_10_without_a_stop_take_profits_rest_and_make_way_for_one() {
    let mut rig = Rig::with(spot(), locking());
    rig.enter(LONG, dec!(1), dec!(100), break_even(ladder([30, 30, 40])));
    assert_eq!(sent(&mut rig), ["limit 0.3 at 102", "limit 0.3 at 103", "limit 0.4 at 104"]);
    rig.price(102.0);
    rig.fill_take_profit(LONG);
    assert_eq!(sent(&mut rig), ["cancel", "cancel", "stop 0.7 at 100"], "break-even creates a stop (8.3)");
}

#[test]
fn s6_8_where_stops_cannot_be_amended_take_profits_rest_and_the_engine_watches_the_stop() {
    let mut policy = locking();
    policy.venue.amend = false;
    let mut rig = Rig::with(spot(), policy);
    rig.enter(LONG, dec!(1), dec!(100), ladder([30, 30, 40]).stop_loss(Distance::percent(dec!(5))));
    assert_eq!(sent(&mut rig), ["limit 0.3 at 102", "limit 0.3 at 103", "limit 0.4 at 104"]);
    rig.price(95.0);
    assert_eq!(sent(&mut rig), ["cancel", "cancel", "cancel", "close 1"]);
}

#[test]
fn s7_10_the_exits_of_lots_are_watched_too() {
    use hyperrsi_core::strategy::{Rest, RestingEntry};
    let mut rig = Rig::with(spot(), locking());
    let exits = Arc::new(ExitPlan::new().stop_loss(Distance::percent(dec!(10))));
    let level = |key: u16, price: Decimal, exit: Decimal| RestingEntry {
        key,
        side: LONG,
        price: price.into(),
        size: Size::Base(dec!(1).into()),
        exits: Arc::clone(&exits),
        lot: Some(exit.into()),
    };
    let rest = Rest::Set(vec![level(1, dec!(99), dec!(101)), level(2, dec!(98), dec!(100))]);
    rig.decide(Decision { rest, ..Decision::hold() });
    let entries: Vec<_> = rig.live.clone();
    rig.fill_whole(&entries[0], dec!(99));
    rig.fill_whole(&entries[1], dec!(98));
    // A = 98.5, stop 88.65 for both lots; no exit rests.
    assert_eq!(prices(&rig.stop_orders(LONG)), [(dec!(88.65), dec!(2))]);
    assert!(rig.take_profits(LONG).is_empty());
    sent(&mut rig);
    rig.price(100.0);
    assert_eq!(sent(&mut rig), ["amend stop 1 at 88.65", "limit 1 at 100"]);
}
