//! Margin, funding, liquidation and several instruments against one account: ledgers computed by hand, the arithmetic beside
//! each. Names begin with the table (`t22_…`) or the section (`s15_8_…`) of the specification they check.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, helpers outside #[test] included"
)]

mod faults;
mod funding;
mod liquidation;
mod portfolio;
mod prices;
mod risk;

use hyperrsi_core::backtest::{Backtest, Config, IntrabarPolicy, Run};
use hyperrsi_core::model::*;
use hyperrsi_core::position::{ExitPlan, ExitReason};
use hyperrsi_core::risk::Size;
use hyperrsi_core::series::Candles;
use hyperrsi_core::strategy::{Context, Decision, Needs, Strategy};
use rust_decimal::Decimal;
use rust_decimal_macros::dec;

const LONG: PositionSide = PositionSide::Long;
const SHORT: PositionSide = PositionSide::Short;
const POLICIES: [IntrabarPolicy; 3] = IntrabarPolicy::ALL;

/// Open, high, low, close.
type Ohlc = [f64; 4];

/// Candles from the epoch on.
fn series(timeframe: Timeframe, candles: &[Ohlc]) -> Candles {
    let mut series = Candles::new(timeframe);
    for (n, [open, high, low, close]) in (0..).zip(candles) {
        let at = Timestamp::from_millis(n * timeframe.millis());
        series.push(Candle::new(at, *open, *high, *low, *close, 1.0)).unwrap();
    }
    series
}

fn flat(timeframe: Timeframe, prices: &[f64]) -> Candles {
    let candles: Vec<Ohlc> = prices.iter().map(|price| [*price; 4]).collect();
    series(timeframe, &candles)
}

fn instrument(symbol: &str) -> Instrument {
    Instrument::linear(InstrumentId::new("sim", symbol), symbol, "USDT")
}

/// No fees, no slippage: what is left is what the test is about.
fn bare(symbol: &str) -> Config {
    let mut config = Config::new(instrument(symbol));
    config.taker_fee = Decimal::ZERO;
    config.maker_fee = Decimal::ZERO;
    config.slippage_percent = Decimal::ZERO;
    config
}

/// Answers the close of candle `n` (from 0) of its timeframe with the decisions at `n`.
#[derive(Clone)]
struct Script {
    timeframe: Timeframe,
    decisions: Vec<(usize, Decision)>,
    seen: usize,
}

impl Script {
    fn new(timeframe: Timeframe) -> Self {
        Self { timeframe, decisions: Vec::new(), seen: 0 }
    }
    fn at(mut self, candle: usize, decision: Decision) -> Self {
        self.decisions.push((candle, decision));
        self
    }
    fn enter(self, candle: usize, side: PositionSide, quantity: Decimal) -> Self {
        self.enter_with(candle, side, quantity, ExitPlan::new())
    }
    fn enter_with(self, candle: usize, side: PositionSide, quantity: Decimal, plan: ExitPlan) -> Self {
        self.at(candle, Decision::enter(side, Size::Base(quantity.into()), plan))
    }
    fn exit(self, candle: usize, side: PositionSide) -> Self {
        self.at(candle, Decision::exit(side, ExitReason::TrendReversal))
    }
}

impl Strategy for Script {
    fn needs(&self) -> Needs {
        Needs::candles(self.timeframe, 1)
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

fn run(candles: &Candles, config: Config, script: &Script) -> Run {
    Backtest::new(candles, config).unwrap().run(&mut script.clone()).unwrap()
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}
