use super::{Backtest, BacktestError, Statistics, StrategyFailure};
use crate::position::Trade;
use crate::strategy::Strategy;
use std::collections::BTreeMap;

/// What a run amounts to, without its equity curve and its records: what is kept of one run out of thousands.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Tally {
    /// The statistics of TRADING 14.6.
    pub statistics: Statistics,
    /// Completed trades, in order of exit.
    pub trades: Vec<Trade>,
    /// Return of each UTC day that has a candle, a fraction of the equity at the end of the day before.
    pub daily: Vec<f64>,
    /// Equity at the start, quote units.
    pub initial_balance: f64,
    /// Equity at the end, marked to market.
    pub final_equity: f64,
    /// Candles in which more than one order of events was possible.
    pub ambiguous_candles: usize,
    /// Openings that were decided but not made, by reason code.
    pub skipped: BTreeMap<String, u64>,
    /// The strategy panicked: what follows was made without it.
    pub failure: Option<StrategyFailure>,
}

impl Tally {
    /// Change of equity over the run in percent of the balance at the start.
    pub fn return_percent(&self) -> f64 {
        (self.final_equity / self.initial_balance - 1.0) * 100.0
    }
}

/// Memory that runs use one after the other instead of asking for it anew. One for each thread.
#[derive(Clone, Debug, Default)]
pub struct Room {
    equity: Vec<f64>,
}

impl Room {
    /// The marked-to-market equity at each traded close of the last run that was tallied here.
    pub fn equity(&self) -> &[f64] {
        &self.equity
    }
}

impl Backtest<'_> {
    /// One run under the configured policy, counted. The same trader, account and simulated venue as in
    /// [`Backtest::run`] take part; only the equity curve is not kept, nor the bounds run.
    ///
    /// ```
    /// # use hyperrsi_core::model::{Candle, Instrument, InstrumentId, Timeframe, Timestamp};
    /// # use hyperrsi_core::series::Candles;
    /// # use hyperrsi_core::strategy::Threshold;
    /// use hyperrsi_core::backtest::{Backtest, Config, Room};
    /// # let mut candles = Candles::new(Timeframe::M1);
    /// # for minute in 0..500_i64 {
    /// #     let price = 100.0 + 10.0 * (minute as f64 / 9.0).sin();
    /// #     let open_time = Timestamp::from_millis(minute * 60_000);
    /// #     candles.push(Candle::new(open_time, price, price + 0.5, price - 0.5, price, 1.0))?;
    /// # }
    /// let instrument = Instrument::linear(InstrumentId::new("sim", "BTCUSDT"), "BTC", "USDT");
    /// let backtest = Backtest::new(&candles, Config::new(instrument))?;
    /// let mut room = Room::default();
    /// for length in [7, 14, 21] {
    ///     let tally = backtest.tally(&mut Threshold::new(Timeframe::M1, length)?, &mut room)?;
    ///     println!("RSI {length}: {:+.2} %", tally.return_percent());
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Backtest::run`].
    pub fn tally<S: Strategy + ?Sized>(
        &self,
        strategy: &mut S,
        room: &mut Room,
    ) -> Result<Tally, BacktestError> {
        let config = self.config();
        let run = self.run_in(strategy, config.policy, &|_| {}, std::mem::take(&mut room.equity))?;
        let initial_balance = config.initial_balance.to_f64();
        let span = self.span().millis();
        let points = (self.open_times(), span, run.equity.equity.as_slice());
        let (statistics, daily) =
            Statistics::with_days(&run.trades, initial_balance, points, run.candles_in_market);
        room.equity = run.equity.equity;
        Ok(Tally {
            statistics,
            trades: run.trades,
            daily,
            initial_balance,
            final_equity: run.final_equity,
            ambiguous_candles: run.ambiguous_candles,
            skipped: run.skipped,
            failure: run.failure,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backtest::Config;
    use crate::model::{Candle, Instrument, InstrumentId, Timeframe, Timestamp};
    use crate::series::Candles;
    use crate::strategy::Threshold;

    #[test]
    fn a_tally_says_what_the_run_and_its_curve_say() {
        let mut candles = Candles::new(Timeframe::M15);
        for index in 0..3_000_i64 {
            let wave = |i: i64| 100.0 + 8.0 * (i as f64 / 11.0).sin() + 3.0 * (i as f64 / 170.0).cos();
            let (open, close) = (wave(index - 1), wave(index));
            let (high, low) = (open.max(close) + 0.4, open.min(close) - 0.4);
            let time = Timestamp::from_millis(index * 900_000);
            candles.push(Candle::new(time, open, high, low, close, 1.0)).unwrap();
        }
        let instrument = Instrument::linear(InstrumentId::new("sim", "BTCUSDT"), "BTC", "USDT");
        let mut config = Config::new(instrument);
        config.start = Some(Timestamp::from_millis(500 * 900_000));
        let test = Backtest::new(&candles, config).unwrap();
        let mut room = Room::default();
        for length in [5, 14] {
            let run = test.run(&mut Threshold::new(Timeframe::M15, length).unwrap()).unwrap();
            let tally = test.tally(&mut Threshold::new(Timeframe::M15, length).unwrap(), &mut room).unwrap();
            assert!(run.trades.len() > 10);
            let whole = Statistics::of(
                &run.trades,
                10_000.0,
                &run.equity,
                run.candles_in_market,
                test.traded().len(),
            );
            assert_eq!(tally.statistics, whole);
            assert_eq!((tally.trades, tally.final_equity), (run.trades, run.final_equity));
            assert_eq!(room.equity(), run.equity.equity);
            // Days compound to the whole.
            let growth: f64 = tally.daily.iter().map(|day| 1.0 + day).product();
            assert!((growth * 10_000.0 - run.final_equity).abs() < 1e-6);
        }
    }
}
