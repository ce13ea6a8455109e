use serde::{Deserialize, Serialize};
use std::fmt;

/// What laying the account beside the books led to: what was found at the venue, what is repaired, what is left alone.
///
/// ```
/// use hyperrsi_core::desk::Reconciliation;
/// let mut found = Reconciliation::default();
/// assert_eq!(found.to_string(), "nothing to repair");
/// (found.adopted, found.stops, found.foreign_orders) = (1, 1, 2);
/// assert_eq!(found.to_string(), "adopted 1 position, re-placed 1 stop, 2 foreign orders ignored");
/// assert_eq!(found.repairs(), 2);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Reconciliation {
    /// Positions whose quantity was taken over from the venue.
    pub adopted: u32,
    /// Fills that nobody had told.
    pub fills: u32,
    /// Stops that are placed.
    pub stops: u32,
    /// Take profits that are placed.
    pub take_profits: u32,
    /// Closes that are sent.
    pub closes: u32,
    /// Orders that are moved to where they should be.
    pub amended: u32,
    /// Own orders that are cancelled.
    pub cancelled: u32,
    /// Positions of others, left alone.
    pub foreign_positions: u32,
    /// Orders of others, left alone.
    pub foreign_orders: u32,
}

impl Reconciliation {
    /// What is repaired; what is left alone does not count.
    pub const fn repairs(&self) -> u32 {
        self.adopted
            + self.fills
            + self.stops
            + self.take_profits
            + self.closes
            + self.amended
            + self.cancelled
    }
}

impl fmt::Display for Reconciliation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [
            ("adopted", self.adopted, "position", ""),
            ("found", self.fills, "missed fill", ""),
            ("re-placed", self.stops, "stop", ""),
            ("re-placed", self.take_profits, "take profit", ""),
            ("sent", self.closes, "close", ""),
            ("moved", self.amended, "order", ""),
            ("cancelled", self.cancelled, "order", ""),
            ("", self.foreign_positions, "foreign position", " ignored"),
            ("", self.foreign_orders, "foreign order", " ignored"),
        ];
        if self.repairs() == 0 {
            f.write_str("nothing to repair")?;
        }
        let mut begun = self.repairs() == 0;
        for (before, count, what, after) in words.into_iter().filter(|(_, count, ..)| *count > 0) {
            let comma = if std::mem::replace(&mut begun, true) { ", " } else { "" };
            let space = if before.is_empty() { "" } else { " " };
            let plural = if count == 1 { "" } else { "s" };
            write!(f, "{comma}{before}{space}{count} {what}{plural}{after}")?;
        }
        Ok(())
    }
}
