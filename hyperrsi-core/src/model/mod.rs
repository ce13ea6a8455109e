//! Values every other module speaks in: time, candles, instruments, orders, fills, positions, balances, ids.
//!
//! Nothing here does I/O or keeps state beyond itself. Money, prices that are sent, and quantities are decimals
//! behind newtypes with checked arithmetic ([`Price`], [`Quantity`], [`Amount`]); market series are `f64`
//! ([`Candle`]). Quantity is always in base units; [`Contracts`] convert through the [`Instrument`].

mod balance;
mod candle;
mod dec;
mod fill;
mod ids;
mod instrument;
mod number;
mod order;
mod position;
mod side;
mod ticket;
mod time;
mod timeframe;

pub use balance::Balance;
pub use candle::Candle;
#[doc(hidden)]
pub use dec::decimal_literal;
pub use fill::{Fill, FillKind, Liquidity};
pub(crate) use ids::text_id;
pub use ids::{
    AccountId, ClientOrderId, InstrumentId, InvalidId, RequestId, StrategyId, TradeId, TraderId, VenueId,
    VenueOrderId,
};
pub use instrument::{Instrument, InstrumentError, InstrumentKind, StepRounding};
pub use number::{Amount, Arithmetic, Contracts, Overflow, Percent, Price, Quantity, decimal_from_f64};
pub use order::{
    IllegalTransition, OrderKind, OrderReport, OrderSpec, OrderStatus, TimeInForce, TriggerSource,
};
pub use position::{MarginMode, PositionKey, PositionMode, PositionSnapshot};
pub use side::{PositionSide, Side};
pub use ticket::{Approved, Opening, Reducing, Ticket};
pub use time::{Span, Timestamp};
pub use timeframe::{ParseTimeframeError, Timeframe};
