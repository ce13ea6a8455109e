//! OKX, API version 5.

mod error;
pub mod parse;
pub mod request;
mod sign;

pub use error::{class as error_class, error};
pub use sign::{Keys, Signed};

/// The host of the REST interface.
pub const REST_HOST: &str = "www.okx.com";

/// The venue's name in ids.
pub const VENUE: &str = "okx";
