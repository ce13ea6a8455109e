//! Rules over what was lost: today, since the peak, in a row.

use crate::model::{Amount, Arithmetic, Opening, Overflow, Percent};
use crate::risk::{AccountView, Refusal, Refused, RiskManager, Verdict};
use rust_decimal::Decimal;

/// No openings for the rest of the UTC day once that much was lost in it. Counts what is realised, fees and funding
/// included.
///
/// ```
/// use hyperrsi_core::model::{Amount, Percent};
/// use hyperrsi_core::risk::DailyLossLimit;
/// use rust_decimal_macros::dec;
/// let fixed = DailyLossLimit::amount(Amount::new(dec!(250)));
/// let share = DailyLossLimit::percent(Percent::new(dec!(3))); // of the balance at the start of the day
/// assert_ne!(fixed, share);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DailyLossLimit {
    limit: Limit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limit {
    Amount(Amount),
    Percent(Percent),
}

impl DailyLossLimit {
    /// A loss in quote units.
    pub const fn amount(limit: Amount) -> Self {
        Self { limit: Limit::Amount(limit) }
    }
    /// A loss in percent of the balance at 00:00 UTC.
    pub const fn percent(limit: Percent) -> Self {
        Self { limit: Limit::Percent(limit) }
    }

    fn limit(&self, view: &AccountView) -> Result<Amount, Overflow> {
        match self.limit {
            Limit::Amount(amount) => Ok(amount),
            Limit::Percent(percent) => {
                let start = view.balance.minus(view.day_pnl)?;
                start.get().percent(percent.get()).map(Amount::new)
            }
        }
    }
}

impl RiskManager for DailyLossLimit {
    fn review(&self, view: &AccountView, _: &Opening) -> Verdict {
        let limit = match self.limit(view) {
            Ok(limit) => limit,
            Err(overflow) => return Verdict::Refuse(overflow.into()),
        };
        let lost = -view.day_pnl.get();
        if lost > Decimal::ZERO && lost >= limit.get() {
            return Verdict::Refuse(Refused::new(
                Refusal::DailyLossLimit,
                format!(
                    "{} lost today, the limit is {}; openings resume at 00:00 UTC",
                    lost.normalize(),
                    limit.get().normalize()
                ),
            ));
        }
        Verdict::Allow
    }
}

/// No openings while equity is that many percent below its peak. Nothing but equity itself ends it: once it refuses,
/// a flat account stays refused until the limit is raised or money comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxDrawdown(
    /// Percent of the peak, above 0.
    pub Percent,
);

impl RiskManager for MaxDrawdown {
    fn review(&self, view: &AccountView, _: &Opening) -> Verdict {
        let fall = || -> Result<Decimal, Overflow> {
            let lost = view.equity_peak.minus(view.equity)?.get();
            lost.times(Decimal::ONE_HUNDRED)?.over(view.equity_peak.get())
        };
        match fall() {
            Ok(fall) if fall < self.0.get() => Verdict::Allow,
            Ok(fall) => Verdict::Refuse(Refused::new(
                Refusal::MaxDrawdown,
                format!(
                    "equity {} is {} % below its peak {}, the limit is {} %",
                    view.equity.get().normalize(),
                    fall.round_dp(4).normalize(),
                    view.equity_peak.get().normalize(),
                    self.0.get().normalize()
                ),
            )),
            Err(overflow) => Verdict::Refuse(overflow.into()),
        }
    }
}

/// No openings after that many losing trades in a row over the whole account. A winning trade of a leg that is still open
/// ends it; with nothing open it stays until an operator raises the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LosingStreakLimit(
    /// Losses in a row that are one too many, at least 1.
    pub u32,
);

impl RiskManager for LosingStreakLimit {
    fn review(&self, view: &AccountView, _: &Opening) -> Verdict {
        if view.losing_streak >= self.0 {
            return Verdict::Refuse(Refused::new(
                Refusal::LosingStreak,
                format!("{} losing trades in a row, the limit is {}", view.losing_streak, self.0),
            ));
        }
        Verdict::Allow
    }
}
