use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// A stable, machine-readable word of the rules, such as `trend_blocked` or `tp1`. Renderers turn it into sentences.
///
/// ```
/// use hyperrsi_core::store::Code;
/// const COOLDOWN: Code = Code::of("cooldown");
/// assert_eq!(COOLDOWN, Code::from(String::from("cooldown")));
/// assert_eq!(COOLDOWN.as_str(), "cooldown");
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Code(Cow<'static, str>);

impl Code {
    /// From a literal; costs nothing.
    pub const fn of(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&'static str> for Code {
    fn from(text: &'static str) -> Self {
        Self::of(text)
    }
}

impl From<String> for Code {
    fn from(text: String) -> Self {
        Self(Cow::Owned(text))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
