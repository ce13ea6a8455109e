//! Runs strategies on paper and live: the drivers of the backtest, with an exchange, a store and a clock.

mod calls;
mod clock;
mod desk;
mod driver;
mod hub;
pub mod layer;
mod mapping;
pub mod paper;
mod series;
mod session;
mod writer;

pub use clock::{Clock, Sleep, VenueClock};
pub use desk::LocalDesk;
pub use driver::{Plan, SeatId};
pub use hub::{Board, Hub, HubOptions, Prices};
pub use series::{Shelf, Shelved};
pub use session::{Exit, Handle, Options, Parts, Session, StartError, Unprotected};
