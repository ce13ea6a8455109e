//! HYPERRSI with one rule of your own around it: no first entries at the weekend.
mod shared;

use clap::Parser;
use hyperrsi::model::{Fill, StrategyId, Timestamp};
use hyperrsi::strategy::rsi_trend::settings::{Settings, Snapshot};
use hyperrsi::strategy::rsi_trend::{self, Hyperrsi};
use hyperrsi::strategy::{Check, DecisionOutcome, RestoreError, Stage};
use hyperrsi::{prelude::*, sample};

/// Backtests HYPERRSI without entries at the weekend over the bundled hours of BTC/USDT in 2024.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Prints the report of HYPERRSI as it is before that.
    #[arg(long)]
    both: bool,
}

/// Asks HYPERRSI and takes its weekend entries back. Everything else is passed through.
#[derive(Clone)]
struct NoWeekends(Hyperrsi);

/// Saturday or Sunday, UTC. Day 0 was a Thursday.
const fn is_weekend(time: Timestamp) -> bool {
    matches!(time.day().rem_euclid(7), 2 | 3)
}

impl Strategy for NoWeekends {
    fn id(&self) -> StrategyId {
        StrategyId::new("no-weekends")
    }
    fn needs(&self) -> Needs {
        self.0.needs()
    }
    fn on_candle(&mut self, ctx: &Context<'_>, candle: &Candle) -> Decision {
        let mut decision = self.0.on_candle(ctx, candle);
        let entry = decision.intents.iter().find_map(|intent| match intent {
            Intent::Enter { side, .. } => Some(*side),
            _ => None,
        });
        let Some(side) = entry.filter(|_| is_weekend(ctx.now())) else { return decision };
        decision.intents.clear();
        if let Some(record) = &mut decision.record {
            record.outcome = DecisionOutcome::None;
            record.reason = "weekend".into();
            record.checks.push(Check {
                stage: Stage::first_entry(side),
                gate: "weekend".into(),
                ok: false,
                left: (ctx.now().day().rem_euclid(7) + 4).to_string(), // 6 and 7
                op: "<".into(),
                right: "6".into(),
            });
        }
        decision
    }
    fn on_fill(&mut self, ctx: &Context<'_>, fill: &Fill) -> Decision {
        self.0.on_fill(ctx, fill)
    }
    fn is_prompt(&self) -> bool {
        self.0.is_prompt()
    }
    fn save(&self) -> Option<serde_json::Value> {
        self.0.save()
    }
    fn restore(&mut self, state: &serde_json::Value) -> Result<(), RestoreError> {
        self.0.restore(state)
    }
}

fn hyperrsi() -> Result<(Config, Hyperrsi), shared::Failure> {
    let mut settings = Settings::default();
    settings.market.timeframe = Timeframe::H1;
    settings.market.leverage = 3;
    settings.sizing.btc = dec!(1000);
    settings.sl.enabled = true;
    let instrument = sample::btcusdt();
    let mut config = Config::new(instrument.clone());
    config.trader = rsi_trend::policy(&settings, &instrument);
    config.trader.journal = false; // nothing of a backtest has to survive
    Ok((config, Hyperrsi::new(Snapshot::new(1, settings), &instrument)?))
}

fn main() -> Result<(), shared::Failure> {
    let args = Args::parse();
    let candles = sample::btcusdt_1h()?;
    let (config, strategy) = hyperrsi()?;
    let backtest = Backtest::new(&candles, config)?;
    if args.both {
        println!("{}", backtest.report_of(&strategy)?);
    }
    println!("{}", backtest.report_of(&NoWeekends(strategy))?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_differs_from_hyperrsi_at_weekends_only() {
        let candles = sample::btcusdt_1h().unwrap();
        let (mut config, strategy) = hyperrsi().unwrap();
        config.record = Some((Timestamp::EPOCH, Timestamp::from_millis(i64::MAX)));
        let run = Backtest::new(&candles, config).unwrap().run(&mut NoWeekends(strategy)).unwrap();
        assert!(run.trades.len() > 50);
        // 2024-01-06 was a Saturday, 2024-01-08 a Monday.
        let saturday: Timestamp = "2024-01-06".parse().unwrap();
        let since = |time: Timestamp| (time - saturday).millis().rem_euclid(7 * 86_400_000);
        assert!(run.trades.iter().all(|trade| since(trade.entry_time) >= 2 * 86_400_000));
        let record = run.records.iter().find(|record| record.reason == "weekend").unwrap();
        let sentence = record.sentence();
        assert!(sentence.ends_with("< 6 does not hold (weekend)"), "{sentence}");
    }

    #[cfg(feature = "conformance")]
    #[test]
    fn it_neither_looks_ahead_nor_hides_state() {
        use hyperrsi::conformance::strategy::Verifier;
        let candles = sample::btcusdt_1h().unwrap();
        let (config, strategy) = hyperrsi().unwrap();
        let verifier = Verifier::new(&candles, config).cuts(8).handovers(4);
        let verified = verifier.verify(|_| NoWeekends(strategy.clone()));
        verified.unwrap_or_else(|found| panic!("{found}"));
    }
}
