//! How much of a result may be luck: the more combinations are tried, the better the best of them looks.
//!
//! | question | answer |
//! |---|---|
//! | Is a Sharpe ratio above a benchmark, given how long and how skewed the record is? | [`probabilistic_sharpe`] |
//! | What is the best of so many tries expected to show if none is worth anything? | [`expected_maximum`] |
//! | Is the best of so many tries better than that? | [`deflated_sharpe`] |
//! | Does being best on one half of the time say anything about the other half? | [`Splits`] (CSCV) |
//! | How many independent tries were so many similar ones? | [`Likeness`] |
//!
//! Sharpe ratios here are per period (for daily returns: mean over deviation of a day), not yearly.
//!
//! Sources: Bailey and López de Prado, "The Sharpe ratio efficient frontier" (Journal of Risk, 2012) and "The deflated
//! Sharpe ratio" (Journal of Portfolio Management, 2014); Bailey, Borwein, López de Prado and Zhu, "The probability of
//! backtest overfitting" (Journal of Computational Finance, 2015).

mod likeness;
mod splits;

pub use likeness::Likeness;
pub use splits::{Overfitting, Splits, SplitsError};

use statrs::distribution::{ContinuousCDF, Normal};

/// The Sharpe ratio of returns and what its uncertainty depends on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Mean over sample deviation, per period.
    pub sharpe: f64,
    /// Number of returns.
    pub periods: usize,
    /// Third standardised moment; 0 for a normal distribution.
    pub skewness: f64,
    /// Fourth standardised moment; 3 for a normal distribution.
    pub kurtosis: f64,
}

impl Sample {
    /// Of returns, such as daily ones. `None` with fewer than two or without deviation.
    ///
    /// ```
    /// use hyperrsi_core::backtest::statistics::overfitting::Sample;
    /// let sample = Sample::of(&[0.01, -0.01, 0.02, 0.0]).ok_or("no deviation")?;
    /// assert!((sample.sharpe - 0.005 / 0.012909944487358056).abs() < 1e-12);
    /// # Ok::<(), &str>(())
    /// ```
    pub fn of(returns: &[f64]) -> Option<Self> {
        let count = returns.len() as f64;
        let mean = returns.iter().sum::<f64>() / count;
        let moment = |power: i32| returns.iter().map(|r| (r - mean).powi(power)).sum::<f64>() / count;
        let variance = moment(2);
        if returns.len() < 2 || variance <= 0.0 || !variance.is_finite() {
            return None;
        }
        Some(Self {
            sharpe: mean / (variance * count / (count - 1.0)).sqrt(),
            periods: returns.len(),
            skewness: moment(3) / variance.powf(1.5),
            kurtosis: moment(4) / (variance * variance),
        })
    }
}

/// The probability that the true Sharpe ratio is above `benchmark`, both per period:
/// Φ((SR − SR*) √(T − 1) ÷ √(1 − γ₃ SR + (γ₄ − 1) ÷ 4 · SR²)). `None` where the root is of nothing positive.
///
/// ```
/// use hyperrsi_core::backtest::statistics::overfitting::{Sample, probabilistic_sharpe};
/// let sample = Sample { sharpe: 0.0, periods: 100, skewness: 0.0, kurtosis: 3.0 };
/// assert_eq!(probabilistic_sharpe(&sample, 0.0), Some(0.5)); // no return, no opinion
/// ```
pub fn probabilistic_sharpe(sample: &Sample, benchmark: f64) -> Option<f64> {
    let Sample { sharpe, periods, skewness, kurtosis } = *sample;
    let spread = (kurtosis - 1.0) / 4.0 * sharpe * sharpe - skewness * sharpe + 1.0;
    if spread <= 0.0 || periods < 2 {
        return None;
    }
    let score = (sharpe - benchmark) * (periods as f64 - 1.0).sqrt() / spread.sqrt();
    Some(Normal::standard().cdf(score)).filter(|chance| chance.is_finite())
}

/// The Sharpe ratio that the best of `trials` independent tries without any skill is expected to show, if their Sharpe
/// ratios vary by `variance`: √V ((1 − γ) Φ⁻¹(1 − 1/N) + γ Φ⁻¹(1 − 1/(N e))) with γ = 0.5772…; 0 for one try.
///
/// ```
/// use hyperrsi_core::backtest::statistics::overfitting::expected_maximum;
/// let hundred = expected_maximum(100.0, 1.0 / 500.0); // the example of the paper
/// assert_eq!(format!("{hundred:.4}"), "0.1132");
/// ```
pub fn expected_maximum(trials: f64, variance: f64) -> f64 {
    if trials <= 1.0 || variance <= 0.0 {
        return 0.0;
    }
    const EULER_MASCHERONI: f64 = 0.577_215_664_901_532_9;
    let normal = Normal::standard();
    let one = normal.inverse_cdf(1.0 - 1.0 / trials);
    let other = normal.inverse_cdf(1.0 - 1.0 / (trials * std::f64::consts::E));
    variance.sqrt() * ((1.0 - EULER_MASCHERONI) * one + EULER_MASCHERONI * other)
}

/// The probability that the best of `trials` tries has skill: [`probabilistic_sharpe`] above [`expected_maximum`].
/// `variance` is that of the tries' Sharpe ratios, per period.
///
/// ```
/// use hyperrsi_core::backtest::statistics::overfitting::{Sample, deflated_sharpe};
/// // The paper's example: yearly Sharpe ratio 2.5 of 1,250 days, the best of 100 tries that vary by 1/2 a year.
/// let sample = Sample { sharpe: 2.5 / 250_f64.sqrt(), periods: 1_250, skewness: -3.0, kurtosis: 10.0 };
/// let chance = deflated_sharpe(&sample, 100.0, 0.5 / 250.0);
/// assert_eq!(chance.map(|chance| format!("{chance:.4}")), Some("0.9004".into()));
/// ```
pub fn deflated_sharpe(sample: &Sample, trials: f64, variance: f64) -> Option<f64> {
    probabilistic_sharpe(sample, expected_maximum(trials, variance))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bailey and López de Prado (2014), the section "A numerical example".
    #[test]
    fn the_published_example_holds() {
        let daily =
            |skewness, kurtosis| Sample { sharpe: 2.5 / 250_f64.sqrt(), periods: 1_250, skewness, kurtosis };
        let variance = 0.5 / 250.0;
        for (sample, trials, expected) in [
            (daily(-3.0, 10.0), 100.0, "0.9004"),
            (daily(-3.0, 10.0), 46.0, "0.9505"),
            (daily(0.0, 3.0), 88.0, "0.9505"),
        ] {
            let chance = deflated_sharpe(&sample, trials, variance).unwrap();
            assert_eq!(format!("{chance:.4}"), expected, "{trials}");
        }
    }

    #[test]
    fn what_is_undefined_is_none() {
        assert_eq!(Sample::of(&[]), None);
        assert_eq!(Sample::of(&[0.1]), None);
        assert_eq!(Sample::of(&[0.1; 5]), None);
        let odd = Sample { sharpe: 1.0, periods: 10, skewness: 9.0, kurtosis: 3.0 };
        assert_eq!(probabilistic_sharpe(&odd, 0.0), None);
        assert!(expected_maximum(1.0, 1.0) <= 0.0);
    }

    #[test]
    fn more_tries_never_make_a_result_more_believable() {
        let sample = Sample { sharpe: 0.12, periods: 700, skewness: -0.5, kurtosis: 6.0 };
        let chances: Vec<f64> =
            [1.0, 2.0, 10.0, 1e3, 1e6].map(|trials| deflated_sharpe(&sample, trials, 0.001).unwrap()).into();
        assert!(chances.is_sorted_by(|a, b| a > b), "{chances:?}");
    }
}
