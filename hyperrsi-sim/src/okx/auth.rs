use crate::{Call, Keys, Reply};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use hyperrsi_core::model::{Span, Timestamp};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// How old a signed request may be.
const EXPIRY: Span = Span::seconds(30);

/// Base64 of the HMAC-SHA256 of a text.
pub(super) fn sign(secret: &str, text: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

fn same(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

/// Why a signed request is not accepted: HTTP status, code, words.
pub(super) type Refusal = (u16, &'static str, &'static str);

/// Checks the four headers of a REST call. `now` is the venue's time; without it, the age is not looked at.
pub(super) fn check(call: &Call, keys: &Keys, now: Option<Timestamp>) -> Result<(), Refusal> {
    let [key, signature, stamp, passphrase] =
        ["ok-access-key", "ok-access-sign", "ok-access-timestamp", "ok-access-passphrase"]
            .map(|name| call.header(name));
    let empty = [
        (key, "50103", "Request header OK-ACCESS-KEY cannot be empty"),
        (passphrase, "50104", "Request header OK-ACCESS-PASSPHRASE cannot be empty"),
        (signature, "50106", "Request header OK-ACCESS-SIGN cannot be empty"),
        (stamp, "50107", "Request header OK-ACCESS-TIMESTAMP cannot be empty"),
    ];
    if let Some((_, code, message)) = empty.into_iter().find(|(value, _, _)| value.is_empty()) {
        return Err((401, code, message));
    }
    if !same(key, &keys.key) {
        return Err((401, "50111", "Invalid OK-ACCESS-KEY"));
    }
    let sent: Timestamp = stamp.parse().map_err(|_| (401, "50112", "Invalid OK-ACCESS-TIMESTAMP"))?;
    if now.is_some_and(|now| (now - sent).millis().abs() > EXPIRY.millis()) {
        return Err((401, "50102", "Timestamp request expired"));
    }
    let query = if call.query.is_empty() { String::new() } else { format!("?{}", call.query) };
    let text = format!("{stamp}{}{}{query}{}", call.method, call.path, call.body);
    if !same(signature, &sign(&keys.secret, &text)) {
        return Err((401, "50113", "Invalid Sign"));
    }
    if !same(passphrase, &keys.passphrase) {
        return Err((401, "50105", "Request header OK-ACCESS-PASSPHRASE incorrect"));
    }
    Ok(())
}

/// Whether the arguments of a login on a stream are right.
pub(super) fn check_login(argument: &serde_json::Value, keys: &Keys, now: Option<Timestamp>) -> bool {
    let text = |name: &str| argument.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
    let stamp = text("timestamp");
    let Ok(seconds) = stamp.parse::<f64>() else { return false };
    let sent = Timestamp::from_millis((seconds * 1_000.0) as i64);
    let fresh = now.is_none_or(|now| (now - sent).millis().abs() <= EXPIRY.millis());
    let signature = sign(&keys.secret, &format!("{stamp}GET/users/self/verify"));
    fresh
        && same(text("apiKey"), &keys.key)
        && same(text("passphrase"), &keys.passphrase)
        && same(text("sign"), &signature)
}

pub(super) fn refused((status, code, message): Refusal) -> Reply {
    Reply::json(status, serde_json::json!({ "code": code, "data": [], "msg": message }).to_string())
}
