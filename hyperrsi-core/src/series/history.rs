use super::Candles;
use crate::model::{Candle, Timeframe};

/// The closed candles a decision may see: the first `len` of a shared series, newest last.
///
/// ```
/// use hyperrsi_core::model::{Candle, Timeframe, Timestamp};
/// use hyperrsi_core::series::Candles;
/// let mut series = Candles::new(Timeframe::M1);
/// series.push(Candle::new(Timestamp::EPOCH, 100.0, 102.0, 98.0, 101.0, 1.0))?;
/// let history = series.history();
/// assert_eq!(history.close(0), Some(101.0)); // 0 = the newest closed candle
/// assert_eq!(history.close(1), None);
/// # Ok::<(), hyperrsi_core::series::PushError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct History<'a> {
    series: &'a Candles,
    len: usize,
}

impl<'a> History<'a> {
    /// The first `len` candles of `series`.
    #[inline]
    pub(crate) fn new(series: &'a Candles, len: usize) -> Self {
        Self { series, len: len.min(series.len()) }
    }
    /// The oldest `len` candles of it.
    #[cfg(feature = "conformance")]
    pub(crate) fn oldest(self, len: usize) -> Self {
        Self { len: len.min(self.len), ..self }
    }
    /// The timeframe.
    pub const fn timeframe(&self) -> Timeframe {
        self.series.timeframe()
    }
    /// Number of closed candles.
    pub const fn len(&self) -> usize {
        self.len
    }
    /// Whether none has closed yet.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
    /// The candle `back` candles before the newest; `0` is the newest.
    pub fn candle(&self, back: usize) -> Option<Candle> {
        self.series.get(self.len.checked_sub(back.checked_add(1)?)?)
    }
    /// The close `back` candles before the newest.
    pub fn close(&self, back: usize) -> Option<f64> {
        self.closes().len().checked_sub(back.checked_add(1)?).and_then(|i| self.closes().get(i)).copied()
    }
    /// Closes, oldest first.
    pub fn closes(&self) -> &'a [f64] {
        self.series.closes().get(..self.len).unwrap_or_default()
    }
    /// Highs, oldest first.
    pub fn highs(&self) -> &'a [f64] {
        self.series.highs().get(..self.len).unwrap_or_default()
    }
    /// Lows, oldest first.
    pub fn lows(&self) -> &'a [f64] {
        self.series.lows().get(..self.len).unwrap_or_default()
    }
    /// Opens, oldest first.
    pub fn opens(&self) -> &'a [f64] {
        self.series.opens().get(..self.len).unwrap_or_default()
    }
    /// Volumes, oldest first.
    pub fn volumes(&self) -> &'a [f64] {
        self.series.volumes().get(..self.len).unwrap_or_default()
    }
}
