//! The simulated venue: one instrument, one account, deterministic. It matches, charges fees, liquidates. It does not
//! decide in which order things happen inside a candle: whoever drives it does (see [`backtest`](crate::backtest)).

mod margin;
mod upkeep;
mod venue;

pub use margin::{Elsewhere, MaintenanceTiers, Tier, TierError, cross_liquidation_price, liquidation_price};
pub use venue::{Resting, Venue, VenueConfig, VenueEvent};
