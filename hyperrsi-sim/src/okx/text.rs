//! How OKX writes numbers, times and names.

use hyperrsi_core::Decimal;
use hyperrsi_core::model::{Contracts, Instrument, Quantity, Side, Timeframe, Timestamp, TriggerSource};
use serde_json::Value;

pub(super) fn millis(time: Timestamp) -> String {
    time.millis().to_string()
}

pub(super) fn decimal(value: Decimal) -> String {
    value.normalize().to_string()
}

pub(super) fn or_empty<T>(value: Option<T>, text: impl FnOnce(T) -> String) -> String {
    value.map(text).unwrap_or_default()
}

/// A quantity in the venue's unit: contracts, or base on spot.
pub(super) fn contracts(instrument: &Instrument, quantity: Quantity) -> String {
    instrument.contracts(quantity).map(|count| decimal(count.get())).unwrap_or_default()
}

/// The venue's unit in base units.
pub(super) fn base(instrument: &Instrument, count: Decimal) -> Option<Quantity> {
    instrument.base_units(Contracts::new(count)).ok()
}

pub(super) fn kind(instrument: &Instrument) -> &'static str {
    if instrument.is_spot() { "SPOT" } else { "SWAP" }
}

pub(super) const fn side(side: Side) -> &'static str {
    match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    }
}

pub(super) const fn source(source: TriggerSource) -> &'static str {
    match source {
        TriggerSource::Last => "last",
        TriggerSource::Mark => "mark",
    }
}

/// A field of a request: text, number or truth; empty if it is not there.
pub(super) fn field(object: &Value, name: &str) -> String {
    match object.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

/// A number of a request.
pub(super) fn number(object: &Value, name: &str) -> Option<Decimal> {
    let text = field(object, name);
    text.parse().ok().or_else(|| Decimal::from_scientific(&text).ok())
}

/// The timeframe of a bar name, and by how much its day is moved against UTC.
pub(super) fn bar(name: &str) -> Option<(Timeframe, i64)> {
    let (plain, utc) = name.strip_suffix("utc").map_or((name, false), |plain| (plain, true));
    let timeframe = plain.to_ascii_lowercase().parse::<Timeframe>().ok().filter(|_| plain != "1M")?;
    // Bars of six hours and more open at midnight of UTC+8, unless their name says utc.
    let shifted = !utc && timeframe.minutes() >= 360;
    Some((timeframe, if shifted { 8 } else { 0 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_of_a_day_open_at_midnight_in_hong_kong_unless_they_say_utc() {
        assert_eq!(bar("1m"), Some((Timeframe::M1, 0)));
        assert_eq!(bar("4H"), Some((Timeframe::H4, 0)));
        assert_eq!(bar("1D"), Some((Timeframe::D1, 8)));
        assert_eq!(bar("1Dutc"), Some((Timeframe::D1, 0)));
        assert_eq!((bar("1M"), bar("7m")), (None, None));
    }
}
