//! How numbers, times and codes are written for people, in the page and in the terminal alike.

use crate::model::Timestamp;

/// Decimal places for amounts of a currency in which `scale` is a usual balance: 2 for 10 000 USDT, 0 for 10 000 000
/// KRW, 8 for 0.5 BTC.
pub(super) fn places(scale: f64) -> usize {
    match scale.abs() {
        s if s >= 1e7 => 0,
        s if s >= 100.0 => 2,
        s if s >= 1.0 => 4,
        _ => 8,
    }
}

/// `12345.678` as `12,345.68`; something that is not a number as a dash.
pub(super) fn grouped(value: f64, places: usize) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    let text = format!("{:.places$}", value.abs());
    let (whole, fraction) = text.split_once('.').map_or((text.as_str(), None), |(w, f)| (w, Some(f)));
    let negative = value < 0.0 && text.bytes().any(|b| matches!(b, b'1'..=b'9'));
    let mut out = String::from(if negative { "-" } else { "" });
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// [`grouped`] with a plus sign in front of what is above zero.
pub(super) fn signed(value: f64, places: usize) -> String {
    let text = grouped(value, places);
    let above = value > 0.0 && text.bytes().any(|b| matches!(b, b'1'..=b'9'));
    if above { format!("+{text}") } else { text }
}

/// A number that may be undefined.
pub(super) fn optional(value: Option<f64>, write: impl Fn(f64) -> String) -> String {
    value.map_or_else(|| "–".into(), write)
}

/// Milliseconds as the two largest units, such as `2d 4h` or `45m`.
pub(super) fn duration(millis: f64) -> String {
    if !millis.is_finite() {
        return "–".into();
    }
    let minutes = (millis / 60_000.0).round() as i64;
    let (days, hours, rest) = (minutes / 1_440, minutes / 60 % 24, minutes % 60);
    match (days, hours, rest) {
        (0, 0, 0) => format!("{}s", (millis / 1_000.0).round()),
        (0, 0, m) => format!("{m}m"),
        (0, h, 0) => format!("{h}h"),
        (0, h, m) => format!("{h}h {m}m"),
        (d, 0, _) => format!("{d}d"),
        (d, h, _) => format!("{d}d {h}h"),
    }
}

/// `2024-01-31 13:45`, UTC.
pub(super) fn minute(time: Timestamp) -> String {
    let text = time.to_string().replace('T', " ");
    text.get(..16).map_or(text.clone(), str::to_owned)
}

/// `2024-01-31`, UTC.
pub(super) fn date(time: Timestamp) -> String {
    let text = time.to_string();
    text.get(..10).map_or(text.clone(), str::to_owned)
}

/// An exit reason or skip code in words: `take profit 1`, `stop loss`.
pub(super) fn words(code: &str) -> String {
    match code.strip_prefix("tp") {
        Some(level) if !level.is_empty() && level.bytes().all(|b| b.is_ascii_digit()) => {
            format!("take profit {level}")
        }
        _ => code.replace('_', " "),
    }
}

/// Change from `initial` to `last` in percent.
pub(super) fn change(initial: f64, last: f64) -> f64 {
    if initial > 0.0 { (last / initial - 1.0) * 100.0 } else { f64::NAN }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_traders_write_them() {
        for (value, places, plain, with_sign) in [
            (1_234_567.891, 2, "1,234,567.89", "+1,234,567.89"),
            (-999.999, 2, "-1,000.00", "-1,000.00"),
            (123.0, 0, "123", "+123"),
            (-0.001, 2, "0.00", "0.00"),
            (0.0, 2, "0.00", "0.00"),
            (f64::NAN, 2, "–", "–"),
        ] {
            assert_eq!((grouped(value, places).as_str(), signed(value, places).as_str()), (plain, with_sign));
        }
    }

    #[test]
    fn times_and_codes_read_as_words() {
        assert_eq!(duration(187_200_000.0), "2d 4h");
        assert_eq!(duration(5_400_000.0), "1h 30m");
        assert_eq!(duration(12_000.0), "12s");
        assert_eq!(minute(Timestamp::from_millis(1_706_708_700_000)), "2024-01-31 13:45");
        assert_eq!(date(Timestamp::from_millis(1_706_708_700_000)), "2024-01-31");
        assert_eq!((words("tp2"), words("break_even")), ("take profit 2".into(), "break even".into()));
    }
}
