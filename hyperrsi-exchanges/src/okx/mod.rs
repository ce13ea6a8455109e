//! OKX, API version 5: spot and linear swaps.
//!
//! | part | what it does |
//! |---|---|
//! | [`Market`] | market data without keys |
//! | [`Account`] | one account |
//! | [`request`] | what is asked, as data |
//! | [`parse`] | what is answered and pushed, as values |
//! | [`stream`] | how its sockets are spoken to |
//!
//! Quantities are contracts at the venue on swaps and base units everywhere else; the line runs through [`request`] and
//! [`parse`]. Candles of six hours and more are asked for by their UTC names, because the plain names are days of Hong
//! Kong. Coin-margined swaps, dated futures and options are left out.

mod account;
mod capability;
mod config;
mod error;
mod market;
mod pages;
mod pair;
pub mod parse;
pub mod request;
mod rest;
mod sign;
pub mod stream;

pub use account::Account;
pub use capability::capabilities;
pub use config::Config;
pub use error::{class as error_class, error};
pub use market::Market;
pub use sign::{Keys, Signed};

/// The host of the REST interface.
pub const REST_HOST: &str = "www.okx.com";

/// The venue's name in ids.
pub const VENUE: &str = "okx";
