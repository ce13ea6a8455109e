//! Risk rules inside a run: what they see, and that they never touch an exit.

use super::*;
use hyperrsi_core::position::Distance;
use hyperrsi_core::risk::{
    All, Cap, DailyLossLimit, ExposureCap, KillSwitch, LosingStreakLimit, MaxDrawdown, RiskManager, Scope,
};

fn guarded(candles: &Candles, script: &Script, rule: impl RiskManager + 'static) -> Run {
    let test = Backtest::new(candles, bare("BTC")).unwrap().with_risk(rule);
    test.run(&mut script.clone()).unwrap()
}

/// Two long trades of 10, each bought at 100 and sold at 98: −20 each; a third one is planned.
fn losses() -> (Candles, Script) {
    let candle = [[100.0; 4], [100.0; 4], [98.0; 4], [100.0; 4]];
    let all: Vec<Ohlc> = candle.iter().cycle().take(12).copied().collect();
    let mut script = Script::new(Timeframe::H1);
    for n in [0, 4, 8] {
        script = script.enter(n, LONG, dec!(10)).exit(n + 1, LONG);
    }
    (series(Timeframe::H1, &all), script)
}

#[test]
fn losses_in_a_row_end_openings() {
    let (candles, script) = losses();
    let run = guarded(&candles, &script, LosingStreakLimit(2));
    assert_eq!(run.trades.len(), 2);
    assert_eq!(run.skipped.get("losing_streak"), Some(&1));
    assert!(near(run.final_equity, 9_960.0));
}

#[test]
fn a_daily_loss_ends_openings_until_midnight() {
    let (candles, script) = losses();
    let run = guarded(&candles, &script, DailyLossLimit::amount(dec!(20).into()));
    assert_eq!(run.trades.len(), 1);
    assert_eq!(run.skipped.get("daily_loss_limit"), Some(&2));
    // The same trades on three days: every day begins anew.
    let days: Vec<Ohlc> = (0..72).map(|hour| if hour % 24 == 2 { [98.0; 4] } else { [100.0; 4] }).collect();
    let mut script = Script::new(Timeframe::H1);
    for day in 0..3 {
        script = script.enter(day * 24, LONG, dec!(10)).exit(day * 24 + 1, LONG);
    }
    let run = guarded(&series(Timeframe::H1, &days), &script, DailyLossLimit::amount(dec!(20).into()));
    assert_eq!(run.trades.len(), 3);
}

#[test]
fn drawdown_is_measured_from_equity_marked_to_market() {
    // Long 100 at 100: equity 10 000, 12 000 at the close of 120, 10 000 when sold at 100: 16.67 % below the peak.
    let candles = flat(Timeframe::H1, &[100.0, 100.0, 120.0, 100.0, 100.0, 100.0, 100.0]);
    let script = Script::new(Timeframe::H1).enter(0, LONG, dec!(100)).exit(2, LONG).enter(4, LONG, dec!(1));
    for (limit, trades) in [(dec!(16), 1), (dec!(17), 2)] {
        let run = guarded(&candles, &script, MaxDrawdown(Percent::new(limit)));
        assert_eq!(run.trades.len(), trades, "{limit}");
        assert_eq!(run.skipped.get("max_drawdown").is_some(), trades == 1, "{limit}");
    }
}

#[test]
fn a_cap_shrinks_what_it_can() {
    let cap = ExposureCap::new(Scope::Total, Cap::Value(dec!(500).into())).shrinking();
    let script = Script::new(Timeframe::H1).enter(0, LONG, dec!(10));
    let run = guarded(&flat(Timeframe::H1, &[100.0; 3]), &script, All(vec![Box::new(cap)]));
    assert_eq!(run.trades[0].quantity.get(), dec!(5)); // 500 at 100
}

#[test]
fn exits_go_on_while_the_switch_is_pulled() {
    /// Pulls the switch when it hears of its entry.
    #[derive(Clone)]
    struct Pulls(Script, KillSwitch);
    impl Strategy for Pulls {
        fn needs(&self) -> Needs {
            self.0.needs()
        }
        fn on_candle(&mut self, ctx: &Context<'_>, candle: &Candle) -> Decision {
            self.0.on_candle(ctx, candle)
        }
        fn on_fill(&mut self, _: &Context<'_>, _: &Fill) -> Decision {
            self.1.pull();
            Decision::hold()
        }
    }
    let switch = KillSwitch::new();
    let plan = ExitPlan::new().stop_loss(Distance::percent(dec!(2)));
    let script = Script::new(Timeframe::H1).enter_with(0, LONG, dec!(1), plan.clone()).enter_with(
        4,
        LONG,
        dec!(1),
        plan,
    );
    let candles = flat(Timeframe::H1, &[100.0, 100.0, 100.0, 97.0, 97.0, 97.0, 97.0]);
    let test = Backtest::new(&candles, bare("BTC")).unwrap().with_risk(switch.clone());
    let run = test.run(&mut Pulls(script, switch)).unwrap();
    assert_eq!(run.trades.len(), 1);
    assert_eq!(run.trades[0].reason.code(), "stop_loss");
    assert_eq!(run.skipped.get("kill_switch"), Some(&1));
}
