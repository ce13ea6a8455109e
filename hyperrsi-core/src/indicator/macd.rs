use super::{Ema, Indicator, LengthError};
use serde::{Deserialize, Serialize};

/// One value of [`Macd`], in the units of the input.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MacdValue {
    /// Fast average minus slow average.
    pub line: f64,
    /// The average of the line; `None` until it is warm, later than the line.
    pub signal: Option<f64>,
    /// Line minus signal.
    pub histogram: Option<f64>,
}

/// Moving average convergence divergence (Appel): `EMA(fast) - EMA(slow)` and the EMA of that.
///
/// Each average is seeded on its own with the mean of its first values (`ta.macd`): first line at index `slow - 1`,
/// first signal `signal - 1` later. TA-Lib seeds the fast average later; the two agree after some 250 candles.
///
/// ```
/// use hyperrsi_core::indicator::{Indicator, Macd};
/// let mut macd = Macd::new(1, 2, 2)?;
/// let values = [1.0, 3.0, 3.0].map(|x| macd.update(x));
/// assert_eq!(values[0], None);
/// assert_eq!(values[1].map(|v| (v.line, v.signal)), Some((1.0, None))); // 3 - 2
/// assert!(values[2].and_then(|v| v.histogram).unwrap() < 0.0);
/// # Ok::<(), hyperrsi_core::indicator::LengthError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Macd {
    fast: Ema,
    slow: Ema,
    signal: Ema,
}

impl Macd {
    /// From the three lengths; 12, 26 and 9 are usual.
    ///
    /// # Errors
    /// If a length is 0 or above 65536.
    pub fn new(fast: usize, slow: usize, signal: usize) -> Result<Self, LengthError> {
        Ok(Self { fast: Ema::new(fast)?, slow: Ema::new(slow)?, signal: Ema::new(signal)? })
    }
}

impl Indicator for Macd {
    type Input = f64;
    type Output = MacdValue;

    #[inline]
    fn update(&mut self, x: f64) -> Option<MacdValue> {
        let (fast, slow) = (self.fast.update(x), self.slow.update(x));
        self.signal.update(fast? - slow?);
        self.value()
    }

    fn value(&self) -> Option<MacdValue> {
        let line = self.fast.value()? - self.slow.value()?;
        let signal = self.signal.value();
        Some(MacdValue { line, signal, histogram: signal.map(|signal| line - signal) })
    }

    fn reset(&mut self) {
        self.fast.reset();
        self.slow.reset();
        self.signal.reset();
    }
}
