//! Time cells: counts of seconds, milliseconds, microseconds or nanoseconds, or ISO 8601 text, to UTC milliseconds.

use super::error::Problem;
use super::number;
use crate::model::Timestamp;

/// What a count since 1970 counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    Millis,
    Micros,
    Nanos,
}

impl Unit {
    /// The unit in which `count` is a time between 1973 and 5138.
    pub(super) fn by_magnitude(count: u64) -> Self {
        match count {
            0..100_000_000_000 => Self::Seconds,
            100_000_000_000..100_000_000_000_000 => Self::Millis,
            100_000_000_000_000..100_000_000_000_000_000 => Self::Micros,
            _ => Self::Nanos,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Millis => "milliseconds",
            Self::Micros => "microseconds",
            Self::Nanos => "nanoseconds",
        }
    }

    /// Milliseconds; `None` for a fraction of a millisecond or a time beyond the calendar.
    #[inline(always)]
    pub(super) fn to_millis(self, count: i64) -> Option<i64> {
        let (millis, rest) = match self {
            Self::Seconds => (count.checked_mul(1_000)?, 0),
            Self::Millis => (count, 0),
            Self::Micros => (count.div_euclid(1_000), count.rem_euclid(1_000)),
            Self::Nanos => (count.div_euclid(1_000_000), count.rem_euclid(1_000_000)),
        };
        (rest == 0 && millis.unsigned_abs() < LAST_MILLI).then_some(millis)
    }

    /// How many of them a second has.
    const fn per_second(self) -> f64 {
        match self {
            Self::Seconds => 1.0,
            Self::Millis => 1e3,
            Self::Micros => 1e6,
            Self::Nanos => 1e9,
        }
    }
}

/// The end of the year 9999.
const LAST_MILLI: u64 = 253_402_300_800_000;

/// How the time cells of one file are written; the first row decides, the others must agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    /// The unit is told by the column name.
    Declared(Unit),
    /// The unit is told by the magnitude.
    Inferred(Unit),
    /// ISO 8601.
    Iso,
}

impl Clock {
    /// The form of `cell`, if it is a time at all.
    pub(super) fn of(cell: &str) -> Option<Self> {
        let form = match count(cell) {
            Some(count) => Self::Inferred(Unit::by_magnitude(count.abs() as u64)),
            None => Self::Iso,
        };
        form.read(cell).is_ok().then_some(form)
    }

    /// A time at the start of `text`, if it is written in the plain way, and what follows it.
    #[inline(always)]
    pub(super) fn leading(self, text: &[u8]) -> Option<(i64, &[u8])> {
        match self {
            Self::Iso => iso(text),
            Self::Declared(unit) | Self::Inferred(unit) => {
                let (count, rest) = number::digits(0, text);
                if !(1..=18).contains(&(text.len() - rest.len())) {
                    return None;
                }
                if matches!(self, Self::Inferred(_)) && Unit::by_magnitude(count) != unit {
                    return None;
                }
                Some((unit.to_millis(count as i64)?, rest))
            }
        }
    }

    /// The time in a whole cell, in any of the accepted forms.
    pub(super) fn read(self, cell: &str) -> Result<i64, Problem> {
        let bad = || Problem::NotATime { text: super::error::excerpt(cell) };
        if let Some((millis, [])) = self.leading(cell.as_bytes()) {
            return Ok(millis);
        }
        let mixed = |found: &'static str, expected: &'static str| Problem::MixedTimes {
            text: super::error::excerpt(cell),
            found,
            expected,
        };
        match (self, count(cell)) {
            (Self::Iso, Some(_)) => Err(mixed("a number", "a date")),
            (Self::Iso, None) => {
                let text = cell.trim();
                let text = text.strip_suffix("UTC").map_or(text, str::trim_end);
                text.parse().map(Timestamp::millis).map_err(|_| bad())
            }
            (Self::Declared(unit) | Self::Inferred(unit), None) => match iso(cell.as_bytes()) {
                Some(_) => Err(mixed("a date", unit.name())),
                None => Err(bad()),
            },
            (Self::Declared(unit), Some(count)) => whole_millis(unit, cell, count).ok_or_else(bad),
            (Self::Inferred(unit), Some(count)) => {
                let found = Unit::by_magnitude(count.abs() as u64);
                if found != unit {
                    return Err(mixed(found.name(), unit.name()));
                }
                whole_millis(unit, cell, count).ok_or_else(bad)
            }
        }
    }
}

fn count(cell: &str) -> Option<f64> {
    let cell = cell.trim();
    let first = cell.trim_start_matches(['-', '+']);
    if !first.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    cell.parse().ok()
}

/// Integers exactly; `1633046400.0` and `1.6330464e9`, as spreadsheets and pandas write them, to the millisecond.
fn whole_millis(unit: Unit, cell: &str, count: f64) -> Option<i64> {
    if let Ok(count) = cell.trim().parse::<i64>() {
        return unit.to_millis(count);
    }
    let millis = (count / unit.per_second() * 1e3).round();
    (millis.abs() < LAST_MILLI as f64).then_some(millis as i64)
}

/// `YYYY-MM-DD`, optionally with `[ T]HH:MM[:SS[.fraction]]` and `Z` or `+00:00`, at the start of `text`.
#[inline]
fn iso(text: &[u8]) -> Option<(i64, &[u8])> {
    let ([y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2], rest) = text.split_first_chunk::<10>()? else {
        return None;
    };
    let year = two(*y1, *y2)? * 100 + two(*y3, *y4)?;
    let midnight = days_from_civil(year, two(*m1, *m2)?, two(*d1, *d2)?)? * 86_400_000;
    let [b' ' | b'T', h1, h2, b':', m1, m2, rest @ ..] = rest else {
        return Some((midnight, rest));
    };
    let (hour, minute) = (two(*h1, *h2)?, two(*m1, *m2)?);
    let (second, rest) = match rest {
        [b':', s1, s2, rest @ ..] => (two(*s1, *s2)?, rest),
        _ => (0, rest),
    };
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (fraction, rest) = match rest {
        [b'.', start @ ..] => {
            let (value, rest) = number::digits(0, start);
            let decimals = u32::try_from(start.len() - rest.len()).ok().filter(|n| (1..=9).contains(n))?;
            let scale = 10_u64.pow(decimals);
            let millis = value * 1_000;
            if !millis.is_multiple_of(scale) {
                return None;
            }
            ((millis / scale) as i64, rest)
        }
        _ => (0, rest),
    };
    let rest = match rest {
        [b'Z', rest @ ..] | [b'+', b'0', b'0', b':', b'0', b'0', rest @ ..] => rest,
        _ => rest,
    };
    Some((midnight + ((hour * 60 + minute) * 60 + second) * 1_000 + fraction, rest))
}

#[inline(always)]
fn two(tens: u8, ones: u8) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| i64::from(tens) * 10 + i64::from(ones))
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar, counting years from March so that a leap day is the
/// last of its year.
#[inline]
fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(leap),
        _ => return None,
    };
    if !(1..=longest).contains(&day) {
        return None;
    }
    let year = if month > 2 { year } else { year - 1 };
    let month = (month + 9) % 12;
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // 719_468 days lie between 0000-03-01 and 1970-01-01.
    Some(year * 365 + leaps + (month * 153 + 2) / 5 + day - 1 - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_written_form_of_an_instant_is_read() {
        for cell in [
            "1633046400",
            "1633046400000",
            "1633046400000000",
            "1633046400000000000",
            "1633046400.0",
            "1.6330464e9",
            "2021-10-01",
            "2021-10-01 00:00",
            "2021-10-01 00:00:00",
            "2021-10-01T00:00:00Z",
            "2021-10-01T00:00:00.000Z",
            "2021-10-01 00:00:00+00:00",
            "2021-10-01T09:00:00+09:00",
            "2021-10-01 00:00:00 UTC",
            "2021-10-01 00:00:00.000000",
        ] {
            let clock = Clock::of(cell).unwrap_or_else(|| panic!("{cell} is a time"));
            assert_eq!(clock.read(cell).unwrap(), 1_633_046_400_000, "{cell}");
        }
        for cell in ["", "yesterday", "2021-13-01", "2021-02-29 00:00:00", "2021-01-01 25:00", "1e300", "-"] {
            assert_eq!(Clock::of(cell), None, "{cell}");
        }
    }

    #[test]
    fn a_file_keeps_to_one_form() {
        let clock = Clock::of("1633046400000").unwrap();
        for cell in ["1633046400", "1633046400000000", "2021-10-01"] {
            assert!(matches!(clock.read(cell), Err(Problem::MixedTimes { .. })), "{cell}");
        }
        assert!(matches!(Clock::Iso.read("1633046400"), Err(Problem::MixedTimes { .. })));
        assert_eq!(Clock::Declared(Unit::Millis).read("60000").unwrap(), 60_000);
    }

    proptest! {
        #[test]
        fn dates_are_the_ones_jiff_reads(seconds in -62_000_000_000_i64..253_000_000_000, millis in 0_i64..1_000) {
            let millis = seconds * 1_000 + millis;
            let text = Timestamp::from_millis(millis).to_string();
            prop_assert_eq!(iso(text.as_bytes()), Some((millis, &b""[..])), "{}", text);
        }

        #[test]
        fn a_date_that_jiff_refuses_is_refused(text in "[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}") {
            let ours = iso(text.as_bytes()).map(|(millis, _)| millis);
            prop_assume!(!text.ends_with(":60")); // a leap second: jiff clamps it, the slow path asks jiff
            prop_assert_eq!(ours, text.parse::<Timestamp>().ok().map(Timestamp::millis), "{}", text);
        }
    }
}
