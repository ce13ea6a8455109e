use crate::model::Opening;
use crate::risk::{AccountView, RiskManager, Verdict};

/// Several rules as one: the first refusal counts; rules that shrink are asked in order, each about what the one before
/// it left.
///
/// ```
/// use hyperrsi_core::model::Amount;
/// use hyperrsi_core::risk::{All, DailyLossLimit, MaxOpenPositions};
/// use rust_decimal_macros::dec;
/// let rules = All(vec![
///     Box::new(DailyLossLimit::amount(Amount::new(dec!(250)))),
///     Box::new(MaxOpenPositions(3)),
/// ]);
/// assert_eq!(rules.0.len(), 2);
/// ```
#[derive(Default)]
pub struct All(pub Vec<Box<dyn RiskManager>>);

impl std::fmt::Debug for All {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "All({} rules)", self.0.len())
    }
}

impl RiskManager for All {
    fn review(&self, view: &AccountView, opening: &Opening) -> Verdict {
        let mut smaller = opening.clone();
        let mut reasons: Vec<String> = Vec::new();
        for rule in &self.0 {
            match rule.review(view, &smaller) {
                Verdict::Allow => {}
                Verdict::Shrink(quantity, why) => {
                    smaller.order.quantity = smaller.order.quantity.min(quantity);
                    reasons.push(why);
                }
                refused @ Verdict::Refuse(_) => return refused,
            }
        }
        if reasons.is_empty() {
            Verdict::Allow
        } else {
            Verdict::Shrink(smaller.order.quantity, reasons.join("; "))
        }
    }
}
