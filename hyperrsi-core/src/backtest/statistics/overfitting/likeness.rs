/// How alike many series of returns are, and how many independent ones they amount to. Series are taken one at a time
/// and not kept.
///
/// The mean correlation of all pairs comes from the sum of the standardised series: its variance is the sum of all
/// correlations. Between as many as there are and one, the number of independent ones is interpolated as in appendix 3 of
/// "The deflated Sharpe ratio": N = ρ + (1 − ρ) M.
///
/// ```
/// use hyperrsi_core::backtest::statistics::overfitting::Likeness;
/// let mut likeness = Likeness::default();
/// likeness.add(&[0.01, -0.02, 0.03]);
/// likeness.add(&[0.02, -0.04, 0.06]);
/// let correlation = likeness.mean_correlation().ok_or("fewer than two series")?;
/// assert!((correlation - 1.0).abs() < 1e-12);
/// assert!((likeness.independent() - 1.0).abs() < 1e-12);
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Likeness {
    sums: Vec<f64>,
    series: usize,
    flat: usize,
}

impl Likeness {
    /// Adds a series. All must be equally long; a longer one is cut. One without deviation has no correlation and only
    /// counts as one of them.
    pub fn add(&mut self, returns: &[f64]) {
        let count = returns.len() as f64;
        let mean = returns.iter().sum::<f64>() / count;
        let deviation = (returns.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / count).sqrt();
        if deviation <= 0.0 || !deviation.is_finite() {
            self.flat += 1;
            return;
        }
        if self.series == 0 {
            self.sums = vec![0.0; returns.len()];
        }
        for (sum, value) in self.sums.iter_mut().zip(returns) {
            *sum += (value - mean) / deviation;
        }
        self.series += 1;
    }

    /// Mean correlation of all pairs; `None` with fewer than two series that have a deviation.
    pub fn mean_correlation(&self) -> Option<f64> {
        let series = self.series as f64;
        if self.series < 2 {
            return None;
        }
        let all = self.sums.iter().map(|sum| sum * sum).sum::<f64>() / self.sums.len() as f64;
        Some(((all - series) / (series * (series - 1.0))).clamp(-1.0, 1.0))
    }

    /// Independent series they amount to: from 1 to as many as there are. Series without deviation never count.
    pub fn independent(&self) -> f64 {
        let series = self.series as f64;
        let like = self.mean_correlation().unwrap_or(0.0).max(0.0);
        ((1.0 - like) * series + like).max(1.0)
    }

    /// Series without deviation: they never traded.
    pub const fn flat(&self) -> usize {
        self.flat
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn correlation(a: &[f64], b: &[f64]) -> f64 {
        let n = a.len() as f64;
        let (ma, mb) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
        let product: f64 = a.iter().zip(b).map(|(x, y)| (x - ma) * (y - mb)).sum();
        let squares = |v: &[f64], m: f64| v.iter().map(|x| (x - m).powi(2)).sum::<f64>();
        product / (squares(a, ma) * squares(b, mb)).sqrt()
    }

    #[test]
    fn the_mean_correlation_is_that_of_the_pairs() {
        let series = [[1.0, 2.0, 4.0, -3.0], [0.5, -1.0, 2.0, 2.5], [-2.0, 0.0, 1.0, 7.0]];
        let mut likeness = Likeness::default();
        series.iter().for_each(|one| likeness.add(one));
        likeness.add(&[0.0; 4]);
        let pairs = [(0, 1), (0, 2), (1, 2)].map(|(a, b)| correlation(&series[a], &series[b]));
        let mean = pairs.iter().sum::<f64>() / 3.0;
        assert!((likeness.mean_correlation().unwrap() - mean).abs() < 1e-12);
        assert_eq!(likeness.flat(), 1);
        // Negative on average: as many as there are.
        assert!(mean < 0.0 && (likeness.independent() - 3.0).abs() < 1e-12);
    }
}
