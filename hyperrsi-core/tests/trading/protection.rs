//! TRADING 6.6, 6.7, 6.10 and I1: a leg is never without a stop, or an alarm runs.

use crate::support::*;
use crate::trailing::other;
use hyperrsi_core::model::*;
use hyperrsi_core::position::{Distance, ExitPlan};
use hyperrsi_core::risk::{OnUnprotected, Policy, Refusal};
use hyperrsi_core::strategy::LegState;
use hyperrsi_core::trader::{Answer, Event, Input, Output};

fn stop_only() -> ExitPlan {
    ExitPlan::new().stop_loss(Distance::percent(dec!(5)))
}

fn entered(policy: Policy, plan: ExitPlan) -> Rig {
    let mut rig = Rig::with(instrument(dec!(0.01), dec!(0.01), dec!(0.01)), policy);
    rig.decide(hyperrsi_core::strategy::Decision::enter(
        LONG,
        hyperrsi_core::risk::Size::Base(dec!(1).into()),
        plan,
    ));
    rig.price(100.0);
    let opening = rig.opening().unwrap();
    rig.mode = Mode::Silent;
    rig.fill_whole(&opening, dec!(100));
    rig
}

fn stops_sent(rig: &Rig) -> usize {
    let stop = |o: &&Output| matches!(o, Output::Place { ticket, .. } if matches!(ticket.order().kind, OrderKind::StopMarket { .. }));
    rig.log.iter().filter(stop).count()
}

fn refuse_stop(rig: &mut Rig) {
    let index = rig
        .asked
        .iter()
        .position(|a| matches!(a, Asked::Place(_, s) if matches!(s.kind, OrderKind::StopMarket { .. })));
    if let Some(index) = index {
        let Asked::Place(request, _) = rig.asked.remove(index) else { unreachable!() };
        rig.answer(request, other());
    }
}

#[test]
fn s6_7_a_refused_stop_is_retried_at_1_2_4_seconds() {
    let mut rig = entered(leverage(10), stop_only());
    for (sent, wait) in [(1, 1), (2, 2), (3, 4), (4, 8)] {
        assert_eq!(stops_sent(&rig), sent);
        refuse_stop(&mut rig);
        rig.sleep(Span::millis_of(wait * 1_000 - 1));
        assert_eq!(stops_sent(&rig), sent, "not before {wait} s");
        rig.sleep(Span::millis_of(1));
        assert_eq!(stops_sent(&rig), sent + 1, "after {wait} s");
    }
}

#[test]
fn i1_the_engine_watches_a_stop_the_venue_has_not_confirmed() {
    let mut rig = entered(leverage(10), stop_only());
    rig.price(95.01);
    assert_eq!(rig.trader.view().long.state, LegState::Open);
    rig.price(95.0);
    assert_eq!(rig.trader.view().long.state, LegState::Closing);
    let close = rig.asked.iter().find_map(|a| match a {
        Asked::Place(_, spec) if spec.kind == OrderKind::Market => Some(*spec),
        _ => None,
    });
    assert_eq!(close.unwrap().quantity.get(), dec!(1));
}

#[test]
fn i1_a_stop_that_covers_only_a_part_counts_as_unconfirmed() {
    let mut rig = Rig::new(instrument(dec!(0.01), dec!(0.01), dec!(0.01)));
    rig.enter(LONG, dec!(1), dec!(100), stop_only());
    rig.advance(Span::minutes(1));
    rig.decide(hyperrsi_core::strategy::Decision::of(hyperrsi_core::strategy::Intent::Add {
        side: LONG,
        size: hyperrsi_core::risk::Size::Base(dec!(1).into()),
    }));
    rig.price(100.0);
    let opening = rig.opening().unwrap();
    rig.mode = Mode::Silent;
    rig.fill_whole(&opening, dec!(100));
    // The amendment to 2 is refused: the old stop of 1 stays, the engine watches the rest.
    let Some(Asked::Amend(request, _)) = rig.asked.pop() else { panic!("{:?}", rig.asked) };
    rig.answer(request, other());
    rig.sleep(Span::seconds(31));
    assert!(
        rig.events.iter().any(|e| matches!(e, Event::Unprotected { side: LONG, .. })),
        "measured and told"
    );
    rig.price(95.0);
    assert_eq!(rig.trader.view().long.state, LegState::Closing);
}

#[test]
fn s6_7_the_alarm_repeats_each_minute_and_blocks_openings() {
    let mut rig = entered(leverage(10), stop_only());
    refuse_stop(&mut rig);
    let alerts = |rig: &Rig| rig.events.iter().filter(|e| matches!(e, Event::Unprotected { .. })).count();
    for _ in 0..29 {
        rig.sleep(Span::seconds(1));
        refuse_stop(&mut rig);
    }
    assert_eq!(alerts(&rig), 0);
    for second in 30..=150 {
        rig.sleep(Span::seconds(1));
        refuse_stop(&mut rig);
        let wanted = 1 + (second - 30) / 60;
        assert_eq!(alerts(&rig), wanted, "after {second} s");
    }
    assert_eq!(rig.trader.view().opening_gate, Some(Refusal::Unprotected));
    // Confirmed at last: the gate opens, the time is kept.
    rig.mode = Mode::Obliging;
    rig.sleep(Span::seconds(100));
    assert!(rig.stop_order(LONG).is_some());
    assert_eq!(rig.trader.view().opening_gate, None);
    assert!(rig.trader.unprotected(LONG) >= Span::seconds(150));
}

#[test]
fn s6_7_close_is_opt_in() {
    let mut policy = leverage(10);
    policy.on_unprotected = OnUnprotected::Close;
    let mut rig = entered(policy, stop_only());
    for _ in 0..30 {
        refuse_stop(&mut rig);
        assert_eq!(rig.trader.view().long.state, LegState::Open);
        rig.sleep(Span::seconds(1));
    }
    assert_eq!(rig.trader.view().long.state, LegState::Closing);
}

#[test]
fn s6_2_a_stop_below_zero_is_missing_protection() {
    let plan = ExitPlan::new().stop_loss(Distance::PriceOffset(dec!(200)));
    let mut rig = entered(leverage(10), plan);
    assert_eq!(rig.refusals(), [Refusal::LevelNotPositive]);
    rig.sleep(Span::seconds(30));
    assert!(rig.events.iter().any(|e| matches!(e, Event::Unprotected { side: LONG, .. })));
}

#[test]
fn s6_6_without_amending_the_old_stop_goes_after_the_new_one_is_confirmed() {
    let mut policy = leverage(10);
    policy.venue.amend = false;
    let mut rig = Rig::with(instrument(dec!(0.01), dec!(0.01), dec!(0.01)), policy);
    rig.enter(
        LONG,
        dec!(1),
        dec!(100),
        break_even(ladder([30, 30, 40])).stop_loss(Distance::percent(dec!(5))),
    );
    let old = rig.stop_order(LONG).unwrap();
    let first = rig.take_profits(LONG)[0];
    rig.price(102.0);
    rig.mode = Mode::Silent;
    rig.fill_whole(&first, dec!(102));
    assert!(!rig.asked.iter().any(|a| matches!(a, Asked::Cancel(_, id) if *id == old.client_id)));
    let Asked::Place(request, new) = rig.asked.remove(0) else { panic!("{:?}", rig.asked) };
    assert_eq!((new.kind.price(), new.quantity.get()), (Some(dec!(100).into()), dec!(0.7)));
    rig.live.push(new);
    rig.answer(request, Answer::Done);
    assert!(rig.asked.iter().any(|a| matches!(a, Asked::Cancel(_, id) if *id == old.client_id)));
}

#[test]
fn s6_6_a_refused_replacement_leaves_the_old_stop_and_waits() {
    let mut policy = leverage(10);
    policy.venue.amend = false;
    let mut rig = Rig::with(instrument(dec!(0.01), dec!(0.01), dec!(0.01)), policy);
    rig.enter(
        LONG,
        dec!(1),
        dec!(100),
        break_even(ladder([30, 30, 40])).stop_loss(Distance::percent(dec!(5))),
    );
    let first = rig.take_profits(LONG)[0];
    rig.price(102.0);
    rig.mode = Mode::Silent;
    rig.fill_whole(&first, dec!(102));
    let sent = stops_sent(&rig);
    refuse_stop(&mut rig);
    rig.price(102.1);
    assert_eq!(stops_sent(&rig), sent, "no hot loop");
    assert_eq!(rig.stop_orders(LONG).len(), 1);
    rig.sleep(Span::seconds(1));
    assert_eq!(stops_sent(&rig), sent + 1);
}

#[test]
fn s6_10_a_triggered_stop_that_leaves_a_remainder_is_finished_at_market() {
    let mut rig = Rig::new(instrument(dec!(0.01), dec!(0.01), dec!(0.01)));
    rig.enter(LONG, dec!(1), dec!(100), ladder([30, 30, 40]).stop_loss(Distance::percent(dec!(5))));
    let stop = rig.stop_order(LONG).unwrap();
    rig.price(95.0);
    rig.fill(&stop, dec!(95), dec!(0.4));
    let amended =
        rig.log.iter().any(|o| matches!(o, Output::Amend { order, .. } if order.client_id == stop.client_id));
    assert!(!amended, "a triggered stop is left alone");
    rig.price(96.0); // back above: it has triggered all the same
    rig.sleep(Span::millis_of(1_999));
    assert_eq!(rig.close_order(), None);
    rig.sleep(Span::millis_of(1));
    let close = rig.close_order().unwrap();
    assert_eq!(close.quantity.get(), dec!(0.6));
    rig.fill_whole(&close, dec!(96));
    assert_eq!(rig.trades[0].reason.code(), "stop_loss");
}

#[test]
fn s6_10_a_confirmed_stop_has_two_seconds_to_act() {
    let mut rig = Rig::new(instrument(dec!(0.01), dec!(0.01), dec!(0.01)));
    rig.enter(LONG, dec!(1), dec!(100), stop_only());
    rig.price(94.0);
    assert_eq!(rig.close_order(), None, "the venue holds it and goes first");
    rig.sleep(Span::seconds(2));
    assert!(rig.close_order().is_some());
}

#[test]
fn s13_5_a_stop_fill_is_named_by_its_own_kind() {
    // TP1 has filled and break-even is wanted, but the venue's stop is still the fixed one when it acts.
    let mut rig = Rig::new(instrument(dec!(0.01), dec!(0.01), dec!(0.01)));
    rig.enter(
        LONG,
        dec!(1),
        dec!(100),
        break_even(ladder([30, 30, 40])).stop_loss(Distance::percent(dec!(5))),
    );
    let (stop, first) = (rig.stop_order(LONG).unwrap(), rig.take_profits(LONG)[0]);
    rig.price(102.0);
    rig.mode = Mode::Silent;
    rig.fill_whole(&first, dec!(102));
    rig.fill(&stop, dec!(95), dec!(0.7));
    assert_eq!(rig.trades[0].reason.code(), "stop_loss");
}

#[test]
fn s7_11_a_rejected_take_profit_keeps_the_stop_and_is_tried_again_later() {
    let mut rig = entered(leverage(10), ladder([30, 30, 40]).stop_loss(Distance::percent(dec!(5))));
    let take_profits = |rig: &Rig| {
        rig.log.iter().filter(|o| matches!(o, Output::Place { ticket, .. } if matches!(ticket.order().kind, OrderKind::Limit { .. }))).count()
    };
    assert_eq!(take_profits(&rig), 3);
    for asked in std::mem::take(&mut rig.asked) {
        match asked {
            Asked::Place(request, spec) if matches!(spec.kind, OrderKind::Limit { .. }) => {
                rig.answer(request, other())
            }
            asked => rig.oblige(asked),
        }
    }
    assert!(rig.stop_order(LONG).is_some());
    assert!(take_profits(&rig) <= 6, "no hot loop");
    rig.mode = Mode::Obliging;
    rig.oblige_all();
    rig.sleep(Span::seconds(10));
    assert_eq!(rig.take_profits(LONG).len(), 3);
}

#[test]
fn s7_11_a_take_profit_cancelled_by_hand_is_placed_again() {
    let mut rig = Rig::new(instrument(dec!(0.01), dec!(0.01), dec!(0.01)));
    rig.enter(LONG, dec!(1), dec!(100), ladder([30, 30, 40]).stop_loss(Distance::percent(dec!(5))));
    let second = rig.take_profits(LONG)[1];
    let stop = rig.stop_order(LONG).unwrap();
    for gone in [second, stop] {
        rig.live.retain(|o| o.client_id != gone.client_id);
        let report = rig.report(gone.client_id, OrderStatus::Cancelled, Quantity::ZERO);
        rig.feed(Input::Order(report));
    }
    assert_eq!(prices(&rig.take_profits(LONG))[1], (dec!(103), dec!(0.3)));
    assert_eq!(rig.stop_order(LONG).unwrap().kind.price(), Some(dec!(95).into()));
}
