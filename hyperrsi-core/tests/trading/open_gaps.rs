//! TRADING 15.2 and 15.3 where a candle opens beyond limits: stops come first, limits fill at their price, and the market
//! orders that follow at the open.

use crate::market::*;
use crate::support::*;
use hyperrsi_core::backtest::IntrabarPolicy::{OhlcPath, Optimistic, Pessimistic};
use hyperrsi_core::backtest::{IntrabarPolicy, Run};
use hyperrsi_core::model::*;
use hyperrsi_core::position::{
    Distance, EntryPlan, ExitPlan, ExtraEntries, HedgePlan, HedgeTakeProfit, HedgeTarget, Trade,
};
use hyperrsi_core::risk::Size;
use hyperrsi_core::strategy::Decision;

const POLICIES: [IntrabarPolicy; 3] = [Pessimistic, Optimistic, OhlcPath];

/// A long leg of 1 @ 100 on a candle that stands still, then `last`, a candle that stands still elsewhere.
fn gapped(policy: IntrabarPolicy, exits: ExitPlan, entries: EntryPlan, last: f64) -> Run {
    let enter = Decision::enter(LONG, Size::Base(dec!(1).into()), exits);
    let script = Script::default().then(0, enter.followed_by(entries));
    let mut config = config();
    config.close_at_end = true;
    run(&config, policy, &script, &[[100.0; 4], [100.0; 4], [last; 4]])
}

/// One further entry of the same size, resting at 99.
fn one_more() -> EntryPlan {
    EntryPlan::extra(ExtraEntries::new(2, Distance::percent(dec!(1))).resting())
}

/// Half of the main leg from its entry `trigger` on, without exits of its own.
fn hedged(trigger: u32) -> HedgePlan {
    let mut plan = HedgePlan::new(trigger, HedgeTarget::PercentOfMain(Percent::new(dec!(50))));
    plan.take_profit = HedgeTakeProfit::Never;
    plan
}

fn legs(run: &Run) -> (&Trade, &Trade) {
    let of = |hedge| run.trades.iter().find(|trade| trade.hedge == hedge).unwrap();
    (of(false), of(true))
}

#[test]
fn s15_3_a_hedge_that_follows_a_crossed_entry_fills_at_the_open() {
    for policy in POLICIES {
        let run = gapped(policy, ExitPlan::new(), one_more().with_hedge(hedged(2)), 97.0);
        let (main, hedge) = legs(&run);
        assert_eq!((main.entries, main.entry_price.get()), (2, dec!(99.5)), "{policy}: 100 and 99");
        assert_eq!((hedge.entry_price.get(), hedge.quantity.get()), (dec!(97), dec!(1)), "{policy}");
    }
}

#[test]
fn s15_3_a_hedge_closed_by_a_crossed_take_profit_goes_at_the_open() {
    let level = levels(&[(dec!(2), dec!(100), true), (dec!(3), dec!(0), false), (dec!(4), dec!(0), false)]);
    for policy in POLICIES {
        let run = gapped(policy, level.clone(), EntryPlan::default().with_hedge(hedged(1)), 105.0);
        let (main, hedge) = legs(&run);
        assert_eq!(exits(main), [("tp1", dec!(102), dec!(1))], "{policy}");
        assert_eq!(exits(hedge), [("hedge_linked", dec!(105), dec!(0.5))], "{policy}");
    }
}

#[test]
fn s6_9_a_stop_that_a_crossed_entry_brings_is_judged_at_the_open() {
    // Only the last entry has a stop: A 99.5, 1 % below is 98.505, and the market is at 97.
    let mut late = ExitPlan::new().stop_loss(Distance::percent(dec!(1)));
    late.stop.as_mut().unwrap().from_entry = 2;
    for policy in POLICIES {
        let run = gapped(policy, late.clone(), one_more(), 97.0);
        assert_eq!(exits(&run.trades[0]), [("stop_loss", dec!(97), dec!(2))], "{policy}");
    }
}

#[test]
fn s15_2_an_open_at_the_stop_comes_before_the_limits_it_crossed() {
    let stop = ExitPlan::new().stop_loss(Distance::percent(dec!(2)));
    for policy in POLICIES {
        let run = gapped(policy, stop.clone(), one_more(), 98.0);
        assert_eq!(run.trades[0].entries, 1, "{policy}: the limit at 99 went with the leg");
        assert_eq!(exits(&run.trades[0]), [("stop_loss", dec!(98), dec!(1))], "{policy}");
    }
}
