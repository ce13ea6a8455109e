//! Several series in one run: candles inside the traded ones, mark prices, timeframes that cannot be built (TRADING 2.4,
//! 15.3, 15.4).

use super::*;
use hyperrsi_core::backtest::BacktestError;
use hyperrsi_core::position::Distance;

fn bracket() -> ExitPlan {
    ExitPlan::new()
        .stop_loss(Distance::percent(dec!(2)))
        .take_profit(Distance::percent(dec!(2)), dec!(100))
        .trigger_by(TriggerSource::Mark)
}

fn lived(side: PositionSide) -> Script {
    Script::new(Timeframe::H1).enter_with(0, side, dec!(1), bracket())
}

/// Hours of which the second is 100/103/97/101, as half hours: first up, then down.
fn halves(whole: bool) -> Candles {
    let mut all = vec![[100.0; 4], [100.0; 4], [100.0, 103.0, 100.0, 102.5]];
    if whole {
        all.push([102.5, 102.5, 97.0, 101.0]);
    }
    series(Timeframe::M30, &all)
}

#[test]
fn s15_4_shorter_candles_tell_what_came_first() {
    let hours = series(Timeframe::H1, &[[100.0; 4], [100.0, 103.0, 97.0, 101.0]]);
    // Whole: take profit at 102 in the first half hour. With the second half hour missing the hour itself is followed,
    // and pessimistic tries the stop at 98 first.
    for (whole, reason, price, coverage) in
        [(true, "tp1", dec!(102), "coverage 100 %"), (false, "stop_loss", dec!(98), "coverage 50 %")]
    {
        let halves = halves(whole);
        let mut config = bare("BTC");
        config.detail_timeframe = Some(Timeframe::M30);
        let test = Backtest::new(&hours, config).unwrap().with_series(&halves);
        let report = test.report_of(&lived(LONG)).unwrap();
        let trade = &report.trades[0];
        assert_eq!((trade.reason.code(), trade.exit_price.get()), (reason, price));
        assert!(report.assumptions.iter().any(|line| line.contains(coverage)), "{:?}", report.assumptions);
    }
}

#[test]
fn s15_4_the_time_of_a_fill_is_that_of_the_shorter_candle() {
    let hours = series(Timeframe::H1, &[[100.0; 4], [100.0, 103.0, 97.0, 101.0]]);
    let halves = halves(true);
    let mut config = bare("BTC");
    config.detail_timeframe = Some(Timeframe::M30);
    let run = Backtest::new(&hours, config).unwrap().with_series(&halves).run(&mut lived(LONG)).unwrap();
    assert_eq!(run.trades[0].exit_time.to_string(), "1970-01-01T01:29:59.999Z");
}

#[test]
fn s15_4_detail_needs_its_candles() {
    let hours = flat(Timeframe::H1, &[100.0; 3]);
    let mut config = bare("BTC");
    config.detail_timeframe = Some(Timeframe::M30);
    let test = Backtest::new(&hours, config.clone()).unwrap();
    let error = test.run(&mut lived(LONG)).unwrap_err();
    assert_eq!(error, BacktestError::MissingSeries { key: "detail_timeframe", timeframe: Timeframe::M30 });
    assert!(error.to_string().contains("give them with with_series"));
    config.detail_timeframe = Some(Timeframe::H4);
    let error = Backtest::new(&hours, config).unwrap().run(&mut lived(LONG)).unwrap_err();
    assert!(error.to_string().contains("1h is no whole multiple of it"), "{error}");
}

/// One hour of trades beside one hour of marks, a long or short of 1 at 100 in it.
fn marked(side: PositionSide, trades: Ohlc, marks: Ohlc, intrabar: IntrabarPolicy) -> Run {
    let trades = series(Timeframe::H1, &[[100.0; 4], trades]);
    let marks = series(Timeframe::H1, &[[100.0; 4], marks]);
    let mut config = bare("BTC");
    config.policy = intrabar;
    Backtest::new(&trades, config).unwrap().with_mark(&marks).run(&mut lived(side)).unwrap()
}

#[test]
fn s15_3_mark_prices_trigger_stops() {
    for intrabar in POLICIES {
        // A spike of trades to 97 that the mark price does not follow: no stop.
        let spike = marked(LONG, [100.0, 101.0, 97.0, 100.5], [100.0, 101.0, 98.5, 100.5], intrabar);
        assert_eq!(spike.trades[0].reason.code(), "backtest_end", "{intrabar}");
        // A mark price at 97 while trades never went below 99: the stop acts, and sells at what traded.
        let mark = marked(LONG, [100.0, 101.0, 99.0, 100.5], [100.0, 101.0, 97.0, 100.5], intrabar);
        let trade = &mark.trades[0];
        assert_eq!(trade.reason.code(), "stop_loss", "{intrabar}");
        assert!((dec!(99)..=dec!(100)).contains(&trade.exit_price.get()), "{intrabar} {}", trade.exit_price);
        // Mirrored.
        let short = marked(SHORT, [100.0, 103.0, 99.0, 99.5], [100.0, 101.5, 99.0, 99.5], intrabar);
        assert_eq!(short.trades[0].reason.code(), "backtest_end", "{intrabar}");
        // Take profits are limit orders: they fill by trades.
        let profit = marked(LONG, [100.0, 102.5, 99.0, 101.0], [100.0, 101.0, 99.0, 101.0], intrabar);
        assert_eq!((profit.trades[0].reason.code(), profit.trades[0].exit_price.get()), ("tp1", dec!(102)));
    }
}

#[test]
fn s15_3_mark_prices_liquidate() {
    // Leverage 10: liquidation at 90.452261.
    for (mark_low, reason) in [(95.0, "backtest_end"), (90.0, "liquidation")] {
        for intrabar in POLICIES {
            let trades = series(Timeframe::H1, &[[100.0; 4], [100.0, 100.0, 85.0, 99.0]]);
            let marks = series(Timeframe::H1, &[[100.0; 4], [100.0, 100.0, mark_low, 99.0]]);
            let mut config = bare("BTC");
            (config.policy, config.trader.leverage) = (intrabar, 10);
            let script = Script::new(Timeframe::H1).enter(0, LONG, dec!(1));
            let test = Backtest::new(&trades, config).unwrap().with_mark(&marks);
            let run = test.run(&mut script.clone()).unwrap();
            assert_eq!(run.trades[0].reason.code(), reason, "{intrabar} {mark_low}");
        }
    }
}

#[test]
fn s15_3_mark_prices_equal_to_trades_change_nothing() {
    let wave: Vec<Ohlc> = (0..400)
        .map(|n| {
            let price = |n: f64| 100.0 + 6.0 * (n / 5.0).sin() + 3.0 * (n / 1.7).cos();
            let (open, close) = (price(f64::from(n)), price(f64::from(n + 1)));
            [open, open.max(close) + 0.4, open.min(close) - 0.4, close]
        })
        .collect();
    let candles = series(Timeframe::H1, &wave);
    let plan = bracket().trail_after(1, dec!(0.5));
    let mut script = Script::new(Timeframe::H1);
    for n in 0..60 {
        let side = if n % 2 == 0 { LONG } else { SHORT };
        script = script.enter_with(n * 6, side, dec!(1), plan.clone());
    }
    for intrabar in POLICIES {
        let mut config = bare("BTC");
        config.policy = intrabar;
        let test = Backtest::new(&candles, config).unwrap();
        let plain = test.run(&mut script.clone()).unwrap();
        let marked = test.clone().with_mark(&candles).run(&mut script.clone()).unwrap();
        assert!(plain.trades.len() > 20);
        let essence = |run: &Run| -> Vec<_> {
            run.trades.iter().map(|t| (t.exit_time, t.exit_price, t.reason, t.net_pnl)).collect()
        };
        assert_eq!(essence(&plain), essence(&marked), "{intrabar}");
    }
}

/// Notes which timeframe closed, in order.
#[derive(Clone)]
struct Listener {
    heard: Vec<(Timeframe, i64)>,
}

impl Strategy for Listener {
    fn needs(&self) -> Needs {
        Needs::candles(Timeframe::H2, 1).and_if_available(Timeframe::H1).and_if_available(Timeframe::H4)
    }
    fn on_candle(&mut self, ctx: &Context<'_>, candle: &Candle) -> Decision {
        assert!(
            ctx.now() >= candle.open_time + ctx.timeframe().span(),
            "a candle is heard of after its close"
        );
        self.heard.push((ctx.timeframe(), candle.open_time.millis() / 3_600_000));
        Decision::hold()
    }
}

#[test]
fn s2_4_a_given_series_is_read_in_place_of_a_built_one() {
    let candles = flat(Timeframe::H2, &[100.0; 4]);
    let hours = flat(Timeframe::H1, &[100.0; 8]);
    let mut listener = Listener { heard: Vec::new() };
    let test = Backtest::new(&candles, bare("BTC")).unwrap().with_series(&hours);
    test.run(&mut listener).unwrap();
    let (h1, h2, h4) = (Timeframe::H1, Timeframe::H2, Timeframe::H4);
    let expected = [
        (h1, 0),
        (h1, 1),
        (h2, 0),
        (h1, 2),
        (h1, 3),
        (h4, 0),
        (h2, 2),
        (h1, 4),
        (h1, 5),
        (h2, 4),
        (h1, 6),
        (h1, 7),
        (h4, 4),
        (h2, 6),
    ];
    assert_eq!(listener.heard, expected);
    let said = |test: &Backtest<'_>| test.report_of(&Listener { heard: Vec::new() }).unwrap().assumptions;
    assert!(!said(&test).iter().any(|line| line.contains("stays unknown")));
    let without = Backtest::new(&candles, bare("BTC")).unwrap();
    assert!(
        said(&without)
            .iter()
            .any(|line| line.starts_with("no 1h candles, which cannot be built from 2h ones"))
    );
}
