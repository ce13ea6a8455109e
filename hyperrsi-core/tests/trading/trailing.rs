//! TRADING 9: the trailing stop.

use crate::support::*;
use hyperrsi_core::model::*;
use hyperrsi_core::position::{
    Distance, EpochStart, ExitPlan, Exits, LevelState, StopKind, TrailOffset, Trailing,
};
use hyperrsi_core::strategy::LegState;
use hyperrsi_core::trader::{Command, Input, Output, PriceSource};
use rust_decimal::Decimal;
use std::sync::Arc;

fn tick() -> Instrument {
    instrument(dec!(0.001), dec!(0.01), dec!(0.01))
}

fn trailing(start_level: u8, offset: TrailOffset) -> Option<Trailing> {
    let (amend_interval, amend_step) = (Span::seconds(5), Percent::new(dec!(0.05)));
    Some(Trailing { start_level, offset, amend_interval, amend_step })
}

fn percent(value: Decimal) -> TrailOffset {
    TrailOffset::Percent(Percent::new(value))
}

/// Exits of a leg at `average` whose level `k` has just filled at `x` with half of the leg left.
fn activated(
    side: PositionSide,
    average: Decimal,
    plan: ExitPlan,
    k: u8,
    x: Decimal,
    atr: Option<Decimal>,
) -> Exits {
    let start = EpochStart {
        entries: 1,
        quantity: dec!(1).into(),
        average: average.into(),
        reference: average.into(),
        atr,
    };
    let mut exits = Exits::build(Arc::new(plan), &tick(), side, start).unwrap();
    exits.on_level_filled(&tick(), k, x.into(), dec!(0.5).into(), atr).unwrap();
    exits
}

fn trail(
    side: PositionSide,
    average: Decimal,
    k: u8,
    offset: TrailOffset,
    x: Decimal,
    atr: Option<Decimal>,
) -> (Decimal, Decimal) {
    let mut plan = ladder([30, 30, 40]);
    plan.trailing = trailing(k, offset);
    let exits = activated(side, average, plan, k, x, atr);
    let trail = exits.trail().expect("the trail is active");
    (trail.offset.normalize(), trail.stop.get().normalize())
}

#[test]
fn t10_offset_and_first_stop() {
    assert_eq!(trail(LONG, dec!(100), 2, percent(dec!(0.5)), dec!(103), None), (dec!(0.515), dec!(102.485)));
    assert_eq!(trail(SHORT, dec!(100), 2, percent(dec!(0.5)), dec!(97), None), (dec!(0.485), dec!(97.485)));
    let gap = TrailOffset::LevelGap { from: 2, to: 3 };
    assert_eq!(trail(LONG, dec!(100), 2, gap, dec!(103), None).0, dec!(1));
    assert_eq!(trail(LONG, dec!(49_000), 2, percent(dec!(0.1)), dec!(50_000), None).0, dec!(50));
    let atr = TrailOffset::Atr(dec!(0.1));
    assert_eq!(trail(LONG, dec!(49_000), 2, atr, dec!(50_000), Some(dec!(20))).0, dec!(50));
}

#[test]
fn t10_follows_the_price_and_never_back() {
    let mut plan = ladder([30, 30, 40]);
    plan.trailing = trailing(2, percent(dec!(0.5)));
    let mut exits = activated(LONG, dec!(100), plan.clone(), 2, dec!(103), None);
    exits.on_price(&tick(), 105.0).unwrap();
    assert_eq!(exits.stop(), stop_at(dec!(104.485), StopKind::Trailing));
    for z in [104.6, 104.4, 0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(!exits.on_price(&tick(), z).unwrap(), "{z}");
        assert_eq!(exits.stop(), stop_at(dec!(104.485), StopKind::Trailing));
    }
    let mut exits = activated(SHORT, dec!(100), plan, 2, dec!(97), None);
    exits.on_price(&tick(), 95.0).unwrap();
    assert_eq!(exits.stop(), stop_at(dec!(95.485), StopKind::Trailing));
}

#[test]
fn t10_never_loosens_break_even_and_wins_a_tie() {
    let mut plan = break_even(ladder([30, 30, 40]));
    plan.trailing = trailing(1, percent(dec!(5)));
    let mut exits = activated(LONG, dec!(100), plan, 1, dec!(102), None);
    let active = exits.trail().unwrap();
    assert_eq!((active.offset, active.stop.get()), (dec!(5.1), dec!(96.9)));
    assert_eq!(exits.stop(), stop_at(dec!(100), StopKind::BreakEven));
    exits.on_price(&tick(), 105.0999).unwrap();
    assert_eq!(exits.stop().unwrap().price.get(), dec!(100));
    exits.on_price(&tick(), 105.1).unwrap();
    assert_eq!(exits.stop(), stop_at(dec!(100), StopKind::Trailing));
}

/// 1 @ 100, trailing from level 1 at 103; 0.3 filled there.
fn trailing_leg() -> Rig {
    let mut plan = levels(&[(dec!(3), dec!(30), true), (dec!(4), dec!(30), true), (dec!(5), dec!(40), true)]);
    plan.trailing = trailing(1, percent(dec!(0.5)));
    let mut rig = Rig::new(tick());
    rig.enter(LONG, dec!(1), dec!(100), plan.stop_loss(Distance::percent(dec!(5))));
    rig.price(103.0);
    rig.fill_take_profit(LONG);
    rig
}

#[test]
fn t10_closes_the_whole_remainder_once_when_hit() {
    let mut rig = trailing_leg();
    assert_eq!(rig.stop(LONG), stop_at(dec!(102.485), StopKind::Trailing));
    assert_eq!(rig.stop_order(LONG).unwrap().kind.price(), Some(dec!(102.485).into()));
    rig.advance(Span::seconds(1));
    rig.price(105.0);
    rig.price(104.6);
    assert_eq!(rig.close_order(), None);
    rig.price(104.4);
    let close = rig.close_order().unwrap();
    assert_eq!(close.quantity.get(), dec!(0.7));
    rig.price(104.3);
    rig.price(90.0);
    assert_eq!(rig.live.iter().filter(|o| o.kind == OrderKind::Market).count(), 1, "once");
    rig.fill_whole(&close, dec!(104.4));
    assert_eq!((rig.trades[0].reason.code(), rig.live.len()), ("trailing_stop", 0));
}

#[test]
fn s9_5_before_a_planned_end_the_venues_copy_is_brought_up_to_date() {
    let mut rig = trailing_leg();
    let copy = |rig: &Rig| rig.stop_order(LONG).unwrap().kind.price().unwrap().get();
    rig.advance(Span::seconds(1));
    rig.price(103.02); // neither step nor interval: the engine's stop is 103.02 - 0.515
    assert_eq!((rig.stop(LONG), copy(&rig)), (stop_at(dec!(102.505), StopKind::Trailing), dec!(102.485)));
    rig.feed(Input::Command(Command::Stop));
    assert_eq!(copy(&rig), dec!(102.505));
    assert_eq!(rig.live.iter().filter(|o| matches!(o.kind, OrderKind::StopMarket { .. })).count(), 1);
}

#[test]
fn t10_amendments_need_step_and_interval() {
    // X 100: a level exactly at 100 of a leg entered at 99.
    let mut plan = levels(&[(dec!(1), dec!(30), true), (dec!(4), dec!(70), true)]);
    plan.take_profits[0].distance = Distance::PriceOffset(dec!(1));
    plan.trailing = trailing(1, percent(dec!(0.5)));
    let mut rig = Rig::new(tick());
    rig.enter(LONG, dec!(1), dec!(99), plan);
    rig.price(100.0);
    rig.fill_take_profit(LONG);
    assert_eq!(rig.stop(LONG), stop_at(dec!(99.5), StopKind::Trailing));
    let copy = |rig: &Rig| rig.stop_order(LONG).unwrap().kind.price().unwrap().get();
    assert_eq!(copy(&rig), dec!(99.5));
    rig.sleep(Span::seconds(6));
    rig.price(100.03);
    assert_eq!(copy(&rig), dec!(99.5));
    rig.sleep(Span::seconds(1));
    rig.price(100.06);
    assert_eq!(copy(&rig), dec!(99.56));
    rig.sleep(Span::seconds(2));
    rig.price(100.20);
    assert_eq!(copy(&rig), dec!(99.56));
    rig.sleep(Span::seconds(1));
    rig.price(100.25);
    rig.sleep(Span::millis_of(1_999));
    assert_eq!(copy(&rig), dec!(99.56));
    rig.sleep(Span::millis_of(1)); // 12 s
    assert_eq!(copy(&rig), dec!(99.75), "with the newest stop");
}

#[test]
fn t10_the_engine_stop_acts_where_the_copy_lags() {
    let mut rig = trailing_leg();
    rig.price(103.04); // too small a step for the copy
    assert_eq!(rig.stop(LONG), stop_at(dec!(102.525), StopKind::Trailing));
    assert_eq!(rig.stop_order(LONG).unwrap().kind.price(), Some(dec!(102.485).into()));
    rig.price(102.5);
    assert!(rig.close_order().is_some());
}

#[test]
fn s9_1_a_start_level_without_an_order_is_activated_by_touch() {
    let mut plan = break_even(ladder([30, 30, 40]));
    plan.trailing = trailing(3, percent(dec!(0.5)));
    let mut rig = Rig::new(tick());
    rig.enter(LONG, dec!(1), dec!(100), plan);
    rig.price(103.0);
    rig.fill_take_profit(LONG);
    rig.fill_take_profit(LONG);
    assert_eq!(rig.take_profits(LONG), []);
    rig.price(103.999);
    assert_eq!(rig.trader.armed(LONG).trail_extreme, None);
    rig.price(104.2);
    // X = P_3 = 104, D = 0.52, E = 104.2; touch counts as the full fill of level 3: its break-even is 103.
    assert_eq!(rig.states(LONG)[2], LevelState::Filled);
    assert_eq!(rig.stop(LONG), stop_at(dec!(103.68), StopKind::Trailing));
    assert_eq!(rig.open(LONG), dec!(0.4), "it books no quantity");
}

#[test]
fn s9_3_only_the_trigger_source_moves_and_hits_the_trail() {
    let mut rig = trailing_leg();
    let last = |rig: &mut Rig, price| {
        rig.feed(hyperrsi_core::trader::Input::Price { source: PriceSource::Last, price })
    };
    last(&mut rig, 110.0);
    assert_eq!(rig.stop(LONG), stop_at(dec!(102.485), StopKind::Trailing));
    last(&mut rig, 90.0);
    assert_eq!(rig.trader.view().long.state, LegState::Open);
}

#[test]
fn s9_6_a_refused_close_is_retried_and_the_stop_stays() {
    let mut rig = trailing_leg();
    rig.price(105.0);
    rig.mode = Mode::Silent;
    rig.asked.clear();
    rig.price(104.4);
    let closes = |rig: &Rig| {
        let place = |o: &&Output| matches!(o, Output::Place { ticket, .. } if ticket.order().kind == OrderKind::Market && ticket.order().reduce_only);
        rig.log.iter().filter(place).count()
    };
    assert_eq!(closes(&rig), 1);
    for round in 1..4 {
        let Some(Asked::Place(request, _)) = rig.asked.pop() else { panic!("a close was sent") };
        rig.answer(request, other());
        assert_eq!(rig.trader.view().long.state, LegState::Closing);
        assert!(rig.stop_order(LONG).is_some());
        rig.sleep(Span::seconds(10));
        assert_eq!(closes(&rig), round + 1, "tried again");
    }
}

pub fn other() -> hyperrsi_core::trader::Answer {
    hyperrsi_core::trader::Answer::Refused(hyperrsi_core::trader::RejectClass::Other, "no".into())
}

#[test]
fn s9_7_legs_trail_independently_and_an_extra_entry_removes_the_trail() {
    let mut rig = trailing_leg();
    rig.add(LONG, dec!(0.3), dec!(103));
    assert_eq!(rig.trader.armed(LONG).trail_extreme, None);
    // A = (70 + 30.9) / 1 = 100.9
    assert_eq!(rig.stop(LONG), stop_at(dec!(95.855), StopKind::Fixed));
    let first = rig.take_profits(LONG)[0];
    assert_eq!(prices(&[first]), [(dec!(103.927), dec!(0.3))]);
    rig.price(104.0);
    rig.fill_whole(&first, dec!(103.927));
    assert!(rig.trader.armed(LONG).trail_extreme.is_some(), "it re-activates on the next full fill");
}
