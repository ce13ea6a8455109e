//! What the README promises: its strategy is the example's, letter by letter, and short; its report is the quickstart's.

use hyperrsi::prelude::*;
use hyperrsi::strategy::rsi_trend::settings::{Settings, Snapshot};
use hyperrsi::strategy::rsi_trend::{self, Hyperrsi};

const README: &str = include_str!("../README.md");
const CHAPTER: &str = include_str!("../docs/src/quickstart.md");
const EXAMPLE: &str = include_str!("../examples/custom_strategy.rs");

fn blocks<'a>(text: &'a str, fence: &str) -> Vec<&'a str> {
    text.split(fence).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn the_strategy_in_the_readme_is_the_example() {
    assert_eq!(blocks(README, "```rust\n"), [EXAMPLE], "README.md and examples/custom_strategy.rs differ");
}

#[test]
fn the_example_is_a_whole_program_in_under_40_lines() {
    assert!(EXAMPLE.contains("impl Strategy for") && EXAMPLE.contains("fn main()"));
    let lines = EXAMPLE.lines().count();
    assert!(lines < 40, "{lines} lines");
}

/// The settings of examples/quickstart.rs.
fn quickstart() -> Result<String, Box<dyn std::error::Error>> {
    let mut settings = Settings::default();
    settings.market.timeframe = Timeframe::H1;
    settings.market.leverage = 3;
    settings.sizing.btc = dec!(1000);
    settings.sl.enabled = true;
    let instrument = hyperrsi::sample::btcusdt();
    let mut config = Config::new(instrument.clone());
    config.trader = rsi_trend::policy(&settings, &instrument);
    config.trader.journal = false;
    let strategy = Hyperrsi::new(Snapshot::new(1, settings), &instrument)?;
    let candles = hyperrsi::sample::btcusdt_1h()?;
    Ok(Backtest::new(&candles, config)?.report_of(&strategy)?.to_string())
}

#[test]
fn the_report_that_is_shown_is_the_quickstarts() {
    let report = quickstart().expect("the quickstart runs");
    let made: Vec<&str> = report.lines().collect();
    for (file, text) in [("README.md", README), ("docs/src/quickstart.md", CHAPTER)] {
        for line in blocks(text, "```text\n").into_iter().flat_map(str::lines).filter(|line| *line != "...") {
            assert!(
                made.contains(&line),
                "{file} shows a line that the quickstart no longer prints:\n{line}"
            );
        }
    }
}
