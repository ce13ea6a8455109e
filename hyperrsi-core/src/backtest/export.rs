//! What programs read: trades and equity as tables of typed columns ([`save_trades`], [`save_equity`]), and the machine's
//! report: one JSON object with every trade and statistic. Money keeps every decimal: amounts are JSON
//! numbers printed from the decimal's own digits, never through `f64`. Same report, same bytes.

mod file;
mod lines;
#[cfg(feature = "parquet")]
mod parquet;
mod table;

pub use file::{ExportError, save_equity, save_trades};

use super::{EquityCurve, FundingCoverage, IntrabarPolicy, Outcome, Report, Statistics, StrategyFailure};
use crate::model::{InstrumentId, Liquidity, PositionSide, Timeframe, Timestamp};
use crate::position::{ExitReason, ProtectionPoint, StopKind, Trade, TradeFill, TradeFillKind};
use rust_decimal::Decimal;
use serde::ser::{Error, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::io;

/// Writes the report as JSON: `trades`, `statistics`, `pessimistic`, `optimistic`, `skipped`, `assumptions` and what was
/// run. Times are UTC milliseconds, amounts numbers in quote units. Trades are written one at a time.
///
/// # Errors
/// Whatever `out` fails with.
///
/// ```
/// # fn show(report: &hyperrsi_core::backtest::Report) -> std::io::Result<()> {
/// let mut json = Vec::new();
/// hyperrsi_core::backtest::write_json(report, &mut json)?;
/// # Ok(()) }
/// ```
pub fn write_json(report: &Report, out: impl io::Write) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    serde_json::to_writer(&mut out, &Document::of(report))?;
    io::Write::write_all(&mut out, b"\n")?;
    io::Write::flush(&mut out)
}

/// Writes `time,equity` lines, one per candle: UTC milliseconds and quote units.
///
/// # Errors
/// Whatever `out` fails with.
pub fn write_equity_csv(equity: &EquityCurve, out: impl io::Write) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    io::Write::write_all(&mut out, b"time,equity\n")?;
    for (time, equity) in equity.times.iter().zip(&equity.equity) {
        io::Write::write_fmt(&mut out, format_args!("{time},{equity}\n"))?;
    }
    io::Write::flush(&mut out)
}

#[derive(Serialize)]
pub(super) struct Document<'a> {
    strategy: &'a str,
    instrument: &'a InstrumentId,
    timeframe: Timeframe,
    start: Timestamp,
    end: Timestamp,
    candles: usize,
    quote: &'a str,
    initial_balance: f64,
    final_equity: f64,
    policy: IntrabarPolicy,
    ambiguous_candles: usize,
    pessimistic: &'a Outcome,
    optimistic: &'a Outcome,
    statistics: &'a Statistics,
    skipped: &'a BTreeMap<String, u64>,
    assumptions: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    funding: Option<FundingCoverage>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    failures: &'a [StrategyFailure],
    #[serde(serialize_with = "each_trade")]
    trades: &'a [Trade],
}

impl<'a> Document<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
        Self {
            strategy: &report.strategy,
            instrument: &report.instrument,
            timeframe: report.timeframe,
            start: report.start,
            end: report.end,
            candles: report.candles,
            quote: &report.quote,
            initial_balance: report.initial_balance,
            final_equity: report.final_equity,
            policy: report.policy,
            ambiguous_candles: report.ambiguous_candles,
            pessimistic: &report.pessimistic,
            optimistic: &report.optimistic,
            statistics: &report.statistics,
            skipped: &report.skipped,
            assumptions: &report.assumptions,
            funding: report.funding,
            failures: &report.failures,
            trades: &report.trades,
        }
    }
}

fn each_trade<S: Serializer>(trades: &[Trade], serializer: S) -> Result<S::Ok, S::Error> {
    let mut list = serializer.serialize_seq(Some(trades.len()))?;
    for trade in trades {
        list.serialize_element(&Row::of(trade))?;
    }
    list.end()
}

#[derive(Serialize)]
struct Row<'a> {
    entry_time: Timestamp,
    entry_price: Exact,
    exit_time: Timestamp,
    exit_price: Exact,
    side: PositionSide,
    hedge: bool,
    quantity: Exact,
    entries: u32,
    margin: Exact,
    gross_pnl: Exact,
    fees: Exact,
    funding: Exact,
    net_pnl: Exact,
    percent: f64,
    return_on_margin: f64,
    planned_risk: Option<Exact>,
    reason: ExitReason,
    fills: Vec<FillRow>,
    #[serde(skip_serializing_if = "<[_]>::is_empty", serialize_with = "each_point")]
    protection: &'a [ProtectionPoint],
}

impl<'a> Row<'a> {
    fn of(trade: &'a Trade) -> Self {
        Self {
            entry_time: trade.entry_time,
            entry_price: Exact(trade.entry_price.get()),
            exit_time: trade.exit_time,
            exit_price: Exact(trade.exit_price.get()),
            side: trade.side,
            hedge: trade.hedge,
            quantity: Exact(trade.quantity.get()),
            entries: trade.entries,
            margin: Exact(trade.margin.get()),
            gross_pnl: Exact(trade.gross_pnl.get()),
            fees: Exact(trade.fees.get()),
            funding: Exact(trade.funding.get()),
            net_pnl: Exact(trade.net_pnl.get()),
            percent: trade.percent(),
            return_on_margin: trade.return_on_margin(),
            planned_risk: trade.planned_risk.map(|risk| Exact(risk.get())),
            reason: trade.reason,
            fills: trade.fills.iter().map(FillRow::of).collect(),
            protection: &trade.protection,
        }
    }
}

#[derive(Serialize)]
struct FillRow {
    time: Timestamp,
    kind: &'static str,
    reason: Option<ExitReason>,
    price: Exact,
    quantity: Exact,
    fee: Exact,
    liquidity: Liquidity,
}

impl FillRow {
    fn of(fill: &TradeFill) -> Self {
        let (kind, reason) = match fill.kind {
            TradeFillKind::Entry => ("entry", None),
            TradeFillKind::Exit(reason) => ("exit", Some(reason)),
        };
        Self {
            time: fill.time,
            kind,
            reason,
            price: Exact(fill.price.get()),
            quantity: Exact(fill.quantity.get()),
            fee: Exact(fill.fee.get()),
            liquidity: fill.liquidity,
        }
    }
}

#[derive(Serialize)]
struct PointRow {
    time: Timestamp,
    stop: Option<Exact>,
    stop_kind: Option<StopKind>,
    take_profits: Vec<Exact>,
}

fn each_point<S: Serializer>(points: &[ProtectionPoint], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(points.iter().map(|point| PointRow {
        time: point.time,
        stop: point.stop.map(|(price, _)| Exact(price.get())),
        stop_kind: point.stop.map(|(_, kind)| kind),
        take_profits: point.take_profits.iter().map(|price| Exact(price.get())).collect(),
    }))
}

/// A decimal as a JSON number with exactly its own digits, trailing zeros left out.
struct Exact(Decimal);

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.0.normalize().to_string();
        RawValue::from_string(text).map_err(S::Error::custom)?.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_decimal_macros::dec;

    #[test]
    fn decimals_become_numbers_with_their_own_digits() {
        for (value, text) in [
            (dec!(0.1000), "0.1"),
            (dec!(-0), "0"),
            (dec!(79228162514264337593543.95033), "79228162514264337593543.95033"),
            (dec!(-0.00000001), "-0.00000001"),
        ] {
            assert_eq!(serde_json::to_string(&Exact(value)).unwrap(), text);
        }
    }

    #[test]
    fn statistics_give_drawdown_as_a_plain_number_and_in_detail() {
        let mut statistics = Statistics::default();
        statistics.max_drawdown.percent = 2.5;
        let json = serde_json::to_value(&statistics).unwrap();
        assert_eq!(json["max_drawdown"], 2.5);
        assert_eq!(json["max_drawdown_detail"]["percent"], 2.5);
        assert!(json["sharpe"].is_null());
    }
}
