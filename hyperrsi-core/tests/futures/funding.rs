//! TRADING 14.3, 15.2 (a), 15.8: who pays, on what, when, and what is said about missing data.

use super::*;
use hyperrsi_core::series::FundingRates;

const HOUR: i64 = 3_600_000;

fn rates(rows: &[(i64, Decimal, Option<Decimal>)]) -> FundingRates {
    let mut rates = FundingRates::default();
    for (hour, rate, mark) in rows {
        rates.push(Timestamp::from_millis(hour * HOUR), *rate, mark.map(Price::new)).unwrap();
    }
    rates
}

/// 18 hours at 100, but 110 at 08:00.
fn hours() -> Candles {
    let mut prices = [100.0; 18];
    prices[8] = 110.0;
    flat(Timeframe::H1, &prices)
}

fn funded(candles: &Candles, rates: &FundingRates, script: &Script) -> Run {
    let test = Backtest::new(candles, bare("BTC")).unwrap().with_funding(rates);
    test.run(&mut script.clone()).unwrap()
}

#[test]
fn s14_3_a_long_pays_a_positive_rate_and_a_short_receives_it() {
    // 2 × 110 × 0.001 = 0.22 at the open of 08:00; with a mark of 105 in the data 2 × 105 × 0.001 = 0.21.
    let cases = [
        (LONG, dec!(0.001), None, dec!(-0.22)),
        (SHORT, dec!(0.001), None, dec!(0.22)),
        (LONG, dec!(-0.001), None, dec!(0.22)),
        (LONG, dec!(0.001), Some(dec!(105)), dec!(-0.21)),
    ];
    for (side, rate, mark, expected) in cases {
        let script = Script::new(Timeframe::H1).enter(0, side, dec!(2));
        let run = funded(&hours(), &rates(&[(8, rate, mark)]), &script);
        let trade = &run.trades[0];
        assert_eq!((trade.gross_pnl.get(), trade.funding.get()), (dec!(0), expected));
        assert_eq!(trade.net_pnl.get(), expected);
        assert!(near(run.final_equity, 10_000.0 + expected.to_string().parse::<f64>().unwrap()));
    }
}

#[test]
fn s15_8_what_is_missing_counts_as_zero_and_is_told() {
    // Due at 00:00, 08:00 and 16:00; 16:00 is missing. In position from 01:00 on: 08:00 and 16:00.
    let known = rates(&[(0, dec!(0.001), None), (8, dec!(0.001), None)]);
    let script = Script::new(Timeframe::H1).enter(0, LONG, dec!(2));
    let (candles, config) = (hours(), bare("BTC"));
    let report = Backtest::new(&candles, config).unwrap().with_funding(&known).report_of(&script).unwrap();
    let coverage = report.funding.unwrap();
    assert_eq!((coverage.known, coverage.expected), (2, 3));
    assert_eq!((coverage.known_in_position, coverage.expected_in_position), (1, 2));
    let line = "funding from data: coverage 66.67 % (2 of 3 times), 50 % (1 of 2) while in position; missing \
                ones count as 0";
    assert!(report.assumptions.iter().any(|said| said == line), "{:?}", report.assumptions);
    assert!((report.statistics.funding + 0.22).abs() < 1e-12);
}

#[test]
fn s15_2_a_funding_meets_what_was_held_before_the_open() {
    let known = rates(&[(8, dec!(0.001), None)]);
    // Decided at the close of 07:00-08:00: opened at 08:00, after the funding of 08:00.
    let opened = Script::new(Timeframe::H1).enter(7, LONG, dec!(2));
    assert_eq!(funded(&hours(), &known, &opened).trades[0].funding.get(), dec!(0));
    // Closed at 08:00, after having paid: 2 × 110 × 0.001.
    let closed = Script::new(Timeframe::H1).enter(0, LONG, dec!(2)).exit(7, LONG);
    let run = funded(&hours(), &known, &closed);
    assert_eq!(run.trades[0].funding.get(), dec!(-0.22));
    assert_eq!(run.trades[0].gross_pnl.get(), dec!(20)); // 2 × (110 − 100)
}

#[test]
fn s15_2_a_long_candles_pay_all_that_fell_due_inside_them() {
    // Long 1 from the open of day 1. 08:00, 16:00 and 24:00 of day 1 are due at the open of day 2 (200): 3 × 0.2. Those of
    // 08:00 and 16:00 of day 2 before the end (300): 2 × 0.3. 00:00 of day 1 met no position.
    let days =
        series(Timeframe::D1, &[[100.0; 4], [100.0, 200.0, 100.0, 200.0], [200.0, 300.0, 200.0, 300.0]]);
    let all: Vec<_> = (0..9).map(|n| (n * 8, dec!(0.001), None)).collect();
    let script = Script::new(Timeframe::D1).enter(0, LONG, dec!(1));
    let run = funded(&days, &rates(&all), &script);
    assert_eq!(run.trades[0].funding.get(), dec!(-1.2));
    assert_eq!(run.trades[0].gross_pnl.get(), dec!(200));
    let coverage = run.funding.unwrap();
    assert_eq!((coverage.expected, coverage.known), (9, 9));
    assert_eq!((coverage.expected_in_position, coverage.known_in_position), (5, 5));
}

#[test]
fn s15_8_rates_off_the_grid_are_paid_and_not_expected() {
    // Funding every four hours in the data, every eight expected: 04:00 and 08:00 are paid, 2 × 100 × 0.001 and 0.22.
    let known = rates(&[(4, dec!(0.001), None), (8, dec!(0.001), None)]);
    let run = funded(&hours(), &known, &Script::new(Timeframe::H1).enter(0, LONG, dec!(2)));
    assert_eq!(run.trades[0].funding.get(), dec!(-0.42));
    let coverage = run.funding.unwrap();
    assert_eq!((coverage.expected, coverage.known), (3, 1));
}

#[test]
fn s14_3_without_data_nothing_is_paid_and_the_report_says_so() {
    let candles = hours();
    let report = Backtest::new(&candles, bare("BTC"))
        .unwrap()
        .report_of(&Script::new(Timeframe::H1).enter(0, LONG, dec!(2)))
        .unwrap();
    assert_eq!(report.funding, None);
    let line = "no funding data: funding counts as 0 (coverage 0 %)";
    assert!(report.assumptions.iter().any(|said| said == line));
}
