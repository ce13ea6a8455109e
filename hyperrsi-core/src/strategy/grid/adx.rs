//! Whether a trend is strong, with hysteresis (TRADING 16.6).

use crate::indicator::{Dmi, DmiValue, Indicator, LengthError};
use crate::model::{Candle, PositionSide};
use serde::{Deserialize, Serialize};

/// ADX(14) on closed candles: strong from `on`, no longer below `off` or when the directional indices change places.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct AdxFilter {
    dmi: Dmi,
    on: f64,
    off: f64,
    /// The side a strong trend favours.
    strong: Option<PositionSide>,
}

impl AdxFilter {
    pub(super) fn new(on: f64, off: f64) -> Result<Self, LengthError> {
        Ok(Self { dmi: Dmi::new(14, 14)?, on, off, strong: None })
    }

    pub(super) fn update(&mut self, candle: &Candle) {
        if let Some(value) = self.dmi.update(*candle) {
            self.judge(value);
        }
    }

    fn judge(&mut self, DmiValue { plus, minus, adx }: DmiValue) {
        let Some(adx) = adx else { return };
        let favoured = if plus > minus {
            Some(PositionSide::Long)
        } else if minus > plus {
            Some(PositionSide::Short)
        } else {
            None
        };
        if adx >= self.on {
            self.strong = favoured;
        } else if adx < self.off || favoured != self.strong {
            self.strong = None;
        }
    }

    /// What another one has seen, judged by these limits from now on.
    pub(super) fn resume(&mut self, saved: Self) {
        *self = Self { on: self.on, off: self.off, ..saved };
    }

    /// The newest ADX, once it is known.
    pub(super) fn adx(&self) -> Option<f64> {
        self.dmi.value().and_then(|value| value.adx)
    }

    /// The side a strong trend favours, if there is one.
    pub(super) const fn strong(&self) -> Option<PositionSide> {
        self.strong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trend_is_strong_until_it_fades_or_turns() {
        const LONG: Option<PositionSide> = Some(PositionSide::Long);
        const SHORT: Option<PositionSide> = Some(PositionSide::Short);
        let mut filter = AdxFilter::new(25.0, 20.0).unwrap();
        for (plus, minus, adx, expected) in [
            (30.0, 10.0, None, None),
            (30.0, 10.0, Some(24.9), None), // not yet
            (30.0, 10.0, Some(25.0), LONG),
            (30.0, 10.0, Some(20.0), LONG), // between off and on it goes on
            (30.0, 10.0, Some(19.9), None),
            (30.0, 10.0, Some(22.0), None), // and does not come back there
            (10.0, 30.0, Some(40.0), SHORT),
            (30.0, 10.0, Some(22.0), None), // turned without strength
            (10.0, 30.0, Some(40.0), SHORT),
            (30.0, 10.0, Some(40.0), LONG), // turned with strength
            (20.0, 20.0, Some(40.0), None),
        ] {
            filter.judge(DmiValue { plus, minus, adx });
            assert_eq!(filter.strong(), expected, "{plus} {minus} {adx:?}");
        }
    }
}
