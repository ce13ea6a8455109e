//! TRADING 10, as far as one leg's arithmetic goes: averages, ladder and stop after each entry. Where entries rest and when
//! they are decided is the strategy's.

use crate::support::*;
use hyperrsi_core::model::*;
use hyperrsi_core::position::{Distance, LevelState, StopKind};
use hyperrsi_core::risk::Size;
use hyperrsi_core::strategy::{Decision, Intent};
use rust_decimal::Decimal;
use std::sync::Arc;

#[test]
fn t12_full_sequence() {
    // cs 0.01, lot 0.01 contracts: 0.0001 base units.
    let mut i = instrument(dec!(0.1), dec!(0.0001), dec!(0.0001));
    i.contract_size = dec!(0.01);
    let rows = [
        (dec!(50_000), dec!(20), dec!(0.40), dec!(0.40), dec!(50_000.0000), dec!(51_000.0), dec!(47_500.0)),
        (dec!(48_500.0), dec!(30), dec!(0.61), dec!(1.01), dec!(49_094.0594), dec!(50_075.9), dec!(46_639.4)),
        (dec!(47_621.2), dec!(45), dec!(0.94), dec!(1.95), dec!(48_384.0656), dec!(49_351.7), dec!(45_964.9)),
        (
            dec!(46_932.5),
            dec!(67.5),
            dec!(1.43),
            dec!(3.38),
            dec!(47_769.9417),
            dec!(48_725.3),
            dec!(45_381.5),
        ),
    ];
    let mut rig = Rig::new(i.clone());
    let base = Size::Margin(dec!(20).into());
    let mut factor = Decimal::ONE;
    for (n, (fill, margin, contracts, open, average, tp1, sl)) in rows.into_iter().enumerate() {
        let size = base.scaled(factor).unwrap();
        assert_eq!(size, Size::Margin(margin.into()));
        factor *= dec!(1.5);
        let decision = if n == 0 {
            let plan = ladder([30, 30, 40]).stop_loss(Distance::percent(dec!(5)));
            Decision::enter(LONG, size, Arc::new(plan))
        } else {
            rig.advance(Span::minutes(1));
            Decision::of(Intent::Add { side: LONG, size })
        };
        let booked = rig.enter_with(decision, fill);
        assert_eq!(i.contracts(booked.quantity).unwrap().get(), contracts, "n = {}", n + 1);
        assert_eq!(i.contracts(rig.open(LONG).into()).unwrap().get(), open);
        let view = &rig.trader.view().long;
        assert_eq!(view.entries as usize, n + 1);
        assert_eq!(view.average.unwrap().get().round_dp(4), average);
        assert_eq!(rig.take_profits(LONG)[0].kind.price(), Some(tp1.into()));
        assert_eq!(rig.stop(LONG), stop_at(sl, StopKind::Fixed));
        let stop = rig.stop_order(LONG).unwrap();
        assert_eq!((stop.kind.price(), stop.quantity.get()), (Some(sl.into()), rig.open(LONG)));
    }
}

#[test]
fn t13_partial_exit_then_a_further_entry() {
    let mut rig = Rig::new(instrument(dec!(0.001), dec!(0.01), dec!(0.01)));
    let plan = ladder([30, 30, 40]).stop_loss(Distance::percent(dec!(5)));
    rig.enter(LONG, dec!(1), dec!(100), plan);
    rig.add(LONG, dec!(1), dec!(97));
    assert_eq!(rig.trader.view().long.average.unwrap().get(), dec!(98.5));
    assert_eq!(rig.stop(LONG), stop_at(dec!(93.575), StopKind::Fixed));
    assert_eq!(prices(&rig.take_profits(LONG))[0], (dec!(100.47), dec!(0.6)));
    rig.price(100.47);
    rig.fill_take_profit(LONG);
    rig.add(LONG, dec!(1), dec!(95.5));
    assert_eq!(rig.trader.view().long.average.unwrap().get(), dec!(97.25));
    assert_eq!(rig.states(LONG), [LevelState::Resting; 3]);
    let placed: Decimal = rig.take_profits(LONG).iter().map(|o| o.quantity.get()).sum();
    assert_eq!(placed, dec!(2.4));
}

#[test]
fn s7_9_the_old_ladder_is_gone_before_the_new_one_is_sent() {
    let mut rig = Rig::new(instrument(dec!(0.001), dec!(0.01), dec!(0.01)));
    rig.enter(LONG, dec!(1), dec!(100), ladder([30, 30, 40]).stop_loss(Distance::percent(dec!(5))));
    let old = rig.take_profits(LONG);
    rig.advance(Span::minutes(1));
    rig.decide(Decision::of(Intent::Add { side: LONG, size: Size::Base(dec!(1).into()) }));
    rig.price(97.0);
    let opening = rig.opening().unwrap();
    rig.mode = Mode::Silent;
    rig.fill_whole(&opening, dec!(97));
    // 5.5: the stop first, then the old take profits; nothing new yet.
    assert!(
        matches!(rig.asked[0], Asked::Amend(_, spec) if spec.quantity.get() == dec!(2)),
        "{:?}",
        rig.asked
    );
    assert_eq!(rig.asked[1..].iter().filter(|a| matches!(a, Asked::Cancel(..))).count(), 3);
    assert_eq!(rig.asked.len(), 4);
    // The first old level fills before it is cancelled: booked, reduces Q, triggers nothing of the new epoch.
    let late = rig.make_fill(&old[0], dec!(102), dec!(0.3));
    rig.feed(hyperrsi_core::trader::Input::Fill(&late));
    rig.mode = Mode::Obliging;
    rig.oblige_all();
    assert_eq!(rig.open(LONG), dec!(1.7));
    assert_eq!(rig.states(LONG), [LevelState::Resting; 3], "a late fill is no fill of the new ladder");
    assert_eq!(rig.stop(LONG).unwrap().kind, StopKind::Fixed);
    let new = rig.take_profits(LONG);
    assert_eq!(
        prices(&new),
        [(dec!(100.47), dec!(0.51)), (dec!(101.455), dec!(0.51)), (dec!(102.44), dec!(0.68)),]
    );
}

#[test]
fn s10_6_a_partial_fill_of_an_extra_entry_is_an_entry() {
    let mut rig = Rig::new(instrument(dec!(0.001), dec!(0.01), dec!(0.01)));
    rig.enter(LONG, dec!(1), dec!(100), ladder([30, 30, 40]).stop_loss(Distance::percent(dec!(5))));
    rig.advance(Span::minutes(1));
    rig.decide(Decision::of(Intent::Add { side: LONG, size: Size::Base(dec!(1).into()) }));
    rig.price(97.0);
    let opening = rig.opening().unwrap();
    rig.fill(&opening, dec!(97), dec!(0.5));
    rig.fill(&opening, dec!(97), dec!(0.5));
    assert_eq!(rig.trader.view().long.entries, 2);
    assert_eq!(rig.stop(LONG), stop_at(dec!(93.575), StopKind::Fixed));
    let placed: Decimal = rig.take_profits(LONG).iter().map(|o| o.quantity.get()).sum();
    assert_eq!(placed, dec!(2));
}
