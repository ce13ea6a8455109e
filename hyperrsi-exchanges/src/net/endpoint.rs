use std::fmt;
use url::{Host, Url};

/// Where a venue is reached: `https` and `wss`, or `http` and `ws` on this machine only, for practice servers.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint(Url);

/// An address that will not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// It is no address.
    #[error("\"{0}\" is no address; write https://host or wss://host")]
    Unreadable(String),
    /// Keys would travel in the clear.
    #[error(
        "{0} is not encrypted and not on this machine; use https or wss, http and ws are for 127.0.0.1 only"
    )]
    Insecure(String),
    /// Names and passwords do not belong into an address.
    #[error("the address of {0} carries a user or password; leave them out")]
    Credentials(String),
}

impl Endpoint {
    /// Checks an address.
    ///
    /// ```
    /// use hyperrsi_exchanges::net::Endpoint;
    /// assert!(Endpoint::new("https://www.okx.com").is_ok());
    /// assert!(Endpoint::new("http://127.0.0.1:8080").is_ok());
    /// assert!(Endpoint::new("http://www.okx.com").is_err());
    /// ```
    ///
    /// # Errors
    /// [`EndpointError`].
    pub fn new(address: &str) -> Result<Self, EndpointError> {
        let url =
            Url::parse(address).map_err(|_| EndpointError::Unreadable(address.chars().take(80).collect()))?;
        let host = url.host_str().unwrap_or_default().to_owned();
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EndpointError::Credentials(host));
        }
        let local = match url.host() {
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        };
        match url.scheme() {
            "https" | "wss" if !host.is_empty() => Ok(Self(url)),
            "http" | "ws" if local => Ok(Self(url)),
            "http" | "ws" => Err(EndpointError::Insecure(host)),
            _ => Err(EndpointError::Unreadable(address.chars().take(80).collect())),
        }
    }

    /// The whole address of a path, which begins with a slash and may carry a query.
    pub(crate) fn join(&self, target: &str) -> String {
        format!("{}{target}", self.0.as_str().trim_end_matches('/'))
    }
    /// The address.
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }
    /// Whether it is encrypted.
    pub(crate) fn encrypted(&self) -> bool {
        matches!(self.0.scheme(), "https" | "wss")
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_may_be_spoken_to_in_the_clear() {
        for fine in
            ["https://a.b", "wss://a.b:8443/ws", "http://localhost:1", "ws://[::1]:9", "http://127.8.9.1"]
        {
            assert!(Endpoint::new(fine).is_ok(), "{fine}");
        }
        for bad in [
            "http://a.b",
            "ws://10.0.0.1",
            "ws://localhost.evil.com",
            "ftp://127.0.0.1",
            "https://u:p@a.b",
            "x",
        ] {
            assert!(Endpoint::new(bad).is_err(), "{bad}");
        }
        let error = Endpoint::new("https://user:hunter2@a.b").unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
}
