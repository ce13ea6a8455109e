use crate::backtest::statistics::{median, quantile};

/// Why there can be no splits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SplitsError {
    /// Blocks cannot be halved, or halving them would take forever.
    #[error("the number of blocks must be even, from 2 to 20, got {0}")]
    Blocks(usize),
    /// Too short for the blocks.
    #[error(
        "{periods} returns are too few for {blocks} blocks of at least two; use a longer period or fewer blocks"
    )]
    Short {
        /// Returns of a trial.
        periods: usize,
        /// Blocks.
        blocks: usize,
    },
    /// Trials of different length.
    #[error("a trial has {found} returns, the first one had {wanted}; all must cover the same periods")]
    Length {
        /// Of this trial.
        found: usize,
        /// Of the first trial.
        wanted: usize,
    },
    /// Nothing to choose from.
    #[error("choosing needs at least two trials")]
    Trials,
}

/// Combinatorially symmetric cross-validation (CSCV). Time is cut into an even number of blocks; each way to take half of
/// them as the past, the other half being the future, is a split. In each, the trial with the best Sharpe ratio of the
/// past is looked up among those of the future.
///
/// Only sums over blocks are kept of a trial, so that thousands of them fit into memory. A trial without deviation has a
/// Sharpe ratio of 0. If the blocks cannot be equally long, they differ by one period.
///
/// ```
/// use hyperrsi_core::backtest::statistics::overfitting::Splits;
/// let mut splits = Splits::new(4)?;
/// splits.add(&[0.01, 0.02, 0.01, 0.03, 0.01, 0.02, 0.01, 0.03])?; // best in each half of the time
/// splits.add(&[0.01, -0.02, 0.01, -0.02, 0.01, -0.02, 0.01, -0.02])?;
/// let found = splits.judge()?;
/// assert_eq!((found.splits, found.probability), (6, 0.0));
/// # Ok::<(), hyperrsi_core::backtest::statistics::overfitting::SplitsError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Splits {
    blocks: usize,
    periods: usize,
    /// Of each trial, of each block: sum of returns, sum of their squares.
    sums: Vec<(f64, f64)>,
}

/// What the splits say.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Overfitting {
    /// Probability of backtest overfitting: share of splits in which the best of the past was at or below the median of
    /// the future. Around 0.5 choosing is worth nothing; above, it hurts.
    pub probability: f64,
    /// Share of splits in which the best of the past lost money in the future.
    pub loss_probability: f64,
    /// Median, over the splits, of the chosen trial's Sharpe ratio in the past and in the future, per period.
    pub median_sharpe: (f64, f64),
    /// Middle and quarters of the logits of the chosen trial's relative rank in the future: 25 %, 50 %, 75 %.
    pub logits: [f64; 3],
    /// Number of splits.
    pub splits: usize,
    /// Number of trials.
    pub trials: usize,
}

impl Splits {
    /// Cuts time into that many blocks; 16 make 12,870 splits, as in the paper.
    ///
    /// # Errors
    /// [`SplitsError::Blocks`].
    pub const fn new(blocks: usize) -> Result<Self, SplitsError> {
        if blocks < 2 || blocks > 20 || !blocks.is_multiple_of(2) {
            return Err(SplitsError::Blocks(blocks));
        }
        Ok(Self { blocks, periods: 0, sums: Vec::new() })
    }

    /// The most blocks, up to 16, that a record of so many returns can be cut into with at least ten in each (two at the
    /// very least).
    pub fn fitting(periods: usize) -> usize {
        (periods / 10).clamp(2, 16) & !1
    }

    /// Adds a trial's returns.
    ///
    /// # Errors
    /// [`SplitsError`] if they are too few, or not as many as those of the first trial.
    pub fn add(&mut self, returns: &[f64]) -> Result<(), SplitsError> {
        if returns.len() < 2 * self.blocks {
            return Err(SplitsError::Short { periods: returns.len(), blocks: self.blocks });
        }
        if self.sums.is_empty() {
            self.periods = returns.len();
        } else if returns.len() != self.periods {
            return Err(SplitsError::Length { found: returns.len(), wanted: self.periods });
        }
        for block in 0..self.blocks {
            let part = returns.get(self.edge(block)..self.edge(block + 1)).unwrap_or_default();
            self.sums.push((part.iter().sum(), part.iter().map(|r| r * r).sum()));
        }
        Ok(())
    }

    /// Number of trials.
    pub fn trials(&self) -> usize {
        self.sums.len() / self.blocks
    }

    const fn edge(&self, block: usize) -> usize {
        block * self.periods / self.blocks
    }

    /// Goes through all splits.
    ///
    /// # Errors
    /// [`SplitsError::Trials`].
    pub fn judge(&self) -> Result<Overfitting, SplitsError> {
        let trials = self.trials();
        if trials < 2 {
            return Err(SplitsError::Trials);
        }
        let lengths: Vec<f64> =
            (0..self.blocks).map(|block| (self.edge(block + 1) - self.edge(block)) as f64).collect();
        let (mut logits, mut pasts, mut futures) = (Vec::new(), Vec::new(), Vec::new());
        for chosen in 0..1_u32 << self.blocks {
            if chosen.count_ones() as usize * 2 != self.blocks {
                continue;
            }
            let split = Split { chosen, lengths: &lengths };
            let mut best = (f64::NEG_INFINITY, 0.0);
            let future: Vec<f64> = self
                .sums
                .chunks_exact(self.blocks)
                .map(|sums| {
                    let (past, future) = split.sharpes(sums);
                    if past > best.0 {
                        best = (past, future);
                    }
                    future
                })
                .collect();
            let below = future.iter().filter(|other| **other < best.1).count() as f64;
            let equal = future.iter().filter(|other| other.total_cmp(&best.1).is_eq()).count() as f64;
            let rank = below + (equal + 1.0) / 2.0;
            let relative = rank / (trials as f64 + 1.0);
            logits.push((relative / (1.0 - relative)).ln());
            pasts.push(best.0);
            futures.push(best.1);
        }
        let splits = logits.len();
        let share = |count: usize| count as f64 / splits as f64;
        let probability = share(logits.iter().filter(|logit| **logit <= 0.0).count());
        let loss_probability = share(futures.iter().filter(|sharpe| **sharpe < 0.0).count());
        logits.sort_unstable_by(f64::total_cmp);
        Ok(Overfitting {
            probability,
            loss_probability,
            median_sharpe: (median(&mut pasts).unwrap_or_default(), median(&mut futures).unwrap_or_default()),
            logits: [0.25, 0.5, 0.75].map(|at| quantile(&logits, at).unwrap_or_default()),
            splits,
            trials,
        })
    }
}

/// One way to take half of the blocks.
struct Split<'a> {
    chosen: u32,
    lengths: &'a [f64],
}

impl Split<'_> {
    /// Sharpe ratios of the chosen blocks and of the others.
    fn sharpes(&self, sums: &[(f64, f64)]) -> (f64, f64) {
        let mut halves = [(0.0, 0.0, 0.0); 2];
        for (block, ((sum, squares), length)) in sums.iter().zip(self.lengths).enumerate() {
            let [past, future] = &mut halves;
            let half = if self.chosen >> block & 1 == 1 { past } else { future };
            half.0 += length;
            half.1 += sum;
            half.2 += squares;
        }
        let [past, future] = halves.map(|(count, sum, squares)| {
            let mean = sum / count;
            let variance = (squares - sum * mean) / (count - 1.0);
            // What rounding leaves of a constant series is no deviation.
            if variance > squares / count * 1e-14 { mean / variance.sqrt() } else { 0.0 }
        });
        (past, future)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_trials_that_take_turns_are_overfitted_in_every_split() {
        // Blocks A and B. The first trial earns in A and loses in B, the second the other way round: whichever half is the
        // past, its best is the worst of the future, rank 1 of 2, relative rank 1/3, logit ln(1/2) < 0.
        let (up, down) = ([0.03, 0.01], [-0.03, -0.01]);
        let mut splits = Splits::new(2).unwrap();
        splits.add(&[up, down].concat()).unwrap();
        splits.add(&[down, up].concat()).unwrap();
        let found = splits.judge().unwrap();
        assert_eq!((found.splits, found.trials), (2, 2));
        assert_eq!((found.probability, found.loss_probability), (1.0, 1.0));
        assert!((found.logits[1] - 0.5_f64.ln()).abs() < 1e-12);
        // mean 0.02, sample deviation 0.01 * sqrt(2).
        let sharpe = 0.02 / (0.01 * 2_f64.sqrt());
        assert!((found.median_sharpe.0 - sharpe).abs() < 1e-9);
        assert!((found.median_sharpe.1 + sharpe).abs() < 1e-9);
    }

    #[test]
    fn what_cannot_be_split_is_refused() {
        assert_eq!(Splits::new(5).unwrap_err(), SplitsError::Blocks(5));
        let mut splits = Splits::new(4).unwrap();
        assert_eq!(splits.add(&[0.0; 7]), Err(SplitsError::Short { periods: 7, blocks: 4 }));
        splits.add(&[0.1; 9]).unwrap();
        assert_eq!(splits.judge().unwrap_err(), SplitsError::Trials);
        assert_eq!(splits.add(&[0.1; 8]), Err(SplitsError::Length { found: 8, wanted: 9 }));
        assert_eq!([15, 45, 100, 365, 1].map(Splits::fitting), [2, 4, 10, 16, 2]);
    }
}
