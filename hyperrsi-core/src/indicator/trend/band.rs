use super::{Machine, extreme::Extreme, moments::Moments};
use crate::indicator::{exact::mean, window::Window};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering::{Greater, Less};

/// What the bands do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Band {
    /// They widen and price leads upwards: 2.
    Up,
    /// They widen and price leads downwards: -2.
    Down,
    /// They are squeezed: -1.
    Squeeze,
    /// None of these: 0.
    #[default]
    Neutral,
}

impl Band {
    /// The number charts plot: 2, -2, -1 or 0.
    pub const fn as_i8(self) -> i8 {
        match self {
            Self::Up => 2,
            Self::Down => -2,
            Self::Squeeze => -1,
            Self::Neutral => 0,
        }
    }
}

/// Candles in the short and the long band, and band widths in their average.
const SHORT: usize = 15;
const LONG: usize = 60;
const WIDTHS: usize = 100;
/// Deviations from the mean to either band.
const REACH: f64 = 1.5;
/// A pivot is compared with so many earlier widths (of the short and the long band) and so many later ones.
const EARLIER: usize = 20;
const EARLIER_LONG: usize = 30;
const LATER: usize = 10;
const SPAN: usize = EARLIER + 1 + LATER;
const LONG_SPAN: usize = EARLIER_LONG + 1 + LATER;
/// So many falls in a row count as falling.
const FALLS: u64 = 3;
/// A pivot needs that many candles before the newest, whether or not they had a width.
const FIRST_PIVOT: u64 = 30;
/// How many pivots are remembered.
const PIVOTS: usize = 50;
/// What stands in for the mean pivot while there is none.
const DEFAULT_PIVOT: f64 = 5.0;
/// Share of the mean high pivot that counts as wide; its inverse, of the mean low pivot, as tight.
const SHARE: f64 = 0.7;

/// Remembered pivots and their mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Pivots {
    values: Window,
    mean: Option<f64>,
}

impl Pivots {
    fn new() -> Self {
        Self { values: Window::new(PIVOTS), mean: None }
    }

    #[cold]
    fn collect(&mut self, value: f64) {
        self.values.push(value);
        self.mean = mean(self.values.values());
    }
}

/// Everything [`BandState`] works with, for charts and comparisons. Widths are ten times the distance of the bands as a
/// fraction of their middle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BandReading {
    /// Width of the short band.
    pub width: Option<f64>,
    /// Where the close lies in it: 0 on the lower band, 1 on the upper.
    pub position: Option<f64>,
    /// Mean of the newest 100 widths.
    pub width_mean: Option<f64>,
    /// Width of the long band.
    pub long_width: Option<f64>,
    /// Above this width the bands are wide.
    pub wide: Option<f64>,
    /// Below this width they are squeezed.
    pub tight: Option<f64>,
    /// The same for the long band.
    pub long_tight: Option<f64>,
    /// High pivot of the width confirmed by this candle.
    pub high: Option<f64>,
    /// Low pivot of the width confirmed by this candle.
    pub low: Option<f64>,
    /// Low pivot of the long width confirmed by this candle.
    pub long_low: Option<f64>,
    /// The width fell three times in a row.
    pub falling: bool,
    /// The width rose.
    pub rising: bool,
}

/// Bollinger bands (15 candles, 1.5 deviations) leaving or entering a squeeze, measured against the pivots of their own
/// width.
///
/// A state persists until another is entered. Means and deviations follow from the closes of their window alone, to the
/// last bit: quiet markets make exact ties, which rounding must not decide.
///
/// ```
/// use hyperrsi_core::indicator::trend::{Band, BandState};
/// let mut bands = BandState::new();
/// for i in 0..200 {
///     bands.update(100.0 + f64::from(i % 7) * 0.01);
/// }
/// assert_eq!(bands.state(), Band::Squeeze); // no low pivot has been collected yet
/// assert!(bands.reading().width.is_some());
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BandState {
    candles: u64,
    closes: Window,
    #[serde(skip)]
    moments: Moments<SHORT, LONG>,
    widths: Window,
    /// How many times in a row the width has fallen.
    falls: u64,
    highest: Extreme<SPAN>,
    lowest: Extreme<SPAN>,
    long_widths: Window,
    long_lowest: Extreme<LONG_SPAN>,
    highs: Pivots,
    lows: Pivots,
    long_lows: Pivots,
    /// Whether the long band was last seen below its tight width, or has not been seen.
    long_squeezed: bool,
    /// Whether the newest width was at most its `wide`.
    was_narrow: bool,
    state: Band,
    /// Without the mean of the widths.
    reading: BandReading,
}

impl BandState {
    /// Before the first candle.
    pub fn new() -> Self {
        Self {
            candles: 0,
            closes: Window::new(LONG),
            moments: Moments::default(),
            widths: Window::new(WIDTHS),
            falls: 0,
            highest: Extreme::new(),
            lowest: Extreme::new(),
            long_widths: Window::new(LONG_SPAN),
            long_lowest: Extreme::new(),
            highs: Pivots::new(),
            lows: Pivots::new(),
            long_lows: Pivots::new(),
            long_squeezed: true,
            was_narrow: false,
            state: Band::Neutral,
            reading: BandReading::default(),
        }
    }

    /// Takes the close of the next closed candle.
    pub fn update(&mut self, close: f64) -> Band {
        self.candles = self.candles.saturating_add(1);
        self.moments.push(close, &mut self.closes);
        if self.closes.len() >= SHORT {
            self.measure(close);
            self.decide();
        }
        self.state
    }

    /// The state after the newest close.
    pub const fn state(&self) -> Band {
        self.state
    }

    /// What the state was decided by.
    pub fn reading(&self) -> BandReading {
        BandReading { width_mean: width_mean(&self.widths), ..self.reading }
    }

    /// Whether the long band counts as squeezed; true until it has been measured.
    pub const fn is_long_squeezed(&self) -> bool {
        self.long_squeezed
    }

    /// The widths and their pivots.
    #[inline]
    fn measure(&mut self, close: f64) {
        let (width, lower, spread) = bands(self.moments.short(&self.closes));
        let reading = &mut self.reading;
        let before = reading.width.unwrap_or(width);
        self.falls = if width < before { self.falls + 1 } else { 0 };
        (reading.falling, reading.rising) = (self.falls >= FALLS, width > before);
        self.widths.push(width);
        reading.width = Some(width);
        reading.position = (spread > 0.0).then(|| (close - lower) / spread);
        self.highest.update(width, Greater, || self.widths.newest(SPAN));
        self.lowest.update(width, Less, || self.widths.newest(SPAN));
        if self.candles > FIRST_PIVOT {
            reading.high = self.highest.confirmed(LATER);
            reading.low = self.lowest.confirmed(LATER);
        }
        if self.closes.is_full() {
            let (long_width, _, _) = bands(self.moments.long(&self.closes));
            self.long_widths.push(long_width);
            reading.long_width = Some(long_width);
            self.long_lowest.update(long_width, Less, || self.long_widths.values());
            reading.long_low = self.long_lowest.confirmed(LATER);
        }
    }

    /// Collects the pivots, then takes the steps in their order; each sees the state the one before left.
    #[inline]
    fn decide(&mut self) {
        let reading = &mut self.reading;
        let Some(width) = reading.width else { return };
        // The mean is summed afresh where it matters, which is seldom: nothing of earlier widths is left in it.
        if (reading.high.is_some() || reading.low.is_some())
            && let Some(mean) = width_mean(&self.widths)
        {
            match (reading.high, reading.low) {
                (Some(high), _) if width > mean && high > 0.0 => self.highs.collect(high),
                (_, Some(low)) if width < mean && low > 0.0 => self.lows.collect(low),
                _ => {}
            }
        }
        if let Some(long_width) = reading.long_width {
            match reading.long_low {
                Some(low) if long_width < 1.0 && low > 0.0 => self.long_lows.collect(low),
                _ => {}
            }
            let tight = self.long_lows.mean.unwrap_or_else(|| long_width.min(DEFAULT_PIVOT)) / SHARE;
            reading.long_tight = Some(tight);
            if long_width > tight {
                self.long_squeezed = false;
            } else if long_width < tight {
                self.long_squeezed = true;
            }
        }
        let wide = SHARE * self.highs.mean.unwrap_or_else(|| width.max(DEFAULT_PIVOT));
        let low_mean = self.lows.mean.unwrap_or_else(|| width.min(DEFAULT_PIVOT));
        let tight = low_mean / SHARE;
        (reading.wide, reading.tight) = (Some(wide), Some(tight));

        let widened = width > wide && self.was_narrow;
        self.was_narrow = width <= wide;
        let above = |level: f64| reading.position.is_some_and(|position| position > level);
        let below = |level: f64| reading.position.is_some_and(|position| position < level);
        let mut state = self.state;
        if widened && above(0.5) {
            state = Band::Up;
        } else if widened && below(0.5) {
            state = Band::Down;
        }
        if width < tight && self.long_squeezed {
            state = Band::Squeeze;
        }
        if state == Band::Up && below(0.2) {
            state = Band::Down;
        }
        if state == Band::Down && above(0.8) {
            state = Band::Up;
        }
        let over = match state {
            Band::Up | Band::Down => reading.falling,
            Band::Squeeze => width > low_mean && reading.rising,
            Band::Neutral => false,
        };
        self.state = if over { Band::Neutral } else { state };
    }
}

/// Mean of the widths once there are enough of them.
fn width_mean(widths: &Window) -> Option<f64> {
    widths.is_full().then(|| mean(widths.values())).flatten()
}

/// Width of the bands around a mean, the lower band, and the distance between the two.
#[inline]
fn bands((middle, deviation): (f64, f64)) -> (f64, f64, f64) {
    let reach = REACH * deviation;
    let (upper, lower) = (middle + reach, middle - reach);
    ((upper - lower) * 10.0 / middle, lower, upper - lower)
}

impl Default for BandState {
    fn default() -> Self {
        Self::new()
    }
}

impl Machine for BandState {
    type Output = Band;
    fn close(&mut self, close: f64) -> Band {
        self.update(close)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flat_market_has_no_width_and_no_position() {
        let mut bands = BandState::new();
        for _ in 0..150 {
            assert_eq!(bands.update(0.1), Band::Neutral);
        }
        let reading = bands.reading();
        assert_eq!((reading.width, reading.position, reading.width_mean), (Some(0.0), None, Some(0.0)));
        assert_eq!((reading.wide, reading.tight), (Some(3.5), Some(0.0)));
    }

    #[test]
    fn measures_appear_when_their_windows_are_full() {
        let mut bands = BandState::new();
        for i in 0..114 {
            bands.update(100.0 + f64::from(i * i % 13));
            let reading = bands.reading();
            assert_eq!(reading.width.is_some(), i >= 14);
            assert_eq!(reading.long_width.is_some(), i >= 59);
            assert_eq!(reading.width_mean.is_some(), i >= 113);
        }
    }
}
