//! TRADING 8: break-even.

use crate::support::*;
use hyperrsi_core::model::*;
use hyperrsi_core::position::{Distance, ExitPlan, StopKind};
use hyperrsi_core::strategy::LegState;

fn plan(offset: rust_decimal::Decimal) -> ExitPlan {
    let mut plan = break_even(ladder([30, 30, 30])).stop_loss(Distance::percent(dec!(5)));
    plan.break_even_offset = Percent::new(offset);
    plan
}

fn long(plan: ExitPlan) -> Rig {
    let mut rig = Rig::new(instrument(dec!(0.01), dec!(0.01), dec!(0.01)));
    rig.enter(LONG, dec!(1), dec!(100), plan);
    rig
}

#[test]
fn t09_stops_follow_the_levels() {
    let mut rig = long(plan(dec!(0)));
    assert_eq!(rig.stop(LONG), stop_at(dec!(95), StopKind::Fixed));
    for (price, kind) in
        [(dec!(100), StopKind::BreakEven), (dec!(102), StopKind::BreakEven), (dec!(103), StopKind::BreakEven)]
    {
        rig.price(104.5);
        rig.fill_take_profit(LONG);
        assert_eq!(rig.stop(LONG), stop_at(price, kind));
        assert_eq!(rig.stop_order(LONG).unwrap().kind.price(), Some(price.into()));
    }
    // The runner remains.
    assert_eq!(rig.open(LONG), dec!(0.1));
    assert_eq!(rig.stop_order(LONG).unwrap().quantity.get(), dec!(0.1));
}

#[test]
fn t09_the_offset_is_added() {
    let mut rig = long(plan(dec!(0.12)));
    rig.price(102.0);
    rig.fill_take_profit(LONG);
    assert_eq!(rig.stop(LONG), stop_at(dec!(100.12), StopKind::BreakEven));
}

#[test]
fn s8_2_an_offset_at_or_beyond_the_first_level_counts_as_zero() {
    for offset in [dec!(2), dec!(3)] {
        let mut rig = long(plan(offset));
        rig.price(102.0);
        rig.fill_take_profit(LONG);
        assert_eq!(rig.stop(LONG), stop_at(dec!(100), StopKind::BreakEven), "offset {offset}");
    }
}

#[test]
fn t09_only_the_second_level_moves_the_stop() {
    let mut only = plan(dec!(0));
    only.take_profits[0].break_even = false;
    only.take_profits[2].break_even = false;
    let mut rig = long(only);
    rig.price(103.0);
    rig.fill_take_profit(LONG);
    assert_eq!(rig.stop(LONG), stop_at(dec!(95), StopKind::Fixed));
    rig.fill_take_profit(LONG);
    assert_eq!(rig.stop(LONG), stop_at(dec!(102), StopKind::BreakEven));
}

#[test]
fn t09_nothing_is_left_to_protect_at_100_percent() {
    let mut rig = long(break_even(ladder([30, 30, 40])).stop_loss(Distance::percent(dec!(5))));
    rig.price(104.0);
    for _ in 0..3 {
        rig.fill_take_profit(LONG);
    }
    assert_eq!((rig.stop(LONG), rig.open(LONG)), (None, dec!(0)));
    assert_eq!(rig.live, []);
    assert_eq!(rig.trades[0].reason.code(), "tp3");
}

#[test]
fn t09_a_break_even_behind_the_market_closes_at_once() {
    let mut rig = long(plan(dec!(0)));
    let first = rig.take_profits(LONG)[0];
    rig.price(99.9);
    rig.fill_whole(&first, dec!(102));
    assert_eq!(rig.trader.view().long.state, LegState::Closing);
    let close = rig.close_order().unwrap();
    assert_eq!(close.quantity.get(), dec!(0.7));
    // 6.9: the previous stop stays until the close has filled.
    assert_eq!(rig.stop_order(LONG).unwrap().kind.price(), Some(dec!(95).into()));
    rig.fill_whole(&close, dec!(99.9));
    assert_eq!(rig.trades[0].reason.code(), "break_even");
    assert_eq!(rig.live, []);
}

#[test]
fn s8_1_a_disabled_level_below_gives_way_to_the_next_lower_one() {
    let mut without_second = plan(dec!(0));
    without_second.take_profits[1].enabled = false;
    let mut rig = long(without_second);
    rig.price(104.0);
    rig.fill_take_profit(LONG);
    rig.fill_take_profit(LONG); // level 3
    assert_eq!(rig.stop(LONG), stop_at(dec!(102), StopKind::BreakEven));
    let mut without_first = plan(dec!(0));
    without_first.take_profits[0].enabled = false;
    let mut rig = long(without_first);
    rig.price(104.0);
    rig.fill_take_profit(LONG); // level 2
    assert_eq!(rig.stop(LONG), stop_at(dec!(100), StopKind::BreakEven));
}

#[test]
fn s8_1_the_price_of_a_merged_level_counts() {
    // 0.02: levels 1 and 2 merged, level 3 carries everything but a runner of 0.01 — T 90 of 0.03 is 0.02.
    let mut rig = Rig::new(instrument(dec!(0.01), dec!(0.01), dec!(0.01)));
    rig.enter(LONG, dec!(0.03), dec!(100), plan(dec!(0)));
    rig.price(104.0);
    assert_eq!(prices(&rig.take_profits(LONG)), [(dec!(104), dec!(0.02))]);
    rig.fill_take_profit(LONG);
    assert_eq!(rig.stop(LONG), stop_at(dec!(103), StopKind::BreakEven));
}

#[test]
fn s7_8_a_partial_fill_triggers_nothing() {
    let mut rig = long(plan(dec!(0)));
    let first = rig.take_profits(LONG)[0];
    rig.price(102.0);
    rig.fill(&first, dec!(102), dec!(0.1));
    assert_eq!(rig.stop(LONG), stop_at(dec!(95), StopKind::Fixed));
    assert_eq!(rig.stop_order(LONG).unwrap().quantity.get(), dec!(0.9));
    assert_eq!(prices(&rig.take_profits(LONG)).len(), 3);
    rig.fill(&first, dec!(102), dec!(0.2));
    assert_eq!(rig.stop(LONG), stop_at(dec!(100), StopKind::BreakEven));
}

#[test]
fn s8_3_break_even_makes_a_stop_where_there_was_none() {
    let mut rig = long(break_even(ladder([30, 30, 40])));
    assert_eq!(rig.stop_order(LONG), None);
    rig.price(102.0);
    rig.fill_take_profit(LONG);
    let stop = rig.stop_order(LONG).unwrap();
    assert_eq!((stop.kind.price(), stop.quantity.get()), (Some(dec!(100).into()), dec!(0.7)));
}
