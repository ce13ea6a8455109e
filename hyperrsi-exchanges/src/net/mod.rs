//! What all venues share on the way between a request and its answer.

mod call;
mod secret;
mod sign;

pub use call::{Call, Cost, Method, Rule};
pub use secret::Secret;
#[cfg_attr(not(feature = "okx"), expect(unused_imports, reason = "used by adapters"))]
pub(crate) use sign::hmac_sha256_base64;
