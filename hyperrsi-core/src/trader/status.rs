//! What can be read of a trader from outside.

use super::entry::PendingEntry;
use super::{Role, Trader};
use crate::model::{
    OrderSpec, OrderStatus, PositionSide, Price, Quantity, RequestId, Span, Timestamp, TraderId,
    TriggerSource,
};
use crate::position::{Book, EffectiveStop};
use crate::risk::{Policy, Refusal};
use crate::strategy::View;

/// What a leg reacts to inside the engine, for drivers that skip prices which change nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Armed {
    /// The effective stop, watched by the engine beside the venue's copy.
    pub stop: Option<EffectiveStop>,
    /// A take-profit price without an order that activates the trail when touched.
    pub touch: Option<Price>,
    /// The best price the trail has seen; a better one moves the stop.
    pub trail_extreme: Option<f64>,
}

/// An order of a trader that may still fill.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct LiveOrder {
    /// The order as it was last confirmed or sent.
    pub spec: OrderSpec,
    /// What it is for.
    pub role: Role,
    /// Where it is in its life.
    pub status: OrderStatus,
    /// Filled so far.
    pub filled: Quantity,
    /// Whether a request about it is under way or its outcome is unknown.
    pub busy: bool,
}

impl Trader {
    /// What a strategy may see.
    pub const fn view(&self) -> &View {
        &self.view
    }
    /// The trader's id.
    pub const fn id(&self) -> &TraderId {
        &self.id
    }
    /// How it trades.
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }
    /// What is open on a side.
    pub const fn book(&self, side: PositionSide) -> &Book {
        &self.leg(side).book
    }
    /// Whether both legs are flat and nothing is on its way.
    pub fn is_idle(&self) -> bool {
        self.long.book.is_flat()
            && self.short.book.is_flat()
            && self.entries.is_empty()
            && self.orders.is_empty()
    }
    /// Whether a side holds a position that was not opened here, so that it is not traded until claimed.
    pub const fn is_foreign(&self, side: PositionSide) -> bool {
        self.leg(side).foreign
    }
    /// Whether an opening waits for a price.
    #[inline]
    pub fn waits_for_price(&self) -> bool {
        !self.entries.is_empty() && self.entries.iter().any(PendingEntry::waits_for_price)
    }
    /// What the engine itself watches on a side.
    pub fn armed(&self, side: PositionSide) -> Armed {
        let leg = self.leg(side);
        match &leg.exits {
            Some(exits) if !leg.book.is_flat() => Armed {
                stop: exits.stop(),
                touch: exits.touch().map(|(_, price)| price),
                trail_extreme: exits.trail().map(|trail| trail.extreme),
            },
            _ => Armed::default(),
        }
    }
    /// Which price triggers the stops of a side.
    pub fn trigger(&self, side: PositionSide) -> TriggerSource {
        self.leg(side).plan.as_ref().map(|plan| plan.trigger).unwrap_or_default()
    }
    /// A question to the strategy that has no answer yet.
    pub(crate) fn unanswered(&self) -> Option<RequestId> {
        self.evaluation.or(self.fill_evaluations.first().copied()).map(|evaluation| evaluation.request)
    }
    /// The time of the newest input.
    pub(crate) const fn now(&self) -> Timestamp {
        self.now
    }
    /// Total time a leg's wanted stop was not confirmed by the venue.
    pub const fn unprotected(&self, side: PositionSide) -> Span {
        self.leg(side).unprotected
    }

    /// Since when a wanted stop of a side has not been confirmed by the venue.
    pub const fn unprotected_since(&self, side: PositionSide) -> Option<Timestamp> {
        self.leg(side).unprotected_since
    }
    /// Every order that may still fill, oldest first.
    pub fn orders(&self) -> impl Iterator<Item = LiveOrder> {
        self.orders.iter().filter(|order| order.is_live()).map(|order| LiveOrder {
            spec: order.spec,
            role: order.role,
            status: order.status,
            filled: order.filled,
            busy: order.is_busy(),
        })
    }
    /// The gates that are closed for openings on both sides, in reporting order.
    pub fn gates(&self) -> impl Iterator<Item = Refusal> {
        self.gates.closed()
    }
    /// Until when missing margin blocks openings.
    pub const fn margin_blocked_until(&self) -> Option<Timestamp> {
        self.gates.margin_blocked_until
    }
}
