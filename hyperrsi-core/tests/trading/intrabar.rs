//! TRADING 15.2 to 15.5 and 15.9: the order of events inside a candle, through the backtest engine.

use crate::market::*;
use crate::support::*;
use hyperrsi_core::backtest::IntrabarPolicy::{self, OhlcPath, Optimistic, Pessimistic};
use hyperrsi_core::model::*;
use hyperrsi_core::position::{Distance, ExitPlan};
use hyperrsi_core::strategy::{Decision, Intent};
use rust_decimal::Decimal;

const POLICIES: [IntrabarPolicy; 3] = [Pessimistic, Optimistic, OhlcPath];

fn stopped(plan: ExitPlan) -> ExitPlan {
    plan.stop_loss(Distance::percent(dec!(2)))
}

/// Long A 100, stop 98, TP1 102, ratios 100/0/0.
fn one_level() -> ExitPlan {
    stopped(levels(&[(dec!(2), dec!(100), true), (dec!(3), dec!(0), false), (dec!(4), dec!(0), false)]))
}

/// TP1 102, TP2 104, ratios 50/50/0, break-even on.
fn two_levels() -> ExitPlan {
    let all = [(dec!(2), dec!(50), true), (dec!(4), dec!(50), true), (dec!(5), dec!(0), false)];
    stopped(break_even(levels(&all)))
}

#[test]
fn t19_one_level() {
    let (stop, tp) = (("stop_loss", dec!(98)), ("tp1", dec!(102)));
    let rows = [
        ([100.0, 103.0, 97.0, 101.0], [stop, tp, stop]),
        ([100.0, 103.0, 97.0, 99.0], [stop, tp, tp]),
        ([96.0, 97.0, 95.0, 96.0], [("stop_loss", dec!(96)); 3]),
        ([103.5, 104.0, 103.0, 103.2], [tp; 3]),
    ];
    for (candle, expected) in rows {
        for (policy, (reason, price)) in POLICIES.into_iter().zip(expected) {
            let run = lived(&one_level(), policy, candle, &[]);
            assert_eq!(run.trades.len(), 1, "{policy} {candle:?}");
            assert_eq!(exits(&run.trades[0]), [(reason, price, dec!(1))], "{policy} {candle:?}");
        }
    }
}

/// A next candle that shows where the rest is stopped: no new high, then straight down.
fn plunge(close: f64) -> Ohlc {
    [close, close, 1.0, 1.0]
}

fn check(
    plan: &ExitPlan,
    policy: IntrabarPolicy,
    candle: Ohlc,
    expected: &[(&'static str, Decimal)],
    open: bool,
) {
    let run = lived(plan, policy, candle, &[]);
    assert_eq!(run.trades.is_empty(), open, "{policy} {candle:?}");
    let run = lived(plan, policy, candle, &[plunge(candle[3])]);
    let half = dec!(0.5);
    let got = exits(&run.trades[0]);
    let wanted: Vec<_> = expected.iter().map(|(reason, price)| (*reason, *price, half)).collect();
    assert_eq!(got, wanted, "{policy} {candle:?}");
}

#[test]
fn t20_two_levels() {
    let (tp1, tp2, even) = (("tp1", dec!(102)), ("tp2", dec!(104)), ("break_even", dec!(100)));
    let plan = two_levels();
    let row = [101.0, 103.0, 99.5, 102.5];
    check(&plan, Pessimistic, row, &[tp1, even], false);
    check(&plan, Optimistic, row, &[tp1, even], true);
    check(&plan, OhlcPath, row, &[tp1, even], true);
    let row = [101.0, 105.0, 99.0, 104.5];
    check(&plan, Pessimistic, row, &[tp1, even], false);
    check(&plan, Optimistic, row, &[tp1, tp2], false);
    check(&plan, OhlcPath, row, &[tp1, tp2], false);
    let row = [101.0, 102.5, 97.5, 98.5];
    let run = lived(&plan, Pessimistic, row, &[]);
    assert_eq!(exits(&run.trades[0]), [("stop_loss", dec!(98), dec!(1))]);
    check(&plan, Optimistic, row, &[tp1, even], false);
    check(&plan, OhlcPath, row, &[tp1, even], false);
}

#[test]
fn t20_trailing_from_the_second_level() {
    let plan = two_levels().trail_after(2, dec!(0.5));
    let row = [101.0, 105.0, 100.5, 104.5];
    let tp1 = ("tp1", dec!(102));
    check(&plan, Pessimistic, row, &[tp1, ("trailing_stop", dec!(103.48))], false);
    check(&plan, Optimistic, row, &[tp1, ("trailing_stop", dec!(104.48))], true);
    check(&plan, OhlcPath, row, &[tp1, ("trailing_stop", dec!(104.48))], true);
}

#[test]
fn s15_4_a_stop_moved_in_the_candle_is_tested_against_the_close() {
    let (tp1, even) = (("tp1", dec!(102)), ("break_even", dec!(100)));
    // The start stop 98 is not reached; break-even at 100 is, by the close.
    for policy in [Pessimistic, Optimistic] {
        check(&two_levels(), policy, [101.0, 103.0, 99.0, 99.5], &[tp1, even], false);
    }
    // The ratcheted trail: X 102, E 103, D 0.51; close 102.4 lies below 102.49.
    let trail = two_levels().trail_after(1, dec!(0.5));
    let row = [102.0, 103.0, 101.9, 102.4];
    check(&trail, Pessimistic, row, &[tp1, ("trailing_stop", dec!(102.49))], false);
    check(&trail, Optimistic, row, &[tp1, ("trailing_stop", dec!(102.49))], false);
}

#[test]
fn t21_slippage_and_gaps() {
    let mut config = config();
    config.slippage_percent = dec!(0.05);
    config.initial_balance = dec!(1_000_000).into();
    let plan = || ExitPlan::new().stop_loss(Distance::PriceOffset(dec!(2_525))); // 50 025 - 2 525 = 47 500
    let entry = [[50_000.0; 4], [50_000.0; 4]];
    for (candle, exit) in [
        ([50_000.0, 50_000.0, 47_400.0, 47_450.0], dec!(47_476.25)),
        ([47_000.0, 47_100.0, 46_900.0, 47_000.0], dec!(46_976.5)),
    ] {
        for policy in POLICIES {
            let candles = [entry[0], entry[1], candle];
            let run = run(&config, policy, &Script::enter(LONG, plan()), &candles);
            let trade = &run.trades[0];
            assert_eq!(trade.entry_price.get(), dec!(50_025));
            assert_eq!(exits(trade), [("stop_loss", exit, dec!(1))], "{policy}");
        }
    }
}

#[test]
fn s15_3_fees_maker_for_limits_taker_for_the_rest() {
    let mut config = config();
    (config.taker_fee, config.maker_fee) = (dec!(0.0005), dec!(0.0002));
    let candles = [[100.0; 4], [100.0; 4], [101.0, 103.0, 99.5, 102.5]];
    let run = run(&config, Pessimistic, &Script::enter(LONG, two_levels()), &candles);
    let fees: Vec<_> = run.trades[0].fills.iter().map(|f| (f.fee.get().normalize(), f.liquidity)).collect();
    assert_eq!(
        fees,
        [(dec!(0.05), Liquidity::Taker), (dec!(0.0102), Liquidity::Maker), (dec!(0.025), Liquidity::Taker),]
    );
}

#[test]
fn s15_2_a_decision_fills_at_the_next_open_sized_there() {
    let mut script = Script::default();
    script = script
        .then(0, Decision::enter(LONG, hyperrsi_core::risk::Size::Margin(dec!(100).into()), ExitPlan::new()));
    let candles = [[100.0, 100.0, 100.0, 100.0], [50.0, 60.0, 40.0, 55.0], [70.0, 70.0, 70.0, 70.0]];
    for policy in POLICIES {
        let run = run(&config(), policy, &script.clone().exit_at(1, LONG), &candles);
        let trade = &run.trades[0];
        assert_eq!((trade.entry_price.get(), trade.quantity.get()), (dec!(50), dec!(2)));
        assert_eq!(exits(trade), [("trend_reversal", dec!(70), dec!(2))]);
        assert_eq!(trade.exit_time, Timestamp::from_millis(120_000), "15.5: the open");
    }
}

#[test]
fn s15_2_an_opening_is_dropped_when_its_leg_just_went_flat() {
    let plan = ExitPlan::new().stop_loss(Distance::percent(dec!(2)));
    let script = Script::enter(LONG, plan).add_at(1, LONG);
    let candles = [[100.0; 4], [100.0; 4], [90.0, 91.0, 89.0, 90.0]];
    for policy in POLICIES {
        let run = run(&config(), policy, &script, &candles);
        assert_eq!(run.trades.len(), 1);
        assert_eq!(run.skipped.get("leg_closed"), Some(&1), "{policy} {:?}", run.skipped);
        assert_eq!(run.trades[0].entries, 1);
    }
}

#[test]
fn s15_2_a_stop_that_gapped_comes_before_a_close_decided_earlier() {
    let plan = ExitPlan::new().stop_loss(Distance::percent(dec!(2)));
    let script = Script::enter(LONG, plan).exit_at(1, LONG);
    let candles = [[100.0; 4], [100.0; 4], [90.0, 91.0, 89.0, 90.0]];
    for policy in POLICIES {
        let run = run(&config(), policy, &script, &candles);
        assert_eq!(exits(&run.trades[0]), [("stop_loss", dec!(90), dec!(1))], "{policy}");
    }
}

#[test]
fn s15_2_limits_crossed_by_the_open_come_before_an_extra_entry() {
    // TP1 half at 102; the next candle opens at 103 and adds 1 there.
    let script = Script::enter(LONG, two_levels()).add_at(1, LONG);
    let candles = [[100.0; 4], [100.0; 4], [103.0, 103.0, 103.0, 103.0], [103.0, 103.0, 1.0, 1.0]];
    for policy in POLICIES {
        let run = run(&config(), policy, &script, &candles);
        // A = (50 + 103) / 1.5 = 102, stop 99.96.
        assert_eq!(
            exits(&run.trades[0]),
            [("tp1", dec!(102), dec!(0.5)), ("stop_loss", dec!(99.96), dec!(1.5))]
        );
    }
}

#[test]
fn s15_9_open_legs_are_closed_at_the_last_close() {
    let mut config = config();
    config.close_at_end = true;
    config.slippage_percent = dec!(0.05);
    config.taker_fee = dec!(0.0005);
    let candles = [[100.0; 4], [100.0; 4], [101.0, 101.0, 101.0, 101.0]];
    for script in [Script::enter(LONG, one_level()), Script::enter(LONG, one_level()).exit_at(2, LONG)] {
        let run = run(&config, Pessimistic, &script, &candles);
        assert_eq!(run.trades.len(), 1, "a close that was decided at the last close is carried out, too");
        let trade = &run.trades[0];
        // 101 × 0.9995 = 100.9495 → 100.94
        assert_eq!(exits(trade), [("backtest_end", dec!(100.94), dec!(1))]);
        assert!((run.final_equity - (1_000_000.0 + trade.net_pnl.to_f64())).abs() < 1e-9);
    }
}

#[test]
fn s15_7_skips_are_counted_by_reason() {
    let huge = hyperrsi_core::risk::Size::Base(dec!(1_000_000).into());
    let script = Script::default().then(0, Decision::enter(LONG, huge, ExitPlan::new()));
    let run = run(&config(), Pessimistic, &script, &[[100.0; 4]; 3]);
    assert_eq!(
        run.skipped.iter().map(|(k, n)| (k.as_str(), *n)).collect::<Vec<_>>(),
        [("insufficient_margin", 1)]
    );
}

#[test]
fn s5_6_a_partial_close_keeps_its_reason_and_shrinks_the_ladder() {
    let half = Intent::Exit {
        side: LONG,
        fraction: dec!(0.5),
        reason: hyperrsi_core::position::ExitReason::Strategy,
    };
    let script = Script::enter(LONG, one_level()).then(1, Decision::of(half));
    let candles = [[100.0; 4], [100.0; 4], [101.0, 101.0, 101.0, 101.0], [101.0, 102.0, 101.0, 102.0]];
    for policy in POLICIES {
        let run = run(&config(), policy, &script, &candles);
        let got = exits(&run.trades[0]);
        assert_eq!(got, [("strategy", dec!(101), dec!(0.5)), ("tp1", dec!(102), dec!(0.5))], "{policy}");
    }
}

#[test]
fn t22_liquidation_price() {
    use hyperrsi_core::position::Book;
    use hyperrsi_core::sim::liquidation_price;
    let book = |quantity: Decimal, average: Decimal| {
        let mut book = Book::EMPTY;
        book.enter(average.into(), quantity.into()).unwrap();
        book
    };
    let at = |side, book: &Book, leverage, d: Decimal| {
        liquidation_price(side, book, leverage, dec!(0.005), d).unwrap().get().round_dp(4)
    };
    let one = book(dec!(1), dec!(100));
    assert_eq!(at(LONG, &one, 10, Decimal::ZERO), dec!(90.4523));
    assert_eq!(at(SHORT, &one, 10, Decimal::ZERO), dec!(109.4527));
    assert_eq!(at(LONG, &book(dec!(2), dec!(50_000)), 10, dec!(50)), dec!(45_201.0050));
}

#[test]
fn t22_liquidation_through_the_engine() {
    let mut config = config();
    config.trader.leverage = 10;
    config.taker_fee = dec!(0.0005);
    let rows = [
        (LONG, [100.0, 101.0, 90.4, 91.0], dec!(90.4523)),
        (SHORT, [100.0, 109.5, 99.0, 109.0], dec!(109.4527)),
    ];
    for (side, candle, price) in rows {
        for policy in POLICIES {
            let candles = [[100.0; 4], [100.0; 4], candle];
            let run = run(&config, policy, &Script::enter(side, ExitPlan::new()), &candles);
            let trade = &run.trades[0];
            assert_eq!(
                (trade.reason.code(), trade.exit_price.get().round_dp(4)),
                ("liquidation", price),
                "{policy}"
            );
            let entry_fee = dec!(0.05);
            assert!(
                trade.net_pnl.get() >= -(dec!(10) + entry_fee),
                "the loss is capped at the margin: {trade:?}"
            );
        }
    }
}

#[test]
fn s15_6_the_nearer_stop_acts_first_unless_the_open_is_beyond_liquidation() {
    let mut config = config();
    config.trader.leverage = 10;
    let plan = || ExitPlan::new().stop_loss(Distance::percent(dec!(9)));
    for (candle, reason, price) in [
        ([100.0, 100.0, 80.0, 95.0], "stop_loss", dec!(91)),
        ([90.8, 91.5, 90.5, 91.0], "stop_loss", dec!(90.8)),
        ([85.0, 86.0, 84.0, 85.0], "liquidation", dec!(90.4523)),
    ] {
        for policy in POLICIES {
            let run = run(&config, policy, &Script::enter(LONG, plan()), &[[100.0; 4], [100.0; 4], candle]);
            let got = exits(&run.trades[0]);
            assert_eq!((got[0].0, got[0].1.round_dp(4)), (reason, price), "{policy} {candle:?}");
        }
    }
}
