use crate::model::{Price, Span, Timestamp};
use rust_decimal::Decimal;

/// One funding: at `time`, a long pays `quantity × mark × rate` to the short (TRADING 14.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FundingRate {
    /// When it is due.
    pub time: Timestamp,
    /// The rate as a fraction: `0.0001` is 0.01 %. Positive: longs pay.
    pub rate: Decimal,
    /// The mark price then, if the data tells it.
    pub mark: Option<Price>,
}

/// A funding that does not continue its series.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FundingError {
    /// Two different rates for one time.
    #[error("two funding rates at {time}: {first} and {second}; keep the right one")]
    Conflict {
        /// The time, rounded to the minute.
        time: Timestamp,
        /// The rate seen first.
        first: Decimal,
        /// The other one.
        second: Decimal,
    },
    /// A rate no venue charges: probably a percentage.
    #[error("the funding rate {rate} at {time} is {} %; rates are fractions, 0.0001 for 0.01 %", rate * Decimal::ONE_HUNDRED)]
    NotAFraction {
        /// The time.
        time: Timestamp,
        /// What was given.
        rate: Decimal,
    },
    /// A mark price that is none.
    #[error("the mark price {mark} at {time} is not above zero")]
    Mark {
        /// The time.
        time: Timestamp,
        /// What was given.
        mark: Decimal,
    },
}

/// What venues stamp some milliseconds late belongs to the minute it was due at.
const GRAIN: i64 = 60_000;

/// The largest rate taken for one; venues cap theirs at a few percent.
const LARGEST: Decimal = Decimal::from_parts(2, 0, 0, false, 1);

/// Funding rates of one instrument, oldest first. Times are rounded to the minute.
///
/// ```
/// use hyperrsi_core::model::Timestamp;
/// use hyperrsi_core::series::FundingRates;
/// use rust_decimal_macros::dec;
/// let late = "2024-01-01T08:00:00.012Z".parse::<Timestamp>()?;
/// let mut rates = FundingRates::default();
/// rates.push(late, dec!(0.0001), None)?;
/// assert_eq!(rates.rows()[0].time.to_string(), "2024-01-01T08:00:00Z");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FundingRates {
    rows: Vec<FundingRate>,
}

impl FundingRates {
    /// How often funding is due where nothing else is said: every 8 hours, at 00:00, 08:00 and 16:00 UTC.
    pub const INTERVAL: Span = Span::hours(8);

    /// Adds a funding, in any order; the same one twice counts once.
    ///
    /// # Errors
    /// [`FundingError`] for a second, different rate of one time, a rate above 20 %, a mark that is not above zero.
    pub fn push(&mut self, time: Timestamp, rate: Decimal, mark: Option<Price>) -> Result<(), FundingError> {
        let time = Timestamp::from_millis(time.millis().saturating_add(GRAIN / 2).div_euclid(GRAIN) * GRAIN);
        if rate.abs() > LARGEST {
            return Err(FundingError::NotAFraction { time, rate });
        }
        if let Some(mark) = mark.filter(|mark| !mark.is_positive()) {
            return Err(FundingError::Mark { time, mark: mark.get() });
        }
        let at = self.rows.partition_point(|row| row.time < time);
        match self.rows.get(at) {
            Some(row) if row.time == time => {
                if row.rate == rate {
                    return Ok(());
                }
                Err(FundingError::Conflict { time, first: row.rate, second: rate })
            }
            _ => {
                self.rows.insert(at, FundingRate { time, rate, mark });
                Ok(())
            }
        }
    }

    /// All of them, oldest first.
    pub fn rows(&self) -> &[FundingRate] {
        &self.rows
    }
    /// How many there are.
    pub const fn len(&self) -> usize {
        self.rows.len()
    }
    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
    /// The one due at `time`.
    pub fn at(&self, time: Timestamp) -> Option<&FundingRate> {
        let at = self.rows.partition_point(|row| row.time < time);
        self.rows.get(at).filter(|row| row.time == time)
    }
}
