use crate::net::{Method, Secret, hmac_sha256_base64};
use hyperrsi_core::model::Timestamp;
use std::fmt;

/// What signs an account's requests: API key, secret and passphrase. Shown nowhere.
#[derive(Clone)]
pub struct Keys {
    key: Secret,
    secret: Secret,
    passphrase: Secret,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(hidden)")
    }
}

/// The headers of a signed request.
#[derive(Clone)]
pub struct Signed {
    /// `OK-ACCESS-TIMESTAMP`: ISO 8601 with milliseconds.
    pub timestamp: String,
    /// `OK-ACCESS-SIGN`.
    pub signature: String,
}

impl Keys {
    /// The three parts as the venue gave them.
    pub fn new(key: impl Into<Secret>, secret: impl Into<Secret>, passphrase: impl Into<Secret>) -> Self {
        Self { key: key.into(), secret: secret.into(), passphrase: passphrase.into() }
    }

    /// Signs `timestamp + method + path and query + body` with HMAC-SHA-256, in Base64.
    ///
    /// ```
    /// use hyperrsi_exchanges::{net::Method, okx::Keys};
    /// use hyperrsi_core::model::Timestamp;
    /// let keys = Keys::new("key", "secret", "phrase");
    /// let signed = keys.sign(Timestamp::from_millis(1_588_146_183_000), Method::Get, "/api/v5/account/config", "");
    /// assert_eq!(signed.timestamp, "2020-04-29T07:43:03.000Z");
    /// ```
    pub fn sign(&self, now: Timestamp, method: Method, target: &str, body: &str) -> Signed {
        let timestamp = iso(now);
        let signature = hmac_sha256_base64(&self.secret, &[&timestamp, method.as_str(), target, body]);
        Signed { timestamp, signature }
    }

    /// The login frame of a private connection: seconds, and a signature over a path that is never called.
    pub fn login(&self, now: Timestamp) -> String {
        let seconds = now.seconds().to_string();
        let sign = hmac_sha256_base64(&self.secret, &[&seconds, "GET", "/users/self/verify"]);
        serde_json::json!({
            "op": "login",
            "args": [{
                "apiKey": self.key.expose(),
                "passphrase": self.passphrase.expose(),
                "timestamp": seconds,
                "sign": sign,
            }],
        })
        .to_string()
    }

    pub(crate) const fn key(&self) -> &Secret {
        &self.key
    }
    pub(crate) const fn passphrase(&self) -> &Secret {
        &self.passphrase
    }
}

/// `2025-04-30T08:00:00.123Z`: always three decimals, which the venue wants.
fn iso(now: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(now.millis())
        .map(|time| time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_never_shown() {
        let keys = Keys::new("the-key", "the-secret", "the-phrase");
        let shown = format!("{keys:?} {keys:#?}");
        assert!(!shown.contains("the-"), "{shown}");
    }
}
