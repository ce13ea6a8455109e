//! Hand-made candles and strategies that do one thing at a stated candle, for the backtest engine.

use crate::support::*;
use hyperrsi_core::backtest::{Backtest, Config, IntrabarPolicy, Run};
use hyperrsi_core::model::*;
use hyperrsi_core::position::{ExitPlan, ExitReason, Trade, TradeFillKind};
use hyperrsi_core::risk::Size;
use hyperrsi_core::series::Candles;
use hyperrsi_core::strategy::{Context, Decision, Intent, Needs, Strategy};
use rust_decimal::Decimal;

/// Answers the close of candle `n` (from 0) with the decision at `n`.
#[derive(Clone, Default)]
pub struct Script {
    pub decisions: Vec<(usize, Decision)>,
    pub seen: usize,
}

impl Script {
    pub fn enter(side: PositionSide, plan: ExitPlan) -> Self {
        Self::default().then(0, Decision::enter(side, Size::Base(dec!(1).into()), plan))
    }
    pub fn then(mut self, candle: usize, decision: Decision) -> Self {
        self.decisions.push((candle, decision));
        self
    }
    pub fn exit_at(self, candle: usize, side: PositionSide) -> Self {
        self.then(candle, Decision::exit(side, ExitReason::TrendReversal))
    }
    pub fn add_at(self, candle: usize, side: PositionSide) -> Self {
        self.then(candle, Decision::of(Intent::Add { side, size: Size::Base(dec!(1).into()) }))
    }
}

impl Strategy for Script {
    fn needs(&self) -> Needs {
        Needs::candles(Timeframe::M1, 1)
    }
    fn on_candle(&mut self, _: &Context<'_>, _: &Candle) -> Decision {
        self.seen += 1;
        let mut decision = Decision::hold();
        for (at, planned) in &self.decisions {
            if at + 1 == self.seen {
                decision.intents.extend(planned.intents.iter().cloned());
                decision.atr = decision.atr.or(planned.atr);
            }
        }
        decision
    }
}

/// Open, high, low, close.
pub type Ohlc = [f64; 4];

pub fn series(candles: &[Ohlc]) -> Candles {
    let mut series = Candles::new(Timeframe::M1);
    for (minute, [open, high, low, close]) in (0..).zip(candles) {
        let at = Timestamp::from_millis(minute * 60_000);
        series.push(Candle::new(at, *open, *high, *low, *close, 1.0)).unwrap();
    }
    series
}

/// Tick 0.01, no slippage, no fees, leverage 1, open legs stay open at the end.
pub fn config() -> Config {
    let mut config = Config::new(instrument(dec!(0.01), dec!(0.01), dec!(0.01)));
    (config.taker_fee, config.maker_fee) = (Decimal::ZERO, Decimal::ZERO);
    config.slippage_percent = Decimal::ZERO;
    config.initial_balance = dec!(1_000_000).into();
    config.close_at_end = false;
    config
}

pub fn run(config: &Config, policy: IntrabarPolicy, script: &Script, candles: &[Ohlc]) -> Run {
    let mut config = config.clone();
    config.policy = policy;
    let series = series(candles);
    Backtest::new(&series, config).unwrap().run(&mut script.clone()).unwrap()
}

/// A long leg of 1 @ 100 that lives through `candle`, then through `after`.
pub fn lived(plan: &ExitPlan, policy: IntrabarPolicy, candle: Ohlc, after: &[Ohlc]) -> Run {
    let mut candles = vec![[100.0; 4], [100.0; 4], candle];
    candles.extend(after);
    run(&config(), policy, &Script::enter(LONG, plan.clone()), &candles)
}

/// Exit fills of a trade: reason, price, quantity.
pub fn exits(trade: &Trade) -> Vec<(&'static str, Decimal, Decimal)> {
    trade
        .fills
        .iter()
        .filter_map(|fill| match fill.kind {
            TradeFillKind::Exit(reason) => {
                Some((reason.code(), fill.price.get().normalize(), fill.quantity.get().normalize()))
            }
            TradeFillKind::Entry => None,
        })
        .collect()
}
