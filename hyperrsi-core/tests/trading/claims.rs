//! TRADING 13.4, A50: a position that somebody else opened, taken over by command with exactly the orders that are named.

use crate::support::*;
use hyperrsi_core::model::*;
use hyperrsi_core::position::{Distance, ExitPlan, StopKind};
use hyperrsi_core::trader::{AccountRead, Command, Event, Input, Output};

fn stopped() -> ExitPlan {
    ladder([30, 30, 40]).stop_loss(Distance::percent(dec!(5)))
}

/// A rig whose account holds a long of 2 at 1,000 that the engine has not opened, with three orders of others.
struct Held {
    rig: Rig,
    orders: Vec<VenueOrderId>,
}

impl Held {
    fn new() -> Self {
        let mut rig = Rig::new(instrument(dec!(0.1), dec!(0.01), dec!(0.01)));
        rig.mode = Mode::Silent;
        let mut held =
            Self { rig, orders: ["hand-stop", "hand-target", "other"].map(VenueOrderId::new).to_vec() };
        held.rig.feed(Input::Link(hyperrsi_core::trader::Link::Gap));
        held.read();
        held
    }

    /// Answers the read of the account that is asked for.
    fn read(&mut self) {
        let index = self.rig.asked.iter().position(|asked| matches!(asked, Asked::Read(_))).expect("a read");
        let Asked::Read(request) = self.rig.asked.remove(index) else { unreachable!() };
        let position = PositionSnapshot {
            key: PositionKey { instrument: self.rig.trader.view().instrument.id.clone(), side: LONG },
            quantity: dec!(2).into(),
            average: dec!(1_000).into(),
            liquidation: None,
            updated: self.rig.now,
        };
        let foreign_orders = self.orders.clone();
        let read = AccountRead { positions: vec![position], foreign_orders, ..AccountRead::default() };
        self.rig.feed(Input::AccountRead { request, read: Some(Box::new(read)) });
    }

    fn claim(&mut self, adopt: &[&str], cancel: &[&str]) {
        let ids = |names: &[&str]| names.iter().map(VenueOrderId::new).collect();
        self.rig.feed(Input::Command(Command::Claim {
            side: LONG,
            exits: stopped(),
            adopt: ids(adopt),
            cancel: ids(cancel),
        }));
        self.read();
    }

    /// Cancelled orders of others, in order.
    fn cancelled(&self) -> Vec<String> {
        let of_others = |output: &Output| match output {
            Output::CancelForeign { order, .. } => Some(order.to_string()),
            _ => None,
        };
        self.rig.log.iter().filter_map(of_others).collect()
    }
}

#[test]
fn s13_4_a_foreign_position_is_reported_and_left_alone() {
    let held = Held::new();
    assert!(held.rig.events.iter().any(|event| matches!(event, Event::Foreign { side: LONG })));
    assert!(held.rig.asked.is_empty(), "it is not touched: {:?}", held.rig.asked);
    assert!(held.cancelled().is_empty());
}

#[test]
fn s13_4_a_claimed_position_is_protected_by_the_plan_of_the_claim() {
    let mut held = Held::new();
    held.claim(&[], &[]);
    let rig = &mut held.rig;
    rig.mode = Mode::Obliging;
    rig.oblige_all();
    assert_eq!((rig.open(LONG), rig.trader.view().long.entries), (dec!(2), 1));
    assert_eq!(rig.stop(LONG), stop_at(dec!(950), StopKind::Fixed));
    assert_eq!(rig.stop_order(LONG).unwrap().quantity.get(), dec!(2));
    assert_eq!(prices(&rig.take_profits(LONG))[0], (dec!(1_020), dec!(0.6)));
    assert!(held.cancelled().is_empty(), "a claim that names no order touches none");
}

#[test]
fn a50_what_is_to_be_cancelled_goes_at_once_and_what_is_adopted_once_our_stop_is_confirmed() {
    let mut held = Held::new();
    held.claim(&["hand-stop"], &["hand-target"]);
    assert!(held.cancelled().iter().all(|order| order == "hand-target"), "{:?}", held.cancelled());
    assert!(!held.cancelled().is_empty());
    held.orders.retain(|order| order.as_str() != "hand-target");
    held.rig.oblige_all();
    assert_eq!(held.cancelled().last().map(String::as_str), Some("hand-stop"));
    assert_eq!(held.rig.stop_order(LONG).unwrap().quantity.get(), dec!(2));
    assert!(!held.cancelled().contains(&"other".to_owned()));
}

#[test]
fn a50_a_named_order_that_is_still_there_is_cancelled_again_and_one_that_is_gone_is_not() {
    let mut held = Held::new();
    held.claim(&[], &["hand-target"]);
    let before = held.cancelled().len();
    held.rig.feed(Input::Link(hyperrsi_core::trader::Link::Gap));
    held.read();
    assert_eq!(held.cancelled().len(), before + 1);
    held.orders.retain(|order| order.as_str() != "hand-target");
    for _ in 0..3 {
        held.rig.feed(Input::Link(hyperrsi_core::trader::Link::Gap));
        held.read();
    }
    assert_eq!(held.cancelled().len(), before + 1);
}

#[test]
fn a50_a_claim_outlives_a_restart() {
    let mut held = Held::new();
    held.claim(&["hand-stop"], &[]);
    let stored = serde_json::to_string(&held.rig.trader.snapshot()).unwrap();
    held.rig.trader = hyperrsi_core::trader::Trader::restore(serde_json::from_str(&stored).unwrap());
    held.rig.asked.clear();
    held.rig.feed(Input::Warm);
    held.rig.feed(Input::Command(Command::Start));
    assert!(held.cancelled().is_empty(), "its own stop is not confirmed");
    held.rig.mode = Mode::Obliging;
    // What was under way is looked up, found absent and placed anew.
    held.rig.asked.retain(|asked| !matches!(asked, Asked::Read(_)));
    held.rig.oblige_all();
    held.rig.sleep(Span::seconds(5));
    assert_eq!(held.cancelled(), ["hand-stop"]);
}
