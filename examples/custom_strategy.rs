//! A strategy of your own: buys dips of an uptrend, over a year of recorded BTC/USDT candles.
use hyperrsi::{prelude::*, sample};

#[derive(Clone)]
struct BuyTheDip {
    rsi: Rsi,
    level: Cross,
    average: Ema,
}

impl Strategy for BuyTheDip {
    fn needs(&self) -> Needs {
        Needs::candles(Timeframe::H1, 200) // closed candles before the first entry
    }
    fn on_candle(&mut self, ctx: &Context<'_>, candle: &Candle) -> Decision {
        let crossing = self.rsi.update(candle.close).and_then(|rsi| self.level.update((rsi, 35.0)));
        let uptrend = self.average.update(candle.close).is_some_and(|average| candle.close > average);
        if crossing != Some(Crossing::Over) || !uptrend || !ctx.is_flat() {
            return Decision::hold();
        }
        let exits = ExitPlan::new()
            .stop_loss(Distance::percent(dec!(2)))
            .take_profit(Distance::percent(dec!(1.5)), dec!(40)) // sells 40 %
            .take_profit(Distance::percent(dec!(3)), dec!(30)) // then 30 %
            .break_even_after(1)
            .trail_after(2, dec!(1)); // the rest stays 1 % behind the highest price
        Decision::enter(PositionSide::Long, Size::Margin(dec!(2000).into()), exits)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let strategy = BuyTheDip { rsi: Rsi::new(14)?, level: Cross::new(), average: Ema::new(200)? };
    let (candles, config) = (sample::btcusdt_1h()?, Config::new(sample::btcusdt()));
    match std::env::args().nth(1) {
        None => println!("{}", Backtest::new(&candles, config)?.report_of(&strategy)?),
        Some(_) => println!("usage: cargo run --release --example custom_strategy (it has no options)"),
    }
    Ok(())
}
