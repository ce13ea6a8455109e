//! TRADING 10: levels of further entries, and the limit order that waits at the next one.

use crate::market::{Script, config, run};
use crate::support::*;
use hyperrsi_core::backtest::IntrabarPolicy;
use hyperrsi_core::model::*;
use hyperrsi_core::position::{Distance, EntryPlan, ExitPlan, ExitReason, ExtraEntries, StopKind};
use hyperrsi_core::risk::{Refusal, Size};
use hyperrsi_core::strategy::{Decision, Intent, LegState};
use hyperrsi_core::trader::{Answer, Command, Event, Input, Output};
use rust_decimal::Decimal;

fn margin(amount: Decimal) -> Size {
    Size::Margin(amount.into())
}

/// cs 0.01, lot 0.01 contracts, tick 0.1: the instrument of T-12.
fn btc() -> Instrument {
    let mut i = instrument(dec!(0.1), dec!(0.0001), dec!(0.0001));
    i.contract_size = dec!(0.01);
    i
}

/// The plan of T-12: percent 3 from the average, at most four entries, each 1.5 times the one before.
fn t12_plan() -> ExtraEntries {
    ExtraEntries::new(4, Distance::percent(dec!(3))).multiplied_by(dec!(1.5)).resting()
}

fn t12_entry(plan: ExitPlan) -> Decision {
    Decision::enter(LONG, margin(dec!(20)), plan).followed_by(EntryPlan::extra(t12_plan()))
}

fn five_percent_stop() -> ExitPlan {
    ladder([30, 30, 40]).stop_loss(Distance::percent(dec!(5)))
}

/// The limit entry that rests.
fn limit_entry(rig: &Rig) -> Option<OrderSpec> {
    rig.live.iter().copied().find(|o| !o.reduce_only && matches!(o.kind, OrderKind::Limit { .. }))
}

#[test]
fn t11_levels_before_rounding() {
    let mut exact = instrument(dec!(0.0001), dec!(0.01), dec!(0.01));
    exact.tick = dec!(0.0001);
    let plan = ExtraEntries::new(4, Distance::percent(dec!(3))).from_last_entry();
    for (side, levels) in
        [(LONG, [dec!(97), dec!(94.09), dec!(91.2673)]), (SHORT, [dec!(103), dec!(106.09), dec!(109.2727)])]
    {
        let mut last = Price::new(dec!(100));
        for expected in levels {
            let level = plan.level(&exact, side, Price::new(dec!(100)), last, None).unwrap().unwrap();
            assert_eq!(level.get(), expected, "{side}");
            last = level; // every fill exactly at its level
        }
    }
}

#[test]
fn s10_2_units_of_the_spacing_and_rounding_away_from_the_market() {
    let i = instrument(dec!(0.5), dec!(0.01), dec!(0.01));
    let at = |spacing, side, atr| {
        ExtraEntries::new(2, spacing)
            .level(&i, side, Price::new(dec!(1001)), Price::new(dec!(1)), atr)
            .unwrap()
            .map(Price::get)
    };
    // 1001 − 2.3 = 998.7 → 998.5; 1001 + 2.3 = 1003.3 → 1003.5.
    assert_eq!(at(Distance::PriceOffset(dec!(2.3)), LONG, None), Some(dec!(998.5)));
    assert_eq!(at(Distance::PriceOffset(dec!(2.3)), SHORT, None), Some(dec!(1003.5)));
    // ATR* = max(10, 1.001): 1001 − 2 · 10.
    assert_eq!(at(Distance::Atr(dec!(2)), LONG, Some(dec!(10))), Some(dec!(981)));
    assert_eq!(at(Distance::Atr(dec!(2)), LONG, None), None);
}

#[test]
fn t12_full_sequence_in_the_resting_form() {
    let rows = [
        (dec!(50_000), dec!(0.40), dec!(0.40), dec!(50_000.0000), dec!(51_000.0), dec!(47_500.0)),
        (dec!(48_500.0), dec!(0.61), dec!(1.01), dec!(49_094.0594), dec!(50_075.9), dec!(46_639.4)),
        (dec!(47_621.2), dec!(0.94), dec!(1.95), dec!(48_384.0656), dec!(49_351.7), dec!(45_964.9)),
        (dec!(46_932.5), dec!(1.43), dec!(3.38), dec!(47_769.9417), dec!(48_725.3), dec!(45_381.5)),
    ];
    let i = btc();
    let mut rig = Rig::new(i.clone());
    for (n, (fill, contracts, open, average, tp1, sl)) in rows.into_iter().enumerate() {
        if n == 0 {
            rig.enter_with(t12_entry(five_percent_stop()), fill);
        } else {
            let order = limit_entry(&rig).expect("the next level rests");
            assert_eq!(order.kind.price(), Some(fill.into()), "entry {}", n + 1);
            assert_eq!(i.contracts(order.quantity).unwrap().get(), contracts);
            rig.advance(Span::seconds(20));
            rig.price(Price::new(fill).to_f64());
            rig.fill_whole(&order, fill);
            assert!(limit_entry(&rig).is_none(), "the next one waits for a candle to close");
            rig.advance(Span::seconds(40));
            rig.decide(Decision::hold());
        }
        assert_eq!(i.contracts(rig.open(LONG).into()).unwrap().get(), open);
        let view = &rig.trader.view().long;
        assert_eq!(view.entries as usize, n + 1);
        assert_eq!(view.average.unwrap().get().round_dp(4), average);
        assert_eq!(rig.take_profits(LONG)[0].kind.price(), Some(tp1.into()));
        assert_eq!(rig.stop(LONG), stop_at(sl, StopKind::Fixed));
    }
    assert!(limit_entry(&rig).is_none() && rig.trader.view().long.next_entry.is_none());
    // A fifth entry is refused.
    rig.advance(Span::minutes(1));
    rig.decide(Decision::add(LONG, margin(dec!(20))));
    assert_eq!(rig.refusals(), [Refusal::LimitReached]);
}

#[test]
fn t12_with_a_stop_on_the_last_entry_only_the_last_row_has_one() {
    let mut plan = five_percent_stop();
    plan.stop = plan.stop.map(|stop| hyperrsi_core::position::StopLoss { from_entry: 4, ..stop });
    let mut rig = Rig::new(btc());
    rig.enter_with(t12_entry(plan), dec!(50_000));
    for expected in [None, None, stop_at(dec!(45_381.5), StopKind::Fixed)] {
        assert_eq!(rig.stop(LONG), None);
        let order = limit_entry(&rig).unwrap();
        rig.fill_whole(&order, order.kind.price().unwrap().get());
        assert_eq!(rig.stop(LONG), expected);
        rig.advance(Span::minutes(1));
        rig.decide(Decision::hold());
    }
}

#[test]
fn s10_5_a_percentage_is_frozen_as_money_when_the_leg_opens() {
    let mut rig = Rig::new(btc());
    let size = Size::PercentOfAvailable(Percent::new(dec!(1)));
    let decision = Decision::enter(LONG, size, five_percent_stop())
        .followed_by(EntryPlan::extra(ExtraEntries::new(3, Distance::percent(dec!(3)))));
    rig.enter_with(decision, dec!(50_000));
    // 1 % of the 1,000,000 that were free, whatever is free now.
    assert_eq!(rig.trader.view().long.next_entry.unwrap().size, margin(dec!(10_000)));
}

#[test]
fn s10_4_the_level_rests_only_after_the_protection() {
    let mut rig = Rig::new(btc());
    rig.decide(t12_entry(five_percent_stop()));
    rig.price(50_000.0);
    let opening = rig.opening().unwrap();
    rig.mode = Mode::Silent;
    rig.fill_whole(&opening, dec!(50_000));
    let places = |rig: &Rig| {
        rig.asked.iter().filter(|a| matches!(a, Asked::Place(_, spec) if !spec.reduce_only)).count()
    };
    assert_eq!(places(&rig), 0, "the stop is not confirmed yet");
    assert!(matches!(rig.asked[0], Asked::Place(_, s) if matches!(s.kind, OrderKind::StopMarket { .. })));
    let stop = rig.asked.remove(0);
    rig.oblige(stop);
    assert_eq!(places(&rig), 1);
}

#[test]
fn s10_4_withheld_and_let_go_at_closes() {
    let mut rig = Rig::new(btc());
    rig.enter_with(t12_entry(five_percent_stop()), dec!(50_000));
    let first = limit_entry(&rig).unwrap();
    rig.advance(Span::minutes(1));
    rig.decide(Decision::of(Intent::Withhold { side: LONG, withheld: true }));
    assert!(limit_entry(&rig).is_none() && rig.trader.view().long.withheld);
    rig.advance(Span::minutes(1));
    rig.decide(Decision::hold());
    assert!(limit_entry(&rig).is_none());
    rig.advance(Span::minutes(1));
    rig.decide(Decision::of(Intent::Withhold { side: LONG, withheld: false }));
    let again = limit_entry(&rig).unwrap();
    assert_eq!((again.kind, again.quantity), (first.kind, first.quantity));
    assert_ne!(again.client_id, first.client_id, "a cancelled order is over; this is another");
}

#[test]
fn s10_4_withdrawn_at_once_when_openings_are_gated_and_back_at_the_next_close() {
    let mut rig = Rig::new(btc());
    rig.enter_with(t12_entry(five_percent_stop()), dec!(50_000));
    rig.feed(Input::Command(Command::Pause));
    assert!(limit_entry(&rig).is_none(), "V7: no opening order while gated");
    assert_eq!(rig.take_profits(LONG).len(), 3, "what reduces stays");
    rig.feed(Input::Command(Command::Resume));
    rig.advance(Span::minutes(1));
    rig.decide(Decision::hold());
    assert!(limit_entry(&rig).is_some());
    // 10.4: before any market close.
    rig.feed(Input::Command(Command::Close { side: LONG, fraction: Decimal::ONE }));
    let cancel = rig.log.iter().rposition(|o| matches!(o, Output::Cancel { .. })).unwrap();
    let close = rig.log.iter().rposition(
        |o| matches!(o, Output::Place { ticket, .. } if ticket.order().reduce_only && ticket.order().kind == OrderKind::Market),
    );
    assert!(cancel < close.unwrap() && limit_entry(&rig).is_none());
}

#[test]
fn s10_4_a_partial_fill_that_stops_growing_is_the_entry() {
    let mut rig = Rig::new(btc());
    rig.enter_with(t12_entry(five_percent_stop()), dec!(50_000));
    let order = limit_entry(&rig).unwrap();
    rig.price(48_500.0);
    rig.fill(&order, dec!(48_500), dec!(0.0020)); // of 0.0061
    assert_eq!(rig.trader.view().long.entries, 2);
    rig.sleep(Span::seconds(4));
    rig.fill(&order, dec!(48_500), dec!(0.0010));
    rig.sleep(Span::millis_of(4_999));
    assert!(limit_entry(&rig).is_some(), "it grew less than five seconds ago");
    rig.sleep(Span::seconds(1));
    assert!(limit_entry(&rig).is_none());
    assert_eq!((rig.trader.view().long.entries, rig.open(LONG)), (2, dec!(0.0070)));
    // The third entry is due at 3 % under the average, at the next close.
    rig.advance(Span::minutes(1));
    rig.decide(Decision::hold());
    // A = (50000 · 0.004 + 48500 · 0.003) / 0.007 = 49357.142857…; · 0.97 = 47876.42857 → 47876.4
    assert_eq!(limit_entry(&rig).unwrap().kind.price(), Some(dec!(47_876.4).into()));
}

#[test]
fn s3_5_a_resting_fill_uses_the_candle_in_which_it_happens() {
    let mut rig = Rig::new(btc());
    rig.enter_with(t12_entry(five_percent_stop()), dec!(50_000));
    rig.advance(Span::seconds(30)); // within the candle that opened at 12:00
    let order = limit_entry(&rig).unwrap();
    rig.fill_whole(&order, dec!(48_500));
    rig.advance(Span::seconds(30));
    rig.decide(Decision::add(LONG, margin(dec!(20))));
    assert_eq!(rig.refusals(), [Refusal::CandleUsed]);
    rig.advance(Span::minutes(1));
    rig.decide(Decision::add(LONG, margin(dec!(20))));
    rig.price(48_500.0);
    assert_eq!(rig.refusals(), [Refusal::CandleUsed]);
}

#[test]
fn s5_6_an_entry_that_fills_after_the_leg_was_closed_is_closed_at_once() {
    let mut rig = Rig::new(btc());
    rig.enter_with(t12_entry(five_percent_stop()), dec!(50_000));
    let order = limit_entry(&rig).unwrap();
    rig.mode = Mode::Silent;
    let stop = rig.stop_order(LONG).unwrap();
    rig.fill_whole(&stop, dec!(47_500)); // the cancel of the entry is still on its way
    assert_eq!(rig.open(LONG), dec!(0));
    let late = rig.make_fill(&order, dec!(48_500), dec!(0.0061));
    rig.feed(Input::Fill(&late));
    rig.mode = Mode::Obliging;
    rig.oblige_all();
    let close = rig.close_order().expect("closed at market");
    rig.fill_whole(&close, dec!(47_400));
    assert_eq!(
        rig.trades.iter().map(|t| t.reason).collect::<Vec<_>>(),
        [ExitReason::StopLoss, ExitReason::LateFill]
    );
    assert_eq!(rig.trader.view().long.state, LegState::Flat);
}

#[test]
fn s10_5_a_refused_limit_entry_waits_for_the_next_close() {
    let mut rig = Rig::new(btc());
    rig.mode = Mode::Silent;
    rig.decide(t12_entry(five_percent_stop()));
    rig.price(50_000.0);
    rig.oblige_all();
    let opening = rig.opening().unwrap();
    rig.fill_whole(&opening, dec!(50_000));
    let entry = loop {
        match rig.asked.remove(0) {
            Asked::Place(request, spec) if !spec.reduce_only => break request,
            other => rig.oblige(other),
        }
    };
    rig.answer(entry, Answer::Refused(hyperrsi_core::trader::RejectClass::Other, "no".into()));
    rig.oblige_all();
    rig.price(49_900.0);
    assert!(limit_entry(&rig).is_none() && rig.asked.is_empty());
    assert!(rig.events.iter().any(|e| matches!(e, Event::Rejected { .. })));
    rig.advance(Span::minutes(1));
    rig.decide(Decision::hold());
    rig.oblige_all();
    assert!(limit_entry(&rig).is_some());
}

/// TRADING 15.4, the example: long 100, extra entry 97, TP1 2 %, SL 5 %, break-even on, equal quantities.
#[test]
fn t20_the_example_of_15_4() {
    let exits = break_even(levels(&[(dec!(2), dec!(50), true), (dec!(9), dec!(50), true)]))
        .stop_loss(Distance::percent(dec!(5)));
    let plan = EntryPlan::extra(ExtraEntries::new(2, Distance::percent(dec!(3))).resting());
    let script =
        Script::default().then(0, Decision::enter(LONG, Size::Base(dec!(2).into()), exits).followed_by(plan));
    let candles = [[100.0; 4], [100.0; 4], [100.0, 103.0, 96.0, 102.0], [102.0; 4]];
    let fills = |policy| {
        let run = run(&config(), policy, &script, &candles);
        let trade = run.trades.first().cloned();
        trade.map(|t| {
            assert_eq!(t.entries, 2);
            t.fills.iter().map(|f| (f.price.get().normalize(), f.quantity.get())).collect::<Vec<_>>()
        })
    };
    // A = (100 · 2 + 97 · 2) / 4 = 98.5; TP1 98.5 · 1.02 = 100.47 for half of it; the close 102 lies beyond; the rest at 98.5.
    assert_eq!(
        fills(IntrabarPolicy::Pessimistic).unwrap(),
        [(dec!(100), dec!(2)), (dec!(97), dec!(2)), (dec!(100.47), dec!(2)), (dec!(98.5), dec!(2))]
    );
    // ohlc_path, a rising candle: 100 → 96 fills the entry at 97; → 103 fills TP1 at 100.47; → 102. Nothing stops the rest.
    assert!(fills(IntrabarPolicy::OhlcPath).is_none(), "still open at 98.5 with a stop there");
    // Optimistic: TP1 of the first epoch (102) first, half of 2; then the entry at 97 is not nearer than the stop at 100.
    let optimistic = run(&config(), IntrabarPolicy::Optimistic, &script, &candles);
    assert!(optimistic.trades.is_empty());
}
