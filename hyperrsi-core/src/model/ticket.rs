//! What may be sent to a venue: an opening that was approved, or an order that only reduces.

use super::{Amount, ClientOrderId, InstrumentId, MarginMode, OrderSpec, Price};
use serde::{Deserialize, Serialize};

/// An order that would add exposure, with what its approval rested on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// The instrument.
    pub instrument: InstrumentId,
    /// The order; never reduce-only.
    pub order: OrderSpec,
    /// The price it was sized at.
    pub price: Price,
    /// Leverage it uses.
    pub leverage: u32,
    /// Margin mode it uses.
    pub margin_mode: MarginMode,
    /// Margin that was asked for, before the quantity was floored to the lot, in quote units.
    pub planned_margin: Amount,
    /// Margin it takes at `price`, in quote units.
    pub margin: Amount,
    /// Fee it would pay at `price` as taker, in quote units.
    pub fee: Amount,
}

/// Proof that risk was reviewed and margin reserved. Only the account makes one, so an
/// opening that nobody approved cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Approved<T>(T);

impl<T> Approved<T> {
    /// Called by `account/` alone; a test in `tests/imports.rs` checks that.
    pub(crate) const fn mint(inner: T) -> Self {
        Self(inner)
    }
    /// What was approved.
    pub const fn get(&self) -> &T {
        &self.0
    }
    /// What was approved, by value; the proof is used up.
    pub fn into_inner(self) -> T {
        self.0
    }
}

/// An order that only reduces a leg. Never refused by risk, pause or a failed store (I2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reducing {
    instrument: InstrumentId,
    order: OrderSpec,
}

impl Reducing {
    /// Wraps an order if it closes its leg and is reduce-only; `None` otherwise.
    pub fn new(instrument: InstrumentId, order: OrderSpec) -> Option<Self> {
        (order.reduce_only && order.side == order.leg.closing()).then_some(Self { instrument, order })
    }
    /// The order.
    pub const fn order(&self) -> &OrderSpec {
        &self.order
    }
    /// The instrument.
    pub const fn instrument(&self) -> &InstrumentId {
        &self.instrument
    }
}

/// An order a venue adapter accepts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ticket {
    /// Adds exposure and was approved.
    Opening(Approved<Opening>),
    /// Only reduces.
    Reducing(Reducing),
}

impl Ticket {
    /// The order inside.
    pub const fn order(&self) -> &OrderSpec {
        match self {
            Self::Opening(opening) => &opening.get().order,
            Self::Reducing(reducing) => reducing.order(),
        }
    }
    /// The instrument.
    pub const fn instrument(&self) -> &InstrumentId {
        match self {
            Self::Opening(opening) => &opening.get().instrument,
            Self::Reducing(reducing) => reducing.instrument(),
        }
    }
    /// Our id of the order.
    pub const fn client_id(&self) -> ClientOrderId {
        self.order().client_id
    }
}
