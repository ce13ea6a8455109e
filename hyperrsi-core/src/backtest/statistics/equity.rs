use super::Drawdown;
use crate::backtest::EquityCurve;

const DAY: i64 = 86_400_000;
const DAYS_PER_YEAR: f64 = 365.0;

/// What an equity curve says, read in one pass.
pub(super) struct Course {
    pub(super) max_drawdown: Drawdown,
    pub(super) sharpe: Option<f64>,
    pub(super) sortino: Option<f64>,
    /// Returns of the days with a candle.
    pub(super) daily: Vec<f64>,
}

impl Course {
    pub(super) fn of(initial: f64, curve: &EquityCurve) -> Self {
        Self::over(initial, &curve.times, 0, &curve.equity)
    }

    /// Of points that lie `offset` milliseconds after `times`.
    pub(super) fn over(initial: f64, times: &[i64], offset: i64, equity: &[f64]) -> Self {
        let first = times.first().map_or(0, |time| time + offset);
        let mut falls = Falls::new(initial, first);
        let mut days = Days::new(initial, first);
        let mut any = false;
        for (times, equity) in times.chunks(STRETCH).zip(equity.chunks(STRETCH)) {
            any = true;
            let same_day = times.last().is_some_and(|time| *time + offset <= days.end);
            if !(same_day && falls.holds(equity)) {
                for (&time, &equity) in times.iter().zip(equity) {
                    let time = time + offset;
                    days.see(time);
                    falls.see(time, equity);
                    days.last = equity;
                }
            }
            days.last = equity.last().copied().unwrap_or(days.last);
        }
        if any {
            days.book();
        }
        let (sharpe, sortino) = (days.sharpe(), days.sortino());
        Self { max_drawdown: falls.finish(), sharpe, sortino, daily: days.returns }
    }
}

/// Points looked at together: most stretches hold neither a new peak nor a new low, and two bounds tell.
const STRETCH: usize = 64;

/// The fall under way and the largest one before it. Falls are compared only when one ends.
struct Falls {
    peak: f64,
    peak_time: i64,
    low: f64,
    low_time: i64,
    worst: Drawdown,
    worst_peak: f64,
}

impl Falls {
    fn new(initial: f64, time: i64) -> Self {
        let none = Drawdown { start: time, trough: time, ..Drawdown::default() };
        Self { peak: initial, peak_time: time, low: initial, low_time: time, worst: none, worst_peak: 1.0 }
    }

    /// Whether these points hold neither a new peak nor a new low.
    fn holds(&self, equity: &[f64]) -> bool {
        let (lowest, highest) = bounds(equity);
        highest < self.peak && lowest >= self.low
    }

    #[inline]
    fn see(&mut self, time: i64, equity: f64) {
        if equity >= self.peak {
            if self.low < self.peak {
                self.end(Some(time));
            }
            self.peak = equity;
            self.peak_time = time;
            self.low = equity;
        } else if equity < self.low {
            self.low = equity;
            self.low_time = time;
        }
    }

    /// Keeps the fall under way if it is the largest: `fall / peak > worst / worst_peak` without a division.
    fn end(&mut self, recovery: Option<i64>) {
        let amount = self.peak - self.low;
        if self.peak > 0.0 && amount * self.worst_peak > self.worst.amount * self.peak {
            self.worst_peak = self.peak;
            let (start, trough) = (self.peak_time, self.low_time);
            self.worst = Drawdown { percent: amount / self.peak * 100.0, amount, start, trough, recovery };
        }
    }

    fn finish(mut self) -> Drawdown {
        if self.low < self.peak {
            self.end(None);
        }
        self.worst
    }
}

/// Returns from the last equity of one UTC day to that of the next. A close at midnight belongs to the day it ends; a
/// day without a candle changed nothing and is counted, not stored.
struct Days {
    /// Last millisecond of the day under way.
    end: i64,
    /// Equity now, and at the end of the day before.
    last: f64,
    before: f64,
    returns: Vec<f64>,
    quiet: usize,
}

impl Days {
    fn new(initial: f64, first: i64) -> Self {
        Self { end: end_of_day(first), last: initial, before: initial, returns: Vec::new(), quiet: 0 }
    }

    #[inline]
    fn see(&mut self, time: i64) {
        if time > self.end {
            self.book();
            let end = end_of_day(time);
            let skipped = (end - self.end) / DAY - 1;
            self.quiet = self.quiet.saturating_add(usize::try_from(skipped).unwrap_or(0));
            self.end = end;
        }
    }

    fn book(&mut self) {
        let change = if self.before > 0.0 { self.last / self.before - 1.0 } else { 0.0 };
        self.returns.push(if change.is_finite() { change } else { 0.0 });
        self.before = self.last;
    }

    fn count(&self) -> f64 {
        self.returns.len() as f64 + self.quiet as f64
    }
    fn mean(&self) -> f64 {
        self.returns.iter().sum::<f64>() / self.count()
    }

    fn sharpe(&self) -> Option<f64> {
        if self.count() < 2.0 {
            return None;
        }
        let mean = self.mean();
        let squares = self.returns.iter().map(|r| (r - mean).powi(2)).sum::<f64>();
        let variance = (squares + self.quiet as f64 * mean * mean) / (self.count() - 1.0);
        yearly(mean, variance)
    }

    fn sortino(&self) -> Option<f64> {
        if self.count() < 2.0 {
            return None;
        }
        let squares = self.returns.iter().map(|r| r.min(0.0).powi(2)).sum::<f64>();
        yearly(self.mean(), squares / self.count())
    }
}

fn yearly(mean: f64, variance: f64) -> Option<f64> {
    (variance > 0.0).then(|| mean / variance.sqrt() * DAYS_PER_YEAR.sqrt())
}

/// Lowest and highest, in four lanes that do not wait for each other.
fn bounds(values: &[f64]) -> (f64, f64) {
    let mut low = [f64::INFINITY; 4];
    let mut high = [f64::NEG_INFINITY; 4];
    let (whole, rest) = values.as_chunks::<4>();
    for four in whole {
        for ((low, high), value) in low.iter_mut().zip(&mut high).zip(four) {
            *low = if *value < *low { *value } else { *low };
            *high = if *value > *high { *value } else { *high };
        }
    }
    let low = low.iter().chain(rest).copied().fold(f64::INFINITY, f64::min);
    (low, high.iter().chain(rest).copied().fold(f64::NEG_INFINITY, f64::max))
}

fn end_of_day(time: i64) -> i64 {
    (time - 1).div_euclid(DAY) * DAY + DAY
}

#[cfg(test)]
mod tests {
    use super::*;

    fn daily(equity: &[f64]) -> EquityCurve {
        let times = (1..=equity.len() as i64).map(|day| day * DAY).collect();
        EquityCurve { times, equity: equity.to_vec() }
    }

    #[test]
    fn t18_drawdown_sharpe_and_sortino_of_daily_equity() {
        let course = Course::of(10_000.0, &daily(&[10_100.0, 10_050.0, 10_200.0, 9_900.0, 10_000.0]));
        assert_eq!(format!("{:.4}", course.max_drawdown.percent), "2.9412");
        assert_eq!(format!("{:.4}", course.sharpe.unwrap()), "0.1400");
        assert_eq!(format!("{:.4}", course.sortino.unwrap()), "0.1902");
        let worst = course.max_drawdown;
        assert_eq!((worst.amount, worst.start, worst.trough), (300.0, 3 * DAY, 4 * DAY));
        assert_eq!(worst.recovery, None);
    }

    #[test]
    fn t18_holds_whatever_the_candles_within_a_day_did() {
        let mut curve = EquityCurve::default();
        for (day, close) in [10_100.0, 10_050.0, 10_200.0, 9_900.0, 10_000.0].into_iter().enumerate() {
            for (hour, equity) in [(6, 10_060.0), (18, 10_070.0), (24, close)] {
                curve.times.push(day as i64 * DAY + hour * 3_600_000);
                curve.equity.push(equity);
            }
        }
        let course = Course::of(10_000.0, &curve);
        assert_eq!(format!("{:.4}", course.sharpe.unwrap()), "0.1400");
    }

    #[test]
    fn a_drawdown_tells_when_it_recovered_and_percent_outranks_amount() {
        let course = Course::of(100.0, &daily(&[80.0, 100.0, 1_000.0, 850.0, 1_000.0, 1_001.0]));
        let worst = course.max_drawdown;
        assert_eq!((worst.percent, worst.amount), (20.0, 20.0));
        assert_eq!((worst.trough, worst.recovery), (DAY, Some(2 * DAY)));
    }

    #[test]
    fn days_without_candles_are_days_without_return() {
        let sparse = EquityCurve { times: vec![DAY, 3 * DAY], equity: vec![101.0, 99.0] };
        let filled = daily(&[101.0, 101.0, 99.0]);
        let (sparse, filled) = (Course::of(100.0, &sparse), Course::of(100.0, &filled));
        assert!((sparse.sharpe.unwrap() - filled.sharpe.unwrap()).abs() < 1e-12);
        assert!((sparse.sortino.unwrap() - filled.sortino.unwrap()).abs() < 1e-12);
    }

    #[test]
    fn what_is_undefined_is_none() {
        for (name, equity) in [("no point", vec![]), ("one day", vec![101.0]), ("flat", vec![100.0; 5])] {
            let course = Course::of(100.0, &daily(&equity));
            assert_eq!((course.sharpe, course.sortino), (None, None), "{name}");
            assert!(course.max_drawdown.amount <= 0.0, "{name}");
        }
        let rising = Course::of(100.0, &daily(&[101.0, 103.0]));
        assert!(rising.sharpe.is_some() && rising.sortino.is_none());
    }
}
