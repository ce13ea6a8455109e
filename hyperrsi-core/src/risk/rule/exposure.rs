use crate::model::{Amount, Arithmetic, Opening, Overflow, Quantity};
use crate::risk::{AccountView, Exposure, Refusal, Refused, RiskManager, Verdict};
use rust_decimal::Decimal;

/// What an [`ExposureCap`] adds up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Both legs of the opening's instrument.
    Symbol,
    /// All legs of the opening's side, over all instruments.
    Side,
    /// Every leg of the account.
    Total,
}

/// How much exposure is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cap {
    /// Entry value in quote units.
    Value(Amount),
    /// Entry value as a multiple of equity: `2` is twice the account's equity.
    TimesEquity(Decimal),
}

/// Entry value of what is open or on its way, the new order included, must not exceed a cap. Refuses what is too large,
/// or, with [`ExposureCap::shrinking`], makes it as large as fits.
///
/// ```
/// use hyperrsi_core::model::Amount;
/// use hyperrsi_core::risk::{Cap, ExposureCap, Scope};
/// use rust_decimal_macros::dec;
/// let per_symbol = ExposureCap::new(Scope::Symbol, Cap::Value(Amount::new(dec!(5_000))));
/// let total = ExposureCap::new(Scope::Total, Cap::TimesEquity(dec!(1.5))).shrinking();
/// assert_ne!(per_symbol, total);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExposureCap {
    scope: Scope,
    cap: Cap,
    shrinks: bool,
}

impl ExposureCap {
    /// A cap that refuses.
    pub const fn new(scope: Scope, cap: Cap) -> Self {
        Self { scope, cap, shrinks: false }
    }
    /// Makes an opening smaller instead of refusing it, where anything is left.
    #[must_use]
    pub const fn shrinking(mut self) -> Self {
        self.shrinks = true;
        self
    }

    fn counts(&self, leg: &Exposure, opening: &Opening) -> bool {
        match self.scope {
            Scope::Symbol => leg.instrument == opening.instrument,
            Scope::Side => leg.side == opening.order.leg,
            Scope::Total => true,
        }
    }

    fn verdict(&self, view: &AccountView, opening: &Opening) -> Result<Verdict, Overflow> {
        let cap = match self.cap {
            Cap::Value(value) => value.get(),
            Cap::TimesEquity(factor) => view.equity.get().max(Decimal::ZERO).times(factor)?,
        };
        let mut open = Decimal::ZERO;
        for leg in view.exposures.iter().filter(|leg| self.counts(leg, opening)) {
            open = open.plus(leg.cost.get())?.plus(leg.in_flight.get())?;
        }
        let asked = opening.price.value(opening.order.quantity)?.get();
        if open.plus(asked)? <= cap {
            return Ok(Verdict::Allow);
        }
        let room = cap.minus(open)?.max(Decimal::ZERO);
        let what = match self.scope {
            Scope::Symbol => format!("of {}", opening.instrument),
            Scope::Side => format!("of all {} legs", opening.order.leg),
            Scope::Total => "of the account".into(),
        };
        let text = format!(
            "exposure {what} would be {} with this order of {}, the cap is {}",
            open.plus(asked)?.normalize(),
            asked.normalize(),
            cap.normalize()
        );
        if self.shrinks && room > Decimal::ZERO {
            return Ok(Verdict::Shrink(Quantity::new(room.over(opening.price.get())?), text));
        }
        Ok(Verdict::Refuse(Refused::new(Refusal::ExposureCap, text)))
    }
}

impl RiskManager for ExposureCap {
    fn review(&self, view: &AccountView, opening: &Opening) -> Verdict {
        self.verdict(view, opening).unwrap_or_else(|overflow| Verdict::Refuse(overflow.into()))
    }
}
