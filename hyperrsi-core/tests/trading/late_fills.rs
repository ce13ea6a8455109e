//! TRADING 13.4, 13.7: fills that the venue tells of after the position they led to.

use crate::support::*;
use hyperrsi_core::account::Account;
use hyperrsi_core::model::*;
use hyperrsi_core::position::{Distance, ExitReason, StopKind};
use hyperrsi_core::trader::{AccountRead, Event, Input, Output, Record};

/// A long of 1 at 100 with levels at 102, 103 and 104 and a stop at 95.
fn open() -> Rig {
    let mut rig = Rig::new(instrument(dec!(0.01), dec!(0.01), dec!(0.01)));
    let plan = break_even(ladder([30, 30, 30])).stop_loss(Distance::percent(dec!(5)));
    rig.enter(LONG, dec!(1), dec!(100), plan);
    rig.price(101.0);
    rig.advance(Span::seconds(1));
    rig.mode = Mode::Silent;
    rig
}

/// A read that shows positions as they are, and no fill that has not been told of.
fn lagging_read(rig: &mut Rig) {
    rig.asked.retain(|asked| !matches!(asked, Asked::Read(_)));
    let positions = PositionSide::BOTH.into_iter().map(|side| rig.snapshot(side)).collect();
    let read = AccountRead { positions, ..AccountRead::default() };
    rig.feed(Input::AccountRead { request: RequestId(u64::MAX), read: Some(Box::new(read)) });
}

fn asks_to_read(rig: &Rig) -> bool {
    rig.asked.iter().any(|asked| matches!(asked, Asked::Read(_)))
}

fn adopted(rig: &Rig) -> usize {
    rig.events.iter().filter(|event| matches!(event, Event::Adopted { .. })).count()
}

/// What a driver books: fills and adjustments in the order the trader tells of them.
fn books(rig: &Rig) -> Account {
    let mut account = Account::new(AccountId::new("books"), dec!(1_000_000).into(), dec!(0.0005));
    let instrument = rig.trader.view().instrument.clone();
    let slot = account.register(instrument, 10, MarginMode::Isolated).unwrap();
    for output in &rig.log {
        match output {
            Output::Persist { record, .. } => {
                if let Record::Fill(fill) = &**record {
                    account.apply(slot, fill).unwrap();
                }
            }
            Output::Event(event) => {
                if let Event::Adopted { side, quantity, average } = **event {
                    account.adopt(rig.now, slot, side, quantity, average).unwrap();
                }
            }
            _ => {}
        }
    }
    assert_eq!(account.book(slot, LONG).unwrap().quantity(), rig.trader.book(LONG).quantity());
    account
}

#[test]
fn s13_4_a_position_that_an_own_order_explains_waits_for_its_fill() {
    let mut rig = open();
    let first = rig.take_profits(LONG)[0];
    let fill = rig.make_fill(&first, dec!(102), dec!(0.3));
    rig.advance(Span::millis_of(10));
    lagging_read(&mut rig);
    assert_eq!((rig.open(LONG), adopted(&rig)), (dec!(1), 0), "nothing is taken over by one read");
    rig.sleep(Span::seconds(1));
    assert!(asks_to_read(&rig), "the second one is asked for");
    rig.feed(Input::Fill(&fill));
    lagging_read(&mut rig);
    assert_eq!((rig.open(LONG), adopted(&rig)), (dec!(0.7), 0));
    assert_eq!(rig.stop(LONG), stop_at(dec!(100), StopKind::BreakEven));
}

#[test]
fn s13_4_a_take_profit_that_has_filled_by_report_is_not_sold_again_while_its_fill_lags() {
    let mut rig = open();
    let first = rig.take_profits(LONG)[0];
    let fill = rig.make_fill(&first, dec!(102), dec!(0.3));
    rig.feed(Input::Order(rig.report(first.client_id, OrderStatus::Filled, dec!(0.3).into())));
    lagging_read(&mut rig);
    let placed = |asked: &Asked| matches!(asked, Asked::Place(_, spec) if spec.kind == first.kind);
    assert!(!rig.asked.iter().any(placed), "{:?}", rig.asked);
    rig.advance(Span::millis_of(300));
    rig.feed(Input::Fill(&fill));
    assert_eq!((rig.open(LONG), adopted(&rig)), (dec!(0.7), 0));
    assert_eq!(rig.states(LONG)[0], hyperrsi_core::position::LevelState::Filled);
}

#[test]
fn i3_an_exit_fill_that_comes_after_its_size_was_taken_over_counts_once() {
    let mut rig = open();
    let first = rig.take_profits(LONG)[0];
    let fill = rig.make_fill(&first, dec!(102), dec!(0.3));
    rig.advance(Span::millis_of(10));
    lagging_read(&mut rig);
    rig.sleep(Span::seconds(2));
    lagging_read(&mut rig);
    assert_eq!((rig.open(LONG), adopted(&rig)), (dec!(0.7), 1), "two reads, 2 s apart");
    rig.mode = Mode::Obliging;
    rig.feed(Input::Fill(&fill));
    rig.oblige_all();
    assert_eq!(rig.open(LONG), dec!(0.7), "it was in the size already");
    assert_eq!(rig.stop(LONG), stop_at(dec!(100), StopKind::BreakEven), "level 1 has filled");
    let books = books(&rig);
    assert_eq!(books.balance().get() - dec!(1_000_000), dec!(0.6), "0.3 from 100 to 102");
    // The trade has every fill: 0.3 at 102, 0.7 at 100.
    let stop = rig.stop_order(LONG).unwrap();
    rig.fill_whole(&stop, dec!(100));
    let trade = &rig.trades[0];
    assert_eq!((trade.gross_pnl.get(), trade.reason), (dec!(0.6), ExitReason::BreakEven));
    assert_eq!(trade.fills.len(), 3);
}

#[test]
fn i3_an_entry_fill_that_comes_after_its_size_was_taken_over_counts_once() {
    let mut rig = open();
    // By hand, so that no order of ours explains it; its fill is told late.
    let mut by_hand = rig.stop_order(LONG).unwrap();
    by_hand.client_id = "byhand1".parse().unwrap();
    (by_hand.reduce_only, by_hand.side) = (false, Side::Buy);
    let fill = Fill { client_id: None, ..rig.make_fill(&by_hand, dec!(104), dec!(1)) };
    rig.advance(Span::millis_of(10));
    lagging_read(&mut rig);
    assert_eq!((rig.open(LONG), adopted(&rig)), (dec!(2), 1));
    assert_eq!(rig.trader.book(LONG).average(), Some(dec!(102).into()));
    rig.mode = Mode::Obliging;
    rig.oblige_all();
    rig.feed(Input::Fill(&fill));
    assert_eq!(rig.open(LONG), dec!(2), "it was in the size already");
    assert_eq!(rig.trader.book(LONG).cost().get(), dec!(204));
    assert_eq!(rig.stop_order(LONG).unwrap().quantity.get(), dec!(2));
    assert_eq!(books(&rig).balance().get(), dec!(1_000_000), "the adjustments have cancelled out");
    // The same fill from another stream changes nothing, and a later one is its own.
    rig.feed(Input::Fill(&fill));
    rig.advance(Span::seconds(1));
    let more = Fill { client_id: None, ..rig.make_fill(&by_hand, dec!(104), dec!(1)) };
    rig.feed(Input::Fill(&more));
    assert_eq!(rig.open(LONG), dec!(3));
}
