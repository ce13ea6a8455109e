//! What the same trades might have made in another order, or drawn again: Monte Carlo over finished trades.
//!
//! The order in which trades came is one of many. A **shuffle** keeps the trades and draws another order: the end is the
//! same, the drawdown is not. A **bootstrap** draws as many trades with replacement (Efron, "Bootstrap methods: another
//! look at the jackknife", 1979): both differ. Both assume that trades do not depend on one another, which flatters a
//! strategy whose losses come in groups.

use super::{Random, quantile};
use crate::position::Trade;

/// Returns of trades, each as a fraction of the equity before it: net profit over the balance at the start and all net
/// profits before. Trades after the money is gone are left out.
pub fn trade_returns(trades: &[Trade], initial_balance: f64) -> Vec<f64> {
    let mut equity = initial_balance;
    let mut returns = Vec::with_capacity(trades.len());
    for trade in trades {
        if equity <= 0.0 {
            break;
        }
        let net = trade.net_pnl.to_f64();
        returns.push(net / equity);
        equity += net;
    }
    returns
}

/// How trades are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Method {
    /// The same trades in another order.
    Shuffle,
    /// As many trades, drawn with replacement.
    Bootstrap,
}

/// Returns and drawdowns of many draws.
#[derive(Clone, Debug, PartialEq)]
pub struct Draws {
    returns: Vec<f64>,
    drawdowns: Vec<f64>,
}

impl Draws {
    /// Draws `count` times from returns of trades that compound. The same seed gives the same draws.
    ///
    /// ```
    /// use hyperrsi_core::backtest::statistics::resampling::{Draws, Method};
    /// let draws = Draws::new(Method::Bootstrap, &[0.02, -0.01, 0.03, -0.02], 1_000, 7);
    /// let worst = draws.return_percent(0.05).ok_or("no trades")?;
    /// let best = draws.return_percent(0.95).ok_or("no trades")?;
    /// assert!(worst < best);
    /// # Ok::<(), &str>(())
    /// ```
    pub fn new(method: Method, returns: &[f64], count: usize, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut order = returns.to_vec();
        let mut draws = Self { returns: Vec::new(), drawdowns: Vec::new() };
        if returns.is_empty() {
            return draws;
        }
        for _ in 0..count {
            match method {
                Method::Shuffle => random.shuffle(&mut order),
                Method::Bootstrap => {
                    for slot in &mut order {
                        let drawn = usize::try_from(random.below(returns.len() as u64)).unwrap_or_default();
                        *slot = returns.get(drawn).copied().unwrap_or_default();
                    }
                }
            }
            let (change, drawdown) = course(&order);
            draws.returns.push(change);
            draws.drawdowns.push(drawdown);
        }
        draws.returns.sort_unstable_by(f64::total_cmp);
        draws.drawdowns.sort_unstable_by(f64::total_cmp);
        draws
    }

    /// The return in percent that a share `at` (0 to 1) of the draws stayed below; `None` without trades.
    pub fn return_percent(&self, at: f64) -> Option<f64> {
        quantile(&self.returns, at)
    }

    /// The largest drawdown in percent, measured from trade to trade, that a share `at` of the draws stayed below.
    pub fn drawdown_percent(&self, at: f64) -> Option<f64> {
        quantile(&self.drawdowns, at)
    }

    /// Share of draws that lost money; `None` without trades.
    pub fn loss_share(&self) -> Option<f64> {
        let losing = self.returns.partition_point(|change| *change < 0.0);
        (!self.returns.is_empty()).then(|| losing as f64 / self.returns.len() as f64)
    }
}

/// Change and largest drawdown, percent, of returns one after the other.
fn course(returns: &[f64]) -> (f64, f64) {
    let (mut equity, mut peak, mut drawdown) = (1.0_f64, 1.0_f64, 0.0_f64);
    for change in returns {
        equity = (equity * (1.0 + change)).max(0.0);
        peak = peak.max(equity);
        drawdown = drawdown.max(1.0 - equity / peak);
    }
    ((equity - 1.0) * 100.0, drawdown * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bootstrap_of_two_trades_has_the_three_ends_it_can_have() {
        // +10 % and -10 %, each drawn with probability 1/2, twice: 0.81 (1/4), 0.99 (1/2), 1.21 (1/4).
        let draws = Draws::new(Method::Bootstrap, &[0.1, -0.1], 40_000, 1);
        let near = |value: Option<f64>, expected: f64| (value.unwrap() - expected).abs() < 1e-9;
        assert!(near(draws.return_percent(0.0), -19.0) && near(draws.return_percent(0.2), -19.0));
        assert!(near(draws.return_percent(0.5), -1.0));
        assert!(near(draws.return_percent(0.8), 21.0) && near(draws.return_percent(1.0), 21.0));
        // 3/4 lose; deviation sqrt(3/16 / 40,000) = 0.0022, five of them.
        assert!((draws.loss_share().unwrap() - 0.75).abs() < 0.011);
        // Drawdowns: + + 0 %, + - 10 %, - + 10 %, - - 19 %.
        assert!(near(draws.drawdown_percent(0.2), 0.0) && near(draws.drawdown_percent(0.5), 10.0));
        assert!(near(draws.drawdown_percent(0.9), 19.0));
    }

    #[test]
    fn a_shuffle_keeps_the_end_and_meets_every_drawdown_as_often_as_it_should() {
        // +50 %, -20 %, -50 %: the end is 1.5 * 0.8 * 0.5 = 0.6. Drawdowns of the six orders:
        // + - =: 1 - 0.8 * 0.5 = 60 % (twice, either loss first), losses both first: 60 % (twice),
        // -20 first, + between: 0.8, 1.2, 0.6: 50 %; -50 first, + between: 0.5, 0.75, 0.6: 50 %.
        let draws = Draws::new(Method::Shuffle, &[0.5, -0.2, -0.5], 30_000, 2);
        for at in [0.0, 0.5, 1.0] {
            assert!((draws.return_percent(at).unwrap() + 40.0).abs() < 1e-9);
        }
        let third = draws.drawdowns.iter().filter(|drawdown| **drawdown < 55.0).count() as f64 / 30_000.0;
        // 2 of 6; deviation sqrt(2/9 / 30,000) = 0.0027, five of them.
        assert!((third - 1.0 / 3.0).abs() < 0.0136, "{third}");
        assert!((draws.drawdown_percent(0.1).unwrap() - 50.0).abs() < 1e-9);
        assert!((draws.drawdown_percent(0.9).unwrap() - 60.0).abs() < 1e-9);
    }

    #[test]
    fn a_seed_names_its_draws_and_no_trades_make_none() {
        let returns = [0.01, -0.02, 0.03];
        let draws = |seed| Draws::new(Method::Bootstrap, &returns, 50, seed);
        assert_eq!(draws(1), draws(1));
        assert_ne!(draws(1), draws(2));
        let none = Draws::new(Method::Shuffle, &[], 50, 1);
        assert_eq!((none.return_percent(0.5), none.loss_share()), (None, None));
    }

    #[test]
    fn money_that_is_gone_stays_gone() {
        assert_eq!(course(&[-1.5, 3.0]), (-100.0, 100.0));
    }
}
