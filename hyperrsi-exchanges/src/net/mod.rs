//! What all venues share on the way between a request and its answer.
//!
//! ```text
//! Call ─ Limits ─ (sign with Clock) ─▶ Http ─▶ Reply ─ refusal? ─▶ the venue's own reading
//! Endpoint ─▶ socket::keep ◀─ frames ─▶ Session ─▶ events
//! ```

mod backoff;
mod call;
mod clock;
mod endpoint;
mod http;
mod limit;
mod limits;
mod secret;
#[cfg(feature = "okx")]
mod sign;
pub mod socket;
#[cfg(feature = "okx")]
mod streams;
mod tls;

pub use backoff::Backoff;
pub use call::{Call, Cost, Method, Rule, Usage};
pub use clock::Clock;
pub use endpoint::{Endpoint, EndpointError};
pub use http::{Http, HttpConfig, Reply};
pub use limit::Limiter;
pub use limits::Limits;
pub use secret::Secret;
#[cfg(feature = "okx")]
pub(crate) use sign::hmac_sha256_base64;
#[cfg(feature = "okx")]
pub(crate) use streams::{broadcast_stream, channel_stream};
pub use tls::{RootError, Trust};
