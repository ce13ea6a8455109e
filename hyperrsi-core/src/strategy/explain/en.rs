//! English.

use super::facts::{Facts, Subject};
use super::{Reason, Rule};
use crate::model::{PositionSide, Side};
use crate::position::{ExitReason, StopKind};
use crate::risk::Refusal;
use crate::strategy::LegSummary;
use crate::strategy::rsi_trend::settings::EntryMode;

pub(super) fn sentence(facts: &Facts<'_>) -> String {
    let (symbol, time) = (&facts.record.symbol.symbol, facts.time());
    let (clause, code) = clause(facts);
    let subject = if facts.done { done(facts.subject) } else { not_done(facts.subject) };
    let order = if facts.done { order(facts) } else { String::new() };
    format!("{subject} on {symbol} {time}: {clause} ({code}){order}")
}

const fn side(side: PositionSide) -> &'static str {
    match side {
        PositionSide::Long => "long",
        PositionSide::Short => "short",
    }
}

fn of(what: &str, side_of: Option<PositionSide>) -> String {
    side_of.map_or_else(|| what.to_owned(), |s| format!("{what} {}", side(s)))
}

fn not_done(subject: Subject) -> String {
    match subject {
        Subject::Entry(None) => "no entry".into(),
        Subject::Entry(s) => of("no", s),
        Subject::Extra(None) => "no extra entry".into(),
        Subject::Extra(Some(s)) => format!("no extra {} entry", side(s)),
        Subject::Hedge(None) => "no hedge".into(),
        Subject::Hedge(Some(s)) => format!("no {} hedge", side(s)),
        Subject::Exit(None) => "no exit".into(),
        Subject::Exit(s) => of("no exit of the", s),
        Subject::Protection(_) => "nothing moved".into(),
    }
}

fn done(subject: Subject) -> String {
    match subject {
        Subject::Entry(None) => "entry".into(),
        Subject::Entry(s) => of("entered", s),
        Subject::Extra(None) => "extra entry".into(),
        Subject::Extra(s) => of("added to the", s),
        Subject::Hedge(None) => "hedge".into(),
        Subject::Hedge(s) => of("hedged", s),
        Subject::Exit(None) => "closed the leg".into(),
        Subject::Exit(s) => of("closed the", s),
        Subject::Protection(None) => "protection adjusted".into(),
        Subject::Protection(s) => of("adjusted the", s),
    }
}

fn order(facts: &Facts<'_>) -> String {
    let Some((side, market, quantity, price)) = facts.order() else { return String::new() };
    let way = match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    };
    match (market, price) {
        (true, Some(price)) => format!(", market {way} of {quantity} sized at {price}"),
        (true, None) => format!(", market {way} of {quantity}"),
        (false, Some(price)) => format!(", {way} of {quantity} at {price}"),
        (false, None) => format!(", {way} of {quantity}"),
    }
}

/// The clause, and the code that stands behind it.
fn clause(facts: &Facts<'_>) -> (String, String) {
    let code = facts.reason.code().to_owned();
    let numbers = match facts.reason {
        Reason::Refused(Refusal::NoSignal) => {
            if let (Some(text), Some(mode)) = (no_signal(facts), facts.mode()) {
                return (text, mode.to_string());
            }
            None
        }
        Reason::Refused(refusal) => refused(facts, refusal),
        Reason::Rule(Rule::Signal) => {
            if let (Some(text), Some(mode)) = (signal(facts), facts.mode()) {
                return (text, mode.to_string());
            }
            facts.is_by_price().then(|| rule(Rule::ExtraEntry).to_owned())
        }
        Reason::Exit(reason) => left(facts, reason),
        Reason::Rule(_) => None,
        Reason::Other(code) => {
            return (custom(facts).unwrap_or_else(|| "a rule of the strategy".into()), code.to_owned());
        }
    };
    (numbers.unwrap_or_else(|| facts.reason.meaning(super::Language::English).to_owned()), code)
}

fn custom(facts: &Facts<'_>) -> Option<String> {
    let check = facts.check.filter(|_| !facts.done)?;
    let (left, right) = facts.operands().unwrap_or_else(|| (check.left.clone(), check.right.clone()));
    Some(format!("{left} {} {right} does not hold", check.op))
}

/// The side a signal is looked for on.
const fn is_short(facts: &Facts<'_>) -> bool {
    matches!(
        facts.subject,
        Subject::Entry(Some(PositionSide::Short)) | Subject::Extra(Some(PositionSide::Short))
    )
}

fn no_signal(facts: &Facts<'_>) -> Option<String> {
    let (rsi, mode) = (facts.rsi()?, facts.mode()?);
    let (p, c, line) = (rsi.p, rsi.c, rsi.line);
    Some(match (mode, is_short(facts)) {
        (EntryMode::BreakThrough, false) if rsi.upwards => {
            format!("RSI {p} → {c} crossed {line} upwards, not downwards")
        }
        (EntryMode::BreakThrough, true) if rsi.downwards => {
            format!("RSI {p} → {c} crossed {line} downwards, not upwards")
        }
        (EntryMode::BreakThrough, _) => format!("RSI {p} → {c} did not cross {line}"),
        (EntryMode::Inflection, false) => format!("RSI {p} → {c} did not turn up below {line}"),
        (EntryMode::Inflection, true) => format!("RSI {p} → {c} did not turn down above {line}"),
        (EntryMode::InflectionBreakThrough, false) => {
            format!("RSI {p} → {c} did not come back up through {line}")
        }
        (EntryMode::InflectionBreakThrough, true) => {
            format!("RSI {p} → {c} did not come back down through {line}")
        }
        (EntryMode::Beyond, false) => format!("RSI {c} is not below {line}"),
        (EntryMode::Beyond, true) => format!("RSI {c} is not above {line}"),
    })
}

fn signal(facts: &Facts<'_>) -> Option<String> {
    let (rsi, mode) = (facts.rsi()?, facts.mode()?);
    let (p, c, line) = (rsi.p, rsi.c, rsi.line);
    Some(match (mode, is_short(facts)) {
        (EntryMode::BreakThrough, _) => format!("RSI {p} → {c} crossed {line}"),
        (EntryMode::Inflection, false) => format!("RSI {p} → {c} turned up below {line}"),
        (EntryMode::Inflection, true) => format!("RSI {p} → {c} turned down above {line}"),
        (EntryMode::InflectionBreakThrough, false) => format!("RSI {p} → {c} came back up through {line}"),
        (EntryMode::InflectionBreakThrough, true) => format!("RSI {p} → {c} came back down through {line}"),
        (EntryMode::Beyond, false) => format!("RSI {c} is below {line}"),
        (EntryMode::Beyond, true) => format!("RSI {c} is above {line}"),
    })
}

/// What a leg is, for a reader.
fn leg(leg: &LegSummary) -> String {
    let mut text = format!("{} of {}", side(leg.side), super::number::tidy(&leg.quantity.to_string()));
    if let Some(average) = leg.average {
        text.push_str(&format!(" at {}", super::number::tidy(&average.to_string())));
    }
    text.push_str(&match leg.entries {
        1 => ", 1 entry".to_owned(),
        entries => format!(", {entries} entries"),
    });
    match leg.stop {
        Some(stop) => text.push_str(&format!(
            ", {} at {}",
            stop_kind(stop.kind),
            super::number::tidy(&stop.price.to_string())
        )),
        None => text.push_str(", no stop"),
    }
    text
}

const fn stop_kind(kind: StopKind) -> &'static str {
    match kind {
        StopKind::Fixed => "stop loss",
        StopKind::BreakEven => "break-even stop",
        StopKind::Trailing => "trailing stop",
        StopKind::Command => "stop set by an operator",
    }
}

/// A refusal with its numbers, where the record has them.
fn refused(facts: &Facts<'_>, refusal: Refusal) -> Option<String> {
    let check = facts.check;
    match refusal {
        Refusal::WarmingUp if facts.is_check("warm_up") => {
            facts.operands().map(|(seen, needed)| format!("only {seen} of {needed} warm-up candles seen"))
        }
        Refusal::MainLegOpen => facts.leg().map(|open| format!("a main leg is open, {}", leg(open))),
        Refusal::Direction => check.map(|check| format!("the direction is set to {}", check.left)),
        Refusal::Cooldown => {
            facts.until().map(|until| format!("the side rests until {until} after its last exit"))
        }
        Refusal::TrendBlocked => check.map(|check| format!("the trend state is {}", check.left)),
        Refusal::LimitReached => {
            facts.operands().map(|(made, limit)| format!("{made} of {limit} entries are made"))
        }
        Refusal::PriceNotReached => facts
            .operands()
            .map(|(close, level)| format!("close {close} has not reached the entry level {level}")),
        Refusal::BelowMinEntryNotional
        | Refusal::BelowMinSize
        | Refusal::BelowMinNotional
        | Refusal::AboveMaxSize
        | Refusal::InsufficientMargin
        | Refusal::ExposureCap => {
            facts.reference().map(|price| format!("{}, sized at {price}", self::refusal(refusal)))
        }
        _ => None,
    }
}

/// An exit or a moved stop with its numbers.
fn left(facts: &Facts<'_>, reason: ExitReason) -> Option<String> {
    if matches!(facts.subject, Subject::Protection(_)) {
        let stop = facts.leg()?.stop?;
        let price = super::number::tidy(&stop.price.to_string());
        return Some(format!("{} at {price}", stop_kind(stop.kind)));
    }
    match reason {
        ExitReason::TrendReversal => {
            facts.check.map(|check| format!("the trend state turned to {}", check.left))
        }
        _ => None,
    }
}

pub(super) const fn refusal(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::NotRunning => "the symbol is stopped, open legs are only managed",
        Refusal::Paused => "an operator paused entries",
        Refusal::MarginBlocked => "too many entries in a row lacked margin, openings rest for a while",
        Refusal::FailurePaused => "too many entries in a row were rejected, resume by command",
        Refusal::DataGap => "candles are missing",
        Refusal::PriceStale => "no price is recent enough to size with",
        Refusal::NotReconciled => "the account has not been read yet",
        Refusal::ForeignPosition => "the leg holds a position that was not opened here",
        Refusal::Journal => "the journal cannot be written",
        Refusal::Unprotected => "a leg has had no confirmed stop for too long",
        Refusal::UnknownOrder => "the outcome of an order is not known yet",
        Refusal::StrategyFailed => "the strategy failed to answer",
        Refusal::Delisting => "the venue is about to end trading in the instrument",
        Refusal::WarmingUp => "not enough candles seen to warm up",
        Refusal::MainLegOpen => "a main leg is open, opening or closing",
        Refusal::HedgeLegOpen => "a hedge leg is still open",
        Refusal::NotFlat => "the leg is not confirmed flat",
        Refusal::Direction => "first entries of this side are switched off",
        Refusal::Cooldown => "the side exited too recently",
        Refusal::CandleUsed => "this side already entered on this candle",
        Refusal::NoSignal => "no entry signal",
        Refusal::TrendBlocked => "the trend is against it",
        Refusal::TrendUnknown => "the trend state is not known yet",
        Refusal::LimitReached => "all entries are made",
        Refusal::PriceNotReached => "the price has not reached the entry level",
        Refusal::LevelNotPositive => "the next entry level would be zero or less",
        Refusal::SignalStale => "the decision is too old to be sent",
        Refusal::LegClosed => "the leg went flat first",
        Refusal::BelowMinEntryNotional => "the planned value is below min_entry_notional",
        Refusal::BelowMinSize => "the quantity is below the venue's minimum",
        Refusal::BelowMinNotional => "the order value is below the venue's minimum",
        Refusal::AboveMaxSize => "the quantity is above the venue's maximum",
        Refusal::InsufficientMargin => "the balance does not cover margin and fee",
        Refusal::ExposureCap => "it would exceed the exposure cap",
        Refusal::HedgeModeRequired => "the account is not in hedge mode",
        Refusal::HedgeBelowMinSize => "the hedge would be below the venue's minimum",
        Refusal::LeverageMismatch => "leverage or margin mode on the venue is not as set",
        Refusal::InstrumentInUse => "another trader of the account owns the instrument",
        Refusal::Unsupported => "the venue or the market cannot do this",
        Refusal::VenueRejected => "the venue rejected the order",
        Refusal::RiskLimit => "a risk manager refused",
        Refusal::DailyLossLimit => "the account has lost as much today as it may",
        Refusal::MaxDrawdown => "equity is too far below its peak",
        Refusal::LosingStreak => "too many trades in a row were lost",
        Refusal::MaxPositions => "as many positions are open as may be",
        Refusal::KillSwitch => "the kill switch is pulled",
        Refusal::InvalidIntent => "the strategy asked for something that makes no sense",
    }
}

pub(super) const fn exit(reason: ExitReason) -> &'static str {
    match reason {
        ExitReason::TakeProfit1 => "take profit 1 filled",
        ExitReason::TakeProfit2 => "take profit 2 filled",
        ExitReason::TakeProfit3 => "take profit 3 filled",
        ExitReason::StopLoss => "the stop loss was hit",
        ExitReason::BreakEven => "the break-even stop was hit",
        ExitReason::TrailingStop => "the trailing stop was hit",
        ExitReason::TrendReversal => "the trend turned against the leg",
        ExitReason::HedgeTakeProfit => "the hedge took its profit",
        ExitReason::HedgeStopLoss => "the stop of the hedge was hit",
        ExitReason::HedgeLastEntry => "the main leg made its last entry",
        ExitReason::HedgeLinked => "the main leg was closed",
        ExitReason::HedgeTpLinked => "the hedge took profit",
        ExitReason::Strategy => "the strategy asked for it",
        ExitReason::Manual => "closed by hand",
        ExitReason::Liquidation => "the venue liquidated the leg",
        ExitReason::Adl => "the venue reduced the leg against another account",
        ExitReason::LateFill => "an entry filled after the leg was closed",
        ExitReason::UserCommand => "an operator asked for it",
        ExitReason::BacktestEnd => "the backtest ended",
        ExitReason::GridExit => "a grid lot reached its exit",
    }
}

pub(super) const fn rule(rule: Rule) -> &'static str {
    match rule {
        Rule::Signal => "the strategy signalled",
        Rule::ExtraEntry => "the conditions of the next entry hold",
        Rule::RestingEntry => "a resting limit entry",
        Rule::Hedge => "the main leg has enough entries for a hedge",
        Rule::GridEntry => "a level of the grid",
        Rule::GridRecompute => "the grid was drawn anew",
        Rule::AdxPause => "the trend is too strong for the grid",
        Rule::Retune => "the exits were replaced",
        Rule::Repair => "orders on the venue were repaired",
        Rule::SlBeyondLiquidation => "liquidation would come before the stop",
        Rule::ModeUnsupported => "not available in signal-bot mode",
    }
}
