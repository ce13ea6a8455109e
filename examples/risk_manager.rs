//! A risk rule of your own beside shipped ones: they review every opening of a backtest; exits are never asked.
use hyperrsi::model::Opening;
use hyperrsi::risk::{
    AccountView, All, Cap, DailyLossLimit, ExposureCap, LosingStreakLimit, MaxDrawdown, Refusal, Refused,
    RiskManager, Scope, Verdict,
};
use hyperrsi::{prelude::*, sample, strategy::Threshold};

/// Halves what is risked after each loss in a row, and never bets on a night.
struct Careful;

impl RiskManager for Careful {
    fn review(&self, view: &AccountView, opening: &Opening) -> Verdict {
        let hour = view.now.millis() / 3_600_000 % 24;
        if hour < 6 {
            return Verdict::Refuse(Refused::new(
                Refusal::RiskLimit,
                "no entries between 00:00 and 06:00 UTC",
            ));
        }
        match view.losing_streak {
            0 => Verdict::Allow,
            losses => {
                let part = Decimal::from(1_u32 << losses.min(4));
                let smaller = Quantity::new(opening.order.quantity.get() / part);
                Verdict::Shrink(smaller, format!("{losses} losses in a row"))
            }
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    if std::env::args().nth(1).is_some() {
        println!("usage: cargo run --release --example risk_manager (it has no options)");
        return Ok(());
    }
    let rule = Threshold::new(Timeframe::H1, 14)?.size(Size::Margin(dec!(4_000).into()));
    let (candles, config) = (sample::btcusdt_1h()?, Config::new(sample::btcusdt()));
    let shipped = All(vec![
        Box::new(DailyLossLimit::percent(Percent::new(dec!(1)))),
        Box::new(MaxDrawdown(Percent::new(dec!(15)))),
        Box::new(LosingStreakLimit(6)),
        Box::new(ExposureCap::new(Scope::Total, Cap::TimesEquity(dec!(0.5))).shrinking()),
    ]);
    let free = Backtest::new(&candles, config)?;
    let guarded = free.clone().with_risk(Careful).with_risk(shipped);
    for (name, test) in [("without rules", free), ("with rules", guarded)] {
        let report = test.report_of(&rule)?;
        let s = &report.statistics;
        println!(
            "{name}: {} trades, net {:+.2} USDT, max drawdown {:.2} %",
            s.trades, s.net_pnl, s.max_drawdown.percent
        );
        for (reason, count) in &report.skipped {
            println!("  {count} openings refused: {reason}");
        }
    }
    Ok(())
}
