use crate::model::Opening;
use crate::risk::{AccountView, Refusal, Refused, RiskManager, Verdict};

/// At most that many legs open or on their way, over all instruments and both sides. Adding to an open leg is not a new
/// one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxOpenPositions(
    /// Legs at the same time; 0 opens nothing.
    pub usize,
);

impl RiskManager for MaxOpenPositions {
    fn review(&self, view: &AccountView, opening: &Opening) -> Verdict {
        let own = |leg: &&super::super::Exposure| {
            leg.instrument == opening.instrument && leg.side == opening.order.leg
        };
        let others = view.exposures.iter().filter(|leg| !own(leg)).count();
        if others < self.0 {
            return Verdict::Allow;
        }
        Verdict::Refuse(Refused::new(
            Refusal::MaxPositions,
            format!("{others} other positions are open, the limit is {}", self.0),
        ))
    }
}
