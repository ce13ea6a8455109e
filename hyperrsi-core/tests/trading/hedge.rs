//! TRADING 11: the leg against the main one.

use crate::support::*;
use hyperrsi_core::model::*;
use hyperrsi_core::position::{
    Distance, EntryPlan, ExitPlan, ExitReason, ExtraEntries, HedgePlan, HedgeStop, HedgeTakeProfit,
    HedgeTarget, Ladder, Level, LevelState, MainLeg, StopKind,
};
use hyperrsi_core::risk::{Refusal, Size};
use hyperrsi_core::strategy::Decision;
use hyperrsi_core::trader::{Answer, Command, Input, RejectClass};
use rust_decimal::Decimal;

fn percent(value: Decimal) -> HedgeTarget {
    HedgeTarget::PercentOfMain(Percent::new(value))
}

fn contracts_of_one() -> Instrument {
    instrument(dec!(0.1), dec!(0.01), dec!(0.01))
}

/// The plan of T-14: trigger 3, 30 % of the position.
fn t14() -> HedgePlan {
    HedgePlan::new(3, percent(dec!(30)))
}

fn stop(value: Decimal) -> HedgeStop {
    HedgeStop::Percent(Percent::new(value))
}

/// A main long of one at 50,000 with a ladder of 2, 3, 4 % and a stop of 5 %, that further entries and a hedge follow.
fn main_long(rig: &mut Rig, hedge: HedgePlan) {
    let exits = break_even(ladder([30, 30, 40])).stop_loss(Distance::percent(dec!(5)));
    let plan = EntryPlan::extra(ExtraEntries::new(4, Distance::percent(dec!(3)))).with_hedge(hedge);
    let decision = Decision::enter(LONG, Size::Base(dec!(1).into()), exits).followed_by(plan);
    rig.enter_with(decision, dec!(50_000));
}

/// The market order that opens or adds to the hedge.
fn hedge_order(rig: &Rig) -> Option<OrderSpec> {
    rig.live.iter().copied().find(|o| o.leg == SHORT && !o.reduce_only)
}

fn fill_hedge(rig: &mut Rig, price: Decimal) -> OrderSpec {
    let order = hedge_order(rig).expect("a hedge was sent");
    assert_eq!((order.side, order.kind), (Side::Sell, OrderKind::Market));
    rig.fill_whole(&order, price);
    order
}

#[test]
fn t14_sizes() {
    let i = contracts_of_one();
    let q = |value: Decimal| Quantity::new(value);
    let missing = |main, hedge| t14().missing(&i, q(main), q(hedge)).unwrap().get();
    assert_eq!(missing(dec!(1.95), dec!(0)), dec!(0.58)); // 0.585 floored
    assert_eq!(missing(dec!(2.00), dec!(0.20)), dec!(0.40)); // target 0.60
    assert_eq!(missing(dec!(0.03), dec!(0)), dec!(0)); // 0.009
    assert_eq!(missing(dec!(1.00), dec!(0.90)), dec!(0), "never negative");
    let fixed = HedgePlan::new(1, HedgeTarget::Contracts(Contracts::new(dec!(7))));
    let mut small = i;
    small.contract_size = dec!(0.1);
    assert_eq!(fixed.missing(&small, q(dec!(9)), q(dec!(0.2))).unwrap().get(), dec!(0.5));
}

#[test]
fn t14_exits() {
    let i = contracts_of_one();
    let level = Level { price: dec!(49_351.7).into(), quantity: dec!(1).into(), state: LevelState::Resting };
    let ladder = Ladder { levels: vec![level], rest: Quantity::ZERO };
    let exits = |plan: HedgePlan, main_stop: Decimal| {
        let main = MainLeg { entries: 3, stop: stop_at(main_stop, StopKind::Fixed), ladder: Some(&ladder) };
        let (tp, sl) = plan.exits(&i, SHORT, Price::new(dec!(47_600)), main).unwrap();
        (tp.map(|p| p.get().normalize()), sl.map(|p| p.get().normalize()))
    };
    let mut plan = t14();
    plan.take_profit = HedgeTakeProfit::Percent(Percent::new(dec!(0.3)));
    plan.stop = Some(stop(dec!(5)));
    assert_eq!(exits(plan, dec!(45_964.9)), (Some(dec!(47_457.2)), Some(dec!(49_980))));
    plan.take_profit = HedgeTakeProfit::MainStop;
    plan.stop = Some(HedgeStop::MainLevel(1));
    assert_eq!(exits(plan, dec!(45_964.9)), (Some(dec!(45_964.9)), Some(dec!(49_351.7))));
    assert_eq!(exits(plan, dec!(48_400)).0, None, "the main stop lies above H");
    plan.exits_from_entry = 4; // activate_tp_sl_after_all_dca
    assert_eq!(exits(plan, dec!(45_964.9)), (None, None));
}

#[test]
fn t14_nothing_before_the_trigger_then_thirty_percent() {
    let mut rig = Rig::new(contracts_of_one());
    main_long(&mut rig, t14());
    rig.add(LONG, dec!(0.5), dec!(48_000));
    assert!(hedge_order(&rig).is_none(), "n = 2");
    rig.add(LONG, dec!(0.45), dec!(47_600));
    let order = fill_hedge(&mut rig, dec!(47_600));
    assert_eq!(order.quantity.get(), dec!(0.58), "main open 1.95");
    let hedge = &rig.trader.view().short;
    assert!(hedge.hedge && hedge.entries == 1 && hedge.candle_used.is_none());
    // The limit of one hedge entry holds at the fourth entry, too.
    rig.add(LONG, dec!(1), dec!(47_500));
    assert!(hedge_order(&rig).is_none());
}

#[test]
fn t14_a_second_entry_fills_up_to_the_target() {
    let mut plan = HedgePlan::new(1, percent(dec!(20)));
    plan.limit = 2;
    plan.stop = Some(stop(dec!(5)));
    let mut rig = Rig::new(contracts_of_one());
    main_long(&mut rig, plan);
    assert_eq!(fill_hedge(&mut rig, dec!(50_000)).quantity.get(), dec!(0.2));
    rig.add(LONG, dec!(1), dec!(48_000));
    assert_eq!(fill_hedge(&mut rig, dec!(48_000)).quantity.get(), dec!(0.2)); // 20 % of 2, less 0.2
    // H = (0.2 · 50000 + 0.2 · 48000) / 0.4 = 49000; · 1.05
    assert_eq!(rig.stop(SHORT), stop_at(dec!(51_450), StopKind::Fixed));
    assert_eq!(rig.stop_order(SHORT).unwrap().quantity.get(), dec!(0.4));
    rig.add(LONG, dec!(1), dec!(47_000));
    assert!(hedge_order(&rig).is_none(), "two hedge entries at most");
}

#[test]
fn t14_too_small_a_hedge_is_refused_by_name() {
    let mut rig = Rig::new(contracts_of_one());
    let exits = ladder([30, 30, 40]).stop_loss(Distance::percent(dec!(5)));
    let plan = EntryPlan::default().with_hedge(HedgePlan::new(1, percent(dec!(30))));
    rig.enter_with(
        Decision::enter(LONG, Size::Base(dec!(0.03).into()), exits).followed_by(plan),
        dec!(50_000),
    );
    assert_eq!(rig.refusals(), [Refusal::HedgeBelowMinSize]);
    assert!(hedge_order(&rig).is_none());
}

#[test]
fn t14_last_dca_closes_the_hedge_at_market_and_opens_none() {
    let mut plan = HedgePlan::new(2, percent(dec!(30)));
    plan.limit = 3;
    plan.take_profit = HedgeTakeProfit::LastEntry;
    plan.last_entry = 4;
    let mut rig = Rig::new(contracts_of_one());
    main_long(&mut rig, plan);
    for (n, price) in [(2, dec!(48_000)), (3, dec!(47_000))] {
        rig.add(LONG, dec!(1), price);
        fill_hedge(&mut rig, price);
        assert_eq!(rig.trader.view().short.entries, n - 1);
    }
    rig.add(LONG, dec!(1), dec!(46_000));
    assert!(hedge_order(&rig).is_none());
    let close = rig.close_order().expect("the hedge is closed at market");
    assert_eq!((close.leg, close.quantity.get()), (SHORT, dec!(0.9)));
    rig.fill_whole(&close, dec!(46_000));
    assert_eq!(
        rig.trades.iter().map(|t| (t.hedge, t.reason)).collect::<Vec<_>>(),
        [(true, ExitReason::HedgeLastEntry)]
    );
}

#[test]
fn s11_5_the_take_profit_follows_the_main_stop() {
    let mut plan = HedgePlan::new(1, percent(dec!(50)));
    plan.take_profit = HedgeTakeProfit::MainStop;
    let mut rig = Rig::new(contracts_of_one());
    main_long(&mut rig, plan);
    fill_hedge(&mut rig, dec!(49_900));
    // The main stop, 47,500, lies below H = 49,900: profit for the short.
    assert_eq!(prices(&rig.take_profits(SHORT)), [(dec!(47_500), dec!(0.5))]);
    assert!(rig.stop_order(SHORT).is_none());
    // TP1 of the main fills: break-even, the stop moves to 50,000, above H. No order then.
    rig.fill_take_profit(LONG);
    assert_eq!(rig.stop(LONG), stop_at(dec!(50_000), StopKind::BreakEven));
    assert!(rig.take_profits(SHORT).is_empty());
    // Stopped out: with this kind the hedge is closed at market.
    let stop = rig.stop_order(LONG).unwrap();
    rig.fill_whole(&stop, dec!(50_000));
    let close = rig.close_order().unwrap();
    assert_eq!(close.leg, SHORT);
    rig.fill_whole(&close, dec!(50_000));
    assert_eq!(rig.trades.last().unwrap().reason, ExitReason::HedgeLinked);
}

#[test]
fn s11_6_the_stop_is_a_level_of_the_main_ladder_and_closes_with_it() {
    let mut plan = HedgePlan::new(1, percent(dec!(50)));
    plan.stop = Some(HedgeStop::MainLevel(1));
    let mut rig = Rig::new(contracts_of_one());
    main_long(&mut rig, plan);
    fill_hedge(&mut rig, dec!(50_000));
    assert_eq!(rig.stop_order(SHORT).unwrap().kind.price(), Some(dec!(51_000).into()));
    // A further entry rebuilds the ladder: A = 49,000, P_1 = 49,980.
    rig.add(LONG, dec!(1), dec!(48_000));
    assert_eq!(rig.stop_order(SHORT).unwrap().kind.price(), Some(dec!(49_980).into()));
    // P_1 fills while the hedge's stop has not triggered.
    rig.fill_take_profit(LONG);
    let close = rig.close_order().expect("the hedge is closed at market");
    rig.fill_whole(&close, dec!(49_980));
    assert_eq!((rig.trades[0].hedge, rig.trades[0].reason), (true, ExitReason::HedgeStopLoss));
    assert!(rig.open(LONG) > Decimal::ZERO);
}

#[test]
fn s11_7_a_hedge_that_took_profit_takes_the_main_leg_with_it() {
    for linked in [true, false] {
        let mut plan = HedgePlan::new(1, percent(dec!(50)));
        plan.take_profit = HedgeTakeProfit::Percent(Percent::new(dec!(1)));
        plan.close_main_on_take_profit = linked;
        let mut rig = Rig::new(contracts_of_one());
        main_long(&mut rig, plan);
        fill_hedge(&mut rig, dec!(50_000));
        assert_eq!(prices(&rig.take_profits(SHORT)), [(dec!(49_500), dec!(0.5))]);
        rig.fill_take_profit(SHORT);
        assert_eq!((rig.trades[0].hedge, rig.trades[0].reason), (true, ExitReason::HedgeTakeProfit));
        assert_eq!(rig.close_order().is_some(), linked);
        if let Some(close) = rig.close_order() {
            rig.fill_whole(&close, dec!(49_500));
            assert_eq!((rig.trades[1].hedge, rig.trades[1].reason), (false, ExitReason::HedgeTpLinked));
        }
        // 11.9: an exit does not reset the count; 12.6: nor does it start a cooldown.
        assert_eq!(rig.trader.view().short.last_exit, None);
    }
}

#[test]
fn t14_what_becomes_of_the_hedge_when_the_main_leg_is_left() {
    use ExitReason::{BreakEven, Manual, StopLoss, TakeProfit3, TrailingStop, TrendReversal, UserCommand};
    let plain = HedgePlan::new(1, percent(dec!(30)));
    let mut on_stop = plain;
    on_stop.close_on_main_stop = true;
    let mut on_trend = plain;
    on_trend.close_on_trend_exit = true;
    let mut existing = plain;
    existing.take_profit = HedgeTakeProfit::MainStop;
    for (plan, reason, stays) in [
        (plain, TrendReversal, true),
        (on_trend, TrendReversal, false),
        (plain, StopLoss, true),
        (plain, BreakEven, true),
        (on_stop, StopLoss, false),
        (on_stop, BreakEven, false),
        (existing, StopLoss, false),
        (existing, BreakEven, false),
        (plain, TakeProfit3, false),
        (plain, TrailingStop, false),
        (plain, Manual, false),
        (plain, UserCommand, false),
    ] {
        assert_eq!(plan.survives(reason, true), stays, "{reason:?}");
        assert!(!plan.survives(reason, false), "with neither TP nor SL it is closed");
    }
}

#[test]
fn t14_a_trend_exit_leaves_a_hedge_with_a_stop_and_blocks_first_entries() {
    let mut plan = HedgePlan::new(1, percent(dec!(30)));
    plan.stop = Some(stop(dec!(5)));
    let mut rig = Rig::new(contracts_of_one());
    main_long(&mut rig, plan);
    fill_hedge(&mut rig, dec!(50_000));
    rig.advance(Span::minutes(1));
    rig.decide(Decision::exit(LONG, ExitReason::TrendReversal));
    let close = rig.close_order().unwrap();
    rig.fill_whole(&close, dec!(49_900));
    assert_eq!((rig.open(LONG), rig.open(SHORT)), (dec!(0), dec!(0.3)));
    assert!(rig.close_order().is_none() && rig.stop_order(SHORT).is_some(), "it keeps its orders");
    rig.advance(Span::minutes(1));
    rig.decide(Decision::enter(LONG, Size::Base(dec!(1).into()), ladder([30, 30, 40])));
    assert_eq!(rig.refusals(), [Refusal::HedgeLegOpen]);
    let stop = rig.stop_order(SHORT).unwrap();
    rig.fill_whole(&stop, dec!(52_500));
    assert_eq!(rig.trades[1].reason, ExitReason::HedgeStopLoss);
}

#[test]
fn s11_8_without_an_exit_of_its_own_it_goes_with_the_main_leg() {
    let mut rig = Rig::new(contracts_of_one());
    main_long(&mut rig, HedgePlan::new(1, percent(dec!(30))));
    fill_hedge(&mut rig, dec!(50_000));
    let stop = rig.stop_order(LONG).unwrap();
    rig.fill_whole(&stop, dec!(47_500));
    let close = rig.close_order().unwrap();
    rig.fill_whole(&close, dec!(47_500));
    assert_eq!((rig.trades[1].hedge, rig.trades[1].reason), (true, ExitReason::HedgeLinked));
}

#[test]
fn s11_1_a_one_way_account_gets_one_alert_and_no_hedge() {
    let mut rig = Rig::new(contracts_of_one());
    rig.feed(Input::PositionMode(PositionMode::OneWay));
    main_long(&mut rig, HedgePlan::new(1, percent(dec!(30))));
    rig.add(LONG, dec!(1), dec!(48_000));
    assert!(hedge_order(&rig).is_none());
    assert_eq!(rig.refusals(), [Refusal::HedgeModeRequired]);
}

#[test]
fn s11_2_gated_openings_open_no_hedge_but_its_exits_are_refreshed() {
    let mut plan = HedgePlan::new(1, percent(dec!(20)));
    plan.limit = 5;
    plan.stop = Some(HedgeStop::MainLevel(1));
    let mut rig = Rig::new(contracts_of_one());
    main_long(&mut rig, plan);
    fill_hedge(&mut rig, dec!(50_000));
    rig.advance(Span::minutes(1));
    rig.decide(Decision::add(LONG, Size::Base(dec!(1).into())));
    rig.price(48_000.0);
    let add = rig.opening().unwrap();
    rig.feed(Input::Command(Command::Pause));
    rig.fill_whole(&add, dec!(48_000)); // sent before the pause
    assert!(hedge_order(&rig).is_none());
    assert_eq!(rig.stop_order(SHORT).unwrap().kind.price(), Some(dec!(49_980).into()));
}

/// A hedge of 0.2 at 50,000 whose exits rest from the second main entry on, and that entry at 48,000: the order that
/// enlarges the hedge is on its way. 20 % of 2 is 0.4, H is 49,000 then.
fn growing_hedge(mode: Mode) -> (Rig, OrderSpec) {
    let mut plan = HedgePlan::new(1, percent(dec!(20)));
    (plan.limit, plan.exits_from_entry) = (2, 2);
    plan.stop = Some(stop(dec!(5)));
    plan.take_profit = HedgeTakeProfit::Percent(Percent::new(dec!(1)));
    let mut rig = Rig::new(contracts_of_one());
    main_long(&mut rig, plan);
    fill_hedge(&mut rig, dec!(50_000));
    rig.advance(Span::minutes(1));
    rig.decide(Decision::add(LONG, Size::Base(dec!(1).into())));
    rig.price(48_000.0);
    let add = rig.opening().unwrap();
    rig.mode = mode;
    rig.fill_whole(&add, dec!(48_000));
    let sent = rig.asked.iter().filter_map(|asked| match asked {
        Asked::Place(_, order) => Some(*order),
        _ => None,
    });
    let order = hedge_order(&rig).or_else(|| sent.into_iter().find(|o| o.leg == SHORT && !o.reduce_only));
    (rig, order.expect("the hedge is enlarged"))
}

#[test]
fn s11_2_exits_of_an_enlarged_hedge_come_after_the_order_that_enlarges_it() {
    let (mut rig, order) = growing_hedge(Mode::Obliging);
    rig.price(48_100.0);
    assert!(rig.stop_order(SHORT).is_none() && rig.take_profits(SHORT).is_empty(), "H is not known yet");
    // A part of it fills: H = (0.2 · 50,000 + 0.05 · 48,000) / 0.25 = 49,600; · 1.05 and · 0.99.
    rig.fill(&order, dec!(48_000), dec!(0.05));
    assert_eq!(rig.stop_order(SHORT).unwrap().kind.price(), Some(dec!(52_080).into()));
    assert_eq!(prices(&rig.take_profits(SHORT)), [(dec!(49_104), dec!(0.25))]);
    // The rest: H = 49,000.
    rig.fill(&order, dec!(48_000), dec!(0.15));
    let stop = rig.stop_order(SHORT).unwrap();
    assert_eq!((stop.kind.price(), stop.quantity.get()), (Some(dec!(51_450).into()), dec!(0.4)));
    assert_eq!(prices(&rig.take_profits(SHORT)), [(dec!(48_510), dec!(0.4))]);
}

#[test]
fn s11_2_a_hedge_that_is_not_enlarged_after_all_gets_its_exits_by_what_it_is() {
    for answer in [Answer::Refused(RejectClass::Other, "no".into()), Answer::Unknown] {
        let (mut rig, order) = growing_hedge(Mode::Silent);
        let place =
            |asked: &Asked| matches!(asked, Asked::Place(_, spec) if spec.client_id == order.client_id);
        let index = rig.asked.iter().position(place).unwrap();
        let Asked::Place(request, _) = rig.asked.remove(index) else { unreachable!() };
        let stop = |rig: &Rig| {
            let places =
                |asked: &Asked| matches!(asked, Asked::Place(_, o) if o.leg == SHORT && o.reduce_only);
            rig.asked.iter().any(places)
        };
        assert!(!stop(&rig));
        rig.answer(request, answer.clone());
        assert!(stop(&rig), "{answer:?}");
        rig.oblige_all();
        rig.mode = Mode::Obliging;
        // H = 50,000 as before: 52,500 and 49,500.
        let order = rig.stop_order(SHORT).unwrap();
        assert_eq!((order.kind.price(), order.quantity.get()), (Some(dec!(52_500).into()), dec!(0.2)));
        assert_eq!(prices(&rig.take_profits(SHORT)), [(dec!(49_500), dec!(0.2))]);
    }
}

#[test]
fn s11_2_a_hedge_that_fills_after_the_main_leg_was_closed_is_closed() {
    let mut rig = Rig::new(contracts_of_one());
    let mut plan = HedgePlan::new(1, percent(dec!(30)));
    plan.stop = Some(stop(dec!(5)));
    main_long(&mut rig, plan);
    let order = hedge_order(&rig).unwrap();
    rig.feed(Input::Command(Command::Close { side: LONG, fraction: Decimal::ONE }));
    let close = rig.close_order().unwrap();
    rig.fill_whole(&close, dec!(50_000));
    rig.fill_whole(&order, dec!(50_000));
    let close = rig.close_order().expect("nothing is left to hedge");
    rig.fill_whole(&close, dec!(50_000));
    assert_eq!(rig.trades[1].reason, ExitReason::HedgeLinked);
    assert!(rig.live.iter().all(|o| !matches!(o.kind, OrderKind::StopMarket { .. })));
}

#[test]
fn s11_9_the_count_starts_anew_with_the_next_main_leg() {
    let mut rig = Rig::new(contracts_of_one());
    for _ in 0..2 {
        main_long(&mut rig, HedgePlan::new(1, percent(dec!(30))));
        fill_hedge(&mut rig, dec!(50_000));
        rig.feed(Input::Command(Command::Close { side: LONG, fraction: Decimal::ONE }));
        while let Some(close) = rig.close_order() {
            rig.fill_whole(&close, dec!(50_000));
        }
        assert_eq!((rig.open(LONG), rig.open(SHORT)), (dec!(0), dec!(0)));
        rig.advance(Span::minutes(10));
    }
}

#[test]
fn s11_3_a_short_main_leg_is_hedged_by_a_long() {
    let mut plan = HedgePlan::new(1, percent(dec!(40)));
    plan.take_profit = HedgeTakeProfit::Percent(Percent::new(dec!(1)));
    plan.stop = Some(stop(dec!(2)));
    let exits: ExitPlan = ladder([30, 30, 40]).stop_loss(Distance::percent(dec!(5)));
    let decision = Decision::enter(SHORT, Size::Base(dec!(1).into()), exits)
        .followed_by(EntryPlan::default().with_hedge(plan));
    let mut rig = Rig::new(contracts_of_one());
    rig.enter_with(decision, dec!(1_000));
    let order = rig.live.iter().copied().find(|o| o.leg == LONG && !o.reduce_only).unwrap();
    assert_eq!((order.side, order.quantity.get()), (Side::Buy, dec!(0.4)));
    rig.fill_whole(&order, dec!(1_001));
    // H = 1001: TP 1011.01 → 1011.0; SL 980.98 → up to 981.0.
    assert_eq!(prices(&rig.take_profits(LONG)), [(dec!(1_011), dec!(0.4))]);
    assert_eq!(rig.stop_order(LONG).unwrap().kind.price(), Some(dec!(981).into()));
}
