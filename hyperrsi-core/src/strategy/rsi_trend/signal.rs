use super::settings::{EntryMode, Settings};
use crate::model::PositionSide;
use rust_decimal::prelude::ToPrimitive;

/// Which RSI movement is an entry signal (TRADING 3). `p` is the RSI of the candle before, `c` of the newest one; nothing
/// is rounded before it is compared.
///
/// ```
/// use hyperrsi_core::model::PositionSide;
/// use hyperrsi_core::strategy::rsi_trend::Signal;
/// use hyperrsi_core::strategy::rsi_trend::settings::Settings;
/// let signal = Signal::new(&Settings::default()); // break_through 30 / 70
/// assert_eq!(signal.side(31.0, 29.0), Some(PositionSide::Long));
/// assert_eq!(signal.side(69.0, 71.0), Some(PositionSide::Short));
/// assert_eq!(signal.side(50.0, 50.0), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Signal {
    mode: EntryMode,
    oversold: f64,
    overbought: f64,
}

impl Signal {
    /// From the settings.
    pub fn new(settings: &Settings) -> Self {
        Self {
            mode: settings.entry.mode,
            oversold: settings.entry.rsi.oversold.to_f64().unwrap_or(f64::NAN),
            overbought: settings.entry.rsi.overbought.to_f64().unwrap_or(f64::NAN),
        }
    }

    /// The side that signals. Never both: oversold lies below overbought (TRADING 3.2).
    #[inline]
    pub fn side(&self, p: f64, c: f64) -> Option<PositionSide> {
        if self.signals(PositionSide::Long, p, c) {
            Some(PositionSide::Long)
        } else if self.signals(PositionSide::Short, p, c) {
            Some(PositionSide::Short)
        } else {
            None
        }
    }

    /// Whether one side signals.
    #[inline]
    pub fn signals(&self, side: PositionSide, p: f64, c: f64) -> bool {
        // A short is a long on the mirrored RSI.
        let (p, c, line) = match side {
            PositionSide::Long => (p, c, self.oversold),
            PositionSide::Short => (-p, -c, -self.overbought),
        };
        match self.mode {
            EntryMode::BreakThrough => p > line && c <= line,
            EntryMode::Inflection => (p < line || c < line) && c > p,
            EntryMode::InflectionBreakThrough => p < line && c >= line,
            EntryMode::Beyond => c < line,
        }
    }

    /// The comparison that decides about `c`, and its line, for records.
    pub(super) const fn comparison(&self, side: PositionSide) -> (&'static str, f64) {
        let line = match side {
            PositionSide::Long => self.oversold,
            PositionSide::Short => self.overbought,
        };
        let op = match (self.mode, side) {
            (EntryMode::BreakThrough, PositionSide::Long)
            | (EntryMode::InflectionBreakThrough, PositionSide::Short) => "<=",
            (EntryMode::BreakThrough, PositionSide::Short)
            | (EntryMode::InflectionBreakThrough, PositionSide::Long) => ">=",
            (EntryMode::Beyond | EntryMode::Inflection, PositionSide::Long) => "<",
            (EntryMode::Beyond | EntryMode::Inflection, PositionSide::Short) => ">",
        };
        (op, line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MODES: [EntryMode; 4] = [
        EntryMode::BreakThrough,
        EntryMode::Inflection,
        EntryMode::InflectionBreakThrough,
        EntryMode::Beyond,
    ];

    fn signals(side: PositionSide, p: f64, c: f64) -> [bool; 4] {
        MODES.map(|mode| Signal { mode, oversold: 30.0, overbought: 70.0 }.signals(side, p, c))
    }

    #[test]
    fn t03_long_signals() {
        for (p, c, expected) in [
            (31.0, 29.0, [true, false, false, true]),
            (29.0, 31.0, [false, true, true, false]),
            (25.0, 27.0, [false, true, false, true]),
            (30.0, 30.0, [false, false, false, false]),
            (31.0, 30.0, [true, false, false, false]),
            (29.0, 30.0, [false, true, true, false]),
            (28.0, 26.0, [false, false, false, true]),
        ] {
            assert_eq!(signals(PositionSide::Long, p, c), expected, "p {p}, c {c}");
        }
    }

    #[test]
    fn t04_short_signals() {
        for (p, c, expected) in [
            (69.0, 71.0, [true, false, false, true]),
            (71.0, 69.0, [false, true, true, false]),
            (75.0, 73.0, [false, true, false, true]),
            (70.0, 70.0, [false, false, false, false]),
            (71.0, 70.0, [false, true, true, false]),
        ] {
            assert_eq!(signals(PositionSide::Short, p, c), expected, "p {p}, c {c}");
        }
    }

    proptest! {
        #[test]
        fn v8_long_and_short_are_never_both_true(
            p in 0.0..=100.0_f64, c in 0.0..=100.0_f64, oversold in 0.0..=99.0_f64, gap in 0.001..=50.0_f64,
        ) {
            for mode in MODES {
                let signal = Signal { mode, oversold, overbought: oversold + gap };
                prop_assert!(!(signal.signals(PositionSide::Long, p, c) && signal.signals(PositionSide::Short, p, c)));
            }
        }
    }
}
