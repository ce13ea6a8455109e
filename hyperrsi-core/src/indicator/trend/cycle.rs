use super::Machine;
use crate::indicator::{Indicator, Jma, factor, seeded::Seeded};
use serde::{Deserialize, Serialize};

/// Whether a cycle calls the market bullish, bearish, or neither.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Phase {
    /// Bullish.
    pub bull: bool,
    /// Bearish.
    pub bear: bool,
}

/// How many values the kernel smooths.
const TAPS: usize = 7;

/// Rational-quadratic weights by lag: `(1 + lag^2 / 900)^(-1/2)`.
const WEIGHTS: [f64; TAPS] = [
    1.0,
    0.9994449069791544,
    0.9977851578566088,
    0.9950371902099893,
    0.9912279006826348,
    0.9863939238321439,
    0.9805806756909201,
];
/// Their sum.
const TOTAL: f64 = {
    let [a, b, c, d, e, f, g] = WEIGHTS;
    a + b + c + d + e + f + g
};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Average {
    Jma(Jma),
    Ema(Seeded),
}

/// An average and its newest raw values, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Line {
    average: Average,
    raw: [f64; TAPS],
    seen: usize,
}

impl Line {
    fn new(average: Average) -> Self {
        Self { average, raw: [0.0; TAPS], seen: 0 }
    }

    #[inline]
    fn update(&mut self, close: f64) -> Option<f64> {
        let raw = match &mut self.average {
            Average::Jma(jma) => jma.update(close),
            Average::Ema(ema) => ema.update(close),
        }?;
        let [a, b, c, d, e, f, _] = self.raw;
        self.raw = [raw, a, b, c, d, e, f];
        self.seen = TAPS.min(self.seen + 1);
        // The kernel smooths the averages as they are, not its own results.
        (self.seen == TAPS)
            .then(|| self.raw.iter().zip(WEIGHTS).map(|(raw, weight)| raw * weight).sum::<f64>() / TOTAL)
    }
}

/// Three averages of closes, fast, medium and slow, each smoothed by a kernel over its newest 7 values.
///
/// *bull* if fast > medium > slow or medium > fast > slow; *bear* only if slow > medium > fast. All comparisons are
/// strict.
///
/// ```
/// use hyperrsi_core::indicator::trend::Cycle;
/// let mut cycle = Cycle::new();
/// for i in 0..60 {
///     cycle.update(100.0 + f64::from(i));
/// }
/// assert!(cycle.phase().bull && !cycle.phase().bear);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cycle {
    lines: [Line; 3],
    smoothed: [Option<f64>; 3],
    phase: Phase,
}

impl Cycle {
    /// JMA 5, 10 and 20.
    pub fn new() -> Self {
        Self::of([5, 10, 20].map(|n| Average::Jma(Jma::of(n, None))))
    }

    /// EMA 20, 40 and 120, for the longer trend on daily candles.
    pub fn longer() -> Self {
        Self::of([20, 40, 120].map(|n| Average::Ema(Seeded::new(n, 2.0 / (factor(n) + 1.0)))))
    }

    fn of(averages: [Average; 3]) -> Self {
        Self { lines: averages.map(Line::new), smoothed: [None; 3], phase: Phase::default() }
    }

    /// Takes the close of the next closed candle.
    pub fn update(&mut self, close: f64) -> Phase {
        for (line, smoothed) in self.lines.iter_mut().zip(&mut self.smoothed) {
            *smoothed = line.update(close);
        }
        self.phase = match self.smoothed {
            [Some(fast), Some(medium), Some(slow)] => Phase {
                bull: (fast > medium && medium > slow) || (medium > fast && fast > slow),
                bear: slow > medium && medium > fast,
            },
            _ => Phase::default(),
        };
        self.phase
    }

    /// The phase after the newest close.
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// Fast, medium and slow line, smoothed, in quote units.
    pub const fn lines(&self) -> [Option<f64>; 3] {
        self.smoothed
    }
}

impl Default for Cycle {
    fn default() -> Self {
        Self::new()
    }
}

impl Machine for Cycle {
    type Output = Phase;
    fn close(&mut self, close: f64) -> Phase {
        self.update(close)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_follow_their_formula() {
        let weights: [f64; TAPS] = std::array::from_fn(|lag| 1.0 / (1.0 + factor(lag * lag) / 900.0).sqrt());
        assert_eq!((WEIGHTS, TOTAL), (weights, weights.iter().sum()));
    }

    #[test]
    fn nothing_is_said_before_seven_averages_and_on_a_flat_market() {
        let mut cycle = Cycle::new();
        for i in 0..6 {
            assert_eq!(cycle.update(100.0 + f64::from(i)), Phase::default());
            assert_eq!(cycle.lines(), [None; 3]);
        }
        assert!(cycle.update(106.0).bull);
        let mut flat = Cycle::longer();
        for i in 0..140 {
            assert_eq!(flat.update(100.0), Phase::default());
            assert_eq!(flat.lines()[2].is_some(), i >= 125);
        }
    }

    #[test]
    fn a_falling_market_is_bearish() {
        let mut cycle = Cycle::new();
        for i in 0..60 {
            cycle.update(200.0 - f64::from(i));
        }
        assert_eq!(cycle.phase(), Phase { bull: false, bear: true });
    }
}
