//! Streaming indicators over closed candles: one value in, at most one value out, no allocation on the way.
//!
//! Every indicator implements [`Indicator`]: `update` takes the next closed value and answers `None` until the
//! indicator is warm, so a number that exists can be trusted. State is plain data that serialises: an indicator that
//! is saved and restored in the middle of a series continues bit for bit (with a format that keeps `f64` exactly;
//! `serde_json` does with its `float_roundtrip` feature).
//!
//! | what | indicators |
//! |---|---|
//! | averages | [`Sma`], [`Ema`], [`Rma`], [`Wma`], [`Hma`], [`T3`], [`Jma`], [`Vidya`], [`Kama`] |
//! | momentum | [`Rsi`], [`Macd`], [`Dmi`] |
//! | volatility | [`TrueRange`], [`Atr`], [`Deviation`], [`Bollinger`] |
//! | shape | [`PivotHigh`], [`PivotLow`], [`Cross`], [`Rising`], [`Falling`] |
//! | trend | [`trend`]: cycle and band state on higher timeframes, combined into one state |
//!
//! Prices are in quote units. Numbers are checked against TA-Lib, a Pine runtime and two-pass references in
//! `tests/indicator_oracle.rs` and `tests/indicator_golden.rs`.
//!
//! With the feature `catalogue`, the module `catalogue` lends several hundred further indicators from `wickra-core`.

mod atr;
mod bollinger;
#[cfg(feature = "catalogue")]
pub mod catalogue;
mod cross;
mod deviation;
mod dmi;
mod ema;
mod exact;
mod hma;
mod jma;
mod kama;
mod macd;
mod pivot;
mod rising;
mod rma;
mod rsi;
mod seeded;
mod sma;
mod t3;
pub mod trend;
mod true_range;
mod vidya;
mod window;
mod wma;

pub use atr::Atr;
pub use bollinger::{Bands, Bollinger};
pub use cross::{Cross, Crossing};
pub use deviation::Deviation;
pub use dmi::{Dmi, DmiValue};
pub use ema::Ema;
pub use hma::Hma;
pub use jma::Jma;
pub use kama::Kama;
pub use macd::{Macd, MacdValue};
pub use pivot::{PivotHigh, PivotLow};
pub use rising::{Falling, Rising};
pub use rma::Rma;
pub use rsi::{Rsi, Smoothing};
pub use sma::Sma;
pub use t3::T3;
pub use true_range::TrueRange;
pub use vidya::Vidya;
pub use wma::Wma;

use window::MAX_LENGTH;

/// A calculation over a series of closed values, fed one value at a time.
///
/// ```
/// use hyperrsi_core::indicator::{Ema, Indicator};
///
/// /// Feeds a whole series; works for any indicator.
/// fn run<I: Indicator>(indicator: &mut I, inputs: impl IntoIterator<Item = I::Input>) -> Vec<Option<I::Output>> {
///     inputs.into_iter().map(|input| indicator.update(input)).collect()
/// }
///
/// let values = run(&mut Ema::new(3)?, [1.0, 2.0, 3.0, 5.0]);
/// assert_eq!(values, [None, None, Some(2.0), Some(3.5)]);
/// # Ok::<(), hyperrsi_core::indicator::LengthError>(())
/// ```
pub trait Indicator {
    /// What one update takes: a price, a pair, or a whole candle.
    type Input;
    /// What comes out once the indicator is warm.
    type Output;

    /// Takes the next closed value, oldest first, and answers the value for it; `None` while there is none.
    fn update(&mut self, input: Self::Input) -> Option<Self::Output>;

    /// The value of the newest update.
    fn value(&self) -> Option<Self::Output>;

    /// Forgets everything but the settings.
    fn reset(&mut self);
}

/// A length an indicator cannot work with.
///
/// ```
/// use hyperrsi_core::indicator::Rsi;
/// assert_eq!(Rsi::new(0).unwrap_err().to_string(), "RSI length 0 is outside 1..=65536");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} {length} is outside {least}..={most}")]
pub struct LengthError {
    /// Which length of which indicator.
    pub name: &'static str,
    /// What was asked for.
    pub length: usize,
    /// The smallest usable length.
    pub least: usize,
    /// The largest usable length.
    pub most: usize,
}

/// Checks `least <= length <= 65536`: a wrong setting is an error here, not an allocation later.
fn length(name: &'static str, length: usize, least: usize) -> Result<usize, LengthError> {
    if (least..=MAX_LENGTH).contains(&length) {
        Ok(length)
    } else {
        Err(LengthError { name, length, least, most: MAX_LENGTH })
    }
}

/// A length as a factor; exact, since lengths are at most 65536.
#[expect(clippy::cast_precision_loss, reason = "lengths are at most 65536")]
const fn factor(length: usize) -> f64 {
    length as f64
}
