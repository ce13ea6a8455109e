//! TRADING 13, V13, I3: late, duplicated and contradicting reports.

use crate::support::*;
use hyperrsi_core::model::*;
use hyperrsi_core::position::{Distance, ExitPlan, LevelState};
use hyperrsi_core::risk::Size;
use hyperrsi_core::strategy::{Decision, LegState};
use hyperrsi_core::trader::{AccountRead, Answer, Event, Input, Lookup, Output};

fn plan() -> ExitPlan {
    break_even(ladder([30, 30, 40])).stop_loss(Distance::percent(dec!(5)))
}

fn rig() -> Rig {
    Rig::new(instrument(dec!(0.01), dec!(0.01), dec!(0.01)))
}

fn open() -> Rig {
    let mut rig = rig();
    rig.enter(LONG, dec!(1), dec!(100), plan());
    rig
}

fn foreign(rig: &Rig) -> bool {
    rig.events.iter().any(|e| matches!(e, Event::Foreign { .. } | Event::SecondWriter { .. }))
}

#[test]
fn v13_a_fill_counts_once() {
    let mut rig = open();
    rig.price(102.0);
    let fill = rig.fill_take_profit(LONG);
    let (events, log) = (rig.events.len(), rig.log.len());
    rig.feed(Input::Fill(&fill));
    assert_eq!((rig.open(LONG), rig.events.len(), rig.log.len()), (dec!(0.7), events, log));
}

#[test]
fn v13_an_old_fill_counts_once_even_after_thousands_of_others() {
    let mut rig = rig();
    let first = rig.enter(LONG, dec!(50), dec!(100), ExitPlan::new());
    rig.feed(Input::Command(hyperrsi_core::trader::Command::Close { side: LONG, fraction: dec!(1) }));
    let close = rig.close_order().unwrap();
    for _ in 0..1_100 {
        rig.advance(Span::seconds(1));
        rig.fill(&close, dec!(100), dec!(0.01));
    }
    let before = rig.open(LONG);
    rig.feed(Input::Fill(&first));
    assert_eq!(rig.open(LONG), before);
}

#[test]
fn s13_7_a_late_open_report_of_a_filled_order_is_no_second_writer() {
    let mut rig = open();
    rig.price(102.0);
    let first = rig.take_profits(LONG)[0];
    let open_report = rig.report(first.client_id, OrderStatus::Open, Quantity::ZERO);
    rig.fill_whole(&first, dec!(102));
    rig.feed(Input::Order(open_report));
    rig.feed(Input::Order(rig.report(first.client_id, OrderStatus::PartiallyFilled, dec!(0.1).into())));
    assert!(!foreign(&rig));
    assert_eq!(rig.trader.view().opening_gate, None);
}

#[test]
fn i3_an_entry_reported_filled_before_its_fill_is_still_ours() {
    let mut rig = rig();
    rig.decide(Decision::enter(LONG, Size::Base(dec!(1).into()), plan()));
    rig.price(100.0);
    let opening = rig.opening().unwrap();
    rig.mode = Mode::Silent;
    rig.feed(Input::Order(rig.report(opening.client_id, OrderStatus::Filled, dec!(1).into())));
    assert_eq!(rig.trader.view().long.state, LegState::Entering, "the fill is on its way");
    rig.mode = Mode::Obliging;
    rig.fill_whole(&opening, dec!(100));
    assert!(!foreign(&rig));
    assert_eq!(rig.open(LONG), dec!(1));
    rig.oblige_all();
    assert_eq!((rig.take_profits(LONG).len(), rig.stop_orders(LONG).len()), (3, 1));
}

#[test]
fn i3_a_take_profit_reported_filled_before_its_fill_is_not_sent_again() {
    let mut rig = open();
    rig.price(102.0);
    let first = rig.take_profits(LONG)[0];
    rig.mode = Mode::Silent;
    rig.feed(Input::Order(rig.report(first.client_id, OrderStatus::Filled, dec!(0.3).into())));
    rig.price(102.1);
    assert!(!rig.asked.iter().any(|a| matches!(a, Asked::Place(..))), "{:?}", rig.asked);
    rig.mode = Mode::Obliging;
    rig.fill_whole(&first, dec!(102));
    rig.oblige_all();
    assert_eq!(rig.states(LONG)[0], LevelState::Filled);
    assert_eq!(rig.stop_order(LONG).unwrap().kind.price(), Some(dec!(100).into()));
}

#[test]
fn i3_a_fill_after_the_order_was_cancelled_keeps_its_meaning() {
    let mut rig = open();
    let first = rig.take_profits(LONG)[0];
    rig.price(102.0);
    let late = rig.make_fill(&first, dec!(102), dec!(0.3));
    // The cancel is told before the fill that preceded it.
    rig.mode = Mode::Silent;
    rig.feed(Input::Order(rig.report(first.client_id, OrderStatus::Cancelled, dec!(0.3).into())));
    rig.mode = Mode::Obliging;
    rig.feed(Input::Fill(&late));
    rig.oblige_all();
    assert_eq!(rig.states(LONG)[0], LevelState::Filled);
    assert_eq!(rig.open(LONG), dec!(0.7));
    rig.feed(Input::Command(hyperrsi_core::trader::Command::Close { side: LONG, fraction: dec!(1) }));
    let close = rig.close_order().unwrap();
    rig.fill_whole(&close, dec!(102));
    assert!(format!("{:?}", rig.trades[0].fills[1].kind).contains("TakeProfit1"));
}

#[test]
fn s13_3_unknown_is_never_cancelled_and_blocks_new_risk() {
    let mut rig = rig();
    rig.decide(Decision::enter(LONG, Size::Base(dec!(1).into()), plan()));
    rig.mode = Mode::Silent;
    rig.price(100.0);
    let Some(Asked::Place(request, spec)) = rig.asked.pop() else { panic!("an opening was sent") };
    rig.answer(request, Answer::Unknown);
    for _ in 0..3 {
        let Some(Asked::Query(request, id)) = rig.asked.pop() else { panic!("{:?}", rig.asked) };
        assert_eq!(id, spec.client_id);
        rig.feed(Input::Queried { request, lookup: Lookup::Unknown });
        assert_eq!(rig.trader.view().long.state, LegState::Entering);
        rig.advance(Span::minutes(1));
        rig.decide(Decision::enter(LONG, Size::Base(dec!(1).into()), plan()));
        rig.price(100.0);
        assert!(!rig.asked.iter().any(|a| matches!(a, Asked::Place(..))), "nothing is re-sent");
        rig.feed(Input::Wake);
    }
    // It had been accepted and filled after all.
    let fill = rig.make_fill(&spec, dec!(100), dec!(1));
    rig.mode = Mode::Obliging;
    rig.feed(Input::Fill(&fill));
    rig.oblige_all();
    assert_eq!(rig.open(LONG), dec!(1));
    assert_eq!(rig.stop_orders(LONG).len(), 1);
}

#[test]
fn s13_3_absent_frees_the_leg() {
    let mut rig = rig();
    rig.decide(Decision::enter(LONG, Size::Base(dec!(1).into()), plan()));
    rig.mode = Mode::Silent;
    rig.price(100.0);
    let Some(Asked::Place(request, _)) = rig.asked.pop() else { panic!("an opening was sent") };
    rig.answer(request, Answer::Unknown);
    let Some(Asked::Query(request, _)) = rig.asked.pop() else { panic!("it is looked up") };
    rig.feed(Input::Queried { request, lookup: Lookup::Absent });
    assert_eq!(rig.trader.view().long.state, LegState::Flat);
    assert_eq!(rig.account.available().unwrap(), rig.account.balance());
    rig.mode = Mode::Obliging;
    rig.advance(Span::minutes(1));
    rig.enter(LONG, dec!(1), dec!(100), plan());
    assert_eq!(rig.open(LONG), dec!(1));
}

#[test]
fn i3_a_position_older_than_the_newest_fill_changes_nothing() {
    let mut rig = open();
    let stale = rig.snapshot(LONG);
    rig.advance(Span::seconds(1));
    rig.price(102.0);
    rig.fill_take_profit(LONG);
    rig.feed(Input::Position(&stale));
    assert_eq!(rig.open(LONG), dec!(0.7));
    // And after the leg went flat it is nobody else's position.
    rig.advance(Span::seconds(1));
    let stale = rig.snapshot(LONG);
    rig.advance(Span::seconds(1));
    rig.fill_take_profit(LONG);
    rig.fill_take_profit(LONG);
    assert_eq!(rig.trades.len(), 1);
    rig.feed(Input::Position(&stale));
    assert!(!foreign(&rig));
}

fn flat_read(rig: &mut Rig) {
    let read = Some(Box::new(AccountRead::default()));
    rig.feed(Input::AccountRead { request: RequestId(u64::MAX), read });
}

#[test]
fn s13_2_a_leg_is_dropped_only_after_two_flat_reads() {
    let mut rig = open();
    rig.mode = Mode::Silent;
    flat_read(&mut rig);
    assert_eq!(rig.open(LONG), dec!(1), "one read is not enough");
    rig.advance(Span::millis_of(1_999));
    flat_read(&mut rig);
    assert_eq!(rig.open(LONG), dec!(1), "too soon");
    rig.advance(Span::millis_of(1));
    flat_read(&mut rig);
    assert_eq!((rig.open(LONG), rig.trades.len()), (dec!(0), 1));
    assert_eq!(rig.trades[0].reason.code(), "manual");
}

#[test]
fn s13_2_a_failed_read_counts_as_nothing_and_a_position_starts_anew() {
    let mut rig = open();
    rig.mode = Mode::Silent;
    flat_read(&mut rig);
    rig.advance(Span::seconds(3));
    rig.feed(Input::AccountRead { request: RequestId(u64::MAX), read: None });
    assert_eq!(rig.open(LONG), dec!(1));
    let here = rig.snapshot(LONG);
    rig.feed(Input::Position(&here));
    flat_read(&mut rig);
    assert_eq!(rig.open(LONG), dec!(1), "the position was seen in between");
}

#[test]
fn s13_2_a_flat_read_asks_for_the_second_one_by_itself() {
    let mut rig = open();
    rig.mode = Mode::Silent;
    flat_read(&mut rig);
    rig.sleep(Span::seconds(2));
    assert!(rig.asked.iter().any(|a| matches!(a, Asked::Read(_))));
}

#[test]
fn s13_4_an_adopted_size_stays_in_the_epoch() {
    let mut rig = open();
    rig.price(102.0);
    rig.fill_take_profit(LONG);
    rig.advance(Span::seconds(1));
    let mut grown = rig.snapshot(LONG);
    grown.quantity = dec!(1.4).into();
    let read = AccountRead { positions: vec![grown], ..AccountRead::default() };
    rig.feed(Input::AccountRead { request: RequestId(u64::MAX), read: Some(Box::new(read)) });
    assert_eq!(rig.open(LONG), dec!(1.4));
    assert_eq!(rig.trader.view().long.entries, 1);
    // Break-even stays, level 1 stays filled, Q is divided among 30/40.
    let stop = rig.stop_order(LONG).unwrap();
    assert_eq!((stop.kind.price(), stop.quantity.get()), (Some(dec!(100).into()), dec!(1.4)));
    assert_eq!(rig.states(LONG)[0], LevelState::Filled);
    assert_eq!(prices(&rig.take_profits(LONG)), [(dec!(103), dec!(0.6)), (dec!(104), dec!(0.8))]);
}

#[test]
fn s13_4_a_reduction_by_hand_shrinks_the_ladder() {
    let mut rig = open();
    let mut by_hand = rig.stop_order(LONG).unwrap();
    by_hand.client_id = "byhand1".parse().unwrap();
    rig.live.push(by_hand);
    let fill = Fill { client_id: None, ..rig.make_fill(&by_hand, dec!(101), dec!(0.5)) };
    rig.feed(Input::Fill(&fill));
    rig.live.retain(|o| o.client_id != by_hand.client_id);
    assert_eq!(rig.open(LONG), dec!(0.5));
    assert_eq!(
        prices(&rig.take_profits(LONG)),
        [(dec!(102), dec!(0.15)), (dec!(103), dec!(0.15)), (dec!(104), dec!(0.2)),]
    );
    assert_eq!(rig.stop_order(LONG).unwrap().quantity.get(), dec!(0.5));
}

#[test]
fn s13_4_an_own_order_of_a_flat_leg_is_cancelled_until_it_is_gone() {
    let mut rig = open();
    let stop = rig.stop_order(LONG).unwrap();
    rig.price(96.0);
    rig.mode = Mode::Silent;
    rig.fill_whole(&stop, dec!(95));
    let cancels = std::mem::take(&mut rig.asked);
    assert_eq!(cancels.len(), 3);
    let mut left = None;
    for (k, asked) in cancels.into_iter().enumerate() {
        match (k, asked) {
            (0, Asked::Cancel(request, id)) => {
                left = Some(id);
                rig.answer(request, Answer::Unknown);
            }
            (_, asked) => rig.oblige(asked),
        }
    }
    let Some(Asked::Query(request, id)) = rig.asked.pop() else { panic!("it is looked up") };
    assert_eq!(Some(id), left);
    rig.feed(Input::Queried {
        request,
        lookup: Lookup::Found(rig.report(id, OrderStatus::Open, Quantity::ZERO)),
    });
    assert!(matches!(rig.asked.pop(), Some(Asked::Cancel(_, again)) if again == id), "cancelled again");
}

#[test]
fn s5_6_a_late_entry_fill_after_the_leg_was_closed_is_closed_at_once() {
    let mut rig = rig();
    rig.decide(Decision::enter(LONG, Size::Base(dec!(1).into()), plan()));
    rig.price(100.0);
    let opening = rig.opening().unwrap();
    rig.fill(&opening, dec!(100), dec!(0.6));
    rig.feed(Input::Command(hyperrsi_core::trader::Command::Close { side: LONG, fraction: dec!(1) }));
    let close = rig.close_order().unwrap();
    rig.fill_whole(&close, dec!(100));
    assert_eq!(rig.trades.len(), 1);
    let late = rig.fill(&opening, dec!(100), dec!(0.4));
    assert!(!foreign(&rig), "{late:?}");
    let close = rig.close_order().expect("closed at market at once");
    assert_eq!(close.quantity.get(), dec!(0.4));
    rig.fill_whole(&close, dec!(100));
    assert_eq!(rig.trades[1].reason.code(), "late_fill");
}

#[test]
fn i2_a_reservation_ends_with_its_order() {
    let mut rig = rig();
    rig.decide(Decision::enter(LONG, Size::Base(dec!(1).into()), ExitPlan::new()));
    rig.price(100.0);
    let opening = rig.opening().unwrap();
    rig.fill(&opening, dec!(100), dec!(0.4));
    rig.live.clear();
    rig.feed(Input::Order(rig.report(opening.client_id, OrderStatus::Cancelled, dec!(0.4).into())));
    // 40 of notional at leverage 10.
    assert_eq!(rig.account.available().unwrap().get(), rig.account.balance().get() - dec!(4));
}

#[test]
fn v12_every_order_names_leg_side_and_reduction() {
    let mut rig = open();
    rig.price(102.0);
    rig.fill_take_profit(LONG);
    rig.price(99.0);
    for output in &rig.log {
        let Output::Place { ticket, .. } = output else { continue };
        let order = ticket.order();
        let closes = order.side == order.leg.closing();
        assert_eq!(order.reduce_only, closes);
        let id = order.client_id.as_str();
        assert!(id.starts_with("hr") && id.len() <= 32, "{id}");
    }
}

/// 13.5: each fill that closes a part tells why, in the trader's words; nobody has to guess from ids.
#[test]
fn s13_5_every_exit_fill_tells_its_reason_profit_and_what_is_left() {
    use hyperrsi_core::position::{Distance, ExitReason};
    use hyperrsi_core::strategy::Decision;
    use hyperrsi_core::trader::Event;
    let mut rig = Rig::new(instrument(dec!(0.1), dec!(0.01), dec!(0.01)));
    rig.enter(LONG, dec!(1), dec!(100), ladder([30, 30, 40]).stop_loss(Distance::percent(dec!(5))));
    rig.fill_take_profit(LONG);
    rig.advance(Span::minutes(1));
    rig.decide(Decision::exit(LONG, ExitReason::TrendReversal));
    let close = rig.close_order().unwrap();
    rig.fill_whole(&close, dec!(99));
    let exits: Vec<_> = rig
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Exited { reason, gross, left, .. } => Some((*reason, gross.get(), left.get())),
            _ => None,
        })
        .collect();
    // 0.3 · (102 − 100), then 0.7 · (99 − 100).
    assert_eq!(
        exits,
        [(ExitReason::TakeProfit1, dec!(0.6), dec!(0.7)), (ExitReason::TrendReversal, dec!(-0.7), dec!(0))]
    );
}
