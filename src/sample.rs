//! Recorded candles of BTC/USDT, so that a first backtest needs neither files nor a network.
//!
//! | | [`btcusdt_1h`] | [`btcusdt_15m`] |
//! |---|---|---|
//! | from (UTC) | 2024-01-01 00:00 | 2025-01-01 00:00 |
//! | to | 2025-01-01 00:00 | 2025-06-01 00:00 |
//! | candles | 8,784 | 14,496 |
//! | gaps | none | none |
//!
//! The second series begins where the first one ends: tune on one, look at the other afterwards.
//!
//! The candles are of Binance's spot market. They come from the PyPI package `vaquum-limen` 5.46.2 (MIT licence,
//! copyright 2024 Vaquum); the licence's text and how the files were made are in the folder `data` of this package. They
//! are part of a program only if it calls these functions.
//!
//! ```
//! use hyperrsi::prelude::*;
//! let candles = hyperrsi::sample::btcusdt_1h()?;
//! assert_eq!((candles.len(), candles.timeframe()), (8_784, Timeframe::H1));
//! # Ok::<(), hyperrsi::series::file::CandleFileError>(())
//! ```

use hyperrsi_core::dec;
use hyperrsi_core::model::{Instrument, InstrumentId};
use hyperrsi_core::series::Candles;
use hyperrsi_core::series::file::{CandleFileError, Load};

/// One-hour candles of 2024.
///
/// # Errors
/// None with the package's own files; it reads them as it reads any candle file.
pub fn btcusdt_1h() -> Result<Candles, CandleFileError> {
    read("btcusdt_1h.csv.gz", include_bytes!("../data/btcusdt_1h.csv.gz"))
}

/// Fifteen-minute candles of January to May 2025.
///
/// # Errors
/// None with the package's own files; it reads them as it reads any candle file.
pub fn btcusdt_15m() -> Result<Candles, CandleFileError> {
    read("btcusdt_15m.csv.gz", include_bytes!("../data/btcusdt_15m.csv.gz"))
}

/// The USDT-margined perpetual to trade the sample candles as: tick 0.1, lot and smallest order 0.001 BTC, smallest
/// order value 100 USDT. Such steps change: a venue's own list says what holds today. The candles are of the spot
/// market, so the small difference between the two prices and funding are not in them.
///
/// ```
/// let btc = hyperrsi::sample::btcusdt();
/// assert!(btc.validate().is_ok());
/// assert_eq!(btc.id.to_string(), "binance:BTCUSDT");
/// ```
pub fn btcusdt() -> Instrument {
    Instrument {
        tick: dec!(0.1),
        lot: dec!(0.001),
        min_size: dec!(0.001),
        min_notional: dec!(100),
        ..Instrument::linear(InstrumentId::new("binance", "BTCUSDT"), "BTC", "USDT")
    }
}

fn read(name: &str, file: &[u8]) -> Result<Candles, CandleFileError> {
    Ok(Load::new(name).read_from(file)?.candles)
}
