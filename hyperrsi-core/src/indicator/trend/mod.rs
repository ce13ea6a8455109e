//! The trend state: is the market trending up, down or neither, judged on higher timeframes of closed candles.
//!
//! Three machines read closes of three higher timeframes: the [`Cycle`] (three smoothed averages in order), the
//! [`BandState`] (Bollinger bands leaving or entering a squeeze) and, for the longer variant, the [`SecondCycle`]
//! (three adaptive averages). [`TrendState`] aligns them with the base candles and combines them into one [`Trend`].
//!
//! ```text
//! higher candles --on_higher--> Cycle, BandState, SecondCycle --(closed by the base candle's open)--+
//! base candles ----on_base------------------------------------------------------------------------> Trend
//! ```
//!
//! Alignment is by time: a base candle that opens at `t` sees the last higher candle with `open + length <= t`. That is
//! one candle later than possible, and in return the state of a base candle is known when it opens, never changes, and
//! does not depend on whether a venue delivers the higher candle before or after the base candle that ends with it.
//!
//! [`AggregatingTrend`] builds the higher candles from the base candles itself.
//!
//! The band state remembers up to 50 pivots, which reach far back: two runs agree only if their history starts at the
//! same candle. That candle is the [`TrendState::anchor`], and it is saved with the state.

mod aggregate;
mod align;
mod band;
mod cycle;
mod extreme;
mod moments;
#[cfg(test)]
mod reference;
mod second;
mod state;

pub use aggregate::AggregatingTrend;
pub use band::{Band, BandReading, BandState};
pub use cycle::{Cycle, Phase};
pub use second::SecondCycle;
pub use state::{Trend, TrendReading, TrendState, band_timeframe, cycle_timeframe};

/// A machine fed with the closes of one timeframe.
trait Machine {
    /// What is aligned with the base candles.
    type Output: Copy;
    /// Takes the close of the next closed candle.
    fn close(&mut self, close: f64) -> Self::Output;
}
