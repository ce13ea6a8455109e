use super::History;
use crate::model::{Candle, Timeframe, Timestamp};

/// A candle that does not continue its series.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PushError {
    /// The candle itself is unusable.
    #[error("the candle at {time} is unusable: {fault}")]
    Fault {
        /// Its open time.
        time: Timestamp,
        /// What is wrong.
        fault: &'static str,
    },
    /// The open time is no multiple of the timeframe.
    #[error("the candle at {time} does not open on a {timeframe} boundary")]
    Misaligned {
        /// Its open time.
        time: Timestamp,
        /// The timeframe of the series.
        timeframe: Timeframe,
    },
    /// The candle is not newer than the last one.
    #[error("the candle at {time} is not newer than the last one at {last}")]
    NotNewer {
        /// Its open time.
        time: Timestamp,
        /// The last open time of the series.
        last: Timestamp,
    },
}

/// Closed candles of one timeframe, oldest first, by column. Holes are allowed and counted, never filled silently.
///
/// ```
/// use hyperrsi_core::model::{Candle, Timeframe, Timestamp};
/// use hyperrsi_core::series::Candles;
/// let mut series = Candles::new(Timeframe::M1);
/// for (minute, close) in [(0, 100.0), (1, 101.0), (3, 99.0)] {
///     let open_time = Timestamp::from_millis(minute * 60_000);
///     series.push(Candle::new(open_time, 100.0, 102.0, 98.0, close, 1.0))?;
/// }
/// assert_eq!(series.closes(), [100.0, 101.0, 99.0]);
/// assert_eq!(series.missing(), 1);
/// # Ok::<(), hyperrsi_core::series::PushError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Candles {
    timeframe: Timeframe,
    open_times: Vec<i64>,
    opens: Vec<f64>,
    highs: Vec<f64>,
    lows: Vec<f64>,
    closes: Vec<f64>,
    volumes: Vec<f64>,
}

impl Candles {
    /// An empty series.
    pub const fn new(timeframe: Timeframe) -> Self {
        Self {
            timeframe,
            open_times: Vec::new(),
            opens: Vec::new(),
            highs: Vec::new(),
            lows: Vec::new(),
            closes: Vec::new(),
            volumes: Vec::new(),
        }
    }

    /// An empty series with room for `rows` candles.
    pub fn with_capacity(timeframe: Timeframe, rows: usize) -> Self {
        let mut series = Self::new(timeframe);
        series.reserve(rows);
        series
    }

    /// Makes room for `rows` more candles.
    pub fn reserve(&mut self, rows: usize) {
        self.open_times.reserve(rows);
        for column in [&mut self.opens, &mut self.highs, &mut self.lows, &mut self.closes, &mut self.volumes]
        {
            column.reserve(rows);
        }
    }

    /// Appends a candle after checking it.
    ///
    /// # Errors
    /// Refuses an unusable candle, one off the timeframe's grid and one that is not newer than the last.
    pub fn push(&mut self, candle: Candle) -> Result<(), PushError> {
        let time = candle.open_time;
        if let Some(fault) = candle.fault() {
            return Err(PushError::Fault { time, fault });
        }
        if self.timeframe.bucket(time) != time {
            return Err(PushError::Misaligned { time, timeframe: self.timeframe });
        }
        if let Some(last) = self.last_open_time()
            && time <= last
        {
            return Err(PushError::NotNewer { time, last });
        }
        self.push_unchecked(candle);
        Ok(())
    }

    /// Appends a candle the caller has already checked.
    pub(crate) fn push_unchecked(&mut self, candle: Candle) {
        self.open_times.push(candle.open_time.millis());
        self.opens.push(candle.open);
        self.highs.push(candle.high);
        self.lows.push(candle.low);
        self.closes.push(candle.close);
        self.volumes.push(candle.volume);
    }

    /// The timeframe.
    pub const fn timeframe(&self) -> Timeframe {
        self.timeframe
    }
    /// Number of candles.
    pub const fn len(&self) -> usize {
        self.open_times.len()
    }
    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.open_times.is_empty()
    }
    /// The candle at `index`, counted from the oldest.
    pub fn get(&self, index: usize) -> Option<Candle> {
        Some(Candle {
            open_time: Timestamp::from_millis(*self.open_times.get(index)?),
            open: *self.opens.get(index)?,
            high: *self.highs.get(index)?,
            low: *self.lows.get(index)?,
            close: *self.closes.get(index)?,
            volume: *self.volumes.get(index)?,
        })
    }
    /// The newest candle.
    pub fn last(&self) -> Option<Candle> {
        self.get(self.len().checked_sub(1)?)
    }
    /// When the newest candle opened.
    pub fn last_open_time(&self) -> Option<Timestamp> {
        self.open_times.last().copied().map(Timestamp::from_millis)
    }
    /// When the oldest candle opened.
    pub fn first_open_time(&self) -> Option<Timestamp> {
        self.open_times.first().copied().map(Timestamp::from_millis)
    }
    /// Open times, UTC milliseconds.
    pub fn open_times(&self) -> &[i64] {
        &self.open_times
    }
    /// Open prices.
    pub fn opens(&self) -> &[f64] {
        &self.opens
    }
    /// Highest prices.
    pub fn highs(&self) -> &[f64] {
        &self.highs
    }
    /// Lowest prices.
    pub fn lows(&self) -> &[f64] {
        &self.lows
    }
    /// Close prices.
    pub fn closes(&self) -> &[f64] {
        &self.closes
    }
    /// Volumes in base units.
    pub fn volumes(&self) -> &[f64] {
        &self.volumes
    }
    /// All candles, oldest first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Candle> + '_ {
        let prices = self.opens.iter().zip(&self.highs).zip(&self.lows).zip(&self.closes).zip(&self.volumes);
        self.open_times.iter().zip(prices).map(|(&time, ((((&open, &high), &low), &close), &volume))| {
            Candle { open_time: Timestamp::from_millis(time), open, high, low, close, volume }
        })
    }
    /// How many candles the series lacks between its first and its last.
    pub fn missing(&self) -> usize {
        self.gaps().map(|(_, missing)| missing).sum()
    }
    /// The holes: the open time of the first missing candle, and how many are missing.
    pub fn gaps(&self) -> impl Iterator<Item = (Timestamp, usize)> + '_ {
        let width = self.timeframe.millis();
        self.open_times.windows(2).filter_map(move |pair| match pair {
            &[before, after] if after - before > width => {
                let missing = (after - before) / width - 1;
                Some((Timestamp::from_millis(before + width), usize::try_from(missing).unwrap_or(usize::MAX)))
            }
            _ => None,
        })
    }
    /// Index of the first candle that opens at or after `time`.
    pub fn index_at(&self, time: Timestamp) -> usize {
        self.open_times.partition_point(|t| *t < time.millis())
    }
    /// Everything, as closed history.
    pub fn history(&self) -> History<'_> {
        History::new(self, self.len())
    }
}
