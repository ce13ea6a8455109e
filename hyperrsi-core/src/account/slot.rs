//! What the account keeps for one instrument.

use crate::model::{Amount, ClientOrderId, Instrument, MarginMode, PositionSide, Quantity};
use crate::position::Book;

/// One instrument of an account.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) instrument: Instrument,
    pub(super) leverage: u32,
    pub(super) margin_mode: MarginMode,
    pub(super) long: Book,
    pub(super) short: Book,
    pub(super) reserved: Vec<Reservation>,
    /// Signed quantity and cost of both legs, and the newest price, for fast equity points.
    pub(super) exposure: (f64, f64),
    pub(super) price: f64,
    /// Margin and fee of the newest opening that was refused for want of them.
    pub(super) wanted: Option<Amount>,
}

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) struct Reservation {
    pub(super) id: ClientOrderId,
    pub(super) side: PositionSide,
    pub(super) quantity: Quantity,
    pub(super) margin: Amount,
    pub(super) notional: Amount,
}

impl Slot {
    pub(super) fn note_exposure(&mut self) {
        self.exposure = (
            self.long.quantity().to_f64() - self.short.quantity().to_f64(),
            self.long.cost().to_f64() - self.short.cost().to_f64(),
        );
    }
}
