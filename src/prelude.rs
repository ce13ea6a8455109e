//! `use hyperrsi::prelude::*;` brings what nearly every program uses, and nothing with a name that is easily taken.
//!
//! The strategy's side: [`Strategy`], the built-in [`Grid`], [`Context`], [`Decision`], [`Intent`], [`Needs`], [`ExitPlan`], [`Distance`],
//! [`Size`], [`ExitReason`]. Values: [`Candle`], [`Timeframe`], [`Instrument`], [`InstrumentId`], [`PositionSide`],
//! [`Side`], [`Price`], [`Quantity`], [`Amount`], [`Percent`], [`Decimal`], [`dec!`]. Indicators: the trait
//! [`Indicator`] with [`Rsi`], [`Ema`], [`Sma`], [`Atr`], [`Cross`] and [`Crossing`]. Running it: [`Candles`], [`Load`],
//! [`Backtest`], [`Config`], [`IntrabarPolicy`].

pub use hyperrsi_core::backtest::{Backtest, Config, IntrabarPolicy};
pub use hyperrsi_core::indicator::{Atr, Cross, Crossing, Ema, Indicator, Rsi, Sma};
pub use hyperrsi_core::model::{
    Amount, Candle, Instrument, InstrumentId, Percent, PositionSide, Price, Quantity, Side, Timeframe,
};
pub use hyperrsi_core::position::{Distance, ExitPlan, ExitReason};
pub use hyperrsi_core::risk::Size;
pub use hyperrsi_core::series::Candles;
pub use hyperrsi_core::series::file::Load;
pub use hyperrsi_core::strategy::grid::Grid;
pub use hyperrsi_core::strategy::{Context, Decision, Intent, Needs, Strategy};
pub use hyperrsi_core::{Decimal, dec};
