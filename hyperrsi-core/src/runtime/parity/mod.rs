//! Trades of a journal against trades of a backtest over the same candles: what differs, by how much, and why.
//!
//! ```text
//! Trades ─ compare ─▶ Parity: pairs, and what of each difference is entry, exit, size, fees, funding
//! Side ── explain ──▶ Explained: every difference with its cause, to the last decimal
//! ```

mod cause;
#[cfg(test)]
#[path = "tests.rs"]
mod causes;
mod explain;
mod told;

pub use cause::Cause;
pub use explain::{Explained, Side, TradeParity, explain};
pub use told::Told;

use crate::model::{Arithmetic, Overflow, PositionSide, Span, Timestamp};
use crate::position::Trade;
use crate::store::JournaledDecision;
use rust_decimal::Decimal;

/// Where the difference of one trade comes from. Amounts are net profit of the journal less that of the backtest, quote
/// units; they add up to the whole difference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attribution {
    /// Another entry price: slippage, latency.
    pub entry: Decimal,
    /// Another exit price.
    pub exit: Decimal,
    /// Another quantity.
    pub size: Decimal,
    /// Other fees.
    pub fees: Decimal,
    /// Funding that the backtest does not have.
    pub funding: Decimal,
}

impl Attribution {
    /// Everything together.
    ///
    /// # Errors
    /// [`Overflow`] when the sum leaves the range of a decimal.
    pub fn total(&self) -> Result<Decimal, Overflow> {
        self.entry.plus(self.exit)?.plus(self.size)?.plus(self.fees)?.plus(self.funding)
    }
}

/// A trade in both, or in one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pair {
    /// In both.
    Both {
        /// First entry in the journal.
        at: Timestamp,
        /// Long or short.
        side: PositionSide,
        /// Whether both were left for the same reason.
        same_reason: bool,
        /// What differs.
        difference: Attribution,
    },
    /// Only in the backtest.
    Missed(Box<Trade>),
    /// Only in the journal.
    Extra(Box<Trade>),
}

/// How alike a journal and a backtest are.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Parity {
    /// Trade by trade, by time.
    pub pairs: Vec<Pair>,
    /// Decisions on the same candle, and how many of them are alike.
    pub decisions: (usize, usize),
    /// 0 to 100: the share of trades that are in both and left for the same reason, and of decisions that are alike, the
    /// worse of the two.
    pub score: f64,
}

/// Compares trades by side and entry: those whose first entries lie within `tolerance` of each other are the same trade.
///
/// # Errors
/// [`Overflow`] when a difference leaves the range of a decimal.
pub fn compare(
    backtest: &[Trade],
    journal: &[Trade],
    decisions: (&[JournaledDecision], &[JournaledDecision]),
    tolerance: Span,
) -> Result<Parity, Overflow> {
    let mut left: Vec<&Trade> = journal.iter().collect();
    let mut pairs = Vec::new();
    let mut same = 0_usize;
    for ours in backtest {
        let found = left.iter().position(|theirs| {
            theirs.side == ours.side
                && theirs.hedge == ours.hedge
                && (theirs.entry_time - ours.entry_time).millis().abs() <= tolerance.millis()
        });
        match found {
            Some(index) => {
                let theirs = left.remove(index);
                let same_reason = theirs.reason == ours.reason;
                same += usize::from(same_reason);
                let difference = attribute(ours, theirs)?;
                pairs.push(Pair::Both { at: theirs.entry_time, side: theirs.side, same_reason, difference });
            }
            None => pairs.push(Pair::Missed(Box::new(ours.clone()))),
        }
    }
    pairs.extend(left.into_iter().map(|trade| Pair::Extra(Box::new(trade.clone()))));
    pairs.sort_by_key(|pair| match pair {
        Pair::Both { at, .. } => *at,
        Pair::Missed(trade) | Pair::Extra(trade) => trade.entry_time,
    });
    let (ours, theirs) = decisions;
    let mut alike = (0_usize, 0_usize);
    // What is done between candles follows prices, which a backtest has only as candles.
    let of_candle = |decision: &&JournaledDecision| decision.record.at.is_none();
    for record in ours.iter().filter(of_candle) {
        let at = |other: &&JournaledDecision| {
            let (one, two) = (&other.record, &record.record);
            (one.candle, one.timeframe, &one.symbol) == (two.candle, two.timeframe, &two.symbol)
        };
        if let Some(other) = theirs.iter().filter(of_candle).find(at) {
            alike.0 += 1;
            alike.1 += usize::from(record.decides_like(other));
        }
    }
    let share =
        |part: usize, whole: usize| if whole == 0 { 100.0 } else { part as f64 * 100.0 / whole as f64 };
    let score = share(same, pairs.len()).min(share(alike.1, alike.0));
    Ok(Parity { pairs, decisions: alike, score })
}

/// One after the other, each at what the journal had before it: size at the backtest's prices, then prices at the
/// journal's size.
fn attribute(ours: &Trade, theirs: &Trade) -> Result<Attribution, Overflow> {
    let sign = ours.side.sign();
    let moved = |from: Decimal, to: Decimal, quantity: Decimal| to.minus(from)?.times(quantity)?.times(sign);
    let (entry, exit) = (ours.entry_price.get(), ours.exit_price.get());
    let (q, theirs_q) = (ours.quantity.get(), theirs.quantity.get());
    let size = moved(entry, exit, theirs_q.minus(q)?)?;
    let by_entry = moved(theirs.entry_price.get(), entry, theirs_q)?;
    let fees = ours.fees.get().minus(theirs.fees.get())?;
    let funding = theirs.funding.get().minus(ours.funding.get())?;
    // What is left of the gross difference is the exit: rounding of average prices included.
    let gross = theirs.gross_pnl.get().minus(ours.gross_pnl.get())?;
    let exit = gross.minus(size)?.minus(by_entry)?;
    Ok(Attribution { entry: by_entry, exit, size, fees, funding })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Amount, Price, Quantity};
    use crate::position::ExitReason;
    use rust_decimal_macros::dec;

    fn trade(at: i64, entry: Decimal, exit: Decimal, quantity: Decimal, fees: Decimal) -> Trade {
        let gross = (exit - entry) * quantity;
        Trade {
            side: PositionSide::Long,
            hedge: false,
            entry_time: Timestamp::from_millis(at),
            entry_price: Price::new(entry),
            exit_time: Timestamp::from_millis(at + 60_000),
            exit_price: Price::new(exit),
            quantity: Quantity::new(quantity),
            entries: 1,
            margin: Amount::ZERO,
            gross_pnl: Amount::new(gross),
            fees: Amount::new(fees),
            funding: Amount::ZERO,
            net_pnl: Amount::new(gross - fees),
            planned_risk: None,
            reason: ExitReason::StopLoss,
            fills: Vec::new(),
            protection: Vec::new(),
        }
    }

    #[test]
    fn a_difference_is_split_by_hand() {
        // Backtest: 2 from 100 to 110, fee 1: net 19. Journal: 3 from 101 to 109, fee 2: net 22.
        let (ours, theirs) = (
            trade(0, dec!(100), dec!(110), dec!(2), dec!(1)),
            trade(5, dec!(101), dec!(109), dec!(3), dec!(2)),
        );
        let split = attribute(&ours, &theirs).unwrap();
        assert_eq!(split.size, dec!(10), "one more from 100 to 110");
        assert_eq!(split.entry, dec!(-3), "3 × (100 − 101)");
        assert_eq!(split.exit, dec!(-3), "3 × (109 − 110)");
        assert_eq!(split.fees, dec!(-1));
        assert_eq!(split.total().unwrap(), dec!(3), "22 − 19");
    }

    #[test]
    fn trades_are_paired_by_entry_and_the_score_counts_what_is_missing() {
        let make = |at| trade(at, dec!(100), dec!(110), dec!(1), dec!(0));
        let ours = [make(0), make(600_000), make(1_200_000)];
        let theirs = [make(30), make(1_200_500), make(9_000_000)];
        let parity = compare(&ours, &theirs, (&[], &[]), Span::minutes(1)).unwrap();
        let kinds: Vec<_> = parity
            .pairs
            .iter()
            .map(|pair| match pair {
                Pair::Both { .. } => 'b',
                Pair::Missed(_) => 'm',
                Pair::Extra(_) => 'e',
            })
            .collect();
        assert_eq!(kinds, ['b', 'm', 'b', 'e']);
        assert!((parity.score - 50.0).abs() < 1e-9, "two of four: {}", parity.score);
    }
}
