//! A strategy hears of its fills, and what it decides then is carried out.

use crate::market::{config, series};
use crate::support::*;
use hyperrsi_core::backtest::Backtest;
use hyperrsi_core::model::*;
use hyperrsi_core::position::{Distance, ExitPlan, ExitReason};
use hyperrsi_core::risk::Size;
use hyperrsi_core::strategy::{Context, Decision, Intent, Needs, Strategy};
use std::sync::Arc;

/// Enters without any exit, and gives the leg a stop 2 % below its fill once it hears of it.
#[derive(Default)]
struct StopOnFill {
    heard: Vec<(PositionSide, Price)>,
    entered: bool,
}

impl Strategy for StopOnFill {
    fn needs(&self) -> Needs {
        Needs::candles(Timeframe::M1, 1)
    }
    fn on_candle(&mut self, _: &Context<'_>, _: &Candle) -> Decision {
        if std::mem::replace(&mut self.entered, true) {
            return Decision::hold();
        }
        Decision::enter(PositionSide::Long, Size::Base(dec!(1).into()), ExitPlan::new())
    }
    fn on_fill(&mut self, ctx: &Context<'_>, fill: &Fill) -> Decision {
        assert_eq!(ctx.now().millis() % 60_000, 0, "asked at a candle's close");
        self.heard.push((fill.leg, fill.price));
        if !fill.opens() {
            return Decision::hold();
        }
        let exits = Arc::new(ExitPlan::new().stop_loss(Distance::percent(dec!(2))));
        Decision::of(Intent::Retune { side: fill.leg, exits })
    }
}

#[test]
fn a_stop_decided_on_a_fill_protects_from_the_next_candle_on() {
    // Entered at the open of candle 1 (100); its low of 97 comes before the fill was heard of. Candle 2 reaches 98.
    let candles = series(&[
        [100.0, 100.0, 100.0, 100.0],
        [100.0, 101.0, 97.0, 99.0],
        [99.0, 99.5, 97.5, 99.0],
        [99.0, 99.0, 99.0, 99.0],
    ]);
    let mut strategy = StopOnFill::default();
    let run = Backtest::new(&candles, config()).unwrap().run(&mut strategy).unwrap();
    assert_eq!(run.trades.len(), 1);
    let trade = &run.trades[0];
    assert_eq!((trade.entry_price, trade.exit_price), (dec!(100).into(), dec!(98).into()));
    assert_eq!(trade.reason, ExitReason::StopLoss);
    assert_eq!(Timeframe::M1.bucket(trade.exit_time).millis(), 120_000);
    assert_eq!(
        strategy.heard,
        [(PositionSide::Long, dec!(100).into()), (PositionSide::Long, dec!(98).into())]
    );
}
