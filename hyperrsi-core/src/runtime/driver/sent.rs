use crate::model::{OrderSpec, Quantity, Timestamp};

/// What is known of an order that was sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub(super) spec: OrderSpec,
    /// What it becomes once a change under way is confirmed.
    pub(super) next: Option<OrderSpec>,
    pub(super) submitted: Timestamp,
    /// Venue time of the newest word about it.
    pub(super) known: Timestamp,
    /// Whether it rests at the venue, by the venue's last word.
    pub(super) resting: bool,
    pub(super) filled: Quantity,
}

impl Sent {
    pub(super) const fn new(spec: OrderSpec, submitted: Timestamp) -> Self {
        Self { spec, next: None, submitted, known: submitted, resting: false, filled: Quantity::ZERO }
    }
}
