use super::{Indicator, LengthError, TrueRange, factor, seeded::Seeded};
use crate::model::Candle;
use serde::{Deserialize, Serialize};

/// One value of [`Dmi`], all 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DmiValue {
    /// `+DI`: the share of the range that was upward movement.
    pub plus: f64,
    /// `-DI`: the share of the range that was downward movement.
    pub minus: f64,
    /// `ADX`: how one-sided the movement has been; `None` until it is warm, later than the two.
    pub adx: Option<f64>,
}

/// Directional movement and average directional index (Wilder, 1978; `ta.dmi`).
///
/// A candle's upward movement counts if it exceeds the downward one and is positive, and the other way round; equal
/// movements count for neither. `DI = 100 RMA(movement) / RMA(true range)` from the second candle on, first at index
/// `n`; `ADX = 100 RMA(|+DI - -DI| / (+DI + -DI))`, first at index `n + smoothing - 1`.
///
/// Movements are differences of decimal prices held in binary, so *equal* means equal to 1e-12 of the price: a tie must
/// not be decided by the last bit.
///
/// ```
/// use hyperrsi_core::indicator::{Dmi, Indicator};
/// use hyperrsi_core::model::{Candle, Timestamp};
/// let mut dmi = Dmi::new(2, 2)?;
/// let up = |i: i32| {
///     let open_time = Timestamp::from_millis(i64::from(i) * 60_000);
///     let low = f64::from(i);
///     Candle::new(open_time, low, low + 1.0, low, low + 1.0, 1.0)
/// };
/// let values: Vec<_> = (100..104).map(|i| dmi.update(up(i))).collect();
/// assert_eq!(values[1], None);
/// assert_eq!(values[2].map(|v| (v.plus, v.minus, v.adx)), Some((100.0, 0.0, None)));
/// assert_eq!(values[3].and_then(|v| v.adx), Some(100.0));
/// # Ok::<(), hyperrsi_core::indicator::LengthError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dmi {
    tie: f64,
    previous: Option<(f64, f64)>,
    range: TrueRange,
    average_range: Seeded,
    up: Seeded,
    down: Seeded,
    index: Seeded,
    value: Option<DmiValue>,
}

impl Dmi {
    /// Movement averaged over `length` candles, the index over `smoothing`; 14 and 14 are usual.
    ///
    /// # Errors
    /// If a length is 0 or above 65536.
    pub fn new(length: usize, smoothing: usize) -> Result<Self, LengthError> {
        Self::with_tie(length, smoothing, 1e-12)
    }

    /// As [`Dmi::new`], with movements counted as equal when they differ by at most `tie` times the price. 0 decides by
    /// the last bit, as TA-Lib does.
    ///
    /// # Errors
    /// If a length is 0 or above 65536.
    pub fn with_tie(length: usize, smoothing: usize, tie: f64) -> Result<Self, LengthError> {
        let wilder = |name, n| Ok(Seeded::new(super::length(name, n, 1)?, 1.0 / factor(n)));
        let movement = wilder("DMI length", length)?;
        Ok(Self {
            tie,
            previous: None,
            range: TrueRange::new(),
            average_range: movement.clone(),
            up: movement.clone(),
            down: movement,
            index: wilder("ADX smoothing", smoothing)?,
            value: None,
        })
    }
}

impl Indicator for Dmi {
    type Input = Candle;
    type Output = DmiValue;

    fn update(&mut self, candle: Candle) -> Option<DmiValue> {
        let range = self.range.update(candle)?;
        let (high, low) = self.previous.replace((candle.high, candle.low))?;
        let (up, down) = (candle.high - high, low - candle.low);
        let tie = self.tie * candle.high;
        let average_range = self.average_range.update(range);
        let plus = self.up.update(if up - down > tie && up > 0.0 { up } else { 0.0 });
        let minus = self.down.update(if down - up > tie && down > 0.0 { down } else { 0.0 });
        let (average_range, plus, minus) = (average_range?, plus?, minus?);
        // No range at all: keep the last shares rather than divide by zero.
        let (plus, minus) = if average_range > 0.0 {
            (100.0 * plus / average_range, 100.0 * minus / average_range)
        } else {
            self.value.map_or((0.0, 0.0), |value| (value.plus, value.minus))
        };
        let both = plus + minus;
        let one_sided = if both > 0.0 { (plus - minus).abs() / both } else { 0.0 };
        let adx = self.index.update(one_sided).map(|index| 100.0 * index);
        self.value = Some(DmiValue { plus, minus, adx });
        self.value
    }

    fn value(&self) -> Option<DmiValue> {
        self.value
    }

    fn reset(&mut self) {
        self.previous = None;
        self.range.reset();
        for average in [&mut self.average_range, &mut self.up, &mut self.down, &mut self.index] {
            average.reset();
        }
        self.value = None;
    }
}
