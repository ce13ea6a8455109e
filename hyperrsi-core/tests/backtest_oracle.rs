//! The plain rule, trade by trade, against what several other engines agree on (`backtest/` of the oracles).

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking and says what it compared"
)]

#[path = "support/oracles.rs"]
mod oracles;

use hyperrsi_core::backtest::{Backtest, Config};
use hyperrsi_core::model::{Instrument, InstrumentId, Timeframe};
use hyperrsi_core::series::file::{Load, Repair};
use hyperrsi_core::strategy::Threshold;
use rust_decimal::Decimal;

#[test]
fn oracle_threshold_trades_match_other_engines() {
    let Some(folder) = oracles::folder("backtest") else { return };
    let mut series = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let Some(stem) = name.strip_suffix(".csv.gz") else {
            assert!(name == "README.md" || name.ends_with(".trades.csv"), "{name} is not understood");
            continue;
        };
        series += 1;
        let candles = Load::new(&path).repair(Repair::keep_gaps()).read().unwrap().candles;
        let expected = std::fs::read_to_string(folder.join(format!("{stem}.trades.csv"))).unwrap();
        let mut lines = expected.lines();
        assert_eq!(lines.next(), Some("entry_i,exit_i,entry,exit"));
        let instrument = Instrument::linear(InstrumentId::new("oracle", stem), "BTC", "USDT");
        let mut config = Config::new(instrument);
        config.initial_balance = Decimal::from(10_000_000).into();
        config.slippage_percent = Decimal::ZERO;
        config.maker_fee = config.taker_fee;
        config.close_at_end = false;
        let backtest = Backtest::new(&candles, config).unwrap();
        let run = backtest.run(&mut Threshold::new(Timeframe::M1, 14).unwrap()).unwrap();
        let mut count = 0;
        for (line, trade) in lines.by_ref().zip(&run.trades) {
            let fields: Vec<&str> = line.split(',').collect();
            let index = |time: hyperrsi_core::model::Timestamp| candles.index_at(Timeframe::M1.bucket(time));
            assert_eq!(index(trade.entry_time).to_string(), fields[0], "{stem} trade {count}: {trade:?}");
            assert_eq!(index(trade.exit_time).to_string(), fields[1], "{stem} trade {count}: {trade:?}");
            let price = |text: &str| text.parse::<f64>().unwrap();
            assert!((trade.entry_price.to_f64() - price(fields[2])).abs() < 1e-6, "{stem} trade {count}");
            assert!((trade.exit_price.to_f64() - price(fields[3])).abs() < 1e-6, "{stem} trade {count}");
            count += 1;
        }
        assert_eq!(lines.next(), None, "{stem}: trades are missing");
        assert_eq!(count, run.trades.len(), "{stem}: trades nobody else made");
        println!("{stem}: {count} trades match");
    }
    assert!(series > 0, "no series in {}", folder.display());
}
