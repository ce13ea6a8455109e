//! TRADING 6: the fixed stop and the effective stop.

use crate::support::*;
use hyperrsi_core::model::*;
use hyperrsi_core::position::{Distance, EffectiveStop, EpochStart, ExitPlan, Exits, StopKind, StopLoss};
use hyperrsi_core::strategy::LegState;
use rust_decimal::Decimal;
use std::sync::Arc;

fn start(average: Decimal, atr: Option<Decimal>) -> EpochStart {
    EpochStart {
        entries: 1,
        quantity: dec!(1).into(),
        average: average.into(),
        reference: average.into(),
        atr,
    }
}

fn fixed(
    side: PositionSide,
    average: Decimal,
    distance: Distance,
    atr: Option<Decimal>,
) -> Option<EffectiveStop> {
    let i = instrument(dec!(0.1), dec!(0.01), dec!(0.01));
    let plan = Arc::new(ExitPlan::new().stop_loss(distance));
    Exits::build(plan, &i, side, start(average, atr)).unwrap().stop()
}

#[test]
fn t06_fixed_stop() {
    let percent = Distance::percent(dec!(5));
    let rows = [
        (LONG, dec!(100), percent, None, dec!(95.0)),
        (SHORT, dec!(100), percent, None, dec!(105.0)),
        (LONG, dec!(49_094.0594), percent, None, dec!(46_639.4)),
        (SHORT, dec!(49_094.0594), percent, None, dec!(51_548.7)),
        (LONG, dec!(50_000), Distance::PriceOffset(dec!(750)), None, dec!(49_250.0)),
        (LONG, dec!(50_000), Distance::Atr(dec!(2)), Some(dec!(300)), dec!(49_400.0)),
        (LONG, dec!(50_000), Distance::Atr(dec!(2)), Some(dec!(20)), dec!(49_900.0)),
    ];
    for (side, average, distance, atr, stop) in rows {
        assert_eq!(
            fixed(side, average, distance, atr),
            stop_at(stop, StopKind::Fixed),
            "{side} {average} {distance:?}"
        );
    }
}

#[test]
fn s6_1_wanted_by_entries() {
    let i = instrument(dec!(0.1), dec!(0.01), dec!(0.01));
    let mut plan = ExitPlan::new();
    plan.stop = Some(StopLoss { distance: Distance::percent(dec!(5)), from_entry: 4 });
    for entries in 1..=5 {
        let start = EpochStart { entries, ..start(dec!(100), None) };
        let exits = Exits::build(Arc::new(plan.clone()), &i, LONG, start).unwrap();
        assert_eq!(exits.stop().is_some(), entries >= 4, "n = {entries}");
    }
}

#[test]
fn s6_2_a_stop_at_or_below_zero_is_refused() {
    assert_eq!(fixed(LONG, dec!(100), Distance::PriceOffset(dec!(100)), None), None);
    assert_eq!(fixed(LONG, dec!(100), Distance::PriceOffset(dec!(101)), None), None);
}

#[test]
fn s6_5_ties_name_trailing_then_break_even_then_fixed() {
    let at = |kind| EffectiveStop { price: dec!(100).into(), kind };
    let (fixed, even, trail) = (at(StopKind::Fixed), at(StopKind::BreakEven), at(StopKind::Trailing));
    for side in PositionSide::BOTH {
        assert_eq!(fixed.more_protective(even, side), even);
        assert_eq!(even.more_protective(fixed, side), even);
        assert_eq!(even.more_protective(trail, side), trail);
        assert_eq!(trail.more_protective(fixed, side), trail);
    }
}

#[test]
fn s6_3_one_stop_market_order_for_the_whole_leg() {
    let mut rig = Rig::new(instrument(dec!(0.1), dec!(0.01), dec!(0.01)));
    rig.enter(LONG, dec!(1), dec!(100), ladder([30, 30, 40]).stop_loss(Distance::percent(dec!(5))));
    let stop = rig.stop_order(LONG).unwrap();
    assert_eq!(stop.kind, OrderKind::StopMarket { trigger: dec!(95).into(), source: TriggerSource::Mark });
    assert_eq!((stop.quantity.get(), stop.reduce_only, stop.side), (dec!(1), true, Side::Sell));
    // 6.10: the size follows the open quantity.
    rig.fill_take_profit(LONG);
    assert_eq!(rig.stop_order(LONG).unwrap().quantity.get(), dec!(0.7));
}

#[test]
fn s6_4_an_extra_entry_starts_a_new_epoch() {
    let mut rig = Rig::new(instrument(dec!(0.001), dec!(0.01), dec!(0.01)));
    let plan = break_even(ladder([30, 30, 40])).stop_loss(Distance::percent(dec!(5)));
    rig.enter(LONG, dec!(1), dec!(100), plan);
    rig.price(102.0);
    rig.fill_take_profit(LONG);
    assert_eq!(rig.stop(LONG), stop_at(dec!(100), StopKind::BreakEven));
    rig.add(LONG, dec!(0.7), dec!(101));
    // A = 100.5; break-even is gone, the fixed stop is new (8.5, 6.4), all levels are armed again (7.9).
    assert_eq!(rig.stop(LONG), stop_at(dec!(95.475), StopKind::Fixed));
    let order = rig.stop_order(LONG).unwrap();
    assert_eq!((order.kind.price(), order.quantity.get()), (Some(dec!(95.475).into()), dec!(1.4)));
    assert_eq!(
        prices(&rig.take_profits(LONG)),
        [(dec!(102.51), dec!(0.42)), (dec!(103.515), dec!(0.42)), (dec!(104.52), dec!(0.56)),]
    );
}

#[test]
fn s6_9_a_stop_that_is_already_through_closes_at_market() {
    let mut rig = Rig::new(instrument(dec!(0.1), dec!(0.01), dec!(0.01)));
    rig.decide(hyperrsi_core::strategy::Decision::enter(
        LONG,
        hyperrsi_core::risk::Size::Base(dec!(1).into()),
        ladder([30, 30, 40]).stop_loss(Distance::percent(dec!(5))),
    ));
    rig.price(100.0);
    let opening = rig.opening().unwrap();
    rig.price(94.0);
    rig.fill_whole(&opening, dec!(100));
    assert_eq!(rig.trader.view().long.state, LegState::Closing);
    let close = rig.close_order().unwrap();
    assert_eq!((close.quantity.get(), close.reduce_only, close.leg), (dec!(1), true, LONG));
    rig.fill_whole(&close, dec!(94));
    assert_eq!(rig.trades[0].reason.code(), "stop_loss");
}
