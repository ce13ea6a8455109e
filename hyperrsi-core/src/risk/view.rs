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
    /// Deposits plus everything realised.
    pub balance: Amount,
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
    /// An account with nothing open that has neither won nor lost yet: where a test of a rule begins.
    pub const fn flat(now: Timestamp, balance: Amount) -> Self {
        Self {
            now,
            balance,
            equity: balance,
            available: balance,
            equity_peak: balance,
            day_pnl: Amount::ZERO,
            losing_streak: 0,
            exposures: Vec::new(),
        }
    }

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

/// A rule over an account that every opening has to pass. Exits never do (I2). Rules for common limits exist
/// ([`DailyLossLimit`](super::DailyLossLimit), [`ExposureCap`](super::ExposureCap), ...), and [`All`](super::All) puts
/// several together.
///
/// ```
/// use hyperrsi_core::model::{Amount, Opening, Timestamp};
/// use hyperrsi_core::risk::{AccountView, Refusal, Refused, RiskManager, Verdict};
/// /// Keeps a part of the money out of reach.
/// struct Reserve(Amount);
/// impl RiskManager for Reserve {
///     fn review(&self, view: &AccountView, opening: &Opening) -> Verdict {
///         if view.available.get() - opening.margin.get() < self.0.get() {
///             return Verdict::Refuse(Refused::new(Refusal::RiskLimit, "the reserve is not to be used"));
///         }
///         Verdict::Allow
///     }
/// }
/// ```
pub trait RiskManager: Send + Sync {
    /// Pure: the same view and opening give the same verdict.
    fn review(&self, view: &AccountView, opening: &Opening) -> Verdict;
}

impl<T: RiskManager + ?Sized> RiskManager for std::sync::Arc<T> {
    fn review(&self, view: &AccountView, opening: &Opening) -> Verdict {
        (**self).review(view, opening)
    }
}

impl<T: RiskManager + ?Sized> RiskManager for Box<T> {
    fn review(&self, view: &AccountView, opening: &Opening) -> Verdict {
        (**self).review(view, opening)
    }
}
