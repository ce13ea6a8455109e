//! The data of the page's charts, as compact JSON: prices are whole steps of a power of ten and mostly differences,
//! times are counted, runs are counted.

use super::super::{Chart, Pane, Plot};
use super::shrink;
use crate::model::{Liquidity, Timestamp};
use crate::position::{ExitReason, ProtectionPoint, StopKind, Trade, TradeFillKind};
use serde::{Serialize, Serializer};

/// What `report.js` draws.
#[derive(Serialize)]
pub(super) struct Payload {
    /// Decimal places of prices.
    digits: u32,
    /// Decimal places of amounts.
    places: usize,
    /// Candles merged into one bar.
    merged: usize,
    /// Seconds from bar to bar, the open time of the first, and `(bar, seconds)` where one comes later than that.
    step: i64,
    start: i64,
    late: Vec<(usize, i64)>,
    /// Closes less the close before.
    close: Vec<i64>,
    /// Opens less the close before.
    open: Vec<i64>,
    /// Highs above the body and lows below it.
    high: Vec<i64>,
    low: Vec<i64>,
    /// `(state, bars)`.
    trend: Vec<(i8, usize)>,
    plots: Vec<PlotData>,
    initial: Number,
    /// Seconds since the point before; equity in steps of `places`, less the point before.
    equity_times: Vec<i64>,
    equity: Vec<i64>,
    reasons: Vec<(&'static str, String)>,
    trades: Vec<TradeData>,
}

#[derive(Serialize)]
struct PlotData {
    name: String,
    own: bool,
    levels: Vec<(Number, String)>,
    bounds: Option<(Number, Number)>,
    digits: u32,
    values: Vec<Option<i64>>,
}

/// Positional, in the order `report.js` names.
#[derive(Serialize)]
struct TradeData(
    i8,             // side
    u8,             // hedge
    i64,            // entry time, seconds
    i64,            // exit time, seconds
    usize,          // entry bar
    usize,          // exit bar
    Number,         // entry price
    Number,         // exit price
    Number,         // quantity
    u32,            // entries
    Number,         // gross
    Number,         // fees
    Number,         // funding
    Number,         // net
    Number,         // percent
    Number,         // return on margin
    usize,          // reason
    Vec<FillData>,  // fills
    Vec<GuardData>, // protection
);

/// Time in seconds, bar, reason (-1 an entry), price, quantity, fee, maker.
#[derive(Serialize)]
struct FillData(i64, usize, i64, Number, Number, Number, u8);

/// Bar, stop, stop kind (-1 none), take profits.
#[derive(Clone, PartialEq, Serialize)]
struct GuardData(usize, Option<Number>, i8, Vec<Number>);

/// An `f64` without a needless `.0`; `null` when it is no number.
#[derive(Clone, Copy, PartialEq)]
struct Number(f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.fract() == 0.0 && self.0.abs() < 9e15 {
            serializer.serialize_i64(self.0 as i64)
        } else {
            serializer.serialize_f64(self.0)
        }
    }
}

impl Payload {
    pub(super) fn of(chart: &Chart<'_>, places: usize) -> Self {
        let digits = shrink::digits(chart.candles, chart.range.clone());
        let bars = shrink::bars(chart);
        let mut payload = Self {
            digits,
            places,
            merged: chart.merged(),
            step: chart.candles.timeframe().millis() / 1_000 * chart.merged() as i64,
            start: bars.first().map_or(0, |bar| bar.time / 1_000),
            late: Vec::new(),
            close: Vec::with_capacity(bars.len()),
            open: Vec::with_capacity(bars.len()),
            high: Vec::with_capacity(bars.len()),
            low: Vec::with_capacity(bars.len()),
            trend: shrink::trend(chart),
            plots: chart.plots.iter().map(|plot| PlotData::of(plot, chart, digits)).collect(),
            initial: rounded(chart.report.initial_balance, places as u32),
            equity_times: Vec::new(),
            equity: Vec::new(),
            reasons: ExitReason::ALL.iter().map(|r| (r.code(), super::figure::words(r.code()))).collect(),
            trades: chart.report.trades.iter().map(|trade| TradeData::of(trade, chart, digits)).collect(),
        };
        payload.put_bars(&bars);
        payload.put_equity(chart);
        payload
    }

    fn put_bars(&mut self, bars: &[shrink::Bar]) {
        let (mut expected, mut before) = (self.start, 0);
        for (index, bar) in bars.iter().enumerate() {
            let time = bar.time / 1_000;
            if time != expected {
                self.late.push((index, time - expected));
            }
            expected = time + self.step;
            let [open, high, low, close] =
                [bar.open, bar.high, bar.low, bar.close].map(|p| steps(p, self.digits));
            self.open.push(open - before);
            self.close.push(close - before);
            self.high.push(high - open.max(close));
            self.low.push(open.min(close) - low);
            before = close;
        }
    }

    fn put_equity(&mut self, chart: &Chart<'_>) {
        let (mut time_before, mut before) = (0, 0);
        for (time, equity) in shrink::equity(&chart.report.equity, chart.points) {
            let (time, equity) = (time / 1_000, steps(equity, self.places as u32));
            // The chart library wants one point per second, in order.
            if time <= time_before && !self.equity.is_empty() {
                continue;
            }
            self.equity_times.push(time - time_before);
            self.equity.push(equity - before);
            (time_before, before) = (time, equity);
        }
    }
}

impl PlotData {
    fn of(plot: &Plot, chart: &Chart<'_>, price_digits: u32) -> Self {
        let values = shrink::values(plot, chart);
        let (own, levels, bounds, digits) = match &plot.pane {
            Pane::Price => (false, Vec::new(), None, price_digits),
            Pane::Own { levels, bounds } => {
                let largest = values.iter().filter(|v| v.is_finite()).fold(0.0_f64, |m, v| m.max(v.abs()));
                let levels = levels.iter().map(|(value, name)| (Number(*value), name.clone())).collect();
                let bounds = bounds.map(|(low, high)| (Number(low), Number(high)));
                (true, levels, bounds, shrink::fraction_digits(largest, 4))
            }
        };
        let values = values.into_iter().map(|v| v.is_finite().then(|| steps(v, digits))).collect();
        Self { name: plot.name.clone(), own, levels, bounds, digits, values }
    }
}

impl TradeData {
    fn of(trade: &Trade, chart: &Chart<'_>, digits: u32) -> Self {
        let bar = |time| bar_of(chart, time, None);
        let fills: Vec<_> = trade.fills.iter().map(|fill| FillData::of(fill, chart)).collect();
        let entry_bar = fills.first().map_or_else(|| bar(trade.entry_time), |fill| fill.1);
        let exit_bar = fills.last().map_or_else(|| bar(trade.exit_time), |fill| fill.1).max(entry_bar);
        Self(
            if trade.side.sign_f64() > 0.0 { 1 } else { -1 },
            u8::from(trade.hedge),
            trade.entry_time.seconds(),
            trade.exit_time.seconds(),
            entry_bar,
            exit_bar,
            rounded(trade.entry_price.to_f64(), digits + 2),
            rounded(trade.exit_price.to_f64(), digits + 2),
            rounded(trade.quantity.to_f64(), 8),
            trade.entries,
            rounded(trade.gross_pnl.to_f64(), 8),
            rounded(trade.fees.to_f64(), 8),
            rounded(trade.funding.to_f64(), 8),
            rounded(trade.net_pnl.to_f64(), 8),
            rounded(trade.percent(), 4),
            rounded(trade.return_on_margin(), 4),
            reason_index(trade.reason),
            fills,
            guards(&trade.protection, chart, entry_bar, exit_bar, digits),
        )
    }
}

impl FillData {
    fn of(fill: &crate::position::TradeFill, chart: &Chart<'_>) -> Self {
        let maker = fill.liquidity == Liquidity::Maker;
        let (reason, inside) = match fill.kind {
            TradeFillKind::Entry => (-1, maker),
            TradeFillKind::Exit(reason) => (reason_index(reason) as i64, maker || is_stop(reason)),
        };
        let bar = bar_of(chart, fill.time, inside.then(|| fill.price.to_f64()));
        let [price, quantity, fee] = [fill.price.to_f64(), fill.quantity.to_f64(), fill.fee.to_f64()];
        Self(
            fill.time.seconds(),
            bar,
            reason,
            rounded(price, 8),
            rounded(quantity, 8),
            rounded(fee, 8),
            u8::from(maker),
        )
    }
}

/// At most one point per bar, the last; points that repeat the one before are left out.
fn guards(
    points: &[ProtectionPoint],
    chart: &Chart<'_>,
    from: usize,
    to: usize,
    digits: u32,
) -> Vec<GuardData> {
    let mut kept: Vec<GuardData> = Vec::new();
    for point in points {
        let bar = bar_of(chart, point.time, None).clamp(from, to);
        let (stop, kind) = match point.stop {
            Some((price, kind)) => (Some(rounded(price.to_f64(), digits)), stop_index(kind)),
            None => (None, -1),
        };
        let levels = point.take_profits.iter().map(|price| rounded(price.to_f64(), digits)).collect();
        let next = GuardData(bar, stop, kind, levels);
        match kept.last_mut() {
            Some(last) if last.0 == bar => *last = next,
            Some(last) if (last.1, last.2, &last.3) == (next.1, next.2, &next.3) => {}
            _ => kept.push(next),
        }
    }
    kept
}

/// The bar that shows what happened at `time`. A fill inside a candle carries the time of the candle's close, which is
/// the open of the next one: with the `price` of such a fill, the earlier candle is chosen if it reached it.
fn bar_of(chart: &Chart<'_>, time: Timestamp, price: Option<f64>) -> usize {
    let candles = chart.candles;
    let mut index = candles.open_times().partition_point(|open| *open <= time.millis()).saturating_sub(1);
    let earlier = index.checked_sub(1).and_then(|i| candles.get(i));
    let opens_now = candles.open_times().get(index) == Some(&time.millis());
    if let (true, Some(price), Some(candle)) = (opens_now, price, earlier) {
        let slack = price * 0.002;
        if (candle.low - slack..=candle.high + slack).contains(&price) {
            index -= 1;
        }
    }
    let last = chart.range.len().saturating_sub(1);
    index.saturating_sub(chart.range.start).min(last) / chart.merged()
}

const fn is_stop(reason: ExitReason) -> bool {
    matches!(
        reason,
        ExitReason::StopLoss
            | ExitReason::BreakEven
            | ExitReason::TrailingStop
            | ExitReason::HedgeStopLoss
            | ExitReason::Liquidation
    )
}

fn reason_index(reason: ExitReason) -> usize {
    ExitReason::ALL.iter().position(|known| *known == reason).unwrap_or_default()
}

const fn stop_index(kind: StopKind) -> i8 {
    match kind {
        StopKind::Fixed => 0,
        StopKind::BreakEven => 1,
        StopKind::Trailing => 2,
        StopKind::Command => 3,
    }
}

fn steps(value: f64, digits: u32) -> i64 {
    (value * 10_f64.powi(digits as i32)).round() as i64
}

fn rounded(value: f64, digits: u32) -> Number {
    let scale = 10_f64.powi(digits as i32);
    let scaled = value * scale;
    Number(if scaled.abs() < 9e15 { scaled.round() / scale } else { value })
}
