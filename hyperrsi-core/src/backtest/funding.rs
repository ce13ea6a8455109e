//! Which funding is due at the open of which candle (TRADING 14.3, 15.2 a), and how much of it the data knows.

use super::engine::Engine;
use crate::model::{Arithmetic, Overflow, PositionSide, Price, Span, Timestamp};
use crate::series::{Candles, FundingRates};
use crate::trader::Input;
use rust_decimal::Decimal;
use serde::Serialize;
use std::ops::Range;

/// How much of the funding that was due the data knows. What it does not know counted as 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FundingCoverage {
    /// Times funding was due in the range.
    pub expected: usize,
    /// Those with a rate.
    pub known: usize,
    /// Times funding was due while a leg was open.
    pub expected_in_position: usize,
    /// Those with a rate.
    pub known_in_position: usize,
}

impl FundingCoverage {
    /// Known over expected, 0 to 1, over the whole range; `None` where nothing was due.
    pub fn whole(&self) -> Option<f64> {
        (self.expected > 0).then(|| self.known as f64 / self.expected as f64)
    }
    /// The same over the time in position.
    pub fn in_position(&self) -> Option<f64> {
        (self.expected_in_position > 0)
            .then(|| self.known_in_position as f64 / self.expected_in_position as f64)
    }
}

/// One time funding is due at.
#[derive(Clone, Copy, Debug)]
struct Due {
    time: i64,
    /// The first candle that opens at or after it.
    index: usize,
    /// On the regular grid, and so expected.
    expected: bool,
    rate: Option<(Decimal, Option<Price>)>,
}

/// Everything due in a range of candles, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Schedule {
    dues: Vec<Due>,
    coverage: FundingCoverage,
}

impl Schedule {
    /// What is due from the open of the first traded candle on and before the close of the last.
    pub(super) fn new(rates: &FundingRates, interval: Span, candles: &Candles, traded: Range<usize>) -> Self {
        let times = candles.open_times();
        let (Some(first), Some(last)) = (times.get(traded.start), times.get(traded.end.saturating_sub(1)))
        else {
            return Self::default();
        };
        let (start, end) = (*first, last + candles.timeframe().millis());
        let step = interval.millis().max(1);
        let mut dues: Vec<Due> = Vec::new();
        let mut grid = start.div_euclid(step) * step;
        if grid < start {
            grid += step;
        }
        let mut rows = rates.rows().iter().map(|row| (row.time.millis(), row)).peekable();
        while rows.next_if(|(time, _)| *time < start).is_some() {}
        loop {
            let data = rows.peek().map(|(time, _)| *time).filter(|time| *time < end);
            let time = match data {
                Some(data) => data.min(grid),
                None => grid,
            };
            if time >= end {
                break;
            }
            let rate = rows.next_if(|(data, _)| *data == time).map(|(_, row)| (row.rate, row.mark));
            let expected = time == grid;
            if expected {
                grid += step;
            }
            let index = candles.index_at(Timestamp::from_millis(time));
            dues.push(Due { time, index, expected, rate });
        }
        let expected = dues.iter().filter(|due| due.expected);
        let coverage = FundingCoverage {
            expected: expected.clone().count(),
            known: expected.filter(|due| due.rate.is_some()).count(),
            ..FundingCoverage::default()
        };
        Self { dues, coverage }
    }

    pub(super) const fn coverage(&self) -> FundingCoverage {
        self.coverage
    }
}

/// The way through a schedule.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Payments {
    next: usize,
    expected: usize,
    known: usize,
}

impl Payments {
    /// The candle at whose open something is due next.
    pub(super) fn next_index(&self, schedule: &Schedule) -> Option<usize> {
        schedule.dues.get(self.next).map(|due| due.index)
    }

    /// Books what is due up to the open of candle `index`, on the legs that are open now. `mark` is the price of those
    /// times for which the data has none.
    pub(super) fn pay(
        &mut self,
        schedule: &Schedule,
        index: usize,
        engine: &mut Engine,
        now: Timestamp,
        mark: Price,
    ) -> Result<(), Overflow> {
        while let Some(due) = schedule.dues.get(self.next).filter(|due| due.index <= index) {
            self.next += 1;
            if !engine.account.is_exposed(engine.slot) {
                continue;
            }
            self.expected += usize::from(due.expected);
            let Some((rate, known_mark)) = due.rate else { continue };
            self.known += usize::from(due.expected);
            for side in PositionSide::BOTH {
                let paid = engine.venue.fund(side, known_mark.unwrap_or(mark), rate)?;
                if let Some(amount) = paid {
                    engine.account.fund(Timestamp::from_millis(due.time), amount)?;
                    engine.feed(now, Input::Funding { side, amount })?;
                    engine.busy = true;
                }
            }
        }
        Ok(())
    }

    /// What the data knew of what was due.
    pub(super) const fn coverage(&self, schedule: &Schedule) -> FundingCoverage {
        FundingCoverage {
            expected_in_position: self.expected,
            known_in_position: self.known,
            ..schedule.coverage()
        }
    }
}

/// A share in percent, two decimals at most.
pub(super) fn percent(part: usize, whole: usize) -> String {
    let share = |part: usize| -> Option<Decimal> {
        Decimal::from(part).times(Decimal::ONE_HUNDRED).ok()?.over(Decimal::from(whole)).ok()
    };
    share(part).unwrap_or_default().round_dp(2).normalize().to_string()
}
