//! A comparison for a terminal.

use super::{Cause, Comparison, DecisionDifference, Differs, MAIN, TradeDifference, TradeRow};
use crate::model::Timestamp;
use crate::strategy::Check;
use crate::strategy::explain::readable;
use std::fmt::Write;

impl Comparison {
    /// The comparison as text: the first cause, the statistics, and at most `limit` trades. `names` are what the two are
    /// called. Ends with a line feed.
    pub fn text(&self, names: (&str, &str), limit: usize) -> String {
        let mut out = String::new();
        let _ = self.write(&mut out, names, limit);
        out
    }

    fn write(&self, out: &mut String, names: (&str, &str), limit: usize) -> std::fmt::Result {
        writeln!(out, "a: {}\nb: {}\n", names.0, names.1)?;
        if self.is_same() {
            return writeln!(out, "No difference in {} trades and every statistic.", self.same_trades);
        }
        writeln!(out, "Trades: {} the same, {} different.", self.same_trades, self.trades.len())?;
        if let Some(first) = &self.first_decision {
            writeln!(out, "\nFirst different decision, {}:", minute(first.candle))?;
            decision(out, first, "  ")?;
        }
        writeln!(out, "\n{:<16} {:>16} {:>16} {:>16}", "Statistic", "a", "b", "b - a")?;
        for pair in self.statistics.iter().filter(|pair| MAIN.contains(&pair.name.as_str())) {
            let change = pair.a.zip(pair.b).map(|(a, b)| b - a);
            let number = |value: Option<f64>| value.map_or_else(|| "–".into(), |v| format!("{v:.4}"));
            let (a, b, change) = (number(pair.a), number(pair.b), number(change));
            writeln!(out, "{:<16} {a:>16} {b:>16} {change:>16}", pair.name)?;
        }
        if !self.trades.is_empty() {
            writeln!(out, "\nTrades that differ, in order of entry:")?;
        }
        for trade in self.trades.iter().take(limit) {
            difference(out, trade)?;
        }
        if self.trades.len() > limit {
            writeln!(out, "... and {} more", self.trades.len() - limit)?;
        }
        Ok(())
    }
}

fn difference(out: &mut String, trade: &TradeDifference) -> std::fmt::Result {
    let (sign, row) = match (&trade.a, &trade.b) {
        (Some(a), Some(_)) => ("≠", a),
        (Some(a), None) => ("a", a),
        (None, Some(b)) => ("b", b),
        (None, None) => return Ok(()),
    };
    let net = match (&trade.a, &trade.b) {
        (Some(a), Some(b)) => format!("net {} / {}", money(a), money(b)),
        _ => format!("net {}, only in {sign}", money(row)),
    };
    let hedge = if row.hedge { " hedge" } else { "" };
    writeln!(out, "{sign} {} {}{hedge}, {net}", minute(row.entry_time), row.side)?;
    match &trade.cause {
        Cause::Decision(first) => decision(out, first, "    "),
        Cause::InPosition { side, since, until } => {
            writeln!(out, "    the other was in a {side} from {} to {}", minute(*since), minute(*until))
        }
        Cause::Fill { number, field, a, b } => writeln!(out, "    {field} of fill {number}: {a} / {b}"),
        Cause::OnlyOne { number, a, b } => {
            let (who, fill) = if a.is_some() { ("a", a) } else { ("b", b) };
            let told = fill.as_ref().map(|fill| {
                let reason = fill.reason.map_or_else(|| "entry".to_owned(), |reason| reason.to_string());
                format!("{reason} of {} at {}", fill.quantity.normalize(), fill.price.normalize())
            });
            writeln!(out, "    fill {number} only in {who}: {}", told.unwrap_or_default())
        }
        Cause::Booking { .. } => writeln!(out, "    same fills; fees or funding were booked differently"),
        Cause::Unknown => writeln!(out, "    no decision record of that candle in both"),
    }
}

fn decision(out: &mut String, first: &DecisionDifference, indent: &str) -> std::fmt::Result {
    match &first.differs {
        Differs::Check { a, b } => {
            let name = a.as_ref().or(b.as_ref());
            let name = name.map(|check| format!("{} {}", stage(check), check.gate)).unwrap_or_default();
            writeln!(out, "{indent}{name}: {} / {}", operands(a.as_ref()), operands(b.as_ref()))?;
        }
        Differs::Reason { a, b } => writeln!(out, "{indent}all gates alike, then {a} / {b}")?,
    }
    writeln!(out, "{indent}a: {}\n{indent}b: {}", first.a, first.b)
}

fn stage(check: &Check) -> String {
    serde_json::to_value(check.stage).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

fn operands(check: Option<&Check>) -> String {
    check.map_or_else(
        || "not checked".into(),
        |check| {
            let ok = if check.ok { "holds" } else { "fails" };
            format!("{} {} {} {ok}", readable(&check.left), check.op, readable(&check.right))
        },
    )
}

fn money(row: &TradeRow) -> String {
    row.net_pnl.round_dp(2).to_string()
}

/// `2024-03-04 12:05`, UTC; what lies within the minute is left out.
fn minute(time: Timestamp) -> String {
    let text = time.to_string().replace('T', " ");
    text.get(..16).unwrap_or(&text).to_owned()
}
