//! How good the lent indicators are, measured by the same oracles: the verdict in the docs of `indicator::catalogue`.
#![cfg(feature = "catalogue")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise"
)]

mod support;

use hyperrsi_core::indicator::Indicator;
use hyperrsi_core::indicator::catalogue::{OfCandles, OfValues, wickra_core as theirs};
use hyperrsi_core::model::Candle;
use support::{Table, candles, oracles};

type Study = Box<dyn FnMut(&Candle) -> Option<f64>>;

fn of_close<I>(inner: I) -> Study
where
    I: theirs::Indicator<Input = f64, Output = f64> + 'static,
{
    let mut indicator = OfValues::new(inner);
    Box::new(move |candle| indicator.update(candle.close))
}

fn lent(column: &str) -> Study {
    let n = column.rsplit('_').next().and_then(|n| n.parse::<usize>().ok()).unwrap_or(0);
    match column.split('_').next().unwrap() {
        "rsi" => of_close(theirs::Rsi::new(n).unwrap()),
        "sma" => of_close(theirs::Sma::new(n).unwrap()),
        "ema" => of_close(theirs::Ema::new(n).unwrap()),
        "wma" => of_close(theirs::Wma::new(n).unwrap()),
        "hma" => of_close(theirs::Hma::new(n).unwrap()),
        "t3" => of_close(theirs::T3::new(n, 0.7).unwrap()),
        "stdev" => of_close(theirs::StdDev::new(n).unwrap()),
        "macd" => {
            let mut macd = OfValues::new(theirs::MacdIndicator::new(12, 26, 9).unwrap());
            Box::new(move |candle| macd.update(candle.close).map(|v| v.macd))
        }
        "atr" => {
            let mut atr = OfCandles::new(theirs::Atr::new(n).unwrap());
            Box::new(move |candle| atr.update(*candle))
        }
        other => panic!("{other}"),
    }
}

#[test]
fn plain_averages_of_the_catalogue_against_pine() {
    let Some(folder) = oracles() else { return };
    for series in ["btcperp_15m", "adausdt_1h"] {
        let table = Table::read(&folder.join("indicators").join(format!("{series}.pine.csv")));
        let candles = candles(&folder, series);
        for column in ["sma_21", "ema_20", "wma_20", "rsi_14", "hma_20", "t3_5", "stdev_20", "macd", "atr_14"]
        {
            let mut study = lent(column);
            let (mut misplaced, mut worst) = (0, 0.0_f64);
            for (candle, wanted) in candles.iter().zip(table.column(column)) {
                match (study(candle), wanted) {
                    (Some(got), Some(wanted)) => worst = worst.max((got - wanted).abs() / candle.close),
                    (None, None) => {}
                    _ => misplaced += 1,
                }
            }
            println!("{series} {column}: {misplaced} misplaced, {worst:.1e} of the price at worst");
            if ["sma_21", "ema_20", "wma_20"].contains(&column) {
                assert!(misplaced == 0 && worst < 1e-10, "{series} {column}");
            }
        }
    }
}
