use crate::model::{Span, Timestamp};
use std::ops::Range;

/// Two stretches of time: settings are chosen on the first and judged on the second, which follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Open times of the candles that are searched.
    pub train: Range<Timestamp>,
    /// Open times of the candles that judge.
    pub test: Range<Timestamp>,
}

/// Cuts `from..to` into windows whose tests follow one another without a gap. The last test may be shorter. Trainings are
/// `train` long each, or, `anchored`, begin at `from` and grow.
///
/// ```
/// use hyperrsi_core::backtest::walk_forward::windows;
/// use hyperrsi_core::model::{Span, Timestamp};
/// let day = |n: i64| Timestamp::from_millis(n * 86_400_000);
/// let all = windows(day(0)..day(100), Span::days(60), Span::days(30), false);
/// assert_eq!((all[0].train.clone(), all[0].test.clone()), (day(0)..day(60), day(60)..day(90)));
/// assert_eq!((all[1].train.clone(), all[1].test.clone()), (day(30)..day(90), day(90)..day(100)));
/// assert_eq!(windows(day(0)..day(100), Span::days(60), Span::days(30), true)[1].train, day(0)..day(90));
/// ```
pub fn windows(range: Range<Timestamp>, train: Span, test: Span, anchored: bool) -> Vec<Window> {
    let mut windows = Vec::new();
    if train.millis() <= 0 || test.millis() <= 0 {
        return windows;
    }
    let mut split = range.start + train;
    while split < range.end {
        let end = (split + test).min(range.end);
        let start = if anchored { range.start } else { split - train };
        windows.push(Window { train: start..split, test: split..end });
        split = end;
    }
    windows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_cover_what_follows_the_first_training_once() {
        let day = |n: i64| Timestamp::from_millis(n * 86_400_000);
        for anchored in [false, true] {
            let all = windows(day(3)..day(200), Span::days(45), Span::days(7), anchored);
            assert_eq!(all.first().unwrap().test.start, day(48));
            assert_eq!(all.last().unwrap().test.end, day(200));
            assert!(all.array_windows::<2>().all(|[a, b]| a.test.end == b.test.start));
            assert!(all.iter().all(|window| window.train.end == window.test.start));
        }
        assert_eq!(windows(day(0)..day(30), Span::days(30), Span::days(7), false), []);
        assert_eq!(windows(day(0)..day(30), Span::days(3), Span::ZERO, false), []);
    }
}
