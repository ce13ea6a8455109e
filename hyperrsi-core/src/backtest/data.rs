//! Everything a run reads besides the traded candles: further timeframes, candles inside the traded ones, mark prices,
//! funding. [`Data`] is what was given, [`Feed`] what one run makes of it.

use super::funding::{Schedule, percent};
use super::{BacktestError, Config, Resampled};
use crate::model::{Candle, Timeframe};
use crate::series::aggregate::{NotAMultiple, resample};
use crate::series::{Candles, FundingRates};
use crate::strategy::Needs;
use std::ops::{Deref, Range};
use std::sync::Arc;

/// Candles of a run: given, or made from those that were.
#[derive(Debug)]
pub(super) enum Held<'a> {
    Given(&'a Candles),
    Made(Arc<Candles>),
}

impl Deref for Held<'_> {
    type Target = Candles;
    fn deref(&self) -> &Candles {
        match self {
            Self::Given(candles) => candles,
            Self::Made(candles) => candles,
        }
    }
}

/// What was given besides the traded candles.
#[derive(Clone, Debug, Default)]
pub(super) struct Data<'a> {
    pub(super) series: Vec<&'a Candles>,
    pub(super) mark: Option<&'a Candles>,
    pub(super) funding: Option<&'a FundingRates>,
    /// Longer timeframes that many backtests read.
    pub(super) shared: Option<&'a Resampled<'a>>,
}

impl<'a> Data<'a> {
    fn resampled(&self, candles: &Candles, timeframe: Timeframe) -> Result<Arc<Candles>, NotAMultiple> {
        match self.shared {
            Some(shared) => shared.get(timeframe),
            None => resample(candles, timeframe).map(Arc::new),
        }
    }

    fn series(&self, timeframe: Timeframe) -> Option<&'a Candles> {
        self.series.iter().copied().find(|candles| candles.timeframe() == timeframe)
    }

    /// Checks what was given against the traded candles.
    pub(super) fn check(&self, candles: &Candles, config: &Config) -> Result<(), BacktestError> {
        let base = candles.timeframe();
        if let Some(timeframe) = config.detail_timeframe {
            let wrong = |message: String| BacktestError::Series { what: "detail", timeframe, message };
            if timeframe >= base || !base.is_multiple_of(timeframe) {
                return Err(wrong(format!(
                    "{base} is no whole multiple of it; choose a shorter detail_timeframe"
                )));
            }
            if self.series(timeframe).is_none() {
                return Err(BacktestError::MissingSeries { key: "detail_timeframe", timeframe });
            }
        }
        if let Some(mark) = self.mark {
            let finest = config.detail_timeframe.unwrap_or(base);
            let timeframe = mark.timeframe();
            if timeframe > finest || !finest.is_multiple_of(timeframe) {
                let message = format!(
                    "prices are followed in {finest} candles; give mark candles of {finest} or finer"
                );
                return Err(BacktestError::Series { what: "mark-price", timeframe, message });
            }
        }
        Ok(())
    }

    /// What one run of a strategy reads.
    pub(super) fn feed(
        &self,
        candles: &'a Candles,
        config: &Config,
        traded: Range<usize>,
        needs: &Needs,
    ) -> Result<Feed<'a>, BacktestError> {
        let own = needs.series.first().map_or(candles.timeframe(), |need| need.timeframe);
        if own != candles.timeframe() {
            return Err(BacktestError::Timeframe { wanted: own, found: candles.timeframe() });
        }
        let mut others: Vec<(Held<'a>, usize)> = Vec::new();
        for need in needs.series.iter().skip(1).filter(|need| need.timeframe != own) {
            if others.iter().any(|(candles, _)| candles.timeframe() == need.timeframe) {
                continue;
            }
            match self.series(need.timeframe) {
                Some(given) => others.push((Held::Given(given), need.depth)),
                None => match self.resampled(candles, need.timeframe) {
                    Ok(candles) => others.push((Held::Made(candles), need.depth)),
                    Err(_) if need.optional => {}
                    Err(error) => return Err(error.into()),
                },
            }
        }
        let depth = needs.series.iter().filter(|n| n.timeframe == own).map(|n| n.depth).max().unwrap_or(1);
        let detail = config.detail_timeframe.and_then(|timeframe| self.series(timeframe));
        let at = |timeframe: Timeframe, mark: &'a Candles| -> Result<Held<'a>, BacktestError> {
            Ok(if mark.timeframe() == timeframe {
                Held::Given(mark)
            } else {
                Held::Made(Arc::new(resample(mark, timeframe)?))
            })
        };
        let mark = self.mark.map(|mark| at(candles.timeframe(), mark)).transpose()?;
        let detail_mark = match (self.mark, detail) {
            (Some(mark), Some(detail)) => Some(at(detail.timeframe(), mark)?),
            _ => None,
        };
        let schedule =
            self.funding.map(|rates| Schedule::new(rates, config.funding_interval, candles, traded.clone()));
        Ok(Feed { candles, traded, others, depth, detail, mark, detail_mark, schedule })
    }

    /// Timeframes the strategy would read but has not.
    pub(super) fn unavailable(&self, candles: &Candles, needs: &Needs) -> Option<String> {
        let base = candles.timeframe();
        let missing: Vec<&str> = needs
            .series
            .iter()
            .filter(|need| need.optional && (need.timeframe < base || !need.timeframe.is_multiple_of(base)))
            .filter(|need| self.series(need.timeframe).is_none())
            .map(|need| need.timeframe.as_str())
            .collect();
        (!missing.is_empty()).then(|| {
            format!(
                "no {} candles, which cannot be built from {base} ones: what is read from them stays unknown",
                missing.join(" and ")
            )
        })
    }

    /// Sentences for the report about what was given.
    pub(super) fn notes(&self, candles: &Candles, config: &Config, traded: Range<usize>) -> Vec<String> {
        let mut lines = Vec::new();
        let opens = candles.open_times().get(traded).unwrap_or_default();
        if let Some(detail) = config.detail_timeframe.and_then(|timeframe| self.series(timeframe)) {
            let whole =
                opens.iter().filter(|open| inside(detail, **open, candles.timeframe()).is_some()).count();
            lines.push(format!(
                "inside candles, {} candles are followed (coverage {} %); elsewhere the traded candle itself",
                detail.timeframe(),
                percent(whole, opens.len())
            ));
        }
        if let Some(mark) = self.mark {
            let step = candles.timeframe();
            let known = opens.iter().filter(|open| inside(mark, **open, step).is_some()).count();
            lines.push(format!(
                "mark-price candles ({}, coverage {} %) trigger stops that watch the mark price, and liquidation",
                mark.timeframe(),
                percent(known, opens.len())
            ));
        }
        lines
    }
}

/// The candles of a shorter series that make up the candle of `timeframe` opening at `open`, if none is missing.
fn inside(series: &Candles, open: i64, timeframe: Timeframe) -> Option<Range<usize>> {
    let times = series.open_times();
    let from = times.partition_point(|time| *time < open);
    let count = usize::try_from(timeframe.millis() / series.timeframe().millis()).ok()?.max(1);
    let last = times.get(from + count - 1)?;
    (*last == open + timeframe.millis() - series.timeframe().millis()).then_some(from..from + count)
}

/// What one run reads.
#[derive(Debug)]
pub(super) struct Feed<'a> {
    pub(super) candles: &'a Candles,
    pub(super) traded: Range<usize>,
    /// Further timeframes with the depth they must have.
    pub(super) others: Vec<(Held<'a>, usize)>,
    pub(super) depth: usize,
    detail: Option<&'a Candles>,
    pub(super) mark: Option<Held<'a>>,
    detail_mark: Option<Held<'a>>,
    pub(super) schedule: Option<Schedule>,
}

impl<'a> Feed<'a> {
    /// The shorter candles that replace a traded one, if all of them are there.
    pub(super) fn detail(&self, candle: &Candle) -> Option<(&'a Candles, Range<usize>)> {
        let detail = self.detail?;
        let range = inside(detail, candle.open_time.millis(), self.candles.timeframe())?;
        Some((detail, range))
    }

    /// The mark-price candle that goes with a traded one or with one inside it.
    pub(super) fn mark(&self, candle: &Candle, timeframe: Timeframe) -> Option<Candle> {
        let own = timeframe == self.candles.timeframe();
        let mark = if own { &self.mark } else { &self.detail_mark }.as_ref()?;
        mark.get(mark.index_at(candle.open_time)).filter(|found| found.open_time == candle.open_time)
    }
}
