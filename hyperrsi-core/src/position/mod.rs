//! What a leg is, what it plans, and what must rest on the venue for it. Pure: no time but what is passed in.

mod reason;
mod stop;
mod trade;

pub use reason::ExitReason;
pub use stop::{EffectiveStop, StopKind};
pub use trade::{ProtectionPoint, Trade, TradeFill, TradeFillKind};
