use crate::model::{Amount, MarginMode, Span};
use serde::{Deserialize, Serialize};

/// What to do with a leg whose stop the venue has not confirmed for `unprotected_deadline` (TRADING 6.7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnUnprotected {
    /// Keep watching the stop ourselves, open nothing new, repeat the alert.
    #[default]
    EngineStop,
    /// Close the leg at market.
    Close,
}

/// What the venue can do natively, as far as a trader decides by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VenueTraits {
    /// Stop-market orders rest at the venue.
    pub stop_orders: bool,
    /// Resting orders can be amended in place.
    pub amend: bool,
    /// Resting orders lock what they would sell, as on spot markets: the stop rests, take profits are watched by the
    /// engine and sent once touched (TRADING 7.10).
    pub locks_quantity: bool,
    /// A remainder below the smallest order can be closed. Where it cannot, it is booked as dust (TRADING 13.4).
    pub closes_dust: bool,
    /// The account can hold a long and a short leg of one instrument.
    pub hedge_mode: bool,
}

impl VenueTraits {
    /// Whether stops rest at the venue. Where a resting order locks its quantity and cannot be amended, a stop could not be
    /// replaced without a gap: such a venue counts as one without stop orders (TRADING 6.6, 6.8).
    ///
    /// ```
    /// use hyperrsi_core::risk::VenueTraits;
    /// let spot = VenueTraits { locks_quantity: true, ..VenueTraits::default() };
    /// assert!(spot.rests_stops());
    /// assert!(!VenueTraits { amend: false, ..spot }.rests_stops());
    /// ```
    pub const fn rests_stops(&self) -> bool {
        self.stop_orders && (self.amend || !self.locks_quantity)
    }
}

impl Default for VenueTraits {
    fn default() -> Self {
        Self { stop_orders: true, amend: true, locks_quantity: false, closes_dust: true, hedge_mode: true }
    }
}

/// How a trader trades, whatever its strategy decides. Amounts are in quote units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Policy {
    /// Leverage of every order; 1 on spot.
    pub leverage: u32,
    /// Margin mode of every order.
    pub margin_mode: MarginMode,
    /// How long a side rests after a full exit; `None` for not at all.
    pub cooldown: Option<Span>,
    /// Oldest decision that may still be carried out.
    pub max_signal_age: Span,
    /// Oldest price that may be used.
    pub max_price_age: Span,
    /// Least planned notional of a first entry.
    pub min_entry_notional: Option<Amount>,
    /// How long a leg may be without a confirmed venue stop.
    pub unprotected_deadline: Span,
    /// What then.
    pub on_unprotected: OnUnprotected,
    /// Rejected entries in a row that pause a side.
    pub entry_failure_limit: u32,
    /// Entries in a row without margin that block openings, and for how long.
    pub margin_block: (u32, Span),
    /// What the venue can do.
    pub venue: VenueTraits,
    /// Whether persist outputs are made. Off only where nothing has to survive, as in a backtest.
    pub journal: bool,
}

impl Default for Policy {
    /// Leverage 1, isolated margin, no cooldown, the limits of TRADING 1.4, journal on.
    fn default() -> Self {
        Self {
            leverage: 1,
            margin_mode: MarginMode::Isolated,
            cooldown: None,
            max_signal_age: Span::seconds(60),
            max_price_age: Span::seconds(5),
            min_entry_notional: None,
            unprotected_deadline: Span::seconds(30),
            on_unprotected: OnUnprotected::EngineStop,
            entry_failure_limit: 3,
            margin_block: (3, Span::seconds(600)),
            venue: VenueTraits::default(),
            journal: true,
        }
    }
}
