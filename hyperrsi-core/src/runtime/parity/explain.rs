//! Every difference with its cause. The parts of a trade add up to what its profit differs by, to the last decimal.

use super::{Cause, attribute};
use crate::model::{Arithmetic, Liquidity, Overflow, PositionSide, Span, Timeframe, Timestamp};
use crate::position::{Trade, TradeFillKind};
use crate::store::Code;
use crate::strategy::DecisionRecord;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// What one of the two did.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// Its trades.
    pub trades: &'a [Trade],
    /// Its decisions at closed candles.
    pub decisions: &'a [DecisionRecord],
    /// Entries that were not made, when and why; of a backtest its decisions tell.
    pub refused: &'a [(Timestamp, Code)],
}

/// One trade that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TradeParity {
    /// First entry, in the journal if it is there.
    pub at: Timestamp,
    /// Long or short.
    pub side: PositionSide,
    /// Whether it is in the backtest, and in the journal.
    pub both: (bool, bool),
    /// Causes and their amounts, quote units: net profit of the journal less that of the backtest.
    pub parts: Vec<(Cause, Decimal)>,
}

/// What a journal and a backtest differ in.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Explained {
    /// Trades that differ, by time.
    pub trades: Vec<TradeParity>,
    /// Trades that are the same to the last decimal.
    pub same: usize,
    /// Sum of all parts, by the code of their cause.
    pub totals: BTreeMap<&'static str, Decimal>,
    /// Candles that both decided, and how many of them alike.
    pub decisions: (usize, usize),
    /// Candles that only one of them decided, within the span of the journal.
    pub missing: Vec<Timestamp>,
    /// 0 to 100: the share of trades that are in both and left for the same reason, and of candles decided alike among
    /// those that either has, the worse of the two.
    pub score: f64,
}

impl Explained {
    /// Everything together: what the journal made more than the backtest.
    ///
    /// # Errors
    /// [`Overflow`] when the sum leaves the range of a decimal.
    pub fn total(&self) -> Result<Decimal, Overflow> {
        self.totals.values().try_fold(Decimal::ZERO, |sum, part| sum.plus(*part))
    }
}

/// Lays a journal beside a backtest over the same candles. A trade is the same in both if its first entries lie within
/// `tolerance`; what is filled within `prompt` of the backtest's time is not late.
///
/// # Errors
/// [`Overflow`] when a difference leaves the range of a decimal.
pub fn explain(
    backtest: Side<'_>,
    journal: Side<'_>,
    timeframe: Timeframe,
    tolerance: Span,
    prompt: Span,
) -> Result<Explained, Overflow> {
    let bench = Bench { backtest, journal, span: timeframe.span(), prompt };
    let mut left: Vec<&Trade> = journal.trades.iter().collect();
    let (mut trades, mut same, mut alike) = (Vec::new(), 0_usize, 0_usize);
    for ours in backtest.trades {
        let found = left.iter().position(|theirs| {
            theirs.side == ours.side
                && theirs.hedge == ours.hedge
                && (theirs.entry_time - ours.entry_time).millis().abs() <= tolerance.millis()
        });
        let Some(index) = found else {
            let amount = Decimal::ZERO.minus(ours.net_pnl.get())?;
            trades.push(bench.alone(ours, false, amount));
            continue;
        };
        let theirs = left.remove(index);
        alike += usize::from(theirs.reason == ours.reason);
        let parts = bench.parts(ours, theirs)?;
        match parts.is_empty() {
            true => same += 1,
            false => trades.push(TradeParity {
                at: theirs.entry_time,
                side: theirs.side,
                both: (true, true),
                parts,
            }),
        }
    }
    for theirs in left {
        trades.push(bench.alone(theirs, true, theirs.net_pnl.get()));
    }
    trades.sort_by_key(|trade| trade.at);
    let mut totals: BTreeMap<&'static str, Decimal> = BTreeMap::new();
    for (cause, amount) in trades.iter().flat_map(|trade| &trade.parts) {
        let total = totals.entry(cause.code()).or_default();
        *total = total.plus(*amount)?;
    }
    let (decisions, missing) = bench.decisions();
    let share =
        |part: usize, whole: usize| if whole == 0 { 100.0 } else { part as f64 * 100.0 / whole as f64 };
    let alone = trades.iter().filter(|trade| trade.both != (true, true)).count();
    let both = backtest.trades.len() + journal.trades.len() - alone;
    let score = share(alike, both / 2 + alone).min(share(decisions.1, decisions.0 + missing.len()));
    Ok(Explained { trades, same, totals, decisions, missing, score })
}

struct Bench<'a> {
    backtest: Side<'a>,
    journal: Side<'a>,
    span: Span,
    prompt: Span,
}

impl Bench<'_> {
    /// A trade of one side only: why the other has none.
    fn alone(&self, trade: &Trade, journaled: bool, amount: Decimal) -> TradeParity {
        let cause = self.why_not(trade, journaled);
        let both = (!journaled, journaled);
        TradeParity { at: trade.entry_time, side: trade.side, both, parts: vec![(cause, amount)] }
    }

    fn why_not(&self, trade: &Trade, journaled: bool) -> Cause {
        let (with, without) =
            if journaled { (self.journal, self.backtest) } else { (self.backtest, self.journal) };
        // The newest decision of the one that entered is the one it entered by.
        let decided = |one: &&DecisionRecord| one.candle + self.span <= trade.entry_time;
        let by = with.decisions.iter().filter(decided).max_by_key(|one| one.candle);
        let candle = by.map_or_else(
            || {
                Timestamp::from_millis(
                    trade.entry_time.millis().div_euclid(self.span.millis()) * self.span.millis(),
                ) - self.span
            },
            |one| one.candle,
        );
        let other = without.decisions.iter().find(|one| one.candle == candle);
        if other.is_none() && !without.decisions.is_empty() {
            return Cause::MissingCandle { candle };
        }
        let during = |one: &&Trade| one.entry_time <= trade.entry_time && trade.entry_time < one.exit_time;
        if let Some(one) = without.trades.iter().find(during) {
            return Cause::InPosition { until: one.exit_time };
        }
        if let (Some(by), Some(other)) = (by, other)
            && let Some(index) = first_difference(by, other)
        {
            let check = other.checks.get(index).or(by.checks.get(index));
            if let Some(check) = check.filter(|check| OF_THE_ENGINE.contains(&check.gate.as_str())) {
                return Cause::Filter { code: check.gate.clone() };
            }
            let (ours, theirs) = if journaled { (other, by) } else { (by, other) };
            return Cause::Signal { candle, detail: at(index, ours, theirs) };
        }
        let close = candle + self.span;
        let refused = without.refused.iter().find(|(at, _)| *at >= close && *at < close + self.span);
        if let Some((_, code)) = refused {
            return Cause::Filter { code: code.to_string() };
        }
        match (by, other) {
            (Some(by), Some(other)) if by.reason != other.reason => {
                Cause::Filter { code: other.reason.clone() }
            }
            _ => Cause::Unknown,
        }
    }

    /// What a trade of both differs by.
    fn parts(&self, ours: &Trade, theirs: &Trade) -> Result<Vec<(Cause, Decimal)>, Overflow> {
        let split = attribute(ours, theirs)?;
        let sign = ours.side.sign();
        let quantity = theirs.quantity.get();
        let worth = |per_unit: Decimal| per_unit.times(quantity)?.times(sign);
        let mut parts: Vec<(Cause, Decimal)> = vec![(Cause::Size, split.size)];

        // The entry: how far the fill was from the price it was sized at, and how far those prices are apart.
        let slip = |trade: &Trade, side: Side<'_>| trade.entry_price.get().minus(self.sized_at(trade, side)?);
        let slipped = worth(slip(ours, self.backtest)?.minus(slip(theirs, self.journal)?)?)?;
        parts.push((Cause::Slippage, slipped));
        let rest = split.entry.minus(slipped)?;
        let later = theirs.entry_time - ours.entry_time;
        let late = later.millis().abs() > self.prompt.millis();
        parts.push((if late { Cause::Timing { by: later } } else { Cause::Price }, rest));

        // The exit: what follows from an entry elsewhere, then the fill itself.
        let later = theirs.exit_time - ours.exit_time;
        let taker = |trade: &Trade| {
            let exit = |fill: &&crate::position::TradeFill| matches!(fill.kind, TradeFillKind::Exit(_));
            trade.fills.iter().rfind(exit).is_some_and(|fill| fill.liquidity == Liquidity::Taker)
        };
        if ours.reason != theirs.reason {
            let cause = Cause::Left { backtest: ours.reason, journal: theirs.reason };
            parts.push((cause, split.exit));
        } else if later.millis().abs() > self.span.millis() {
            parts.push((Cause::Timing { by: later }, split.exit));
        } else {
            let scale = |price: Decimal| price.times(theirs.entry_price.get())?.over(ours.entry_price.get());
            let expected = match ours.entry_price == theirs.entry_price {
                true => ours.exit_price.get(), // without a division that rounds
                false => scale(ours.exit_price.get())?,
            };
            let follows = worth(expected.minus(ours.exit_price.get())?)?;
            parts.push((Cause::Price, follows));
            let cause = if taker(ours) && taker(theirs) { Cause::Slippage } else { Cause::Price };
            parts.push((cause, split.exit.minus(follows)?));
        }
        parts.push((Cause::Fee, split.fees));
        parts.push((Cause::Funding, split.funding));

        let mut merged: Vec<(Cause, Decimal)> = Vec::new();
        for (cause, amount) in parts {
            match merged.iter_mut().find(|(known, _)| *known == cause) {
                Some((_, sum)) => *sum = sum.plus(amount)?,
                None => merged.push((cause, amount)),
            }
        }
        merged.retain(|(_, amount)| !amount.is_zero());
        Ok(merged)
    }

    /// The price its entries were sized at, on average; what has none in the decisions counts at its fill.
    fn sized_at(&self, trade: &Trade, side: Side<'_>) -> Result<Decimal, Overflow> {
        let mut entries = trade.fills.iter().filter(|fill| fill.kind == TradeFillKind::Entry).peekable();
        if entries.peek().is_none() {
            return Ok(trade.entry_price.get());
        }
        let (mut slipped, mut quantity) = (Decimal::ZERO, Decimal::ZERO);
        for fill in entries {
            let wanted = |one: &&DecisionRecord| {
                let close = one.candle + self.span;
                close <= fill.time && fill.time < close + self.span && !one.orders.is_empty()
            };
            let by = side.decisions.iter().rfind(wanted);
            let reference = by.and_then(|one| one.inputs.reference.as_ref()?.parse::<Decimal>().ok());
            let slip = match reference {
                Some(reference) => fill.price.get().minus(reference)?,
                None => Decimal::ZERO,
            };
            slipped = slipped.plus(slip.times(fill.quantity.get())?)?;
            quantity = quantity.plus(fill.quantity.get())?;
        }
        if slipped.is_zero() {
            return Ok(trade.entry_price.get());
        }
        trade.entry_price.get().minus(slipped.over(quantity)?)
    }

    /// How many candles both decided, how many alike, and which only one has.
    fn decisions(&self) -> ((usize, usize), Vec<Timestamp>) {
        let by_candle = |side: Side<'_>| -> BTreeMap<Timestamp, DecisionRecord> {
            side.decisions.iter().map(|one| (one.candle, one.clone())).collect()
        };
        let (ours, theirs) = (by_candle(self.backtest), by_candle(self.journal));
        let (Some(first), Some(last)) = (theirs.keys().next(), theirs.keys().next_back()) else {
            return ((0, 0), Vec::new());
        };
        let (mut both, mut alike, mut missing) = (0, 0, Vec::new());
        for (candle, one) in ours.range(*first..=*last) {
            match theirs.get(candle) {
                Some(other) => {
                    both += 1;
                    alike += usize::from(
                        first_difference(one, other).is_none()
                            && one.outcome == other.outcome
                            && one.reason == other.reason,
                    );
                }
                None => missing.push(*candle),
            }
        }
        missing.extend(theirs.keys().filter(|candle| !ours.contains_key(candle)));
        missing.sort();
        ((both, alike), missing)
    }
}

/// Gates that hold an entry back whatever the strategy saw.
const OF_THE_ENGINE: [&str; 6] = ["opening", "warm_up", "main_leg", "direction", "cooldown", "candle"];

/// The first gate that came out differently, or that only one of them checks. What is compared may differ: a journal that
/// began later has fewer candles behind it, and passes the same gates.
fn first_difference(one: &DecisionRecord, other: &DecisionRecord) -> Option<usize> {
    let verdict = |record: &DecisionRecord, index: usize| {
        record.checks.get(index).map(|check| (check.stage, check.gate.clone(), check.ok))
    };
    let count = one.checks.len().max(other.checks.len());
    (0..count).find(|index| verdict(one, *index) != verdict(other, *index))
}

/// A gate as both found it.
fn at(index: usize, ours: &DecisionRecord, theirs: &DecisionRecord) -> String {
    let text = |record: &DecisionRecord| {
        record.checks.get(index).map_or_else(
            || "no further check".to_owned(),
            |check| {
                let passed = if check.ok { "passed" } else { "failed" };
                format!("{} {passed} ({} {} {})", check.gate, check.left, check.op, check.right)
            },
        )
    };
    format!("{}; in the journal {}", text(ours), text(theirs))
}
