//! The first thing that differs.

use super::{FillRow, Results, TradeRow};
use crate::model::{PositionSide, Timestamp};
use crate::strategy::explain::{Language, sentence};
use crate::strategy::{Check, DecisionRecord};
use rust_decimal::Decimal;
use serde::Serialize;

/// In what two decisions about one candle differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Differs {
    /// A gate that passed in one and not in the other, or that only one of them checks.
    Check {
        /// The first one's.
        a: Option<Check>,
        /// The second one's.
        b: Option<Check>,
    },
    /// All gates came out alike, and what followed did not: sizing, the account, the venue.
    Reason {
        /// The first one's reason.
        a: String,
        /// The second one's reason.
        b: String,
    },
}

/// Two different decisions about one candle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DecisionDifference {
    /// Open time of the candle.
    pub candle: Timestamp,
    /// The first thing that differs.
    pub differs: Differs,
    /// The first one's record as a sentence.
    pub a: String,
    /// The second one's record as a sentence.
    pub b: String,
}

/// Why a trade is not the same in both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cause {
    /// They decided differently.
    Decision(Box<DecisionDifference>),
    /// The one without this trade was still in another.
    InPosition {
        /// The side of that other trade.
        side: PositionSide,
        /// Its entry.
        since: Timestamp,
        /// Its exit.
        until: Timestamp,
    },
    /// A fill differs in one field.
    Fill {
        /// Number of the fill in the trade, from 1.
        number: usize,
        /// `time`, `kind`, `reason`, `price`, `quantity` or `fee`.
        field: &'static str,
        /// The first one's value.
        a: String,
        /// The second one's value.
        b: String,
    },
    /// A fill only one of them has.
    OnlyOne {
        /// Number of the fill in the trade, from 1.
        number: usize,
        /// The first one's fill.
        a: Option<FillRow>,
        /// The second one's fill.
        b: Option<FillRow>,
    },
    /// All fills are the same; something booked on the trade is not, such as funding.
    Booking {
        /// The first one's net profit.
        a: Decimal,
        /// The second one's net profit.
        b: Decimal,
    },
    /// No decision records tell.
    Unknown,
}

impl Cause {
    /// The same seen from the other side.
    pub(super) fn swapped(self) -> Self {
        match self {
            Self::Decision(mut decision) => {
                std::mem::swap(&mut decision.a, &mut decision.b);
                match &mut decision.differs {
                    Differs::Check { a, b } => std::mem::swap(a, b),
                    Differs::Reason { a, b } => std::mem::swap(a, b),
                }
                Self::Decision(decision)
            }
            other => other,
        }
    }
}

/// Of a trade both have.
pub(super) fn of_pair(a: &TradeRow, b: &TradeRow) -> Cause {
    for number in 1..=a.fills.len().max(b.fills.len()) {
        match (a.fills.get(number - 1), b.fills.get(number - 1)) {
            (Some(x), Some(y)) if x == y => {}
            (Some(x), Some(y)) => return of_fill(number, x, y),
            (x, y) => return Cause::OnlyOne { number, a: x.cloned(), b: y.cloned() },
        }
    }
    Cause::Booking { a: a.net_pnl, b: b.net_pnl }
}

fn of_fill(number: usize, x: &FillRow, y: &FillRow) -> Cause {
    let reason = |fill: &FillRow| fill.reason.map_or_else(|| "none".into(), |reason| reason.to_string());
    let fields: [(&'static str, String, String); 6] = [
        ("time", x.time.to_string(), y.time.to_string()),
        ("kind", x.kind.clone(), y.kind.clone()),
        ("reason", reason(x), reason(y)),
        ("price", x.price.normalize().to_string(), y.price.normalize().to_string()),
        ("quantity", x.quantity.normalize().to_string(), y.quantity.normalize().to_string()),
        ("fee", x.fee.normalize().to_string(), y.fee.normalize().to_string()),
    ];
    let differing = fields.into_iter().find(|(_, a, b)| a != b);
    differing.map_or(Cause::Unknown, |(field, a, b)| Cause::Fill { number, field, a, b })
}

/// Of a trade that `has` made and `lacks` did not.
pub(super) fn of_missing(trade: &TradeRow, has: &Results, lacks: &Results) -> Cause {
    let during = |other: &&TradeRow| {
        other.hedge == trade.hedge
            && other.entry_time < trade.entry_time
            && other.exit_time > trade.entry_time
    };
    if let Some(other) = lacks.trades.iter().find(during) {
        return Cause::InPosition { side: other.side, since: other.entry_time, until: other.exit_time };
    }
    let decided = |results: &Results| {
        let closed = |record: &&DecisionRecord| record.candle + record.timeframe.span() <= trade.entry_time;
        results.records.iter().rev().find(closed).cloned()
    };
    match (decided(has), decided(lacks)) {
        (Some(a), Some(b)) if a.candle == b.candle => {
            between(&a, &b).map_or(Cause::Unknown, |decision| Cause::Decision(Box::new(decision)))
        }
        _ => Cause::Unknown,
    }
}

/// The first candle both decided about, and differently.
pub(super) fn first_decision(a: &[DecisionRecord], b: &[DecisionRecord]) -> Option<DecisionDifference> {
    let mut others = b.iter().peekable();
    for record in a {
        while others.next_if(|other| other.candle < record.candle).is_some() {}
        if let Some(other) = others.next_if(|other| other.candle == record.candle)
            && let Some(difference) = between(record, other)
        {
            return Some(difference);
        }
    }
    None
}

/// What differs in the decision; numbers that led to the same one do not count.
fn between(a: &DecisionRecord, b: &DecisionRecord) -> Option<DecisionDifference> {
    if a.outcome == b.outcome && a.reason == b.reason {
        return None;
    }
    let like = |of: &Check, record: &DecisionRecord| {
        record.checks.iter().find(|check| check.stage == of.stage && check.gate == of.gate).cloned()
    };
    let decides = |x: &Check, y: &Option<Check>| y.as_ref().map_or(!x.ok, |y| x.ok != y.ok);
    let in_a = a.checks.iter().map(|check| (check, like(check, b))).find(|(x, y)| decides(x, y));
    let in_b = || b.checks.iter().map(|check| (check, like(check, a))).find(|(y, x)| x.is_none() && !y.ok);
    let differs = match in_a {
        Some((x, y)) => Differs::Check { a: Some(x.clone()), b: y },
        None => match in_b() {
            Some((y, x)) => Differs::Check { a: x, b: Some(y.clone()) },
            None => Differs::Reason { a: a.reason.clone(), b: b.reason.clone() },
        },
    };
    Some(DecisionDifference {
        candle: a.candle,
        differs,
        a: sentence(a, Language::English),
        b: sentence(b, Language::English),
    })
}
