use super::{Indicator, LengthError, factor, window::Window};
use serde::{Deserialize, Serialize};

/// How an [`Rsi`] averages gains and losses. All three are seeded with the mean of the first `n` changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Smoothing {
    /// `v += (x - v) / n`: the original, and what charts show.
    #[default]
    Wilder,
    /// Plain mean of the newest `n` changes: Cutler's RSI, which does not depend on where the series starts.
    Simple,
    /// `v += 2 / (n + 1) * (x - v)`.
    Exponential,
}

/// Relative strength index, 0 to 100 (Wilder, "New Concepts in Technical Trading Systems", 1978).
///
/// `RSI = 100 G / (G + L)`, which is `100 - 100 / (1 + G / L)`, with `G` and `L` the average gain and loss per candle;
/// first value at index `n`. No losses: 100; neither gains nor losses: 50 (TA-Lib answers 0 there, Pine 100).
///
/// ```
/// use hyperrsi_core::indicator::{Indicator, Rsi};
/// let mut rsi = Rsi::new(3)?;
/// let values = [10.0, 11.0, 12.0, 11.0, 13.0].map(|close| rsi.update(close));
/// assert_eq!(values[..3], [None, None, None]);
/// assert!((values[3].unwrap() - 66.666_667).abs() < 1e-6);
/// assert!((values[4].unwrap() - 83.333_333).abs() < 1e-6);
/// # Ok::<(), hyperrsi_core::indicator::LengthError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rsi {
    length: usize,
    smoothing: Smoothing,
    /// Changes seen, up to `length`.
    seen: usize,
    previous: Option<f64>,
    alpha: f64,
    /// Average gain and loss; their sums until `length` changes were seen.
    gain: f64,
    loss: f64,
    /// The changes themselves, which only [`Smoothing::Simple`] needs.
    changes: Option<Window>,
}

impl Rsi {
    /// Wilder's RSI over `length` changes.
    ///
    /// # Errors
    /// If `length` is 0 or above 65536.
    pub fn new(length: usize) -> Result<Self, LengthError> {
        Self::with_smoothing(length, Smoothing::Wilder)
    }

    /// An RSI over `length` changes with another average.
    ///
    /// # Errors
    /// If `length` is 0 or above 65536.
    pub fn with_smoothing(length: usize, smoothing: Smoothing) -> Result<Self, LengthError> {
        let n = factor(super::length("RSI length", length, 1)?);
        Ok(Self {
            length,
            smoothing,
            seen: 0,
            previous: None,
            alpha: if smoothing == Smoothing::Exponential { 2.0 / (n + 1.0) } else { 1.0 / n },
            gain: 0.0,
            loss: 0.0,
            changes: (smoothing == Smoothing::Simple).then(|| Window::new(length)),
        })
    }

    /// Average gain and average loss per candle, both positive, in quote units; `None` until warm.
    pub fn averages(&self) -> Option<(f64, f64)> {
        (self.seen == self.length).then_some((self.gain, self.loss))
    }

    /// The changes before there are `length` of them, and every change of the windowed form.
    #[cold]
    #[inline(never)]
    fn seed(&mut self, gain: f64, loss: f64) {
        self.seen += 1;
        self.gain += gain;
        self.loss += loss;
        if self.seen == self.length {
            self.gain *= 1.0 / factor(self.length);
            self.loss *= 1.0 / factor(self.length);
        }
    }

    /// Means over the window, summed afresh: no rounding is left behind once the changes that caused it are gone.
    #[inline(never)]
    fn average(&mut self, change: f64) {
        let Some(changes) = &mut self.changes else { return };
        changes.push(change);
        self.seen = changes.len();
        let (gain, loss) = changes
            .values()
            .iter()
            .fold((0.0, 0.0), |(gain, loss), change| (gain + change.max(0.0), loss + (-change).max(0.0)));
        (self.gain, self.loss) = (gain * self.alpha, loss * self.alpha);
    }
}

impl Indicator for Rsi {
    type Input = f64;
    type Output = f64;

    #[inline]
    fn update(&mut self, close: f64) -> Option<f64> {
        let previous = self.previous.replace(close)?;
        let change = close - previous;
        let (gain, loss) = (change.max(0.0), (-change).max(0.0));
        if self.changes.is_some() {
            self.average(change);
        } else if self.seen == self.length {
            // (v (n - 1) + x) / n with one multiplication on the path from one update to the next.
            let keep = 1.0 - self.alpha;
            self.gain = self.gain * keep + gain * self.alpha;
            self.loss = self.loss * keep + loss * self.alpha;
        } else {
            self.seed(gain, loss);
        }
        self.value()
    }

    #[inline]
    fn value(&self) -> Option<f64> {
        if self.seen < self.length {
            return None;
        }
        let both = self.gain + self.loss;
        Some(if both > 0.0 { 100.0 * (self.gain / both) } else { 50.0 })
    }

    fn reset(&mut self) {
        self.seen = 0;
        self.previous = None;
        (self.gain, self.loss) = (0.0, 0.0);
        if let Some(changes) = &mut self.changes {
            changes.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(rsi: &mut Rsi, closes: &[f64]) -> Vec<Option<f64>> {
        closes.iter().map(|close| rsi.update(*close)).collect()
    }

    #[test]
    fn t02_wilder_rsi_worked_example() {
        let values = run(&mut Rsi::new(3).unwrap(), &[10.0, 11.0, 12.0, 11.0, 13.0]);
        assert_eq!(values[..3], [None, None, None]);
        assert!((values[3].unwrap() - 200.0 / 3.0).abs() < 1e-10);
        assert!((values[4].unwrap() - 250.0 / 3.0).abs() < 1e-10);
    }

    #[test]
    fn t02_flat_is_50_and_no_losses_is_100() {
        for smoothing in [Smoothing::Wilder, Smoothing::Simple, Smoothing::Exponential] {
            let mut rsi = Rsi::with_smoothing(3, smoothing).unwrap();
            assert_eq!(run(&mut rsi, &[10.0; 10])[3..], [Some(50.0); 7]);
            rsi.reset();
            assert_eq!(run(&mut rsi, &[1.0, 2.0, 2.0, 2.0])[3], Some(100.0));
            rsi.reset();
            assert_eq!(run(&mut rsi, &[2.0, 1.0, 1.0, 1.0])[3], Some(0.0));
        }
    }

    #[test]
    fn smoothings_differ_as_defined() {
        // changes +1 -1 +2 over n = 2; index 3: Wilder G = (0.5 + 2) / 2, L = 0.5 / 2
        let closes = [10.0, 11.0, 10.0, 12.0];
        for (smoothing, expected) in [
            (Smoothing::Wilder, 100.0 * 1.25 / 1.5),
            (Smoothing::Simple, 100.0 * 2.0 / 3.0),
            (Smoothing::Exponential, 100.0 * 1.5 / (1.5 + 0.5 / 3.0)),
        ] {
            let got = run(&mut Rsi::with_smoothing(2, smoothing).unwrap(), &closes);
            assert_eq!(got[1], None);
            assert_eq!(got[2], Some(50.0));
            assert!((got[3].unwrap() - expected).abs() < 1e-10, "{smoothing:?}");
        }
    }

    #[test]
    fn a_windowed_rsi_returns_to_50_when_the_moves_have_left() {
        let mut rsi = Rsi::with_smoothing(3, Smoothing::Simple).unwrap();
        assert_eq!(run(&mut rsi, &[0.1, 0.3, 0.2, 0.7, 0.7, 0.7, 0.7]).last(), Some(&Some(50.0)));
    }
}
