use super::{Distance, HedgePlan};
use crate::model::{Arithmetic, Instrument, Overflow, PositionSide, Price};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// What the spacing of further entries is measured from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LevelReference {
    /// The average entry price of the leg.
    #[default]
    Average,
    /// The price of its newest entry.
    LastEntry,
}

/// Further entries into an open leg, as data (TRADING 10).
///
/// Whether one is due is the strategy's to say: the trader shows it the level and the size of the next one
/// ([`NextEntry`](crate::strategy::NextEntry)). With [`resting`](Self::resting) the trader itself keeps a limit order at
/// the level.
///
/// ```
/// use hyperrsi_core::model::{Instrument, InstrumentId, PositionSide, Price};
/// use hyperrsi_core::position::{Distance, ExtraEntries};
/// use rust_decimal_macros::dec;
/// let mut btc = Instrument::linear(InstrumentId::new("sim", "BTCUSDT"), "BTC", "USDT");
/// btc.tick = dec!(0.1);
/// let extra = ExtraEntries::new(4, Distance::percent(dec!(3))).multiplied_by(dec!(1.5));
/// let average = Price::new(dec!(50000));
/// let level = extra.level(&btc, PositionSide::Long, average, average, None)?;
/// assert_eq!(level, Some(Price::new(dec!(48500))));
/// assert_eq!(extra.factor(2)?, dec!(2.25)); // the third entry
/// # Ok::<(), hyperrsi_core::model::Overflow>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExtraEntries {
    /// Most entries of a leg, the first included.
    pub limit: u32,
    /// How far the next level lies from the reference.
    pub spacing: Distance,
    /// What it is measured from.
    pub reference: LevelReference,
    /// Entry `n + 1` is the first one's amount times `multiplier^n`.
    pub multiplier: Decimal,
    /// Whether the next level rests on the venue as a limit order.
    pub resting: bool,
}

impl ExtraEntries {
    /// Up to `limit` entries, spaced from the leg's average, all of the same amount, none resting.
    pub const fn new(limit: u32, spacing: Distance) -> Self {
        Self { limit, spacing, reference: LevelReference::Average, multiplier: Decimal::ONE, resting: false }
    }
    /// Each entry that many times as large as the one before.
    #[must_use]
    pub const fn multiplied_by(mut self, multiplier: Decimal) -> Self {
        self.multiplier = multiplier;
        self
    }
    /// Spaced from the newest entry instead of the average.
    #[must_use]
    pub const fn from_last_entry(mut self) -> Self {
        self.reference = LevelReference::LastEntry;
        self
    }
    /// The next level rests on the venue as a limit order.
    #[must_use]
    pub const fn resting(mut self) -> Self {
        self.resting = true;
        self
    }

    /// The price of the next entry, rounded away from the market; `None` if it needs an ATR that is not known. May be
    /// zero or below: there is no further entry then.
    ///
    /// # Errors
    /// [`Overflow`] when the price leaves the range of a decimal.
    pub fn level(
        &self,
        instrument: &Instrument,
        side: PositionSide,
        average: Price,
        last_entry: Price,
        atr: Option<Decimal>,
    ) -> Result<Option<Price>, Overflow> {
        let reference = match self.reference {
            LevelReference::Average => average.get(),
            LevelReference::LastEntry => last_entry.get(),
        };
        let Some(distance) = self.spacing.at(reference, atr)? else { return Ok(None) };
        let raw = reference.minus(side.sign().times(distance)?)?;
        instrument.round_resting_entry(side, raw).map(Some)
    }

    /// `multiplier^n`: by how much the entry after `n` entries is larger than the first.
    ///
    /// # Errors
    /// [`Overflow`] when the factor leaves the range of a decimal.
    pub fn factor(&self, n: u32) -> Result<Decimal, Overflow> {
        (0..n).try_fold(Decimal::ONE, |factor, _| factor.times(self.multiplier))
    }
}

/// What may follow the first entry of a leg, as data: further entries, and a hedge on the other side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryPlan {
    /// Further entries, if any.
    pub extra: Option<ExtraEntries>,
    /// A hedge, if any.
    pub hedge: Option<HedgePlan>,
}

impl EntryPlan {
    /// Further entries and no hedge.
    pub const fn extra(extra: ExtraEntries) -> Self {
        Self { extra: Some(extra), hedge: None }
    }
    /// The same with a hedge.
    #[must_use]
    pub const fn with_hedge(mut self, hedge: HedgePlan) -> Self {
        self.hedge = Some(hedge);
        self
    }
    /// Whether nothing follows the first entry.
    pub const fn is_empty(&self) -> bool {
        self.extra.is_none() && self.hedge.is_none()
    }
    /// Whether a distance needs an ATR.
    pub const fn needs_atr(&self) -> bool {
        matches!(&self.extra, Some(extra) if extra.spacing.needs_atr())
    }
}
