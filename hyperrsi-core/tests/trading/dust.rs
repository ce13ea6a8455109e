//! TRADING 13.4, last row: what is left of a leg below the venue's smallest order.

use crate::support::*;
use hyperrsi_core::model::*;
use hyperrsi_core::position::{Distance, ExitPlan};
use hyperrsi_core::risk::Policy;
use hyperrsi_core::strategy::LegState;
use hyperrsi_core::trader::{Command, Event, Input};

/// Steps of 0.01, orders of 0.1 and more.
fn coarse() -> Instrument {
    instrument(dec!(0.01), dec!(0.01), dec!(0.1))
}

fn stop_only() -> ExitPlan {
    ExitPlan::new().stop_loss(Distance::percent(dec!(5)))
}

fn keeps_dust() -> Policy {
    let mut policy = leverage(10);
    policy.venue.closes_dust = false;
    policy
}

/// A long of 1 at 100, of which somebody sells all but 0.05 by hand.
fn sold_by_hand(policy: Policy) -> Rig {
    let mut rig = Rig::with(coarse(), policy);
    rig.enter(LONG, dec!(1), dec!(100), stop_only());
    let by_hand = OrderSpec {
        client_id: "web1".parse().unwrap(),
        leg: LONG,
        side: Side::Sell,
        reduce_only: true,
        quantity: dec!(0.95).into(),
        kind: OrderKind::Market,
    };
    rig.fill_whole(&by_hand, dec!(101));
    rig
}

#[test]
fn s13_4_dust_is_closed_where_the_venue_takes_it() {
    let mut rig = sold_by_hand(leverage(10));
    let close = rig.close_order().expect("the rest is closed at market");
    assert_eq!(close.quantity.get(), dec!(0.05));
    rig.fill_whole(&close, dec!(101));
    assert_eq!((rig.trades.len(), rig.trades[0].reason.code()), (1, "manual"));
}

#[test]
fn s13_4_dust_is_booked_and_told_where_the_venue_does_not_take_it() {
    let rig = sold_by_hand(keeps_dust());
    assert_eq!(rig.close_order(), None);
    let told = rig.events.iter().find_map(|event| match event {
        Event::Dust { side: LONG, quantity } => Some(quantity.get()),
        _ => None,
    });
    assert_eq!(told, Some(dec!(0.05)));
    assert_eq!(rig.trader.view().long.state, LegState::Flat);
    // 0.95 × (101 − 100): what stays is no loss and no profit.
    assert_eq!((rig.trades.len(), rig.trades[0].gross_pnl.get().normalize()), (1, dec!(0.95)));
    assert_eq!(rig.live, [], "its stop is gone");
}

#[test]
fn s13_4_dust_is_not_taken_for_a_foreign_position_and_not_for_a_part_of_the_next() {
    let mut rig = sold_by_hand(keeps_dust());
    for _ in 0..3 {
        rig.advance(Span::seconds(31));
        rig.feed(Input::Link(hyperrsi_core::trader::Link::Gap)); // reads the account, which holds 0.05
    }
    assert!(!rig.events.iter().any(|event| matches!(event, Event::Foreign { .. })));
    rig.advance(Span::minutes(1));
    rig.feed(Input::Link(hyperrsi_core::trader::Link::Up));
    rig.enter(LONG, dec!(1), dec!(100), stop_only());
    rig.feed(Input::Link(hyperrsi_core::trader::Link::Gap)); // 1.05 now
    assert!(!rig.events.iter().any(|event| matches!(event, Event::Adopted { .. })));
    assert_eq!(rig.open(LONG), dec!(1));
    assert_eq!(rig.stop_order(LONG).unwrap().quantity.get(), dec!(1));
}

#[test]
fn s13_4_a_refused_close_of_dust_ends_the_leg_instead_of_trying_for_ever() {
    let mut rig = Rig::with(coarse(), leverage(10));
    rig.enter(LONG, dec!(1), dec!(100), stop_only());
    rig.mode = Mode::Silent;
    rig.feed(Input::Command(Command::Close { side: LONG, fraction: dec!(1) }));
    let Some(Asked::Place(request, close)) = rig.asked.pop() else { panic!("{:?}", rig.asked) };
    // The venue fills all but 0.05 of it and cancels the rest.
    rig.answer(request, hyperrsi_core::trader::Answer::Done);
    rig.fill(&close, dec!(101), dec!(0.95));
    let report = rig.report(close.client_id, OrderStatus::Cancelled, dec!(0.95).into());
    rig.feed(Input::Order(report));
    let again = rig
        .asked
        .iter()
        .position(|asked| matches!(asked, Asked::Place(_, spec) if spec.kind == OrderKind::Market));
    let Asked::Place(request, rest) = rig.asked.remove(again.expect("the rest is tried")) else {
        unreachable!()
    };
    assert_eq!(rest.quantity.get(), dec!(0.05));
    rig.answer(request, crate::trailing::other());
    assert!(rig.events.iter().any(|event| matches!(event, Event::Dust { side: LONG, .. })));
    assert_eq!((rig.trades.len(), rig.trades[0].reason.code()), (1, "user_command"));
    rig.sleep(Span::minutes(5));
    assert!(!rig.asked.iter().any(|asked| matches!(asked, Asked::Place(..))), "{:?}", rig.asked);
}

#[test]
fn s13_4_a_market_that_falls_makes_no_dust() {
    let mut instrument = coarse();
    instrument.min_notional = dec!(10);
    let mut rig = Rig::with(instrument, leverage(10));
    // 0.2 at 100 is worth 20; 0.1 of it is worth 10, and 9.6 at 96.
    rig.enter(LONG, dec!(0.2), dec!(100), stop_only());
    rig.price(96.0);
    rig.feed(Input::Command(Command::Close { side: LONG, fraction: dec!(0.5) }));
    let close = rig.close_order().unwrap();
    rig.fill_whole(&close, dec!(96));
    assert_eq!((rig.open(LONG), rig.close_order()), (dec!(0.1), None));
}
