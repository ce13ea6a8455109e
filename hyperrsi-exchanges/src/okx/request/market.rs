use super::{kind_name, rules, unsupported};
use crate::net::{Call, Cost};
use hyperrsi_core::exchange::ExchangeError;
use hyperrsi_core::model::{Instrument, InstrumentKind, Timeframe, Timestamp};

/// Every instrument of a kind.
pub fn instruments(kind: InstrumentKind) -> Call {
    let name = if kind == InstrumentKind::Spot { "SPOT" } else { "SWAP" };
    Call::read("/api/v5/public/instruments", Cost::one(rules::INSTRUMENTS)).with("instType", name)
}

/// The venue's name of a timeframe. From six hours on the plain names are candles of Hong Kong days, so the UTC names
/// are used.
///
/// # Errors
/// The venue has no candles of that timeframe in UTC.
pub fn bar(timeframe: Timeframe) -> Result<&'static str, ExchangeError> {
    Ok(match timeframe {
        Timeframe::M1 => "1m",
        Timeframe::M3 => "3m",
        Timeframe::M5 => "5m",
        Timeframe::M15 => "15m",
        Timeframe::M30 => "30m",
        Timeframe::H1 => "1H",
        Timeframe::H2 => "2H",
        Timeframe::H4 => "4H",
        Timeframe::H6 => "6Hutc",
        Timeframe::H12 => "12Hutc",
        Timeframe::D1 => "1Dutc",
        Timeframe::W1 => "1Wutc",
        Timeframe::H8 | Timeframe::D2 | Timeframe::D3 => return Err(unsupported("candles of 8h, 2d or 3d")),
    })
}

/// Where candles are read: the newest 1440 of a series, or all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CandleSource {
    /// `market/candles`: at most 300 a call, only the newest 1440.
    Recent,
    /// `market/history-candles`: at most 100 a call, years back.
    History,
}

impl CandleSource {
    /// Most candles in one answer.
    pub const fn page(self) -> u16 {
        match self {
            Self::Recent => 300,
            Self::History => 100,
        }
    }
}

/// Candles that open in `from..until`, newest first. The venue's bounds are exclusive on both sides.
///
/// # Errors
/// The venue has no candles of that timeframe in UTC.
pub fn candles(
    source: CandleSource,
    instrument: &Instrument,
    timeframe: Timeframe,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    limit: u16,
) -> Result<Call, ExchangeError> {
    let (path, rule) = match source {
        CandleSource::Recent => ("/api/v5/market/candles", rules::CANDLES),
        CandleSource::History => ("/api/v5/market/history-candles", rules::HISTORY_CANDLES),
    };
    Ok(Call::read(path, Cost::one(rule))
        .with("instId", instrument.id.symbol.to_string())
        .with("bar", bar(timeframe)?)
        .maybe("before", from.map(|time| (time.millis() - 1).to_string()))
        .maybe("after", until.map(|time| time.millis().to_string()))
        .with("limit", limit.min(source.page()).to_string()))
}

/// Last, bid and ask.
pub fn ticker(instrument: &Instrument) -> Call {
    of("/api/v5/market/ticker", rules::TICKER, instrument)
}

/// The mark price.
pub fn mark_price(instrument: &Instrument) -> Call {
    Call::read("/api/v5/public/mark-price", Cost::one(rules::MARK))
        .with("instType", kind_name(instrument))
        .with("instId", instrument.id.symbol.to_string())
}

/// The funding to come.
pub fn funding_rate(instrument: &Instrument) -> Call {
    of("/api/v5/public/funding-rate", rules::FUNDING, instrument)
}

/// Past funding in `from..until`, newest first; the venue keeps three months.
pub fn funding_history(
    instrument: &Instrument,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    limit: u16,
) -> Call {
    of("/api/v5/public/funding-rate-history", rules::FUNDING, instrument)
        .maybe("before", from.map(|time| (time.millis() - 1).to_string()))
        .maybe("after", until.map(|time| time.millis().to_string()))
        .with("limit", limit.to_string())
}

/// The venue's clock.
pub const fn server_time() -> Call {
    Call::read("/api/v5/public/time", Cost::one(rules::TIME))
}

/// Announced and running maintenance.
pub const fn status() -> Call {
    Call::read("/api/v5/system/status", Cost::one(rules::STATUS))
}

fn of(path: &'static str, rule: crate::net::Rule, instrument: &Instrument) -> Call {
    Call::read(path, Cost::one(rule)).with("instId", instrument.id.symbol.to_string())
}
