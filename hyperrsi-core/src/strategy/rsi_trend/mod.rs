//! HYPERRSI: RSI entries with a trend filter, a take-profit ladder, extra entries and an optional hedge.
pub mod settings;
