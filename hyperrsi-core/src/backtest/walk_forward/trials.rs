use crate::backtest::Tally;
use crate::backtest::statistics::overfitting::{
    Likeness, Overfitting, Sample, Splits, deflated_sharpe, expected_maximum,
};
use crate::backtest::sweep::{Invalid, Ranking, Row, Score};

/// The best of all combinations over the whole time.
#[derive(Clone, Debug, PartialEq)]
pub struct Best {
    /// Number of the combination.
    pub combo: u64,
    /// Its numbers.
    pub score: Score,
    /// Its daily Sharpe ratio; `None` without deviation.
    pub sample: Option<Sample>,
}

/// All combinations over the whole time, and what choosing among them is worth.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Trials {
    /// Combinations that were run.
    pub tried: u64,
    /// Combinations that could not be run.
    pub invalid: u64,
    /// Combinations that never traded.
    pub idle: u64,
    /// The best by the metric.
    pub best: Option<Best>,
    /// Variance of the combinations' daily Sharpe ratios.
    pub variance: f64,
    /// Mean correlation of the combinations' daily returns.
    pub mean_correlation: Option<f64>,
    /// Independent tries that so many similar ones amount to.
    pub independent: f64,
    /// The daily Sharpe ratio that the best of as many tries without skill is expected to show.
    pub expected_maximum: f64,
    /// Deflated Sharpe ratio of the best, every combination counted as an independent try: the careful figure.
    pub deflated: Option<f64>,
    /// The same with the independent tries counted only.
    pub deflated_independent: Option<f64>,
    /// What the splits say; `Err` says why there are none.
    pub overfitting: Result<Overfitting, String>,
}

/// Takes runs one at a time, in a fixed order.
pub(super) struct Collector {
    ranking: Ranking,
    best_daily: Option<(u64, Vec<f64>)>,
    likeness: Likeness,
    splits: Option<Splits>,
    refused: Option<String>,
    tried: u64,
    invalid: u64,
    idle: u64,
    /// Count, mean and sum of squared deviations of the Sharpe ratios (Welford).
    sharpes: (f64, f64, f64),
}

impl Collector {
    pub(super) fn new(ranking: Ranking, blocks: Option<usize>) -> Self {
        let blocks = blocks.map(Splits::new);
        let (splits, refused) = match blocks {
            Some(Ok(splits)) => (Some(splits), None),
            Some(Err(error)) => (None, Some(error.to_string())),
            None => (None, None),
        };
        Self {
            ranking,
            best_daily: None,
            likeness: Likeness::default(),
            splits,
            refused,
            tried: 0,
            invalid: 0,
            idle: 0,
            sharpes: (0.0, 0.0, 0.0),
        }
    }

    pub(super) fn take(&mut self, combo: u64, outcome: Result<Tally, Invalid>) {
        let tally = match outcome {
            Ok(tally) => tally,
            Err(_) => {
                self.invalid += 1;
                return;
            }
        };
        self.tried += 1;
        if self.splits.is_none() && self.refused.is_none() {
            match Splits::new(Splits::fitting(tally.daily.len())) {
                Ok(splits) => self.splits = Some(splits),
                Err(error) => self.refused = Some(error.to_string()),
            }
        }
        if let Some(Err(error)) = self.splits.as_mut().map(|splits| splits.add(&tally.daily)) {
            self.splits = None;
            self.refused = Some(error.to_string());
        }
        self.likeness.add(&tally.daily);
        match Sample::of(&tally.daily) {
            Some(sample) => {
                let (count, mean, squares) = &mut self.sharpes;
                *count += 1.0;
                let step = sample.sharpe - *mean;
                *mean += step / *count;
                *squares += step * (sample.sharpe - *mean);
            }
            None => self.idle += 1,
        }
        self.ranking.offer(&Row { combo, outcome: Ok(Score::of(&tally)) });
        if self.ranking.best().first().is_some_and(|best| best.combo == combo) {
            self.best_daily = Some((combo, tally.daily));
        }
    }

    pub(super) fn finish(self) -> Trials {
        let best = self.ranking.best().first().map(|entry| {
            let daily = self.best_daily.as_ref().filter(|(combo, _)| *combo == entry.combo);
            let sample = daily.and_then(|(_, daily)| Sample::of(daily));
            Best { combo: entry.combo, score: entry.score.clone(), sample }
        });
        let (count, _, squares) = self.sharpes;
        let variance = if count > 1.0 { squares / (count - 1.0) } else { 0.0 };
        let independent = self.likeness.independent();
        let sample = best.as_ref().and_then(|best| best.sample);
        let deflated = |trials: f64| sample.and_then(|sample| deflated_sharpe(&sample, trials, variance));
        let overfitting = match (self.splits, self.refused) {
            (_, Some(why)) => Err(why),
            (Some(splits), None) => splits.judge().map_err(|error| error.to_string()),
            (None, None) => Err("no combination could be run".into()),
        };
        Trials {
            tried: self.tried,
            invalid: self.invalid,
            idle: self.idle,
            best,
            variance,
            mean_correlation: self.likeness.mean_correlation(),
            independent,
            expected_maximum: expected_maximum(count, variance),
            deflated: deflated(count),
            deflated_independent: deflated(independent),
            overfitting,
        }
    }
}
