//! Two timeframes in one strategy: the hour says which way, fifteen minutes say when.
mod shared;

use clap::Parser;
use hyperrsi::{prelude::*, sample};

/// Backtests a strategy of two timeframes over the bundled fifteen-minute candles of BTC/USDT, January to May 2025.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Length of the hourly average that gives the direction.
    #[arg(long, default_value_t = 50)]
    average: usize,
    /// RSI level a pullback has to come back from; 100 minus it for shorts.
    #[arg(long, default_value_t = 35.0)]
    level: f64,
}

/// Buys a pullback of a rising market and sells a rally of a falling one.
#[derive(Clone)]
struct Pullback {
    average: Ema,
    length: usize,
    direction: Option<PositionSide>,
    rsi: Rsi,
    before: Option<f64>,
    level: f64,
}

impl Pullback {
    fn new(length: usize, level: f64) -> Result<Self, hyperrsi::indicator::LengthError> {
        let (average, rsi) = (Ema::new(length)?, Rsi::new(14)?);
        Ok(Self { average, length, direction: None, rsi, before: None, level })
    }

    /// The hour: long above the average, short below it.
    fn hour(&mut self, candle: &Candle) {
        let average = self.average.update(candle.close);
        self.direction = average
            .map(|average| if candle.close > average { PositionSide::Long } else { PositionSide::Short });
    }

    /// Fifteen minutes: the RSI comes back through the level, with the direction of the hour.
    fn quarter(&mut self, candle: &Candle) -> Option<PositionSide> {
        let now = self.rsi.update(candle.close);
        let before = std::mem::replace(&mut self.before, now)?;
        let (now, direction) = (now?, self.direction?);
        let comes_back = match direction {
            PositionSide::Long => before < self.level && now >= self.level,
            PositionSide::Short => before > 100.0 - self.level && now <= 100.0 - self.level,
        };
        comes_back.then_some(direction)
    }
}

impl Strategy for Pullback {
    fn needs(&self) -> Needs {
        Needs::candles(Timeframe::M15, 140).and(Timeframe::H1, self.length)
    }
    fn on_candle(&mut self, ctx: &Context<'_>, candle: &Candle) -> Decision {
        // An hour that closes together with a quarter is told first, so that the quarter knows it.
        if ctx.timeframe() == Timeframe::H1 {
            self.hour(candle);
            return Decision::hold();
        }
        let Some(side) = self.quarter(candle).filter(|_| ctx.is_flat()) else { return Decision::hold() };
        let exits = ExitPlan::new()
            .stop_loss(Distance::percent(dec!(1)))
            .take_profit(Distance::percent(dec!(1)), dec!(50))
            .take_profit(Distance::percent(dec!(2)), dec!(50))
            .break_even_after(1);
        Decision::enter(side, Size::Margin(dec!(2000).into()), exits)
    }
}

fn main() -> Result<(), shared::Failure> {
    let args = Args::parse();
    let strategy = Pullback::new(args.average, args.level)?;
    let candles = sample::btcusdt_15m()?;
    println!("{}", Backtest::new(&candles, Config::new(sample::btcusdt()))?.report_of(&strategy)?);
    Ok(())
}

#[cfg(all(test, feature = "conformance"))]
mod tests {
    use super::*;
    use hyperrsi::conformance::strategy::Verifier;

    #[test]
    fn it_neither_looks_ahead_nor_hides_state() {
        let strategy = Pullback::new(50, 35.0).unwrap();
        let candles = sample::btcusdt_15m().unwrap();
        let verifier = Verifier::new(&candles, Config::new(sample::btcusdt())).cuts(12).handovers(4);
        let verified = verifier.verify(|_| strategy.clone()).unwrap_or_else(|found| panic!("{found}"));
        assert!(verified.actions > 20, "{verified:?}");
    }
}
