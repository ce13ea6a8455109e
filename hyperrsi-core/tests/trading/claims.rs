//! TRADING 13.4, A50: a position that somebody else opened, taken over by command. Which of their orders
//! a claim touches is tested where orders of others are known: `runtime/`.

use crate::support::*;
use hyperrsi_core::model::*;
use hyperrsi_core::position::{Distance, ExitPlan, StopKind};
use hyperrsi_core::trader::{AccountRead, Command, Event, Input};

fn stopped() -> ExitPlan {
    ladder([30, 30, 40]).stop_loss(Distance::percent(dec!(5)))
}

/// A rig whose account holds a long of 2 at 1,000 that the engine has not opened, with an order of somebody else.
struct Held {
    rig: Rig,
}

impl Held {
    fn new() -> Self {
        let mut rig = Rig::new(instrument(dec!(0.1), dec!(0.01), dec!(0.01)));
        rig.mode = Mode::Silent;
        let mut held = Self { rig };
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
        let read = AccountRead { positions: vec![position], foreign_orders: 1, ..AccountRead::default() };
        self.rig.feed(Input::AccountRead { request, read: Some(Box::new(read)) });
    }
}

#[test]
fn s13_4_a_foreign_position_is_reported_and_left_alone() {
    let held = Held::new();
    assert!(held.rig.events.iter().any(|event| matches!(event, Event::Foreign { side: LONG })));
    assert!(held.rig.asked.is_empty(), "it is not touched: {:?}", held.rig.asked);
}

#[test]
fn s13_4_a_claimed_position_is_protected_by_the_plan_of_the_claim() {
    let mut held = Held::new();
    held.rig.feed(Input::Command(Command::Claim { side: LONG, exits: stopped() }));
    held.read();
    let rig = &mut held.rig;
    rig.mode = Mode::Obliging;
    rig.oblige_all();
    assert_eq!((rig.open(LONG), rig.trader.view().long.entries), (dec!(2), 1));
    assert_eq!(rig.stop(LONG), stop_at(dec!(950), StopKind::Fixed));
    assert_eq!(rig.stop_order(LONG).unwrap().quantity.get(), dec!(2));
    assert_eq!(prices(&rig.take_profits(LONG))[0], (dec!(1_020), dec!(0.6)));
}
