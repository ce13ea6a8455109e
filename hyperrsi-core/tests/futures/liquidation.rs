//! TRADING 15.6: where legs are liquidated, isolated and in cross margin, and what the account loses at most.

use super::*;
use hyperrsi_core::backtest::{Portfolio, PortfolioConfig, PortfolioReport};
use hyperrsi_core::position::{Book, Distance};
use hyperrsi_core::risk::Policy;
use hyperrsi_core::sim::{MaintenanceTiers, Tier, TierError, cross_liquidation_price};

fn policy(leverage: u32, mode: MarginMode) -> Policy {
    let mut policy = Policy::default();
    (policy.leverage, policy.margin_mode) = (leverage, mode);
    policy
}

fn margined(balance: Decimal, leverage: u32, mode: MarginMode) -> Config {
    let mut config = bare("BTC");
    config.initial_balance = balance.into();
    (config.trader.leverage, config.trader.margin_mode) = (leverage, mode);
    config
}

fn book(price: Decimal, quantity: Decimal) -> Book {
    let mut book = Book::EMPTY;
    if !quantity.is_zero() {
        book.enter(price.into(), quantity.into()).unwrap();
    }
    book
}

#[test]
fn t22_tiers_take_rate_and_deduction_of_the_entry_value() {
    // 100 000 lies in the second tier: rate 0.005, deduction 50 000 × (0.005 − 0.004) = 50.
    // (100 000 − 10 000 − 50) / (2 × 0.995) = 45 201.0050
    let tiers = MaintenanceTiers::new(vec![
        Tier { up_to: Some(dec!(50_000).into()), rate: dec!(0.004), deduction: None },
        Tier { up_to: None, rate: dec!(0.005), deduction: None },
    ])
    .unwrap();
    let mut config = margined(dec!(20_000), 10, MarginMode::Isolated);
    config.maintenance_tiers = Some(tiers);
    let script = Script::new(Timeframe::H1).enter(0, LONG, dec!(2));
    let fall = [50_000.0, 50_000.0, 45_000.0, 45_000.0];
    let candles = series(Timeframe::H1, &[[50_000.0; 4], fall]);
    for intrabar in POLICIES {
        config.policy = intrabar;
        let run = run(&candles, config.clone(), &script);
        assert_eq!(run.trades[0].reason.code(), "liquidation", "{intrabar}");
        assert_eq!(run.trades[0].exit_price.get().round_dp(4), dec!(45201.0050), "{intrabar}");
    }
}

#[test]
fn s15_6_tables_that_make_no_sense_are_refused() {
    let tier = |up_to: Option<i64>, rate| Tier {
        up_to: up_to.map(|v| Decimal::from(v).into()),
        rate,
        deduction: None,
    };
    let cases = [
        (vec![], TierError::Empty),
        (vec![tier(None, dec!(0.6))], TierError::Rate { tier: 1, rate: dec!(0.6) }),
        (vec![tier(Some(9), dec!(0.2)), tier(None, dec!(0.1))], TierError::Rate { tier: 2, rate: dec!(0.1) }),
        (
            vec![tier(Some(9), dec!(0.1)), tier(Some(9), dec!(0.1)), tier(None, dec!(0.1))],
            TierError::Limit { tier: 2 },
        ),
        (vec![tier(Some(9), dec!(0.1))], TierError::Limit { tier: 1 }),
    ];
    for (rows, expected) in cases {
        assert_eq!(MaintenanceTiers::new(rows), Err(expected));
    }
}

#[test]
fn s15_6_the_whole_balance_stands_behind_a_leg_in_cross_margin() {
    // Long 10 at 100, balance 105: (1 000 − 105) / (10 × 0.995) = 89.949749. Isolated it would be 90.452261.
    let script = Script::new(Timeframe::H1).enter(0, LONG, dec!(10));
    for (low, gone) in [(90.0, false), (89.95, false), (89.94, true)] {
        let candles = series(Timeframe::H1, &[[100.0; 4], [100.0, 100.0, low, 100.0]]);
        for intrabar in POLICIES {
            let mut config = margined(dec!(105), 10, MarginMode::Cross);
            config.policy = intrabar;
            let run = run(&candles, config, &script);
            let reason = if gone { "liquidation" } else { "backtest_end" };
            assert_eq!(run.trades[0].reason.code(), reason, "{intrabar} {low}");
            if gone {
                // What is left is the maintenance margin there: 0.005 × 10 × 89.949749 = 4.497487.
                assert!((run.final_equity - 4.497_487_437).abs() < 1e-6, "{}", run.final_equity);
            }
        }
    }
}

#[test]
fn s15_6_a_hedged_account_is_hurt_by_its_larger_leg() {
    // Long 10 at 100 and short 4 at 110, funds 300, rate 0.005.
    // k = 10 × 0.995 − 4 × 1.005 = 5.93; (1 000 − 440 − 300) / 5.93 = 43.844857: the long goes on the way down.
    let rate = (dec!(0.005), dec!(0));
    let at =
        cross_liquidation_price(&book(dec!(100), dec!(10)), &book(dec!(110), dec!(4)), dec!(300), [rate; 2]);
    let (side, price) = at.unwrap().unwrap();
    assert_eq!((side, price.get().round_dp(6)), (LONG, dec!(43.844857)));
    // Check: equity 300 + 10 × (p − 100) + 4 × (110 − p) equals 0.005 × 14 × p.
    let p = price.get();
    let equity = dec!(300) + dec!(10) * (p - dec!(100)) + dec!(4) * (dec!(110) - p);
    assert!((equity - dec!(0.07) * p).abs() < dec!(0.000001));
    // Mirrored: short 10 at 100 with a long 4 at 90: k = 4 × 0.995 − 10 × 1.005 = −6.07; (360 − 1 000 − 300) / −6.07.
    let at =
        cross_liquidation_price(&book(dec!(90), dec!(4)), &book(dec!(100), dec!(10)), dec!(300), [rate; 2]);
    let (side, price) = at.unwrap().unwrap();
    assert_eq!((side, price.get().round_dp(6)), (SHORT, dec!(154.859967)));
    // With enough money no price does it to a long.
    let rich = cross_liquidation_price(&book(dec!(100), dec!(1)), &Book::EMPTY, dec!(100), [rate; 2]);
    assert_eq!(rich.unwrap(), None);
}

/// A long 10 at 100 and B long 20 at 50, balance 1 000, leverage 10; both live through one more candle.
fn two(a: Ohlc, b: Ohlc, mode: MarginMode, stop: Option<Decimal>) -> PortfolioReport {
    let mut config = PortfolioConfig::default();
    config.initial_balance = dec!(1_000).into();
    config.slippage_percent = Decimal::ZERO;
    (config.taker_fee, config.maker_fee) = (Decimal::ZERO, Decimal::ZERO);
    let candles = |start: f64, last: Ohlc| series(Timeframe::H1, &[[start; 4], [start; 4], last]);
    let (a, b) = (candles(100.0, a), candles(50.0, b));
    let plan = match stop {
        Some(percent) => ExitPlan::new().stop_loss(Distance::percent(percent)),
        None => ExitPlan::new(),
    };
    let first = Script::new(Timeframe::H1).enter_with(0, LONG, dec!(10), plan);
    let second = Script::new(Timeframe::H1).enter(0, LONG, dec!(20));
    Portfolio::new()
        .add(instrument("A"), &a, first, policy(10, mode))
        .add(instrument("B"), &b, second, policy(10, mode))
        .run(&config)
        .unwrap()
}

fn reason(report: &PortfolioReport, leg: usize) -> &'static str {
    report.legs[leg].trades[0].reason.code()
}

#[test]
fn s15_6_two_instruments_in_cross_margin_are_liquidated_by_their_sum() {
    // At the lows A has lost 10 × 40 = 400 and B 20 × 30 = 600: equity 0, below any maintenance.
    // B at its low: −600, maintenance 0.005 × 20 × 20 = 2, so 1 000 − 602 = 398 stand behind A:
    // (1 000 − 398) / (10 × 0.995) = 60.502513. A goes there with −394.974874, which leaves 605.025126.
    // Behind B: (1 000 − 605.025126) / (20 × 0.995) = 19.847984, below its low of 20: B stays.
    let report = two([100.0, 100.0, 60.0, 60.0], [50.0, 50.0, 20.0, 40.0], MarginMode::Cross, None);
    assert_eq!((reason(&report, 0), reason(&report, 1)), ("liquidation", "backtest_end"));
    let a = &report.legs[0].trades[0];
    assert_eq!(a.exit_price.get().round_dp(6), dec!(60.502513));
    assert_eq!(a.gross_pnl.get().round_dp(6), dec!(-394.974874));
    // B closed at 40: −200. 1 000 − 394.974874 − 200
    assert!((report.final_equity - 405.025_126).abs() < 1e-5, "{}", report.final_equity);
}

#[test]
fn s15_6_what_one_instrument_holds_back_saves_the_other() {
    // Lows 61 and 20: equity 1 000 − 390 − 600 = 10, maintenance 0.005 × (610 + 400) = 5.05: both stay.
    let report = two([100.0, 100.0, 61.0, 61.0], [50.0, 50.0, 20.0, 40.0], MarginMode::Cross, None);
    assert_eq!((reason(&report, 0), reason(&report, 1)), ("backtest_end", "backtest_end"));
    // A falls alone, B never falls: 1 000 − 400 is plenty.
    let report = two([100.0, 100.0, 60.0, 60.0], [50.0, 60.0, 50.0, 60.0], MarginMode::Cross, None);
    assert_eq!((reason(&report, 0), reason(&report, 1)), ("backtest_end", "backtest_end"));
}

#[test]
fn s15_6_isolated_legs_lose_their_own_margin_and_no_more() {
    // Each has 1 000 / 10 = 100 of margin; liquidated at 90.452261 and 45.226131: −95.477387 each.
    let report = two([100.0, 100.0, 60.0, 60.0], [50.0, 50.0, 20.0, 40.0], MarginMode::Isolated, None);
    assert_eq!((reason(&report, 0), reason(&report, 1)), ("liquidation", "liquidation"));
    assert!((report.final_equity - (1_000.0 - 2.0 * 95.477_387)).abs() < 1e-5, "{}", report.final_equity);
}

#[test]
fn s15_6_a_nearer_stop_acts_before_cross_liquidation() {
    // A stops at 95 (−50); B's −600 then leave 350 above its maintenance.
    let report = two([100.0, 100.0, 60.0, 60.0], [50.0, 50.0, 20.0, 40.0], MarginMode::Cross, Some(dec!(5)));
    assert_eq!((reason(&report, 0), reason(&report, 1)), ("stop_loss", "backtest_end"));
    assert_eq!(report.legs[0].trades[0].gross_pnl.get(), dec!(-50));
}

#[test]
fn s15_6_the_balance_never_goes_below_zero() {
    // Long 10 bought at 101 (slippage 1 %), sold at 99: −20 of a balance of 10. The loss ends at 10: sold at 100.
    let mut config = margined(dec!(10), 100, MarginMode::Isolated);
    config.slippage_percent = dec!(1);
    config.taker_fee = Decimal::ZERO;
    let plan = ExitPlan::new().stop_loss(Distance::percent(dec!(0.4)));
    let script = Script::new(Timeframe::H1).enter_with(0, LONG, dec!(10), plan);
    let run = run(&flat(Timeframe::H1, &[100.0; 4]), config, &script);
    assert_eq!(run.trades[0].exit_price.get(), dec!(100));
    assert!(near(run.final_equity, 0.0), "{}", run.final_equity);
    assert_eq!(run.uncovered, 1);
}

#[test]
fn s15_6_funding_takes_what_there_is() {
    // 10 × 100 × 0.2 = 200 are due of a balance of 150.
    let mut rates = hyperrsi_core::series::FundingRates::default();
    rates.push(Timestamp::from_millis(8 * 3_600_000), dec!(0.2), None).unwrap();
    let candles = flat(Timeframe::H1, &[100.0; 12]);
    let config = margined(dec!(150), 10, MarginMode::Isolated);
    let test = Backtest::new(&candles, config).unwrap().with_funding(&rates);
    let run = test.run(&mut Script::new(Timeframe::H1).enter(0, LONG, dec!(10))).unwrap();
    assert_eq!(run.trades[0].funding.get(), dec!(-150));
    assert!(near(run.final_equity, 0.0));
}
