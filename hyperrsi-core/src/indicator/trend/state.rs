use super::{
    Band, BandState, Cycle, Phase, SecondCycle,
    align::{Aligned, Said},
};
use crate::model::{Candle, Timeframe, Timestamp};
use serde::{Deserialize, Serialize};

/// Which way the market trends, if it does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trend {
    /// Down: -2.
    Down,
    /// Neither: 0.
    #[default]
    Neutral,
    /// Up: 2.
    Up,
}

impl Trend {
    /// The number charts plot and settings use: -2, 0 or 2.
    pub const fn as_i8(self) -> i8 {
        match self {
            Self::Down => -2,
            Self::Neutral => 0,
            Self::Up => 2,
        }
    }
}

/// The trend state of one base candle, and what it follows from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrendReading {
    /// The state, whether or not it can be relied on yet; see [`TrendReading::known`].
    pub state: Trend,
    /// Whether enough higher candles have closed.
    pub ready: bool,
    /// The cycle; in the longer variant, where both cycles agree.
    pub cycle: Phase,
    /// The second cycle; never set unless the trend state reads it.
    pub second: Phase,
    /// The band state; `None` before its first candle, or if the trend state does not read it.
    pub band: Option<Band>,
}

impl TrendReading {
    /// The state once it is ready; `None` is *unknown*, not neutral.
    pub const fn known(&self) -> Option<Trend> {
        if self.ready { Some(self.state) } else { None }
    }
}

/// A time that does not come.
pub(super) const NEVER: Timestamp = Timestamp::from_millis(i64::MAX);
/// Index of the first higher candle from which a machine counts as warm.
const CYCLE_WARM: u64 = 99;
const LONGER_CYCLE_WARM: u64 = 126;
const BAND_WARM: u64 = 199;
const SECOND_WARM: u64 = 199;

/// The timeframe of the cycle for base candles of `base`.
///
/// ```
/// use hyperrsi_core::indicator::trend::cycle_timeframe;
/// use hyperrsi_core::model::Timeframe;
/// assert_eq!(cycle_timeframe(Timeframe::M5), Timeframe::M30);
/// ```
pub const fn cycle_timeframe(base: Timeframe) -> Timeframe {
    match base.minutes() {
        ..=3 => Timeframe::M15,
        4..=30 => Timeframe::M30,
        31..=239 => Timeframe::H1,
        240.. => Timeframe::H8,
    }
}

/// The timeframe of the band state for base candles of `base`; finer than the base from 2h on.
pub const fn band_timeframe(base: Timeframe) -> Timeframe {
    match base.minutes() {
        ..=3 => Timeframe::M5,
        4..=15 => Timeframe::M15,
        16.. => Timeframe::H1,
    }
}

/// The trend state of a series of base candles.
///
/// Feed closed candles of the timeframes in [`TrendState::needs`] as they close, and every closed base candle. It does
/// not matter which of two candles that close together comes first. A higher candle that comes after a base candle
/// that opened at or after its close is late: it is used from then on, and readings already given stay as they are.
///
/// ```
/// use hyperrsi_core::indicator::trend::{Trend, TrendState};
/// use hyperrsi_core::model::{Candle, Timeframe, Timestamp};
/// let mut trend = TrendState::new(Timeframe::M1, false, None);
/// assert_eq!(trend.needs(), [Timeframe::M5, Timeframe::M15]);
/// let reading = trend.on_base(&Candle::new(Timestamp::EPOCH, 100.0, 101.0, 99.0, 100.0, 1.0));
/// assert_eq!((reading.state, reading.known()), (Trend::Neutral, None));
/// assert_eq!(trend.anchor(), Some(Timestamp::EPOCH));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrendState {
    base: Timeframe,
    longer: bool,
    anchor: Option<Timestamp>,
    last: Option<Timestamp>,
    /// When a machine's next value may be seen; until then a reading repeats the one before.
    due: Timestamp,
    /// Whether a machine reads the base candles themselves.
    reads_base: bool,
    cycle: Aligned<Cycle>,
    second: Option<Aligned<SecondCycle>>,
    band: Option<Aligned<BandState>>,
    reading: TrendReading,
}

impl TrendState {
    /// For base candles of `base`. `longer` judges by daily and 4-hour candles; otherwise `cycle`, if given, replaces the
    /// timeframe of the cycle, and the band state keeps following the base.
    pub fn new(base: Timeframe, longer: bool, cycle: Option<Timeframe>) -> Self {
        Self::build(base, longer, cycle, false)
    }

    /// As [`TrendState::new`], but also reads what the state itself does not need: the second cycle, and the band state
    /// of the longer variant. For charts; the state is the same.
    pub fn full(base: Timeframe, longer: bool, cycle: Option<Timeframe>) -> Self {
        Self::build(base, longer, cycle, true)
    }

    fn build(base: Timeframe, longer: bool, cycle: Option<Timeframe>, full: bool) -> Self {
        let cycle = if longer {
            Aligned::new(Timeframe::D1, Cycle::longer())
        } else {
            Aligned::new(cycle.unwrap_or_else(|| cycle_timeframe(base)), Cycle::new())
        };
        let second = (longer || full).then(|| Aligned::new(Timeframe::H4, SecondCycle::new()));
        let band = (!longer || full).then(|| Aligned::new(band_timeframe(base), BandState::new()));
        let mut trend = Self {
            base,
            longer,
            anchor: None,
            last: None,
            due: NEVER,
            reads_base: false,
            cycle,
            second,
            band,
            reading: TrendReading::default(),
        };
        trend.reads_base = trend.timeframes().any(|timeframe| timeframe == base);
        trend
    }

    /// The timeframe of the base candles.
    pub const fn base(&self) -> Timeframe {
        self.base
    }

    /// The timeframes to feed through [`TrendState::on_higher`], shortest first. The base is never among them.
    pub fn needs(&self) -> Vec<Timeframe> {
        let mut needs: Vec<_> = self.timeframes().collect();
        needs.sort_unstable();
        needs.dedup();
        needs.retain(|timeframe| *timeframe != self.base);
        needs
    }

    /// The open time of the oldest candle fed, base or higher. Two runs agree only from one anchor.
    pub const fn anchor(&self) -> Option<Timestamp> {
        self.anchor
    }

    /// The reading of the newest base candle.
    pub const fn reading(&self) -> TrendReading {
        self.reading
    }

    /// Feeds a closed candle of a higher timeframe. False if it is not used: the timeframe is not needed (or is the
    /// base, whose candles are fed by [`TrendState::on_base`]), or the candle is not newer than the last one.
    pub fn on_higher(&mut self, timeframe: Timeframe, candle: &Candle) -> bool {
        let open = candle.open_time;
        let used = timeframe != self.base && self.feed(timeframe, open, candle.close);
        if used && self.anchor.is_none_or(|anchor| open < anchor) {
            self.anchor = Some(open);
        }
        used
    }

    /// Feeds the next closed base candle and answers its trend state, which was decided by what had closed when it
    /// opened. A candle that is not newer than the last changes nothing.
    #[inline]
    pub fn on_base(&mut self, candle: &Candle) -> TrendReading {
        let open = candle.open_time;
        if !self.is_next(open) {
            return self.reading;
        }
        self.last = Some(open);
        if self.anchor.is_none() {
            self.anchor = Some(open);
        }
        if self.due <= open {
            self.read(open);
        }
        if self.reads_base {
            self.feed(self.base, open, candle.close);
        }
        self.reading
    }

    /// Whether a base candle that opens at `open` is newer than the last.
    #[inline]
    pub(super) fn is_next(&self, open: Timestamp) -> bool {
        self.last.is_none_or(|last| open > last)
    }

    /// The timeframes of the machines.
    fn timeframes(&self) -> impl Iterator<Item = Timeframe> + use<> {
        let band = self.band.as_ref().map(Aligned::timeframe);
        let second = self.second.as_ref().map(Aligned::timeframe);
        [Some(self.cycle.timeframe()), band, second].into_iter().flatten()
    }

    /// Feeds the close of a closed candle to every machine of its timeframe.
    pub(super) fn feed(&mut self, timeframe: Timeframe, open: Timestamp, close: f64) -> bool {
        let mut used = self.cycle.feed(timeframe, open, close);
        used |= self.band.as_mut().is_some_and(|band| band.feed(timeframe, open, close));
        used |= self.second.as_mut().is_some_and(|second| second.feed(timeframe, open, close));
        if used {
            self.due = self.due.min(open + timeframe.span());
        }
        used
    }

    /// The state of the base candle that opens at `open`. With the same values as before it would be the same state, so
    /// it is worked out only when there are new ones.
    fn read(&mut self, open: Timestamp) {
        let cycle = self.cycle.at(open);
        let band = self.band.as_mut().and_then(|band| band.at(open));
        let second = self.second.as_mut().and_then(|second| second.at(open));
        let due = self.band.as_ref().map_or(NEVER, Aligned::due);
        let second_due = self.second.as_ref().map_or(NEVER, Aligned::due);
        self.due = self.cycle.due().min(due).min(second_due);
        let mut phase = cycle.map_or_else(Phase::default, |said| said.value);
        let second_phase = second.map_or_else(Phase::default, |said| said.value);
        let (ready, led_up, led_down) = if self.longer {
            phase.bull &= second_phase.bull;
            phase.bear &= second_phase.bear;
            (warm(cycle, LONGER_CYCLE_WARM) && warm(second, SECOND_WARM), true, true)
        } else {
            let leads = |wanted| band.is_some_and(|said| said.value == wanted);
            (warm(cycle, CYCLE_WARM) && warm(band, BAND_WARM), leads(Band::Up), leads(Band::Down))
        };
        let Phase { bull, bear } = phase;
        let mut state = self.reading.state;
        // Four steps in this order, so that a state can flip within one candle.
        if bull && led_up {
            state = Trend::Up;
        }
        if state == Trend::Up && !bull {
            state = Trend::Neutral;
        }
        if bear && led_down {
            state = Trend::Down;
        }
        if state == Trend::Down && !bear {
            state = Trend::Neutral;
        }
        self.reading = TrendReading {
            state,
            ready,
            cycle: phase,
            second: second_phase,
            band: band.map(|said| said.value),
        };
    }
}

/// Whether a machine has seen the candle at `index`.
fn warm<T>(said: Option<Said<T>>, index: u64) -> bool {
    said.is_some_and(|said| said.index >= index)
}
