//! Strategies: logic that turns closed candles into decisions.
pub mod rsi_trend;
