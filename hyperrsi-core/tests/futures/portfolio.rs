//! Several instruments against one account (TRADING 14.5, 15.2, 15.9): one balance, one order of time.

use super::*;
use hyperrsi_core::backtest::{
    BacktestError, Portfolio, PortfolioConfig, PortfolioReport, write_portfolio_json,
};
use hyperrsi_core::position::{Distance, Trade};
use hyperrsi_core::risk::{MaxOpenPositions, Policy};
use hyperrsi_core::series::FundingRates;
use hyperrsi_core::strategy::Threshold;

fn free(balance: Decimal) -> PortfolioConfig {
    let mut config = PortfolioConfig::default();
    config.initial_balance = balance.into();
    config.slippage_percent = Decimal::ZERO;
    (config.taker_fee, config.maker_fee) = (Decimal::ZERO, Decimal::ZERO);
    config
}

/// A price that swings, differently for each `seed`.
fn swings(seed: f64, timeframe: Timeframe, count: i32) -> Candles {
    let price = |n: i32| {
        100.0 + 8.0 * (f64::from(n) / (7.0 + seed)).sin() + 5.0 * (f64::from(n) / (2.3 + seed)).cos()
    };
    let all: Vec<Ohlc> = (0..count)
        .map(|n| {
            let (open, close) = (price(n), price(n + 1));
            [open, open.max(close) + 0.5, open.min(close) - 0.5, close]
        })
        .collect();
    series(timeframe, &all)
}

fn rule(timeframe: Timeframe) -> Threshold {
    Threshold::new(timeframe, 14).unwrap().level(45.0)
}

#[test]
fn one_instrument_alone_is_a_single_backtest() {
    let candles = swings(0.0, Timeframe::M15, 3_000);
    for intrabar in POLICIES {
        let mut config = PortfolioConfig::default();
        config.policy = intrabar;
        let mut single = Config::new(instrument("BTC"));
        single.policy = intrabar;
        let single = Backtest::new(&candles, single).unwrap().report_of(&rule(Timeframe::M15)).unwrap();
        let mut policy = Policy::default();
        policy.journal = false;
        let whole = Portfolio::new()
            .add(instrument("BTC"), &candles, rule(Timeframe::M15), policy)
            .run(&config)
            .unwrap();
        assert!(single.trades.len() > 20);
        assert_eq!(whole.legs[0].trades, single.trades, "{intrabar}");
        assert!((whole.final_equity - single.final_equity).abs() < 1e-6);
        assert!((whole.legs[0].final_equity - single.final_equity).abs() < 1e-6);
        assert_eq!(whole.equity.equity.len(), single.equity.equity.len());
        let apart = whole.equity.equity.iter().zip(&single.equity.equity).map(|(a, b)| (a - b).abs());
        assert!(apart.fold(0.0, f64::max) < 1e-6);
        assert_eq!(whole.pessimistic.trades, single.pessimistic.trades);
        assert_eq!(whole.optimistic.trades, single.optimistic.trades);
    }
}

#[test]
fn instruments_compete_for_the_same_money() {
    // Balance 150; each wants 1 at 100 at the same open: the one added first gets it.
    let candles = flat(Timeframe::H1, &[100.0; 4]);
    let script = Script::new(Timeframe::H1).enter(0, LONG, dec!(1));
    let report = |first: &str, second: &str| {
        Portfolio::new()
            .add(instrument(first), &candles, script.clone(), Policy::default())
            .add(instrument(second), &candles, script.clone(), Policy::default())
            .run(&free(dec!(150)))
            .unwrap()
    };
    for (first, second) in [("A", "B"), ("B", "A")] {
        let report = report(first, second);
        assert_eq!((report.legs[0].trades.len(), report.legs[1].trades.len()), (1, 0));
        assert_eq!(report.legs[1].skipped.get("insufficient_margin"), Some(&1));
        assert_eq!(report.skipped.get("insufficient_margin"), Some(&1));
    }
}

#[test]
fn s15_2_money_of_a_long_candle_is_free_only_when_it_has_ended() {
    // A (1h) buys 1 at 01:00 and takes profit inside 01:00-02:00. B (30m) wants 1 at 01:30, while A's candle still runs,
    // and again at 02:30. Balance 150.
    let hours = series(Timeframe::H1, &[[100.0; 4], [100.0, 103.0, 100.0, 101.0], [101.0; 4], [101.0; 4]]);
    let halves = flat(Timeframe::M30, &[100.0; 8]);
    let plan = ExitPlan::new().take_profit(Distance::percent(dec!(2)), dec!(100));
    let a = Script::new(Timeframe::H1).enter_with(0, LONG, dec!(1), plan);
    let b = Script::new(Timeframe::M30).enter(2, LONG, dec!(1)).enter(4, LONG, dec!(1));
    let report = Portfolio::new()
        .add(instrument("A"), &hours, a, Policy::default())
        .add(instrument("B"), &halves, b, Policy::default())
        .run(&free(dec!(150)))
        .unwrap();
    assert_eq!(report.legs[0].trades[0].reason.code(), "tp1");
    assert_eq!(report.legs[1].skipped.get("insufficient_margin"), Some(&1));
    assert_eq!(report.legs[1].trades[0].entry_time.to_string(), "1970-01-01T02:30:00Z");
    assert!(near(report.final_equity, 152.0));
}

#[test]
fn equity_is_that_of_the_whole_account() {
    // A long 1 from 01:00 at 100, closes 102, 104; B short 2 from 01:00 at 50, closes 51, 49. Ends: +4 and +2.
    let a = series(Timeframe::H1, &[[100.0; 4], [100.0, 102.0, 100.0, 102.0], [102.0, 104.0, 102.0, 104.0]]);
    let b = series(Timeframe::H1, &[[50.0; 4], [50.0, 51.0, 50.0, 51.0], [51.0, 51.0, 49.0, 49.0]]);
    let report = Portfolio::new()
        .add(instrument("A"), &a, Script::new(Timeframe::H1).enter(0, LONG, dec!(1)), Policy::default())
        .add(instrument("B"), &b, Script::new(Timeframe::H1).enter(0, SHORT, dec!(2)), Policy::default())
        .run(&free(dec!(1_000)))
        .unwrap();
    // 1 000; 1 000 + 2 − 2; 1 000 + 4 + 2.
    assert_eq!(report.equity.equity, [1_000.0, 1_000.0, 1_006.0]);
    assert_eq!(report.legs[0].equity.equity, [1_000.0, 1_002.0, 1_004.0]);
    assert_eq!(report.legs[1].equity.equity, [1_000.0, 998.0, 1_002.0]);
    assert_eq!((report.by_symbol["A"].net_pnl, report.by_symbol["B"].net_pnl), (4.0, 2.0));
    assert_eq!((report.statistics.trades, report.statistics.net_pnl), (2, 6.0));
    assert_eq!(report.final_equity, 1_006.0);
}

fn three(order: [usize; 3]) -> PortfolioReport {
    let candles = [
        swings(0.0, Timeframe::M15, 2_000),
        swings(1.5, Timeframe::M5, 6_000),
        swings(3.0, Timeframe::M15, 2_000),
    ];
    let mut config = PortfolioConfig::default();
    config.initial_balance = dec!(100_000).into();
    let mut portfolio = Portfolio::new();
    for n in order {
        let candles = &candles[n];
        let name = ["A", "B", "C"][n];
        portfolio = portfolio.add(instrument(name), candles, rule(candles.timeframe()), Policy::default());
    }
    portfolio.run(&config).unwrap()
}

#[test]
fn s15_9_the_same_run_gives_the_same_bytes() {
    let bytes = || {
        let mut out = Vec::new();
        write_portfolio_json(&three([0, 1, 2]), &mut out).unwrap();
        out
    };
    assert_eq!(bytes(), bytes());
}

#[test]
fn s15_9_the_order_of_adding_does_not_matter_while_there_is_enough_margin() {
    let trades = |report: &PortfolioReport, name: &str| -> Vec<Trade> {
        let leg = report.legs.iter().find(|leg| &*leg.instrument.symbol == name).unwrap();
        leg.trades.clone()
    };
    let first = three([0, 1, 2]);
    assert!(first.legs.iter().all(|leg| leg.trades.len() > 10));
    for order in [[2, 1, 0], [1, 2, 0]] {
        let other = three(order);
        for name in ["A", "B", "C"] {
            assert_eq!(trades(&first, name), trades(&other, name), "{order:?} {name}");
        }
        assert!((first.final_equity - other.final_equity).abs() < 1e-6);
    }
}

#[test]
fn rules_see_the_whole_account() {
    let candles = flat(Timeframe::H1, &[100.0; 4]);
    let script = Script::new(Timeframe::H1).enter(0, LONG, dec!(1));
    let mut portfolio = Portfolio::new().with_risk(MaxOpenPositions(2));
    for name in ["A", "B", "C"] {
        portfolio = portfolio.add(instrument(name), &candles, script.clone(), Policy::default());
    }
    let report = portfolio.run(&free(dec!(10_000))).unwrap();
    let counts: Vec<_> = report.legs.iter().map(|leg| leg.trades.len()).collect();
    assert_eq!(counts, [1, 1, 0]);
    assert_eq!(report.legs[2].skipped.get("max_positions"), Some(&1));
}

#[test]
fn a_strategy_that_panics_stops_only_itself() {
    #[derive(Clone)]
    struct Panics;
    impl Strategy for Panics {
        fn needs(&self) -> Needs {
            Needs::candles(Timeframe::H1, 1)
        }
        fn on_candle(&mut self, ctx: &Context<'_>, _: &Candle) -> Decision {
            assert!(ctx.now().millis() < 2 * 3_600_000, "enough");
            Decision::hold()
        }
    }
    let candles = flat(Timeframe::H1, &[100.0; 4]);
    let report = Portfolio::new()
        .add(instrument("A"), &candles, Panics, Policy::default())
        .add(instrument("B"), &candles, Script::new(Timeframe::H1).enter(0, LONG, dec!(1)), Policy::default())
        .run(&free(dec!(10_000)))
        .unwrap();
    assert_eq!(report.legs[0].failures[0].time.to_string(), "1970-01-01T02:00:00Z");
    assert!(report.legs[1].failures.is_empty());
    assert_eq!(report.legs[1].trades.len(), 1);
    assert_eq!(report.legs[0].equity.equity.len(), 4);
}

#[test]
fn what_cannot_be_run_is_named() {
    let candles = flat(Timeframe::H1, &[100.0; 4]);
    let script = Script::new(Timeframe::H1);
    let config = free(dec!(1_000));
    let one = || Portfolio::new().add(instrument("A"), &candles, script.clone(), Policy::default());
    assert_eq!(Portfolio::new().run(&config).unwrap_err(), BacktestError::EmptyPortfolio);
    let rates = FundingRates::default();
    let error = one().with_funding(&InstrumentId::new("sim", "B"), &rates).run(&config).unwrap_err();
    assert_eq!(
        error.to_string(),
        "funding data was given for sim:B, which is not in the portfolio (sim:A); add it or correct its name"
    );
    let twice =
        one().add(instrument("A"), &candles, script.clone(), Policy::default()).run(&config).unwrap_err();
    assert!(twice.to_string().contains("instrument_in_use"), "{twice}");
    let mut coin = instrument("C");
    coin.quote = "USDC".into();
    let error = one().add(coin, &candles, script.clone(), Policy::default()).run(&config).unwrap_err();
    assert!(error.to_string().contains("an account has one quote currency"), "{error}");
    let wrong =
        Portfolio::new().add(instrument("A"), &candles, Script::new(Timeframe::M5), Policy::default());
    assert!(matches!(wrong.run(&config).unwrap_err(), BacktestError::Timeframe { .. }));
}
