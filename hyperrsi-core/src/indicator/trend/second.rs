use super::{Machine, Phase};
use crate::indicator::{Indicator, Vidya};
use serde::{Deserialize, Serialize};

/// Three adaptive averages of closes, [`Vidya`] of 3, 9 and 21, for the longer trend on 4-hour candles.
///
/// *bull* if the 3 is above the 21 and neither equals the 9; *bear* if it is below and neither equals the 9.
///
/// ```
/// use hyperrsi_core::indicator::trend::SecondCycle;
/// let mut cycle = SecondCycle::new();
/// for i in 0..30 {
///     cycle.update(100.0 - f64::from(i));
/// }
/// assert!(cycle.phase().bear);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SecondCycle {
    averages: [Vidya; 3],
    phase: Phase,
}

impl SecondCycle {
    /// Before the first close.
    pub fn new() -> Self {
        Self { averages: [3, 9, 21].map(|n| Vidya::of(n, None)), phase: Phase::default() }
    }

    /// Takes the close of the next closed candle.
    pub fn update(&mut self, close: f64) -> Phase {
        for average in &mut self.averages {
            average.update(close);
        }
        if let [Some(v3), Some(v9), Some(v21)] = self.lines() {
            self.phase = Phase {
                bull: (v3 > v21 && v21 > v9) || (v3 > v9 && v9 > v21) || (v9 > v3 && v3 > v21),
                bear: (v21 > v9 && v9 > v3) || (v9 > v21 && v21 > v3) || (v21 > v3 && v3 > v9),
            };
        }
        self.phase
    }

    /// The phase after the newest close.
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// The averages of 3, 9 and 21, in quote units.
    pub fn lines(&self) -> [Option<f64>; 3] {
        self.averages.each_ref().map(Indicator::value)
    }
}

impl Default for SecondCycle {
    fn default() -> Self {
        Self::new()
    }
}

impl Machine for SecondCycle {
    type Output = Phase;
    fn close(&mut self, close: f64) -> Phase {
        self.update(close)
    }
}
