//! The keyed hashes venues sign with.

use super::Secret;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// HMAC-SHA-256 over the parts one after another, in Base64.
pub(crate) fn hmac_sha256_base64(secret: &Secret, parts: &[&str]) -> String {
    match Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) {
        Ok(mut mac) => {
            for part in parts {
                mac.update(part.as_bytes());
            }
            STANDARD.encode(mac.finalize().into_bytes())
        }
        // HMAC takes keys of any length; the venue refuses an empty signature by name.
        Err(_) => String::new(),
    }
}
