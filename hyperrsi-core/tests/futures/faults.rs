//! Bad input: a typed, readable error or a refusal that is counted. Exits keep working.

use super::*;
use hyperrsi_core::position::Distance;
use hyperrsi_core::strategy::Intent;

/// Enters at candle 0 with stop and take profit, panics at a stated close or at its first fill.
#[derive(Clone)]
struct Panics {
    script: Script,
    at: Option<usize>,
    on_fill: bool,
}

impl Strategy for Panics {
    fn needs(&self) -> Needs {
        self.script.needs()
    }
    fn on_candle(&mut self, ctx: &Context<'_>, candle: &Candle) -> Decision {
        assert!(Some(self.script.seen) != self.at, "no answer for candle {}", self.script.seen);
        self.script.on_candle(ctx, candle)
    }
    fn on_fill(&mut self, _: &Context<'_>, _: &Fill) -> Decision {
        assert!(!self.on_fill, "no answer for a fill");
        Decision::hold()
    }
}

fn panics(at: Option<usize>, on_fill: bool) -> Panics {
    let plan = ExitPlan::new()
        .stop_loss(Distance::percent(dec!(2)))
        .take_profit(Distance::percent(dec!(2)), dec!(100));
    // A second entry is planned that a failed strategy never makes.
    let script = Script::new(Timeframe::H1).enter_with(0, LONG, dec!(1), plan.clone()).enter_with(
        6,
        LONG,
        dec!(1),
        plan,
    );
    Panics { script, at, on_fill }
}

#[test]
fn a_strategy_that_panics_loses_its_entries_and_never_its_exits() {
    let mut prices = vec![[100.0; 4]; 9];
    prices[5] = [100.0, 102.5, 100.0, 100.0];
    let candles = series(Timeframe::H1, &prices);
    // Candle 3 closes at 04:00; the entry filled in candle 1, of which the strategy hears at 02:00.
    for (strategy, time, message) in [
        (panics(Some(3), false), "1970-01-01T04:00:00Z", "no answer for candle 3"),
        (panics(None, true), "1970-01-01T02:00:00Z", "no answer for a fill"),
    ] {
        let report = Backtest::new(&candles, bare("BTC")).unwrap().report_of(&strategy).unwrap();
        assert_eq!(report.trades.len(), 1);
        assert_eq!(report.trades[0].reason.code(), "tp1");
        assert_eq!(report.equity.equity.len(), 9);
        assert_eq!(report.equity.times.len(), 9);
        assert!(near(report.final_equity, 10_002.0));
        let failure = &report.failures[0];
        assert_eq!((failure.time.to_string().as_str(), failure.message.as_str()), (time, message));
        assert!(failure.to_string().contains("it was not asked again, its open legs kept their exits"));
    }
    let sane = Backtest::new(&candles, bare("BTC")).unwrap().report_of(&panics(None, false)).unwrap();
    assert!(sane.failures.is_empty());
    assert_eq!(sane.trades.len(), 2);
}

#[test]
fn nonsense_of_a_strategy_is_refused_and_counted() {
    let stop = |distance| ExitPlan::new().stop_loss(distance);
    let size = Size::Base(dec!(1).into());
    let entered = |plan: ExitPlan| Decision::enter(LONG, size, plan);
    let nan = Decision { atr: Some(f64::NAN), ..entered(stop(Distance::Atr(dec!(2)))) };
    let cases = [
        ("a stop on the wrong side", entered(stop(Distance::percent(dec!(-1)))), "invalid_intent"),
        ("a stop at the entry", entered(stop(Distance::PriceOffset(dec!(0)))), "invalid_intent"),
        ("a stop at zero", entered(stop(Distance::percent(dec!(100)))), "invalid_intent"),
        (
            "a take profit on the wrong side",
            entered(ExitPlan::new().take_profit(Distance::percent(dec!(-2)), dec!(50))),
            "invalid_intent",
        ),
        (
            "more than everything",
            entered(ExitPlan::new().take_profit(Distance::percent(dec!(2)), dec!(101))),
            "invalid_intent",
        ),
        ("a trail without its level", entered(ExitPlan::new().trail_after(1, dec!(1))), "invalid_intent"),
        (
            "a negative size",
            Decision::enter(LONG, Size::Base(dec!(-1).into()), ExitPlan::new()),
            "invalid_intent",
        ),
        ("an ATR that is no number", nan, "warming_up"),
        (
            "an exit of more than all",
            Decision::of(Intent::Exit { side: LONG, fraction: dec!(2), reason: ExitReason::TrendReversal }),
            "invalid_intent",
        ),
    ];
    for (name, decision, code) in cases {
        let run =
            run(&flat(Timeframe::H1, &[100.0; 4]), bare("BTC"), &Script::new(Timeframe::H1).at(0, decision));
        assert!(run.trades.is_empty(), "{name}");
        assert_eq!(run.skipped.get(code), Some(&1), "{name}: {:?}", run.skipped);
    }
}

#[test]
fn s15_7_skips_are_counted_by_reason() {
    let mut config = bare("BTC");
    config.instrument.lot = dec!(0.01);
    config.instrument.min_size = dec!(0.1);
    config.instrument.min_notional = dec!(20);
    config.instrument.max_size = Some(dec!(50));
    config.initial_balance = dec!(1_000).into();
    // At 100: 0.099 floors to 0.09 < 0.1; 0.15 is worth 15 < 20; 60 > 50; 20 costs 2 000 of 1 000.
    let mut script = Script::new(Timeframe::H1);
    for (n, quantity) in [dec!(0.099), dec!(0.15), dec!(60), dec!(20), dec!(0.15)].into_iter().enumerate() {
        script = script.enter(n, LONG, quantity);
    }
    let run = run(&flat(Timeframe::H1, &[100.0; 8]), config, &script);
    let expected =
        [("above_max_size", 1), ("below_min_notional", 2), ("below_min_size", 1), ("insufficient_margin", 1)];
    assert_eq!(run.skipped.iter().map(|(k, v)| (k.as_str(), *v)).collect::<Vec<_>>(), expected);
    assert!(run.trades.is_empty());
}

#[test]
fn s13_4_a_remainder_below_the_minimum_is_closed_whole() {
    // 0.3 with a first level of 90 %: 0.27, which leaves 0.03, below the minimum of 0.1. Whatever the ladder makes of it,
    // the leg ends flat and its fills add up.
    let mut config = bare("BTC");
    (config.instrument.lot, config.instrument.min_size) = (dec!(0.01), dec!(0.1));
    let plan = ExitPlan::new()
        .take_profit(Distance::percent(dec!(2)), dec!(90))
        .take_profit(Distance::percent(dec!(4)), dec!(10))
        .stop_loss(Distance::percent(dec!(2)));
    let candles =
        series(Timeframe::H1, &[[100.0; 4], [100.0, 103.0, 100.0, 101.0], [101.0, 101.0, 90.0, 90.0]]);
    let run = run(&candles, config, &Script::new(Timeframe::H1).enter_with(0, LONG, dec!(0.3), plan));
    assert_eq!(run.trades.len(), 1);
    let out: Decimal = run.trades[0].fills.iter().skip(1).map(|fill| fill.quantity.get()).sum();
    assert_eq!(out, dec!(0.3));
    assert!(near(run.final_equity, 10_000.0 + run.trades[0].net_pnl.to_f64()));
}

#[test]
fn s15_9_legs_may_be_left_open() {
    let mut config = bare("BTC");
    config.close_at_end = false;
    let candles = flat(Timeframe::H1, &[100.0, 100.0, 105.0]);
    let run = run(&candles, config, &Script::new(Timeframe::H1).enter(0, LONG, dec!(2)));
    assert!(run.trades.is_empty());
    assert!(near(run.final_equity, 10_010.0)); // 2 × 5 not realised
}

#[test]
fn settings_that_contradict_each_other_are_named() {
    let candles = flat(Timeframe::H1, &[100.0; 4]);
    let refused = |change: &dyn Fn(&mut Config)| {
        let mut config = bare("BTC");
        change(&mut config);
        Backtest::new(&candles, config).unwrap_err().to_string()
    };
    let hour = |n: i64| Some(Timestamp::from_millis(n * 3_600_000));
    let cases: [(&dyn Fn(&mut Config), &str); 5] = [
        (&|c| c.trader.leverage = 0, "leverage is 0"),
        (&|c| c.trader.leverage = 126, "leverage is 126, but sim:BTC allows 125 at most"),
        (&|c| (c.start, c.end) = (hour(3), hour(2)), "is not before end"),
        (&|c| (c.start, c.end) = (hour(8), hour(9)), "no candle lies between"),
        (
            &|c| {
                c.instrument.kind = InstrumentKind::Spot;
                c.trader.leverage = 3
            },
            "is a spot market and leverage is 3",
        ),
    ];
    for (change, text) in cases {
        let error = refused(change);
        assert!(error.contains(text), "{error}");
    }
}

#[test]
fn keys_of_margin_and_detail_are_read() {
    let mut config = bare("BTC");
    let mut record = serde_json::json!({
        "detail_timeframe": "1m",
        "maintenance_tiers": [{"up_to": 50000, "rate": "0.004"}, {"rate": 0.005}],
    });
    config.take_keys(record.as_object_mut().unwrap()).unwrap();
    assert_eq!(config.detail_timeframe, Some(Timeframe::M1));
    assert_eq!(config.maintenance_tiers.unwrap().of(dec!(60_000).into()), (dec!(0.005), dec!(50)));
    for (key, value) in [
        ("detail_timeframe", serde_json::json!("7m")),
        ("maintenance_tiers", serde_json::json!([{"rate": 0.1, "upto": 5}])),
        ("maintenance_tiers", serde_json::json!([{"up_to": 5}])),
        ("maintenance_tiers", serde_json::json!("all")),
    ] {
        let mut record = serde_json::Map::new();
        record.insert(key.into(), value);
        let error = bare("BTC").take_keys(&mut record).unwrap_err().to_string();
        assert!(error.starts_with(key), "{error}");
    }
}
