//! From rows in file order to a checked series: order, duplicates, timeframe, alignment, gaps.

use super::Loaded;
use super::error::{Fail, Place, Problem};
use super::repair::{BadRowPolicy, DuplicatePolicy, GapPolicy, OrderPolicy, Repair};
use super::report::{BadRow, LoadReport};
use crate::model::{Candle, Span, Timeframe};
use crate::series::Candles;
use std::collections::BTreeMap;

/// How many rows are looked at before the timeframe is decided.
const HEAD: usize = 1024;

/// A candle and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) candle: Candle,
    pub(super) place: Place,
}

impl Row {
    fn time(&self) -> i64 {
        self.candle.open_time.millis()
    }
    #[cold]
    fn fail(&self, problem: Problem) -> Fail {
        Fail { place: self.place, problem }
    }
}

/// Takes rows one by one. The first ones wait until the timeframe is known; when sorting, all of them wait.
pub(super) struct Intake {
    repair: Repair,
    asked: Option<Timeframe>,
    capacity: usize,
    waiting: Vec<Row>,
    series: Option<Series>,
    report: LoadReport,
}

impl Intake {
    /// `capacity` is the number of rows to expect.
    pub(super) fn new(file: &str, repair: Repair, asked: Option<Timeframe>, capacity: usize) -> Self {
        let waiting = if repair.order == OrderPolicy::Sort { capacity } else { HEAD.min(capacity) };
        Self {
            repair,
            asked,
            capacity,
            waiting: Vec::with_capacity(waiting),
            series: None,
            report: LoadReport::new(file),
        }
    }

    #[inline]
    pub(super) fn push(&mut self, row: Row) -> Result<(), Fail> {
        if let Some(series) = &mut self.series {
            return series.push(row, &mut self.report);
        }
        self.waiting.push(row);
        if self.waiting.len() >= HEAD && self.repair.order == OrderPolicy::Refuse {
            self.settle()?;
        }
        Ok(())
    }

    /// A row that makes no candle: an error, or counted and left out.
    #[cold]
    pub(super) fn bad_row(&mut self, place: Place, problem: Problem) -> Result<(), Fail> {
        drop_or_fail(self.repair, &mut self.report, place, problem)
    }

    /// Decides on the timeframe and lets the waiting rows through.
    fn settle(&mut self) -> Result<(), Fail> {
        let mut rows = std::mem::take(&mut self.waiting);
        if self.repair.order == OrderPolicy::Sort {
            self.report.sorted = !rows.is_sorted_by_key(Row::time);
            if self.report.sorted {
                rows.sort_by_key(Row::time); // stable: duplicates keep the order of the file
            }
        } else if newest_first(&rows) {
            let place = rows.get(1).map_or(Place::File, |row| row.place);
            return Err(Fail { place, problem: Problem::Descending });
        }
        let timeframe = timeframe(rows.get(..HEAD).unwrap_or(&rows), self.asked)?;
        let mut series = Series::new(timeframe, self.capacity.max(rows.len()), self.repair);
        self.report.timeframe = timeframe;
        for row in rows {
            series.push(row, &mut self.report)?;
        }
        self.series = Some(series);
        Ok(())
    }

    /// All rows have been pushed.
    pub(super) fn finish(mut self) -> Result<Loaded, Fail> {
        if self.series.is_none() {
            if self.waiting.is_empty() {
                return Err(match self.report.bad_rows.into_iter().next() {
                    Some(bad) => {
                        Problem::NothingUsable { dropped: self.report.bad_rows_dropped, first: bad.reason }
                    }
                    None => Problem::HeaderOnly,
                }
                .into());
            }
            self.settle()?;
        }
        let Self { series, mut report, .. } = self;
        let candles = series.map(Series::finish).ok_or(Problem::HeaderOnly)?;
        let (Some(first), Some(last)) = (candles.first_open_time(), candles.last_open_time()) else {
            let first = report.bad_rows.first().map(|bad| bad.reason.clone()).unwrap_or_default();
            return Err(Problem::NothingUsable { dropped: report.bad_rows_dropped, first }.into());
        };
        (report.rows, report.first, report.last) = (candles.len(), first, last);
        Ok(Loaded { candles, report })
    }
}

fn drop_or_fail(repair: Repair, report: &mut LoadReport, place: Place, problem: Problem) -> Result<(), Fail> {
    if repair.bad_rows == BadRowPolicy::Refuse {
        return Err(Fail { place, problem });
    }
    report.bad_rows_dropped += 1;
    if report.bad_rows.len() < LoadReport::REMEMBERED {
        // The advice after the semicolon is for those who have not chosen to drop.
        let reason = problem.to_string();
        let reason = reason.rsplit_once("; ").map_or(reason.as_str(), |(cause, _)| cause).into();
        report.bad_rows.push(BadRow { place, reason });
    }
    Ok(())
}

/// Checked rows on their way into columns. The newest one waits, since a duplicate may still replace it.
struct Series {
    candles: Candles,
    width: i64,
    repair: Repair,
    newest: Option<Row>,
    newest_time: i64,
}

impl Series {
    fn new(timeframe: Timeframe, capacity: usize, repair: Repair) -> Self {
        Self {
            candles: Candles::with_capacity(timeframe, capacity),
            width: timeframe.millis(),
            repair,
            newest: None,
            newest_time: i64::MIN,
        }
    }

    #[inline]
    fn push(&mut self, row: Row, report: &mut LoadReport) -> Result<(), Fail> {
        // One step after an aligned candle: aligned, in order, no gap.
        if row.time().wrapping_sub(self.newest_time) == self.width {
            self.append(row);
            return Ok(());
        }
        self.push_odd(row, report)
    }

    #[inline]
    fn append(&mut self, row: Row) {
        self.newest_time = row.time();
        if let Some(before) = self.newest.replace(row) {
            self.candles.push_unchecked(before.candle);
        }
    }

    #[cold]
    fn push_odd(&mut self, row: Row, report: &mut LoadReport) -> Result<(), Fail> {
        let time = row.candle.open_time;
        let timeframe = self.candles.timeframe();
        if let Some(newest) = self.newest {
            let last = newest.candle.open_time;
            if time < last {
                return Err(row.fail(Problem::Unsorted { time, last }));
            }
            if time == last {
                match self.repair.duplicates {
                    DuplicatePolicy::Refuse => return Err(row.fail(Problem::Duplicate { time })),
                    DuplicatePolicy::KeepFirst => {}
                    DuplicatePolicy::KeepLast => self.newest = Some(row),
                }
                report.duplicates_dropped += 1;
                return Ok(());
            }
        }
        if timeframe.bucket(time) != time {
            return drop_or_fail(self.repair, report, row.place, Problem::Misaligned { time, timeframe });
        }
        if let Some(newest) = self.newest {
            let from = newest.candle.open_time + timeframe.span();
            let missing = usize::try_from((time - from).millis() / self.width).unwrap_or(usize::MAX);
            if missing > 0 {
                if self.repair.gaps == GapPolicy::Refuse {
                    return Err(row.fail(Problem::Gap { time: from, missing, timeframe }));
                }
                report.gaps.push((from, missing));
            }
        }
        self.append(row);
        Ok(())
    }

    fn finish(mut self) -> Candles {
        if let Some(newest) = self.newest {
            self.candles.push_unchecked(newest.candle);
        }
        self.candles
    }
}

/// Differences between the open times of neighbours.
fn steps(rows: &[Row]) -> impl Iterator<Item = i64> + '_ {
    rows.windows(2).filter_map(|pair| match pair {
        [before, after] => Some(after.time() - before.time()),
        _ => None,
    })
}

/// Whether nearly all rows are older than the one before, from the start.
fn newest_first(rows: &[Row]) -> bool {
    let falling = steps(rows).filter(|step| *step < 0).count();
    steps(rows).next().is_some_and(|step| step < 0) && falling * 10 >= (rows.len() - 1) * 9
}

/// The timeframe that the first rows show, or the one asked for if they do not clearly contradict.
fn timeframe(rows: &[Row], asked: Option<Timeframe>) -> Result<Timeframe, Problem> {
    let found = infer(rows);
    match (asked, found) {
        (None, found) => found,
        (Some(asked), Ok(found)) if found > asked && rows.len() >= 10 => {
            Err(Problem::WrongTimeframe { asked, found })
        }
        (Some(asked), Ok(found)) if found < asked => Err(Problem::WrongTimeframe { asked, found }),
        (Some(asked), _) => Ok(asked),
    }
}

/// The most common step between rows, provided it is also the smallest or stands for nine steps in ten (the odd ones
/// are then reported one by one).
fn infer(rows: &[Row]) -> Result<Timeframe, Problem> {
    let mut counts = BTreeMap::<i64, usize>::new();
    for step in steps(rows).filter(|step| *step > 0) {
        *counts.entry(step).or_default() += 1;
    }
    let total: usize = counts.values().sum();
    let Some((&smallest, _)) = counts.first_key_value() else {
        return Err(Problem::NoTimeframe);
    };
    // Of equally common steps the smaller one: a hole is longer than the timeframe.
    let (common, count) =
        counts.iter().rev().max_by_key(|(_, n)| **n).map_or((smallest, 0), |(step, n)| (*step, *n));
    if common != smallest && count * 10 < total * 9 {
        return Err(Problem::AmbiguousTimeframe {
            smallest: Span::millis_of(smallest),
            common: Span::millis_of(common),
        });
    }
    Timeframe::ALL
        .iter()
        .copied()
        .find(|tf| tf.millis() == common)
        .ok_or(Problem::UnknownTimeframe { step: Span::millis_of(common) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn rows(minutes: &[i64]) -> Vec<Row> {
        minutes
            .iter()
            .map(|m| Row {
                candle: Candle::new(Timestamp::from_millis(m * 60_000), 1.0, 1.0, 1.0, 1.0, 1.0),
                place: Place::File,
            })
            .collect()
    }

    #[test]
    fn the_timeframe_is_the_common_step() {
        for (minutes, found) in [
            (&[0, 5, 10, 15][..], Some(Timeframe::M5)),
            (&[0, 1, 2, 7, 8], Some(Timeframe::M1)),
            (&[0, 60, 120, 121, 181, 241, 301, 361, 421, 481, 541, 601, 661], Some(Timeframe::H1)),
            (&[0, 10, 20], None),
            (&[0, 1, 3, 5, 7], None),
            (&[0], None),
        ] {
            assert_eq!(infer(&rows(minutes)).ok(), found, "{minutes:?}");
        }
        assert_eq!(infer(&rows(&[0, 5])).unwrap(), Timeframe::M5);
    }

    #[test]
    fn a_file_sorted_newest_first_is_recognised() {
        assert!(newest_first(&rows(&[3, 2, 1, 0])));
        assert!(!newest_first(&rows(&[0, 2, 1, 3])));
        assert!(!newest_first(&rows(&[1, 0, 2, 3, 4])));
        assert!(!newest_first(&rows(&[1])));
    }
}
