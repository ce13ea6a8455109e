use hyperrsi_core::model::{Span, Timestamp};

/// One HTTP request of a client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// `GET`, `POST`, …
    pub method: String,
    /// The path, without query.
    pub path: String,
    /// The query as it was sent.
    pub query: String,
    /// The headers a wire format asked for, by lower-case name.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
    /// The time by the server's own clock.
    pub wall: Timestamp,
}

impl Call {
    /// A header; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
    /// A parameter of the query, decoded; empty if it is not there.
    pub fn param(&self, name: &str) -> String {
        let pair = self.query.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (key == name).then_some(value)
        });
        decoded(pair.unwrap_or_default())
    }
}

/// Percent-decoding, `+` as a space.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let pair: Vec<u8> = rest.by_ref().take(2).collect();
                let value = std::str::from_utf8(&pair).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok());
                bytes.extend(value);
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The answer to a [`Call`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: String,
    /// Its content type.
    pub content_type: &'static str,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// How much later it is sent.
    pub delay: Span,
    /// Whether it is never sent.
    pub lost: bool,
}

impl Reply {
    /// A JSON answer.
    pub const fn json(status: u16, body: String) -> Self {
        Self {
            status,
            body,
            content_type: "application/json",
            headers: Vec::new(),
            delay: Span::ZERO,
            lost: false,
        }
    }
    /// The error page of a proxy.
    pub fn page(status: u16) -> Self {
        let body = format!(
            "<!DOCTYPE html><html><head><title>{status}</title></head><body><h1>Error {status}</h1></body></html>"
        );
        Self { content_type: "text/html; charset=utf-8", ..Self::json(status, body) }
    }
    /// No answer at all.
    pub fn lost() -> Self {
        Self { lost: true, ..Self::json(0, String::new()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded() {
        let call = Call { query: "a=1&b=x%2Cy+z&c".into(), ..Call::default() };
        assert_eq!(
            (call.param("a"), call.param("b"), call.param("c")),
            ("1".into(), "x,y z".into(), "".into())
        );
        assert_eq!(call.param("d"), "");
    }
}
