use super::number::{self, RsiMove};
use super::{Reason, Rule};
use crate::model::{OrderKind, PositionSide, Side, Timestamp};
use crate::risk::Refusal;
use crate::strategy::rsi_trend::settings::{Choice, EntryMode};
use crate::strategy::{Check, DecisionOutcome, DecisionRecord, LegSummary, Stage};

/// What was not done, or what was done, and to which side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// A first entry of a side, or of both.
    Entry(Option<PositionSide>),
    /// A further entry into the main leg.
    Extra(Option<PositionSide>),
    /// A hedge.
    Hedge(Option<PositionSide>),
    /// A close.
    Exit(Option<PositionSide>),
    /// Stop or levels of a leg.
    Protection(Option<PositionSide>),
}

/// What a sentence is made of, in no language.
pub(super) struct Facts<'a> {
    pub(super) record: &'a DecisionRecord,
    pub(super) done: bool,
    pub(super) subject: Subject,
    pub(super) reason: Reason<'a>,
    /// The check that decided: the first of its step that failed, or the signal of an entry.
    pub(super) check: Option<&'a Check>,
}

impl<'a> Facts<'a> {
    pub(super) fn of(record: &'a DecisionRecord) -> Self {
        let reason = Reason::of(&record.reason);
        match record.outcome {
            DecisionOutcome::None => Self::refused(record, reason),
            DecisionOutcome::Enter => {
                let side = ordered(record).or_else(|| passed(record));
                Self::done(record, reason, Subject::Entry(side), side.map(Stage::first_entry))
            }
            DecisionOutcome::Add => {
                let side = record.leg.as_ref().map(|leg| leg.side).or_else(|| ordered(record));
                Self::done(record, reason, Subject::Extra(side), Some(Stage::ExtraEntry))
            }
            DecisionOutcome::Hedge => {
                let main = record.leg.as_ref().map(|leg| leg.side.opposite());
                Self::done(record, reason, Subject::Hedge(ordered(record).or(main)), Some(Stage::Hedge))
            }
            DecisionOutcome::Close => {
                let side = record.leg.as_ref().map(|leg| leg.side);
                Self::done(record, reason, Subject::Exit(side), Some(Stage::TrendExit))
            }
            DecisionOutcome::Adjust => {
                let side = record.leg.as_ref().map(|leg| leg.side);
                Self::done(record, reason, Subject::Protection(side), None)
            }
        }
    }

    fn done(record: &'a DecisionRecord, reason: Reason<'a>, subject: Subject, stage: Option<Stage>) -> Self {
        let of_stage = || record.checks.iter().filter(|check| Some(check.stage) == stage);
        let check = of_stage().find(|check| check.gate == "signal").or_else(|| of_stage().next_back());
        Self { record, done: true, subject, reason, check }
    }

    fn refused(record: &'a DecisionRecord, reason: Reason<'a>) -> Self {
        const STAGES: [Stage; 5] = [
            Stage::FirstEntryLong,
            Stage::FirstEntryShort,
            Stage::ExtraEntry,
            Stage::Hedge,
            Stage::TrendExit,
        ];
        let stopped = |stage: &Stage| {
            first_failed(record, *stage).is_some_and(|check| refusal_of(record, check) == Some(reason))
        };
        let natural = natural_stage(reason);
        let stage = natural.filter(stopped).or_else(|| STAGES.into_iter().find(stopped));
        let both = [Stage::FirstEntryLong, Stage::FirstEntryShort].iter().all(stopped);
        let Some(stage) = stage else {
            // Every check held, and it failed after the decision: sizing, the account, the venue.
            let subject = match natural {
                Some(Stage::Hedge) => Subject::Hedge(record.leg.as_ref().map(|leg| leg.side.opposite())),
                _ => match (passed(record), &record.leg) {
                    (None, Some(leg)) => Subject::Extra(Some(leg.side)),
                    (side, _) => Subject::Entry(side),
                },
            };
            return Self { record, done: false, subject, reason, check: None };
        };
        let subject = match subject_of(record, stage) {
            Subject::Entry(_) if both && reason != Reason::Refused(Refusal::NoSignal) => Subject::Entry(None),
            subject => subject,
        };
        Self { record, done: false, subject, reason, check: first_failed(record, stage) }
    }

    /// What stopped one step.
    pub(super) fn about(record: &'a DecisionRecord, stage: Stage) -> Option<Self> {
        let check = first_failed(record, stage)?;
        let reason = refusal_of(record, check).unwrap_or(Reason::Other(&check.gate));
        Some(Self { record, done: false, subject: subject_of(record, stage), reason, check: Some(check) })
    }

    /// `2024-03-04 12:05`, UTC.
    pub(super) fn time(&self) -> String {
        minute(self.record.at.unwrap_or(self.record.candle))
    }

    pub(super) fn leg(&self) -> Option<&'a LegSummary> {
        self.record.leg.as_ref()
    }

    /// Which RSI movement is a signal, if the record says.
    pub(super) fn mode(&self) -> Option<EntryMode> {
        self.record.inputs.mode.as_deref().and_then(EntryMode::parse)
    }

    /// A further entry that only the price decided about.
    pub(super) fn is_by_price(&self) -> bool {
        matches!(self.subject, Subject::Extra(_)) && self.reason == Reason::Rule(Rule::Signal)
    }

    /// The RSI's movement and the line it is compared with.
    pub(super) fn rsi(&self) -> Option<RsiMove> {
        let check = self.check.filter(|check| check.gate == "signal")?;
        let inputs = &self.record.inputs;
        number::rsi(inputs.p.as_deref()?, inputs.c.as_deref()?, &check.right)
    }

    /// The operands of the deciding check, if they are numbers, rounded so that they still compare alike.
    pub(super) fn operands(&self) -> Option<(String, String)> {
        let check = self.check?;
        number::pair(&check.left, &check.right)
    }

    /// A time in the right operand of the deciding check: the end of a cooldown.
    pub(super) fn until(&self) -> Option<String> {
        let millis = self.check?.right.parse().ok()?;
        Some(minute(Timestamp::from_millis(millis)))
    }

    /// Whether the deciding check is the one of this name.
    pub(super) fn is_check(&self, gate: &str) -> bool {
        self.check.is_some_and(|check| check.gate == gate)
    }

    /// The first order that followed: its side, quantity, and the price it is at or was sized at.
    pub(super) fn order(&self) -> Option<(Side, bool, String, Option<String>)> {
        let order = self.record.orders.first()?;
        let market = matches!(order.kind, OrderKind::Market);
        let price = order.kind.price().map(|price| price.to_string());
        let price = price.or_else(|| self.record.inputs.reference.clone()).map(|price| number::tidy(&price));
        Some((order.side, market, number::tidy(&order.quantity.to_string()), price))
    }

    /// The price an order was sized at before it was refused.
    pub(super) fn reference(&self) -> Option<String> {
        self.record.inputs.reference.as_deref().map(number::tidy)
    }
}

fn minute(time: Timestamp) -> String {
    let text = time.to_string();
    let text = text.trim_end_matches('Z').replace('T', " ");
    text.strip_suffix(":00").unwrap_or(&text).to_owned()
}

/// The side whose first-entry checks all hold.
fn passed(record: &DecisionRecord) -> Option<PositionSide> {
    PositionSide::BOTH.into_iter().find(|side| {
        let stage = Stage::first_entry(*side);
        let mut checks = record.checks.iter().filter(|check| check.stage == stage).peekable();
        checks.peek().is_some() && checks.all(|check| check.ok)
    })
}

/// The side the first order opens.
fn ordered(record: &DecisionRecord) -> Option<PositionSide> {
    record.orders.first().map(|order| match order.side {
        Side::Buy => PositionSide::Long,
        Side::Sell => PositionSide::Short,
    })
}

fn first_failed(record: &DecisionRecord, stage: Stage) -> Option<&Check> {
    record.checks.iter().find(|check| check.stage == stage && !check.ok)
}

fn subject_of(record: &DecisionRecord, stage: Stage) -> Subject {
    let leg = record.leg.as_ref().map(|leg| leg.side);
    match stage {
        Stage::FirstEntryLong => Subject::Entry(Some(PositionSide::Long)),
        Stage::FirstEntryShort => Subject::Entry(Some(PositionSide::Short)),
        Stage::ExtraEntry => Subject::Extra(leg),
        Stage::Hedge => Subject::Hedge(leg.map(PositionSide::opposite)),
        Stage::TrendExit => Subject::Exit(leg),
    }
}

/// Where a refusal can only come from, if it can come from one place only.
const fn natural_stage(reason: Reason<'_>) -> Option<Stage> {
    match reason {
        Reason::Refused(Refusal::LimitReached | Refusal::PriceNotReached | Refusal::LevelNotPositive) => {
            Some(Stage::ExtraEntry)
        }
        Reason::Refused(Refusal::HedgeModeRequired | Refusal::HedgeBelowMinSize) => Some(Stage::Hedge),
        _ => None,
    }
}

/// The reason a failed check gives (TRADING 10.3, 12.2). A gate that is named by its reason gives that.
fn refusal_of<'a>(record: &'a DecisionRecord, check: &'a Check) -> Option<Reason<'a>> {
    let refusal = match check.gate.as_str() {
        "opening" => return Some(Reason::of(&check.left)),
        "warm_up" => Refusal::WarmingUp,
        "main_leg" if record.reason == Refusal::HedgeLegOpen.code() => Refusal::HedgeLegOpen,
        "main_leg" => Refusal::MainLegOpen,
        "hedge_leg" => Refusal::HedgeLegOpen,
        "flat" => Refusal::NotFlat,
        "limit" => Refusal::LimitReached,
        "candle" => Refusal::CandleUsed,
        "price" if record.reason == Refusal::LevelNotPositive.code() => Refusal::LevelNotPositive,
        "price" => Refusal::PriceNotReached,
        "level" => Refusal::LevelNotPositive,
        "signal" => Refusal::NoSignal,
        "trend" if check.left == "unknown" => Refusal::TrendUnknown,
        "trend" => Refusal::TrendBlocked,
        "hedge_mode" => Refusal::HedgeModeRequired,
        // Sizing, and steps with one reason: the record's own.
        "sizing" | "size" => return Some(Reason::of(&record.reason)),
        gate => return Some(Reason::of(gate)),
    };
    Some(Reason::Refused(refusal))
}
