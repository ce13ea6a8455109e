use super::Refused;
use crate::model::{Amount, InstrumentId, Opening, PositionSide, Quantity, Timestamp};
use serde::{Deserialize, Serialize};

/// One leg as risk sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exposure {
    /// The instrument.
    pub instrument: InstrumentId,
    /// Long or short.
    pub side: PositionSide,
    /// Open quantity, base units.
    pub quantity: Quantity,
    /// Entry value of what is open, quote units.
    pub cost: Amount,
    /// Value of openings that are reserved, in flight or unknown.
    pub in_flight: Amount,
}

/// What a risk manager may look at: an account at one moment. Journaled, so that every verdict can be replayed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AccountView {
    /// When.
    pub now: Timestamp,
    /// Balance plus unrealised profit.
    pub equity: Amount,
    /// What new orders may use, reservations taken off.
    pub available: Amount,
    /// Highest equity seen.
    pub equity_peak: Amount,
    /// Net profit since 00:00 UTC, realised.
    pub day_pnl: Amount,
    /// Net losses in a row over all traders of the account.
    pub losing_streak: u32,
    /// Every open leg and every opening on its way.
    pub exposures: Vec<Exposure>,
}

impl AccountView {
    /// Entry value of everything open or on its way, quote units.
    pub fn gross_exposure(&self) -> Amount {
        self.exposures.iter().fold(Amount::ZERO, |sum, leg| {
            sum.plus(leg.cost).and_then(|sum| sum.plus(leg.in_flight)).unwrap_or(sum)
        })
    }
}

/// What a risk manager says of an opening.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// As asked.
    Allow,
    /// Smaller, and why.
    Shrink(Quantity, String),
    /// Not at all.
    Refuse(Refused),
}

/// A rule over an account that every opening has to pass. Exits never do (I2).
///
/// ```
/// use hyperrsi_core::model::{Amount, Opening};
/// use hyperrsi_core::risk::{AccountView, Refusal, Refused, RiskManager, Verdict};
/// /// No new exposure after a losing day.
/// struct DailyLossLimit(Amount);
/// impl RiskManager for DailyLossLimit {
///     fn review(&self, view: &AccountView, _: &Opening) -> Verdict {
///         if view.day_pnl.get() <= -self.0.get() {
///             return Verdict::Refuse(Refused::new(Refusal::RiskLimit, "daily loss limit reached"));
///         }
///         Verdict::Allow
///     }
/// }
/// ```
pub trait RiskManager: Send {
    /// Pure: the same view and opening give the same verdict.
    fn review(&self, view: &AccountView, opening: &Opening) -> Verdict;
}
