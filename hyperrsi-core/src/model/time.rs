use serde::{Deserialize, Serialize};
use std::fmt;

/// A length of time in milliseconds; may be negative.
///
/// ```
/// use hyperrsi_core::model::Span;
/// assert_eq!(Span::seconds(90).millis(), 90_000);
/// assert_eq!(Span::minutes(1) + Span::seconds(30), Span::seconds(90));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Span(i64);

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A span of `n` milliseconds.
    pub const fn millis_of(n: i64) -> Self {
        Self(n)
    }
    /// A span of `n` seconds.
    pub const fn seconds(n: i64) -> Self {
        Self(n.saturating_mul(1_000))
    }
    /// A span of `n` minutes.
    pub const fn minutes(n: i64) -> Self {
        Self(n.saturating_mul(60_000))
    }
    /// A span of `n` hours.
    pub const fn hours(n: i64) -> Self {
        Self(n.saturating_mul(3_600_000))
    }
    /// A span of `n` days of 24 hours.
    pub const fn days(n: i64) -> Self {
        Self(n.saturating_mul(86_400_000))
    }
    /// The span in milliseconds.
    pub const fn millis(self) -> i64 {
        self.0
    }
}

impl std::ops::Add for Span {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// A point in time: milliseconds since 1970-01-01 00:00 UTC. All timestamps of the library are UTC.
///
/// ```
/// use hyperrsi_core::model::{Span, Timestamp};
/// let open = Timestamp::from_millis(1_577_836_800_000);
/// assert_eq!(open.to_string(), "2020-01-01T00:00:00Z");
/// assert_eq!((open + Span::minutes(1)) - open, Span::minutes(1));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The start of 1970, UTC.
    pub const EPOCH: Self = Self(0);

    /// From milliseconds since the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }
    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }
    /// Whole seconds since the epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000)
    }
    /// The number of the UTC day this point lies in, counted from the epoch.
    pub const fn day(self) -> i64 {
        self.0.div_euclid(86_400_000)
    }
}

impl std::ops::Add<Span> for Timestamp {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl std::ops::Sub<Span> for Timestamp {
    type Output = Self;
    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl std::ops::Sub for Timestamp {
    type Output = Span;
    fn sub(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(time) => write!(f, "{time}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

/// Accepts RFC 3339 (`2024-01-01T00:00:00Z`), a bare date (`2024-01-01`, midnight UTC) or milliseconds.
impl std::str::FromStr for Timestamp {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Ok(millis) = text.parse::<i64>() {
            return Ok(Self(millis));
        }
        if let Ok(time) = text.parse::<jiff::Timestamp>() {
            return Ok(Self(time.as_millisecond()));
        }
        let civil = text.parse::<jiff::civil::DateTime>().or_else(|_| {
            text.parse::<jiff::civil::Date>().map(|date| date.to_datetime(jiff::civil::Time::midnight()))
        });
        civil
            .and_then(|civil| civil.to_zoned(jiff::tz::TimeZone::UTC))
            .map(|zoned| Self(zoned.timestamp().as_millisecond()))
            .map_err(|_| {
                format!("\"{text}\" is not a time; write 2024-01-31, 2024-01-31T12:00:00Z or milliseconds")
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_forms_name_the_same_instant() {
        for text in ["2024-01-31", "2024-01-31T00:00:00Z", "2024-01-31 00:00:00", "1706659200000"] {
            assert_eq!(text.parse::<Timestamp>().unwrap().millis(), 1_706_659_200_000, "{text}");
        }
        assert!("yesterday".parse::<Timestamp>().unwrap_err().contains("not a time"));
    }
}
