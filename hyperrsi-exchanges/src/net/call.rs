use hyperrsi_core::exchange::Urgency;
use reqwest::header::HeaderMap;
use std::borrow::Cow;
use std::fmt::Write as _;

/// The HTTP methods venues use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Writes.
    Post,
    /// Cancels, on some venues.
    Delete,
}

impl Method {
    /// In capitals, as it stands in a request and in what is signed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

/// What a call takes from a venue's budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Which of the venue's limits.
    pub rule: Rule,
    /// What the limit is counted for beside the rule: an instrument, or nothing.
    pub scope: Option<String>,
    /// How much of it; most calls take 1.
    pub weight: u32,
}

impl Cost {
    /// One unit of a rule that is counted for the whole key or address.
    pub const fn one(rule: Rule) -> Self {
        Self { rule, scope: None, weight: 1 }
    }

    /// The same under a limit that is so many times wider.
    #[must_use]
    pub const fn under_wider(mut self, times: u32) -> Self {
        self.rule.budget = self.rule.budget.saturating_mul(times);
        self
    }
}

/// A limit of a venue: so much in so much time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name; one budget is kept per name and scope.
    pub name: &'static str,
    /// How much fits into the window.
    pub budget: u32,
    /// The window in milliseconds.
    pub window_ms: u32,
    /// How the venue's answers tell how much of it is used.
    pub usage: Usage,
}

/// How a venue's answers tell how much of a limit is used: what others with the same key or at the same address sent is in
/// it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Usage {
    /// They do not.
    #[default]
    Untold,
    /// This header says what is used, as Binance's `x-mbx-used-weight-1m`.
    Used(&'static str),
    /// This header says what is left, as Bybit's `x-bapi-limit-status`.
    Left(&'static str),
}

impl Rule {
    /// A limit of which the venue's answers tell nothing.
    pub const fn new(name: &'static str, budget: u32, window_ms: u32) -> Self {
        Self { name, budget, window_ms, usage: Usage::Untold }
    }

    /// What an answer says of how much is used, if it says anything that makes sense.
    pub fn used(&self, headers: &HeaderMap) -> Option<u32> {
        let said = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u32>().ok();
        match self.usage {
            Usage::Untold => None,
            Usage::Used(name) => said(name),
            Usage::Left(name) => said(name).map(|left| self.budget.saturating_sub(left)),
        }
    }
}

/// One HTTP call as data: nothing is sent and nothing is signed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// The path, from the slash on.
    pub path: &'static str,
    /// The query in the order it is sent, not yet encoded.
    pub query: Vec<(&'static str, Cow<'static, str>)>,
    /// The body, exactly as it is sent and signed.
    pub body: Option<String>,
    /// Whether the account's key signs it.
    pub signed: bool,
    /// Whether it changes something, so that a lost answer leaves the outcome open.
    pub write: bool,
    /// What it takes from the venue's budget.
    pub cost: Cost,
    /// How much it matters.
    pub urgency: Urgency,
}

impl Call {
    /// A read without keys.
    pub const fn read(path: &'static str, cost: Cost) -> Self {
        Self {
            method: Method::Get,
            path,
            query: Vec::new(),
            body: None,
            signed: false,
            write: false,
            cost,
            urgency: Urgency::Read,
        }
    }

    /// A write of the account.
    pub const fn post(path: &'static str, body: String, cost: Cost, urgency: Urgency) -> Self {
        Self {
            method: Method::Post,
            path,
            query: Vec::new(),
            body: Some(body),
            signed: true,
            write: true,
            cost,
            urgency,
        }
    }

    /// The same, signed by the account's key.
    #[must_use]
    pub fn signed(mut self) -> Self {
        self.signed = true;
        self
    }

    /// The same with another urgency.
    #[must_use]
    pub fn urgency(mut self, urgency: Urgency) -> Self {
        self.urgency = urgency;
        self
    }

    /// The same with one more query parameter.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// The same with one more query parameter, if there is a value.
    #[must_use]
    pub fn maybe(self, name: &'static str, value: Option<impl Into<Cow<'static, str>>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Path and query, encoded: what is sent and, on most venues, signed.
    pub fn target(&self) -> String {
        let mut text = String::with_capacity(self.path.len() + 32 * self.query.len());
        text.push_str(self.path);
        for (index, (name, value)) in self.query.iter().enumerate() {
            text.push(if index == 0 { '?' } else { '&' });
            text.push_str(name);
            text.push('=');
            percent_encode(&mut text, value);
        }
        text
    }

    /// Method and path, for logs and errors.
    pub fn name(&self) -> String {
        format!("{} {}", self.method.as_str(), self.path)
    }
}

/// RFC 3986: everything but unreserved characters is encoded.
fn percent_encode(out: &mut String, value: &str) {
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            other => {
                let _ = write!(out, "%{other:02X}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_is_encoded_in_order() {
        let rule = Rule::new("r", 1, 1);
        let call =
            Call::read("/p", Cost::one(rule)).with("b", "BTC,ETH").maybe("x", None::<&str>).with("a", "1 ü");
        assert_eq!(call.target(), "/p?b=BTC%2CETH&a=1%20%C3%BC");
    }
}
